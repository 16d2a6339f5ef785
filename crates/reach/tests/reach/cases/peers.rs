//! Between VPCs: peering, and the ways that are none.

use super::check;

/// Two VPCs, peered, a client in one and servers in the other.
const BASE: &str = "
    vpc a 10.0.0.0/16; vpc b 10.1.0.0/16; vpc c 10.2.0.0/16
    subnet a1 a x 10.0.1.0/24; subnet b1 b x 10.1.1.0/24; subnet c1 c x 10.2.1.0/24
    peering pcx_1 a b
    table ta a a1 : 10.1.0.0/16>pcx_1; table tb b b1 : 10.0.0.0/16>pcx_1; table tc c c1 :
    sg client a : out tcp:5432 server; sg server b : in tcp:5432 client
    sg anya a : in all 0.0.0.0/0 out all 0.0.0.0/0
    sg anyb b : in all 0.0.0.0/0 out all 0.0.0.0/0
    sg anyc c : in all 0.0.0.0/0 out all 0.0.0.0/0
    instance one a1 / client; instance two b1 / server; instance far c1 / anyc
    db data b1 / server";

#[test]
#[rustfmt::skip]
fn peering() {
    check(BASE, &[
        ("", "one -> two tcp:5432", "yes", "ta: route 10.1.0.0/16 to pcx_1 | pcx_1: it is available | back: tb: route 10.0.0.0/16 to pcx_1"),
        ("", "one -> data tcp:5432", "yes", ""),
        ("", "two -> one tcp:5432", "no", "stops at server"),
        ("peering pcx_1 b a", "one -> two tcp:5432", "yes", ""),
        ("peering pcx_1 a b pending", "one -> two tcp:5432", "no", "stops at pcx_1: it is pending-acceptance"),
        ("drop pcx_1", "one -> two tcp:5432", "no", "no peering connects a and b"),
        ("table ta a a1 :", "one -> two tcp:5432", "no", "stops at ta: no route to 10.1.0.0/16 | route 10.1.0.0/16 to pcx_1 in ta"),
        ("table tb b b1 :", "one -> two tcp:5432", "no", "stops at tb: no route for the answer | route 10.0.1.0/24 to pcx_1 in tb"),
        ("table tb b b1 : 10.0.2.0/24>pcx_1", "one -> two tcp:5432", "no", "stops at tb"),
        ("table ta a a1 : 10.1.1.0/25>pcx_1", "one -> two tcp:5432", "part", "stops at ta: no route"),
        ("table ta a a1 : 10.1.0.0/16>pcx_1!", "one -> two tcp:5432", "no", "black hole"),
        ("table ta a a1 : 10.1.0.0/16>pcx_9", "one -> two tcp:5432", "no", "route 10.1.0.0/16 to pcx_9 leads elsewhere"),
        ("igw igw_1 a; table ta a a1 : 0.0.0.0/0>igw_1", "one -> two tcp:5432", "no", "route 0.0.0.0/0 to igw_1 leads elsewhere | route 10.1.0.0/16 to pcx_1 in ta"),
        // Rules that name groups hold within a Region only.
        ("peering pcx_1 a b far", "one -> two tcp:5432", "no", "stops at client: no egress rule allows tcp 5432 to 10.1.1. | then at server"),
        ("peering pcx_1 a b far; sg client a : out tcp:5432 10.1.0.0/16; sg server b : in tcp:5432 10.0.0.0/16", "one -> two tcp:5432", "yes", "from 10.0.0.0/16"),
        ("peering pcx_1 a b far; sg client a : out tcp:5432 10.1.0.0/16", "one -> two tcp:5432", "no", "add to server an ingress rule: tcp 5432 from 10.0.1.0/24"),
        ("sg server b :", "one -> two tcp:5432", "no", "add to server an ingress rule: tcp 5432 from client"),
        ("acl k b b1 : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:32768-65535 10.0.0.0/16", "one -> two tcp:5432", "yes", "back: k"),
        ("acl k b b1 : in 100 allow tcp:5432 10.0.0.0/16", "one -> two tcp:5432", "no", "which is the answer"),
        ("acl k a a1 : out 100 allow all 0.0.0.0/0", "one -> two tcp:5432", "no", "stops at k: no ingress rule | which is the answer"),
        // Names of public databases resolve to public addresses unless the connection says no.
        ("db data public b1 / server", "one -> data tcp:5432", "part", "the name of data resolves to its public address | turn on DNS resolution of pcx_1"),
        ("db data public b1 / server; peering pcx_1 a b dns", "one -> data tcp:5432", "yes", "DNS support is on"),
        // No transit.
        ("peering pcx_2 b c; table tc c c1 : 10.0.0.0/16>pcx_2 10.1.0.0/16>pcx_2; table ta a a1 : 10.1.0.0/16>pcx_1 10.2.0.0/16>pcx_1; instance one a1 / anya", "one -> far tcp:80", "no", "route 10.2.0.0/16 to pcx_1 leads elsewhere"),
        ("instance one a1 / anya; instance two b1 / anyb", "one -> far tcp:80", "no", "no peering connects a and c"),
        ("instance one a1 / anya; table ta a a1 : 10.2.0.0/16>tgw; table tc c c1 : 10.0.0.0/16>tgw", "one -> far tcp:80", "unknown", "stops at tgw: what lies behind it is not looked into: packets may pass there or not"),
        ("instance one a1 / anya; table ta a a1 : 10.2.0.0/16>tgw", "one -> far tcp:80", "no", "stops at tgw | then at tc: no route"),
        ("instance one a1 / anya; table ta a a1 : 192.168.0.0/16>vgw", "one -> 192.168.0.0/16 tcp:80", "unknown", "stops at vgw: what lies behind it is not looked into | route 192.168.0.0/16 to vgw"),
        ("instance one a1 / anya; table ta a a1 : 192.168.0.0/16>vgw", "192.168.0.0/16 -> one tcp:80", "unknown", "stops at vgw | back: ta: route 192.168.0.0/16 to vgw"),
        ("instance one a1 / anya; table ta a a1 : 192.168.0.0/17>vgw", "192.168.0.0/16 -> one tcp:80", "unknown", ""),
        // What this side shuts is shut, whatever is behind the gateway.
        ("table ta a a1 : 192.168.0.0/16>vgw", "one -> 192.168.0.0/16 tcp:5432", "no", "stops at client"),
        ("table ta a a1 : 192.168.0.0/16>vgw", "192.168.0.0/16 -> one tcp:80", "no", "then at client"),
        ("instance one a1 / anya; table ta a a1 : 192.168.0.0/16>vgw!", "one -> 192.168.0.0/16 tcp:80", "no", ""),
        // Some of it is open without the gateway, and some is shut whatever it does.
        ("instance one a1 / anya; instance far c1 / anyc; table ta a a1 : 10.2.1.0/25>tgw; table tc c c1 : 10.0.0.0/16>tgw", "one -> far tcp:80", "part or no", "no route to"),
        ("instance one a1 / anya; sg anya a : in all 0.0.0.0/0 out tcp:80 10.2.1.0/24; table ta a a1 : 10.2.0.0/16>tgw; table tc c c1 : 10.0.0.0/16>tgw", "one -> far", "unknown", "10.2.0.0/16 to tgw"),
        ("igw igw_1 a; igw igw_3 c; table ta a a1 : 0.0.0.0/1>igw_1 128.0.0.0/1>tgw; table tc c c1 : 0.0.0.0/0>igw_3; instance one public a1 / anya; instance far public c1 / anyc", "one -> far tcp:80", "part or yes", "tgw"),
        ("instance one a1 / anya; table ta a a1 : 192.168.0.0/16>vgw", "192.168.0.0/16 -> far tcp:80", "no", "no route back to 192.168.0.0/16"),
        ("instance one a1 / anya", "192.168.0.0/16 -> one tcp:80", "no", "these addresses are in no subnet"),
        // Two VPCs that only the internet connects.
        ("igw igw_1 a; igw igw_3 c; table ta a a1 : 0.0.0.0/0>igw_1; table tc c c1 : 0.0.0.0/0>igw_3; instance one public a1 / anya; instance far public c1 / anyc", "one -> far tcp:80", "yes", "one: it has a public IPv4 address | igw_3: it is attached to c"),
        ("igw igw_1 a; igw igw_3 c; table ta a a1 : 0.0.0.0/0>igw_1; table tc c c1 : 0.0.0.0/0>igw_3; instance one a1 / anya; instance far public c1 / anyc", "one -> far tcp:80", "no", "it has no public IPv4 address"),
        ("igw igw_1 a; igw igw_3 c; table ta a a1 : 0.0.0.0/0>igw_1; table tc c c1 : 0.0.0.0/0>igw_3; instance one public a1 / anya; sg anyc c : in tcp:80 203.0.113.0/24; instance far public c1 / anyc", "one -> far tcp:80", "part", "stops at anyc"),
    ]);
}
