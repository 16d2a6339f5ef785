//! Drift: what somebody changed behind the stack's back, apart from what the file changed.

use serde::Serialize;
use serde_json::{Value as Json, json};
use trueup_model::change::{After, DriftClass};
use trueup_model::proof::Verdict;
use trueup_model::{Action, AttributeChange, Cause, Change, Plan, Proof, Reason, Value};

use trueup_planner::drift::{self, Drifted};

use super::look::{Look, Tone, columns};
use super::summary::calls;
use super::{change, proofs, reason, value, visible, words};
use crate::network::LiveProof;

/// A plan, divided by which side moved.
pub(crate) struct Drift<'a> {
    plan: &'a Plan,
    /// What the world changed.
    changes: Vec<Drifted<'a>>,
    /// What the file changed since it was last applied: not drift.
    file: Vec<&'a Change>,
    /// What is not as it was applied, and what no plan can mend.
    estranged: usize,
    /// The sentences on the live network.
    proofs: &'a [LiveProof],
    /// Whether something could not be read.
    is_partial: bool,
}

/// Drift as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    format: u32,
    stack: &'a str,
    account: &'a str,
    region: &'a str,
    drifted: bool,
    changes: Vec<Entry<'a>>,
    file_changes: Vec<FileEntry<'a>>,
    remarks: Vec<RemarkEntry<'a>>,
    withheld: &'a [trueup_model::plan::Withheld],
    proofs: Vec<Json>,
    api_calls: u32,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    address: &'a trueup_model::Address,
    kind: &'a trueup_model::KindName,
    id: Option<&'a str>,
    class: DriftClass,
    what: What,
    location: Option<String>,
    action: Action,
    cause: Cause,
    attributes: Vec<AttributeEntry<'a>>,
}

#[derive(Debug, Serialize)]
struct AttributeEntry<'a> {
    path: &'a str,
    class: DriftClass,
    live: &'a Value,
    stack: &'a After,
}

#[derive(Debug, Serialize)]
struct FileEntry<'a> {
    address: &'a trueup_model::Address,
    action: Action,
}

/// What is to be known of a resource besides: that it waits for a reboot.
#[derive(Debug, Serialize)]
struct RemarkEntry<'a> {
    address: &'a trueup_model::Address,
    remarks: &'a [String],
}

/// What happened to the resource outside of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Deleted,
    Changed,
    Failed,
}

impl<'a> Drift<'a> {
    /// Divides a plan.
    pub(crate) fn of(plan: &'a Plan, proofs: &'a [LiveProof], is_partial: bool) -> Self {
        let drift::Drift { drifted, pending, estranged } = drift::report(plan);
        // What only follows from another change is none by itself.
        let file = pending.into_iter().filter(|change| change.cause == Cause::File).collect();
        Self { plan, changes: drifted, file, estranged: estranged.len(), proofs, is_partial }
    }

    /// Whether live AWS differs from what was applied.
    pub(crate) fn is_some(&self) -> bool {
        !self.changes.is_empty() || self.estranged > 0 || self.broken().next().is_some()
    }

    /// What is there and has something to be known besides.
    fn remarked(&self) -> impl Iterator<Item = &'a Change> {
        let there = self.plan.changes.iter().filter(|change| change.id.is_some());
        there.filter(|change| !change.remarks.is_empty())
    }

    /// The sentences that break on the live network and that applying the file would not mend.
    /// Whatever breaks them, be it something that is not ours, is drift of class security.
    fn broken(&self) -> impl Iterator<Item = &Proof> {
        let broken = self.proofs.iter().filter(|live| live.proof.verdict == Verdict::Broken);
        broken.filter(|live| !live.is_pending).map(|live| &live.proof)
    }

    /// As JSON.
    pub(crate) fn document(&self) -> Document<'_> {
        Document {
            format: trueup_model::plan::FORMAT,
            stack: &self.plan.stack,
            account: &self.plan.account,
            region: &self.plan.region,
            drifted: self.is_some(),
            changes: self.changes.iter().map(Entry::of).collect(),
            file_changes: self
                .file
                .iter()
                .map(|change| FileEntry { address: &change.address, action: change.action })
                .collect(),
            remarks: self
                .remarked()
                .map(|change| RemarkEntry { address: &change.address, remarks: &change.remarks })
                .collect(),
            withheld: &self.plan.withheld,
            proofs: self.proofs.iter().map(proof_document).collect(),
            api_calls: self.plan.api_calls,
        }
    }

    /// As text.
    pub(crate) fn text(&self, look: &Look) -> String {
        let mut lines: Vec<String> = Vec::new();
        for drifted in &self.changes {
            lines.extend(resource(drifted, look));
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.expectations(look));
        for change in self.remarked() {
            for remark in &change.remarks {
                lines.extend(look.wrap(2, &format!("Note: {}: {remark}", change.address)));
            }
        }
        for withheld in &self.plan.withheld {
            let sentence = format!("{}: {}", withheld.address, reason::why_not(&withheld.why));
            lines.extend(look.wrap(2, &format!("! {sentence}")));
        }
        lines.extend(look.wrap(0, &self.summary()));
        if !self.file.is_empty() {
            lines.extend(look.wrap(0, &self.file_sentence()));
        }
        lines.join("\n") + "\n"
    }

    /// The sentences that are not proved, apart from what changed.
    fn expectations(&self, look: &Look) -> Vec<String> {
        let unproved = self.proofs.iter().filter(|live| live.proof.verdict != Verdict::Proved);
        let unproved: Vec<Proof> = unproved.map(|live| live.proof.clone()).collect();
        if unproved.is_empty() {
            return Vec::new();
        }
        let mut heading = look.paint(Tone::Strong, "Expected of the live network");
        if self.broken().next().is_some() {
            let class = words::class(DriftClass::Security);
            heading += &format!("  {}", look.paint(Tone::Error, class));
        }
        let mut lines = vec![heading];
        lines.extend(proofs::lines(&unproved, look));
        lines.push(String::new());
        lines
    }

    fn summary(&self) -> String {
        let broken = self.broken().count();
        let summary = self.resources();
        match (self.changes.len() + self.estranged, broken) {
            (_, 0) => summary,
            (0, _) => {
                let Plan { stack, region, account, .. } = self.plan;
                let sentences = words::count(broken, "sentence");
                let verb = if broken == 1 { "does" } else { "do" };
                format!(
                    "Drift: {sentences} of {stack} {verb} not hold on the network of {region}, \
                     account {account}. {}.",
                    calls(self.plan)
                )
            }
            (_, _) => format!("{summary} {} broken.", words::count(broken, "sentence")),
        }
    }

    fn resources(&self) -> String {
        let Plan { stack, region, account, .. } = self.plan;
        let calls = calls(self.plan);
        match self.changes.len() + self.estranged {
            0 if self.is_partial => format!(
                "No drift was found, but not all of {stack} in {region}, account {account}, could be read. {calls}."
            ),
            0 if self.file.is_empty() => format!(
                "No drift: {stack} in {region}, account {account}, is as it was applied. {calls}."
            ),
            0 => format!("No drift was found of {stack} in {region}, account {account}. {calls}."),
            1 => format!(
                "Drift: 1 resource of {stack} in {region}, account {account}, differs from what was applied. {calls}."
            ),
            number => format!(
                "Drift: {number} resources of {stack} in {region}, account {account}, differ from what was applied. {calls}."
            ),
        }
    }

    fn file_sentence(&self) -> String {
        let addresses: Vec<String> =
            self.file.iter().map(|change| change.address.to_string()).collect();
        format!(
            "Not applied yet: the file changed {}; whether somebody else did, too, cannot be told. 'trueup plan' shows all that differs.",
            words::list(&addresses)
        )
    }
}

impl<'a> Entry<'a> {
    fn of(drifted: &Drifted<'a>) -> Self {
        let change = drifted.change;
        Self {
            address: &change.address,
            kind: &change.kind,
            id: change.id.as_deref(),
            class: drifted.class,
            what: what(change),
            location: change.location.as_ref().map(ToString::to_string),
            action: change.action,
            cause: change.cause,
            attributes: change.attributes.iter().map(AttributeEntry::of).collect(),
        }
    }
}

impl<'a> AttributeEntry<'a> {
    fn of(attribute: &'a AttributeChange) -> Self {
        let AttributeChange { path, before, after, class, replaces: _, disruption: _ } = attribute;
        Self { path, class: *class, live: before, stack: after }
    }
}

fn proof_document(live: &LiveProof) -> Json {
    let mut documents = proofs::documents(std::slice::from_ref(&live.proof));
    let mut document = documents.remove(0);
    let is_drift = live.proof.verdict == Verdict::Broken && !live.is_pending;
    document["class"] = is_drift.then_some(DriftClass::Security).map_or(Json::Null, |c| json!(c));
    document
}

fn what(change: &Change) -> What {
    if change.reasons.iter().any(|reason| matches!(reason, Reason::Failed { .. })) {
        What::Failed
    } else if change.action == Action::Create || is_deleting(change) {
        What::Deleted
    } else {
        What::Changed
    }
}

fn is_deleting(change: &Change) -> bool {
    change.reasons.iter().any(|reason| matches!(reason, Reason::Deleting { .. }))
}

/// What something else refers to was there; of the rest nothing tells.
fn gone(change: &Change) -> &'static str {
    if change.reasons.contains(&Reason::DoesNotExist) {
        "it does not exist: it was deleted, or the file that names it was not applied yet"
    } else if is_deleting(change) {
        "it is being deleted"
    } else {
        "it was deleted"
    }
}

fn resource(drifted: &Drifted<'_>, look: &Look) -> Vec<String> {
    let Drifted { change, class } = *drifted;
    let tone = if class == DriftClass::Security { Tone::Error } else { Tone::Warning };
    let mut heading = format!("  {}", look.paint(Tone::Strong, &change.address));
    if let Some(id) = &change.id {
        heading += &look.paint(Tone::Faint, format!(" ({})", visible::one_line(id)));
    }
    heading += &format!("  {}", look.paint(tone, words::class(class)));
    if let Some(location) = &change.location {
        heading += &look.paint(Tone::Faint, format!("  {}:{}", location.file, location.line));
    }
    let mut lines = vec![heading];
    match what(change) {
        What::Deleted => lines.push(format!("      {}", gone(change))),
        What::Failed => {
            let reasons = change.reasons.iter().filter_map(reason::reason);
            lines.extend(reasons.flat_map(|reason| look.wrap(6, &reason)));
        }
        What::Changed => lines.extend(attributes(change, look)),
    }
    lines
}

fn attributes(change: &Change, look: &Look) -> Vec<String> {
    let longest = change.attributes.iter().map(|a| columns(&a.path)).max().unwrap_or(0).min(36);
    let mut lines = Vec::new();
    for attribute in &change.attributes {
        let path = format!("{:longest$}", visible::one_line(&attribute.path));
        let class = look.paint(Tone::Faint, words::class(attribute.class));
        let room = look.width.saturating_sub(longest + 24);
        let expected = match &attribute.after {
            After::Value(value) => value,
            After::Unknown(_) | After::Sensitive => &Value::Null,
        };
        if !value::is_long(expected, room) && !value::is_long(&attribute.before, room) {
            lines.push(format!("      {path}  {}  {class}", difference(attribute)));
            continue;
        }
        let (sides, detail) = match (&attribute.before, expected) {
            (live, Value::Null) => ("added", below(live, look)),
            (Value::Null, expected) => ("removed", below(expected, look)),
            (live, expected) => ("- in the stack, + live", value::line_diff(expected, live, look)),
        };
        lines.push(format!("      {path}  {sides}  {class}"));
        lines.extend(detail.into_iter().map(|line| format!("          {line}")));
    }
    lines
}

/// A value under its path: on one line if it fits.
fn below(value: &Value, look: &Look) -> Vec<String> {
    if value::is_long(value, look.width.saturating_sub(10)) {
        value::block(value).lines().map(str::to_owned).collect()
    } else {
        vec![value::inline(value)]
    }
}

fn difference(attribute: &AttributeChange) -> String {
    let live = value::inline(&attribute.before);
    match &attribute.after {
        After::Sensitive => "(sensitive) differs".to_owned(),
        After::Value(Value::Null) => format!("added: {live}"),
        after if attribute.before.is_null() => format!("removed: {}", change::after(after)),
        after => format!("is {live}, the stack says {}", change::after(after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixtures::{self, attribute, change};

    const LOOK: Look = Look { colour: false, width: 80, verbose: false };

    fn drifted() -> Plan {
        let mut plan = fixtures::plan();
        plan.withheld.clear();
        let added = attribute("ingress[22]", Value::from("{port: 22}"), After::Value(Value::Null));
        plan.changes.push(Change {
            cause: Cause::Drift,
            id: Some("sg-1".to_owned()),
            location: Some(fixtures::location()),
            attributes: vec![
                AttributeChange { class: DriftClass::Security, ..added },
                attribute("ingress[443]", Value::Null, After::Value("{port: 443}".into())),
                attribute("tags.project", "other".into(), After::Value("shop".into())),
            ],
            ..change("security_group.web", Action::Update)
        });
        plan.changes.push(Change {
            cause: Cause::Drift,
            reasons: vec![Reason::Vanished],
            ..change("log_group.api", Action::Create)
        });
        plan
    }

    #[test]
    fn what_where_and_how_bad() {
        insta::assert_snapshot!(Drift::of(&drifted(), &[], false).text(&LOOK));
    }

    #[test]
    fn json_says_the_same() {
        let plan = drifted();
        let json = serde_json::to_value(Drift::of(&plan, &[], false).document()).unwrap();
        let classes: Vec<&str> = json["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["class"].as_str().unwrap())
            .collect();
        assert_eq!(classes, ["functional", "functional", "security", "functional"]);
        assert_eq!(json["changes"][3]["what"], "deleted");
        assert_eq!(json["changes"][2]["location"], "shop.yaml:2:1");
        assert_eq!(json["drifted"], true);
        assert_eq!(json["file_changes"][0]["address"], "iam_role.api");
        assert!(!json.to_string().contains("hunter2"), "{json}");
    }

    #[test]
    fn without_drift_one_sentence() {
        insta::assert_snapshot!(Drift::of(&fixtures::nothing(), &[], false).text(&LOOK), @r"
        No drift: shop in us-west-2, account 123456789012, is as it was applied. 22 API
        calls.
        ");
    }
}
