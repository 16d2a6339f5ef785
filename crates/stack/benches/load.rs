//! Seconds to load snowex, and generated stacks of growing size: growth must be close to linear.
//!
//! `cargo bench -p trueup-stack`

#![expect(clippy::print_stdout, reason = "a bench tells its numbers")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock and a stack on the disk")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use trueup_stack::{DiskFiles, Files, Loaded, MemoryFiles, Request, Variables, load};

fn main() {
    let stacks = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks"));
    let snowex = std::fs::read_to_string(stacks.join("snowex.yaml")).expect("the stack is there");
    measure("snowex, first", &snowex, &DiskFiles::new(stacks));
    measure("snowex, again", &snowex, &DiskFiles::new(stacks));
    for size in [1_000, 10_000, 100_000] {
        let text = generated(size);
        measure(&format!("{size} resources"), &text, &MemoryFiles::default());
    }
}

fn measure(what: &str, text: &str, files: &dyn Files) {
    let catalog = trueup_aws::catalog();
    let start = Instant::now();
    let Loaded { stack, diagnostics, .. } = load(&Request {
        file: "stack.yaml",
        bytes: text.as_bytes(),
        files,
        catalog: &catalog,
        variables: &Variables::default(),
        region: None,
        account: None,
    });
    let took = start.elapsed();
    let stack = stack.unwrap_or_else(|| panic!("{:?}", &diagnostics[..3.min(diagnostics.len())]));
    let (count, size) = (stack.resources.len(), text.len() / 1024);
    println!("{what}: {count} resources, {size} KiB, {:.3} s", took.as_secs_f64());
}

/// Subnets and groups in VPCs of 200 resources each, half of them in families, with expressions and
/// references to each other.
fn generated(size: usize) -> String {
    let mut text = "stack: large\nregion: us-west-2\n".to_owned();
    let networks = size / 200;
    let (mut vpcs, mut subnets, mut groups) = (String::new(), String::new(), String::new());
    for network in 0..networks {
        let block = format!("10.{}.0.0/16", network % 256);
        let _ = writeln!(vpcs, "  v{network}: {{ cidr_block: {block} }}");
        let _ = writeln!(
            subnets,
            "  s{network}:\n    for_each: [{}]\n    vpc: v{network}\n    availability_zone: a\n    \
             cidr_block: ${{cidr_subnet(vpc.v{network}.cidr_block, 24, each.index)}}",
            (0..99).map(|key| format!("k{key}")).collect::<Vec<_>>().join(", "),
        );
        for group in 0..100 {
            let next = (group + 1) % 100;
            let _ = writeln!(
                groups,
                "  g{network}_{group}:\n    vpc: v{network}\n    description: Group ${{vpc.v{network}.cidr_block}} {group}\n    \
                 ingress:\n      - {{ port: {group}, from: [g{network}_{next}] }}\n      \
                 - {{ port: 443, from: [internet] }}",
            );
        }
    }
    let _ = write!(text, "vpc:\n{vpcs}subnet:\n{subnets}security_group:\n{groups}");
    text
}
