//! A filter as seen from another place: after translation, or by the answer.

use super::{Addresses, Cube, Packet, PacketSet, Ports, Services, number};

/// How the packet that a source sends looks where a filter stands.
///
/// Address translation replaces a field by one of several values that the source does not choose
/// (a NAT gateway's port, an address that AWS will pick); the answer swaps the ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The values that the source address is replaced with.
    pub source: Option<Addresses>,
    /// The values that the target address is replaced with.
    pub target: Option<Addresses>,
    /// The values that the source port is replaced with.
    pub source_port: Option<Ports>,
    /// The protocol and port that those of the packet are replaced with.
    pub service: Option<Services>,
    /// Whether this is about a connection of its own, whose source port has nothing to do with those
    /// that are chosen elsewhere.
    pub is_own: bool,
    /// Whether the filter sees the answer instead of the packet.
    pub reply: bool,
}

impl View {
    /// The answer to the packet, untranslated.
    pub fn answer() -> Self {
        Self { reply: true, ..Self::default() }
    }

    /// The same translation, seen by the answer.
    #[must_use]
    pub fn replied(&self) -> Self {
        Self { reply: true, ..self.clone() }
    }

    /// Whether nothing is replaced.
    pub fn is_plain(&self) -> bool {
        self.source.is_none()
            && self.target.is_none()
            && self.source_port.is_none()
            && self.service.is_none()
    }

    /// The packets, as sent, for which *some* replacement is in `allowed`. `allowed` is already in
    /// the direction of the packet (see [`PacketSet::answered`]).
    pub fn possible(&self, allowed: &PacketSet) -> PacketSet {
        if self.is_plain() {
            return allowed.clone();
        }
        let fits = |cube: &&Cube| {
            self.source.as_ref().is_none_or(|set| set.overlaps(&cube.source))
                && self.target.as_ref().is_none_or(|set| set.overlaps(&cube.target))
                && self.source_port.as_ref().is_none_or(|set| set.overlaps(&cube.source_port))
                && self.service.as_ref().is_none_or(|set| set.overlaps(&cube.service))
        };
        PacketSet::from_cubes(allowed.cubes().iter().filter(fits).map(|cube| {
            let mut seen = cube.clone();
            if self.source.is_some() {
                seen.source = Addresses::full();
            }
            if self.target.is_some() {
                seen.target = Addresses::full();
            }
            if self.source_port.is_some() {
                seen.source_port = Ports::full();
            }
            if self.service.is_some() {
                seen.service = Services::full();
            }
            seen
        }))
    }

    /// The packets, as sent, for which *every* replacement is in `allowed`.
    pub fn certain(&self, allowed: &PacketSet) -> PacketSet {
        if self.is_plain() {
            return allowed.clone();
        }
        // Only what can be seen here has to be allowed.
        self.possible(&self.everything().difference(allowed)).complement()
    }

    /// Every packet that can be seen here.
    pub fn everything(&self) -> PacketSet {
        PacketSet::from_cubes([Cube {
            source: self.source.clone().unwrap_or_else(Addresses::full),
            target: self.target.clone().unwrap_or_else(Addresses::full),
            source_port: self.source_port.clone().unwrap_or_else(Ports::full),
            service: self.service.clone().unwrap_or_else(Services::full),
        }])
    }

    /// All that `packet` may look like here, before it is turned into its answer.
    pub fn appearances(&self, packet: &Packet) -> PacketSet {
        let one = |address| Addresses::one(number(address));
        PacketSet::from_cubes([Cube {
            source: self.source.clone().unwrap_or_else(|| one(packet.source)),
            target: self.target.clone().unwrap_or_else(|| one(packet.target)),
            source_port: self.source_port.clone().unwrap_or_else(|| Ports::one(packet.source_port)),
            service: self.service.clone().unwrap_or_else(|| Services::one(packet.service())),
        }])
    }
}
