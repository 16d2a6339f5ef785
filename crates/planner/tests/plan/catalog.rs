//! Kinds for tests: one of each trait that the planner looks at.

use trueup_model::kind::{
    After, Literal, Naming, Output, ReferenceType, Replacement, Sample, Settlement, Times, Unique,
    Which,
};
use trueup_model::{Attribute, Catalog, Condition, Disruption, Expression, Kind, Type, Value};

pub(crate) fn catalog() -> Catalog {
    let kinds = [
        vpc(),
        gateway(),
        subnet(),
        nat(),
        group(),
        role(),
        function(),
        logs(),
        database(),
        thing(),
        twin(),
        fixture(),
        pool(),
    ];
    Catalog::new(kinds, Vec::new())
}

fn id(prefix: &'static str) -> Vec<Output> {
    vec![Output::new("id", Sample::Id(prefix), "The id.")]
}

fn named(maximum: usize, unique: Unique) -> Naming {
    Naming { attribute: "name", maximum, unique, lower_case: false }
}

fn name() -> Attribute {
    Attribute::new("name", Type::String, "").derived("stack and address").replaces()
}

fn seconds(create: u32, update: u32, delete: u32) -> Times {
    Times { create: [1, create, 99], update: [1, update, 99], delete: [1, delete, 99] }
}

fn vpc() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("cidr_block", Type::Cidr, "").replaces(),
            Attribute::new("dns", Type::Bool, "").or(true, ""),
        ],
        outputs: id("vpc-"),
        ..Kind::new("vpc", "ec2", "")
    }
}

fn gateway() -> Kind {
    Kind {
        attributes: vec![Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "").replaces()],
        outputs: id("igw-"),
        replacement: Replacement::DeleteFirst {
            claims: &["vpc"],
            because: "a VPC has at most one",
        },
        ..Kind::new("internet_gateway", "ec2", "")
    }
}

fn subnet() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "").replaces(),
            Attribute::new("cidr_block", Type::Cidr, "").replaces(),
            Attribute::new("zone", Type::String, "").unmanaged("AWS spreads").replaces(),
        ],
        outputs: id("subnet-"),
        replacement: Replacement::DeleteFirst {
            claims: &["vpc", "cidr_block"],
            because: "two subnets cannot have the same network",
        },
        ..Kind::new("subnet", "ec2", "")
    }
}

fn nat() -> Kind {
    let gateway = Which::SameVpc;
    Kind {
        attributes: vec![
            Attribute::new("subnet", Type::id_of(&["subnet"], "subnet-"), "").replaces(),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("nat-"), ""),
            Output::new("public_ip", Sample::Format("{ip}"), ""),
        ],
        after: vec![After {
            kind: "internet_gateway",
            which: gateway,
            reason: "it needs a way out",
        }],
        times: seconds(107, 30, 55),
        ..Kind::new("nat_gateway", "ec2", "")
    }
}

fn group() -> Kind {
    let peers = Type::Reference(ReferenceType {
        kinds: &["security_group"],
        output: "id",
        literal: Literal::CidrOrId("pl-"),
    });
    let rule = Type::Object(vec![
        Attribute::new("port", Type::OneOf(vec![Type::int(0, 65535), Type::String]), "").optional(),
        Attribute::new("from", peers.set(), ""),
        Attribute::new("note", Type::String, "").optional(),
    ]);
    Kind {
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "").replaces(),
            name(),
            Attribute::new("description", Type::String, "").or("made by trueup", "").replaces(),
            Attribute::new("ingress", rule.set(), "").or(Value::List(vec![]), "").late().security(),
        ],
        outputs: id("sg-"),
        naming: Some(named(255, Unique::Vpc)),
        ..Kind::new("security_group", "ec2", "")
    }
}

fn role() -> Kind {
    Kind {
        attributes: vec![
            name(),
            Attribute::new("trust", Type::Policy, "").security(),
            Attribute::new("description", Type::String, "").optional(),
        ],
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), ""),
            Output::new("arn", Sample::Format("arn:aws:iam::{account}:role/{name}"), ""),
        ],
        naming: Some(named(64, Unique::Account)),
        ..Kind::new("iam_role", "iam", "")
    }
}

fn function() -> Kind {
    let named_after = Which::NamedAfter { theirs: "name", prefix: "/aws/lambda/", ours: "name" };
    Kind {
        attributes: vec![
            name(),
            Attribute::new("role", Type::output_of(&["iam_role"], "arn"), ""),
            Attribute::new("source", Type::Source, "").disrupts(Disruption::Brief),
            Attribute::new("environment", Type::String.map(), "")
                .or(Value::Map([].into()), "")
                .may_hold_secrets(),
            Attribute::new("subnets", Type::id_of(&["subnet"], "subnet-").set(), "")
                .or(Value::List(vec![]), ""),
            Attribute::new("groups", Type::id_of(&["security_group"], "sg-").set(), "")
                .or(Value::List(vec![]), ""),
        ],
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), ""),
            Output::new("arn", Sample::Format("arn:aws:lambda:::{name}"), ""),
            Output::new("url", Sample::Format("https://{hex}"), "").volatile(),
        ],
        naming: Some(named(64, Unique::Region)),
        after: vec![After { kind: "log_group", which: named_after, reason: "it writes at once" }],
        release: Some(|attributes, id| {
            if let Some(Value::List(subnets)) = attributes.get_mut("subnets") {
                subnets.retain(|subnet| subnet.as_str() != Some(id));
            }
        }),
        times: seconds(20, 5, 10),
        ..Kind::new("lambda_function", "lambda", "")
    }
}

fn logs() -> Kind {
    Kind {
        attributes: vec![name(), Attribute::new("days", Type::int(1, 3653), "").or(30, "")],
        outputs: vec![Output::new("id", Sample::Attribute("name"), "")],
        naming: Some(named(512, Unique::Region)),
        ..Kind::new("log_group", "logs", "")
    }
}

fn database() -> Kind {
    Kind {
        attributes: vec![
            name(),
            Attribute::new("engine", Type::Enum(&["postgres", "mysql"]), "").replaces(),
            Attribute::new("version", Type::String, "").or("16", "").disrupts(Disruption::Outage),
            Attribute::new("class", Type::String, "").disrupts(Disruption::Brief),
            Attribute::new("password", Type::String, "").optional().write_only().sensitive(),
            Attribute::new("groups", Type::id_of(&["security_group"], "sg-").set(), "")
                .or(Value::List(vec![]), "")
                .security(),
            Attribute::new("subnets", Type::id_of(&["subnet"], "subnet-").set(), "")
                .or(Value::List(vec![]), "")
                .replaces(),
            Attribute::new("snapshot", Type::String, "").optional().create_only(),
            Attribute::new("apply", Type::Enum(&["window", "now"]), "")
                .or("window", "")
                .create_only(),
        ],
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), ""),
            Output::new("endpoint", Sample::Format("{id}.{hex}.rds"), ""),
        ],
        naming: Some(named(63, Unique::Region)),
        holds_data: true,
        times: seconds(400, 300, 200),
        settle: settle_version,
        flushes: |wanted| {
            wanted.get("apply").and_then(Expression::known).and_then(Value::as_str) == Some("now")
        },
        unsavable: |live| match &live.condition {
            Condition::Failed(state) => Some(format!("it is '{state}'")),
            _ => None,
        },
        ..Kind::new("db_instance", "rds", "")
    }
}

fn settle_version(settlement: &mut Settlement<'_>) {
    let there = settlement.live.and_then(|live| live.attributes.get("version")?.as_str());
    let wanted =
        settlement.wanted.get("version").and_then(Expression::known).and_then(Value::as_str);
    if let (Some(there), Some(wanted)) = (there, wanted)
        && there.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
    {
        let there = there.into();
        settlement.wanted.insert("version".to_owned(), there);
    }
}

/// Every type, in one kind that changes in place.
fn thing() -> Kind {
    let object = vec![
        Attribute::new("word", Type::String, "").optional(),
        Attribute::new("numbers", Type::int(0, 99).set(), "").optional(),
        Attribute::new("chosen", Type::String, "").unmanaged("AWS does"),
        Attribute::new("secret", Type::String, "").optional().write_only(),
        Attribute::new("once", Type::String, "").optional().create_only(),
    ];
    let attributes = vec![
        Attribute::new("bool", Type::Bool, "").optional(),
        Attribute::new("int", Type::int(0, 99), "").optional(),
        Attribute::new("string", Type::String, "").optional(),
        Attribute::new("enum", Type::Enum(&["one", "two"]), "").optional(),
        Attribute::new("cidr", Type::Cidr, "").optional(),
        Attribute::new("reference", Type::id_of(&["vpc"], "vpc-"), "").optional(),
        Attribute::new("list", Type::String.list(), "").optional(),
        Attribute::new("objects", Type::Object(object.clone()).list(), "").optional(),
        Attribute::new("set", Type::String.set(), "").optional(),
        Attribute::new("object_set", Type::Object(object.clone()).set(), "").optional(),
        Attribute::new("map", Type::String.map(), "").optional(),
        Attribute::new("object_map", Type::Object(object.clone()).map(), "").optional(),
        Attribute::new("object", Type::Object(object), "").optional(),
        Attribute::new("policy", Type::Policy, "").optional(),
        Attribute::new("source", Type::Source, "").optional(),
        Attribute::new("either", Type::OneOf(vec![Type::int(0, 99), Type::String.set()]), "")
            .optional(),
        Attribute::new("sensitive", Type::String, "").optional().sensitive(),
        Attribute::new("unmanaged", Type::String, "").unmanaged("AWS does"),
        Attribute::new("once", Type::String, "").optional().create_only(),
        Attribute::new("lossy", Type::String, "").optional().disrupts(Disruption::DataLoss),
    ];
    Kind { attributes, outputs: id("thing-"), ..Kind::new("thing", "test", "") }
}

/// Replaced new one first; holds another.
fn twin() -> Kind {
    Kind {
        attributes: vec![
            name(),
            Attribute::new("shape", Type::String, "").or("round", "").replaces(),
            Attribute::new("of", Type::id_of(&["fixture"], "fix-"), "").optional().replaces(),
            Attribute::new("beside", Type::id_of(&["twin"], "twin-"), "").optional(),
            Attribute::new("disk", Type::Enum(&["goes", "stays"]), "").or("goes", ""),
        ],
        outputs: id("twin-"),
        not_kept_yet: |live, wanted| {
            let wanted = wanted.get("disk").and_then(Expression::known).and_then(Value::as_str);
            let goes = live.get("disk").as_str() == Some("goes");
            (wanted == Some("stays") && goes).then(|| "the disk that is there".to_owned())
        },
        naming: Some(named(32, Unique::Region)),
        ..Kind::new("twin", "test", "")
    }
}

/// Some of what it holds may change, not all of it.
fn pool() -> Kind {
    let members = Type::id_of(&["twin"], "twin-").set();
    Kind {
        attributes: vec![name(), Attribute::new("members", members, "").replaces_without_overlap()],
        outputs: id("pool-"),
        naming: Some(named(32, Unique::Region)),
        ..Kind::new("pool", "test", "")
    }
}

/// Replaced old one first; holds another.
fn fixture() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("shape", Type::String, "").or("round", "").replaces(),
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "").optional().replaces(),
            Attribute::new("beside", Type::id_of(&["twin"], "twin-"), "").optional(),
        ],
        outputs: id("fix-"),
        replacement: Replacement::DeleteFirst { claims: &[], because: "there is room for one" },
        ..Kind::new("fixture", "test", "")
    }
}
