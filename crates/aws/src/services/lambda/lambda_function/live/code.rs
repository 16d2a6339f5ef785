//! A function's code and configuration.

use aws_sdk_lambda::types::{
    Architecture, DeadLetterConfig, Environment, EphemeralStorage, FileSystemConfig, FunctionCode,
    ImageConfig, LoggingConfig, PackageType, Runtime, TracingConfig, VpcConfig,
};
use aws_smithy_types::Blob;
use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Failure, FailureClass, Update};

use crate::live::{Session, owned};

/// The attributes that one call changes together.
pub(super) const CONFIGURATION: [&str; 18] = [
    "description",
    "runtime",
    "handler",
    "layers",
    "environment",
    "kms_key",
    "memory_mb",
    "timeout_seconds",
    "ephemeral_storage_mb",
    "tracing",
    "logging",
    "dead_letter_target",
    "image_config",
    "file_system",
    "ipv6_allowed_for_dual_stack",
    "role",
    "subnets",
    "security_groups",
];

/// What a function runs.
pub(super) enum Code {
    Zip(Blob),
    /// The URI of an image in ECR.
    Image(String),
}

impl Code {
    pub(super) fn of(aws: &Session<'_>, wish: &Values) -> Result<Self, Failure> {
        match owned::wanted_text(wish, "image") {
            Some(image) => Ok(Self::Image(image)),
            None => zip(aws, wish).map(Self::Zip),
        }
    }

    fn for_create(&self) -> FunctionCode {
        match self {
            Self::Zip(zip) => FunctionCode::builder().zip_file(zip.clone()).build(),
            Self::Image(uri) => FunctionCode::builder().image_uri(uri).build(),
        }
    }
}

/// The zip file that the plan was made for. Had the folder changed since, what runs would not be
/// what was shown.
fn zip(aws: &Session<'_>, wish: &Values) -> Result<Blob, Failure> {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};

    let source = wish.get("source").cloned().unwrap_or_default();
    let path = source.get("path").as_str().unwrap_or_default();
    let bytes = (aws.read_source)(path).map_err(|error| {
        Failure::new(FailureClass::Invalid, format!("cannot read '{path}': {error}"))
    })?;
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&bytes));
    if source.get("sha256").as_str() != Some(&digest) {
        let message = format!("'{path}' changed since the plan was made");
        return Err(Failure::new(FailureClass::Invalid, message).help("plan again"));
    }
    Ok(Blob::new(bytes))
}

pub(super) async fn create(
    aws: &Session<'_>,
    request: &Create,
    name: &str,
    code: &Code,
) -> Result<(), Failure> {
    let wish = &request.attributes;
    let is_image = matches!(code, Code::Image(_));
    let code = code.for_create();
    let environment = environment(wish)?;
    let tags: std::collections::HashMap<String, String> = request.all_tags().into_iter().collect();
    aws.call(Call::once("lambda:CreateFunction"), || {
        let call = aws.clients.lambda.create_function().function_name(name).code(code.clone());
        let call = call.package_type(if is_image { PackageType::Image } else { PackageType::Zip });
        call.set_description(owned::wanted_text(wish, "description"))
            .set_runtime(owned::wanted_text(wish, "runtime").as_deref().map(Runtime::from))
            .set_handler(owned::wanted_text(wish, "handler"))
            .set_layers(owned::wanted_texts(wish, "layers").filter(|layers| !layers.is_empty()))
            .set_architectures(architectures(wish))
            .environment(environment.clone())
            .set_kms_key_arn(owned::wanted_text(wish, "kms_key"))
            .set_memory_size(owned::wanted_int(wish, "memory_mb"))
            .set_timeout(owned::wanted_int(wish, "timeout_seconds"))
            .set_ephemeral_storage(disk(wish))
            .set_tracing_config(tracing(wish))
            .set_role(owned::wanted_text(wish, "role"))
            .set_vpc_config(Some(network(wish)))
            .logging_config(logging(wish.get("logging").unwrap_or(&Value::Null)))
            .set_dead_letter_config(owned::wanted(wish, "dead_letter_target").map(|_| failed(wish)))
            .set_image_config(owned::wanted(wish, "image_config").map(|_| image(wish)))
            .set_file_system_configs(Some(file_systems(wish)).filter(|some| !some.is_empty()))
            .set_tags(Some(tags.clone()))
            .send()
    })
    .await
    .map(|_| ())
}

/// Sends the whole configuration, so that what is removed from the stack is removed from the
/// function.
pub(super) async fn configure(aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
    let wish = &request.attributes;
    let is_image = owned::wanted(wish, "image").is_some();
    let layers = owned::wanted_texts(wish, "layers").unwrap_or_default();
    let logging = logging(&kept_logging(wish, &request.before));
    let environment = environment(wish)?;
    aws.call(Call::repeatable("lambda:UpdateFunctionConfiguration"), || {
        let call = aws.clients.lambda.update_function_configuration().function_name(&request.id);
        call.description(owned::wanted_text(wish, "description").unwrap_or_default())
            .set_runtime(owned::wanted_text(wish, "runtime").as_deref().map(Runtime::from))
            .set_handler(owned::wanted_text(wish, "handler"))
            .set_layers(Some(layers.clone()).filter(|_| !is_image))
            .environment(environment.clone())
            .kms_key_arn(owned::wanted_text(wish, "kms_key").unwrap_or_default())
            .set_memory_size(owned::wanted_int(wish, "memory_mb"))
            .set_timeout(owned::wanted_int(wish, "timeout_seconds"))
            .set_ephemeral_storage(disk(wish))
            .set_tracing_config(tracing(wish))
            .set_role(owned::wanted_text(wish, "role"))
            .vpc_config(network(wish))
            .logging_config(logging.clone())
            .dead_letter_config(failed(wish))
            .set_image_config(is_image.then(|| image(wish)))
            .set_file_system_configs(Some(file_systems(wish)))
            .send()
    })
    .await
    .map(|_| ())
}

pub(super) async fn replace(
    aws: &Session<'_>,
    request: &Update,
    code: Code,
) -> Result<(), Failure> {
    let (zip, image) = match code {
        Code::Zip(zip) => (Some(zip), None),
        Code::Image(image) => (None, Some(image)),
    };
    aws.call(Call::repeatable("lambda:UpdateFunctionCode"), || {
        let call = aws.clients.lambda.update_function_code().function_name(&request.id);
        call.set_zip_file(zip.clone())
            .set_image_uri(image.clone())
            .set_architectures(architectures(&request.attributes))
            .send()
    })
    .await
    .map(|_| ())
}

fn architectures(wish: &Values) -> Option<Vec<Architecture>> {
    owned::wanted_text(wish, "architecture").map(|name| vec![Architecture::from(name.as_str())])
}

fn environment(wish: &Values) -> Result<Environment, Failure> {
    let variables = wish.get("environment").and_then(Value::as_map).into_iter().flatten();
    let text = |(name, value): (&String, &Value)| {
        if value.is_null() {
            let message = format!("environment.{name} has no value: what it reads is not set");
            let help = "read something that has a value, or leave the variable out";
            return Err(Failure::new(FailureClass::Invalid, message).help(help));
        }
        // A number or a bool in the stack is its text to the function; a secret is itself.
        Ok((name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    let variables = variables.map(text).collect::<Result<_, _>>()?;
    Ok(Environment::builder().set_variables(Some(variables)).build())
}

fn disk(wish: &Values) -> Option<EphemeralStorage> {
    let size = owned::wanted_int(wish, "ephemeral_storage_mb")?;
    EphemeralStorage::builder().size(size).build().ok()
}

fn tracing(wish: &Values) -> Option<TracingConfig> {
    let mode = owned::wanted_text(wish, "tracing")?;
    Some(TracingConfig::builder().mode(mode.as_str().into()).build())
}

/// What is wanted, and of what AWS chooses what is there: Lambda sets back what it is not told.
fn kept_logging(wish: &Values, before: &Live) -> Value {
    let wanted = wish.get("logging").unwrap_or(&Value::Null);
    let there = before.get_attribute("logging");
    let is_json = wanted.get("format").as_str() == Some("JSON");
    let kept = |name: &str| match wanted.get(name) {
        // Text has no levels.
        Value::Null if is_json || name == "log_group" => there.get(name).clone(),
        stated => stated.clone(),
    };
    Value::Map(owned::named([
        ("format", wanted.get("format").clone()),
        ("log_group", kept("log_group")),
        ("application_log_level", kept("application_log_level")),
        ("system_log_level", kept("system_log_level")),
    ]))
}

fn logging(wanted: &Value) -> LoggingConfig {
    let text = |name: &str| wanted.get(name).as_str();
    LoggingConfig::builder()
        .set_log_format(text("format").map(Into::into))
        .set_log_group(text("log_group").map(str::to_owned))
        .set_application_log_level(text("application_log_level").map(Into::into))
        .set_system_log_level(text("system_log_level").map(Into::into))
        .build()
}

/// An empty target takes one away.
fn failed(wish: &Values) -> DeadLetterConfig {
    let target = owned::wanted_text(wish, "dead_letter_target").unwrap_or_default();
    DeadLetterConfig::builder().target_arn(target).build()
}

/// An empty configuration is the image's own again.
fn image(wish: &Values) -> ImageConfig {
    let wanted = wish.get("image_config").unwrap_or(&Value::Null);
    let texts = |name: &str| Some(wanted.get(name).strings()).filter(|texts| !texts.is_empty());
    ImageConfig::builder()
        .set_entry_point(texts("entry_point"))
        .set_command(texts("command"))
        .set_working_directory(wanted.get("working_directory").as_str().map(str::to_owned))
        .build()
}

fn file_systems(wish: &Values) -> Vec<FileSystemConfig> {
    let wanted = wish.get("file_system").unwrap_or(&Value::Null);
    let text = |name: &str| wanted.get(name).as_str().map(str::to_owned);
    let config = FileSystemConfig::builder().set_arn(text("arn"));
    // Without both there is none.
    config.set_local_mount_path(text("mount_path")).build().into_iter().collect()
}

/// Empty lists take a function out of its VPC.
fn network(wish: &Values) -> VpcConfig {
    VpcConfig::builder()
        .set_ipv6_allowed_for_dual_stack(owned::wanted_bool(wish, "ipv6_allowed_for_dual_stack"))
        .set_subnet_ids(Some(owned::wanted_texts(wish, "subnets").unwrap_or_default()))
        .set_security_group_ids(Some(
            owned::wanted_texts(wish, "security_groups").unwrap_or_default(),
        ))
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trueup_model::snapshot::{Condition, Ownership};

    use super::*;

    #[test]
    fn what_aws_chose_of_logging_stays() {
        let json = |text: &str| -> Values { serde_json::from_str(text).unwrap() };
        let before = Live {
            kind: "lambda_function".into(),
            id: "api".to_owned(),
            ownership: Ownership::default(),
            attributes: json(
                r#"{"logging":{"format":"JSON","log_group":"/shop/all","application_log_level":"WARN"}}"#,
            ),
            outputs: Values::new(),
            tags: BTreeMap::new(),
            condition: Condition::Ready,
            scheduled: Values::new(),
        };
        let kept = |wish: &str| kept_logging(&json(wish), &before).to_string();
        assert_eq!(
            kept(r#"{"logging":{"format":"JSON"}}"#),
            r#"{"application_log_level":"WARN","format":"JSON","log_group":"/shop/all","system_log_level":null}"#
        );
        assert_eq!(
            kept(r#"{"logging":{"format":"Text","log_group":"/other"}}"#),
            r#"{"application_log_level":null,"format":"Text","log_group":"/other","system_log_level":null}"#
        );
    }

    fn check(variables: &str) -> Result<String, String> {
        let variables: Value = serde_json::from_str(variables).unwrap();
        let environment = environment(&[("environment".to_owned(), variables)].into());
        let text = |environment: Environment| environment.variables.unwrap()["HOST"].clone();
        environment.map(text).map_err(|failure| failure.message)
    }

    #[test]
    fn a_variable_is_text_and_never_null() {
        assert_eq!(check(r#"{"HOST": "db"}"#), Ok("db".to_owned()));
        assert_eq!(check(r#"{"HOST": 5432}"#), Ok("5432".to_owned()));
        let message = "environment.HOST has no value: what it reads is not set";
        assert_eq!(check(r#"{"HOST": null}"#), Err(message.to_owned()));
    }
}
