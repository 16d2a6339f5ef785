//! One packet, and the kinds of traffic that rules and questions speak of.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::RangeSet;

/// A set of services: the protocol in bits 16 to 23, the destination port below it, or for ICMP
/// the type (upper byte) and code (lower byte). Protocols without ports own all 65,536 values of
/// theirs, of which nothing ever selects a part.
pub type Services = RangeSet<u32>;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// One packet that opens an exchange, as it is seen at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Packet {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes.
    pub target: IpAddr,
    /// The IP protocol number.
    pub protocol: u8,
    /// The source port; 0 where the protocol has none.
    pub source_port: u16,
    /// The destination port; for ICMP the type times 256 plus the code; 0 where there is neither.
    pub port: u16,
}

impl Packet {
    /// The answer to this packet, or `None` where the protocol expects none (ICMP that is no echo
    /// request).
    pub fn reply(&self) -> Option<Self> {
        let (source_port, port) = match (self.protocol, self.port >> 8) {
            (ICMP, 8) => (0, 0),
            (ICMPV6, 128) => (0, 129 << 8),
            (ICMP | ICMPV6, _) => return None,
            _ => (self.port, self.source_port),
        };
        Some(Self {
            source: self.target,
            target: self.source,
            protocol: self.protocol,
            source_port,
            port,
        })
    }

    /// The packet's place in a [`Services`] set.
    pub fn service(&self) -> u32 {
        service(self.protocol, self.port)
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, target, protocol, source_port, port } = self;
        match *protocol {
            TCP => write!(f, "tcp {} -> {}", socket(*source, *source_port), socket(*target, *port)),
            UDP => write!(f, "udp {} -> {}", socket(*source, *source_port), socket(*target, *port)),
            ICMP | ICMPV6 => {
                write!(f, "icmp type {} code {} {source} -> {target}", port >> 8, port & 0xff)
            }
            other => write!(f, "protocol {other} {source} -> {target}"),
        }
    }
}

fn socket(address: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(address, port).to_string()
}

/// Ports from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { first: 0, last: u16::MAX };

    /// One port.
    pub const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// Ports from `first` to `last`.
    pub const fn new(first: u16, last: u16) -> Self {
        Self { first, last }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// What a rule lets through or a question asks about, addresses aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// Everything (`-1` in AWS).
    All,
    /// TCP to these ports.
    Tcp(PortRange),
    /// UDP to these ports.
    Udp(PortRange),
    /// ICMP for IPv4, of one type and code or of all.
    Icmp {
        /// The type; all when absent.
        kind: Option<u8>,
        /// The code; all when absent.
        code: Option<u8>,
    },
    /// ICMP for IPv6, of one type and code or of all.
    Icmpv6 {
        /// The type; all when absent.
        kind: Option<u8>,
        /// The code; all when absent.
        code: Option<u8>,
    },
    /// Any other protocol, by number, whole. TCP or UDP given so means all their ports.
    Protocol(u8),
}

impl Traffic {
    /// One TCP port.
    pub const fn tcp(port: u16) -> Self {
        Self::Tcp(PortRange::one(port))
    }

    /// The set of services.
    pub fn services(self) -> Services {
        let whole = |protocol| span(protocol, 0, u16::MAX);
        match self {
            Self::All => Services::range(0, service(u8::MAX, u16::MAX)),
            Self::Tcp(ports) => span(TCP, ports.first, ports.last),
            Self::Udp(ports) => span(UDP, ports.first, ports.last),
            Self::Icmp { kind, code } => icmp(ICMP, kind, code),
            Self::Icmpv6 { kind, code } => icmp(ICMPV6, kind, code),
            Self::Protocol(protocol) => whole(protocol),
        }
    }

    /// One service as traffic again, for a rule that would let it through.
    pub fn of(packet: &Packet) -> Self {
        let [kind, code] = packet.port.to_be_bytes();
        match packet.protocol {
            TCP => Self::tcp(packet.port),
            UDP => Self::Udp(PortRange::one(packet.port)),
            ICMP => Self::Icmp { kind: Some(kind), code: Some(code) },
            ICMPV6 => Self::Icmpv6 { kind: Some(kind), code: Some(code) },
            other => Self::Protocol(other),
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => write!(f, "all traffic"),
            Self::Tcp(PortRange::ALL) | Self::Protocol(TCP) => write!(f, "tcp"),
            Self::Udp(PortRange::ALL) | Self::Protocol(UDP) => write!(f, "udp"),
            Self::Tcp(ports) => write!(f, "tcp {ports}"),
            Self::Udp(ports) => write!(f, "udp {ports}"),
            Self::Icmp { kind, code } => show_icmp(f, "icmp", *kind, *code),
            Self::Icmpv6 { kind, code } => show_icmp(f, "icmpv6", *kind, *code),
            Self::Protocol(number) => write!(f, "protocol {number}"),
        }
    }
}

fn show_icmp(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    kind: Option<u8>,
    code: Option<u8>,
) -> fmt::Result {
    write!(f, "{name}")?;
    kind.map_or(Ok(()), |kind| write!(f, " type {kind}"))?;
    code.map_or(Ok(()), |code| write!(f, " code {code}"))
}

pub(super) const fn service(protocol: u8, port: u16) -> u32 {
    (protocol as u32) << 16 | port as u32
}

/// The services of one protocol with ports `first` to `last`.
pub(super) fn span(protocol: u8, first: u16, last: u16) -> Services {
    Services::range(service(protocol, first), service(protocol, last))
}

/// TCP and UDP: the protocols whose ports change places in the answer.
pub(super) const WITH_PORTS: [u8; 2] = [TCP, UDP];

/// Protocol, request type and answer type of the ICMP messages that are answered.
pub(super) const ECHO: [(u8, u8, u8); 2] = [(ICMP, 8, 0), (ICMPV6, 128, 129)];

fn icmp(protocol: u8, kind: Option<u8>, code: Option<u8>) -> Services {
    let join = |kind: u8, code: u8| u16::from_be_bytes([kind, code]);
    match (kind, code) {
        (None, _) => span(protocol, 0, u16::MAX),
        (Some(kind), None) => span(protocol, join(kind, 0), join(kind, u8::MAX)),
        (Some(kind), Some(code)) => span(protocol, join(kind, code), join(kind, code)),
    }
}
