//! Who reaches whom, proved for all packets.
//!
//! Build a [`Network`] from what a plan says will be or from what AWS says is, make an [`Engine`]
//! of it, and ask: [`Engine::reach`] for one question, [`Engine::prove`] for the sentences of a
//! stack, [`Engine::doctor`] for a thing that cannot connect, [`checks::run`] for what is wrong
//! without being asked.
//!
//! ```
//! use trueup_reach::*;
//!
//! let mut network = Network::default();
//! network.vpcs.insert("vpc.main".into(), Vpc {
//!     cidrs: vec!["10.0.0.0/16".parse()?],
//!     ipv6_cidrs: vec![],
//!     dns_support: true,
//!     dns_hostnames: true,
//!     origin: Origin::default(),
//! });
//! network.subnets.insert("subnet.private".into(), Subnet {
//!     vpc: "vpc.main".into(),
//!     zone: "a".into(),
//!     cidr: Some("10.0.1.0/24".parse()?),
//!     ipv6_cidr: None,
//!     origin: Origin::default(),
//! });
//! network.security_groups.insert("security_group.app".into(), SecurityGroup {
//!     vpc: "vpc.main".into(),
//!     default: false,
//!     ingress: vec![],
//!     egress: vec![GroupRule {
//!         traffic: Traffic::tcp(443),
//!         peer: Peer::Cidr("0.0.0.0/0".parse()?),
//!         origin: Origin { label: String::new(), location: Some("stack.yaml:12".into()) },
//!     }],
//!     origin: Origin::default(),
//! });
//! network.resources.insert("instance.app".into(), Resource {
//!     kind: ResourceKind::Instance { role: Role::Unknown },
//!     interfaces: vec![Interface::new("subnet.private", ["security_group.app".to_owned()])],
//!     port: None,
//!     origin: Origin::default(),
//! });
//!
//! let engine = Engine::new(&network).expect("every name is known");
//! let query = Query::tcp(End::Resource("instance.app".into()), End::Internet, 443);
//! let verdict = engine.reach(&query)?;
//! assert!(verdict.never_reaches());
//! assert_eq!(verdict.stops()[0].reason, "no route to internet");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What the words mean
//!
//! *A reaches B on a port* when, in at least one address family, **every** packet arrives and is
//! answered: from every interface that A has or may have, to every interface that B has or may
//! have (a database in three subnets may fail over to any of them), from every source port that A
//! uses, whatever address AWS picks where it is not known yet. Without a port, there must be one
//! service for which this holds. `internet` as an end allows exceptions, as long as the larger
//! part of it passes; the answer names them.
//!
//! *A does not reach B* when **no** packet arrives, from any interface and address of A to any of
//! B, whatever its source port. TCP without a way back opens nothing and does not count; packets of
//! other protocols act on arrival and do.
//!
//! Between the two lies a part: some packets pass, or may. Then neither sentence holds.
//!
//! What the model does not look into (a transit gateway, a network interface that forwards) may let
//! packets pass or not. A sentence that hangs on it is unknown ([`Verdict::holds`]), and
//! [`Verdict::hangs_on`] names it.

pub mod checks;
mod doctor;
mod engine;
mod network;
pub mod packets;
mod verdict;

pub use doctor::{Checklist, Item, Mark};
pub use engine::{Engine, NETWORK_ADDRESS_PORTS};
pub use network::{
    AclRule, Destination, Direction, EgressOnlyGateway, Endpoint, EndpointKind, GroupRule,
    Interface, InternetGateway, Ipv6, Layer, Listener, ListenerTarget, ModelError, Name,
    NatGateway, Network, NetworkAcl, Origin, Peer, Peering, PrefixList, PublicAddress, Resource,
    ResourceKind, Role, Route, RouteTable, SecurityGroup, State, Subnet, Target, Vpc,
};
pub use packets::{Packet, PacketSet, PortRange, Traffic};
pub use verdict::{
    Answer, Beyond, Change, End, Hop, Passage, Proof, Query, QueryError, Relay, Sentence, Stop,
    Verdict,
};
