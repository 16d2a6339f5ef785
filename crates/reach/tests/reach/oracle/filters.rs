//! What lets a packet through: network ACLs and security groups.

use trueup_reach::{Direction, Packet, Peer, Traffic};

use super::walker::World;
use super::ways::Site;

impl World<'_> {
    pub(super) fn acl(&self, subnet: &str, direction: Direction, packet: &Packet) -> bool {
        let vpc = &self.network.subnets[subnet].vpc;
        let of_vpc = self.network.network_acls.values().filter(|acl| acl.vpc == *vpc);
        let own = of_vpc.clone().find(|acl| acl.subnets.iter().any(|name| name == subnet));
        let Some(acl) = own.or_else(|| of_vpc.clone().find(|acl| acl.default)) else { return true };
        let other = if direction == Direction::Ingress { packet.source } else { packet.target };
        let rules = acl.rules(direction).iter();
        let hit = rules.filter(|rule| covers(rule.traffic, packet) && rule.cidr.contains(&other));
        hit.min_by_key(|rule| rule.number).is_some_and(|rule| rule.allow)
    }

    pub(super) fn groups(
        &self,
        site: &Site<'_>,
        direction: Direction,
        packet: &Packet,
        peer: Option<&[String]>,
    ) -> bool {
        let other = if direction == Direction::Ingress { packet.source } else { packet.target };
        let all = site.interface.groups.iter().map(|name| &self.network.security_groups[name]);
        site.interface.groups.is_empty()
            || all.flat_map(|group| group.rules(direction)).any(|rule| {
                covers(rule.traffic, packet)
                    && match &rule.peer {
                        Peer::Cidr(net) => net.contains(&other),
                        Peer::Group(name) => peer.is_some_and(|peer| peer.contains(name)),
                        Peer::PrefixList(list) => {
                            let entries = self.network.prefix_lists[list].entries.iter().flatten();
                            entries.into_iter().any(|net| net.contains(&other))
                        }
                    }
            })
    }
}

fn covers(traffic: Traffic, packet: &Packet) -> bool {
    let ports =
        |range: trueup_reach::PortRange| range.first <= packet.port && packet.port <= range.last;
    match traffic {
        Traffic::All => true,
        Traffic::Tcp(range) => packet.protocol == 6 && ports(range),
        Traffic::Udp(range) => packet.protocol == 17 && ports(range),
        Traffic::Icmp { .. } => packet.protocol == 1,
        Traffic::Icmpv6 { .. } => packet.protocol == 58,
        Traffic::Protocol(number) => packet.protocol == number,
    }
}
