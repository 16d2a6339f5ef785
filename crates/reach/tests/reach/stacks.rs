//! The networks of four stacks: every sentence is proved, and for each sentence a mutation that
//! breaks it is caught.

use trueup_reach::{Engine, Sentence};

use crate::{language, say};

const SNOWEX: &str = "
    vpc main 10.0.0.0/16
    subnet pub main a 10.0.0.0/24; subnet pa main a 10.0.10.0/24; subnet pb main b 10.0.11.0/24
    igw igw_1 main; nat nat_1 pub
    table public main pub : 0.0.0.0/0>igw_1; table private main pa pb : 0.0.0.0/0>nat_1
    sg database main : in tcp:5432 function in tcp:5432 bastion out all 0.0.0.0/0
    sg function main : out tcp:5432 database out tcp:443 0.0.0.0/0
    sg bastion main : out tcp:5432 database out tcp:443 0.0.0.0/0
    instance bastion pa / bastion; function api pa pb / function; db main.db pa pb / database";

const THREE_TIER: &str = "
    vpc main 10.0.0.0/16
    subnet puba main a 10.0.1.0/24; subnet pubb main b 10.0.2.0/24
    subnet appa main a 10.0.11.0/24; subnet appb main b 10.0.12.0/24
    subnet dataa main a 10.0.21.0/24; subnet datab main b 10.0.22.0/24
    igw igw_1 main; nat nat_a puba; nat nat_b pubb
    table public main puba pubb : 0.0.0.0/0>igw_1
    table ta main appa : 0.0.0.0/0>nat_a; table tb main appb : 0.0.0.0/0>nat_b
    table data main dataa datab :
    acl data main dataa datab : in 100 allow tcp:3306 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16
    sg lb main : in tcp:80 internet in tcp:443 internet out tcp:8080 app
    sg app main : in tcp:8080 lb out tcp:3306 database out tcp:443 internet
    sg database main : in tcp:3306 app
    instance app appa appb / app; db main.db dataa datab / database
    lb web public puba pubb / lb : 80>app:8080";

const JUMP: &str = "
    vpc main 10.1.0.0/16
    subnet pa main a 10.1.0.0/24; subnet pc main c 10.1.1.0/24
    igw igw_1 main; table public main pa pc : 0.0.0.0/0>igw_1
    sg jump main : in tcp:22 203.0.113.7/32 out all 0.0.0.0/0
    sg dashboard main : out all 0.0.0.0/0; sg web main : in tcp:80 0.0.0.0/0 out all 0.0.0.0/0
    sg database main : in tcp:3306 jump in tcp:3306 dashboard in tcp:3306 web
    instance jump public pa / jump; instance dashboard public pa / dashboard
    instance web public pa pc / web; db main.db pa pc / database";

const CLASSROOM: &str = "
    vpc main 172.31.0.0/16
    subnet a main a 172.31.0.0/20; subnet b main b 172.31.16.0/20; subnet c main c 172.31.32.0/20
    igw igw_1 main; table t main * : 0.0.0.0/0>igw_1
    acl base main default : in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0
    sg access main : in tcp:3306 203.0.113.7/32 out all 0.0.0.0/0
    db users public a b c / access";

/// A sentence in the tests' language, `!` before one that says "does not reach"; and mutations,
/// each of which breaks it.
type Case<'a> = (&'a str, &'a [&'a str]);

fn holds(text: &str, sentence: &str) -> bool {
    let network = language::network(text);
    let negated = sentence.starts_with('!');
    let query = language::query(&network, sentence.trim_start_matches('!'));
    let engine = Engine::new(&network).expect("every name is known");
    let proofs = engine.prove(&[Sentence { query, negated }]);
    proofs[0].as_ref().expect("the ends are known").holds == Some(true)
}

#[track_caller]
fn check(base: &str, cases: &[Case<'_>]) {
    for (sentence, mutations) in cases {
        assert!(holds(base, sentence), "{sentence} does not hold");
        for mutation in *mutations {
            assert!(
                !holds(&format!("{base}\n{mutation}"), sentence),
                "{mutation} keeps {sentence}"
            );
        }
    }
    let mutations: usize = cases.iter().map(|(_, mutations)| mutations.len()).sum();
    say(&format!("{} sentences proved, {mutations} mutations caught", cases.len()));
}

#[test]
fn snowex() {
    let cut = "sg database main : in tcp:5432 bastion";
    check(
        SNOWEX,
        &[
            (
                "api -> main.db tcp:5432",
                &[cut, "sg function main : out tcp:443 0.0.0.0/0", "acl k main pb :"],
            ),
            (
                "api -> internet tcp:443",
                &[
                    "table private main pa : 0.0.0.0/0>nat_1",
                    "drop igw_1",
                    "nat nat_1 pa",
                    "table public main pub :",
                    "function api pub / function",
                    "sg function main : out tcp:5432 database",
                    // A NAT gateway answers to any port from 1024 on.
                    "acl k main pub : in 100 allow all 0.0.0.0/0 out 90 deny tcp:5432 10.0.11.0/24 out 100 allow all 0.0.0.0/0",
                ],
            ),
            (
                "bastion -> main.db tcp:5432",
                &[
                    "sg database main : in tcp:5432 function",
                    "db main.db pa pb / function",
                    "acl k main pb : in 90 deny tcp:5432 10.0.10.0/24 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0",
                ],
            ),
            (
                "bastion -> internet tcp:443",
                &[
                    "drop nat_1",
                    "sg bastion main : out tcp:443 10.0.0.0/16",
                    "table private main pb : 0.0.0.0/0>nat_1",
                    "table public main pub pa : 0.0.0.0/0>igw_1; table private main pb : 0.0.0.0/0>nat_1",
                    "acl k main pa : in 100 allow all 0.0.0.0/0 out 100 allow tcp:5432 10.0.0.0/16",
                ],
            ),
            (
                "!internet -> main.db",
                &[
                    "db main.db public pub pb / database; sg database main : in tcp:5432 0.0.0.0/0",
                    "db main.db public pa pb / database; sg database main : in tcp:5432 0.0.0.0/0; table public main pub pa pb : 0.0.0.0/0>igw_1; table private main :",
                    "db main.db public pa pb / database; sg database main : in tcp:5432 0.0.0.0/0; table private main pa pb : 0.0.0.0/0>igw_1",
                ],
            ),
            (
                "!internet -> bastion",
                &[
                    "instance bastion public pub / bastion; sg bastion main : in tcp:22 198.51.100.1/32",
                ],
            ),
        ],
    );
}

#[test]
fn three_tier() {
    check(
        THREE_TIER,
        &[
            (
                "internet -> web tcp:80",
                &[
                    "sg lb main : in tcp:443 internet",
                    "table public main puba : 0.0.0.0/0>igw_1",
                    "lb web puba pubb / lb : 80>app:8080",
                    "acl k main pubb : in 90 deny tcp:80 0.0.0.0/0 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0",
                ],
            ),
            (
                "web -> app tcp:8080",
                &[
                    "sg app main :",
                    "sg lb main : in tcp:80 internet",
                    "acl k main appa : in 100 allow tcp:8080 10.0.1.0/24 out 100 allow all 0.0.0.0/0",
                ],
            ),
            (
                "app -> main.db tcp:3306",
                &[
                    "acl data main dataa datab : in 100 allow tcp:3306 10.0.0.0/16",
                    "acl data main dataa datab : in 90 deny tcp:3306 10.0.12.0/24 in 100 allow tcp:3306 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16",
                ],
            ),
            (
                "app -> internet tcp:443",
                &[
                    "table tb main appb :",
                    "nat nat_b appb",
                    "nat nat_a puba failed",
                    "sg app main : in tcp:8080 lb out tcp:3306 database",
                    "table ta main appa appb : 0.0.0.0/0>nat_a; table tb main : ; table data main dataa datab appa :",
                    "acl k main pubb : in 100 allow all 0.0.0.0/0 out 100 allow tcp:0-1023 0.0.0.0/0",
                ],
            ),
            (
                "!internet -> app",
                &["instance app public appa pubb / app; sg app main : in tcp:8080 0.0.0.0/0"],
            ),
            (
                "!internet -> main.db",
                &["db main.db public puba pubb / app; sg app main : in tcp:3306 0.0.0.0/0"],
            ),
            (
                "!main.db -> internet",
                &[
                    "table data main dataa datab : 0.0.0.0/0>nat_a; acl data main dataa datab : in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0; sg database main : out all 0.0.0.0/0",
                ],
            ),
            (
                "!web -> main.db",
                &[
                    "sg lb main : in tcp:80 internet out all 0.0.0.0/0; sg database main : in tcp:3306 10.0.0.0/16",
                ],
            ),
        ],
    );
}

#[test]
fn jump_server() {
    check(
        JUMP,
        &[
            (
                "jump -> main.db tcp:3306",
                &[
                    "sg database main : in tcp:3306 web",
                    "acl k main pc : in 90 deny tcp:3306 10.1.0.0/24 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0",
                ],
            ),
            (
                "dashboard -> main.db tcp:3306",
                &[
                    "sg database main : in tcp:3306 jump",
                    "acl k main pc : in 100 allow all 0.0.0.0/0 out 100 allow tcp:0-1023 0.0.0.0/0",
                ],
            ),
            ("web -> main.db tcp:3306", &["sg web main : in tcp:80 0.0.0.0/0", "acl k main pc :"]),
            (
                "203.0.113.7/32 -> jump tcp:22",
                &[
                    "instance jump pa / jump",
                    "table public main pa pc :",
                    "sg jump main : in tcp:22 203.0.113.8/32",
                    "table public main pc : 0.0.0.0/0>igw_1",
                    "acl k main pa : in 90 deny tcp:22 203.0.113.0/24 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0",
                ],
            ),
            ("!internet -> main.db", &["db main.db public pa pc / web"]),
            ("!internet -> dashboard", &["sg dashboard main : in tcp:22 203.0.113.7/32"]),
        ],
    );
}

#[test]
fn classroom() {
    check(
        CLASSROOM,
        &[
            (
                "203.0.113.7/32 -> users tcp:3306",
                &[
                    "db users a b c / access",
                    "vpc main 172.31.0.0/16 nonames",
                    "igw igw_1",
                    "table t main * :",
                    "acl base main default : in 100 allow all 0.0.0.0/0",
                    "acl base main default : in 90 deny tcp:3306 203.0.113.0/24 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0",
                    "table own main b :",
                ],
            ),
            ("!internet -> users tcp:22", &["sg access main : in tcp:0-4000 203.0.113.7/32"]),
        ],
    );
}

/// What is shut, left to one barrier alone; and what opens that: a rule, a route, an ACL entry, or an
/// association.
type Barrier<'a> = (&'a str, &'a str);

#[track_caller]
fn check_barriers(base: &str, sentence: &str, barriers: &[Barrier<'_>]) {
    for (only, opened) in barriers {
        let kept = format!("{base}\n{only}");
        assert!(holds(&kept, sentence), "[{only}] does not keep {sentence}");
        assert!(!holds(&format!("{kept}\n{opened}"), sentence), "{opened} keeps {sentence}");
    }
    say(&format!("{sentence}: {} barriers, each alone, proved and broken", barriers.len()));
}

#[test]
fn each_barrier_of_snowex() {
    let open = "sg bastion main : in tcp:22 0.0.0.0/0 out all 0.0.0.0/0";
    let inside = format!("{open}; instance bastion public pa / bastion");
    let outside = format!("{open}; instance bastion public pub / bastion");
    check_barriers(
        SNOWEX,
        "!internet -> bastion",
        &[
            ("instance bastion public pub / bastion", open),
            (&inside, "table private main pa pb : 0.0.0.0/0>igw_1"),
            (&inside, "table public main pub pa : 0.0.0.0/0>igw_1; table private main pb :"),
            (
                &format!(
                    "{outside}; acl k main pub : in 10 deny tcp:22 0.0.0.0/0 in 20 allow all 0.0.0.0/0 out 20 allow all 0.0.0.0/0"
                ),
                "acl k main pub : in 20 allow all 0.0.0.0/0 out 20 allow all 0.0.0.0/0",
            ),
            (
                &format!("{outside}; acl k main pub : in 20 allow all 0.0.0.0/0"),
                "acl k main pub : in 20 allow all 0.0.0.0/0 out 20 allow tcp:1024-65535 0.0.0.0/0",
            ),
            (
                &format!(
                    "{outside}; acl k main pub : ; acl l main pa : in 20 allow all 0.0.0.0/0 out 20 allow all 0.0.0.0/0"
                ),
                "acl k main : ; acl l main pa pub : in 20 allow all 0.0.0.0/0 out 20 allow all 0.0.0.0/0",
            ),
        ],
    );
    let open = "sg database main : in tcp:5432 0.0.0.0/0";
    let inside = format!("{open}; db main.db public pa pb / database");
    let outside = format!("{open}; db main.db public pub / database");
    check_barriers(
        SNOWEX,
        "!internet -> main.db",
        &[
            ("db main.db public pub / database", open),
            (&inside, "table private main pa pb : 0.0.0.0/0>igw_1"),
            (&inside, "table public main pub pb : 0.0.0.0/0>igw_1; table private main pa :"),
            (
                &format!(
                    "{outside}; acl k main pub : in 20 allow tcp:443 0.0.0.0/0 out 20 allow all 0.0.0.0/0"
                ),
                "acl k main pub : in 20 allow tcp:443 0.0.0.0/0 in 30 allow tcp:5432 203.0.113.0/24 out 20 allow all 0.0.0.0/0",
            ),
            (&format!("{outside}; acl k main pub :"), "acl k main pa :"),
        ],
    );
}

#[test]
fn each_barrier_of_three_tier() {
    let all = "in 20 allow all 0.0.0.0/0 out 20 allow all 0.0.0.0/0";
    let open = "sg app main : in tcp:8080 0.0.0.0/0 out all 0.0.0.0/0";
    let inside = format!("{open}; instance app public appa appb / app");
    let outside = format!("{open}; instance app public puba / app");
    let shut = |acl: &str| format!("{outside}; acl k main puba : {acl}");
    check_barriers(
        THREE_TIER,
        "!internet -> app",
        &[
            ("instance app public puba / app", open),
            (&inside, "table ta main appa : 0.0.0.0/0>igw_1"),
            (&inside, "table public main puba pubb appa : 0.0.0.0/0>igw_1; table ta main :"),
            (
                &shut("in 20 allow tcp:80 0.0.0.0/0 out 20 allow all 0.0.0.0/0"),
                &format!("acl k main puba : {all}"),
            ),
            (&shut(""), "acl k main pubb :"),
        ],
    );
    let open = "sg database main : in tcp:3306 0.0.0.0/0";
    let wide = format!("acl data main dataa datab : {all}");
    let inside = format!("{open}; {wide}; db main.db public dataa datab / database");
    check_barriers(
        THREE_TIER,
        "!internet -> main.db",
        &[
            ("db main.db public puba / database", open),
            (&inside, "table data main dataa datab : 0.0.0.0/0>igw_1"),
            (
                &inside,
                "table public main puba pubb dataa : 0.0.0.0/0>igw_1; table data main datab :",
            ),
            (
                &format!(
                    "{open}; db main.db public dataa datab / database; table data main dataa datab : 0.0.0.0/0>igw_1"
                ),
                &wide,
            ),
            (
                &format!(
                    "{open}; db main.db public dataa / database; table data main dataa datab : 0.0.0.0/0>igw_1"
                ),
                "acl data main datab : in 100 allow tcp:3306 10.0.0.0/16",
            ),
        ],
    );
    let out = "sg database main : in tcp:3306 app out all 0.0.0.0/0";
    let leads = "table data main dataa datab : 0.0.0.0/0>nat_a";
    check_barriers(
        THREE_TIER,
        "!main.db -> internet",
        &[
            (&format!("{wide}; {leads}"), out),
            (&format!("{wide}; {out}"), leads),
            (&format!("{out}; {leads}"), &wide),
            (&format!("{out}; {leads}"), "acl data main : "),
            (
                &format!("{wide}; {out}"),
                "table data main datab : ; table ta main appa dataa : 0.0.0.0/0>nat_a",
            ),
        ],
    );
    let lb = "sg lb main : in tcp:80 internet out all 0.0.0.0/0";
    let db = "sg database main : in tcp:3306 10.0.0.0/16";
    check_barriers(
        THREE_TIER,
        "!web -> main.db",
        &[
            (lb, db),
            (db, lb),
            (
                &format!(
                    "{lb}; {db}; acl data main dataa datab : in 90 deny all 10.0.0.0/22 in 100 allow tcp:3306 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16"
                ),
                "acl data main dataa datab : in 100 allow tcp:3306 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16",
            ),
            (&format!("{lb}; {db}; acl data main dataa datab :"), "acl data main datab :"),
            // Within a VPC every table leads there, unless a longer route leads away.
            (
                &format!(
                    "{lb}; {db}; table public main puba pubb : 10.0.16.0/20>nat_a 0.0.0.0/0>igw_1"
                ),
                "table public main puba pubb : 0.0.0.0/0>igw_1",
            ),
        ],
    );
}

#[test]
fn each_barrier_of_the_others() {
    let all = "in 20 allow all 0.0.0.0/0 out 20 allow all 0.0.0.0/0";
    let open = "sg dashboard main : in tcp:22 203.0.113.7/32 out all 0.0.0.0/0";
    let shut = |acl: &str| format!("{open}; acl k main pa : {acl}");
    check_barriers(
        JUMP,
        "!internet -> dashboard",
        &[
            ("", open),
            (
                &format!("{open}; table public main pa pc :"),
                "table public main pa pc : 203.0.113.0/24>igw_1",
            ),
            (
                &format!("{open}; table public main pc : 0.0.0.0/0>igw_1"),
                "table public main pa pc : 0.0.0.0/0>igw_1",
            ),
            (
                &shut(
                    "in 10 deny tcp:22 203.0.113.0/24 in 20 allow all 0.0.0.0/0 out 20 allow all 0.0.0.0/0",
                ),
                &format!("acl k main pa : {all}"),
            ),
            (&shut(""), "acl k main pc :"),
        ],
    );
    let open = "sg database main : in tcp:3306 203.0.113.0/24; db main.db public pa pc / database";
    let shut = |acl: &str| format!("{open}; acl k main pa pc : {acl}");
    check_barriers(
        JUMP,
        "!internet -> main.db",
        &[
            ("db main.db public pa pc / database", "sg database main : in tcp:3306 203.0.113.0/24"),
            (
                &format!("{open}; table public main pa pc :"),
                "table public main pa pc : 203.0.113.0/24>igw_1",
            ),
            (
                &format!("{open}; table public main : 0.0.0.0/0>igw_1"),
                "table public main pc : 0.0.0.0/0>igw_1",
            ),
            (
                &shut("in 20 allow tcp:80 0.0.0.0/0 out 20 allow all 0.0.0.0/0"),
                &format!("acl k main pa pc : {all}"),
            ),
            (&shut(""), "acl k main pa :"),
        ],
    );
    let open = "sg access main : in tcp:22 203.0.113.7/32 in tcp:3306 203.0.113.7/32";
    check_barriers(
        CLASSROOM,
        "!internet -> users tcp:22",
        &[
            ("", open),
            (&format!("{open}; table t main * :"), "table t main * : 203.0.113.7/32>igw_1"),
            (&format!("{open}; table own main a b c :"), "table own main a b :"),
            (
                &format!("{open}; acl base main default : in 10 deny tcp:22 0.0.0.0/0 {all}"),
                &format!("acl base main default : {all}"),
            ),
            (&format!("{open}; acl own main a b c :"), "acl own main a b :"),
        ],
    );
}
