//! Scalars: truth values, numbers, words, networks.

use ipnet::IpNet;
use trueup_model::{Expression, Value};

use super::{Checker, Reported};
use crate::load::secrets::NETWORKS_ARE_SHOWN;
use crate::suggest;
use crate::yaml::{Content, Node};

impl Checker<'_> {
    pub(super) fn bool(&self, node: &Node) -> Result<Expression, Reported> {
        match &node.content {
            Content::Plain(_) | Content::Known(_) => node.untyped().as_bool(),
            _ => None,
        }
        .map(Expression::from)
        .ok_or_else(|| self.wrong_type("true or false", node))
    }

    pub(super) fn int(
        &self,
        minimum: i64,
        maximum: i64,
        node: &Node,
    ) -> Result<Expression, Reported> {
        let number = match &node.content {
            Content::Plain(_) | Content::Known(_) => node.untyped().as_int(),
            _ => None,
        };
        let number = number.ok_or_else(|| self.wrong_type("a whole number", node))?;
        if (minimum..=maximum).contains(&number) {
            return Ok(number.into());
        }
        let range = match (minimum, maximum) {
            (_, i64::MAX) => format!("at least {minimum}"),
            (i64::MIN, _) => format!("at most {maximum}"),
            _ => format!("from {minimum} to {maximum}"),
        };
        let message = format!("{} is {range}, not {number}", self.name());
        Err(self.report(self.error("out-of-range", message, node.span)))
    }

    pub(super) fn word(&self, words: &[&str], node: &Node) -> Result<Expression, Reported> {
        let expected = suggest::choice(words);
        let value = scalar(node).ok_or_else(|| self.wrong_type(&expected, node))?;
        let word = value.as_str().unwrap_or_default();
        if words.contains(&word) {
            return Ok(value.into());
        }
        let written = if matches!(value, Value::Secret(_)) { "that" } else { word };
        let message = format!("{} takes {expected}, not '{written}'", self.name());
        let error = self.error("unknown-word", message, node.span);
        Err(self.report(match suggest::nearest(word, words.iter().copied()) {
            Some(meant) => error.help(format!("did you mean '{meant}'?")),
            None => error,
        }))
    }

    pub(super) fn cidr(&self, node: &Node) -> Result<Expression, Reported> {
        const EXPECTED: &str = "a CIDR such as 10.0.0.0/16";
        let value = scalar(node).ok_or_else(|| self.wrong_type(EXPECTED, node))?;
        if value.holds_secret() {
            return Err(self.loader.secret_shown(&self.path, NETWORKS_ARE_SHOWN, node.span));
        }
        let text = value.as_str().unwrap_or_default();
        match network(text) {
            Ok(network) => Ok(network.into()),
            Err(meant) => {
                let message = format!("{} takes {EXPECTED}, not '{value}'", self.name());
                let error = self.error("bad-cidr", message, node.span);
                Err(self.report(match meant {
                    Some(meant) => error.help(format!("did you mean {meant}?")),
                    None => error,
                }))
            }
        }
    }
}

/// The text of a scalar, whatever it looks like; a secret stays one.
pub(in crate::load) fn scalar(node: &Node) -> Option<Value> {
    match &node.content {
        Content::Plain(text) | Content::Text(text) => Some(Value::from(text.as_str())),
        Content::Known(value @ (Value::String(_) | Value::Secret(_))) => Some(value.clone()),
        Content::Known(value @ (Value::Int(_) | Value::Bool(_))) => {
            Some(Value::String(value.to_string()))
        }
        _ => None,
    }
}

/// The canonical spelling of a network, or what was probably meant.
pub(in crate::load) fn network(text: &str) -> Result<String, Option<String>> {
    if let Ok(network) = text.parse::<IpNet>() {
        let meant = network.trunc();
        return if meant == network {
            Ok(network.to_string())
        } else {
            Err(Some(meant.to_string()))
        };
    }
    let address: Option<std::net::IpAddr> = text.parse().ok();
    Err(address.map(|address| IpNet::from(address).to_string()))
}
