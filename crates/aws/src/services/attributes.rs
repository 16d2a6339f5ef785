//! What several kinds do alike with expressions while they complete and settle them.

use trueup_model::expression::Expressions;
use trueup_model::kind::{Completion, Fault, Inspection};
use trueup_model::snapshot::Live;
use trueup_model::{Expression, Value};

/// The known text of an attribute.
pub fn text<'a>(attributes: &'a Expressions, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Expression::known).and_then(Value::as_str)
}

/// The known number of an attribute.
pub fn number(attributes: &Expressions, name: &str) -> Option<i64> {
    attributes.get(name).and_then(Expression::known).and_then(Value::as_int)
}

/// Whether an attribute is left out or says nothing.
pub fn is_absent(attributes: &Expressions, name: &str) -> bool {
    attributes.get(name).is_none_or(Expression::is_null)
}

/// Sets an attribute that says nothing.
pub fn fill(attributes: &mut Expressions, name: &str, value: impl Into<Expression>) {
    if is_absent(attributes, name) {
        attributes.insert(name.to_owned(), value.into());
    }
}

/// Names the resource after its stack and address: `snowex-main`, cut to `maximum` characters.
pub fn fill_name(completion: &mut Completion<'_>, attribute: &str, maximum: usize) {
    let name = physical_name(completion.stack, &completion.address.words(), maximum);
    fill(completion.attributes, attribute, name);
}

/// The default physical name, `STACK-WORDS`; one that is too long ends in a hash of the whole, so
/// that two long names that differ late stay different.
pub fn physical_name(stack: &str, words: &str, maximum: usize) -> String {
    const HASH: usize = 8;
    let whole = format!("{stack}-{words}");
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let clean: String = whole.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    if clean == whole && clean.len() <= maximum && !clean.contains("--") {
        return clean;
    }
    let mut readable = String::new();
    for c in clean.chars().take(maximum - HASH - 1) {
        if c != '-' || !readable.ends_with('-') {
            readable.push(c);
        }
    }
    format!("{}-{}", readable.trim_end_matches('-'), short_hash(&whole, HASH))
}

fn short_hash(text: &str, length: usize) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write as _;

    let mut hash = String::new();
    for byte in &Sha256::digest(text)[..length / 2] {
        // Writing to a String cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

/// Brings a known text attribute into one spelling.
pub fn respell(attributes: &mut Expressions, name: &str, spelling: impl FnOnce(&str) -> String) {
    let value = attributes.get(name).and_then(Expression::known);
    if let Some((value, text)) = value.and_then(|value| Some((value, value.as_str()?))) {
        let respelled = value.respelled(spelling(text));
        attributes.insert(name.to_owned(), respelled.into());
    }
}

/// Takes over what is live where the wish, in other words, says the same.
pub fn accept_live(
    wanted: &mut Expressions,
    live: Option<&Live>,
    name: &str,
    same: impl FnOnce(&Value, &Value) -> bool,
) {
    let Some(there) = live.and_then(|live| live.attributes.get(name)) else { return };
    let Some(value) = wanted.get(name).and_then(Expression::to_value) else { return };
    if value != *there && same(&value, there) {
        wanted.insert(name.to_owned(), there.clone().into());
    }
}

/// A key has to be named by its ARN: AWS takes an id or an alias as well, but answers with the ARN, and
/// every plan would find a difference.
pub fn check_key(inspection: &mut Inspection<'_>, name: &str) {
    if let Some(key) = text(inspection.attributes, name).filter(|key| !is_key(key)) {
        let (message, help) = wrong_key(key);
        fault(inspection, name, message, help);
    }
}

/// Whether a text is an ARN, and not that of an alias.
pub fn is_key(text: &str) -> bool {
    text.starts_with("arn:") && !text.contains(":alias/")
}

/// What is wrong with a text that is no ARN of a KMS key, and what to write.
pub fn wrong_key(text: &str) -> (String, &'static str) {
    let is = if text.contains("alias/") { "an alias" } else { "no ARN of a KMS key" };
    let help = "write the key's own ARN, `arn:aws:kms:REGION:ACCOUNT:key/ID`: \
                `aws kms describe-key --key-id ALIAS` tells it";
    (format!("'{text}' is {is}, and AWS reports the key by its ARN"), help)
}

/// Reports a fault of an attribute.
pub fn fault(
    inspection: &mut Inspection<'_>,
    path: impl Into<String>,
    message: impl Into<String>,
    help: impl Into<String>,
) {
    let (path, message, help) = (path.into(), message.into(), help.into());
    inspection.faults.push(Fault { path, message, help, related: Vec::new() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_stack_and_words() {
        assert_eq!(physical_name("snowex", "main", 63), "snowex-main");
    }

    #[test]
    fn a_long_name_is_cut_and_stays_unique() {
        let one = physical_name("stack", &"x".repeat(80), 32);
        let other = physical_name("stack", &format!("{}y", "x".repeat(79)), 32);
        assert_eq!((one.len(), other.len()), (32, 32));
        assert_ne!(one, other);
    }

    #[test]
    fn a_key_is_named_by_its_own_arn() {
        assert!(is_key("arn:aws:kms:us-west-2:123456789012:key/0a1b"));
        for wrong in ["alias/shop", "0a1b", "arn:aws:kms:us-west-2:123456789012:alias/shop"] {
            assert!(!is_key(wrong), "{wrong}");
        }
        assert!(wrong_key("alias/shop").0.contains("is an alias"));
    }

    #[test]
    fn what_a_service_refuses_becomes_a_hyphen_and_a_hash() {
        let name = physical_name("net", "a-10.0.0.0/8", 63);
        assert!(name.starts_with("net-a-10-0-0-0-8-") && name.len() == 25, "{name}");
    }
}
