//! The sections that hold no resources, and what every resource takes.

use serde_json::{Map, Value as Json, json};
use trueup_model::snapshot::around::LOOKED_UP;
use trueup_model::stack::CHECKS;
use trueup_model::{Catalog, Kind};

use super::{NAME, by_name};

pub(super) fn of_stack() -> Map<String, Json> {
    let declaration = json!({ "$ref": "#/$defs/variable" });
    object([
        (
            "stack",
            json!({
                "description": "The name of the stack: it is written on everything that it makes.",
                "type": "string",
                "pattern": "^[a-z][a-z0-9-]*$",
                "maxLength": 32,
            }),
        ),
        ("region", text("The Region of AWS, as `us-west-2`.")),
        (
            "account",
            json!({
                "description": "The account; credentials of any other are refused.",
                "type": ["string", "integer"],
            }),
        ),
        ("description", text("What the stack is for.")),
        ("tags", json!({ "description": "Tags of everything.", "$ref": "#/$defs/tags" })),
        (
            "variables",
            by_name(
                "Values that differ from run to run: `--var name=value`, `--var-file`, \
                 TRUEUP_VAR_NAME, else the default.",
                &declaration,
            ),
        ),
        ("existing", existing()),
        ("module", modules()),
        (
            "expect",
            json!({
                "description": "Sentences that are proved on the planned network: \
                    `FROM reaches TO on PORT`, `FROM does not reach TO`.",
                "type": ["array", "null"],
                "items": { "type": "string" },
            }),
        ),
        (
            "policy",
            json!({
                "description": "Rules over planned changes.",
                "type": ["array", "null"],
                "items": { "$ref": "#/$defs/rule" },
            }),
        ),
        ("silence", silence()),
        ("outputs", outputs()),
    ])
}

fn silence() -> Json {
    let words: Vec<&str> = CHECKS.iter().flat_map(|(code, name)| [*code, *name]).collect();
    json!({
        "description": "Built-in checks of the network that are not to be heard of, each with the \
            reason; without `on`, wherever they find something.",
        "type": ["array", "null"],
        "items": {
            "type": "object",
            "required": ["check", "reason"],
            "additionalProperties": false,
            "properties": {
                "check": { "description": "Its code or its name.", "enum": words },
                "on": { "description": "The address of what it finds.", "type": "string" },
                "reason": { "description": "Why.", "type": "string", "minLength": 1 },
            },
        },
    })
}

pub(super) fn of_module() -> Map<String, Json> {
    object([
        ("description", text("What the module is for.")),
        (
            "inputs",
            by_name("What a stack tells the module.", &json!({ "$ref": "#/$defs/variable" })),
        ),
        ("existing", existing()),
        ("module", modules()),
        ("outputs", outputs()),
    ])
}

/// What every resource takes besides its kind's attributes.
pub(super) fn common(kind: &Kind) -> Map<String, Json> {
    let snapshot =
        if kind.holds_data { &["delete", "retain", "snapshot"][..] } else { &["delete", "retain"] };
    let mut fields = object([
        (
            "for_each",
            json!({
                "description": "One instance for each element of a list of strings, or entry of a \
                    map: `each.key`, `each.value`, `each.index`.",
                "type": ["array", "object", "string"],
            }),
        ),
        (
            "depends_on",
            json!({
                "description": "Addresses of what it must come after, besides what it refers to.",
                "type": "array",
                "items": { "type": "string" },
            }),
        ),
        (
            "moved_from",
            json!({
                "description": "Its former address: tags are rewritten, nothing is rebuilt. Within a module, 'root.KIND.NAME' is one of the stack itself. In a family, a map says it key by key.",
                "type": ["string", "object"],
                "additionalProperties": { "type": "string" },
            }),
        ),
        ("adopt", text("The id of something that exists and is taken over.")),
        (
            "ignore_changes",
            json!({
                "description": "Attributes whose differences are left alone, each with the reason.",
                "type": "object",
                "additionalProperties": { "type": "string", "minLength": 1 },
            }),
        ),
        (
            "on_destroy",
            json!({
                "description": "What happens when it leaves the stack.",
                "enum": snapshot,
            }),
        ),
        (
            "protect",
            json!({
                "description": "Whether deleting or replacing it is refused.",
                "anyOf": [{ "type": "boolean" }, { "$ref": "#/$defs/expression" }],
                "default": false,
            }),
        ),
    ]);
    if kind.taggable {
        let tags = json!({
            "description": "Its tags, besides those of the stack.",
            "$ref": "#/$defs/tags",
        });
        fields.insert("tags".to_owned(), tags);
    }
    fields
}

/// What several places share.
pub(super) fn definitions(catalog: &Catalog) -> Map<String, Json> {
    let kinds: Vec<&str> = catalog.kinds().map(|kind| kind.name).collect();
    let lookup = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string" },
            "name": { "type": "string" },
            "tags": { "$ref": "#/$defs/tags" },
            "default": { "const": true },
            "stack": { "description": "The name of another stack.", "type": "string" },
            "address": { "description": "The address in that stack.", "type": "string" },
        },
        "oneOf": [
            { "required": ["id"] },
            { "required": ["name"] },
            { "required": ["tags"] },
            { "required": ["default"] },
            { "required": ["stack", "address"] },
        ],
        "additionalProperties": false,
    });
    object([
        (
            "expression",
            json!({ "description": "An expression: `${var.size}`.", "type": "string", "pattern": "\\$\\{" }),
        ),
        ("text", text_or_template()),
        (
            "tags",
            json!({
                "type": ["object", "null"],
                "additionalProperties": { "type": ["string", "number", "boolean"] },
            }),
        ),
        ("variable", variable()),
        ("lookup", lookup),
        (
            "kind_name",
            json!({ "enum": kinds.iter().copied().chain(LOOKED_UP).collect::<Vec<_>>() }),
        ),
        ("policy_document", policy_document()),
        ("rule", rule()),
    ])
}

fn object<const N: usize>(fields: [(&str, Json); N]) -> Map<String, Json> {
    fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn text(description: &str) -> Json {
    json!({ "description": description, "type": "string" })
}

fn text_or_template() -> Json {
    json!({
        "anyOf": [
            { "type": ["string", "number", "boolean"] },
            {
                "type": "object",
                "properties": {
                    "template": {
                        "description": "A file with `${…}` in it, beside the stack.",
                        "type": "string",
                    },
                    "with": { "description": "The values in it.", "type": "object" },
                },
                "required": ["template"],
                "additionalProperties": false,
            },
        ],
    })
}

fn variable() -> Json {
    json!({
        "type": "object",
        "properties": {
            "type": { "enum": ["string", "int", "bool", "cidr", "list", "map"] },
            "default": { "description": "Its value if it is given none." },
            "description": { "type": "string" },
            "sensitive": { "description": "Whether no output may show it.", "type": "boolean" },
            "from_env": {
                "description": "The environment variable that it is taken from.",
                "type": "string",
            },
            "minimum": { "type": "integer" },
            "maximum": { "type": "integer" },
            "pattern": {
                "description": "A regular expression that the whole value matches.",
                "type": "string",
            },
            "one_of": { "description": "All values that it takes.", "type": "array" },
        },
        "required": ["type"],
        // The rest of a description after a comma in `{…}`: see the loader.
        "patternProperties": { " ": { "type": "null" } },
        "additionalProperties": false,
    })
}

fn existing() -> Json {
    json!({
        "description": "Things that are looked up and never changed, by kind and name. Load balancers \
            and Elastic Beanstalk environments are ends of sentences; the others are referred to, too.",
        "type": ["object", "null"],
        "propertyNames": { "$ref": "#/$defs/kind_name" },
        "additionalProperties": by_name("By name.", &json!({ "$ref": "#/$defs/lookup" })),
    })
}

fn modules() -> Json {
    by_name(
        "Files with resources, each with its inputs.",
        &json!({
            "type": "object",
            "properties": {
                "source": { "description": "A file beside this one.", "type": "string" },
            },
            "required": ["source"],
        }),
    )
}

fn outputs() -> Json {
    json!({
        "description": "Values to be read from outside.",
        "type": ["object", "null"],
        "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9_]*$" },
    })
}

fn policy_document() -> Json {
    let one_or_more = json!({
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
    });
    json!({
        "anyOf": [
            {
                "description": "Statements in the short form.",
                "type": "array",
                "items": {
                    "anyOf": [
                        {
                            "type": "object",
                            "properties": {
                                "allow": one_or_more,
                                "deny": one_or_more,
                                "on": one_or_more,
                                "when": { "type": "object" },
                            },
                            "oneOf": [{ "required": ["allow"] }, { "required": ["deny"] }],
                            "additionalProperties": false,
                        },
                        { "type": "object", "required": ["Effect"] },
                    ],
                },
            },
            {
                "description": "A policy document.",
                "type": "object",
                "properties": {
                    "Version": { "type": "string" },
                    "Id": { "type": "string" },
                    "Statement": { "type": ["array", "object"] },
                },
                "required": ["Statement"],
                "additionalProperties": false,
            },
            { "$ref": "#/$defs/expression" },
        ],
    })
}

fn rule() -> Json {
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "pattern": NAME },
            "when": { "description": "CEL: whether the rule concerns a change.", "type": "string" },
            "check": { "description": "CEL: whether the change is allowed.", "type": "string" },
            "message": { "type": "string" },
            "level": { "enum": ["deny", "warn"], "default": "deny" },
        },
        "required": ["name", "check", "message"],
        "additionalProperties": false,
    })
}
