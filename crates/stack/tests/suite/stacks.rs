//! The stacks that must work, with the kinds that exist.

use std::path::Path;

use trueup_stack::{DiskFiles, Request, Variables, load};

use crate::common::show;

fn stacks() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks"))
}

#[test]
fn snowex_loads_without_a_word() {
    let text = std::fs::read(stacks().join("snowex.yaml")).unwrap();
    let loaded = load(&Request {
        file: "stacks/snowex.yaml",
        bytes: &text,
        files: &DiskFiles::new(stacks()),
        catalog: &trueup_aws::catalog(),
        variables: &Variables::default(),
        region: None,
        account: None,
    });
    assert_eq!(show(&loaded), "");
    let stack = loaded.stack.unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&stack.outputs).unwrap());
    let shown: Vec<String> = stack
        .resources
        .values()
        .map(|resource| {
            let attributes = serde_json::to_string(&resource.attributes).unwrap();
            let uses: Vec<String> = resource
                .references
                .iter()
                .map(|r#use| {
                    let how = if r#use.output { "waits for" } else { "reads" };
                    format!("\n    {} {how} {}", r#use.attribute, r#use.to)
                })
                .collect();
            format!("{} {attributes}{}", resource.address, uses.concat())
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
