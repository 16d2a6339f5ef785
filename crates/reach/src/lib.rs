//! Who reaches whom, proved for all packets.
//!
//! Build a [`Network`] from what a plan says will be or from what AWS says is, make an [`Engine`]
//! of it, and ask: [`Engine::reach`] for one question, [`Engine::prove`] for the sentences of a
//! stack, [`Engine::doctor`] for a thing that cannot connect, [`checks::run`] for what is wrong
//! without being asked.
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
//! B, whatever its source port. What the model does not look into (a transit gateway, a network
//! interface that forwards) counts as letting packets pass. TCP without a way back opens nothing
//! and does not count; packets of other protocols act on arrival and do.
//!
//! Between the two lies a part: some packets pass, or may. Then neither sentence holds.

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
    Interface, InternetGateway, Ipv6, Listener, ListenerTarget, ModelError, Name, NatGateway,
    Network, NetworkAcl, Origin, Peer, Peering, PrefixList, PublicAddress, Resource, ResourceKind,
    Role, Route, RouteTable, SecurityGroup, State, Subnet, Target, Vpc,
};
pub use packets::{Packet, PacketSet, PortRange, Traffic};
pub use verdict::{
    Answer, Change, End, Hop, Passage, Proof, Query, QueryError, Relay, Sentence, Stop, Verdict,
};
