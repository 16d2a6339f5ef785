//! Whether IAM tells of a role what was asked for: its reads lag behind its changes.

use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::Failure;

use super::KIND;
use crate::live::{Session, owned};
use crate::services::policy::same_meaning;

/// Milliseconds that a change is given to show. It took effect even if it does not.
const SHOWS_WITHIN: u64 = 20_000;

/// Waits until the role is told with these attributes as wished, so that the next plan does not find
/// it as it was, and gives it as it is told.
pub(super) async fn wait(
    aws: &Session<'_>,
    name: &str,
    wish: &Values,
    attributes: &[String],
) -> Result<Option<Live>, Failure> {
    let end = aws.host.now().saturating_add(SHOWS_WITHIN);
    let is_told = |live: &Live| attributes.iter().all(|name| is_as_wished(name, live, wish));
    let over = |live: Option<&Live>| live.is_some_and(is_told) || aws.host.now() >= end;
    aws.holds(KIND, name, &over).await
}

fn is_as_wished(name: &str, live: &Live, wish: &Values) -> bool {
    // What is never told shows nothing.
    let Some(there) = live.attributes.get(name) else { return true };
    let wanted = wish.get(name).cloned().unwrap_or_default().revealed();
    let there = there.clone().revealed();
    match name {
        "trust" => same_meaning(&wanted, &there),
        "policies" => same_policies(&wanted, &there),
        // None and an empty one are the same to IAM.
        "description" => wanted.as_str().unwrap_or_default() == there.as_str().unwrap_or_default(),
        _ => owned::same_unordered(&wanted, &there),
    }
}

fn same_policies(wanted: &Value, there: &Value) -> bool {
    let names = |policies: &Value| {
        policies.as_map().into_iter().flatten().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let names = (names(wanted), names(there));
    names.0 == names.1 && names.0.iter().all(|name| same_meaning(wanted.get(name), there.get(name)))
}
