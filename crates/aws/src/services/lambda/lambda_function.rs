//! A Lambda function with its URL and permissions.

use std::collections::BTreeMap;

use trueup_model::kind::{
    After, Completion, Idempotency, Lingers, Naming, Output, Permissions, Sample, Times, Unique,
    Which,
};
use trueup_model::{Attribute, Disruption, Expression, Kind, Type, Value};

use crate::services::attributes::{fill_name, respell};

mod rules;

const DOCUMENTATION: &str = "\
Identity: the name, unique in the Region.

In place: code, handler, runtime, memory, time limit, environment, role, network, concurrency, URL, \
permissions, tags. Name replaces it.

`source` is a folder or a zip file beside the stack. A folder is zipped so that the same tree always \
gives the same bytes; the code is compared by its SHA-256.

In a VPC a function has network interfaces, which stay up to 20 minutes after it is deleted and hold \
its subnets and security groups until then; its role is deleted last, because Lambda needs it to \
remove them.

`url: { auth: none }` makes the function public; the two permissions that AWS wants for that are \
made with it. The function owns its permissions: one that somebody added by hand is drift.

AWS: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>";

const NAME: Naming =
    Naming { attribute: "name", maximum: 64, unique: Unique::Region, lower_case: false };

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: [code(), resources(), network(), access()].into_iter().flatten().collect(),
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), "Its name."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:lambda:{region}:{account}:function:{name}"),
                "Its ARN.",
            ),
            Output::new(
                "url",
                Sample::Format("https://{hex}.lambda-url.{region}.on.aws/"),
                "Its URL, if it has one.",
            )
            .volatile_with(&["url"]),
        ],
        naming: Some(NAME),
        after: vec![After {
            kind: "log_group",
            which: Which::NamedAfter { theirs: "name", prefix: "/aws/lambda/", ours: "name" },
            reason: "a function that writes first makes its log group itself, without retention",
        }],
        times: Times { create: [5, 220, 420], update: [2, 5, 300], delete: [1, 1, 10] },
        lingers: Some(Lingers {
            what: "network interfaces",
            attribute: "subnets",
            seconds: [600, 1200, 2100],
        }),
        permissions: permissions(),
        idempotency: Idempotency::Name,
        complete,
        check: rules::check,
        release: Some(rules::release),
        ..Kind::new("lambda_function", "lambda", "Code that runs when it is called.")
    }
}

fn code() -> Vec<Attribute> {
    vec![
        Attribute::new("name", Type::String, "Its name.")
            .derived("the stack's name and the address")
            .replaces(),
        Attribute::new("description", Type::String, "What it is for.").optional(),
        Attribute::new("runtime", Type::String, "What runs it, as `python3.12`."),
        Attribute::new("handler", Type::String, "What is called, as `app.handler`."),
        Attribute::new("source", Type::Source, "A folder or a zip file, beside the stack.")
            .security(),
        Attribute::new("layers", Type::String.list(), "ARNs of layer versions, at most five.")
            .or(Value::List(Vec::new()), "as AWS does"),
        Attribute::new(
            "architecture",
            Type::Enum(&["x86_64", "arm64"]),
            "The processor; arm64 costs less.",
        )
        .or("x86_64", "as AWS does"),
        Attribute::new(
            "environment",
            Type::String.map(),
            "Environment variables; keep secrets in Secrets Manager and name them here.",
        )
        .or(Value::Map(BTreeMap::new()), "as AWS does"),
        Attribute::new(
            "kms_key",
            Type::String,
            "The ARN of the key that encrypts the environment.",
        )
        .or(Value::Null, "AWS encrypts it with a key of its own"),
    ]
}

fn resources() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "memory_mb",
            Type::int(128, 10_240),
            "Its memory in MB, and with it its CPU.",
        )
        .or(128, "as AWS does"),
        Attribute::new("timeout_seconds", Type::int(1, 900), "After how long a call is ended.")
            .or(3, "as AWS does"),
        Attribute::new("ephemeral_storage_mb", Type::int(512, 10_240), "The size of /tmp in MB.")
            .or(512, "as AWS does"),
        Attribute::new(
            "reserved_concurrency",
            Type::int(0, 100_000),
            "How many calls may run at once; 0 stops it.",
        )
        .or(Value::Null, "as AWS does: it shares the account's 1,000 with all others"),
        Attribute::new(
            "tracing",
            Type::Enum(&["PassThrough", "Active"]),
            "Whether X-Ray traces it.",
        )
        .or("PassThrough", "as AWS does"),
    ]
}

fn network() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "role",
            Type::output_of(&["iam_role"], "arn"),
            "The role that it runs with.",
        )
        .security(),
        Attribute::new(
            "subnets",
            Type::id_of(&["subnet"], "subnet-").set(),
            "Where it stands in a VPC.",
        )
        .or(Value::List(Vec::new()), "it runs outside the VPC, with the internet in reach")
        .disrupts(Disruption::Brief),
        Attribute::new(
            "security_groups",
            Type::id_of(&["security_group"], "sg-").set(),
            "What it may reach in a VPC.",
        )
        .or(Value::List(Vec::new()), "only a function in a VPC has any")
        .security(),
    ]
}

fn access() -> Vec<Attribute> {
    let names = || Value::List(Vec::new());
    let cors = Type::Object(vec![
        Attribute::new("allow_origins", Type::String.set(), "Who may call.").or(names(), "none"),
        Attribute::new("allow_methods", Type::String.set(), "With which methods.")
            .or(names(), "none"),
        Attribute::new("allow_headers", Type::String.set(), "With which headers.")
            .or(names(), "none"),
        Attribute::new("expose_headers", Type::String.set(), "What they may read.")
            .or(names(), "none"),
        Attribute::new("allow_credentials", Type::Bool, "Whether with cookies.")
            .or(false, "as AWS does"),
        Attribute::new("max_age_seconds", Type::int(0, 86_400), "How long browsers remember this.")
            .or(0, "as AWS does"),
    ]);
    let url = Type::Object(vec![
        Attribute::new(
            "auth",
            Type::Enum(&["iam", "none"]),
            "`iam`: callers sign their requests; `none`: everybody may call.",
        ),
        Attribute::new("cors", cors, "What pages of other origins may do.").optional(),
        Attribute::new(
            "invoke_mode",
            Type::Enum(&["BUFFERED", "RESPONSE_STREAM"]),
            "Whether the answer comes as a whole or as it is made.",
        )
        .or("BUFFERED", "as AWS does"),
    ]);
    vec![
        Attribute::new("url", url, "Its own HTTPS address.")
            .optional()
            .disrupts(Disruption::Brief)
            .security(),
        Attribute::new(
            "invoked_by",
            Type::String.set(),
            "AWS services that may call it, as `secretsmanager.amazonaws.com`.",
        )
        .or(Value::List(Vec::new()), "as AWS does")
        .security(),
    ]
}

fn permissions() -> Permissions {
    Permissions {
        read: &[
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:GetFunctionUrlConfig",
            "lambda:GetPolicy",
            "tag:GetResources",
        ],
        create: &[
            "lambda:CreateFunction",
            "lambda:TagResource",
            "lambda:PutFunctionConcurrency",
            "lambda:CreateFunctionUrlConfig",
            "lambda:AddPermission",
            "iam:PassRole",
            "ec2:DescribeVpcs",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
        ],
        update: &[
            "lambda:UpdateFunctionConfiguration",
            "lambda:UpdateFunctionCode",
            "lambda:PutFunctionConcurrency",
            "lambda:DeleteFunctionConcurrency",
            "lambda:CreateFunctionUrlConfig",
            "lambda:UpdateFunctionUrlConfig",
            "lambda:DeleteFunctionUrlConfig",
            "lambda:AddPermission",
            "lambda:RemovePermission",
            "lambda:TagResource",
            "lambda:UntagResource",
            "iam:PassRole",
        ],
        delete: &["lambda:DeleteFunction"],
    }
}

fn complete(completion: &mut Completion<'_>) {
    fill_name(completion, NAME.attribute, NAME.maximum);
    respell(completion.attributes, "runtime", str::to_ascii_lowercase);
    lower_headers(completion.attributes);
}

/// Lambda keeps the header names of a URL's CORS settings in lower case.
fn lower_headers(attributes: &mut trueup_model::expression::Expressions) {
    let Some(Expression::Value(Value::Map(url))) = attributes.get_mut("url") else { return };
    let Some(Value::Map(cors)) = url.get_mut("cors") else { return };
    for name in ["allow_headers", "expose_headers"] {
        if let Some(headers) = cors.get_mut(name) {
            *headers = headers.strings().iter().map(|header| header.to_ascii_lowercase()).collect();
        }
    }
}

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;
