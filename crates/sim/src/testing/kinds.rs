//! A few kinds to try the rules of the simulator with, shaped as the real ones.

use trueup_model::kind::{
    After, Attribute, Catalog, Idempotency, Kind, Lingers, Literal, Naming, Output, Permissions,
    ReferenceType, Sample, Times, Type, Unique, Which,
};

/// A catalog with a network, a database, a function with its role, and a log group.
pub fn catalog() -> Catalog {
    let kinds = [
        vpc(),
        subnet(),
        internet_gateway(),
        elastic_ip(),
        nat_gateway(),
        security_group(),
        db_instance(),
        iam_role(),
        lambda_function(),
        log_group(),
    ];
    Catalog::new(kinds, Vec::new())
}

fn id(prefix: &'static str) -> Output {
    Output::new("id", Sample::Id(prefix), "its id")
}

fn times(create: u32, update: u32, delete: u32) -> Times {
    let around = |typical: u32| [typical.div_ceil(2), typical, typical * 2];
    Times { create: around(create), update: around(update), delete: around(delete) }
}

fn reference(kind: &'static [&'static str; 1], prefix: &'static str) -> Type {
    Type::id_of(kind, prefix)
}

fn vpc() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("cidr_block", Type::Cidr, "its network").replaces(),
            Attribute::new("enable_dns_support", Type::Bool, "whether names resolve")
                .or(true, "AWS's own"),
            Attribute::new("enable_dns_hostnames", Type::Bool, "whether hosts get names")
                .or(false, "AWS's own"),
        ],
        outputs: vec![id("vpc-")],
        times: times(2, 1, 1),
        permissions: Permissions {
            read: &["ec2:DescribeVpcs"],
            create: &["ec2:CreateVpc", "ec2:CreateTags"],
            update: &["ec2:ModifyVpcAttribute", "ec2:CreateTags"],
            delete: &["ec2:DeleteVpc"],
        },
        ..Kind::new("vpc", "ec2", "A network")
    }
}

fn subnet() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("vpc", reference(&["vpc"], "vpc-"), "its network").replaces(),
            Attribute::new("cidr_block", Type::Cidr, "its part of it").replaces(),
            Attribute::new("availability_zone", Type::String, "where it is")
                .unmanaged("AWS chooses")
                .replaces(),
        ],
        outputs: vec![id("subnet-")],
        permissions: Permissions {
            read: &["ec2:DescribeSubnets"],
            create: &["ec2:CreateSubnet"],
            update: &["ec2:ModifySubnetAttribute"],
            delete: &["ec2:DeleteSubnet"],
        },
        ..Kind::new("subnet", "ec2", "A part of a network")
    }
}

fn internet_gateway() -> Kind {
    Kind {
        attributes: vec![Attribute::new("vpc", reference(&["vpc"], "vpc-"), "whose").replaces()],
        outputs: vec![id("igw-")],
        ..Kind::new("internet_gateway", "ec2", "A way out")
    }
}

fn elastic_ip() -> Kind {
    Kind {
        outputs: vec![
            id("eipalloc-"),
            Output::new("public_ip", Sample::Format("203.0.113.{ip}"), "the address"),
        ],
        ..Kind::new("elastic_ip", "ec2", "An address")
    }
}

fn nat_gateway() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("subnet", reference(&["subnet"], "subnet-"), "where").replaces(),
            Attribute::new("elastic_ip", reference(&["elastic_ip"], "eipalloc-"), "its address")
                .replaces(),
        ],
        outputs: vec![id("nat-")],
        after: vec![After {
            kind: "internet_gateway",
            which: Which::SameVpc,
            reason: "it needs a way out",
        }],
        times: times(107, 60, 55),
        idempotency: Idempotency::Token,
        permissions: Permissions {
            read: &["ec2:DescribeNatGateways"],
            create: &["ec2:CreateNatGateway"],
            update: &["ec2:CreateTags"],
            delete: &["ec2:DeleteNatGateway"],
        },
        ..Kind::new("nat_gateway", "ec2", "A way out for many")
    }
}

fn security_group() -> Kind {
    let from = Type::Reference(ReferenceType {
        kinds: &["security_group"],
        output: "id",
        literal: Literal::CidrOrId("sg-"),
    });
    let rule = Type::Object(vec![
        Attribute::new("port", Type::int(0, 65_535), "the port"),
        Attribute::new("from", from.set(), "from whom"),
    ]);
    Kind {
        attributes: vec![
            Attribute::new("name", Type::String, "its name").replaces(),
            Attribute::new("vpc", reference(&["vpc"], "vpc-"), "where").replaces(),
            Attribute::new("ingress", rule.set(), "who may come in")
                .or(trueup_model::Value::List(Vec::new()), "nobody")
                .late()
                .security(),
        ],
        outputs: vec![id("sg-")],
        naming: Some(Naming {
            attribute: "name",
            maximum: 255,
            unique: Unique::Vpc,
            lower_case: false,
        }),
        idempotency: Idempotency::Name,
        ..Kind::new("security_group", "ec2", "Who may talk to whom")
    }
}

fn db_instance() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("identifier", Type::String, "its name").replaces(),
            Attribute::new("engine", Type::Enum(&["postgres", "mysql"]), "what it is").replaces(),
            Attribute::new("engine_version", Type::String, "which version"),
            Attribute::new("instance_class", Type::String, "how big"),
            Attribute::new("allocated_storage", Type::int(5, 65_536), "gibibytes"),
            Attribute::new("password", Type::String, "the password").sensitive().write_only(),
            Attribute::new("deletion_protection", Type::Bool, "whether it is kept")
                .or(true, "data is not lost"),
            Attribute::new(
                "security_groups",
                reference(&["security_group"], "sg-").set(),
                "who may talk to it",
            )
            .optional(),
            Attribute::new("maintenance_window", Type::String, "when it may be changed")
                .unmanaged("AWS chooses"),
        ],
        outputs: vec![
            Output::new("id", Sample::Attribute("identifier"), "its name"),
            Output::new(
                "endpoint",
                Sample::Format("{id}.{hex}.{region}.rds.amazonaws.com"),
                "where it listens",
            ),
            Output::new("resource_version", Sample::Format("{hex}"), "changes").volatile(),
        ],
        naming: Some(Naming {
            attribute: "identifier",
            maximum: 63,
            unique: Unique::Region,
            lower_case: true,
        }),
        holds_data: true,
        times: times(450, 300, 275),
        idempotency: Idempotency::Name,
        permissions: Permissions {
            read: &["rds:DescribeDBInstances"],
            create: &["rds:CreateDBInstance"],
            update: &["rds:ModifyDBInstance", "rds:AddTagsToResource"],
            delete: &["rds:DeleteDBInstance"],
        },
        ..Kind::new("db_instance", "rds", "A database")
    }
}

fn iam_role() -> Kind {
    Kind {
        attributes: vec![Attribute::new("name", Type::String, "its name").replaces()],
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), "its name"),
            Output::new("arn", Sample::Format("arn:aws:iam::{account}:role/{name}"), "its ARN"),
        ],
        naming: Some(Naming {
            attribute: "name",
            maximum: 64,
            unique: Unique::Account,
            lower_case: false,
        }),
        idempotency: Idempotency::Name,
        permissions: Permissions {
            read: &["iam:ListRoles"],
            create: &["iam:CreateRole"],
            update: &["iam:UpdateRole", "iam:TagRole"],
            delete: &["iam:DeleteRole"],
        },
        ..Kind::new("iam_role", "iam", "Who may do what")
    }
}

fn lambda_function() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("name", Type::String, "its name").replaces(),
            Attribute::new("source", Type::Source, "the code"),
            Attribute::new("role", Type::output_of(&["iam_role"], "arn"), "as whom it runs"),
            Attribute::new("subnets", reference(&["subnet"], "subnet-").set(), "where").optional(),
            Attribute::new(
                "security_groups",
                reference(&["security_group"], "sg-").set(),
                "who may talk to it",
            )
            .optional(),
            Attribute::new("environment", Type::String.map(), "variables").optional(),
        ],
        outputs: vec![Output::new("id", Sample::Attribute("name"), "its name")],
        naming: Some(Naming {
            attribute: "name",
            maximum: 64,
            unique: Unique::Region,
            lower_case: false,
        }),
        after: vec![After {
            kind: "log_group",
            which: Which::NamedAfter { theirs: "name", prefix: "/aws/lambda/", ours: "name" },
            reason: "it would make one itself",
        }],
        times: times(8, 5, 1),
        lingers: Some(Lingers {
            what: "network interfaces",
            attribute: "subnets",
            seconds: [900, 1000, 1500],
        }),
        idempotency: Idempotency::Name,
        ..Kind::new("lambda_function", "lambda", "Code that runs")
    }
}

fn log_group() -> Kind {
    Kind {
        attributes: vec![
            Attribute::new("name", Type::String, "its name").replaces(),
            Attribute::new("retention_days", Type::int(1, 3653), "for how long").optional(),
        ],
        outputs: vec![Output::new("id", Sample::Attribute("name"), "its name")],
        naming: Some(Naming {
            attribute: "name",
            maximum: 512,
            unique: Unique::Region,
            lower_case: false,
        }),
        idempotency: Idempotency::Name,
        ..Kind::new("log_group", "logs", "What was said")
    }
}
