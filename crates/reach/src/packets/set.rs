//! Sets of packets as unions of products of ranges.

use super::packet::{ECHO, WITH_PORTS, span};
use super::{Addresses, Packet, RangeSet, Services, address, number};

/// A set of source ports.
pub type Ports = RangeSet<u16>;

/// A product: every combination of a source, a target, a source port and a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cube {
    /// Where packets come from.
    pub source: Addresses,
    /// Where they go.
    pub target: Addresses,
    /// Their source ports. Protocols without ports always have the full range here.
    pub source_port: Ports,
    /// Protocol and destination port.
    pub service: Services,
}

/// A set of packets: a union of cubes, none of them empty. The cubes may overlap, and one set can
/// be written in several ways; [`PacketSet::same`] compares by members.
#[derive(Debug, Clone)]
pub struct PacketSet {
    cubes: Vec<Cube>,
}

impl Cube {
    /// Every packet.
    pub fn full() -> Self {
        Self {
            source: Addresses::full(),
            target: Addresses::full(),
            source_port: Ports::full(),
            service: Services::full(),
        }
    }

    /// Whether there is no packet.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
            || self.target.is_empty()
            || self.source_port.is_empty()
            || self.service.is_empty()
    }

    fn contains(&self, packet: &Packet) -> bool {
        self.service.contains(packet.service())
            && self.source_port.contains(packet.source_port)
            && self.source.contains(number(packet.source))
            && self.target.contains(number(packet.target))
    }

    fn intersection(&self, other: &Self) -> Option<Self> {
        // The cheap question first: most pairs of cubes have nothing in common.
        if !(self.service.overlaps(&other.service)
            && self.source.overlaps(&other.source)
            && self.target.overlaps(&other.target)
            && self.source_port.overlaps(&other.source_port))
        {
            return None;
        }
        Some(Self {
            source: self.source.intersection(&other.source),
            target: self.target.intersection(&other.target),
            source_port: self.source_port.intersection(&other.source_port),
            service: self.service.intersection(&other.service),
        })
    }

    fn is_subset(&self, other: &Self) -> bool {
        self.source.is_subset(&other.source)
            && self.target.is_subset(&other.target)
            && self.source_port.is_subset(&other.source_port)
            && self.service.is_subset(&other.service)
    }

    /// What of this cube is outside `other`: at most one piece for each dimension, cut off in turn.
    fn cut(self, other: &Self, pieces: &mut Vec<Self>) {
        let Some(common) = self.intersection(other) else {
            pieces.push(self);
            return;
        };
        let mut rest = self;
        let mut keep = |piece: Self| {
            if !piece.is_empty() {
                pieces.push(piece);
            }
        };
        keep(Self { source: rest.source.difference(&common.source), ..rest.clone() });
        rest.source = common.source;
        keep(Self { target: rest.target.difference(&common.target), ..rest.clone() });
        rest.target = common.target;
        keep(Self {
            source_port: rest.source_port.difference(&common.source_port),
            ..rest.clone()
        });
        rest.source_port = common.source_port;
        keep(Self { service: rest.service.difference(&common.service), ..rest });
    }
}

impl PacketSet {
    /// No packet.
    pub fn empty() -> Self {
        Self { cubes: Vec::new() }
    }

    /// Every packet.
    pub fn full() -> Self {
        Self { cubes: vec![Cube::full()] }
    }

    /// The packets of the cubes.
    pub fn from_cubes(cubes: impl IntoIterator<Item = Cube>) -> Self {
        let mut set = Self::empty();
        for cube in cubes {
            set.insert(cube);
        }
        set
    }

    /// The cubes, none of them empty.
    pub fn cubes(&self) -> &[Cube] {
        &self.cubes
    }

    /// Whether there is no packet.
    pub fn is_empty(&self) -> bool {
        self.cubes.is_empty()
    }

    /// Whether `packet` is a member.
    pub fn contains(&self, packet: &Packet) -> bool {
        self.cubes.iter().any(|cube| cube.contains(packet))
    }

    /// Adds the packets of a cube.
    pub fn insert(&mut self, cube: Cube) {
        if !cube.is_empty() && !self.cubes.iter().any(|known| cube.is_subset(known)) {
            self.cubes.retain(|known| !known.is_subset(&cube));
            self.cubes.push(cube);
        }
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for cube in &other.cubes {
            all.insert(cube.clone());
        }
        all
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut common = Self::empty();
        for mine in &self.cubes {
            for theirs in &other.cubes {
                if let Some(cube) = mine.intersection(theirs) {
                    common.insert(cube);
                }
            }
        }
        common
    }

    /// What is in this set but not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut rest = self.cubes.clone();
        for taken in &other.cubes {
            let mut pieces = Vec::with_capacity(rest.len());
            for cube in rest {
                cube.cut(taken, &mut pieces);
            }
            rest = pieces;
        }
        Self { cubes: rest }
    }

    /// What is not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self::full().difference(self)
    }

    /// Whether every packet of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }

    /// Whether both sets have the same packets.
    pub fn same(&self, other: &Self) -> bool {
        self.is_subset(other) && other.is_subset(self)
    }

    /// A packet of the set: of the first cube, a likely source port, else the lowest of each.
    pub fn sample(&self) -> Option<Packet> {
        let cube = self.cubes.first()?;
        let [_, protocol, high, low] = cube.service.first()?.to_be_bytes();
        let has_ports = WITH_PORTS.contains(&protocol);
        let usual = cube.source_port.intersection(&Ports::range(49152, u16::MAX));
        let source_port = usual.first().or_else(|| cube.source_port.first())?;
        let echo = ECHO.iter().any(|&(number, ..)| number == protocol);
        Some(Packet {
            source: address(cube.source.first()?),
            target: address(cube.target.first()?),
            protocol,
            source_port: if has_ports { source_port } else { 0 },
            port: if has_ports || echo { u16::from_be_bytes([high, low]) } else { 0 },
        })
    }

    /// The packets whose answer is in this set: addresses change places, and so do the ports of
    /// TCP and UDP. Packets that expect no answer are all in.
    #[must_use]
    pub fn answered(&self) -> Self {
        let mut requests = Self::empty();
        for cube in &self.cubes {
            answered_cube(cube, &mut requests);
        }
        for (protocol, request, _) in ECHO {
            let [first, last] = [0, u8::MAX].map(|code| u16::from_be_bytes([request, code]));
            let service = span(protocol, 0, u16::MAX).difference(&span(protocol, first, last));
            requests.insert(Cube { service, ..Cube::full() });
        }
        requests
    }
}

fn answered_cube(cube: &Cube, requests: &mut PacketSet) {
    let turned = |source_port: Ports, service: Services| Cube {
        source: cube.target.clone(),
        target: cube.source.clone(),
        source_port,
        service,
    };
    let mut portless = cube.service.clone();
    for protocol in WITH_PORTS {
        let all = span(protocol, 0, u16::MAX);
        let ports = low_halves(&cube.service.intersection(&all));
        let service = cube.source_port.ranges().iter();
        let service = service.flat_map(|&(a, b)| span(protocol, a, b).ranges().to_vec()).collect();
        requests.insert(turned(ports, service));
        portless = portless.difference(&all);
    }
    for (protocol, request, answer) in ECHO {
        if cube.service.contains(super::packet::service(protocol, u16::from_be_bytes([answer, 0])))
        {
            let [first, last] = [0, u8::MAX].map(|code| u16::from_be_bytes([request, code]));
            requests.insert(turned(Ports::full(), span(protocol, first, last)));
        }
        portless = portless.difference(&span(protocol, 0, u16::MAX));
    }
    requests.insert(turned(Ports::full(), portless));
}

/// The ports of services that are all of one protocol.
fn low_halves(services: &Services) -> Ports {
    #[expect(clippy::cast_possible_truncation, reason = "the upper half is the protocol")]
    services.ranges().iter().map(|&(low, high)| (low as u16, high as u16)).collect()
}
