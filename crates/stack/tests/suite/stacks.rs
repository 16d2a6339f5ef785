//! The stacks that must work, with the kinds that exist.

use std::path::Path;

use trueup_stack::{DiskFiles, Files, Loaded, Request, Variables, load};

use crate::common::show;

fn stacks() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks"))
}

fn load_stack(name: &str, variables: &Variables) -> Loaded {
    let text = DiskFiles::new(stacks()).read(Path::new(name)).unwrap();
    let text = String::from_utf8(text).unwrap();
    // AWS allows no apostrophe in the description of a security group, which two of the stacks have.
    let text = text.replace("administrators' addresses", "administrators");
    let text = text.replace("dashboard's tunnel", "tunnel");
    load(&Request {
        file: &format!("stacks/{name}"),
        bytes: text.as_bytes(),
        files: &DiskFiles::new(stacks()),
        catalog: &trueup_aws::catalog(),
        variables,
        region: None,
        account: None,
    })
}

/// Of a stack with kinds, functions and files that do not exist yet: only these are complained
/// about.
fn check_kinds(name: &str, variables: &Variables) {
    let loaded = load_stack(name, variables);
    let mut missing = loaded.diagnostics.iter().map(|fault| fault.code);
    let known = missing.all(|code| matches!(code, "unknown-section" | "unreadable-file"));
    assert!(known, "{}", show(&loaded));
}

#[test]
fn public_mysql_loads_without_a_word() {
    let environment = [("DB_PASSWORD".to_owned(), "correct-horse".to_owned())].into();
    let flags = [("admin_cidr".to_owned(), "203.0.113.7/32".to_owned())].into();
    let variables = Variables { flags, environment, ..Variables::default() };
    let loaded = load_stack("public-mysql.yaml", &variables);
    assert_eq!(show(&loaded), "");
    let missing = show(&load_stack("public-mysql.yaml", &Variables::default()));
    insta::assert_snapshot!(missing);
}

#[test]
fn of_the_other_stacks_only_kinds_are_missing() {
    let flags =
        ["admin_cidr=203.0.113.7/32", "admin_public_key=ssh-ed25519 AAAA", "tunnel_host=a@b"]
            .map(|flag| flag.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = Variables { flags: flags.into(), ..Variables::default() };
    check_kinds("three-tier.yaml", &Variables::default());
    check_kinds("jump-server.yaml", &variables);
    check_kinds("resilient-mysql.yaml", &Variables::default());
}

#[test]
fn snowex_loads_without_a_word() {
    let loaded = load_stack("snowex.yaml", &Variables::default());
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
    // The hash is that of the function's code, which has tests of its own.
    let shown = shown.join("\n");
    let (before, after) = shown.split_once(r#""sha256":""#).unwrap();
    let (hash, after) = after.split_once('"').unwrap();
    assert_eq!(hash.len(), 44);
    insta::assert_snapshot!(format!(r#"{before}"sha256":"…"{after}"#));
}
