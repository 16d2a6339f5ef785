//! The command line itself: help, version, completions, templates, and what is wrong with it.

use crate::harness::Bench;

#[tokio::test]
async fn help_reads_well() {
    insta::assert_snapshot!(Bench::new().run("--help").await.expect(0).stdout);
}

#[tokio::test]
async fn help_of_a_command_reads_well() {
    insta::assert_snapshot!(Bench::new().run("apply --help").await.expect(0).stdout);
}

#[tokio::test]
async fn the_version_is_one_line() {
    let ran = Bench::new().run("--version").await.expect(0);
    assert_eq!(ran.stdout, concat!("trueup ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[tokio::test]
async fn an_unknown_command_is_an_error_with_advice() {
    let ran = Bench::new().run("aply").await.expect(1);
    assert!(ran.stderr.contains("a similar subcommand exists: 'apply'"), "{}", ran.stderr);
}

#[tokio::test]
async fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = Bench::new().run(&format!("completions {shell}")).await.expect(0);
        assert!(ran.stdout.contains("allow-data-loss"), "{shell}");
    }
}

#[tokio::test]
async fn init_lists_its_templates() {
    insta::assert_snapshot!(Bench::new().run("init").await.expect(0).stdout);
    let listed = Bench::new().run("init --json").await.expect(0).json();
    assert_eq!((&listed["format"], listed["templates"].as_array().unwrap().len()), (&1.into(), 4));
    assert!(listed["templates"][0]["summary"].is_string(), "{listed}");
}

#[tokio::test]
async fn init_writes_a_stack_once() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.run("init function shop").await.expect(0).stdout);
    bench.run("validate shop").await.expect(0);
    let again = bench.run("init function shop").await.expect(1);
    insta::assert_snapshot!(again.stderr);
    assert!(bench.read("shop/stack.yaml").starts_with("# A Python function"));
    let written = bench.run("init network net --json").await.expect(0).json();
    let expected =
        serde_json::json!({"format": 1, "template": "network", "files": ["net/stack.yaml"]});
    assert_eq!(written, expected);
}

#[tokio::test]
async fn without_a_stack_the_way_to_one_is_shown() {
    insta::assert_snapshot!(Bench::new().run("plan").await.expect(1).stderr);
}

#[tokio::test]
async fn a_variable_without_a_value_is_refused() {
    let ran = Bench::with_stack("stack: x\n").run("validate --var name").await.expect(1);
    assert!(ran.stderr.contains("write NAME=VALUE"), "{}", ran.stderr);
}

#[tokio::test]
async fn every_template_can_be_applied_and_then_there_is_nothing_to_do() {
    let bench = Bench::new();
    for name in ["network", "bastion", "function", "private-database"] {
        bench.run(&format!("init {name} {name}")).await.expect(0);
        bench.run(&format!("apply {name} --sandbox --yes")).await.expect(0);
        bench.run(&format!("plan {name} --sandbox --detailed-exitcode")).await.expect(0);
        bench.run(&format!("drift {name} --sandbox")).await.expect(0);
    }
    // What is said of them is so: Session Manager reaches the machines.
    for (name, ends) in [
        ("bastion", &["instance.bastion"][..]),
        ("private-database", &["instance.bastion", "db_instance.main"]),
    ] {
        for end in ends {
            bench.run(&format!("doctor {end} {name} --sandbox")).await.expect(0);
        }
    }
}

#[tokio::test]
async fn schemas_are_json_schema() {
    for of in ["stack", "module"] {
        let schema = Bench::new().run(&format!("schema {of}")).await.expect(0).json();
        assert!(schema["$schema"].as_str().unwrap().contains("json-schema.org"), "{of}");
        assert!(schema["properties"]["security_group"].is_object(), "{of}");
    }
}
