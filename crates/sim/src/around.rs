//! What surrounds resources in their networks: AWS's defaults, and what others have there.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::snapshot::{Condition, Live, Ownership, around};
use trueup_model::value::Values;
use trueup_model::{KindName, Value};

use crate::chance::hex;
use crate::world::World;

/// The kinds of the catalog that decide in a network, whoever has them.
pub(crate) const KINDS: [&str; 5] =
    ["subnet", "route_table", "security_group", "internet_gateway", "nat_gateway"];

impl World {
    /// Adds something that no stack declares, or changes all of it: see [`around`] for the kinds.
    pub fn put_around(&mut self, kind: &str, id: &str, attributes: Values) {
        self.around.insert(Self::key(kind, id), thing(kind, id, attributes));
    }

    /// A VPC's default ACL, to be changed; at first it allows everything.
    pub fn default_acl(&mut self, vpc: &str) -> &mut Live {
        let acl = self.made_default_acl(vpc);
        self.around.entry(Self::key(around::NETWORK_ACL, &acl.id)).or_insert(acl)
    }

    /// The main route table that AWS gave a VPC, to be changed; at first it leads nowhere else.
    pub fn main_table(&mut self, vpc: &str) -> &mut Live {
        let table = self.made_main_table(vpc);
        self.around.entry(Self::key("route_table", &table.id)).or_insert(table)
    }

    /// Everything that is around, the defaults of every VPC among it.
    pub(crate) fn all_around(&self) -> Vec<Live> {
        let mut all = self.around.clone();
        for vpc in self.of_kind("vpc").map(|vpc| vpc.id.as_str()) {
            let acl = self.made_default_acl(vpc);
            all.entry(Self::key(around::NETWORK_ACL, &acl.id)).or_insert(acl);
            let table = self.made_main_table(vpc);
            let table = all.entry(Self::key("route_table", &table.id)).or_insert(table);
            let ours = self
                .of_kind("route_table")
                .filter(|table| table.attributes.get("vpc").and_then(Value::as_str) == Some(vpc));
            let taken = ours
                .into_iter()
                .any(|table| table.attributes.get("main").and_then(Value::as_bool) == Some(true));
            table.attributes.insert("main".to_owned(), (!taken).into());
        }
        all.into_values().collect()
    }

    fn made_default_acl(&self, vpc: &str) -> Live {
        let id = format!("acl-{}", hex(self.seed, &["default", around::NETWORK_ACL, vpc], 17));
        let everything = Value::List(vec![acl_rule(100, true, "0.0.0.0/0")]);
        let attributes = [
            ("vpc", vpc.into()),
            ("default", true.into()),
            ("subnets", Value::List(Vec::new())),
            ("ingress", everything.clone()),
            ("egress", everything),
        ];
        thing(around::NETWORK_ACL, &id, named(attributes))
    }

    fn made_main_table(&self, vpc: &str) -> Live {
        let id = format!("rtb-{}", hex(self.seed, &["main", "route_table", vpc], 17));
        let attributes = [
            ("vpc", vpc.into()),
            ("subnets", Value::List(Vec::new())),
            ("routes", Value::Map(Values::new())),
            ("main", true.into()),
        ];
        thing("route_table", &id, named(attributes))
    }
}

/// A rule of a network ACL about all traffic.
pub fn acl_rule(number: u16, allow: bool, cidr: &str) -> Value {
    let fields = [
        ("number", i64::from(number).into()),
        ("allow", allow.into()),
        ("protocol", "-1".into()),
        ("cidr", cidr.into()),
    ];
    Value::Map(named(fields))
}

/// Of everything around, what is in these networks or connected to them.
pub(crate) fn within(all: Vec<Live>, vpcs: &BTreeSet<String>) -> Vec<Live> {
    let in_vpc = |live: &Live| text(live, "vpc").is_some_and(|vpc| vpcs.contains(vpc));
    let subnets: BTreeSet<String> = all
        .iter()
        .filter(|live| live.kind == *"subnet" && in_vpc(live))
        .map(|live| live.id.clone())
        .collect();
    let here = |live: &Live| match live.kind.as_str() {
        "vpc" => vpcs.contains(&live.id),
        "nat_gateway" => text(live, "subnet").is_some_and(|subnet| subnets.contains(subnet)),
        around::PREFIX_LIST | "db_subnet_group" => true,
        around::VPC_PEERING => ["requester", "accepter"]
            .iter()
            .any(|end| text(live, end).is_some_and(|vpc| vpcs.contains(vpc))),
        _ => in_vpc(live),
    };
    all.into_iter().filter(|live| here(live)).collect()
}

pub(crate) fn text<'l>(live: &'l Live, attribute: &str) -> Option<&'l str> {
    live.get_attribute(attribute).as_str()
}

fn thing(kind: &str, id: &str, attributes: Values) -> Live {
    Live {
        kind: KindName::from(kind.to_owned()),
        id: id.to_owned(),
        ownership: Ownership::default(),
        attributes,
        outputs: named([("id", id.into())]),
        tags: BTreeMap::new(),
        condition: Condition::Ready,
        scheduled: Values::new(),
    }
}

fn named<const N: usize>(values: [(&str, Value); N]) -> Values {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
