//! The addresses by which one end may be tried from another, and by what names clients know them.

use std::net::IpAddr;

use trueup_reach::{Interface, Ipv6, PublicAddress, Resource, ResourceKind};

use super::balancers::Hop;
use super::walker::World;

/// One interface of a resource, or an address outside.
#[derive(Clone)]
pub(super) enum End {
    Interface(String, usize),
    Outside(IpAddr),
}

/// A resource with one of its interfaces.
#[derive(Clone)]
pub(super) struct Site<'n> {
    pub(super) name: &'n str,
    pub(super) index: usize,
    pub(super) resource: &'n Resource,
    pub(super) interface: &'n Interface,
    pub(super) vpc: &'n str,
    pub(super) v4: Option<IpAddr>,
    pub(super) v6: Option<IpAddr>,
    pub(super) public: Option<IpAddr>,
}

pub(super) struct Way<'n> {
    /// The node of a load balancer that it leads to first, and what happens there.
    pub(super) by: Option<Hop<'n>>,
    pub(super) source: IpAddr,
    pub(super) target: IpAddr,
    pub(super) kind: Kind,
    pub(super) promised: bool,
    pub(super) translated: bool,
    pub(super) a: Option<Site<'n>>,
    pub(super) b: Option<Site<'n>>,
}

impl<'n> Way<'n> {
    fn new(
        kind: Kind,
        source: IpAddr,
        target: IpAddr,
        a: Option<&Site<'n>>,
        b: Option<&Site<'n>>,
    ) -> Self {
        let (a, b) = (a.cloned(), b.cloned());
        Self { by: None, source, target, kind, promised: true, translated: false, a, b }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Private,
    Out,
    In,
    Around,
}

impl<'n> World<'n> {
    /// Each pair of addresses that could be used.
    pub(super) fn ways(&self, from: &End, to: &End) -> Vec<Way<'n>> {
        match (self.site(from), self.site(to)) {
            (Some(a), Some(b)) => between(&a, &b),
            (Some(a), None) => {
                let End::Outside(target) = to else { return Vec::new() };
                let source = if target.is_ipv4() { a.v4 } else { a.v6 };
                let way = |source| Way {
                    translated: true,
                    ..Way::new(Kind::Out, source, *target, Some(&a), None)
                };
                source.map(way).into_iter().collect()
            }
            (None, Some(b)) => {
                let End::Outside(source) = from else { return Vec::new() };
                let target = if source.is_ipv4() { b.v4 } else { b.v6 };
                let way = |target| Way::new(Kind::In, *source, target, None, Some(&b));
                target.map(way).into_iter().collect()
            }
            (None, None) => Vec::new(),
        }
    }

    pub(super) fn named(&self, a: &Site<'_>, b: &Site<'_>) -> bool {
        let publicly_accessible = match b.resource.kind {
            ResourceKind::Database { publicly_accessible } => publicly_accessible,
            ResourceKind::LoadBalancer { internet_facing, .. } => {
                return self.network.vpcs[a.vpc].dns_support && !internet_facing;
            }
            _ => return true,
        };
        let peering = self.network.peerings.values().next();
        let resolved = peering.is_none_or(|peering| peering.dns_resolution);
        self.network.vpcs[a.vpc].dns_support && (a.vpc == b.vpc || !publicly_accessible || resolved)
    }

    pub(super) fn public_name(&self, b: &Site<'_>) -> bool {
        let vpc = &self.network.vpcs[b.vpc];
        let database = matches!(b.resource.kind, ResourceKind::Database { .. });
        !database || (vpc.dns_support && vpc.dns_hostnames)
    }

    pub(super) fn again(&self, site: &Site<'_>) -> Site<'n> {
        self.site(&End::Interface(site.name.to_owned(), site.index)).unwrap()
    }

    pub(super) fn site(&self, end: &End) -> Option<Site<'n>> {
        let End::Interface(name, index) = end else { return None };
        let (name, resource) = self.network.resources.get_key_value(name)?;
        let interface = &resource.interfaces[*index];
        let function = match resource.kind {
            ResourceKind::Function { ipv6 } => Some(ipv6),
            _ => None,
        };
        let v6 = match &interface.ipv6 {
            Ipv6::Known(all) if function != Some(false) => all.first().map(|a| IpAddr::V6(*a)),
            _ => None,
        };
        let public = match interface.public_address {
            PublicAddress::Known(address) if function.is_none() => Some(IpAddr::V4(address)),
            _ => None,
        };
        let v4 = interface.address.map(IpAddr::V4);
        let vpc = &self.network.subnets[&interface.subnet].vpc;
        Some(Site { name, index: *index, resource, interface, vpc, v4, v6, public })
    }
}

/// By private addresses, and out and in again by the other's public one.
fn between<'n>(a: &Site<'n>, b: &Site<'n>) -> Vec<Way<'n>> {
    let way = |kind, source, target| Way::new(kind, source, target, Some(a), Some(b));
    let mut ways = Vec::new();
    for (source, target) in pairs(a, b) {
        ways.push(way(Kind::Private, source, target));
    }
    let far = a.vpc != b.vpc;
    let public_name =
        matches!(b.resource.kind, ResourceKind::LoadBalancer { internet_facing: true, .. });
    if let (Some(source), Some(target)) = (a.v4, b.public) {
        let promised = far || public_name;
        ways.push(Way { promised, translated: true, ..way(Kind::Around, source, target) });
    }
    if let (Some(source), Some(target), true) = (a.v6, b.v6, far) {
        ways.push(way(Kind::Around, source, target));
    }
    ways
}

fn pairs(a: &Site<'_>, b: &Site<'_>) -> Vec<(IpAddr, IpAddr)> {
    [(a.v4, b.v4), (a.v6, b.v6)].into_iter().filter_map(|(x, y)| Some((x?, y?))).collect()
}
