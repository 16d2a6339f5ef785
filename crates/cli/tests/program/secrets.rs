//! Secrets that AWS tells back in plain: whatever is done, no file and no line shows an old or a new
//! one.

use std::path::{Path, PathBuf};

use crate::harness::{Bench, Ran};

const STACK: &str = "\
stack: keeper
region: us-west-2

variables:
  key: { type: string, sensitive: true }
  seed: { type: string, sensitive: true, default: seed-of-the-machine }

vpc:
  main: { cidr_block: 10.0.0.0/16 }

subnet:
  web:
    for_each: [a, b]
    vpc: main
    availability_zone: ${each.value}
    cidr_block: ${cidr_subnet(vpc.main.cidr_block, 24, each.index)}

security_group:
  web: { vpc: main, description: The web }

iam_role:
  web: { service: ec2.amazonaws.com }
  api: { service: lambda.amazonaws.com }

instance:
  web:
    ami: { ssm_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.micro
    subnet: web[a]
    security_groups: [web]
    iam_role: web
    user_data: |
      #!/bin/sh
      echo ${var.seed}

lambda_function:
  api:
    runtime: python3.12
    handler: app.handler
    role: api
    source: app
    memory_mb: 128
    description: Knows ${var.key}
    environment: { KEY: '${var.key}', HOST: '${instance.web.private_dns}', MODE: fast }

outputs:
  told: ${lambda_function.api.environment}
  about: ${lambda_function.api.description}
  id: ${vpc.main.id}
";

/// A role whose documents hold secrets.
const PARTNER: &str = "\
stack: keeper
region: us-west-2

variables:
  key: { type: string, sensitive: true }

iam_role:
  partner:
    description: Theirs
    trust:
      Version: '2012-10-17'
      Statement:
        - Effect: Allow
          Action: sts:AssumeRole
          Principal: { AWS: '*' }
          Condition: { StringEquals: { 'sts:ExternalId': '${var.key}' } }
    policies:
      read:
        - allow: [s3:GetObject]
          on: ['arn:aws:s3:::${var.key}/*']
          when: { StringEquals: { 's3:ExistingObjectTag/key': '${var.key}' } }

outputs:
  policies: ${iam_role.partner.policies}
";

const OLD: &str = "correct-horse-battery";
const NEW: &str = "staple-of-another-kind";
const SEED: &str = "seed-of-the-machine";

const LOOKS: [&str; 14] = [
    "validate --json",
    "plan -v",
    "plan --json",
    "plan --format markdown",
    "plan --out plan.json",
    "show",
    "show -v",
    "show --json",
    "output",
    "output --json",
    "drift -v",
    "drift --json",
    "graph",
    "plan --destroy --json -v",
];

fn bench() -> Bench {
    let mut bench =
        Bench::with_stack(STACK).with("app/app.py", "def handler(event, context): ...\n");
    set(&mut bench, OLD);
    bench
}

fn set(bench: &mut Bench, key: &str) {
    bench.environment.insert("TRUEUP_VAR_KEY".to_owned(), key.to_owned());
}

/// Runs the program in its sandbox, and searches everything that it wrote.
async fn run(bench: &Bench, line: &str) -> Ran {
    let ran = bench.run(&format!("{line} --sandbox")).await;
    assert!(!ran.all().contains("fault of trueup"), "{line}: {}", ran.shown());
    for secret in [OLD, NEW, SEED] {
        assert!(!ran.all().contains(secret), "{line}: {}", ran.shown());
        for file in files(&bench.path(".")) {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            let is_source = file.ends_with("stack.yaml");
            assert!(is_source || !text.contains(secret), "{line}: {secret} in {}", file.display());
        }
    }
    ran
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

async fn look(bench: &Bench) {
    for line in LOOKS {
        let ran = run(bench, line).await;
        assert!(matches!(ran.code, 0 | 2), "{line}: {}", ran.shown());
    }
}

#[tokio::test]
async fn no_secret_is_shown_whatever_is_done_with_it() {
    let mut bench = bench();
    look(&bench).await;
    let made = run(&bench, "apply --yes --json --log log.jsonl").await.expect(0);
    assert!(made.stdout.contains("\"told\":{\"HOST\":\"(sensitive)\""), "{}", made.stdout);
    look(&bench).await;
    run(&bench, "plan --detailed-exitcode").await.expect(0);
    // Something else in the same resource.
    let stack = STACK.replace("memory_mb: 128", "memory_mb: 256");
    bench.write("stack.yaml", &stack);
    look(&bench).await;
    run(&bench, "apply plan.json -v --log-format json --log log.jsonl").await.expect(0);
    // A new one.
    set(&mut bench, NEW);
    look(&bench).await;
    let shown = run(&bench, "plan").await;
    assert!(shown.stdout.contains("environment[KEY]  (sensitive) changes"), "{}", shown.stdout);
    run(&bench, "apply --yes --json").await.expect(0);
    run(&bench, "plan --detailed-exitcode").await.expect(0);
    look(&bench).await;
    // The file says nothing of it any more.
    bench.write(
        "stack.yaml",
        &stack.replace("KEY: '${var.key}', ", "").replace("Knows ${var.key}", "It"),
    );
    look(&bench).await;
    let (head, _) = stack.split_once("lambda_function:").unwrap();
    bench.write("stack.yaml", head);
    look(&bench).await;
    run(&bench, "apply --yes --json").await.expect(0);
    bench.write("stack.yaml", &stack);
    run(&bench, "apply --yes -v").await.expect(0);
    run(&bench, "destroy --yes -v --json").await.expect(0);
}

#[tokio::test]
async fn no_secret_in_a_policy_is_shown() {
    let mut bench = bench();
    bench.write("stack.yaml", PARTNER);
    look(&bench).await;
    run(&bench, "plan --out plan.json").await.expect(0);
    run(&bench, "apply plan.json -v --json --log log.jsonl").await.expect(0);
    run(&bench, "plan --detailed-exitcode").await.expect(0);
    look(&bench).await;
    // Another one, beside another statement.
    set(&mut bench, NEW);
    bench.write("stack.yaml", &PARTNER.replace("[s3:GetObject]", "[s3:GetObject, s3:PutObject]"));
    look(&bench).await;
    run(&bench, "apply --yes -v").await.expect(0);
    run(&bench, "plan --detailed-exitcode").await.expect(0);
    // The file says nothing of it any more.
    bench.write("stack.yaml", &PARTNER.replace("${var.key}", "*"));
    look(&bench).await;
    bench.write("stack.yaml", PARTNER.split_once("iam_role:").unwrap().0);
    look(&bench).await;
    run(&bench, "destroy --yes -v --json").await.expect(0);
}

#[tokio::test]
async fn a_new_secret_is_no_drift() {
    let mut bench = bench();
    run(&bench, "apply --yes").await.expect(0);
    run(&bench, "drift").await.expect(0);
    set(&mut bench, NEW);
    let drift = run(&bench, "drift").await.expect(0);
    assert!(drift.stdout.starts_with("No drift was found"), "{}", drift.stdout);
}

#[tokio::test]
async fn a_saved_plan_is_refused_with_another_secret() {
    let mut bench = bench();
    run(&bench, "plan --out plan.json").await.expect(0);
    set(&mut bench, NEW);
    let refused = run(&bench, "apply plan.json").await.expect(3);
    let why = "the sensitive variable 'key' has another value than at";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    assert!(!refused.stderr.contains("'seed'"), "{}", refused.stderr);
    set(&mut bench, OLD);
    run(&bench, "apply plan.json").await.expect(0);
}

#[tokio::test]
async fn a_secret_that_is_a_common_word_can_be_planned() {
    let mut bench = bench();
    for word in ["keeper", "python3.12", "123456", "us-west-2"] {
        set(&mut bench, word);
        bench.run("plan --json --sandbox").await.expect(0);
    }
}

#[tokio::test]
async fn a_name_or_a_tag_is_no_place_for_a_secret() {
    let bench = bench();
    let stack = STACK.replace(
        "main: { cidr_block: 10.0.0.0/16 }",
        "main: { cidr_block: 10.0.0.0/16, tags: { a: '${var.key}' } }",
    );
    bench.write("stack.yaml", &stack.replace("role: api", "role: api\n    name: a-${var.key}"));
    let refused = run(&bench, "validate").await.expect(1);
    insta::assert_snapshot!(refused.stderr);
}

/// What names things, or says where they are, is shown: also by the messages about it.
#[tokio::test]
async fn a_secret_is_no_name_and_no_network_and_stands_in_no_message() {
    let bench = bench();
    let stack = format!(
        "{}{}",
        STACK
            .replace("cidr_block: 10.0.0.0/16 }", "cidr_block: '${var.key}' }")
            .replace("    subnet: web[a]", "    subnet: ${var.key}\n    moved_from: ${var.key}")
            .replace("    role: api", "    role: ${var.key}\n    depends_on: ['${var.key}']")
            .replace("description: The web }", "description: The web, ingress: [{ port: 22, from: ['${var.key}'] }] }"),
        "
existing:
  vpc:
    other: { id: '${var.key}' }
    another: { tags: { name: '${var.key}' } }
db_instance:
  main: { engine: postgres, engine_version: '16', instance_class: db.t3.micro, allocated_storage: 20, username: '${var.key}', password: '${var.seed}' }
",
    );
    bench.write("stack.yaml", &stack);
    let refused = run(&bench, "validate").await.expect(1);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    assert!(!told.contains(OLD), "{told}");
    insta::assert_snapshot!(refused.stderr);
}
