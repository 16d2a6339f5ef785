//! Values of attributes, as a stack states them and as AWS reports them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A set of named values; ordered, so that output never depends on hashing.
pub type Values = BTreeMap<String, Value>;

/// A value that is wholly known.
///
/// There are no floating-point numbers: no attribute that this program manages is one, and leaving
/// them out keeps equality exact.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(from = "serde_json::Value")]
pub enum Value {
    /// Nothing: the attribute is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    String(String),
    /// Values in order; whether the order counts is said by the attribute's type.
    List(Vec<Value>),
    /// Named values.
    Map(Values),
    /// A text that no output may show.
    Secret(Secret),
}

impl Value {
    /// The text, of a string or a secret.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Secret(secret) => Some(secret.reveal()),
            _ => None,
        }
    }

    /// The number.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The elements.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The named values.
    pub fn as_map(&self) -> Option<&Values> {
        match self {
            Self::Map(values) => Some(values),
            _ => None,
        }
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The field of a map, or `Null`.
    pub fn get(&self, name: &str) -> &Value {
        const NOTHING: &Value = &Value::Null;
        self.as_map().and_then(|values| values.get(name)).unwrap_or(NOTHING)
    }

    /// The elements that are texts, of a list.
    pub fn strings(&self) -> Vec<String> {
        let elements = self.as_list().unwrap_or_default();
        elements.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Whether a secret is in it.
    pub fn holds_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::List(elements) => elements.iter().any(Self::holds_secret),
            Self::Map(fields) => fields.values().any(Self::holds_secret),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::String(_) => false,
        }
    }

    /// The texts of the secrets in it: only to take them out of what is shown.
    pub fn secret_texts(&self) -> BTreeSet<&str> {
        match self {
            Self::Secret(secret) => BTreeSet::from([secret.reveal()]),
            Self::List(elements) => elements.iter().flat_map(Self::secret_texts).collect(),
            Self::Map(fields) => fields.values().flat_map(Self::secret_texts).collect(),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::String(_) => BTreeSet::new(),
        }
    }

    /// The value with every text in it a secret.
    #[must_use]
    pub fn into_secret(self) -> Self {
        self.into_secret_but(&BTreeSet::new())
    }

    /// The value with every text in it a secret, but for those that are known to be none.
    #[must_use]
    pub fn into_secret_but(self, public: &BTreeSet<&str>) -> Self {
        self.map_texts(&|text| match text {
            Self::String(text) if !public.contains(text.as_str()) => {
                Self::Secret(Secret::new(text))
            }
            other => other,
        })
    }

    /// The value with what its secrets hide in plain: only for the call that hands it to AWS, and for
    /// comparisons.
    #[must_use]
    pub fn revealed(self) -> Self {
        self.map_texts(&|text| match text {
            Self::Secret(secret) => Self::String(secret.0),
            other => other,
        })
    }

    /// Another text, which is a secret where this one is.
    #[must_use]
    pub fn respelled(&self, text: impl Into<String>) -> Self {
        match self {
            Self::Secret(_) => Self::Secret(Secret::new(text)),
            _ => Self::String(text.into()),
        }
    }

    /// The value with every text in it, plain or secret, replaced.
    #[must_use]
    pub fn map_texts(self, replace: &dyn Fn(Self) -> Self) -> Self {
        match self {
            Self::String(_) | Self::Secret(_) => replace(self),
            Self::List(elements) => {
                Self::List(elements.into_iter().map(|e| e.map_texts(replace)).collect())
            }
            Self::Map(fields) => {
                let fields = fields.into_iter();
                Self::Map(fields.map(|(name, f)| (name, f.map_texts(replace))).collect())
            }
            Self::Null | Self::Bool(_) | Self::Int(_) => self,
        }
    }

    /// Every text in it that is no secret, besides the names of fields.
    pub fn plain_texts(&self) -> BTreeSet<&str> {
        match self {
            Self::String(text) => BTreeSet::from([text.as_str()]),
            Self::List(elements) => elements.iter().flat_map(Self::plain_texts).collect(),
            Self::Map(fields) => fields.values().flat_map(Self::plain_texts).collect(),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Secret(_) => BTreeSet::new(),
        }
    }

    /// The word for the value's type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "a number",
            Self::String(_) | Self::Secret(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// The value as people read it; a secret stays `(sensitive)`, a string stands without quotes.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(truth) => write!(formatter, "{truth}"),
            Self::Int(number) => write!(formatter, "{number}"),
            Self::String(text) => formatter.write_str(text),
            Self::Secret(secret) => write!(formatter, "{secret}"),
            Self::List(_) | Self::Map(_) => {
                formatter.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
            }
        }
    }
}

/// JSON as it is; a secret is written as `"(sensitive)"` and so can never be read back.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => truth.serialize(serializer),
            Self::Int(number) => number.serialize(serializer),
            Self::String(text) => text.serialize(serializer),
            Self::List(elements) => elements.serialize(serializer),
            Self::Map(values) => values.serialize(serializer),
            Self::Secret(secret) => serializer.collect_str(secret),
        }
    }
}

/// A fractional number becomes its text: see the remark on [`Value`].
impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(truth),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::String(number.to_string()), Self::Int)
            }
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(elements) => {
                Self::List(elements.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(fields) => {
                Self::Map(fields.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}

impl From<Values> for Value {
    fn from(values: Values) -> Self {
        Self::Map(values)
    }
}

/// A text that must never be shown: neither `Debug`, `Display` nor serde reveal it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(String);

/// What stands where a secret would.
pub const SENSITIVE: &str = "(sensitive)";

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: only for the call that hands it to AWS.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SENSITIVE)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SENSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let value = Value::List(vec![Value::Secret(Secret::new("hunter2"))]);
        for shown in [format!("{value}"), format!("{value:?}")] {
            assert!(shown.contains(SENSITIVE) && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn texts_become_secret_and_plain_again() {
        let text = r#"{"a":["x",1],"b":{"c":"y"}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let hidden = value.clone().into_secret_but(&BTreeSet::from(["y"]));
        assert!(hidden.holds_secret() && !value.holds_secret());
        assert_eq!(hidden.plain_texts(), BTreeSet::from(["y"]));
        assert_eq!(hidden.to_string(), r#"{"a":["(sensitive)",1],"b":{"c":"y"}}"#);
        assert_eq!(hidden.revealed(), value);
    }

    #[test]
    fn json_reads_back() {
        let text = r#"{"a":[1,true,null],"b":{"c":"x"}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), text);
    }
}
