//! Whatever the bytes are, loading ends soon, with a stack or with a reason.

use std::fmt::Write as _;

use proptest::prelude::*;
use trueup_stack::{Loaded, MemoryFiles, Request, Variables, load};

use crate::common::{faults, load_text};

fn load_bytes(bytes: &[u8]) -> Loaded {
    load(&Request {
        file: "stack.yaml",
        bytes,
        files: &MemoryFiles::default(),
        catalog: &trueup_aws::catalog(),
        variables: &Variables::default(),
        region: None,
        account: None,
    })
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn a_hundred_megabytes_are_refused_unread() {
    let loaded = load_bytes(&vec![b'a'; 100 * 1024 * 1024]);
    assert_eq!(codes(&loaded), ["too-large"]);
}

#[test]
fn what_is_no_text_is_refused() {
    let loaded = load_bytes(b"stack: a\nregion: \xff\n");
    assert_eq!(codes(&loaded), ["not-utf8"]);
    assert!(loaded.diagnostics[0].message.contains("line 2"));
}

#[test]
fn a_byte_order_mark_is_no_fault() {
    let loaded = load_bytes("\u{feff}stack: a\n".as_bytes());
    assert!(loaded.stack.is_some(), "{:?}", loaded.diagnostics);
}

/// Each tag is twice the one before.
#[test]
fn texts_that_double_through_resources_have_an_end() {
    let mut text = "stack: a\nregion: us-west-2\nlog_group:\n  g0: { name: xxxxxxxx }\n".to_owned();
    for step in 1..40 {
        let before = step - 1;
        let _ = writeln!(
            text,
            "  g{step}: {{ name: '${{log_group.g{before}.name}}${{log_group.g{before}.name}}' }}"
        );
    }
    assert!(faults(&text).contains("longer than 1 MiB"));
}

#[test]
fn many_faults_are_all_reported_once() {
    let mut text = "stack: a\nregion: us-west-2\nsubnet:\n".to_owned();
    for number in 0..200 {
        let _ = writeln!(text, "  s{number}: {{ vpc: none, cidr_block: x, availability_zone: a }}");
    }
    assert_eq!(load_text(&text).diagnostics.len(), 400);
}

/// A stack with everything in it, to be damaged.
const WHOLE: &str = "stack: a
region: us-west-2
tags: { a: b }
variables: { n: { type: int, default: 2 }, zones: { type: list, default: [a, b] } }
existing: { vpc: { other: { default: true } } }
vpc: { main: { cidr_block: 10.0.0.0/16, tags: { x: '${var.n}' } } }
subnet:
  private:
    for_each: ${var.zones}
    vpc: main
    availability_zone: ${each.value}
    cidr_block: ${cidr_subnet(vpc.main.cidr_block, 24, each.index + var.n)}
security_group:
  a: { vpc: main, description: a, ingress: [{ port: 22, from: [b, internet] }] }
  b: { vpc: other, description: \"b ${vpc.main.id}\", ingress: [] }
db_subnet_group: { main: { subnets: [private] } }
instance:
  a: { subnet: 'private[a]', security_groups: [a], ami: ami-0123456789abcdef0, instance_type: t3.micro }
expect:
  - instance.a reaches internet on 443
outputs:
  ids: ${subnet.private.id}
  all: ${json(var.zones.map(z, z + stack))}
";

#[test]
fn the_whole_stack_is_sound() {
    assert_eq!(faults(WHOLE), "");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let loaded = load_bytes(&bytes);
        prop_assert!(loaded.stack.is_some() || !loaded.diagnostics.is_empty());
    }

    /// Words of the language in any order.
    #[test]
    fn any_words(words in proptest::collection::vec(
        prop::sample::select(vec![
            "stack", "vpc", "subnet", "main", ":", " ", "\n", "\n  ", "{", "}", "[", "]", ",", "${",
            "}", "var.x", "each.key", "for_each", "a", "10.0.0.0/16", "module", "source", "existing",
            "expect", "outputs", "- ", "&a ", "*a", "vpc.main.id", "\"", "'", "tags", "policy", "~",
            "internet", " reaches ", "instance", "ami", "variables", "type", "list", "|", "#",
        ]), 0..60,
    )) {
        let loaded = load_bytes(words.concat().as_bytes());
        prop_assert!(loaded.stack.is_some() || !loaded.diagnostics.is_empty());
    }

    /// A good stack with one stretch replaced: every place that is told lies in the text.
    #[test]
    fn a_damaged_stack(start in 0..WHOLE.len(), length in 0_usize..12, by in ".{0,6}") {
        let end = (start + length).min(WHOLE.len());
        let text = format!("{}{by}{}", &WHOLE[..start], &WHOLE[end..]);
        let loaded = load_text(&text);
        for diagnostic in &loaded.diagnostics {
            if let Some(location) = &diagnostic.location {
                let marked = loaded.sources[&location.file].get(location.start..location.end);
                prop_assert!(marked.is_some(), "{diagnostic:?}");
            }
        }
        prop_assert_eq!(loaded.stack.is_some(), loaded.diagnostics.iter().all(
            |diagnostic| diagnostic.severity != trueup_model::Severity::Error,
        ));
    }
}
