//! The manual page of a kind, from its declaration.

use std::fmt::Write as _;

use trueup_model::change::Disruption;
use trueup_model::kind::{
    Attribute, FINAL_SNAPSHOT, Kind, Mutability, Permissions, Presence, Replacement, Times, Type,
};

/// The whole page, in Markdown.
pub fn page(kind: &Kind) -> String {
    let mut page = format!("# {}\n\n{}\n\n{}\n\n", kind.name, kind.summary, kind.documentation);
    page.push_str("## Attributes\n\n");
    let nested = table(&mut page, &kind.attributes);
    for (path, fields) in nested {
        let _ = writeln!(page, "### {path}\n");
        table(&mut page, fields);
    }
    page.push_str("Every resource also takes `for_each`, `depends_on`, `moved_from`, `adopt`, ");
    page.push_str("`ignore_changes`, `on_destroy` and `protect`");
    page.push_str(if kind.taggable { ", and `tags`.\n\n" } else { ".\n\n" });
    outputs(&mut page, kind);
    behaviour(&mut page, kind);
    permissions(&mut page, &kind.permissions);
    page
}

/// Writes one table, and gives the objects that need one of their own.
fn table<'a>(page: &mut String, attributes: &'a [Attribute]) -> Vec<(String, &'a [Attribute])> {
    page.push_str("| attribute | takes | left out | a change | |\n|---|---|---|---|---|\n");
    let mut nested = Vec::new();
    for attribute in attributes {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            attribute.name,
            takes(&attribute.ty),
            left_out(&attribute.presence),
            changes(attribute),
            attribute.documentation.replace('|', "\\|"),
        );
        if let Some(fields) = fields(&attribute.ty) {
            nested.push((format!("`{}`", attribute.name), fields));
        }
    }
    page.push('\n');
    nested
}

fn fields(ty: &Type) -> Option<&[Attribute]> {
    match ty {
        Type::Object(fields) => Some(fields),
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => fields(inner),
        Type::OneOf(types) => types.iter().find_map(fields),
        _ => None,
    }
}

fn takes(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Int { minimum, maximum } => format!("{minimum} to {maximum}"),
        Type::String => "string".to_owned(),
        Type::Enum(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Type::Cidr => "network".to_owned(),
        Type::Reference(reference) => reference.kinds.join(" or "),
        Type::List(inner) => format!("list of {}", takes(inner)),
        Type::Set(inner) => format!("set of {}", takes(inner)),
        Type::Map(inner) => format!("map of {}", takes(inner)),
        Type::Object(_) => "object".to_owned(),
        Type::Policy => "policy".to_owned(),
        Type::Source => "folder or file".to_owned(),
        Type::OneOf(types) => types.iter().map(takes).collect::<Vec<_>>().join(" or "),
    }
}

fn left_out(presence: &Presence) -> String {
    match presence {
        Presence::Required => "**required**".to_owned(),
        Presence::Default(value, reason) if value.is_null() => format!("nothing: {reason}"),
        Presence::Default(value, reason) => format!("`{value}`: {reason}"),
        Presence::Derived(from) => format!("from {from}"),
        Presence::Unmanaged(reason) => format!("unmanaged: {reason}"),
    }
}

fn changes(attribute: &Attribute) -> String {
    let how = match attribute.mutability {
        Mutability::InPlace => "in place",
        Mutability::Replace => return "**replaces**".to_owned(),
        Mutability::Overlapping => "in place as long as one stays, otherwise **replaces**",
        Mutability::CreateOnly => return "counts when it is made".to_owned(),
    };
    match attribute.disruption {
        Disruption::None => how.to_owned(),
        Disruption::Brief => format!("{how}, brief"),
        Disruption::Outage => format!("{how}, **outage**"),
        Disruption::DataLoss => format!("{how}, **data loss**"),
    }
}

fn outputs(page: &mut String, kind: &Kind) {
    page.push_str("## Outputs\n\n| output | |\n|---|---|\n");
    for output in &kind.outputs {
        let _ = writeln!(page, "| `{}` | {} |", output.name, output.documentation);
    }
    page.push('\n');
}

fn behaviour(page: &mut String, kind: &Kind) {
    page.push_str("## Behaviour\n\n");
    let replaced = match kind.replacement {
        Replacement::CreateFirst => "the new one is made first".to_owned(),
        Replacement::DeleteFirst { because, .. } => {
            format!("the old one is deleted first: {because}")
        }
    };
    let _ = writeln!(page, "- Replaced: {replaced}.");
    for after in &kind.after {
        let _ = writeln!(page, "- After `{}`: {}.", after.kind, after.reason);
    }
    if kind.holds_data {
        page.push_str("- Holds data: deleted or replaced only when named on the command line.\n");
        let _ = writeln!(page, "- A final snapshot adds {FINAL_SNAPSHOT:?} seconds to a deletion.");
    }
    let Times { create, update, delete } = kind.times;
    let _ = writeln!(
        page,
        "- Usual times in seconds (least, typical, most): create {create:?}, update {update:?}, \
         delete {delete:?}.\n",
    );
}

fn permissions(page: &mut String, permissions: &Permissions) {
    page.push_str("## Permissions\n\n");
    let Permissions { read, create, update, delete } = permissions;
    for (what, actions) in
        [("plan", read), ("create", create), ("update", update), ("delete", delete)]
    {
        let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
        let _ = writeln!(page, "- {what}: {}", actions.join(", "));
    }
}
