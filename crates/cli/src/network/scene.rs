//! A world as a network to ask questions of, and what of it is not known.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;

use trueup_model::snapshot::{Unreadable, around as around_kinds};
use trueup_model::stack::End;
use trueup_model::{Address, Location, Snapshot};
use trueup_reach::{Network, Origin, SecurityGroup, Subnet, Vpc};

use super::piece::{Meant, Piece};
use super::world::{Element, Name, World, existing_name};
use super::{addresses, around, balancers, environments, groups, resources, routes};

/// The kinds that decide who reaches whom; the others only need to be read to be shown.
pub(super) const KINDS: [&str; 11] = [
    "vpc",
    "subnet",
    "internet_gateway",
    "nat_gateway",
    "elastic_ip",
    "route_table",
    "security_group",
    "instance",
    "db_subnet_group",
    "db_instance",
    "lambda_function",
];

/// A world as a network, and what of it is not known.
pub(super) struct Scene<'a> {
    pub(super) world: World<'a>,
    pub(super) network: Network,
    pub(super) doubts: Vec<Doubt>,
    pub(super) openings: Vec<Opening>,
    /// What may take nothing of what gets to it, and why that is not known.
    pub(super) closings: BTreeMap<Name, String>,
    /// What was looked up and could not be read, or was not found, and why.
    unread: BTreeMap<Address, String>,
    /// Peering connections whose other side cannot be read, and why not.
    pub(super) far: BTreeMap<Name, String>,
}

/// Something that is not known and that can only let more in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    /// The VPC that it may lead into.
    pub(super) vpc: Name,
    /// Whether it leads to instances only.
    pub(super) to_instances: bool,
    pub(super) why: String,
}

/// Something that is not known, so that nothing is proved where it may decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) scope: Scope,
    pub(super) why: String,
}

/// How far a doubt reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Anywhere.
    Everything,
    /// Within one VPC.
    Vpc(Name),
    /// Where this element is an end.
    Element(Name),
}

impl<'a> Scene<'a> {
    pub(super) fn of(world: World<'a>, snapshot: &Snapshot) -> Self {
        let mut scene = Self {
            world,
            network: Network::default(),
            doubts: Vec::new(),
            openings: Vec::new(),
            closings: BTreeMap::new(),
            unread: BTreeMap::new(),
            far: BTreeMap::new(),
        };
        for unreadable in &snapshot.unreadable {
            let Unreadable { address, action, message, .. } = unreadable;
            if let Some(address) = address {
                let name = existing_name(address);
                let action = if action.is_empty() { String::new() } else { format!("{action}: ") };
                let why = format!("{name} could not be read: {action}{message}");
                scene.unread.insert(address.clone(), why);
            }
            let decides = KINDS.contains(&unreadable.kind.as_str());
            if decides {
                let what = unreadable.address.as_ref();
                let what = what.map_or_else(|| unreadable.kind.to_string(), ToString::to_string);
                scene.doubt(Scope::Everything, format!("{what} could not be read"));
            }
        }
        addresses::vpcs(&mut scene);
        addresses::subnets(&mut scene);
        for unreadable in snapshot.around.iter().flat_map(|around| &around.unreadable) {
            scene.doubt_around(unreadable);
        }
        around::prefix_lists(&mut scene);
        groups::groups(&mut scene);
        around::acls(&mut scene);
        around::peerings(&mut scene);
        routes::gateways(&mut scene);
        routes::tables(&mut scene);
        around::endpoints(&mut scene);
        resources::resources(&mut scene);
        around::interfaces(&mut scene);
        environments::environments(&mut scene);
        balancers::balancers(&mut scene);
        scene
    }

    /// What others have was not read: in a network that is yet to be made there is nothing of it.
    fn doubt_around(&mut self, unreadable: &Unreadable) {
        let Unreadable { kind, action, message, .. } = unreadable;
        let mut vpcs = Vec::new();
        self.each("vpc", |_, name, element| {
            vpcs.extend(element.live.map(|_| name.clone()));
        });
        for vpc in vpcs {
            let why = format!("{kind} of {vpc} could not be read: {action}: {message}");
            if *kind == *around_kinds::LOAD_BALANCER {
                self.may_let_in(Opening { vpc, to_instances: false, why });
            } else {
                self.doubt(Scope::Vpc(vpc), why);
            }
        }
    }

    /// Why something that is looked up is not there.
    pub(super) fn missing(&self, end: &End) -> Option<String> {
        let End::Existing(address) = end else { return None };
        let absent = || format!("nothing in AWS is what {} looks up", existing_name(address));
        Some(self.unread.get(address).cloned().unwrap_or_else(absent))
    }

    pub(super) fn doubt(&mut self, scope: Scope, why: impl Into<String>) {
        let doubt = Doubt { scope, why: why.into() };
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// Notes something that can only let more into a VPC.
    pub(super) fn may_let_in(&mut self, opening: Opening) {
        if !self.openings.contains(&opening) {
            self.openings.push(opening);
        }
    }

    /// Runs `add` for each element of a kind; the world stays readable meanwhile.
    pub(super) fn each(&mut self, kind: &str, mut add: impl FnMut(&mut Self, &Name, &Element<'a>)) {
        let elements: Vec<(Name, Element<'a>)> = self
            .world
            .of_kind(kind)
            .map(|(name, element)| (name.clone(), element.clone()))
            .collect();
        for (name, element) in elements {
            add(self, &name, &element);
        }
    }

    /// The VPC that is meant. One that was not read gets an empty one in its place, and a doubt.
    pub(super) fn vpc(&mut self, of: &Name, piece: Piece<'_>) -> Name {
        let (name, why) = match piece.meant(&self.world, &["vpc"]) {
            Meant::Known(names) if self.network.vpcs.contains_key(&names[0]) => {
                return names[0].clone();
            }
            Meant::Foreign(id) => {
                let why = format!("{id}, the VPC of {of}, is not of the stack and was not read");
                (id, why)
            }
            Meant::Unknown(why) => (format!("the VPC of {of}"), why),
            Meant::Known(_) | Meant::Nothing => {
                (format!("the VPC of {of}"), format!("it is not known in which VPC {of} is"))
            }
        };
        self.doubt(Scope::Vpc(name.clone()), why);
        self.network.vpcs.entry(name.clone()).or_insert_with(|| Vpc {
            cidrs: Vec::new(),
            ipv6_cidrs: Vec::new(),
            dns_support: true,
            dns_hostnames: true,
            origin: Origin::default(),
        });
        name
    }

    /// The subnets that are meant. One that was not read gets an empty one in its place.
    pub(super) fn subnets(&mut self, of: &Name, piece: Piece<'_>) -> Vec<Name> {
        let mut found = Vec::new();
        let around = self.world.get(of).is_some_and(|element| element.around);
        for piece in piece.elements() {
            let (name, why) = match piece.meant(&self.world, &["subnet"]) {
                // It leaves, and others had something in it.
                Meant::Foreign(_) if around => continue,
                Meant::Known(names) => {
                    found.extend(names);
                    continue;
                }
                Meant::Nothing => continue,
                Meant::Foreign(id) => {
                    let why = format!("{id}, where {of} is, is not of the stack and was not read");
                    (id, why)
                }
                Meant::Unknown(why) => (format!("a subnet of {of}"), why),
            };
            let vpc = format!("the VPC of {name}");
            self.network.vpcs.entry(vpc.clone()).or_insert_with(|| Vpc {
                cidrs: Vec::new(),
                ipv6_cidrs: Vec::new(),
                dns_support: true,
                dns_hostnames: true,
                origin: Origin::default(),
            });
            self.doubt(Scope::Vpc(vpc.clone()), why.clone());
            self.doubt(Scope::Element(of.clone()), why);
            let zone = name.clone();
            self.network.subnets.entry(name.clone()).or_insert_with(|| Subnet {
                vpc,
                zone,
                cidr: None,
                ipv6_cidr: None,
                origin: Origin::default(),
            });
            found.push(name);
        }
        found
    }

    /// The groups that are meant. One that was not read gets an empty one in its place.
    pub(super) fn groups(&mut self, of: &Name, piece: Piece<'_>, vpc: &Name) -> Vec<Name> {
        if piece.is_null() {
            return vec![groups::default_group(self, vpc)];
        }
        let mut found = Vec::new();
        for piece in piece.elements() {
            let (name, why) = match piece.meant(&self.world, &["security_group"]) {
                Meant::Known(names) => {
                    found.extend(names);
                    continue;
                }
                Meant::Nothing => continue,
                Meant::Foreign(id) => {
                    let why =
                        format!("{id}, a group of {of}, is not of the stack and was not read");
                    (id, why)
                }
                Meant::Unknown(why) => (format!("a group of {of}"), why),
            };
            self.doubt(Scope::Element(of.clone()), why);
            self.network.security_groups.entry(name.clone()).or_insert_with(|| SecurityGroup {
                vpc: vpc.clone(),
                default: false,
                ingress: Vec::new(),
                egress: Vec::new(),
                origin: Origin::default(),
            });
            found.push(name);
        }
        found
    }

    /// A network or address that is written in an attribute; a doubt where it is not known.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        piece: Piece<'_>,
        scope: Scope,
        what: &str,
    ) -> Option<T> {
        let parsed = piece.text().and_then(|text| text.parse().ok());
        if parsed.is_none() && !piece.is_null() {
            self.doubt(scope, format!("{what} is not known before it is applied"));
        }
        parsed
    }
}

/// What a rule or route is called that AWS has and the stack does not.
pub(super) const NOT_IN_THE_STACK: &str = "live and not in the stack";

/// Where an element, or an attribute of it, is written.
pub(super) fn origin(name: &Name, element: &Element<'_>) -> Origin {
    let location = element.resource.and_then(|resource| resource.location.as_ref());
    Origin { label: name.clone(), location: location.map(place) }
}

/// Where an attribute is written.
pub(super) fn origin_of(element: &Element<'_>, path: &str) -> Origin {
    let location = element.resource.and_then(|resource| resource.place(path));
    Origin { label: String::new(), location: location.as_ref().map(place) }
}

/// `snowex.yaml:58`.
pub(super) fn place(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}

/// An IPv4 address that AWS reports.
pub(super) fn v4(text: &str) -> Option<std::net::Ipv4Addr> {
    match text.parse() {
        Ok(IpAddr::V4(address)) => Some(address),
        _ => None,
    }
}
