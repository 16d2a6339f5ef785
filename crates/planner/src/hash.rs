//! Hashes of what was wished and of what was read.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};
use trueup_model::expression::Expressions;
use trueup_model::{Address, Expression, Kind, Live, Resource, Stack, Value};

/// How many hexadecimal digits the tags `trueup:spec` and `trueup:secret` hold.
const DIGITS: usize = 16;

/// Rounds of PBKDF2. A tag can be read by anyone who may describe the resource, so that trying
/// out passwords must cost; a plan hashes each write-only attribute once, so that it must not
/// cost more than an API call does.
const ROUNDS: u32 = 100_000;

/// The hash of a wish for the tag `trueup:spec`: attributes and tags before they are resolved,
/// without anything secret.
///
/// Whoever refers to a family means its instances: one more of them is another wish.
pub fn spec_hash(stack: &Stack, resource: &Resource, kind: &Kind) -> String {
    let public =
        kind.attributes.iter().filter(|attribute| !attribute.write_only && !attribute.sensitive);
    let attributes: Vec<(&str, Option<&Expression>)> = public
        .map(|attribute| (attribute.name, resource.attributes.get(attribute.name)))
        .filter(|(_, expression)| expression.is_some())
        .collect();
    let stated = attributes.iter().filter_map(|(_, wish)| *wish).chain(resource.tags.values());
    let references = stated.flat_map(Expression::references);
    let families: BTreeSet<&Address> = references
        .filter(|read| !read.existing && read.to.key.is_none())
        .map(|reference| &reference.to)
        .filter(|family| !stack.resources.contains_key(family))
        .collect();
    let instances = families.into_iter().flat_map(|family| stack.instances(family));
    let instances: Vec<&Address> = instances.map(|resource| &resource.address).collect();
    let mut digest = digest(&(&attributes, &resource.tags, instances));
    digest.truncate(DIGITS);
    digest
}

/// The slow hash of the write-only attributes for the tag `trueup:secret`; none if the resource
/// has none set.
///
/// Like [`spec_hash`] it is of the wish before it is resolved, so that it is known before
/// anything is made.
pub fn secret_hash(stack: &str, resource: &Resource, kind: &Kind) -> Option<String> {
    secret_hash_of(stack, &resource.address, resource, kind)
}

/// The same, as it was when the resource had this address.
pub(crate) fn secret_hash_of(
    stack: &str,
    address: &Address,
    resource: &Resource,
    kind: &Kind,
) -> Option<String> {
    let write_only = kind.attributes.iter().filter(|attribute| attribute.write_only);
    let stated: Vec<(&str, &Expression)> = write_only
        .filter_map(|attribute| Some((attribute.name, resource.attributes.get(attribute.name)?)))
        .filter(|(_, expression)| !expression.is_null())
        .collect();
    if stated.is_empty() {
        return None;
    }
    let mut text = String::new();
    for (name, expression) in stated {
        spell(&mut text, name);
        reveal(&mut text, expression);
    }
    let salt = format!("{stack}/{address}");
    let hash: [u8; DIGITS / 2] = pbkdf2::pbkdf2_hmac_array::<Sha256, { DIGITS / 2 }>(
        text.as_bytes(),
        salt.as_bytes(),
        ROUNDS,
    );
    Some(hex(&hash))
}

/// A digest of everything about a live resource that a plan relies on.
///
/// What changes by itself (whether it is busy, an output that AWS may reassign) is left out, and
/// so is what no file may hold.
pub fn fingerprint(kind: &Kind, live: &Live) -> String {
    let told = |name: &str| kind.attribute(name).is_none_or(|attribute| !attribute.sensitive);
    let attributes: Vec<_> = live.attributes.iter().filter(|(name, _)| told(name)).collect();
    let steady = |name: &str| kind.output(name).is_some_and(|output| !output.volatile);
    let outputs: Vec<_> = live.outputs.iter().filter(|(name, _)| steady(name)).collect();
    digest(&(
        &live.kind,
        &live.id,
        &live.ownership,
        attributes,
        outputs,
        &live.tags,
        &live.scheduled,
    ))
}

/// The planned part of the client token of a create: the same as long as the same thing is to be made.
///
/// `generation` holds the physical ids that it takes the place of. What it stands on may not be made
/// yet: the applier adds that, so that a run which crashed and the next one have the same token.
pub(crate) fn token(stack: &str, resource: &Resource, spec: &str, generation: &[&str]) -> String {
    let mut digest = digest(&(stack, &resource.address, spec, generation));
    digest.truncate(32);
    digest
}

/// The first hexadecimal digits of the hash of some texts.
pub(crate) fn short(texts: &[&str], digits: usize) -> String {
    let mut digest = digest(&texts);
    digest.truncate(digits);
    digest
}

/// SHA-256 of the JSON form, in hexadecimal. Maps are ordered, so equal values have equal digests.
pub(crate) fn digest(value: &impl Serialize) -> String {
    struct Sink(Sha256);
    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sink = io::BufWriter::new(Sink(Sha256::new()));
    serde_json::to_writer(&mut sink, value).expect("the model's values always have a JSON form");
    let sink = sink.into_inner().map_err(io::IntoInnerError::into_error);
    hex(&sink.expect("hashing does not fail").0.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An expression with its secrets, in a form in which no two are alike.
fn reveal(text: &mut String, expression: &Expression) {
    match expression {
        Expression::Value(value) => reveal_value(text, value),
        Expression::Reference(reference) => spell(text, &format!("{{{reference}}}")),
        Expression::Template(template) => {
            spell(text, &template.source);
            for (name, value) in &template.bindings {
                spell(text, name);
                reveal_value(text, value);
            }
        }
        Expression::List(elements) => {
            let _ = write!(text, "list{}", elements.len());
            for element in elements {
                reveal(text, element);
            }
        }
        Expression::Map(fields) => reveal_fields(text, fields),
    }
}

fn reveal_fields(text: &mut String, fields: &Expressions) {
    let _ = write!(text, "map{}", fields.len());
    for (name, field) in fields {
        spell(text, name);
        reveal(text, field);
    }
}

fn reveal_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => spell(text, &truth.to_string()),
        Value::Int(number) => spell(text, &number.to_string()),
        Value::String(string) => spell(text, string),
        Value::Secret(secret) => spell(text, secret.reveal()),
        Value::List(elements) => {
            let _ = write!(text, "list{}", elements.len());
            for element in elements {
                reveal_value(text, element);
            }
        }
        Value::Map(fields) => {
            let _ = write!(text, "map{}", fields.len());
            for (name, field) in fields {
                spell(text, name);
                reveal_value(text, field);
            }
        }
    }
}

fn spell(text: &mut String, part: &str) {
    let _ = write!(text, "{}:{part}", part.len());
}
