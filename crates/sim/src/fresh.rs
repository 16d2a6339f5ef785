//! A new account as AWS hands it out: with a default VPC and what belongs to it.

use std::collections::BTreeMap;

use trueup_model::Value;
use trueup_model::kind::{Catalog, Kind};
use trueup_model::value::Values;

use crate::options::SimOptions;
use crate::service::Service;
use crate::world::{Phase, World};

impl World {
    /// A new account: a default VPC with a subnet in each of three zones, an internet gateway, a
    /// security group and a subnet group for databases, as far as the catalog knows these kinds.
    pub fn fresh(catalog: &Catalog, options: &SimOptions) -> Self {
        let mut world = Self::new(options.seed);
        world.account.clone_from(&options.account);
        world.region.clone_from(&options.region);
        let mut reads = 0;
        let mut service =
            Service { catalog, options, world: &mut world, now: 0, fault: None, reads: &mut reads };
        let mut maker = Maker { service: &mut service };
        maker.make_network(&options.region);
        world
    }
}

struct Maker<'a, 'b> {
    service: &'a mut Service<'b>,
}

impl Maker<'_, '_> {
    fn make_network(&mut self, region: &str) {
        // Unlike any other VPC, the default one has DNS host names.
        let attributes =
            [("cidr_block", "172.31.0.0/16".into()), ("enable_dns_hostnames", true.into())];
        let Some(vpc) = self.make("vpc", &attributes) else { return };
        if let Some(gateway) = self.make("internet_gateway", &[("vpc", vpc.as_str().into())]) {
            let routes = Values::from([("0.0.0.0/0".to_owned(), gateway.into())]);
            let main = self.service.world.main_table(&vpc);
            main.attributes.insert("routes".to_owned(), routes.into());
        }
        let mut subnets = Vec::new();
        for (zone, cidr) in
            [("a", "172.31.0.0/20"), ("b", "172.31.16.0/20"), ("c", "172.31.32.0/20")]
        {
            let attributes = [
                ("vpc", vpc.as_str().into()),
                ("cidr_block", cidr.into()),
                ("availability_zone", format!("{region}{zone}").into()),
            ];
            subnets.extend(self.make("subnet", &attributes));
        }
        let group = [
            ("vpc", vpc.as_str().into()),
            ("name", "default".into()),
            ("description", "default VPC security group".into()),
        ];
        self.make("security_group", &group);
        let subnets: Value = subnets.into_iter().collect();
        self.make("db_subnet_group", &[("name", "default".into()), ("subnets", subnets)]);
    }

    /// The id of a default resource, where the catalog knows its kind.
    fn make(&mut self, name: &str, attributes: &[(&str, Value)]) -> Option<String> {
        let kind = self.service.catalog.get(name)?;
        let mut all = self.service.defaults(kind);
        all.extend(known(kind, attributes));
        let id = self.service.insert(kind, all, &BTreeMap::new()).ok()?;
        let item = self.service.world.resources.get_mut(&World::key(name, &id))?;
        item.default = true;
        item.phase = Phase::Ready;
        Some(id)
    }
}

/// Those of the attributes that the kind declares.
fn known(kind: &Kind, attributes: &[(&str, Value)]) -> Values {
    let declared = attributes.iter().filter(|(name, _)| kind.attribute(name).is_some());
    declared.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::kinds;

    #[test]
    fn a_new_account_has_a_default_network() {
        let world = World::fresh(&kinds::catalog(), &SimOptions::default());
        let kinds: Vec<&str> = world.resources.values().map(|item| item.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["internet_gateway", "security_group", "subnet", "subnet", "subnet", "vpc"]
        );
        assert!(world.resources.values().all(|item| item.default && item.phase == Phase::Ready));
    }
}
