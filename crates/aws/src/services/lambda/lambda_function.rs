//! A Lambda function with its URL and permissions.

use std::collections::BTreeMap;

use trueup_model::kind::{
    After, Completion, FUNCTION_INTERFACES_STAY, Idempotency, Lingers, Naming, Output, Permissions,
    Sample, Times, Unique, Which,
};
use trueup_model::{Attribute, Disruption, Expression, Kind, Type, Value};

use crate::services::attributes::{fill, fill_name, is_absent, respell};

mod rules;

const DOCUMENTATION: &str = "\
Identity: the name, unique in the Region.

In place: code, handler, runtime, memory, time limit, environment, role, network, concurrency, URL, \
logging, permissions, tags. Name, and whether it is a zip or an image, replace it.

`source` is a folder or a zip file beside the stack. A folder is zipped so that the same tree always \
gives the same bytes; the code is compared by its SHA-256.

`image` is a container image in ECR instead, compared as it is written: a tag that was moved since is \
not followed, so name it by digest or give each image a tag of its own. The image says what runs; \
`image_config` says otherwise.

In a VPC a function has network interfaces, which stay some 20 minutes after it is deleted and hold \
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
            .only_with(&["url"]),
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
            seconds: FUNCTION_INTERFACES_STAY,
        }),
        permissions: permissions(),
        idempotency: Idempotency::Name,
        complete,
        settle: rules::settle,
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
        Attribute::new("runtime", Type::String, "What runs a zip, as `python3.12`.").optional(),
        Attribute::new("handler", Type::String, "What is called of a zip, as `app.handler`.")
            .optional(),
        Attribute::new("source", Type::Source, "A folder or a zip file, beside the stack.")
            .optional()
            .security(),
        Attribute::new(
            "image",
            Type::String,
            "A container image in ECR, as `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…`.",
        )
        .optional()
        .security(),
        Attribute::new("image_config", Type::Object(image_config()), "What runs of the image.")
            .or(Value::Null, "as the image says"),
        Attribute::new("package_type", Type::Enum(&["Zip", "Image"]), "What the code comes as.")
            .derived("`Image` where `image` is given, else `Zip`")
            .replaces(),
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
        .or(Value::Map(BTreeMap::new()), "as AWS does")
        .may_hold_secrets(),
        Attribute::new(
            "kms_key",
            Type::String,
            "The ARN of the key that encrypts the environment.",
        )
        .or(Value::Null, "AWS encrypts it with a key of its own"),
    ]
}

fn image_config() -> Vec<Attribute> {
    let none = || Value::List(Vec::new());
    vec![
        Attribute::new("entry_point", Type::String.list(), "Its ENTRYPOINT.")
            .or(none(), "as the image says"),
        Attribute::new("command", Type::String.list(), "Its CMD.").or(none(), "as the image says"),
        Attribute::new("working_directory", Type::String, "Its WORKDIR.")
            .or(Value::Null, "as the image says"),
    ]
}

fn logging() -> Vec<Attribute> {
    let levels = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    vec![
        Attribute::new("format", Type::Enum(&["Text", "JSON"]), "The form of entries.")
            .or("Text", "as AWS does"),
        Attribute::new("log_group", Type::output_of(&["log_group"], "id"), "Where entries go.")
            .unmanaged("`/aws/lambda/NAME`"),
        Attribute::new(
            "application_log_level",
            Type::Enum(levels),
            "The least that it logs, in JSON.",
        )
        .unmanaged("INFO"),
        Attribute::new(
            "system_log_level",
            Type::Enum(&["DEBUG", "INFO", "WARN"]),
            "The least that Lambda logs about it, in JSON.",
        )
        .unmanaged("INFO"),
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
        Attribute::new("logging", Type::Object(logging()), "How and where it logs.").or(
            Value::Map([("format".to_owned(), "Text".into())].into()),
            "as AWS does: text, to `/aws/lambda/NAME`",
        ),
        Attribute::new(
            "dead_letter_target",
            Type::String,
            "The ARN of the queue or topic that gets asynchronous calls that failed.",
        )
        .or(Value::Null, "as AWS does: they are lost"),
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
        Attribute::new(
            "ipv6_allowed_for_dual_stack",
            Type::Bool,
            "Whether it reaches IPv6 addresses from subnets that have them.",
        )
        .or(false, "as AWS does"),
        Attribute::new(
            "file_system",
            Type::Object(file_system()),
            "An EFS file system in its VPC.",
        )
        .optional(),
    ]
}

fn file_system() -> Vec<Attribute> {
    vec![
        Attribute::new("arn", Type::String, "The ARN of the EFS access point."),
        Attribute::new("mount_path", Type::String, "Where it is found, below `/mnt/`."),
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
            "ecr:GetRepositoryPolicy",
            "ecr:SetRepositoryPolicy",
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
    let package = if is_absent(completion.attributes, "image") { "Zip" } else { "Image" };
    fill(completion.attributes, "package_type", package);
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
