//! Ids that a request names and that this run has neither made nor seen.
//!
//! "Does not exist" means "not everywhere yet" for what was made a moment ago. For an id that somebody
//! wrote into the stack it means what it says.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use trueup_model::Value;
use trueup_model::snapshot::Live;
use trueup_model::value::Values;
use trueup_provider::{Failure, FailureClass};

/// The ids and ARNs of everything that this run has made or seen.
#[derive(Default)]
pub(crate) struct Known(Mutex<BTreeSet<String>>);

/// Ids and ARNs that are not known.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Strangers(Vec<String>);

/// Milliseconds that a role which we did not make is given to be known to the services: it may have
/// been made by hand just before.
const ROLE_KNOWN_AFTER: u64 = 20_000;

impl Known {
    /// Takes in what was read or made.
    pub(crate) fn note<'l>(&self, lives: impl IntoIterator<Item = &'l Live>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for live in lives {
            known.insert(live.id.clone());
            let mut named = Vec::new();
            texts_of(live.outputs.values().chain(live.attributes.values()), &mut named);
            known.extend(named);
        }
    }

    /// What a request names that is not known.
    pub(crate) fn strangers(&self, attributes: &Values) -> Strangers {
        let mut named = Vec::new();
        texts_of(attributes.values(), &mut named);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_strange =
            |text: &String| (is_ec2_id(text) || is_role(text)) && !known.contains(text);
        Strangers(named.into_iter().filter(is_strange).collect())
    }
}

impl Strangers {
    /// The failure, if it is no race: what we did not make does not come into being by waiting.
    /// `age` is how long ago the call was first made, in milliseconds.
    pub(crate) fn judge(&self, mut failure: Failure, age: u64) -> Failure {
        if failure.class != FailureClass::NotYet {
            return failure;
        }
        let named = self.0.iter().find(|id| is_ec2_id(id) && failure.message.contains(id.as_str()));
        let role = self.0.iter().find(|text| is_role(text) && age >= ROLE_KNOWN_AFTER);
        if let Some(id) = named {
            failure.class = FailureClass::Missing;
            failure.help.push(format!(
                "{id} is written in the stack: see that it exists in this account and Region"
            ));
        } else if let Some(role) = role {
            failure.class = FailureClass::Invalid;
            failure.help.push(format!(
                "see that {role} exists, trusts the service, and has the permissions that it needs"
            ));
        }
        failure
    }
}

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::List(values) => texts_of(values.iter(), into),
        Value::Map(values) => texts_of(values.values(), into),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) => {}
    }
}

fn texts_of<'v>(values: impl Iterator<Item = &'v Value>, into: &mut Vec<String>) {
    for value in values {
        texts(value, into);
    }
}

/// As `subnet-0123456789abcdef0`, or with the eight digits of old.
fn is_ec2_id(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(prefix, digits)| {
        prefix.starts_with(|first: char| first.is_ascii_lowercase())
            && prefix.chars().all(|one| one.is_ascii_lowercase() || one == '-')
            && (digits.len() == 8 || digits.len() == 17)
            && digits.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

fn is_role(text: &str) -> bool {
    text.starts_with("arn:") && text.contains(":role/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBNET: &str = "subnet-0123456789abcdef0";
    const ROLE: &str = "arn:aws:iam::123456789012:role/by-hand";

    fn strangers(known: &Known) -> Strangers {
        let list = Value::List(vec![SUBNET.into(), "t3.micro".into(), "10.0.0.0/8".into()]);
        known.strangers(&[("subnets".to_owned(), list), ("role".to_owned(), ROLE.into())].into())
    }

    fn check(strangers: &Strangers, message: &str, age: u64) -> FailureClass {
        strangers.judge(Failure::new(FailureClass::NotYet, message), age).class
    }

    #[test]
    fn what_nobody_made_is_missing_at_once_and_what_we_made_is_a_race() {
        let known = Known::default();
        let missing = format!("The subnet ID '{SUBNET}' does not exist");
        assert_eq!(strangers(&known).0, [ROLE.to_owned(), SUBNET.to_owned()]);
        assert_eq!(check(&strangers(&known), &missing, 0), FailureClass::Missing);
        let made = "The vpc ID 'vpc-0123456789abcdef0' does not exist";
        assert_eq!(check(&strangers(&known), made, 0), FailureClass::NotYet, "made in this call");
        let mut live = crate::live::describe::live(
            ("subnet", SUBNET),
            &[],
            [],
            [("arn", ROLE.into())],
            trueup_model::Condition::Ready,
        );
        known.note([&live]);
        assert_eq!(strangers(&known), Strangers::default());
        live.id.clear();
        assert_eq!(check(&strangers(&known), &missing, 0), FailureClass::NotYet);
    }

    #[test]
    fn a_role_by_hand_is_given_a_moment_only() {
        let strangers = strangers(&Known::default());
        let race = "The role defined for the function cannot be assumed by Lambda.";
        assert_eq!(check(&strangers, race, 19_000), FailureClass::NotYet);
        assert_eq!(check(&strangers, race, 20_000), FailureClass::Invalid);
        let denied = strangers.judge(Failure::new(FailureClass::Denied, race), 90_000);
        assert_eq!(denied.class, FailureClass::Denied);
    }
}
