//! JSON Schema (2020-12) of stack and module files, made from the same declarations that check them.

use serde_json::{Map, Value as Json, json};
use trueup_model::kind::{Literal, Presence};
use trueup_model::{Attribute, Catalog, Kind, Type, Value};

use crate::suggest;

mod sections;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What the name of a resource, a variable or a module looks like.
const NAME: &str = "^[a-z][a-z0-9_]*$";

/// The schema of a stack file.
pub fn stack_schema(catalog: &Catalog) -> Json {
    let mut properties = sections::of_stack();
    properties.extend(kinds(catalog));
    whole("A stack of trueup", catalog, &properties, &["stack"])
}

/// The schema of a module file.
pub fn module_schema(catalog: &Catalog) -> Json {
    let mut properties = sections::of_module();
    properties.extend(kinds(catalog));
    whole("A module of trueup", catalog, &properties, &[])
}

fn whole(
    title: &str,
    catalog: &Catalog,
    properties: &Map<String, Json>,
    required: &[&str],
) -> Json {
    let mut definitions = sections::definitions(catalog);
    for kind in catalog.kinds() {
        definitions.insert(kind.name.to_owned(), resource(kind));
    }
    json!({
        "$schema": DIALECT,
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// One section a kind.
fn kinds(catalog: &Catalog) -> impl Iterator<Item = (String, Json)> {
    catalog.kinds().map(|kind| {
        let section = by_name(kind.summary, &json!({ "$ref": format!("#/$defs/{}", kind.name) }));
        (kind.name.to_owned(), section)
    })
}

/// A map from names to things.
fn by_name(description: &str, thing: &Json) -> Json {
    json!({
        "description": description,
        "type": ["object", "null"],
        "propertyNames": { "pattern": NAME, "maxLength": 64 },
        "additionalProperties": thing,
    })
}

fn resource(kind: &Kind) -> Json {
    let mut properties = attributes(&kind.attributes);
    properties.extend(sections::common(kind));
    let description = match kind.documentation {
        "" => kind.summary.to_owned(),
        documentation => format!("{}\n\n{documentation}", kind.summary),
    };
    let required = required(&kind.attributes);
    let ty = if required.is_empty() { json!(["object", "null"]) } else { json!("object") };
    json!({
        "description": description,
        "type": ty,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn attributes(attributes: &[Attribute]) -> Map<String, Json> {
    attributes.iter().map(|a| (a.name.to_owned(), attribute(a))).collect()
}

fn required(attributes: &[Attribute]) -> Vec<&'static str> {
    let required = |a: &&Attribute| matches!(a.presence, Presence::Required);
    attributes.iter().filter(required).map(|attribute| attribute.name).collect()
}

fn attribute(attribute: &Attribute) -> Json {
    let Json::Object(mut schema) = of_type(&attribute.ty) else { return Json::Bool(true) };
    schema.insert("description".to_owned(), describe(attribute).into());
    if let Presence::Default(value, _) = &attribute.presence
        && !value.is_null()
        && !attribute.sensitive
    {
        schema.insert("default".to_owned(), json!(value));
    }
    Json::Object(schema)
}

/// What an attribute is, and what leaving it out means, as an editor shows it.
fn describe(attribute: &Attribute) -> String {
    let documentation = attribute.documentation;
    match &attribute.presence {
        Presence::Required => documentation.to_owned(),
        Presence::Default(Value::Null, reason) => {
            format!("{documentation}\n\nLeft out: {reason}.")
        }
        Presence::Default(value, reason) => {
            format!("{documentation}\n\nDefault `{value}`: {reason}.")
        }
        Presence::Derived(from) => format!("{documentation}\n\nLeft out, it is {from}."),
        Presence::Unmanaged(reason) => {
            format!("{documentation}\n\nLeft out, it is not managed: {reason}.")
        }
    }
}

/// What a type accepts; in its place an expression.
fn of_type(ty: &Type) -> Json {
    match ty {
        Type::String => json!({ "$ref": "#/$defs/text" }),
        Type::Cidr | Type::Source => json!({ "type": "string" }),
        Type::Reference(reference) => {
            let kinds = suggest::choice(reference.kinds);
            let also = match reference.literal {
                Literal::Id(prefix) => format!(", or an id {prefix}…"),
                Literal::CidrOrId(_) => ", a CIDR, or `internet`".to_owned(),
                Literal::Any => String::new(),
            };
            json!({ "type": "string", "title": format!("{kinds}{also}") })
        }
        Type::Policy => json!({ "$ref": "#/$defs/policy_document" }),
        Type::OneOf(types) => {
            let mut alternatives: Vec<Json> = types.iter().flat_map(alternatives).collect();
            alternatives.dedup();
            json!({ "anyOf": alternatives })
        }
        _ => json!({ "anyOf": alternatives(ty) }),
    }
}

fn alternatives(ty: &Type) -> Vec<Json> {
    let written = match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int { minimum, maximum } => {
            let mut schema = json!({ "type": "integer" });
            if *minimum > i64::MIN {
                schema["minimum"] = json!(minimum);
            }
            if *maximum < i64::MAX {
                schema["maximum"] = json!(maximum);
            }
            schema
        }
        Type::Enum(words) => json!({ "enum": words }),
        Type::List(element) => json!({ "type": "array", "items": of_type(element) }),
        Type::Set(element) => {
            json!({ "type": "array", "items": of_type(element), "uniqueItems": true })
        }
        Type::Map(element) => {
            json!({ "type": "object", "additionalProperties": of_type(element) })
        }
        Type::Object(fields) => json!({
            "type": "object",
            "properties": attributes(fields),
            "required": required(fields),
            "additionalProperties": false,
        }),
        Type::String
        | Type::Cidr
        | Type::Source
        | Type::Reference(_)
        | Type::Policy
        | Type::OneOf(_) => return vec![of_type(ty)],
    };
    vec![written, json!({ "$ref": "#/$defs/expression" })]
}
