//! The packet sets against brute force: every packet of a small universe, one by one.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use trueup_reach::packets::{
    Cube, Packet, PacketSet, RangeSet, Services, View, address, number, prefixes, to_prefixes,
};

const TCP: u32 = 6 << 16;

/// The packets that stand for everything: all combinations of a few values, TCP.
fn universe() -> Vec<Packet> {
    let mut all = Vec::new();
    for source in 0..4 {
        for target in 0..4 {
            for source_port in 0..4 {
                for port in 0..4 {
                    let [source, target] = [source, target].map(ip);
                    all.push(Packet { source, target, protocol: 6, source_port, port });
                }
            }
        }
    }
    all
}

fn ip(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn members(set: &PacketSet) -> Vec<bool> {
    universe().iter().map(|packet| set.contains(packet)).collect()
}

/// A range among the values 0 to 3, by bit mask, so that gaps occur.
fn mask() -> impl Strategy<Value = u8> {
    0_u8..16
}

fn bits(mask: u8) -> impl Iterator<Item = u8> {
    (0..4).filter(move |bit| mask & (1 << bit) != 0)
}

fn cube() -> impl Strategy<Value = Cube> {
    (mask(), mask(), mask(), mask()).prop_map(|(source, target, source_port, port)| Cube {
        source: bits(source).map(|bit| (number(ip(bit)), number(ip(bit)))).collect(),
        target: bits(target).map(|bit| (number(ip(bit)), number(ip(bit)))).collect(),
        source_port: bits(source_port).map(|bit| (u16::from(bit), u16::from(bit))).collect(),
        service: bits(port).map(|bit| (TCP + u32::from(bit), TCP + u32::from(bit))).collect(),
    })
}

fn set() -> impl Strategy<Value = PacketSet> {
    prop::collection::vec(cube(), 0..5).prop_map(PacketSet::from_cubes)
}

fn small_ranges() -> impl Strategy<Value = Vec<(u16, u16)>> {
    let low = prop_oneof![0_u16..40, (u16::MAX - 40)..=u16::MAX];
    prop::collection::vec((low, 0_u16..12), 0..6).prop_map(|all| {
        all.into_iter().map(|(low, more)| (low, low.saturating_add(more))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn ranges_agree_with_brute_force(a in small_ranges(), b in small_ranges()) {
        let inside = |ranges: &[(u16, u16)], n: u16| ranges.iter().any(|&(x, y)| x <= n && n <= y);
        let (left, right): (RangeSet<u16>, RangeSet<u16>) =
            (a.iter().copied().collect(), b.iter().copied().collect());
        let (union, common) = (left.union(&right), left.intersection(&right));
        let (rest, not) = (left.difference(&right), left.complement());
        let values = (0_u16..60).chain((u16::MAX - 60)..=u16::MAX);
        let mut any_common = false;
        for n in values {
            let (x, y) = (inside(&a, n), inside(&b, n));
            any_common |= x && y;
            prop_assert_eq!(left.contains(n), x);
            prop_assert_eq!(union.contains(n), x || y);
            prop_assert_eq!(common.contains(n), x && y);
            prop_assert_eq!(rest.contains(n), x && !y);
            prop_assert_eq!(not.contains(n), !x);
        }
        prop_assert_eq!(left.overlaps(&right), any_common);
        prop_assert_eq!(left.is_subset(&right), rest.is_empty());
        // Canonical: the same members are the same value, however they were made.
        prop_assert_eq!(&rest.union(&common), &left);
        prop_assert_eq!(not.complement(), left);
    }

    #[test]
    fn packet_sets_agree_with_brute_force(a in set(), b in set()) {
        let (x, y) = (members(&a), members(&b));
        let each = |f: fn(bool, bool) -> bool| -> Vec<bool> {
            x.iter().zip(&y).map(|(&x, &y)| f(x, y)).collect()
        };
        prop_assert_eq!(members(&a.union(&b)), each(|x, y| x || y));
        prop_assert_eq!(members(&a.intersection(&b)), each(|x, y| x && y));
        prop_assert_eq!(members(&a.difference(&b)), each(|x, y| x && !y));
        prop_assert_eq!(members(&a.complement()), each(|x, _| !x));
        prop_assert_eq!(a.is_empty(), !x.contains(&true));
        prop_assert_eq!(a.is_subset(&b), x.iter().zip(&y).all(|(&x, &y)| !x || y));
        prop_assert_eq!(a.same(&b), x == y);
        match a.sample() {
            Some(packet) => prop_assert!(a.contains(&packet)),
            None => prop_assert!(a.is_empty()),
        }
    }

    #[test]
    fn answers_agree_with_turning_each_packet(a in set()) {
        let requests = a.answered();
        for packet in universe() {
            let reply = packet.reply().expect("TCP is answered");
            prop_assert_eq!(requests.contains(&packet), a.contains(&reply));
        }
    }

    #[test]
    fn views_agree_with_trying_each_replacement(a in set(), sources in 1_u8..16, ports in 1_u8..16) {
        let view = View {
            source: Some(bits(sources).map(|bit| (number(ip(bit)), number(ip(bit)))).collect()),
            source_port: Some(bits(ports).map(|bit| (u16::from(bit), u16::from(bit))).collect()),
            ..View::default()
        };
        let (possible, certain) = (view.possible(&a), view.certain(&a));
        for packet in universe() {
            let seen: Vec<bool> = bits(sources)
                .flat_map(|source| bits(ports).map(move |port| (source, port)))
                .map(|(source, port)| Packet { source: ip(source), source_port: u16::from(port), ..packet })
                .map(|packet| a.contains(&packet))
                .collect();
            prop_assert_eq!(possible.contains(&packet), seen.contains(&true));
            prop_assert_eq!(certain.contains(&packet), !seen.contains(&false));
        }
    }

    #[test]
    fn prefixes_and_back(nets in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..6)) {
        let nets = nets.into_iter().map(|(bits, length)| {
            ipnet::IpNet::V4(ipnet::Ipv4Net::new_assert(bits.into(), length))
        });
        let set = prefixes(nets);
        prop_assert_eq!(prefixes(to_prefixes(&set)), set);
    }

    #[test]
    fn addresses_and_back(v4 in any::<u32>(), v6 in any::<u128>()) {
        let v4 = IpAddr::V4(v4.into());
        prop_assert_eq!(address(number(v4)), v4);
        prop_assert_eq!(number(address(v6)), v6);
    }
}

#[test]
fn echo_is_answered_by_echo_reply() {
    let reply = Services::one(1 << 16);
    let set = PacketSet::from_cubes([Cube { service: reply, ..Cube::full() }]);
    let packet = |port| Packet { source: ip(0), target: ip(1), protocol: 1, source_port: 0, port };
    assert!(set.answered().contains(&packet(8 << 8)));
    assert!(!PacketSet::empty().answered().contains(&packet(8 << 8)));
    // Nobody answers "destination unreachable".
    assert!(PacketSet::empty().answered().contains(&packet(3 << 8)));
}
