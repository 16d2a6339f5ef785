//! Random stacks.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Drawn;
use super::sound::check;

/// A stack in numbers.
#[derive(Debug, Clone)]
struct Shopping {
    zones: usize,
    tiers: Vec<(u8, u8)>,
    function: bool,
    database: bool,
    long: bool,
    groups: u8,
    logs: u8,
    seed: u8,
}

fn shopping() -> impl Strategy<Value = Shopping> {
    (
        1..5_usize,
        proptest::collection::vec((0..3_u8, 0..7_u8), 1..5),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        1..7_u8,
        0..14_u8,
        any::<u8>(),
    )
        .prop_map(|(zones, tiers, function, database, long, groups, logs, seed)| Shopping {
            zones,
            tiers,
            function,
            database,
            long,
            groups,
            logs,
            seed,
        })
}

/// Lines by section.
type Sections = BTreeMap<&'static str, String>;

impl Shopping {
    /// The stack in which that is.
    fn text(&self) -> String {
        let mut sections = Sections::new();
        let mut put = |section, line: String| *sections.entry(section).or_default() += &line;
        self.groups(&mut put);
        for tier in 0..self.tiers.len() {
            self.tier(tier, &mut put);
        }
        self.rest(&mut put);
        self.sentences(&mut put);
        let mut text = "stack: random\nregion: us-west-2\nvpc:\n  main: { cidr_block: 10.0.0.0/16 \
            }\ninternet_gateway:\n  main: { vpc: main }\n"
            .to_owned();
        for (section, lines) in sections {
            text += &format!("{section}:\n{lines}");
        }
        text
    }

    fn tail(&self) -> &'static str {
        if self.long { "_with_a_name_that_nobody_would_ever_want_to_read" } else { "" }
    }

    fn zones(&self) -> &'static [&'static str] {
        &["a", "b", "c", "d"][..self.zones]
    }

    fn group(&self, index: usize) -> String {
        format!("g{}{}", index % usize::from(self.groups), self.tail())
    }

    fn groups(&self, put: &mut dyn FnMut(&'static str, String)) {
        for group in 0..self.groups {
            let from = group.wrapping_add(self.seed) % self.groups;
            let own = self.group(group.into());
            let peer = if from == group { "internet".to_owned() } else { self.group(from.into()) };
            let port = 1000 + u16::from(group);
            let rule = format!("{{ port: {port}, from: [{peer}] }}");
            put("security_group", format!("  {own}: {{ vpc: main, ingress: [{rule}] }}\n"));
        }
    }

    fn tier(&self, tier: usize, put: &mut dyn FnMut(&'static str, String)) {
        let (tail, zones) = (self.tail(), self.zones());
        let (way, instances) = self.tiers[tier];
        let name = format!("t{tier}{tail}");
        put(
            "subnet",
            format!(
                "  {name}: {{ for_each: [{}], vpc: main, availability_zone: \"${{each.value}}\", \
                 cidr_block: \"${{cidr_subnet(vpc.main.cidr_block, 24, {} + each.index)}}\" }}\n",
                zones.join(", "),
                tier * 10
            ),
        );
        let route = match way {
            0 => ", routes: { 0.0.0.0/0: internet_gateway.main }",
            1 if self.tiers[0].0 == 0 => ", routes: { 0.0.0.0/0: nat_gateway.main }",
            _ => "",
        };
        put("route_table", format!("  t{tier}: {{ vpc: main, subnets: [{name}]{route} }}\n"));
        for instance in 0..usize::from(instances) {
            let zone = zones[instance % zones.len()];
            let group = self.group(tier + instance);
            put(
                "instance",
                format!(
                    "  i{tier}_{instance}{tail}: {{ subnet: \"{name}[{zone}]\", security_groups: \
                     [{group}], ami: ami-0123456789abcdef0, instance_type: t3.micro }}\n"
                ),
            );
        }
    }

    fn rest(&self, put: &mut dyn FnMut(&'static str, String)) {
        let (tail, last) = (self.tail(), self.tiers.len() - 1);
        if self.tiers[0].0 == 0 {
            put("nat_gateway", format!("  main: {{ subnet: \"t0{tail}[a]\", elastic_ip: nat }}\n"));
            put("elastic_ip", "  nat: {}\n".to_owned());
        }
        if self.function {
            put("iam_role", format!("  f{tail}: {{ service: lambda.amazonaws.com }}\n"));
            let group = self.group(0);
            put(
                "lambda_function",
                format!(
                    "  f{tail}: {{ runtime: python3.12, handler: app.handler, source: code, role: \
                     f{tail}, subnets: [t{last}{tail}], security_groups: [{group}] }}\n"
                ),
            );
        }
        if self.database && self.zones > 1 {
            let group = self.group(1);
            put("db_subnet_group", format!("  d: {{ subnets: [t{last}{tail}] }}\n"));
            put(
                "db_instance",
                format!(
                    "  d{tail}: {{ engine: postgres, engine_version: \"16\", instance_class: \
                     db.t3.micro, allocated_storage: 20, username: someone, password: managed, \
                     subnet_group: d, security_groups: [{group}] }}\n"
                ),
            );
        }
        for log in 0..self.logs {
            put("log_group", format!("  l{log}{tail}: {{ name: /l/{log}, retention_days: 14 }}\n"));
        }
    }

    fn sentences(&self, put: &mut dyn FnMut(&'static str, String)) {
        let tail = self.tail();
        let mut expect = |sentence: String| put("expect", format!("  - {sentence}\n"));
        if self.database && self.zones > 1 {
            expect(format!("internet does not reach db_instance.d{tail}"));
            if self.function {
                expect(format!("lambda_function.f{tail} reaches db_instance.d{tail} on 5432"));
            }
        }
        let tiers = self.tiers.iter().enumerate().filter(|(_, (_, instances))| *instances > 0);
        let first: Vec<String> =
            tiers.map(|(tier, _)| format!("instance.i{tier}_0{tail}")).collect();
        for pair in first.windows(2) {
            expect(format!("{} reaches {} on 443", pair[0], pair[1]));
            expect(format!("{} reaches internet on 443", pair[1]));
            expect(format!("203.0.113.0/24 reaches {} on 22", pair[0]));
            expect(format!("{} reaches ssm on 443", pair[0]));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_stacks_are_drawn_well(shopping in shopping()) {
        let text = shopping.text();
        let drawn = Drawn::of(&text);
        for is_planned in [false, true] {
            check(&drawn.drawn(is_planned));
        }
        let svg = drawn.svg();
        prop_assert!(roxmltree::Document::parse(&svg).is_ok());
    }
}
