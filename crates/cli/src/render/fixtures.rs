//! Plans made by hand, one of everything, for tests of how they look.

use std::collections::BTreeMap;

use trueup_model::change::{After, DriftClass};
use trueup_model::plan::{FORMAT, WhyNot, Withheld};
use trueup_model::proof::Verdict;
use trueup_model::stack::{End, Sentence};
use trueup_model::{
    Action, AttributeChange, Catalog, Cause, Change, Diagnostic, Disruption, Location, Operation,
    Ownership, Plan, Proof, Reason, Secret, Step, Value,
};

/// A plan with one change of every kind.
pub(crate) fn plan() -> Plan {
    Plan {
        format: FORMAT,
        stack: "shop".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-west-2".to_owned(),
        stack_digest: "d".to_owned(),
        changes: changes(),
        steps: steps(),
        withheld: withheld(),
        findings: vec![
            Diagnostic::warning("internet", "security_group.web lets the internet in on port 22")
                .help("name the networks that may come in"),
        ],
        expect: vec![sentence("internet does not reach db_instance.main")],
        outputs: BTreeMap::new(),
        fingerprints: BTreeMap::new(),
        longest_chain: vec![0, 1],
        seconds: 462,
        proofs: vec![broken(), unknown()],
        api_calls: 22,
    }
}

/// A plan that finds everything as it should be.
pub(crate) fn nothing() -> Plan {
    let mut plan = plan();
    let as_it_is = |address| Change {
        cause: Cause::None,
        id: Some("id".to_owned()),
        ..change(address, Action::Nothing)
    };
    plan.changes = vec![as_it_is("vpc.main"), as_it_is("subnet.a")];
    plan.steps.clear();
    plan.longest_chain.clear();
    plan.withheld.clear();
    plan.findings.clear();
    plan
}

/// The kinds that the plan uses.
pub(crate) fn catalog() -> Catalog {
    trueup_aws::catalog()
}

/// A change without attributes.
pub(crate) fn change(address: &str, action: Action) -> Change {
    let address: trueup_model::Address = address.parse().unwrap();
    Change {
        kind: address.kind.clone(),
        address,
        action,
        id: None,
        cause: Cause::File,
        reasons: Vec::new(),
        attributes: Vec::new(),
        disruption: Disruption::None,
        seconds: 2,
        remarks: Vec::new(),
        location: None,
    }
}

/// The change of one attribute.
pub(crate) fn attribute(path: &str, before: Value, after: After) -> AttributeChange {
    AttributeChange {
        path: path.to_owned(),
        before,
        after,
        replaces: false,
        disruption: Disruption::None,
        class: DriftClass::Functional,
    }
}

fn changes() -> Vec<Change> {
    let new = |path, value: Value| attribute(path, Value::Null, After::Value(value));
    let policy = |action: &str| -> Value {
        let json = serde_json::json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": [action, "secretsmanager:DescribeSecret"],
              "Resource": ["arn:aws:secretsmanager:us-west-2:123456789012:secret:shop"] }
        ]});
        json.into()
    };
    vec![
        Change {
            reasons: vec![Reason::DoesNotExist],
            seconds: 450,
            attributes: vec![
                new("engine", "postgres".into()),
                new("engine_version", "16".into()),
                new("multi_az", false.into()),
                new("password", Value::Secret(Secret::new("hunter2"))),
                attribute(
                    "subnet_group",
                    Value::Null,
                    After::Unknown("db_subnet_group.main.id".into()),
                ),
                new("tags.project", "shop".into()),
            ],
            ..change("db_instance.main", Action::Create)
        },
        Change {
            id: Some("shop-api".to_owned()),
            cause: Cause::Drift,
            disruption: Disruption::Brief,
            attributes: vec![
                attribute("memory_mb", 128.into(), After::Value(256.into())),
                attribute(
                    "environment.TOKEN",
                    Value::Secret(Secret::new("hunter2")),
                    After::Sensitive,
                ),
            ],
            ..change("lambda_function.api", Action::Update)
        },
        Change {
            id: Some("shop-api".to_owned()),
            attributes: vec![attribute(
                "policies.read",
                policy("secretsmanager:GetSecretValue"),
                After::Value(policy("secretsmanager:ListSecrets")),
            )],
            ..change("iam_role.api", Action::Update)
        },
        Change {
            id: Some("i-0123456789abcdef0".to_owned()),
            disruption: Disruption::Outage,
            seconds: 95,
            reasons: vec![Reason::CannotChangeInPlace { attributes: vec!["subnet".to_owned()] }],
            attributes: vec![AttributeChange {
                replaces: true,
                ..attribute("subnet", "subnet-1".into(), After::Value("subnet-2".into()))
            }],
            ..change("instance.bastion", Action::DeleteThenCreate)
        },
        Change {
            id: Some("vpc-1".to_owned()),
            reasons: vec![Reason::LeftTheStack],
            attributes: vec![attribute(
                "cidr_block",
                "10.0.0.0/16".into(),
                After::Value(Value::Null),
            )],
            ..change("vpc.old", Action::Delete)
        },
        Change {
            id: Some("vpc-2".to_owned()),
            cause: Cause::None,
            remarks: vec!["a newer one exists".to_owned()],
            ..change("vpc.main", Action::Nothing)
        },
    ]
}

fn steps() -> Vec<Step> {
    let step = |id: usize, address: &str, seconds: u32, after: Vec<usize>| {
        let address: trueup_model::Address = address.parse().unwrap();
        // In plain text, as no loader would hand it on: what shows a plan must not rely on that.
        let password = (id == 0).then(|| ("password".to_owned(), Value::from("hunter2").into()));
        Step {
            id,
            kind: address.kind.clone(),
            address,
            operation: Operation::Create {
                attributes: password.into_iter().collect(),
                tags: BTreeMap::new(),
                ownership: Ownership::default(),
                token: "t".to_owned(),
            },
            after,
            seconds,
            lingers: 0,
            location: Some(location()),
        }
    };
    vec![step(0, "db_instance.main", 450, vec![]), step(1, "lambda_function.api", 12, vec![0])]
}

fn withheld() -> Vec<Withheld> {
    vec![
        Withheld {
            address: "db_instance.old".parse().unwrap(),
            why: WhyNot::Protected {
                wanted: Reason::LeftTheStack,
                allow: "allow it with --allow-data-loss db_instance.old".to_owned(),
            },
        },
        Withheld {
            address: "log_group.api".parse().unwrap(),
            why: WhyNot::Ignored {
                attribute: "retention_days".to_owned(),
                reason: "operations set it".to_owned(),
            },
        },
    ]
}

fn broken() -> Proof {
    Proof {
        text: "internet does not reach db_instance.main".to_owned(),
        verdict: Verdict::Broken,
        evidence: vec![
            "internet -> db_instance.main, for example tcp 1.1.1.1:1024 -> 10.0.0.4:5432"
                .to_owned(),
            "there: security_group.web: ingress tcp 5432 from 0.0.0.0/0".to_owned(),
        ],
        changes: Vec::new(),
        affected_by: vec!["db_instance.main".parse().unwrap()],
        location: Some(location()),
    }
}

fn unknown() -> Proof {
    Proof {
        text: "lambda_function.api reaches internet on 443".to_owned(),
        verdict: Verdict::Unknown,
        evidence: vec!["subnet.web could not be read".to_owned()],
        affected_by: Vec::new(),
        ..broken()
    }
}

/// A place in a file.
pub(crate) fn location() -> Location {
    Location { file: "shop.yaml".to_owned(), start: 12, end: 14, line: 2, column: 1 }
}

fn sentence(text: &str) -> Sentence {
    Sentence {
        text: text.to_owned(),
        from: End::Internet,
        to: End::Internet,
        negated: true,
        port: None,
        protocol: None,
        location: None,
    }
}
