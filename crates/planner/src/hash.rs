//! Hashes of what was wished and of what was read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use sha2::{Digest, Sha256};
use trueup_model::expression::Expressions;
use trueup_model::kind::Presence;
use trueup_model::{Address, Attribute, Expression, Kind, Live, Resource, Type, Value};

use crate::secrets::Secrets;

/// How many hexadecimal digits the tags `trueup:spec` and `trueup:secret` hold.
const DIGITS: usize = 16;

/// Rounds of PBKDF2. A tag can be read by anyone who may describe the resource, so that trying
/// out passwords must cost; a plan hashes each write-only attribute once, so that it must not
/// cost more than an API call does.
const ROUNDS: u32 = 100_000;

/// The hash of a wish for the tag `trueup:spec`: attributes and tags before they are resolved, of
/// what is secret only a slow hash, of what is only written nothing.
///
/// After it the tag names the attributes that were taken from a secret and that AWS tells back, so
/// that they stay hidden when the stack says nothing of them any more.
///
/// Whoever refers to a family means its instances: one more of them is another wish.
pub(crate) fn spec_hash(secrets: &Secrets<'_>, resource: &Resource, kind: &Kind) -> String {
    let stack = secrets.stack();
    let told = kind.attributes.iter().filter(|attribute| !attribute.write_only);
    let stated = told.filter_map(|attribute| {
        let wish = resource.attributes.get(attribute.name)?.clone();
        let wish = if attribute.sensitive { wish.into_secret() } else { wish };
        (!says_nothing(attribute, &wish))
            .then(|| (attribute.name.to_owned(), in_order(attribute, wish)))
    });
    let stated: Expressions = stated.collect();
    // In order of declaration: an order of names would give every resource another hash.
    let attributes: Vec<(&str, Option<&Expression>)> = kind
        .attributes
        .iter()
        .filter_map(|attribute| Some((attribute.name, Some(stated.get(attribute.name)?))))
        .collect();
    let wishes = attributes.iter().filter_map(|(_, wish)| *wish).chain(resource.tags.values());
    let references = wishes.flat_map(Expression::references);
    let families: BTreeSet<&Address> = references
        .filter(|read| !read.existing && read.to.key.is_none())
        .map(|reference| &reference.to)
        .filter(|family| !stack.resources.contains_key(family))
        .collect();
    let instances = families.into_iter().flat_map(|family| stack.instances(family));
    let instances: Vec<&Address> = instances.map(|resource| &resource.address).collect();
    let public = digest(&(&attributes, &resource.tags, instances));
    let hidden = stated.iter().filter(|(_, wish)| wish.holds_secret());
    let mut digest = with_secrets(secrets, public, hidden, reveal);
    digest.truncate(DIGITS);
    name_attributes(digest, &secrets.told_back(resource, kind))
}

/// Whether a wish is what leaving the attribute out means: then it is as if it were left out, and an
/// attribute that a later version adds to the kind changes no hash.
fn says_nothing(attribute: &Attribute, wish: &Expression) -> bool {
    let default = match &attribute.presence {
        Presence::Default(default, _) => default,
        _ => &Value::Null,
    };
    wish.is_null() || wish.known() == Some(default)
}

/// A set in one order: another order is the same wish. Secrets look alike here and stay as they are.
fn in_order(attribute: &Attribute, wish: Expression) -> Expression {
    match (&attribute.ty, wish) {
        (Type::Set(_), Expression::List(mut elements)) => {
            elements.sort_by_cached_key(digest);
            Expression::List(elements)
        }
        (Type::Set(_), Expression::Value(Value::List(mut elements))) => {
            elements.sort_by_cached_key(digest);
            Expression::Value(Value::List(elements))
        }
        (_, wish) => wish,
    }
}

/// A digest that also tells secrets apart; it is the bare one where there is none.
fn with_secrets<'s, T: 's>(
    secrets: &Secrets<'_>,
    public: String,
    hidden: impl Iterator<Item = (&'s String, &'s T)>,
    reveal: impl Fn(&mut String, &T),
) -> String {
    let mut text = String::new();
    for (name, part) in hidden {
        spell(&mut text, name);
        reveal(&mut text, part);
    }
    let salt = format!("{}/", secrets.stack().name);
    if text.is_empty() { public } else { digest(&[public, slow(&text, &salt)]) }
}

/// The longest value of a tag.
const LONGEST_TAG: usize = 256;

/// What stands for every attribute, where their names are too long for a tag.
const EVERY: &str = "+";

fn name_attributes(mut spec: String, names: &[&str]) -> String {
    let length: usize = names.iter().map(|name| name.len() + 1).sum();
    let all = [EVERY];
    for name in if spec.len() + length > LONGEST_TAG { &all } else { names } {
        spec.push(':');
        spec.push_str(name);
    }
    spec
}

/// The attributes that a tag `trueup:spec` names as taken from a secret.
pub(crate) fn secret_attributes(spec: &str) -> SecretAttributes<'_> {
    SecretAttributes(spec.split(':').skip(1).collect())
}

/// Attributes that were taken from a secret when they were last applied.
pub(crate) struct SecretAttributes<'s>(BTreeSet<&'s str>);

impl SecretAttributes<'_> {
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains(name) || self.0.contains(EVERY)
    }
}

/// A hash that costs whoever tries secrets out, in hexadecimal. Each is made once in a process: one
/// plan asks for it many times.
fn slow(secret: &str, salt: &str) -> String {
    static KNOWN: Mutex<BTreeMap<[u8; 32], String>> = Mutex::new(BTreeMap::new());
    let mut key = Sha256::new_with_prefix(salt.len().to_le_bytes());
    key.update(salt);
    key.update(secret);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let hash = known.entry(key.finalize().into()).or_insert_with(|| {
        let (secret, salt) = (secret.as_bytes(), salt.as_bytes());
        hex(&pbkdf2::pbkdf2_hmac_array::<Sha256, { DIGITS / 2 }>(secret, salt, ROUNDS))
    });
    hash.clone()
}

/// The slow hash of a variable's secret value: so that a saved plan tells that it is another now,
/// and not what it was.
pub fn variable_hash(stack: &str, name: &str, value: &Value) -> String {
    let mut text = String::new();
    reveal_value(&mut text, value);
    slow(&text, &format!("{stack}/var.{name}"))
}

/// The slow hash of the write-only attributes for the tag `trueup:secret`; none if the resource
/// has none set.
///
/// Like [`spec_hash`] it is of the wish before it is resolved, so that it is known before
/// anything is made.
pub(crate) fn secret_hash(stack: &str, resource: &Resource, kind: &Kind) -> Option<String> {
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
    Some(slow(&text, &format!("{stack}/{address}")))
}

/// A digest of everything about a live resource that a plan relies on.
///
/// What changes by itself (whether it is busy, an output that AWS may reassign) is left out, and
/// so is what AWS never tells. Of what is secret there is a slow hash: the digest stands in files.
pub(crate) fn fingerprint(secrets: &Secrets<'_>, kind: &Kind, live: &Live) -> String {
    let told = |name: &str| kind.attribute(name).is_none_or(|attribute| !attribute.sensitive);
    let attributes: Vec<_> = live.attributes.iter().filter(|(name, _)| told(name)).collect();
    let steady = |name: &str| kind.output(name).is_some_and(|output| !output.volatile);
    let outputs: Vec<_> = live.outputs.iter().filter(|(name, _)| steady(name)).collect();
    let public = digest(&(
        &live.kind,
        &live.id,
        &live.ownership,
        &attributes,
        &outputs,
        &live.tags,
        &live.scheduled,
    ));
    let scheduled = live.scheduled.iter().filter(|(name, _)| told(name));
    let all = attributes.into_iter().chain(outputs).chain(scheduled);
    with_secrets(secrets, public, all.filter(|(_, value)| value.holds_secret()), reveal_value)
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
