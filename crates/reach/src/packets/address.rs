//! Addresses of both families in one line of numbers.
//!
//! IPv4 takes the place that IPv6 reserves for it (`::ffff:0:0/96`), which no IPv6 packet on a wire
//! carries, so one set type serves both families exactly.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};

use super::RangeSet;

/// A set of addresses of both families.
pub type Addresses = RangeSet<u128>;

const V4_FIRST: u128 = 0xffff_0000_0000;
const V4_LAST: u128 = 0xffff_ffff_ffff;

/// What is not public in IPv4. The documentation ranges (192.0.2.0/24 and the like) are left in:
/// examples use them as somebody's public address.
const NOT_PUBLIC_V4: [(u8, u8, u8, u8, u8); 9] = [
    (0, 0, 0, 0, 8),
    (10, 0, 0, 0, 8),
    (100, 64, 0, 0, 10),
    (127, 0, 0, 0, 8),
    (169, 254, 0, 0, 16),
    (172, 16, 0, 0, 12),
    (192, 0, 0, 0, 24),
    (192, 168, 0, 0, 16),
    (224, 0, 0, 0, 3),
];

/// The number of an address.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => V4_FIRST + u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// The address of a number.
pub fn address(number: u128) -> IpAddr {
    let v6 = Ipv6Addr::from(number);
    v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
}

/// All addresses of a prefix; host bits are ignored. `::/0` does not contain IPv4.
pub fn prefix(net: IpNet) -> Addresses {
    let net = net.trunc();
    let range = Addresses::range(number(net.network()), number(net.broadcast()));
    match net {
        IpNet::V6(v6) if v6.prefix_len() < 96 => range.difference(&all_v4()),
        _ => range,
    }
}

/// The union of prefixes.
pub fn prefixes(nets: impl IntoIterator<Item = IpNet>) -> Addresses {
    nets.into_iter().fold(Addresses::empty(), |all, net| all.union(&prefix(net)))
}

/// Every IPv4 address.
pub fn all_v4() -> Addresses {
    Addresses::range(V4_FIRST, V4_LAST)
}

/// Every IPv6 address.
pub fn all_v6() -> Addresses {
    all_v4().complement()
}

/// The public IPv4 addresses.
pub fn internet_v4() -> Addresses {
    let private = NOT_PUBLIC_V4.iter().map(|&(a, b, c, d, length)| {
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
    });
    all_v4().difference(&prefixes(private))
}

/// The public IPv6 addresses, `2000::/3`.
pub fn internet_v6() -> Addresses {
    prefix(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)))
}

/// The set written as prefixes, IPv4 first, each as large as it can be.
pub fn to_prefixes(set: &Addresses) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for &(low, high) in set.intersection(&all_v4()).ranges() {
        if let (IpAddr::V4(low), IpAddr::V4(high)) = (address(low), address(high)) {
            nets.extend(Ipv4Subnets::new(low, high, 0).map(IpNet::V4));
        }
    }
    for &(low, high) in set.intersection(&all_v6()).ranges() {
        nets.extend(Ipv6Subnets::new(low.into(), high.into(), 0).map(IpNet::V6));
    }
    nets
}

/// How many addresses the set holds, as a fraction that is good enough to compare sizes.
pub fn size(set: &Addresses) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "only the order of magnitude is compared")]
    set.ranges().iter().map(|&(low, high)| (high - low) as f64 + 1.0).sum()
}
