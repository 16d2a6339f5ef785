//! A function's code and configuration.

use aws_sdk_lambda::types::{
    Architecture, Environment, EphemeralStorage, FunctionCode, Runtime, TracingConfig, VpcConfig,
};
use aws_smithy_types::Blob;
use trueup_model::Value;
use trueup_model::value::Values;
use trueup_provider::{Call, Create, Failure, FailureClass, Update};

use crate::live::{Session, owned};

/// The attributes that one call changes together.
pub(super) const CONFIGURATION: [&str; 13] = [
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
    "role",
    "subnets",
    "security_groups",
];

/// The zip file that the plan was made for. Had the folder changed since, what runs would not be
/// what was shown.
pub(super) fn zip(aws: &Session<'_>, wish: &Values) -> Result<Blob, Failure> {
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
    zip: &Blob,
) -> Result<(), Failure> {
    let wish = &request.attributes;
    let code = FunctionCode::builder().zip_file(zip.clone()).build();
    let tags: std::collections::HashMap<String, String> = request.all_tags().into_iter().collect();
    aws.call(Call::once("lambda:CreateFunction"), || {
        let call = aws.clients.lambda.create_function().function_name(name).code(code.clone());
        call.set_description(owned::wanted_text(wish, "description"))
            .set_runtime(owned::wanted_text(wish, "runtime").as_deref().map(Runtime::from))
            .set_handler(owned::wanted_text(wish, "handler"))
            .set_layers(owned::wanted_texts(wish, "layers").filter(|layers| !layers.is_empty()))
            .set_architectures(architectures(wish))
            .set_environment(Some(environment(wish)))
            .set_kms_key_arn(owned::wanted_text(wish, "kms_key"))
            .set_memory_size(owned::wanted_int(wish, "memory_mb"))
            .set_timeout(owned::wanted_int(wish, "timeout_seconds"))
            .set_ephemeral_storage(disk(wish))
            .set_tracing_config(tracing(wish))
            .set_role(owned::wanted_text(wish, "role"))
            .set_vpc_config(Some(network(wish)))
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
    aws.call(Call::repeatable("lambda:UpdateFunctionConfiguration"), || {
        let call = aws.clients.lambda.update_function_configuration().function_name(&request.id);
        call.description(owned::wanted_text(wish, "description").unwrap_or_default())
            .set_runtime(owned::wanted_text(wish, "runtime").as_deref().map(Runtime::from))
            .set_handler(owned::wanted_text(wish, "handler"))
            .set_layers(Some(owned::wanted_texts(wish, "layers").unwrap_or_default()))
            .environment(environment(wish))
            .kms_key_arn(owned::wanted_text(wish, "kms_key").unwrap_or_default())
            .set_memory_size(owned::wanted_int(wish, "memory_mb"))
            .set_timeout(owned::wanted_int(wish, "timeout_seconds"))
            .set_ephemeral_storage(disk(wish))
            .set_tracing_config(tracing(wish))
            .set_role(owned::wanted_text(wish, "role"))
            .vpc_config(network(wish))
            .send()
    })
    .await
    .map(|_| ())
}

pub(super) async fn replace(
    aws: &Session<'_>,
    request: &Update,
    zip: &Blob,
) -> Result<(), Failure> {
    aws.call(Call::repeatable("lambda:UpdateFunctionCode"), || {
        let call = aws.clients.lambda.update_function_code().function_name(&request.id);
        call.zip_file(zip.clone()).set_architectures(architectures(&request.attributes)).send()
    })
    .await
    .map(|_| ())
}

fn architectures(wish: &Values) -> Option<Vec<Architecture>> {
    owned::wanted_text(wish, "architecture").map(|name| vec![Architecture::from(name.as_str())])
}

fn environment(wish: &Values) -> Environment {
    let variables = wish.get("environment").and_then(Value::as_map).into_iter().flatten();
    let variables = variables.map(|(name, value)| {
        // A number or a bool in the stack is its text to the function; a secret is itself.
        (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    Environment::builder().set_variables(Some(variables.collect())).build()
}

fn disk(wish: &Values) -> Option<EphemeralStorage> {
    let size = owned::wanted_int(wish, "ephemeral_storage_mb")?;
    EphemeralStorage::builder().size(size).build().ok()
}

fn tracing(wish: &Values) -> Option<TracingConfig> {
    let mode = owned::wanted_text(wish, "tracing")?;
    Some(TracingConfig::builder().mode(mode.as_str().into()).build())
}

/// Empty lists take a function out of its VPC.
fn network(wish: &Values) -> VpcConfig {
    VpcConfig::builder()
        .set_subnet_ids(Some(owned::wanted_texts(wish, "subnets").unwrap_or_default()))
        .set_security_group_ids(Some(
            owned::wanted_texts(wish, "security_groups").unwrap_or_default(),
        ))
        .build()
}
