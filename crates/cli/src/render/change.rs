//! One planned change: its mark, what it does, why, and each attribute before and after.

use trueup_model::change::After;
use trueup_model::kind::Presence;
use trueup_model::value::SENSITIVE;
use trueup_model::{Action, AttributeChange, Catalog, Cause, Change, Reason, Value};

use super::look::{Look, Tone, columns};
use super::{reason, value, visible, words};

const UNKNOWN: &str = "(known after apply)";

/// The mark that stands before an address.
pub(crate) fn mark(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::CreateThenDelete => "+/-",
        Action::DeleteThenCreate => "-/+",
        Action::Delete => "-",
        Action::Adopt => "<",
        Action::Move => ">",
        Action::Forget => "x",
        Action::Nothing => "i",
    }
}

/// What the action is called.
pub(crate) fn label(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::CreateThenDelete => "replace, the new one first",
        Action::DeleteThenCreate => "replace, the old one goes first",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Move => "move",
        Action::Forget => "forget, it stays in AWS",
        Action::Nothing => "unchanged",
    }
}

/// The tone of an action.
pub(crate) fn tone(action: Action) -> Tone {
    match action {
        Action::Create => Tone::Add,
        Action::Update | Action::Adopt | Action::Move => Tone::Change,
        Action::CreateThenDelete | Action::DeleteThenCreate | Action::Delete => Tone::Remove,
        Action::Forget | Action::Nothing => Tone::Faint,
    }
}

/// The change as lines.
pub(crate) fn lines(change: &Change, catalog: &Catalog, look: &Look) -> Vec<String> {
    let mut lines = vec![heading(change, look)];
    for sentence in sentences(change) {
        lines.extend(look.wrap(4, &sentence).iter().map(|line| look.paint(Tone::Faint, line)));
    }
    lines.extend(attribute_lines(change, catalog, look));
    for remark in &change.remarks {
        lines.extend(look.wrap(4, &format!("Note: {remark}")));
    }
    lines
}

fn heading(change: &Change, look: &Look) -> String {
    let tone = tone(change.action);
    let mark = look.paint(tone, format!("{:>3}", mark(change.action)));
    let address = look.paint(Tone::Strong, &change.address);
    let mut line = format!("{mark} {address}");
    if let Some(id) = &change.id {
        line += &look.paint(Tone::Faint, format!(" ({})", visible::one_line(id)));
    }
    line += &format!("  {}", look.paint(tone, label(change.action)));
    if change.cause == Cause::Drift && !change.reasons.contains(&Reason::Vanished) {
        line += &look.paint(Tone::Warning, "  changed outside of this stack");
    }
    if let Some(disruption) = words::disruption(change.disruption) {
        line += &look.paint(Tone::Warning, format!("  {disruption}"));
    }
    if change.seconds >= 10 {
        line += &look.paint(Tone::Faint, format!("  {}", words::estimate(change.seconds)));
    }
    line
}

/// The reasons, each as a sentence.
fn sentences(change: &Change) -> Vec<String> {
    let reasons = change.reasons.iter().filter_map(reason::reason);
    reasons.map(|reason| format!("because {reason}")).collect()
}

fn attribute_lines(change: &Change, catalog: &Catalog, look: &Look) -> Vec<String> {
    let shown: Vec<&AttributeChange> =
        change.attributes.iter().filter(|a| is_shown(change, a, catalog, look)).collect();
    let longest = shown.iter().map(|attribute| columns(&attribute.path)).max().unwrap_or(0);
    let width = longest.min(36);
    shown.iter().flat_map(|attribute| attribute_line(change, attribute, width, look)).collect()
}

/// Whether an attribute is worth a line: what is deleted is known, and a new thing's attributes
/// at their defaults are as the manual says.
fn is_shown(change: &Change, attribute: &AttributeChange, catalog: &Catalog, look: &Look) -> bool {
    match change.action {
        _ if look.verbose => true,
        Action::Delete | Action::Forget => false,
        Action::Create => !is_default(change, attribute, catalog),
        _ => true,
    }
}

/// Whether a new attribute is just its declared default.
pub(crate) fn is_default(change: &Change, attribute: &AttributeChange, catalog: &Catalog) -> bool {
    let After::Value(after) = &attribute.after else { return false };
    if after.is_null() {
        return true;
    }
    let declared =
        catalog.get(change.kind.as_str()).and_then(|kind| kind.attribute(&attribute.path));
    match declared.map(|attribute| &attribute.presence) {
        Some(Presence::Default(default, _)) => default == after,
        _ => is_empty(after),
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_list().is_some_and(<[_]>::is_empty)
        || value.as_map().is_some_and(std::collections::BTreeMap::is_empty)
}

fn attribute_line(
    change: &Change,
    attribute: &AttributeChange,
    width: usize,
    look: &Look,
) -> Vec<String> {
    let room = look.width.saturating_sub(width + 8);
    let path = format!("{:width$}", visible::one_line(&attribute.path));
    let mut notes = String::new();
    if attribute.replaces {
        notes += &look.paint(Tone::Remove, "  # forces replacement");
    }
    if let Some(long) = long_form(attribute, room, look) {
        let mut lines = vec![format!("    {path}{notes}").trim_end().to_owned()];
        lines.extend(long.into_iter().map(|line| format!("        {line}")));
        return lines;
    }
    if let Some(waits) = long_unknown(attribute, room, look) {
        let mut lines = vec![format!("    {path}  {UNKNOWN}{notes}")];
        lines.extend(waits);
        return lines;
    }
    if attribute.after == After::Sensitive && change.action != Action::Create {
        return vec![format!("    {path}  {SENSITIVE} changes{notes}")];
    }
    if let Some(text) = element(attribute, look).filter(|_| change.action != Action::Create) {
        return vec![format!("    {path}  {text}{notes}")];
    }
    let after = after(&attribute.after);
    let text = if is_new(change, attribute) {
        after
    } else {
        let arrow = look.paint(Tone::Faint, "->");
        let before = value::inline(&attribute.before);
        if columns(&before) + columns(&after) + 4 > room && columns(&before) > 20 {
            return vec![
                format!("    {path}  {before}{notes}"),
                format!("    {:width$}{arrow} {after}", ""),
            ];
        }
        format!("{before} {arrow} {after}")
    };
    vec![format!("    {path}  {text}{notes}")]
}

/// An element of a set, or a tag, that comes or goes.
fn element(attribute: &AttributeChange, look: &Look) -> Option<String> {
    if !attribute.path.ends_with(']') && !attribute.path.starts_with("tags.") {
        return None;
    }
    match (&attribute.before, &attribute.after) {
        (before, After::Value(Value::Null)) => {
            Some(look.paint(Tone::Remove, format!("- {}", value::inline(before))))
        }
        (Value::Null, After::Value(after)) => {
            Some(look.paint(Tone::Add, format!("+ {}", value::inline(after))))
        }
        _ => None,
    }
}

/// The lines of a value too long for one: a diff where there are two sides.
fn long_form(attribute: &AttributeChange, room: usize, look: &Look) -> Option<Vec<String>> {
    let After::Value(after) = &attribute.after else { return None };
    if !value::is_long(after, room) && !value::is_long(&attribute.before, room) {
        return None;
    }
    let plain = |value: &Value| value::block(value).lines().map(str::to_owned).collect();
    Some(match (&attribute.before, after) {
        (Value::Null, after) => plain(after),
        (before, after) => value::line_diff(before, after, look),
    })
}

/// What a value waits for, when that is too long to stand beside its path.
fn long_unknown(attribute: &AttributeChange, room: usize, look: &Look) -> Option<Vec<String>> {
    let After::Unknown(source) = &attribute.after else { return None };
    let is_long = columns(source) + columns(UNKNOWN) > room && attribute.before.is_null();
    is_long.then(|| look.wrap(8, source).iter().map(|line| look.paint(Tone::Faint, line)).collect())
}

/// Whether there was nothing before that a reader would miss.
fn is_new(change: &Change, attribute: &AttributeChange) -> bool {
    change.action == Action::Create && attribute.before.is_null()
}

/// The value afterwards.
pub(crate) fn after(after: &After) -> String {
    match after {
        After::Value(value) => value::inline(value),
        After::Unknown(source) if source.is_empty() => UNKNOWN.to_owned(),
        After::Unknown(source) => format!("(known after apply: {})", visible::one_line(source)),
        After::Sensitive => SENSITIVE.to_owned(),
    }
}
