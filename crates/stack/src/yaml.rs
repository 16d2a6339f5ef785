//! A YAML file as a tree of nodes, each with the stretch of the file where it stands.
//!
//! A serde deserializer stops at its first fault and chooses the type of a scalar before the
//! attribute's own type is known (`no` in a string field, `8.0` as a version), and the `Spanned` of
//! `serde-saphyr` (`serde_yaml` in this workspace) needs a Rust type for each node. So the tree is
//! built from the events of the parser underneath, which `serde-saphyr` re-exports as
//! `granit_parser`: it has byte spans for keys and values and limits against deep nesting.
//! Scalars keep their text; what it means is decided by the attribute that takes it.

use trueup_model::Value;

use crate::source::Span;

mod read;

pub(crate) use read::{MOST_BYTES, read};

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) span: Span,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// A scalar without quotes: a number, a word or nothing, as its reader expects.
    Plain(String),
    /// A scalar that can only be a text: in quotes, or a block.
    Text(String),
    /// A scalar that was computed, not written: it is never interpolated again.
    Known(Value),
    /// Elements.
    List(Vec<Node>),
    /// Entries in the order of the file; keys are unique.
    Map(Vec<Entry>),
}

/// An entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// A computed value as if it stood at `span`.
    pub(crate) fn computed(value: Value, span: Span) -> Self {
        let content = match value {
            Value::List(elements) => {
                Content::List(elements.into_iter().map(|e| Self::computed(e, span)).collect())
            }
            Value::Map(fields) => Content::Map(
                fields
                    .into_iter()
                    .map(|(key, value)| Entry {
                        key,
                        key_span: span,
                        value: Self::computed(value, span),
                    })
                    .collect(),
            ),
            scalar => Content::Known(scalar),
        };
        Self { content, span }
    }

    /// The text, of a scalar that was written.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Plain(text) | Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries, of a map.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements, of a list.
    pub(crate) fn elements(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The value under a key, of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Whether nothing is written: `key:`, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        match &self.content {
            Content::Plain(text) => is_null(text),
            Content::Known(value) => value.is_null(),
            _ => false,
        }
    }

    /// What kind of thing is written, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.content {
            Content::Plain(text) => plain(text).type_name(),
            Content::Text(_) => "a string",
            Content::Known(value) => value.type_name(),
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// The value by YAML's own rules, where no type says what is meant; nothing is interpolated.
    pub(crate) fn untyped(&self) -> Value {
        match &self.content {
            Content::Plain(text) => plain(text),
            Content::Text(text) => Value::from(text.as_str()),
            Content::Known(value) => value.clone(),
            Content::List(elements) => Value::List(elements.iter().map(Self::untyped).collect()),
            Content::Map(entries) => Value::Map(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.untyped())).collect(),
            ),
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// The value of a plain scalar after YAML 1.2's core schema; a fraction stays a text.
pub(crate) fn plain(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_null(text) => Value::Null,
        _ => integer(text).map_or_else(|| Value::from(text), Value::Int),
    }
}

/// A whole number as people write it; `0x1F` is hexadecimal, `0755` is a text.
fn integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok();
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let padded = digits.len() > 1 && digits.starts_with('0');
    let decimal = digits.bytes().all(|digit| digit.is_ascii_digit());
    if padded || !decimal { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_yaml_says() {
        assert_eq!(plain("12"), Value::Int(12));
        assert_eq!(plain("-3"), Value::Int(-3));
        assert_eq!(plain("0x1F"), Value::Int(31));
        assert_eq!(plain("true"), Value::Bool(true));
        assert_eq!(plain("~"), Value::Null);
        for text in ["no", "8.0", "0755", "1e3", "-", "0x", "12:30"] {
            assert_eq!(plain(text), Value::from(text), "{text}");
        }
    }
}
