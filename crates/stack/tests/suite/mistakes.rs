//! The mistakes that people make, and what they are told.

use insta::assert_snapshot;
use trueup_stack::{MemoryFiles, Variables};

use crate::common::{faults, load_with, show};

const HEAD: &str = "stack: shop\nregion: us-west-2\n";

/// The faults of a stack with a head before this text.
fn check(text: &str) -> String {
    faults(&format!("{HEAD}{text}"))
}

#[test]
fn a_wrong_reference() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet:
  public: { vpc: mian, cidr_block: 10.0.0.0/24, availability_zone: a }
instance:
  web: { ami: ami-1, instance_type: t3.micro, subnet: main, iam_role: wb }
iam_role: { web: { service: ec2.amazonaws.com } }
"
    ));
}

#[test]
fn a_reference_of_the_wrong_kind() {
    assert_snapshot!(check("
vpc: { main: { cidr_block: 10.0.0.0/16 } }
internet_gateway: { edge: { vpc: subnet.public } }
subnet: { public: { vpc: edge, cidr_block: 10.0.0.0/24, availability_zone: a } }
route_table: { public: { vpc: main, routes: { 0.0.0.0/0: subnet.public, 10.1.0.0/16: internet_gateway.egde } } }
"));
}

#[test]
fn overlapping_networks() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet:
  a: { vpc: main, cidr_block: 10.0.0.0/20, availability_zone: a }
  b: { vpc: main, cidr_block: 10.0.1.0/24, availability_zone: b }
"
    ));
}

/// Its name is not known, which is no second mistake.
#[test]
fn what_reads_a_faulty_resource_is_not_faulty() {
    assert_snapshot!(check(
        "
iam_role: { api: { service: lambda.amazonaws.com } }
lambda_function:
  api: { runtime: python3.12, handler: app.handler, source: nowhere, role: api }
log_group: { api: { name: '/aws/lambda/${lambda_function.api.name}', retention_days: 14 } }
"
    ));
}

#[test]
fn one_zone_for_a_database() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet: { a: { vpc: main, cidr_block: 10.0.0.0/24, availability_zone: a } }
db_subnet_group: { main: { subnets: [a] } }
"
    ));
}

#[test]
fn a_cycle() {
    assert_snapshot!(check("
vpc: { main: { cidr_block: 10.0.0.0/16 } }
elastic_ip: { one: { depends_on: [elastic_ip.two] }, two: { tags: { of: '${elastic_ip.three.id}' } }, three: { depends_on: [elastic_ip.one] } }
log_group: { a: { name: '${log_group.b.name}' }, b: { name: '${log_group.a.name}' } }
"));
}

#[test]
fn groups_may_refer_to_each_other() {
    assert_snapshot!(check("
vpc: { main: { cidr_block: 10.0.0.0/16 } }
security_group:
  a: { vpc: main, description: a, ingress: [{ port: 1, from: [b] }] }
  b: { vpc: main, description: b, ingress: [{ port: 1, from: [a] }] }
"), @"");
}

#[test]
fn a_typo_in_a_key() {
    assert_snapshot!(check(
        "
vpcs: { main: { cidr_block: 10.0.0.0/16 } }
load_ballancer: {}
vpc:
  main: { cidr_blok: 10.0.0.0/16, enable_dns_hostname: yes, arn: x, count: 2 }
instance:
  web: { ami: { ssm_paramter: /x }, instance_type: t3.micro, subnet: subnet-1 }
"
    ));
}

#[test]
fn wrong_values() {
    assert_snapshot!(check("
vpc: { main: { cidr_block: 10.0.0.1/16, enable_dns_support: \"true\", instance_tenancy: dedicatd } }
security_group:
  web:
    vpc: main
    description: web
    ingress:
      - { port: 70000, from: [internet] }
      - { port: [80], from: internet }
      - { port: 80, from: [10.0.0.1] }
      - { from: [0.0.0.0/33, inetrnet] }
db_instance:
  main: { engine: postgre, username: x, instance_class: db.t3.micro, allocated_storage: \"20\", backup_retention_days: 99 }
"));
}

#[test]
fn bad_ports() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
security_group:
  web:
    vpc: main
    ingress:
      - { port: 443, from: [internet] }
      - { port: 70000, from: [internet] }
      - { port: abc, from: [internet] }
      - { port: 5432-80, from: [internet] }
      - { port: -1, from: [internet] }
      - { port: \"-1\", protocol: udp, from: [internet] }
      - { port: 80-, from: [internet] }
      - { port: 300, protocol: icmp, from: [internet] }
"
    ));
}

#[test]
fn rules_that_ec2_takes_for_the_same() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
security_group:
  web:
    vpc: main
    ingress:
      - { port: 80, from: [10.0.0.0/8, 192.0.2.0/24], description: the office }
      - { port: \"80-80\", protocol: \"6\", from: [10.0.0.0/8], description: the lab }
      - { port: 80, from: [192.0.2.0/24], description: the office }
      - { port: 22, from: [web] }
      - { port: 22, from: [web], description: from each other }
    egress:
      - { to: [internet], description: \"the operator's way out\" }
      - { port: 1, to: [internet], description: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa }
"
    ));
}

#[test]
fn functions_without_code_or_with_too_much() {
    let files = MemoryFiles::default().with("code/app.py", "");
    let text = format!(
        "{HEAD}
iam_role: {{ api: {{ service: lambda.amazonaws.com }} }}
lambda_function:
  none: {{ role: api }}
  both: {{ role: api, image: x.dkr.ecr.us-west-2.amazonaws.com/a:1, source: code }}
  zip: {{ role: api, source: code, runtime: python3.13, image_config: {{ command: [app.handler] }} }}
  image: {{ role: api, image: x.dkr.ecr.us-west-2.amazonaws.com/a:1, runtime: python3.13, file_system: {{ arn: a, mount_path: /mnt/a }} }}
  sound: {{ role: api, image: x.dkr.ecr.us-west-2.amazonaws.com/a:1, image_config: {{ command: [app.handler] }} }}
"
    );
    assert_snapshot!(show(&load_with(&text, &files, &Variables::default())));
}

#[test]
fn databases_and_their_sources() {
    assert_snapshot!(check(
        "
variables: { password: { type: string, sensitive: true, default: a-long-password } }
db_instance:
  incomplete: { instance_class: db.t3.micro, password: managed }
  managed: { engine: postgres, username: shop, instance_class: db.t3.micro, allocated_storage: 20, password: managed }
  unkept: { engine: postgres, username: shop, instance_class: db.t3.micro, allocated_storage: 20, password: '${var.password}', backup_retention_days: 0 }
  sound: { engine: postgres, username: shop, instance_class: db.t3.micro, allocated_storage: 20, password: '${var.password}' }
  of_managed: { replica_of: managed, instance_class: db.t3.micro }
  of_unkept: { replica_of: unkept, instance_class: db.t3.micro, password: '${var.password}' }
  of_sound: { replica_of: sound, instance_class: db.t3.micro }
  both: { replica_of: sound, restore_from: nightly, instance_class: db.t3.micro }
  earlier: { restore_from: { database: sound, time: yesterday }, instance_class: db.t3.micro }
  again: { restore_from: { database: sound, time: '2026-11-01T12:00:00Z' }, instance_class: db.t3.micro }
"
    ));
}

#[test]
fn a_missing_variable() {
    assert_snapshot!(check("
variables:
  cidr: { type: cidr, description: The network of the office }
  size: { type: int, default: 20, maximum: 10 }
  word: { type: sring }
vpc: { main: { cidr_block: '${var.cidr}', tags: { a: '${var.crid}', b: '${cidr}', c: '${input.x}' } } }
"));
}

#[test]
fn wrong_values_of_variables() {
    let text = format!(
        "{HEAD}
variables:
  zones: {{ type: list }}
  count: {{ type: int, minimum: 1 }}
  env: {{ type: string, one_of: [dev, prod] }}
  name: {{ type: string, pattern: '[a-z]+' }}
"
    );
    let variables = Variables {
        flags: [("count", "0"), ("zone", "a")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        files: vec![("dev.yaml".to_owned(), "env: test\nnmae: x\n".to_owned())],
        environment: [("TRUEUP_VAR_ZONES", "a"), ("TRUEUP_VAR_NAME", "X1")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
    };
    assert_snapshot!(show(&load_with(&text, &MemoryFiles::default(), &variables)));
}

#[test]
fn names_in_expressions() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet:
  private:
    for_each: [a, b]
    vpc: main
    availability_zone: ${each.value}
    cidr_block: ${cidr_subnet(vpc.main.cidr_block, 24, each.idx)}
outputs:
  a: ${vpc.mian.id}
  b: ${vpc.main.idd}
  c: ${subnet.private[\"c\"].id}
  d: ${vpc.main}
  e: ${vpc.main[\"x\"].id}
  f: ${cidr_subnets(vpc.main.cidr_block, 24, 1)}
  g: ${1 +}
  h: x ${vpc.main.id
  i: ${module.net.outputs.x}
  j: ${vcp.main.id}
  k: ${subnet.private.id} is a list
  l: ${cidr_subnet(vpc.main.cidr_block, 8, 0)}
  m: ${existing.vpc.default.id}
  n: ${aws:username}
"
    ));
}

#[test]
fn families() {
    assert_snapshot!(check("
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet:
  private: { for_each: [a, b], vpc: main, availability_zone: '${each.value}', cidr_block: '${cidr_subnet(vpc.main.cidr_block, 24, each.index)}' }
  twice: { for_each: [a, a], vpc: main, cidr_block: 10.0.9.0/24, availability_zone: a }
  odd: { for_each: ['a]'], vpc: main, cidr_block: 10.0.9.0/24, availability_zone: a }
  late: { for_each: ['${vpc.main.id}'], vpc: main, cidr_block: 10.0.9.0/24, availability_zone: a }
instance:
  one: { ami: ami-1, instance_type: t3.micro, subnet: private }
  two: { ami: ami-1, instance_type: t3.micro, subnet: 'private[c]' }
  three: { ami: ami-1, instance_type: t3.micro, subnet: '${each.key}' }
"));
}

#[test]
fn common_fields() {
    assert_snapshot!(check(
        "
vpc:
  main:
    cidr_block: 10.0.0.0/16
    depends_on: [vpcs.main, vpc.other, main]
    moved_from: vpc.main
    ignore_changes: { cidr: because, enable_dns_support: }
    on_destroy: keep
    protect: maybe
    tags: { 'aws:x': y }
log_group: { api: { name: x, on_destroy: snapshot } }
"
    ));
}

#[test]
fn sentences() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet: { a: { vpc: main, cidr_block: 10.0.1.0/24, availability_zone: a } }
instance: { web: { ami: ami-12c6146b, instance_type: t3.micro, subnet: a } }
expect:
  - instance.wbe reaches internet on 443
  - instance.web reach internet
  - internet doesn't reach instance.web on 22
  - internet does not reaches instance.web
  - instance.web -> ssm
  - instance.web reaches
  - instance.web reaches inernet
  - instance.web reaches 10.0.0.1 on 443
  - 10.0.0.5/8 reaches instance.web
  - instance.web reaches 10.0.0.0/16 on 70000
  - instance.web reaches internet on port 443
  - instance.web reaches internet on 80 and 443
  - internet does not reach instance.web:22
  - web reaches ssm on https
  - vpc.main reaches internet
  - server.web reaches internet
  - internet does not reach instance.web on 53/udp
  - 10.0.0.0/8 reaches s3
"
    ));
}

#[test]
fn silences() {
    assert_snapshot!(check(
        "
vpc: { main: { cidr_block: 10.0.0.0/16 } }
silence:
  - { check: N0O5, on: vpc.main, reason: one is enough }
  - { check: n5, on: vpc.main, reason: one is enough }
  - { check: nat-of-other-zone, reason: one is enough }
  - { check: N005, on: vpc.mian, reason: one is enough }
  - { check: N005, on: vpc.main }
  - { check: N005, reason: '', because: money }
  - N005
  - { reason: why not }
"
    ));
}

#[test]
fn heads() {
    assert_snapshot!(faults("stack: Shop\nregion: us-west-2a\naccount: 12345\ninputs: {}\n"));
    assert_snapshot!(faults("vpc: {}\n"));
    assert_snapshot!(faults("[a, b]\n"));
    assert_snapshot!(faults("stack: a\n\tvpc: {}\n"));
}

/// Within `{ }` and `[ ]` the braces of an expression are YAML's.
#[test]
fn expressions_without_quotes_in_flow() {
    let help = "help: within { } and [ ] quote it: \"${var.size}\"";
    for text in [
        "vpc:\n  main: { cidr_block: ${var.size} }\n",
        "vpc:\n  main: { name: \"${var.name}\", cidr_block: ${var.size}, tags: {} }\n",
        "subnet:\n  a: { vpc: [${var.size}] }\n",
        "vpc:\n  main: { cidr_block: ${var.size}\n    , enable_dns_support: true }\n",
    ] {
        let told = check(text);
        assert!(told.contains("error[yaml-syntax]") && told.contains(help), "{text}\n{told}");
        assert_eq!(told.matches("help:").count(), 1, "{text}\n{told}");
    }
    for (text, quoted) in [
        ("{ tags: { name: web-${var.a}/x ${var.b}, x: y } }", "\"web-${var.a}/x ${var.b}\""),
        ("{ tags: [a, ${var.a ? \"b\" : \"c\"}] }", "'${var.a ? \"b\" : \"c\"}'"),
    ] {
        let told = check(&format!("vpc:\n  main: {text}\n"));
        assert!(told.contains(&format!("quote it: {quoted}\n")), "{told}");
    }
    for text in [
        "vpc:\n  main: { cidr_block: \"${var.size}\" ]\n",
        "vpc:\n  main: { cidr_block: '${var.size}' ]\n",
        "vpc:\n  main: { cidr_block: 10.0.0.0/16 ] # ${var.size}\n",
    ] {
        let told = check(text);
        assert!(told.contains("error[yaml-syntax]") && !told.contains("quote it"), "{told}");
    }
}

#[test]
fn lookups() {
    assert_snapshot!(check(
        "
existing:
  vpc:
    a: { id: vpc-1, name: x }
    b: { nmae: x }
    c: vpc-1
    d: { default: false }
    e: { stack: net, address: vpc }
    main: { default: true }
  vcp: { x: { id: a } }
vpc: { main: { cidr_block: 10.0.0.0/16 } }
"
    ));
}

#[test]
fn policies_of_iam() {
    assert_snapshot!(check(
        "
iam_role:
  web:
    service: ec2.amazonaws.com
    policies:
      a: [{ allow: [s3:GetObject], deny: [s3:PutObject], on: ['*'] }]
      b: [{ alow: [s3:GetObject], on: ['*'] }]
      c: { allow: [s3:GetObject] }
      d: [{ allow: [s3:GetObject], on: ['arn:${s3_bucket.x.arn}/${aws:username}'] }]
"
    ));
}

#[test]
fn files() {
    let files = MemoryFiles::default()
        .with("modules/net.yaml", "inputs: { cidr: { type: cidr } }\nvpc: { main: { cidr_block: '${input.cdr}' } }\noutputs: { id: '${vpc.main.id}' }\n")
        .with("modules/self.yaml", "module: { again: { source: self.yaml } }\n");
    let text = format!("{HEAD}
module:
  net: {{ source: modules/net.yaml, cdir: 10.0.0.0/16 }}
  none: {{ source: modules/none.yaml }}
  self: {{ source: modules/self.yaml }}
  lost: {{ cidr: 10.0.0.0/16 }}
iam_role: {{ f: {{ service: lambda.amazonaws.com }} }}
lambda_function:
  api: {{ runtime: python3.12, handler: a.b, source: functions/api, role: f, description: \"${{file('x.txt')}}\" }}
outputs:
  a: ${{module.net.outputs.ids}}
  b: ${{module.nett.outputs.id}}
");
    assert_snapshot!(show(&load_with(&text, &files, &Variables::default())));
}

#[test]
fn former_addresses() {
    assert_snapshot!(check(
        "
log_group:
  each:
    for_each: [a, b]
    name: 'x-${each.key}'
    moved_from: { a: log_group.one, bb: log_group.two, c: log_group.three }
  one: { name: one, moved_from: { a: log_group.old } }
  two: { name: two, moved_from: root }
"
    ));
}

/// AWS takes 50, and some of them are ours.
#[test]
fn more_tags_than_aws_takes() {
    let some = |letter: char, count: usize| {
        let tags = (0..count).map(|number| format!("{letter}{number}: x"));
        tags.collect::<Vec<_>>().join(", ")
    };
    let groups = |stack: usize, own: usize| {
        let (stack, own) = (some('s', stack), some('o', own));
        check(&format!(
            "
tags: {{ {stack} }}
log_group:
  plain: {{ name: plain }}
  kept: {{ name: kept, protect: true }}
  each: {{ for_each: [a, b], name: 'x-${{each.key}}', tags: {{ {own} }} }}
"
        ))
    };
    assert_eq!(groups(46, 1), "");
    assert_snapshot!(groups(46, 2));
    assert_snapshot!(groups(48, 0));
}

#[test]
fn a_rule_that_would_deny_nothing() {
    assert_snapshot!(check(
        "
policy:
  - { name: small, check: 'true', message: too large }
  - { name: named, check: 'true', message: no owner, level: warn }
"
    ), @"
    warning[policy-not-enforced]: rules of 'policy' are read but not enforced yet
      stack.yaml:4:1
      | policy:
      | ^^^^^^ 
    error[policy-not-enforced]: this version enforces no rules of 'policy', so that this one denies nothing
      stack.yaml:5:5
      |   - { name: small, check: 'true', message: too large }
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 
      help: write `level: warn` to keep it for later, or leave it out
    ");
}
