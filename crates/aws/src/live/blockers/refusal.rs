//! What a refused delete becomes when it is known who is behind it: what is said, and whether it is
//! tried again.

use trueup_model::kind::FUNCTION_INTERFACES_STAY;
use trueup_model::snapshot::Ownership;
use trueup_provider::{Failure, FailureClass};

use super::Found;

/// Something that holds something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    /// What it is, with its id.
    pub(super) what: String,
    /// When it lets go.
    pub(super) leaves: Leaves,
}

/// When something lets go of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// When somebody deletes it.
    ByHand,
    /// In a moment, if what it belongs to is gone already; otherwise when somebody deletes that.
    Shortly,
    /// By itself, in time.
    Passing,
    /// By itself, in time, unless the database that it belongs to is still there.
    WithDatabase,
    /// By itself, and that takes AWS longer than anything else: the interfaces of functions.
    Draining,
}

impl Leaves {
    fn passes(self) -> bool {
        matches!(self, Self::Passing | Self::WithDatabase | Self::Draining)
    }
}

/// Milliseconds that are given to what should not be there any more: an instance's interface
/// leaves a moment after the instance.
pub(super) const LINGERS: u64 = 30_000;
/// How many holders a message names.
const NAMED: usize = 5;

/// The refusal, with who is behind it, `age` milliseconds after the first attempt.
pub(super) fn refused(mut failure: Failure, found: &Found, age: u64) -> Failure {
    if !found.unread.is_empty() {
        failure.help.push(format!(
            "who holds it can be told with the permission for {}",
            found.unread.join(", ")
        ));
    }
    let holders = &found.holders;
    if holders.is_empty() {
        return failure;
    }
    let said = failure.message.trim_end_matches('.').to_owned();
    failure.message = format!("{said}; it is held by {}", names(holders));
    let any = |leaves: Leaves| holders.iter().any(|holder| holder.leaves == leaves);
    if any(Leaves::ByHand) || !holders.iter().any(|holder| holder.leaves.passes()) {
        failure.help.push("delete or move what holds it, then run the same command again".into());
        if any(Leaves::ByHand) || age >= LINGERS {
            // It would be refused for ever: nothing that AWS does by itself changes it.
            failure.class = FailureClass::Broken;
        }
    } else {
        if any(Leaves::Draining) {
            failure.class = FailureClass::Draining;
        }
        failure.help.push(format!(
            "AWS removes such interfaces by itself, up to {} minutes after what they belong to; \
             run the same command again then",
            FUNCTION_INTERFACES_STAY[2] / 60
        ));
    }
    failure
}

/// Those that somebody must do something about come first.
fn names(holders: &[Holder]) -> String {
    let (last, first): (Vec<&Holder>, Vec<&Holder>) =
        holders.iter().partition(|holder| holder.leaves.passes());
    let all = first.into_iter().chain(last);
    let mut names: Vec<&str> = all.take(NAMED).map(|holder| holder.what.as_str()).collect();
    let more = format!("{} more", holders.len().saturating_sub(NAMED));
    if holders.len() > NAMED {
        names.push(&more);
    }
    names.join(", ")
}

/// Whose something is, as far as its tags say, to follow its name.
pub(super) fn whose(ownership: &Ownership) -> String {
    match ownership {
        Ownership { other: Some(other), .. } => format!(" of {other}"),
        Ownership { stack: Some(stack), .. } => format!(" of stack {stack}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(holders: &[(&str, Leaves)], age: u64) -> (FailureClass, String) {
        let holders = holders
            .iter()
            .map(|(what, leaves)| Holder { what: (*what).to_owned(), leaves: *leaves });
        let found = Found { holders: holders.collect(), unread: Vec::new() };
        let failure = Failure::new(FailureClass::Conflict, "The subnet has dependencies.");
        let failure = refused(failure, &found, age);
        (failure.class, failure.message)
    }

    #[test]
    fn a_refusal_names_who_is_behind_it() {
        let (class, message) = check(&[("instance i-1 (eni-1)", Leaves::Shortly)], 0);
        assert_eq!(class, FailureClass::Conflict);
        assert_eq!(message, "The subnet has dependencies; it is held by instance i-1 (eni-1)");
        assert_eq!(check(&[], 0).1, "The subnet has dependencies.");
    }

    #[test]
    fn what_stays_is_not_waited_for() {
        let class = |holders: &[Leaves], age| {
            check(&holders.iter().map(|leaves| ("x", *leaves)).collect::<Vec<_>>(), age).0
        };
        assert_eq!(class(&[Leaves::Shortly], LINGERS - 1), FailureClass::Conflict);
        assert_eq!(class(&[Leaves::Shortly], LINGERS), FailureClass::Broken);
        assert_eq!(class(&[Leaves::Shortly, Leaves::Draining], LINGERS), FailureClass::Draining);
        for passes in [Leaves::Passing, Leaves::WithDatabase] {
            assert_eq!(class(&[passes], LINGERS), FailureClass::Conflict);
        }
        assert_eq!(class(&[Leaves::ByHand], 0), FailureClass::Broken);
        assert_eq!(class(&[Leaves::ByHand, Leaves::Draining], 0), FailureClass::Broken);
    }

    #[test]
    fn many_are_counted_and_what_is_to_be_done_comes_first() {
        let mut many = vec![("x", Leaves::Passing); 6];
        many.push(("mine", Leaves::ByHand));
        assert!(check(&many, 0).1.ends_with("held by mine, x, x, x, x, 2 more"));
    }

    #[test]
    fn what_could_not_be_looked_at_is_said() {
        let unread = vec!["ec2:DescribeNetworkInterfaces".to_owned()];
        let found = Found { holders: Vec::new(), unread };
        let failure = refused(Failure::new(FailureClass::Conflict, "It is in use."), &found, 0);
        assert_eq!(failure.message, "It is in use.");
        assert_eq!(
            failure.help,
            ["who holds it can be told with the permission for ec2:DescribeNetworkInterfaces"]
        );
    }

    #[test]
    fn tags_say_whose_it_is() {
        let of = |key: &str| whose(&Ownership::split([(key.to_owned(), "web".to_owned())]).0);
        assert_eq!(of("aws:cloudformation:stack-name"), " of CloudFormation stack web");
        assert_eq!(of("trueup:stack"), " of stack web");
        assert_eq!(of("Name"), "");
    }
}
