//! One step: its expressions become values, and the provider is called with them.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use trueup_model::expression::{Evaluator, Expressions};
use trueup_model::value::Values;
use trueup_model::{Live, Operation, Ownership, Step, Target, Value};
use trueup_provider::{Create, Delete, Failure, FailureClass, Host, Provider, Update};

use crate::scope::World;

/// Does a step, and gives what it leaves, if it leaves something.
pub(crate) async fn perform(
    provider: &dyn Provider,
    host: &dyn Host,
    step: &Step,
    world: &World,
    evaluator: &dyn Evaluator,
) -> Result<Option<Live>, Failure> {
    let known = |expressions| known(expressions, world, evaluator);
    match &step.operation {
        Operation::Create { attributes, tags, ownership, token } => {
            let (attributes, tags) = (known(attributes)?, tag_texts(known(tags)?));
            let request = Create {
                address: step.address.clone(),
                kind: step.kind.clone(),
                token: client_token(token, &attributes, &tags),
                attributes,
                tags,
                ownership: ownership.clone(),
            };
            let live = provider.create(host, &request).await?;
            Ok(Some(world.sealed(live, &request.attributes)))
        }
        Operation::Update { target, attributes, tags, ownership, changed, before } => {
            let before = current(step, target, before.as_deref(), world)?;
            let request = Update {
                address: step.address.clone(),
                kind: step.kind.clone(),
                id: before.id.clone(),
                attributes: known(attributes)?,
                tags: tag_texts(known(tags)?),
                ownership: ownership.clone(),
                changed: changed.clone(),
                before,
            };
            let live = provider.update(host, &request).await?;
            Ok(Some(world.sealed(live, &request.attributes)))
        }
        Operation::Delete { before, final_snapshot } => {
            let request = Delete {
                address: step.address.clone(),
                before: Live::clone(before),
                final_snapshot: *final_snapshot,
            };
            provider.delete(host, &request).await.map(|()| None)
        }
        Operation::Forget { before } => provider.forget(host, before).await.map(|()| None),
    }
}

/// The client token: the same for the same request, whether what it stands on was made by this run or
/// by one that crashed. AWS refuses a token that comes again with other parameters.
fn client_token(planned: &str, attributes: &Values, tags: &BTreeMap<String, String>) -> String {
    const DIGITS: usize = 32;
    // Secrets are left out of the JSON form: a token can be read by many.
    let request = serde_json::json!([planned, attributes, tags]).to_string();
    let digest = Sha256::digest(request.as_bytes());
    let mut token = digest.iter().fold(String::new(), |token, byte| format!("{token}{byte:02x}"));
    token.truncate(DIGITS);
    token
}

/// The resource that an update is about, as last read: an earlier step may have changed it.
fn current(
    step: &Step,
    target: &Target,
    before: Option<&Live>,
    world: &World,
) -> Result<Live, Failure> {
    let planned = match target {
        Target::Id(id) => before.cloned().or_else(|| world.latest(&step.address, id)),
        Target::Step(maker) => world.left_by(*maker),
    };
    let planned = planned.ok_or_else(|| {
        let message = format!("the plan does not say which resource {} updates", step.address);
        Failure::new(FailureClass::Internal, message)
    })?;
    Ok(world.latest(&step.address, &planned.id).unwrap_or(planned))
}

fn known(
    expressions: &Expressions,
    world: &World,
    evaluator: &dyn Evaluator,
) -> Result<Values, Failure> {
    let value = |(name, expression): (&String, &trueup_model::Expression)| {
        let folded = expression.resolve(evaluator, world).map_err(|error| {
            Failure::new(FailureClass::Invalid, format!("'{name}' has no value: {error}"))
        })?;
        let value = folded.to_value().ok_or_else(|| {
            let missing = folded.references().first().map_or_else(String::new, ToString::to_string);
            let message = format!("'{name}' needs {missing}, which no earlier step has made");
            Failure::new(FailureClass::Internal, message)
        })?;
        Ok((name.clone(), value))
    };
    expressions.iter().map(value).collect()
}

/// The tags proper as texts; ours are written from the ownership.
fn tag_texts(tags: Values) -> BTreeMap<String, String> {
    let texts = tags.into_iter().filter_map(|(key, value)| match value {
        Value::Null => None,
        Value::String(text) => Some((key, text)),
        Value::Secret(secret) => Some((key, secret.reveal().to_owned())),
        other => Some((key, other.to_string())),
    });
    Ownership::split(texts).1
}
