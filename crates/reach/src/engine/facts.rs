//! Single facts of a prepared network, for the checks and the doctor.

use super::Engine;
use super::filters;
use super::listening;
use super::path::Path;
use super::place::{NETWORK_ADDRESS_PORTS, Outside, Site, ports};
use crate::network::{Direction, Name, Target};
use crate::packets::{Addresses, Cube, PacketSet, Ports, Services, View};

impl<'n> Engine<'n> {
    /// The internet addresses from which some packet to these services may arrive at some
    /// interface of the resource.
    pub(crate) fn exposure(&self, resource: &str, services: &Services) -> Addresses {
        let outside = Outside {
            words: "internet".to_owned(),
            addresses: self.internet.clone(),
            internet: true,
            net: None,
            service: None,
            source_ports: ports(NETWORK_ADDRESS_PORTS),
        };
        let mut exposed = Addresses::empty();
        for site in self.sites_of(resource) {
            let mut ways = self.inward_ways(&outside, site);
            ways.extend(self.balanced_ways(site, &|node| self.inward_ways(&outside, node)));
            listening::add(site, &mut ways);
            let paths = ways.iter().flat_map(|way| way.paths.iter().map(move |path| (way, path)));
            for (way, path) in paths {
                let cube = Cube { service: way.sent(services), ..Cube::full() };
                let domain = path.domain.intersection(&PacketSet::from_cubes([cube]));
                for cube in Path::possible_within(path, domain).cubes() {
                    exposed = exposed.union(&cube.source);
                }
            }
        }
        exposed
    }

    /// What an ACL lets through in a direction: packets, or the packets whose answers it lets
    /// through.
    pub(crate) fn acl_allows(&self, acl: &str, direction: Direction, reply: bool) -> &PacketSet {
        self.acls[acl].allowed(direction, reply)
    }

    /// What the ACL of a subnet lets through; everything for AWS's own default ACL.
    pub(crate) fn subnet_allows(
        &self,
        subnet: &str,
        direction: Direction,
        reply: bool,
    ) -> PacketSet {
        let view = if reply { View::answer() } else { View::default() };
        self.acl_stage(subnet, direction, view).allowed.into_owned()
    }

    /// The addresses that a subnet's routes send to a target that `fits`.
    pub(crate) fn routed(&self, subnet: &str, fits: impl Fn(&Target) -> bool) -> Addresses {
        self.routing(subnet).toward(fits)
    }

    /// The targets of a subnet's routes for public addresses.
    pub(crate) fn internet_targets(&self, subnet: &str) -> Vec<&Target> {
        let pieces = self.routing(subnet).pieces.iter();
        let public = pieces.filter(|piece| piece.addresses.overlaps(&self.internet));
        public.filter(|piece| !piece.blackhole).map(|piece| &piece.target).collect()
    }

    /// The table that serves a subnet, and whether it is associated with it by name.
    pub(crate) fn table_of(&self, subnet: &str) -> (String, bool) {
        let table = self.routing(subnet).table;
        let named = table.is_some_and(|table| {
            self.network.route_tables[table].subnets.iter().any(|name| name == subnet)
        });
        (self.table_words(subnet), named)
    }

    /// The public addresses that are not those of a VPC.
    pub(crate) fn public_internet(&self) -> &Addresses {
        &self.internet
    }

    /// The attached internet gateway of a VPC.
    pub(crate) fn gateway_of(&self, vpc: &str) -> Option<&str> {
        self.index.gateway_of.get(vpc).copied()
    }

    /// What the groups of a resource's interfaces let out or in, by address.
    pub(crate) fn groups_allow(&self, resource: &str, direction: Direction) -> Vec<PacketSet> {
        let sites = self.sites_of(resource).iter();
        sites
            .map(|site| filters::allowed(&self.groups, site, direction, None).into_owned())
            .collect()
    }

    /// Whether each interface of a resource has a public IPv4 address.
    pub(crate) fn public_addresses(&self, resource: &str) -> Vec<bool> {
        self.sites_of(resource).iter().map(|site| !site.public.is_empty()).collect()
    }

    /// Everything that is attached to a group, by name.
    pub(crate) fn members(&self, group: &Name) -> Vec<&'n str> {
        let has = |sites: &Vec<Site<'_>>| sites.iter().any(|site| site.groups.contains(group));
        self.sites.iter().filter(|(_, sites)| has(sites)).map(|(name, _)| *name).collect()
    }

    /// Packets from the ports that every client uses: the part that Linux, Windows, NAT gateways
    /// and functions have in common.
    pub(crate) fn from_common_ports(services: &Services) -> Cube {
        let source_port = Ports::range(49152, 60999);
        Cube { source_port, service: services.clone(), ..Cube::full() }
    }

    fn sites_of(&self, resource: &str) -> &[Site<'n>] {
        self.sites.get(resource).map(Vec::as_slice).unwrap_or_default()
    }
}
