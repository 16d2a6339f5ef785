//! VPCs and subnets: which addresses there are.

use trueup_reach::{Subnet, Vpc};

use super::scene::{Scene, Scope, origin};

pub(super) fn vpcs(scene: &mut Scene<'_>) {
    scene.each("vpc", |scene, name, element| {
        let scope = || Scope::Vpc(name.clone());
        let primary = element.get("cidr_block");
        if primary.is_null() {
            scene.doubt(scope(), format!("the network of {name} is not known"));
        }
        let mut cidrs: Vec<ipnet::Ipv4Net> = Vec::new();
        let what = format!("the network of {name}");
        cidrs.extend(scene.parsed::<ipnet::Ipv4Net>(primary, scope(), &what));
        for piece in element.get("secondary_cidr_blocks").elements() {
            let what = format!("a network of {name}");
            cidrs.extend(scene.parsed::<ipnet::Ipv4Net>(piece, scope(), &what));
        }
        let ipv6 = element.output("ipv6_cidr_block").and_then(|text| text.parse().ok());
        let wants_ipv6 = element.get("assign_generated_ipv6_cidr_block").truth() == Some(true);
        if wants_ipv6 && ipv6.is_none() {
            scene.doubt(scope(), format!("AWS has not chosen the IPv6 network of {name} yet"));
        }
        let vpc = Vpc {
            cidrs,
            ipv6_cidrs: ipv6.into_iter().filter(|_| wants_ipv6).collect(),
            dns_support: element.get("enable_dns_support").truth().unwrap_or(true),
            dns_hostnames: element.get("enable_dns_hostnames").truth().unwrap_or(false),
            origin: origin(name, element),
        };
        scene.network.vpcs.insert(name.clone(), vpc);
    });
}

pub(super) fn subnets(scene: &mut Scene<'_>) {
    scene.each("subnet", |scene, name, element| {
        let vpc = scene.vpc(name, element.get("vpc"));
        let scope = || Scope::Vpc(vpc.clone());
        let cidr = element.get("cidr_block");
        let cidr = scene.parsed(cidr, scope(), &format!("the network of {name}"));
        let ipv6_cidr = element.get("ipv6_cidr_block");
        let ipv6_cidr = scene.parsed(ipv6_cidr, scope(), &format!("the IPv6 network of {name}"));
        if cidr.is_none() && ipv6_cidr.is_none() {
            scene.doubt(scope(), format!("the network of {name} is not known"));
        }
        // A zone that AWS has yet to pick is the same as no other.
        let zone = element.get("availability_zone").text();
        let zone = zone.map_or_else(|| format!("the zone of {name}"), str::to_owned);
        let origin = origin(name, element);
        let subnet = Subnet { vpc, zone, cidr, ipv6_cidr, origin };
        scene.network.subnets.insert(name.clone(), subnet);
    });
}
