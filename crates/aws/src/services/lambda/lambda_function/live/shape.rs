//! From Lambda's descriptions of a function to the form that is compared.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::operation::get_function_url_config::GetFunctionUrlConfigOutput;
use aws_sdk_lambda::types::{
    Cors, FunctionConfiguration, FunctionUrlAuthType, ImageConfig, PackageType,
};
use trueup_model::Value;
use trueup_model::snapshot::{Condition, Live};
use trueup_model::value::Values;

use super::super::rules::usual_log_group;
use super::KIND;
use super::access::{Grants, NOT_ONLY_IAM, NOT_PUBLIC};
use crate::live::owned;

pub(super) fn normalise(
    function: &GetFunctionOutput,
    url: Option<&GetFunctionUrlConfigOutput>,
    policy: Option<&str>,
) -> Live {
    let empty = FunctionConfiguration::builder().build();
    let configuration = function.configuration().unwrap_or(&empty);
    let arn = configuration.function_arn().unwrap_or_default();
    let grants =
        Grants::read(policy.unwrap_or_default(), arn.split(':').nth(4).unwrap_or_default());
    let name = configuration.function_name().unwrap_or_default();
    let all_tags = function.tags().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone()));
    let reserved = function
        .concurrency()
        .and_then(aws_sdk_lambda::types::Concurrency::reserved_concurrent_executions);
    let mut attributes = described(configuration);
    let image = function.code().and_then(|code| code.image_uri());
    attributes.extend(owned::named([
        ("image", image.map(str::to_owned).into()),
        ("reserved_concurrency", reserved.into()),
        ("url", url.map_or(Value::Null, |url| address(url, &grants))),
        ("invoked_by", grants.invoked_by(url.is_some()).into_iter().collect()),
    ]));
    let outputs = owned::named([
        ("id", name.into()),
        ("arn", configuration.function_arn().into()),
        ("url", url.map(|url| url.function_url().to_owned()).into()),
    ]);
    owned::live((KIND, name), all_tags.collect(), attributes, outputs, condition(configuration))
}

fn described(one: &FunctionConfiguration) -> Values {
    let text =
        |value: Option<&str>| Value::from(value.filter(|text| !text.is_empty()).map(str::to_owned));
    let texts = |values: &[String]| values.iter().map(String::as_str).collect::<Value>();
    let variables = one.environment().and_then(|environment| environment.variables());
    let variables: Values =
        variables.into_iter().flatten().map(|(k, v)| (k.clone(), v.as_str().into())).collect();
    let is_image = one.package_type() == Some(&PackageType::Image);
    let source = Value::Map(owned::named([("sha256", text(one.code_sha256()))]));
    let ipv6 = one
        .vpc_config()
        .and_then(aws_sdk_lambda::types::VpcConfigResponse::ipv6_allowed_for_dual_stack);
    let failed = one.dead_letter_config().and_then(|config| config.target_arn());
    let image = one.image_config_response().and_then(|answer| answer.image_config());
    let (subnets, groups) = match one.vpc_config() {
        Some(vpc) => (texts(vpc.subnet_ids()), texts(vpc.security_group_ids())),
        None => (texts(&[]), texts(&[])),
    };
    owned::named([
        ("name", text(one.function_name())),
        ("description", text(one.description())),
        ("runtime", text(one.runtime().map(aws_sdk_lambda::types::Runtime::as_str))),
        ("handler", text(one.handler())),
        ("source", if is_image { Value::Null } else { source }),
        ("image_config", image.map_or(Value::Null, overrides)),
        ("package_type", if is_image { "Image" } else { "Zip" }.into()),
        ("logging", logging(one)),
        ("dead_letter_target", text(failed)),
        ("file_system", file_system(one)),
        ("ipv6_allowed_for_dual_stack", ipv6.unwrap_or_default().into()),
        ("layers", one.layers().iter().filter_map(|layer| layer.arn()).collect()),
        (
            "architecture",
            text(
                one.architectures()
                    .first()
                    .map(aws_sdk_lambda::types::Architecture::as_str)
                    .or(Some("x86_64")),
            ),
        ),
        ("environment", variables.into()),
        ("kms_key", text(one.kms_key_arn())),
        ("memory_mb", one.memory_size().into()),
        ("timeout_seconds", one.timeout().into()),
        (
            "ephemeral_storage_mb",
            one.ephemeral_storage()
                .map_or(512, aws_sdk_lambda::types::EphemeralStorage::size)
                .into(),
        ),
        (
            "tracing",
            text(
                one.tracing_config()
                    .and_then(|t| t.mode())
                    .map(aws_sdk_lambda::types::TracingMode::as_str)
                    .or(Some("PassThrough")),
            ),
        ),
        ("role", text(one.role())),
        ("subnets", subnets),
        ("security_groups", groups),
    ])
}

/// What a function does otherwise than its image says; nothing is none.
fn overrides(config: &ImageConfig) -> Value {
    let texts = |values: &[String]| values.iter().map(String::as_str).collect::<Value>();
    let directory = config.working_directory().filter(|text| !text.is_empty());
    if config.entry_point().is_empty() && config.command().is_empty() && directory.is_none() {
        return Value::Null;
    }
    Value::Map(owned::named([
        ("entry_point", texts(config.entry_point())),
        ("command", texts(config.command())),
        ("working_directory", directory.map(str::to_owned).into()),
    ]))
}

/// Functions that are older than these settings have none: they log text to the group of their name.
/// That one they do not hold: Lambda makes it when it is not there.
fn logging(one: &FunctionConfiguration) -> Value {
    use aws_sdk_lambda::types::{ApplicationLogLevel, LogFormat, SystemLogLevel};

    let config = one.logging_config();
    let format = config.and_then(|config| config.log_format()).map_or("Text", LogFormat::as_str);
    let usual = usual_log_group(one.function_name().unwrap_or_default());
    let group = config.and_then(|config| config.log_group()).filter(|group| *group != usual);
    let ours = config.and_then(|config| config.application_log_level());
    let systems = config.and_then(|config| config.system_log_level());
    Value::Map(owned::named([
        ("format", format.into()),
        ("log_group", group.into()),
        ("application_log_level", ours.map(ApplicationLogLevel::as_str).into()),
        ("system_log_level", systems.map(SystemLogLevel::as_str).into()),
    ]))
}

fn file_system(one: &FunctionConfiguration) -> Value {
    one.file_system_configs().first().map_or(Value::Null, |config| {
        Value::Map(owned::named([
            ("arn", config.arn().into()),
            ("mount_path", config.local_mount_path().into()),
        ]))
    })
}

/// A URL that says "everybody may call" without the permissions for it lets nobody in: that is a
/// difference too.
fn address(url: &GetFunctionUrlConfigOutput, grants: &Grants) -> Value {
    let auth = match url.auth_type() {
        FunctionUrlAuthType::None if grants.public() => "none",
        FunctionUrlAuthType::None => NOT_PUBLIC,
        _ if grants.half_public() => NOT_ONLY_IAM,
        _ => "iam",
    };
    let mode = url.invoke_mode().map_or("BUFFERED", |mode| mode.as_str());
    Value::Map(owned::named([
        ("auth", auth.into()),
        ("cors", url.cors().map_or(Value::Null, sharing)),
        ("invoke_mode", mode.into()),
    ]))
}

fn sharing(cors: &Cors) -> Value {
    let texts = |values: &[String]| values.iter().map(String::as_str).collect::<Value>();
    // Lambda keeps header names in lower case.
    let headers =
        |values: &[String]| values.iter().map(|h| h.to_ascii_lowercase()).collect::<Value>();
    let shared = owned::named([
        ("allow_origins", texts(cors.allow_origins())),
        ("allow_methods", texts(cors.allow_methods())),
        ("allow_headers", headers(cors.allow_headers())),
        ("expose_headers", headers(cors.expose_headers())),
        ("allow_credentials", cors.allow_credentials().unwrap_or_default().into()),
        ("max_age_seconds", cors.max_age().unwrap_or_default().into()),
    ]);
    let nothing = |value: &Value| matches!(value, Value::List(list) if list.is_empty());
    // An empty configuration is how one is taken away.
    if shared.values().all(|v| nothing(v) || *v == Value::Bool(false) || *v == Value::Int(0)) {
        return Value::Null;
    }
    Value::Map(shared)
}

fn condition(one: &FunctionConfiguration) -> Condition {
    let reason = one.state_reason().unwrap_or_default();
    let updating = one.last_update_status().map(aws_sdk_lambda::types::LastUpdateStatus::as_str)
        == Some("InProgress");
    match one.state().map_or("Active", |state| state.as_str()) {
        // An idle function in a VPC gives its network interface back; the next call wakes it.
        "Active" | "ActiveNonInvocable" | "Inactive" if !updating => Condition::Ready,
        "Failed" => Condition::Failed(format!("Failed: {reason}")),
        "Deleting" => Condition::Deleting("Deleting".to_owned()),
        _ if updating => Condition::Pending("update in progress".to_owned()),
        state => Condition::Pending(state.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{FileSystemConfig, ImageConfigResponse, LogFormat, LoggingConfig};

    use super::*;

    #[test]
    fn an_image_has_no_source_and_says_what_runs() {
        let own = ImageConfigResponse::builder().image_config(ImageConfig::builder().build());
        let image = FunctionConfiguration::builder()
            .package_type(PackageType::Image)
            .code_sha256("abc")
            .image_config_response(own.build());
        let described = described(&image.build());
        assert_eq!(described["package_type"], "Image".into());
        assert_eq!(
            (&described["source"], &described["image_config"]),
            (&Value::Null, &Value::Null)
        );
        let told = ImageConfig::builder().command("app.handler").working_directory("").build();
        assert_eq!(
            overrides(&told).to_string(),
            r#"{"command":["app.handler"],"entry_point":[],"working_directory":null}"#
        );
    }

    #[test]
    fn what_is_not_told_is_what_lambda_does() {
        let described = described(&FunctionConfiguration::builder().function_name("api").build());
        assert_eq!(described["package_type"], "Zip".into());
        assert_eq!(described["logging"].get("log_group"), &Value::Null);
        assert_eq!(described["logging"].get("format"), &"Text".into());
        assert_eq!(described["dead_letter_target"], Value::Null);
        assert_eq!(described["file_system"], Value::Null);
    }

    #[test]
    fn settings_are_read() {
        let logs = LoggingConfig::builder().log_format(LogFormat::Json).log_group("/shop/api");
        let files = FileSystemConfig::builder().arn("arn:x").local_mount_path("/mnt/x");
        let one = FunctionConfiguration::builder()
            .logging_config(logs.system_log_level("WARN".into()).build())
            .file_system_configs(files.build().unwrap())
            .build();
        let described = described(&one);
        assert_eq!(described["logging"].get("format"), &"JSON".into());
        assert_eq!(described["logging"].get("log_group"), &"/shop/api".into());
        assert_eq!(described["logging"].get("system_log_level"), &"WARN".into());
        assert_eq!(described["file_system"].get("mount_path"), &"/mnt/x".into());
    }
}
