//! What the language says, by what stacks come to mean.

use trueup_model::{Address, Expression, Stack, Value};
use trueup_stack::{CelEvaluator, MemoryFiles, Variables};

use crate::common::{load_with, show};

fn stack_with(text: &str, files: &MemoryFiles, variables: &Variables) -> Stack {
    let text = format!("stack: shop\nregion: us-west-2\n{text}");
    let loaded = load_with(&text, files, variables);
    assert_eq!(show(&loaded), "");
    loaded.stack.unwrap()
}

fn stack(text: &str) -> Stack {
    stack_with(text, &MemoryFiles::default(), &Variables::default())
}

/// An attribute of a resource, as JSON.
fn attribute(stack: &Stack, address: &str, name: &str) -> String {
    let address: Address = address.parse().unwrap();
    let resource = &stack.resources[&address];
    let expression = match name.strip_prefix("tags.") {
        Some(tag) => &resource.tags[tag],
        None => &resource.attributes[name],
    };
    serde_json::to_string(expression).unwrap()
}

fn output(stack: &Stack, name: &str) -> String {
    serde_json::to_string(&stack.outputs[name]).unwrap()
}

const NETWORK: &str = "
inputs:
  cidr_block: { type: cidr, default: 10.0.0.0/16 }
  zones: { type: list, default: [a, b] }
  of: { type: string, default: nobody }
vpc: { main: { cidr_block: '${input.cidr_block}', tags: { of: '${input.of}' } } }
subnet:
  private:
    for_each: ${input.zones}
    vpc: main
    availability_zone: ${each.value}
    cidr_block: ${cidr_subnet(input.cidr_block, 24, each.index)}
outputs:
  vpc_id: ${vpc.main.id}
  cidr: ${vpc.main.cidr_block}
  label: x-${vpc.main.id}
  zones: ${input.zones}
";

fn with_network(text: &str) -> Stack {
    let files = MemoryFiles::default().with("modules/network.yaml", NETWORK);
    stack_with(text, &files, &Variables::default())
}

#[test]
fn a_module_is_a_file_with_inputs_and_outputs() {
    let stack = with_network(
        "
module:
  net: { source: modules/network.yaml, cidr_block: 10.1.0.0/16 }
  copy: { source: modules/network.yaml, of: '${module.net.outputs.label}', zones: [c] }
security_group: { web: { vpc: module.net.main, description: web } }
db_subnet_group: { main: { subnets: [module.net.private] } }
instance: { web: { ami: ami-1, instance_type: t3.micro, subnet: 'module.net.private[b]' } }
outputs:
  cidr: ${module.net.outputs.cidr}
  label: ${module.net.outputs.label}
  id: ${module.copy.vpc.main.id}
  zones: ${module.copy.outputs.zones}
",
    );
    let addresses: Vec<String> = stack.resources.keys().map(ToString::to_string).collect();
    insta::assert_snapshot!(addresses.join(" "), @"db_subnet_group.main instance.web security_group.web module.copy.subnet.private[c] module.copy.vpc.main module.net.subnet.private[a] module.net.subnet.private[b] module.net.vpc.main");
    insta::assert_snapshot!(attribute(&stack, "security_group.web", "vpc"), @r#"{"reference":{"to":"module.net.vpc.main","attribute":"id"}}"#);
    insta::assert_snapshot!(attribute(&stack, "db_subnet_group.main", "subnets"), @r#"{"list":[{"reference":{"to":"module.net.subnet.private[a]","attribute":"id"}},{"reference":{"to":"module.net.subnet.private[b]","attribute":"id"}}]}"#);
    insta::assert_snapshot!(attribute(&stack, "instance.web", "subnet"), @r#"{"reference":{"to":"module.net.subnet.private[b]","attribute":"id"}}"#);
    insta::assert_snapshot!(attribute(&stack, "module.net.subnet.private[b]", "cidr_block"), @r#"{"value":"10.1.1.0/24"}"#);
    insta::assert_snapshot!(output(&stack, "cidr"), @r#"{"value":"10.1.0.0/16"}"#);
    insta::assert_snapshot!(output(&stack, "id"), @r#"{"template":{"source":"${module.copy.vpc.main.id}","references":[{"to":"module.copy.vpc.main","attribute":"id"}]}}"#);
    insta::assert_snapshot!(output(&stack, "zones"), @r#"{"value":["c"]}"#);
    insta::assert_snapshot!(attribute(&stack, "module.copy.vpc.main", "tags.of"), @r#"{"template":{"source":"x-${vpc.main.id}","modules":["net"],"references":[{"to":"module.net.vpc.main","attribute":"id"}]}}"#);
}

/// What AWS made, for a whole evaluation.
struct Made;

impl trueup_model::Scope for Made {
    fn lookup(&self, reference: &trueup_model::Reference) -> trueup_model::expression::Lookup {
        trueup_model::expression::Lookup::Known(format!("<{reference}>").into())
    }

    fn ambient(&self, name: &str) -> Option<Value> {
        Some(format!("<{name}>").into())
    }
}

#[test]
fn what_goes_through_modules_is_evaluated_in_its_own_scope() {
    let stack = with_network(
        "
module:
  net: { source: modules/network.yaml }
  copy: { source: modules/network.yaml, of: '${module.net.outputs.label}' }
outputs:
  label: ${module.net.outputs.label}!
  account: ${account}-${region}
",
    );
    let made = |expression: &Expression| {
        expression.resolve(&CelEvaluator, &Made).unwrap().to_value().unwrap().to_string()
    };
    let tag = &stack.resources[&"module.copy.vpc.main".parse().unwrap()].tags["of"];
    assert_eq!(made(tag), "x-<module.net.vpc.main.id>");
    assert_eq!(made(&stack.outputs["label"]), "x-<module.net.vpc.main.id>!");
    assert_eq!(made(&stack.outputs["account"]), "<account>-us-west-2");
    let reads: Vec<String> = tag.references().iter().map(ToString::to_string).collect();
    assert_eq!(reads, ["module.net.vpc.main.id"]);
}

#[test]
fn what_is_looked_up_can_be_named() {
    let stack = stack(
        "
existing:
  vpc: { default: { default: true }, other: { stack: net, address: 'vpc.main' } }
  db_subnet_group: { default: { name: default } }
security_group:
  a: { vpc: default, description: '${existing.vpc.default.cidr_block}' }
  b: { vpc: existing.vpc.other, description: b }
  c: { vpc: vpc-0123, description: c }
",
    );
    assert_eq!(
        attribute(&stack, "security_group.a", "vpc"),
        r#"{"reference":{"to":"vpc.default","attribute":"id","existing":true}}"#
    );
    assert_eq!(attribute(&stack, "security_group.c", "vpc"), r#"{"value":"vpc-0123"}"#);
    let existing: Vec<String> =
        stack.existing.values().map(|e| serde_json::to_string(&e.by).unwrap()).collect();
    insta::assert_snapshot!(existing.join(" "), @r#"{"name":"default"} "default" {"stack":{"stack":"net","address":"vpc.main"}}"#);
}

#[test]
fn secrets_stay_secret() {
    let text = "
variables:
  password: { type: string, sensitive: true, from_env: DB_PASSWORD }
db_instance:
  main: { engine: mysql, engine_version: 8.0, instance_class: db.t3.micro, allocated_storage: 20, username: admin, password: '${var.password}' }
outputs: { PASSWORD: '${var.password}', later: '${db_instance.main.endpoint}:${var.password}' }
";
    let environment = [("DB_PASSWORD".to_owned(), "correct-horse".to_owned())].into();
    let variables = Variables { environment, ..Variables::default() };
    let stack = stack_with(text, &MemoryFiles::default(), &variables);
    let everything = format!("{stack:?}{}", serde_json::to_string(&stack.outputs).unwrap());
    assert!(!everything.contains("correct-horse") && everything.contains("(sensitive)"));
    let password = stack.resources.values().next().unwrap().known("password").unwrap();
    assert_eq!(password.as_str(), Some("correct-horse"));
    assert!(matches!(password, Value::Secret(_)));
    assert_eq!(attribute(&stack, "db_instance.main", "engine_version"), r#"{"value":"8.0"}"#);
}

#[test]
fn variables_come_from_flags_files_and_environment_in_that_order() {
    let given = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    let variables = Variables {
        flags: given(&[("a", "flag")]),
        files: vec![
            ("1.yaml".into(), "{a: file, b: file}".into()),
            ("2.yaml".into(), "b: second".into()),
        ],
        environment: given(&[
            ("TRUEUP_VAR_A", "env"),
            ("TRUEUP_VAR_B", "env"),
            ("TRUEUP_VAR_c", "env"),
            ("D", "from"),
            ("TRUEUP_VAR_ZONES", "[x, 1]"),
        ]),
    };
    let stack = stack_with(
        "
variables:
  a: { type: string }
  b: { type: string }
  c: { type: string, from_env: D }
  d: { type: string, from_env: D }
  e: { type: string, default: default }
  zones: { type: list }
outputs: { all: '${var.a} ${var.b} ${var.c} ${var.d} ${var.e} ${json(var.zones)}' }
",
        &MemoryFiles::default(),
        &variables,
    );
    assert_eq!(output(&stack, "all"), r#"{"value":"flag second env from default [\"x\",1]"}"#);
}

#[test]
fn texts_come_from_files() {
    let files = MemoryFiles::default()
        .with("files/app.sh", "#!/bin/sh\necho ${port + 1} $${HOME} ${host}\n")
        .with("files/note.txt", "${not.an.expression}");
    let stack = stack_with("
vpc: { main: { cidr_block: 10.0.0.0/16 } }
instance:
  a: { ami: ami-1, instance_type: t3.micro, subnet: subnet-1, user_data: { template: files/app.sh, with: { port: 80, host: h } } }
  b: { ami: ami-1, instance_type: t3.micro, subnet: subnet-1, user_data: { template: files/app.sh, with: { port: 80, host: '${vpc.main.id}' } } }
outputs: { note: \"${file('files/note.txt')}\" }
", &files, &Variables::default());
    assert_eq!(
        attribute(&stack, "instance.a", "user_data"),
        r##"{"value":"#!/bin/sh\necho 81 ${HOME} h\n"}"##
    );
    let later = &stack.resources[&"instance.b".parse().unwrap()].attributes["user_data"];
    let made = later.resolve(&CelEvaluator, &Made).unwrap().to_value().unwrap();
    assert_eq!(made.as_str(), Some("#!/bin/sh\necho 81 ${HOME} <vpc.main.id>\n"));
    assert_eq!(output(&stack, "note"), r#"{"value":"${not.an.expression}"}"#);
}

#[test]
fn configured_attributes_of_others_are_folded_in_order() {
    let stack = stack(
        "
log_group:
  a: { name: '${log_group.b.name}-a', retention_days: '${log_group.c.retention_days}' }
  b: { name: '${log_group.c.name}-b', retention_days: 30 }
  c: { name: c, retention_days: '${log_group.b.retention_days}' }
  d: { for_each: { x: 1, y: 3 }, name: 'd-${each.key}', retention_days: '${each.value}' }
  e: { name: \"${log_group.d['x'].name}\", tags: { all: '${json(log_group.d.name)}' } }
",
    );
    assert_eq!(attribute(&stack, "log_group.a", "name"), r#"{"value":"c-b-a"}"#);
    assert_eq!(attribute(&stack, "log_group.a", "retention_days"), r#"{"value":30}"#);
    assert_eq!(attribute(&stack, "log_group.d[y]", "retention_days"), r#"{"value":3}"#);
    assert_eq!(attribute(&stack, "log_group.e", "name"), r#"{"value":"d-x"}"#);
    assert_eq!(attribute(&stack, "log_group.e", "tags.all"), r#"{"value":"[\"d-x\",\"d-y\"]"}"#);
    let reads = &stack.resources[&"log_group.a".parse().unwrap()].references;
    assert!(reads.iter().all(|r#use| !r#use.output));
}

#[test]
fn common_fields_are_kept() {
    let stack = stack(
        "
tags: { project: shop, stage: dev }
log_group:
  new:
    for_each: [a, b]
    name: 'x-${each.key}'
    moved_from: log_group.old
    depends_on: [log_group.first]
    on_destroy: retain
    protect: true
    tags: { stage: '${each.key}' }
    ignore_changes: { retention_days: somebody else sets it }
  first: { name: first, adopt: /aws/first }
lambda_function:
  api:
    image: 111111111111.dkr.ecr.us-west-2.amazonaws.com/api:1
    role: arn:aws:iam::111111111111:role/api
    ignore_changes:
      environment.MODE: the console owns it
      environment[A.B]: so it does this
      url.cors.max_age_seconds: and that
",
    );
    let new = &stack.resources[&"log_group.new[a]".parse().unwrap()];
    assert_eq!(new.moved_from.as_ref().unwrap().to_string(), "log_group.old[a]");
    assert_eq!(new.depends_on, ["log_group.first".parse().unwrap()]);
    assert!(new.protect && new.ignore_changes.contains_key("retention_days"));
    assert_eq!(new.known_tags()["stage"], Value::from("a"));
    assert_eq!(new.known_tags()["project"], Value::from("shop"));
    assert_eq!(new.place("tags.stage").unwrap().line, 13);
    let api = &stack.resources[&"lambda_function.api".parse().unwrap()];
    let ignored: Vec<&String> = api.ignore_changes.keys().collect();
    assert_eq!(ignored, ["environment[A.B]", "environment[MODE]", "url.cors.max_age_seconds"]);
    let first = &stack.resources[&"log_group.first".parse().unwrap()];
    assert_eq!(first.adopt.as_deref(), Some("/aws/first"));
}

#[test]
fn the_digest_tells_stacks_apart_and_nothing_else() {
    let digest = |text: &str, content: &str| {
        let files = MemoryFiles::default().with("a.txt", content);
        stack_with(text, &files, &Variables::default()).digest
    };
    let text = "outputs: { a: \"${file('a.txt')}\" }\n";
    assert_eq!(digest(text, "1"), digest(text, "1"));
    assert_ne!(digest(text, "1"), digest(text, "2"));
    assert_ne!(digest(text, "1"), digest(&format!("{text}\n"), "1"));
}

#[test]
fn what_is_looked_up_later_is_collected() {
    let stack = stack(
        "
instance: { a: { ami: { ssm_parameter: /aws/ami }, instance_type: t3.micro, subnet: subnet-1 } }
",
    );
    assert_eq!(stack.parameters.iter().collect::<Vec<_>>(), ["/aws/ami"]);
}

#[test]
fn a_former_address_is_relative_or_from_the_root_and_a_map_says_it_key_by_key() {
    let net = "
vpc: { main: { cidr_block: 10.0.0.0/16, moved_from: root.vpc.main } }
log_group:
  inner: { name: inner, moved_from: log_group.former }
";
    let files = MemoryFiles::default().with("net.yaml", net);
    let text = "
module: { net: { source: net.yaml } }
log_group:
  each:
    for_each: [a, b, c]
    name: 'x-${each.key}'
    moved_from: { a: log_group.single, b: 'root.log_group.each[old]' }
  out: { name: out, moved_from: module.net.log_group.gone }
";
    let stack = stack_with(text, &files, &Variables::default());
    let from = |address: &str| {
        let resource = &stack.resources[&address.parse().unwrap()];
        resource.moved_from.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(from("module.net.vpc.main"), "vpc.main");
    assert_eq!(from("module.net.log_group.inner"), "module.net.log_group.former");
    assert_eq!(from("log_group.each[a]"), "log_group.single");
    assert_eq!(from("log_group.each[b]"), "log_group.each[old]");
    assert_eq!(from("log_group.each[c]"), "");
    assert_eq!(from("log_group.out"), "module.net.log_group.gone");
}
