//! Route tables as a partition of all addresses: longest prefix first.

use crate::network::{Destination, EndpointKind, Index, Name, Network, Origin, Target};
use crate::packets::{Addresses, prefix};
use ipnet::IpNet;

/// What one subnet's table does with every address.
#[derive(Debug)]
pub(super) struct Routing<'n> {
    /// The table; `None` is AWS's own main table, which has only local routes.
    pub(super) table: Option<&'n Name>,
    /// Disjoint; an address in none of them has no route.
    pub(super) pieces: Vec<Piece<'n>>,
}

/// The addresses for which one route decides.
#[derive(Debug)]
pub(super) struct Piece<'n> {
    /// The destination addresses, those that longer prefixes take away left out.
    pub(super) addresses: Addresses,
    /// The route's destination as it is written.
    pub(super) destination: Destination,
    /// Where it leads.
    pub(super) target: Target,
    /// Whether AWS says that it leads nowhere.
    pub(super) blackhole: bool,
    /// The route's own words, where it has any.
    pub(super) origin: Option<&'n Origin>,
}

impl<'n> Routing<'n> {
    /// The table of a subnet of `vpc`.
    pub(super) fn new(
        network: &'n Network,
        index: &Index<'_>,
        table: Option<&'n Name>,
        vpc: &str,
    ) -> Self {
        let mut candidates = candidates(network, index, table, vpc);
        candidates.sort_by_key(|candidate| std::cmp::Reverse(length(candidate.0)));
        let mut pieces: Vec<Piece<'n>> = Vec::new();
        let mut taken = Addresses::empty();
        for (net, mut piece) in candidates {
            let all = prefix(net);
            let rest = all.difference(&taken);
            taken = taken.union(&all);
            let same = |other: &&mut Piece<'_>| {
                other.destination == piece.destination && other.target == piece.target
            };
            if rest.is_empty() {
                continue;
            }
            if let Some(known) = pieces.iter_mut().find(same) {
                known.addresses = known.addresses.union(&rest);
            } else {
                piece.addresses = rest;
                pieces.push(piece);
            }
        }
        Self { table, pieces }
    }

    /// The route for an address.
    pub(super) fn piece(&self, address: u128) -> Option<&Piece<'n>> {
        self.pieces.iter().find(|piece| piece.addresses.contains(address))
    }

    /// The addresses whose route leads to a target that `fits`, and is no black hole.
    pub(super) fn toward(&self, fits: impl Fn(&Target) -> bool) -> Addresses {
        let good = self.pieces.iter().filter(|piece| !piece.blackhole && fits(&piece.target));
        good.fold(Addresses::empty(), |all, piece| all.union(&piece.addresses))
    }
}

/// IPv4 counts as if it were mapped, so that one order serves both families.
fn length(net: IpNet) -> u8 {
    match net {
        IpNet::V4(v4) => v4.prefix_len() + 96,
        IpNet::V6(v6) => v6.prefix_len(),
    }
}

/// Every route of the table, in order of precedence among equally long prefixes.
fn candidates<'n>(
    network: &'n Network,
    index: &Index<'_>,
    table: Option<&'n Name>,
    vpc: &str,
) -> Vec<(IpNet, Piece<'n>)> {
    let piece = |destination: Destination, target, blackhole, origin| Piece {
        addresses: Addresses::empty(),
        destination,
        target,
        blackhole,
        origin,
    };
    let mut all = Vec::new();
    for route in
        table.and_then(|name| network.route_tables.get(name)).iter().flat_map(|t| &t.routes)
    {
        for net in index.prefixes_of(&route.destination) {
            let (destination, target) = (route.destination.clone(), route.target.clone());
            all.push((net, piece(destination, target, route.blackhole, Some(&route.origin))));
        }
    }
    // After the table's own: a local route can be replaced, and is then written there.
    if let Some(vpc) = network.vpcs.get(vpc) {
        let v4 = vpc.cidrs.iter().copied().map(IpNet::V4);
        for net in v4.chain(vpc.ipv6_cidrs.iter().copied().map(IpNet::V6)) {
            all.push((net, piece(Destination::Cidr(net), Target::Local, false, None)));
        }
    }
    for (name, endpoint) in &network.endpoints {
        if let EndpointKind::Gateway { route_tables, prefix_list } = &endpoint.kind
            && table.is_some_and(|table| route_tables.contains(table))
        {
            let destination = Destination::PrefixList(prefix_list.clone());
            for net in index.prefixes_of(&destination) {
                let target = Target::Endpoint(name.clone());
                all.push((net, piece(destination.clone(), target, false, None)));
            }
        }
    }
    all
}
