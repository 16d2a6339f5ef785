//! The ends of a question, resolved to places in the network.

use ipnet::IpNet;

use super::Engine;
use crate::network::{
    EndpointKind, Interface, Ipv6, Name, PublicAddress, Resource, ResourceKind, Target,
};
use crate::packets::{Addresses, PortRange, Ports, all_v4, all_v6, internet_v4, number, prefix};
use crate::verdict::{End, QueryError};

/// The source ports of NAT gateways, Lambda functions and clients out in the internet, who may
/// themselves be behind a NAT (section "Ephemeral ports" of AWS's network ACL guide).
pub const NETWORK_ADDRESS_PORTS: PortRange = PortRange::new(1024, u16::MAX);

/// The source ports of instances: Linux takes 32768 to 60999 and Windows 49152 to 65535, and the
/// model does not know which it is.
const HOST_PORTS: PortRange = PortRange::new(32768, u16::MAX);

/// Why nothing reaches a function.
pub(super) const TAKES_NOTHING: &str =
    "a function takes no connections; it is invoked through the Lambda API";

/// A network interface, or hosts that a CIDR stands for.
#[derive(Debug, Clone)]
pub(super) struct Site<'n> {
    /// The name in the network; the CIDR for hosts.
    pub(super) name: String,
    /// The name in the words of the stack.
    pub(super) words: String,
    /// What it is; nothing for hosts that a CIDR stands for, and for endpoints.
    pub(super) resource: Option<&'n Resource>,
    pub(super) vpc: &'n str,
    pub(super) subnet: &'n str,
    pub(super) groups: &'n [Name],
    /// Its possible private IPv4 addresses.
    pub(super) v4: Addresses,
    /// Its possible IPv6 addresses.
    pub(super) v6: Addresses,
    /// Its possible public IPv4 addresses; empty when it has none.
    pub(super) public: Addresses,
    pub(super) source_ports: Ports,
}

impl Site<'_> {
    /// Whether security groups apply: to all but hosts that are only addresses, and network load
    /// balancers without groups.
    pub(super) fn filtered(&self) -> bool {
        !self.groups.is_empty()
    }

    pub(super) fn is_function(&self) -> bool {
        matches!(self.resource.map(|r| &r.kind), Some(ResourceKind::Function { .. }))
    }

    /// Whether clients find it by a name that AWS's resolver must know.
    pub(super) fn is_named(&self) -> bool {
        let kind = self.resource.map(|resource| &resource.kind);
        matches!(kind, Some(ResourceKind::Database { .. } | ResourceKind::LoadBalancer { .. }))
    }

    /// Whether its name resolves to public addresses, also within its VPC.
    pub(super) fn is_public_balancer(&self) -> bool {
        let kind = self.resource.map(|resource| &resource.kind);
        matches!(kind, Some(ResourceKind::LoadBalancer { internet_facing: true, .. }))
    }

    pub(super) fn is_public_database(&self) -> bool {
        let kind = self.resource.map(|resource| &resource.kind);
        matches!(kind, Some(ResourceKind::Database { publicly_accessible: true }))
    }
}

/// Addresses beyond the gateways.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    pub(super) words: String,
    pub(super) addresses: Addresses,
    /// Whether exceptions are allowed: the end is `internet`.
    pub(super) internet: bool,
    /// The CIDR as it was written.
    pub(super) net: Option<IpNet>,
    /// The AWS service whose addresses these are.
    pub(super) service: Option<String>,
    pub(super) source_ports: Ports,
}

/// One place that an end means.
#[derive(Debug, Clone)]
pub(super) enum Place<'n> {
    Inside(Site<'n>),
    Outside(Outside),
    /// There is nothing to send from or to; why.
    Nowhere {
        words: String,
        reason: String,
    },
}

/// All places that an end means.
#[derive(Debug, Default)]
pub(super) struct Places<'n> {
    /// "Reaches" must hold for all of these.
    pub(super) must: Vec<Place<'n>>,
    /// "Does not reach" must hold for these as well.
    pub(super) also: Vec<Place<'n>>,
}

impl<'n> Places<'n> {
    fn of(must: Vec<Place<'n>>) -> Self {
        Self { must, also: Vec::new() }
    }
}

impl<'n> Engine<'n> {
    /// The places that an end means, as one that sends or one that receives.
    pub(super) fn resolve(&self, end: &End, sends: bool) -> Result<Places<'n>, QueryError> {
        Ok(match end {
            End::Internet => Places::of(vec![internet(self.internet.clone(), "internet")]),
            End::Cidr(net) if net.prefix_len() == 0 => {
                let all = self.internet.intersection(&prefix(*net));
                Places::of(vec![internet(all, &net.to_string())])
            }
            End::Cidr(net) => self.resolve_cidr(*net),
            End::Service(service) => Places::of(vec![self.service(service)]),
            End::Resource(name) => Places::of(self.resolve_resource(name, sends)?),
        })
    }

    fn resolve_resource(&self, name: &Name, sends: bool) -> Result<Vec<Place<'n>>, QueryError> {
        let (key, resource) = self
            .network
            .resources
            .get_key_value(name)
            .ok_or_else(|| QueryError::UnknownResource(name.clone()))?;
        let sites = self.sites.get(key.as_str()).map(Vec::as_slice).unwrap_or_default();
        if !sites.is_empty() {
            return Ok(sites.iter().cloned().map(Place::Inside).collect());
        }
        let words = resource.origin.words(name);
        Ok(vec![match resource.kind {
            ResourceKind::Function { .. } if !sends => {
                Place::Nowhere { words, reason: TAKES_NOTHING.to_owned() }
            }
            ResourceKind::Function { .. } => Place::Outside(Outside {
                words: format!("{words}, which is in no VPC"),
                addresses: internet_v4(),
                internet: false,
                net: None,
                service: None,
                source_ports: ports(NETWORK_ADDRESS_PORTS),
            }),
            _ => Place::Nowhere { words, reason: "it has no network interface".to_owned() },
        }])
    }

    fn service(&self, service: &str) -> Place<'n> {
        Place::Outside(Outside {
            words: service.to_owned(),
            addresses: self.index.service_addresses(self.network, service),
            internet: false,
            net: None,
            service: Some(service.to_owned()),
            source_ports: ports(NETWORK_ADDRESS_PORTS),
        })
    }

    /// The interfaces of the endpoints for a service in a VPC: those that own its name, and those
    /// that do not.
    pub(super) fn endpoint_sites(
        &self,
        service: &str,
        vpc: &str,
    ) -> (Vec<Site<'n>>, Vec<Site<'n>>) {
        let (mut named, mut others) = (Vec::new(), Vec::new());
        for (name, endpoint) in &self.network.endpoints {
            if endpoint.service != service || endpoint.vpc != vpc {
                continue;
            }
            let EndpointKind::Interface { private_dns, .. } = &endpoint.kind else { continue };
            let dns = self.network.vpcs.get(vpc).is_some_and(|v| v.dns_support && v.dns_hostnames);
            let sites = self.sites.get(name.as_str()).into_iter().flatten().cloned();
            if *private_dns && dns { named.extend(sites) } else { others.extend(sites) }
        }
        (named, others)
    }

    fn resolve_cidr(&self, net: IpNet) -> Places<'n> {
        let wanted = prefix(net);
        let mut places = Places::default();
        for (name, subnet) in &self.network.subnets {
            let nets = [subnet.cidr.map(IpNet::V4), subnet.ipv6_cidr.map(IpNet::V6)];
            let own = crate::packets::prefixes(nets.into_iter().flatten());
            let common = own.intersection(&wanted);
            if !common.is_empty() {
                places.must.push(Place::Inside(Site {
                    name: net.to_string(),
                    words: format!("{net} in {}", subnet.origin.words(name)),
                    resource: None,
                    vpc: &subnet.vpc,
                    subnet: name,
                    groups: &[],
                    v4: common.intersection(&all_v4()),
                    v6: common.intersection(&all_v6()),
                    public: Addresses::empty(),
                    source_ports: ports(NETWORK_ADDRESS_PORTS),
                }));
            }
        }
        // A real interface may have one of the addresses, and groups that let it further.
        for site in self.sites.values().flatten() {
            let mut site = site.clone();
            site.v4 = site.v4.intersection(&wanted);
            site.v6 = site.v6.intersection(&wanted);
            if !(site.v4.is_empty() && site.v6.is_empty()) {
                places.also.push(Place::Inside(site));
            }
        }
        let beyond = wanted.difference(&self.own);
        let public = beyond.intersection(&self.internet);
        let private = beyond.difference(&public);
        let known = private.intersection(&self.beyond_other_gateways());
        if !public.is_empty() || !known.is_empty() {
            places.must.push(Place::Outside(Outside {
                words: net.to_string(),
                addresses: public.union(&known),
                internet: false,
                net: Some(net),
                service: None,
                source_ports: ports(NETWORK_ADDRESS_PORTS),
            }));
        }
        if places.must.is_empty() {
            let reason = "these addresses are in no subnet, not public, and no route leads to them";
            places.must.push(Place::Nowhere { words: net.to_string(), reason: reason.to_owned() });
        }
        places
    }

    /// The addresses that some table sends to a gateway that the model does not look into.
    fn beyond_other_gateways(&self) -> Addresses {
        let all = self.routings.iter();
        all.map(|routing| routing.toward(|target| matches!(target, Target::Other(_))))
            .fold(Addresses::empty(), |all, more| all.union(&more))
    }
}

/// All sites of a network, by the name of their resource or endpoint.
pub(super) fn sites_of<'n>(
    network: &'n crate::Network,
    name: &str,
    resource: &'n Resource,
) -> Vec<Site<'n>> {
    let words = resource.origin.words(name);
    let many = resource.interfaces.len() > 1;
    let site = |interface: &'n Interface| {
        let mut site = plain_site(network, name, &interface.subnet, &interface.groups);
        let subnet = &network.subnets[&interface.subnet];
        site.words.clone_from(&words);
        if many {
            site.words = format!("{words} in {}", subnet.origin.words(&interface.subnet));
        }
        site.resource = Some(resource);
        if let Some(address) = interface.address {
            site.v4 = Addresses::one(number(address.into()));
        }
        let function_without_v6 = matches!(resource.kind, ResourceKind::Function { ipv6: false });
        site.v6 = match &interface.ipv6 {
            Ipv6::None => Addresses::empty(),
            Ipv6::Assigned => site.v6,
            Ipv6::Known(all) => all.iter().map(|&a| (u128::from(a), u128::from(a))).collect(),
        };
        if function_without_v6 {
            site.v6 = Addresses::empty();
        }
        site.public = public_addresses(&resource.kind, interface);
        site.source_ports = ports(interface.source_ports.unwrap_or(match resource.kind {
            ResourceKind::Instance { .. } | ResourceKind::Database { .. } => HOST_PORTS,
            ResourceKind::Function { .. }
            | ResourceKind::LoadBalancer { .. }
            | ResourceKind::Other => NETWORK_ADDRESS_PORTS,
        }));
        site
    };
    resource.interfaces.iter().map(site).collect()
}

/// Something anywhere in a subnet, with addresses of each family that the subnet has.
pub(super) fn plain_site<'n>(
    network: &'n crate::Network,
    name: &str,
    subnet_name: &'n Name,
    groups: &'n [Name],
) -> Site<'n> {
    let subnet = &network.subnets[subnet_name];
    let v4 = subnet.cidr.map_or_else(Addresses::empty, |net| usable(&prefix(IpNet::V4(net))));
    let v6 = subnet.ipv6_cidr.map_or_else(Addresses::empty, |net| prefix(IpNet::V6(net)));
    Site {
        name: name.to_owned(),
        words: name.to_owned(),
        resource: None,
        vpc: &subnet.vpc,
        subnet: subnet_name,
        groups,
        v4,
        v6,
        public: Addresses::empty(),
        source_ports: ports(NETWORK_ADDRESS_PORTS),
    }
}

/// A subnet's addresses without the five that AWS keeps: the first four and the last.
fn usable(subnet: &Addresses) -> Addresses {
    let inner = subnet.ranges().iter().map(|&(low, high)| (low + 4, high.saturating_sub(1)));
    let inner: Addresses = inner.collect();
    if inner.is_empty() { subnet.clone() } else { inner }
}

fn public_addresses(kind: &ResourceKind, interface: &Interface) -> Addresses {
    let said = match kind {
        ResourceKind::Database { publicly_accessible: public }
        | ResourceKind::LoadBalancer { internet_facing: public, .. } => *public,
        // Lambda's interfaces never get one, whatever the subnet says.
        ResourceKind::Function { .. } => return Addresses::empty(),
        ResourceKind::Instance { .. } | ResourceKind::Other => false,
    };
    match interface.public_address {
        PublicAddress::Known(address) => Addresses::one(number(address.into())),
        PublicAddress::None if !said => Addresses::empty(),
        PublicAddress::None | PublicAddress::Assigned => internet_v4(),
    }
}

fn internet(addresses: Addresses, words: &str) -> Place<'static> {
    Place::Outside(Outside {
        words: words.to_owned(),
        addresses,
        internet: true,
        net: None,
        service: None,
        source_ports: ports(NETWORK_ADDRESS_PORTS),
    })
}

pub(super) fn ports(range: PortRange) -> Ports {
    Ports::range(range.first, range.last)
}
