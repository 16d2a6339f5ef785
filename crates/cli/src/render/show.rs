//! What is live: the resources of a stack as AWS has them, of a snapshot that was sealed.

use serde_json::{Value as Json, json};
use trueup_model::{Address, Condition, Live, Snapshot};

use super::look::{Look, Tone, columns};
use super::{value, visible, words};

/// The resources of a snapshot that belong to a stack, in order of address.
pub(crate) fn owned<'a>(snapshot: &'a Snapshot, stack: &str) -> Vec<(&'a Address, &'a Live)> {
    let mut owned: Vec<(&Address, &Live)> = snapshot
        .resources
        .iter()
        .filter(|live| live.is_owned_by(stack))
        .filter_map(|live| Some((live.ownership.address.as_ref()?, live)))
        .collect();
    owned.sort_by(|(left, a), (right, b)| (left, &a.id).cmp(&(right, &b.id)));
    owned
}

/// One line for each resource.
pub(crate) fn table(owned: &[(&Address, &Live)], snapshot: &Snapshot, look: &Look) -> String {
    let width = owned.iter().map(|(address, _)| columns(&address.to_string())).max().unwrap_or(0);
    let ids = owned.iter().map(|(_, live)| columns(&live.id)).max().unwrap_or(0);
    let mut text = String::new();
    for (address, live) in owned {
        let address = look.paint(Tone::Strong, format!("{:width$}", address.to_string()));
        let line = format!("{address}  {:ids$}  {}", live.id, condition(live, look));
        text += &format!("{}\n", line.trim_end());
    }
    text += &format!("{}.", words::count(owned.len(), "resource"));
    text + &format!(" {}.\n", words::count(snapshot.calls as usize, "API call"))
}

/// Everything about one resource.
pub(crate) fn one(address: &Address, live: &Live, look: &Look) -> String {
    let heading = format!("{} ({})", look.paint(Tone::Strong, address), live.id);
    let heading = format!("{heading}  {}", condition(live, look));
    let mut text = format!("{}\n", heading.trim_end());
    let tags = live.tags.iter().map(|(key, tag)| (format!("tags.{key}"), tag.as_str().into()));
    let attributes: Vec<(String, trueup_model::Value)> =
        live.attributes.clone().into_iter().chain(tags).collect();
    let outputs: Vec<(String, trueup_model::Value)> = live.outputs.clone().into_iter().collect();
    for (title, values) in [("attributes", attributes), ("made by AWS", outputs)] {
        let width = values.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
        text += &format!("  {}\n", look.paint(Tone::Faint, title));
        for (name, value) in values.iter().filter(|(_, value)| !value.is_null()) {
            text += &entry(name, value, width, look);
        }
    }
    text
}

/// Resources as JSON.
pub(crate) fn document(stack: &str, owned: &[(&Address, &Live)], snapshot: &Snapshot) -> Json {
    let resources: Vec<Json> = owned
        .iter()
        .map(|(address, live)| {
            let mut resource = json!(live);
            resource["address"] = json!(address);
            resource
        })
        .collect();
    json!({
        "format": trueup_model::plan::FORMAT,
        "stack": stack,
        "account": snapshot.account,
        "region": snapshot.region,
        "resources": resources,
        "unreadable": snapshot.unreadable,
        "api_calls": snapshot.calls,
    })
}

fn entry(name: &str, value: &trueup_model::Value, width: usize, look: &Look) -> String {
    if value::is_long(value, look.width.saturating_sub(width + 6)) {
        let block = value::block(value);
        let lines: Vec<String> = block.lines().map(|line| format!("        {line}\n")).collect();
        return format!("    {}\n{}", visible::one_line(name), lines.concat());
    }
    format!("    {:width$}  {}\n", visible::one_line(name), value::inline(value))
}

fn condition(live: &Live, look: &Look) -> String {
    match &live.condition {
        Condition::Ready => String::new(),
        Condition::Pending(state) | Condition::Deleting(state) => look.paint(Tone::Warning, state),
        Condition::Impaired(state) | Condition::Failed(state) => look.paint(Tone::Error, state),
    }
}
