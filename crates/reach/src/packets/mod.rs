//! Exact sets of packets: addresses × protocol × ports, with the algebra that proofs need.

mod address;
mod packet;
mod range;
mod set;
mod view;

pub use address::{
    Addresses, address, all_v4, all_v6, internet_v4, internet_v6, number, prefix, prefixes, size,
    to_prefixes,
};
pub use packet::{Packet, PortRange, Services, Traffic};
pub use range::{Point, RangeSet};
pub use set::{Cube, PacketSet, Ports};
pub use view::View;
