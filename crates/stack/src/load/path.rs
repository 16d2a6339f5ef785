//! Paths into the attributes of a resource, as `ignore_changes` takes them: read against their types,
//! and brought into the form in which a plan tells differences.

use trueup_model::{Attribute, Kind, Type};

use super::names::article;
use crate::suggest;

/// What is wrong with a path, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathFault {
    pub(super) message: String,
    pub(super) help: String,
}

/// The path in the form of a plan: `a.b` for the field of an object, `a[b]` for the entry of a map,
/// `tags.a` for a tag. As there is no other entry of that name, `a.b` is also taken for one of a map.
pub(super) fn canonical(kind: &Kind, written: &str) -> Result<String, PathFault> {
    let (top, rest) = first(written);
    if top == "tags" && kind.taggable {
        let key = rest.strip_prefix('.').or_else(|| bracketed(rest));
        return match key {
            Some(key) if !key.is_empty() => Ok(format!("tags.{key}")),
            None if rest.is_empty() => Ok(top.to_owned()),
            _ => Err(malformed(written)),
        };
    }
    let Some(attribute) = kind.attribute(top) else {
        let attributes = kind.attributes.iter().map(|attribute| attribute.name);
        let message = format!("{} {} has no attribute '{top}'", article(kind.name), kind.name);
        return Err(PathFault { message, help: suggest::advice(top, attributes, "") });
    };
    let steps = below(&attribute.ty, top, rest)?;
    Ok(format!("{top}{steps}"))
}

/// What of a path stands below `above`, which has this type.
fn below(ty: &Type, above: &str, rest: &str) -> Result<String, PathFault> {
    if rest.is_empty() {
        return Ok(String::new());
    }
    match ty {
        Type::Map(inner) => entry(inner, above, rest),
        Type::Object(fields) => field(fields, above, rest),
        Type::OneOf(shapes) => {
            let mut fault = None;
            for shape in shapes {
                match below(shape, above, rest) {
                    Ok(steps) => return Ok(steps),
                    // What a shape with parts says of them is worth more.
                    Err(other) if has_parts(shape) => fault = Some(other),
                    Err(other) => drop(fault.get_or_insert(other)),
                }
            }
            Err(fault.unwrap_or_else(|| whole(above)))
        }
        Type::List(_) | Type::Set(_) => {
            let message = format!("the elements of '{above}' have no names to tell them by");
            Err(PathFault { message, ..whole(above) })
        }
        Type::Bool
        | Type::Int { .. }
        | Type::String
        | Type::Enum(_)
        | Type::Cidr
        | Type::Reference(_)
        | Type::Policy
        | Type::Source => Err(whole(above)),
    }
}

fn entry(inner: &Type, above: &str, rest: &str) -> Result<String, PathFault> {
    let (key, rest) = match (rest.strip_prefix('.'), rest.strip_prefix('[')) {
        // Nothing stands below, so that a key may have dots in it.
        (Some(key), _) if !has_parts(inner) => (key, ""),
        (Some(rest), _) => first(rest),
        (_, Some(rest)) => rest.split_once(']').ok_or_else(|| malformed(rest))?,
        (None, None) => return Err(malformed(rest)),
    };
    if key.is_empty() {
        return Err(malformed(rest));
    }
    let steps = below(inner, &format!("{above}[{key}]"), rest)?;
    Ok(format!("[{key}]{steps}"))
}

fn field(fields: &[Attribute], above: &str, rest: &str) -> Result<String, PathFault> {
    let inner = rest.strip_prefix('.').ok_or_else(|| malformed(rest))?;
    let (name, rest) = first(inner);
    let Some(field) = fields.iter().find(|field| field.name == name) else {
        let message = format!("'{above}' has no field '{name}'");
        let names = fields.iter().map(|field| field.name);
        return Err(PathFault { message, help: suggest::advice(name, names, "") });
    };
    let steps = below(&field.ty, &format!("{above}.{name}"), rest)?;
    Ok(format!(".{name}{steps}"))
}

/// The first name of a path, and the rest with what separates them.
fn first(path: &str) -> (&str, &str) {
    path.split_at(path.find(['.', '[']).unwrap_or(path.len()))
}

fn bracketed(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

fn has_parts(ty: &Type) -> bool {
    match ty {
        Type::Map(_) | Type::Object(_) => true,
        Type::OneOf(shapes) => shapes.iter().any(has_parts),
        _ => false,
    }
}

fn whole(above: &str) -> PathFault {
    let message = format!("'{above}' has no parts that could be told apart");
    PathFault { message, help: format!("write '{above}', and changes of all of it are ignored") }
}

fn malformed(rest: &str) -> PathFault {
    let message = format!("'{rest}' is no part of an attribute");
    let help = "write ATTRIBUTE, ATTRIBUTE.FIELD or ATTRIBUTE[KEY]".to_owned();
    PathFault { message, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(written: &str) -> String {
        let object = vec![
            Attribute::new("word", Type::String, ""),
            Attribute::new("labels", Type::String.map(), ""),
        ];
        let either = Type::OneOf(vec![Type::String, Type::Object(object.clone())]);
        let kind = Kind {
            attributes: vec![
                Attribute::new("text", Type::String, ""),
                Attribute::new("list", Type::String.list(), ""),
                Attribute::new("object", Type::Object(object.clone()), ""),
                Attribute::new("map", Type::String.map(), ""),
                Attribute::new("objects", Type::Object(object).map(), ""),
                Attribute::new("either", either, ""),
            ],
            taggable: true,
            ..Kind::new("thing", "test", "")
        };
        match canonical(&kind, written) {
            Ok(path) => path,
            Err(fault) => format!("{}; {}", fault.message, fault.help),
        }
    }

    #[test]
    fn a_path_is_brought_into_the_form_of_a_plan() {
        for (written, path) in [
            ("text", "text"),
            ("map.A", "map[A]"),
            ("map[A]", "map[A]"),
            ("map.10.0.0.0/8", "map[10.0.0.0/8]"),
            ("map[a.b]", "map[a.b]"),
            ("object.word", "object.word"),
            ("object.labels.a", "object.labels[a]"),
            ("objects.a.word", "objects[a].word"),
            ("objects[a.b].labels[c]", "objects[a.b].labels[c]"),
            ("either.word", "either.word"),
            ("tags", "tags"),
            ("tags.a.b/c", "tags.a.b/c"),
            ("tags[a]", "tags.a"),
        ] {
            assert_eq!(show(written), path, "{written}");
        }
    }

    #[test]
    fn what_is_no_part_is_a_fault() {
        insta::assert_snapshot!(show("txt"), @"a thing has no attribute 'txt'; did you mean 'text'?");
        insta::assert_snapshot!(show("text.a"), @"'text' has no parts that could be told apart; write 'text', and changes of all of it are ignored");
        insta::assert_snapshot!(show("list[0]"), @"the elements of 'list' have no names to tell them by; write 'list', and changes of all of it are ignored");
        insta::assert_snapshot!(show("object.wrd"), @"'object' has no field 'wrd'; did you mean 'word'?");
        insta::assert_snapshot!(show("either.wrd"), @"'either' has no field 'wrd'; did you mean 'word'?");
        insta::assert_snapshot!(show("object[word]"), @"'[word]' is no part of an attribute; write ATTRIBUTE, ATTRIBUTE.FIELD or ATTRIBUTE[KEY]");
        insta::assert_snapshot!(show("map[a"), @"'a' is no part of an attribute; write ATTRIBUTE, ATTRIBUTE.FIELD or ATTRIBUTE[KEY]");
        insta::assert_snapshot!(show("map."), @"'' is no part of an attribute; write ATTRIBUTE, ATTRIBUTE.FIELD or ATTRIBUTE[KEY]");
    }
}
