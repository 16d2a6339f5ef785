//! The path of a resource in its stack file, which is its identity: `subnet.private[a]`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where a resource stands in a stack: `vpc.main`, `subnet.private[a]`,
/// `module.network.vpc.main`.
///
/// The key of an instance of a `for_each` family never depends on its position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The modules on the way, outermost first; empty in the stack itself.
    pub modules: Vec<String>,
    /// The section that holds it.
    pub kind: KindName,
    /// Its name in that section.
    pub name: String,
    /// The key of the instance, where the resource has a `for_each`.
    pub key: Option<String>,
}

impl Address {
    /// An address in the stack itself, without a key.
    pub fn new(kind: impl Into<KindName>, name: impl Into<String>) -> Self {
        Self { modules: Vec::new(), kind: kind.into(), name: name.into(), key: None }
    }

    /// The address in `existing.KIND.NAME` (behind `module.NAME.`, where a module looks it up); nothing
    /// where the text is no such name.
    pub fn of_existing(text: &str) -> Option<Self> {
        let (modules, rest) = text.rsplit_once("existing.")?;
        let is_whole = modules.is_empty() || modules.ends_with('.');
        let address: Self = format!("{modules}{rest}").parse().ok()?;
        let is_named = rest.split('.').count() == 2 && address.key.is_none();
        (is_whole && is_named).then_some(address)
    }

    /// The same address with an instance key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same address one module further in: `outer` becomes the first module of the path.
    #[must_use]
    pub fn in_module(mut self, outer: impl Into<String>) -> Self {
        self.modules.insert(0, outer.into());
        self
    }

    /// The family that this instance belongs to: the address without its key.
    #[must_use]
    pub fn family(&self) -> Self {
        Self { key: None, ..self.clone() }
    }

    /// Whether this is an instance of the family `family`, which has no key; without copying.
    pub fn is_instance_of(&self, family: &Self) -> bool {
        self.name == family.name && self.kind == family.kind && self.modules == family.modules
    }

    /// The spelling for the tag `trueup:address`.
    ///
    /// IAM and RDS refuse brackets in tag values, so a key follows a colon: `subnet.private:a`.
    pub fn to_tag(&self) -> String {
        match &self.key {
            Some(key) => format!("{}:{key}", self.family()),
            None => self.to_string(),
        }
    }

    /// Reads what [`Address::to_tag`] wrote.
    pub fn from_tag(tag: &str) -> Result<Self, AddressError> {
        match tag.split_once(':') {
            Some((family, key)) => Ok(family.parse::<Self>()?.with_key(key)),
            None => tag.parse(),
        }
    }

    /// The words that make a physical name: modules, name and key, joined with hyphens.
    pub fn words(&self) -> String {
        let mut words: Vec<&str> = self.modules.iter().map(String::as_str).collect();
        words.push(&self.name);
        words.extend(self.key.as_deref());
        words.join("-").replace('_', "-")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for module in &self.modules {
            write!(formatter, "module.{module}.")?;
        }
        write!(formatter, "{}.{}", self.kind, self.name)?;
        match &self.key {
            Some(key) => write!(formatter, "[{key}]"),
            None => Ok(()),
        }
    }
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not an address: write KIND.NAME, KIND.NAME[KEY] or module.NAME.KIND.NAME")]
pub struct AddressError {
    text: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError { text: text.to_owned() };
        let (path, key) = match text.split_once('[') {
            Some((path, rest)) => (path, Some(rest.strip_suffix(']').ok_or_else(malformed)?)),
            None => (text, None),
        };
        let mut parts: Vec<&str> = path.split('.').collect();
        let mut modules = Vec::new();
        while parts.len() > 2 && parts[0] == "module" {
            modules.push(parts[1].to_owned());
            parts.drain(..2);
        }
        let &[kind, name] = parts.as_slice() else { return Err(malformed()) };
        if kind == "module"
            || !is_name(kind)
            || !is_name(name)
            || !modules.iter().all(|module| is_name(module))
        {
            return Err(malformed());
        }
        Ok(Self {
            modules,
            kind: KindName::from(kind.to_owned()),
            name: name.to_owned(),
            key: key.map(str::to_owned),
        })
    }
}

/// Whether a text is a name of the language: `[a-z][a-z0-9_]*`.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of a kind, which is also its section: `security_group`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KindName(Cow<'static, str>);

impl KindName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<&'static str> for KindName {
    fn from(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }
}

impl From<String> for KindName {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

impl PartialEq<str> for KindName {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for KindName {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in ["vpc.main", "subnet.private[a]", "module.a.module.b.vpc.main", "x.y[10.0/8]"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(Address::from_tag(&address.to_tag()).unwrap(), address);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "vpc", "vpc.", "vpc.Main", "vpc.main[a", "a.b.c", "module.x", "vpc.a-b"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_looked_up_has_an_address() {
        let of = |text| Address::of_existing(text).map(|address| address.to_string());
        assert_eq!(of("existing.vpc.main").unwrap(), "vpc.main");
        assert_eq!(of("module.a.existing.vpc.main").unwrap(), "module.a.vpc.main");
        assert_eq!(of("module.existing.existing.vpc.main").unwrap(), "module.existing.vpc.main");
        let others = [
            "vpc.main",
            "existing.vpc",
            "module.existing.vpc.main",
            "vpc.existing.main",
            "x",
            "preexisting.vpc.main",
            "existing.vpc.main[a]",
            "existing.module.a.vpc.main",
            "",
        ];
        for text in others {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_tag_has_no_brackets() {
        let address: Address = "module.net.subnet.private[a]".parse().unwrap();
        assert_eq!(address.to_tag(), "module.net.subnet.private:a");
        assert_eq!(address.words(), "net-private-a");
    }
}
