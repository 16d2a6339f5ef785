//! Plans and live resources as versioned JSON, with everything sensitive left out.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use trueup_model::seal::{self, Shown};
use trueup_model::{Catalog, Diagnostic, Operation, Plan};

use super::proofs;
use super::summary::Summary;

/// A document as text, indented, with a newline at its end.
pub(crate) fn pretty(document: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.expect("documents have only text keys and no failing serializer") + "\n"
}

/// A document on one line, with a newline at its end.
pub(crate) fn line(document: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(document);
    text.expect("documents have only text keys and no failing serializer") + "\n"
}

/// A plan, with a summary, its findings, and the place of each change.
pub(crate) fn plan(plan: &Plan, catalog: &Catalog) -> Map<String, Json> {
    let sealed = sealed(plan, catalog);
    let document = serde_json::to_value(&sealed).expect("a plan is JSON");
    let Json::Object(mut document) = document else { unreachable!("a plan is a JSON object") };
    if let Some(Json::Array(changes)) = document.get_mut("changes") {
        for (json, change) in changes.iter_mut().zip(&plan.changes) {
            json["location"] = change.location.as_ref().map(ToString::to_string).into();
        }
    }
    document.insert("id".into(), id_of(&sealed).into());
    document.insert("summary".into(), json!(Summary::of(plan)));
    document.insert("findings".into(), json!(plan.findings));
    document.insert("proofs".into(), proofs::documents(&plan.proofs).into());
    document
}

/// What a plan is called in the audit log: the same for equal plans, so that a saved one is found.
pub(crate) fn id(plan: &Plan, catalog: &Catalog) -> String {
    id_of(&sealed(plan, catalog))
}

fn id_of(sealed: &Plan) -> String {
    let Plan { stack, account, region, stack_digest, steps, fingerprints, .. } = sealed;
    let text = line(&(stack, account, region, stack_digest, steps, fingerprints));
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
}

/// Diagnostics, with how many are errors.
pub(crate) fn diagnostics(diagnostics: &[Diagnostic]) -> Json {
    let errors = diagnostics.iter().filter(|d| d.severity == trueup_model::Severity::Error).count();
    json!({
        "format": trueup_model::plan::FORMAT,
        "valid": errors == 0,
        "errors": errors,
        "diagnostics": diagnostics,
    })
}

/// The plan with what its kinds declare sensitive as secrets, also where it came as plain text.
fn sealed(plan: &Plan, catalog: &Catalog) -> Plan {
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        let Some(kind) = catalog.get(step.kind.as_str()) else { continue };
        let (attributes, before) = match &mut step.operation {
            Operation::Create { attributes, .. } => (Some(attributes), None),
            Operation::Update { attributes, before, .. } => (Some(attributes), before.as_mut()),
            Operation::Delete { before, .. } | Operation::Forget { before } => (None, Some(before)),
        };
        if let Some(attributes) = attributes {
            *attributes = seal::expressions(kind, std::mem::take(attributes));
        }
        if let Some(before) = before {
            **before = seal::live(kind, before, |_| Shown::Declared);
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixtures;

    #[test]
    fn a_plan_has_what_programs_rely_on_and_no_secret() {
        let document = plan(&fixtures::plan(), &fixtures::catalog());
        let json = Json::Object(document);
        assert_eq!(json["format"], 1);
        assert_eq!(json["changes"][0]["address"], "db_instance.main");
        assert_eq!(json["changes"][0]["action"], "create");
        assert_eq!(json["steps"][1]["after"], json!([0]));
        assert_eq!(json["api_calls"], 22);
        assert_eq!(json["summary"]["update"], 2);
        assert_eq!(json["proofs"][0]["verdict"], "broken");
        assert_eq!(json["proofs"][0]["location"], "shop.yaml:2:1");
        assert_eq!(json["withheld"][0]["address"], "db_instance.old");
        assert!(!json.to_string().contains("hunter2"), "{json}");
    }
}
