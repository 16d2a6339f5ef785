//! The generated schemas: fresh, and about what the loader accepts.

use std::path::Path;

use serde_json::Value;
use trueup_stack::{module_schema, stack_schema};

/// Fails when a generated file differs; `TRUEUP_BLESS=1` writes it instead.
#[expect(clippy::disallowed_methods, reason = "the one switch that rewrites expectations")]
fn fresh(name: &str, schema: &Value) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas")).join(name);
    let text = format!("{schema:#}\n");
    if std::env::var("TRUEUP_BLESS").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "schemas/{name} is stale: run the tests with TRUEUP_BLESS=1");
}

#[test]
fn the_schemas_are_fresh() {
    let catalog = trueup_aws::catalog();
    fresh("stack.schema.json", &stack_schema(&catalog));
    fresh("module.schema.json", &module_schema(&catalog));
}

#[test]
fn a_kind_is_a_section_with_its_defaults_and_bounds() {
    let schema = stack_schema(&trueup_aws::catalog());
    assert_eq!(
        schema["properties"]["db_instance"]["additionalProperties"]["$ref"],
        "#/$defs/db_instance"
    );
    let attributes = &schema["$defs"]["db_instance"]["properties"];
    assert_eq!(attributes["multi_az"]["default"], false);
    assert_eq!(attributes["backup_retention_days"]["anyOf"][0]["maximum"], 35);
    assert_eq!(attributes["backup_retention_days"]["anyOf"][1]["$ref"], "#/$defs/expression");
    assert_eq!(attributes["engine"]["anyOf"][0]["enum"][1], "postgres");
    let description = attributes["storage_encrypted"]["description"].as_str().unwrap();
    assert!(description.contains("Default `true`: AWS's default is off"), "{description}");
}

/// Every reference within the schema leads somewhere.
#[test]
fn definitions_exist() {
    fn check(schema: &Value, all: &Value) {
        match schema {
            Value::Object(fields) => {
                if let Some(Value::String(to)) = fields.get("$ref") {
                    let name = to.strip_prefix("#/$defs/").unwrap();
                    assert!(all["$defs"].get(name).is_some(), "{to}");
                }
                fields.values().for_each(|field| check(field, all));
            }
            Value::Array(elements) => elements.iter().for_each(|element| check(element, all)),
            _ => {}
        }
    }
    let catalog = trueup_aws::catalog();
    for schema in [stack_schema(&catalog), module_schema(&catalog)] {
        check(&schema, &schema);
    }
}
