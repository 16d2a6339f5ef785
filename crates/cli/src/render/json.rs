//! Plans and live resources as versioned JSON, with everything sensitive left out.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use trueup_model::expression::Expressions;
use trueup_model::value::Values;
use trueup_model::{
    Attribute, Catalog, Diagnostic, Expression, Live, Operation, Plan, Secret, Type, Value,
};

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
    let masked = masked_plan(plan, catalog);
    let document = serde_json::to_value(&masked).expect("a plan is JSON");
    let Json::Object(mut document) = document else { unreachable!("a plan is a JSON object") };
    if let Some(Json::Array(changes)) = document.get_mut("changes") {
        for (json, change) in changes.iter_mut().zip(&plan.changes) {
            json["location"] = change.location.as_ref().map(ToString::to_string).into();
        }
    }
    document.insert("id".into(), id_of(&masked).into());
    document.insert("summary".into(), json!(Summary::of(plan)));
    document.insert("findings".into(), json!(plan.findings));
    document.insert("proofs".into(), proofs::documents(&plan.proofs).into());
    document
}

/// What a plan is called in the audit log: the same for equal plans, so that a saved one is found.
pub(crate) fn id(plan: &Plan, catalog: &Catalog) -> String {
    id_of(&masked_plan(plan, catalog))
}

fn id_of(masked: &Plan) -> String {
    let Plan { stack, account, region, stack_digest, steps, fingerprints, .. } = masked;
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

/// A live resource whose sensitive attributes are hidden.
pub(crate) fn masked_live(live: &Live, catalog: &Catalog) -> Live {
    let mut live = live.clone();
    if let Some(kind) = catalog.get(live.kind.as_str()) {
        mask_values(&mut live.attributes, &kind.attributes);
    }
    live
}

/// A plan whose sensitive attributes are hidden, also those that came as plain text.
fn masked_plan(plan: &Plan, catalog: &Catalog) -> Plan {
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        let Some(kind) = catalog.get(step.kind.as_str()) else { continue };
        match &mut step.operation {
            Operation::Create { attributes, .. } => mask_expressions(attributes, &kind.attributes),
            Operation::Update { attributes, before, .. } => {
                mask_expressions(attributes, &kind.attributes);
                if let Some(before) = before {
                    mask_values(&mut before.attributes, &kind.attributes);
                }
            }
            Operation::Delete { before, .. } | Operation::Forget { before } => {
                mask_values(&mut before.attributes, &kind.attributes);
            }
        }
    }
    plan
}

fn mask_expressions(attributes: &mut Expressions, declared: &[Attribute]) {
    for attribute in declared {
        let Some(expression) = attributes.get_mut(attribute.name) else { continue };
        if attribute.sensitive && !expression.is_null() {
            *expression = Expression::Value(hidden());
        } else {
            mask_expression(expression, &attribute.ty);
        }
    }
}

fn mask_expression(expression: &mut Expression, ty: &Type) {
    match (expression, ty) {
        (Expression::Value(value), ty) => mask(value, ty),
        (Expression::Map(fields), Type::Object(declared)) => mask_expressions(fields, declared),
        (Expression::List(elements), Type::List(inner) | Type::Set(inner)) => {
            for element in elements.iter_mut() {
                mask_expression(element, inner);
            }
        }
        (Expression::Map(fields), Type::Map(inner)) => {
            for field in fields.values_mut() {
                mask_expression(field, inner);
            }
        }
        (expression, Type::OneOf(shapes)) => {
            for shape in shapes {
                mask_expression(expression, shape);
            }
        }
        _ => {}
    }
}

fn mask_values(attributes: &mut Values, declared: &[Attribute]) {
    for attribute in declared {
        let Some(value) = attributes.get_mut(attribute.name) else { continue };
        if attribute.sensitive && !value.is_null() {
            *value = hidden();
        } else {
            mask(value, &attribute.ty);
        }
    }
}

fn mask(value: &mut Value, ty: &Type) {
    match (value, ty) {
        (Value::Map(fields), Type::Object(declared)) => mask_values(fields, declared),
        (Value::List(elements), Type::List(inner) | Type::Set(inner)) => {
            for element in elements.iter_mut() {
                mask(element, inner);
            }
        }
        (Value::Map(fields), Type::Map(inner)) => {
            for field in fields.values_mut() {
                mask(field, inner);
            }
        }
        (value, Type::OneOf(shapes)) => shapes.iter().for_each(|shape| mask(value, shape)),
        _ => {}
    }
}

fn hidden() -> Value {
    Value::Secret(Secret::new(String::new()))
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
