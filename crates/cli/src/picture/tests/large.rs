//! More than a page has room for.

use super::sound::check;
use super::{Drawn, titles};
use crate::picture::placed::paper::Role;

#[test]
fn families_are_one_box_and_hundreds_of_resources_are_drawn_at_once() {
    let drawn = Drawn::of(&large());
    assert!(drawn.stack.resources.len() >= 300, "{}", drawn.stack.resources.len());
    let paper = drawn.paper();
    check(&paper);
    let titles: Vec<&str> = titles(&paper);
    for title in ["fleet[*] ×30", "web_a[*] ×12", "Log groups ×60"] {
        assert!(titles.contains(&title), "{title} of {titles:?}");
    }
    let boxes = paper.shapes.iter().filter(|shape| shape.role == Role::Item).count();
    assert!(boxes < 60, "{boxes}");
}

/// Three zones, four tiers, and more of everything than a page has room for.
fn large() -> String {
    use std::fmt::Write as _;
    let list = |count: usize| {
        let keys: Vec<String> = (0..count).map(|index| format!("k{index}")).collect();
        format!("[{}]", keys.join(", "))
    };
    let mut text = "stack: large\nregion: us-west-2\nvpc:\n  main: { cidr_block: 10.0.0.0/16 }\n\
        internet_gateway:\n  main: { vpc: main }\nsubnet:\n"
        .to_owned();
    for (index, tier) in ["web", "app", "batch", "data"].iter().enumerate() {
        for (zone, letter) in ["a", "b", "c"].iter().enumerate() {
            let third = index * 10 + zone;
            let _ = writeln!(
                text,
                "  {tier}_{letter}: {{ vpc: main, cidr_block: 10.0.{third}.0/24, \
                 availability_zone: {letter} }}"
            );
        }
    }
    let _ = writeln!(
        text,
        "  fleet: {{ for_each: {}, vpc: main, availability_zone: a, cidr_block: \
         \"${{cidr_subnet(vpc.main.cidr_block, 24, 100 + each.index)}}\" }}",
        list(30)
    );
    text += "route_table:\n  web: { vpc: main, subnets: [web_a, web_b, web_c], routes: { 0.0.0.0/0: \
        internet_gateway.main } }\nsecurity_group:\n  web: { vpc: main, ingress: [{ port: 443, from: \
        [internet] }] }\n  app: { vpc: main, ingress: [{ port: 8080, from: [web] }] }\ninstance:\n";
    for tier in ["web", "app", "batch"] {
        for letter in ["a", "b", "c"] {
            let group = if tier == "web" { "web" } else { "app" };
            let _ = writeln!(
                text,
                "  {tier}_{letter}: {{ for_each: {}, subnet: {tier}_{letter}, security_groups: \
                 [{group}], ami: ami-0123456789abcdef0, instance_type: t3.micro }}",
                list(12)
            );
        }
    }
    let _ = writeln!(
        text,
        "  fleet: {{ for_each: {}, subnet: \"fleet[${{each.value}}]\", security_groups: [app], ami: \
         ami-0123456789abcdef0, instance_type: t3.micro }}\nlog_group:",
        list(30)
    );
    for index in 0..60 {
        let _ = writeln!(text, "  l{index}: {{ name: /large/{index}, retention_days: 14 }}");
    }
    text += "iam_role:\n";
    for index in 0..60 {
        let _ = writeln!(text, "  r{index}: {{ service: ec2.amazonaws.com }}");
    }
    text += "expect:\n  - instance.web_a reaches instance.app_a on 8080\n";
    text
}
