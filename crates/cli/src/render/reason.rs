//! Why a plan does what it does, and why it does not do the rest, as sentences.

use trueup_model::Reason;
use trueup_model::plan::WhyNot;

use super::words::list;

/// The reason as the end of a sentence that began with what is done. Nothing for what goes
/// without saying: that a new thing does not exist yet.
pub(crate) fn reason(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::DoesNotExist | Reason::Destroyed => return None,
        Reason::Vanished => "it was deleted outside of this stack".to_owned(),
        Reason::CannotChangeInPlace { attributes } => {
            format!("{} cannot change in place", list(attributes))
        }
        Reason::CannotCoexist { because } => {
            format!("the old one must go before the new one can be made: {because}")
        }
        Reason::DependencyReplaced { on } => {
            format!("{on}, which it refers to, is replaced")
        }
        Reason::Failed { state } => format!("it failed in AWS and cannot be repaired: {state}"),
        Reason::Deleting { state } => format!("the old one is {state} already"),
        Reason::LeftTheStack => "the stack no longer names it".to_owned(),
        Reason::Superseded { id } => {
            format!("{id} was replaced, and an interrupted run left it behind")
        }
        Reason::AdoptRequested => "the stack says 'adopt'".to_owned(),
        Reason::MovedFrom { from } => format!("it was {from}"),
        Reason::Retained => "the stack says 'on_destroy: retain'".to_owned(),
        Reason::Reworded => {
            "the file says it in other words, which is noted in its tags; nothing else changes"
                .to_owned()
        }
    })
}

/// What was asked for, as the middle of a sentence.
fn wanted(reason: &Reason) -> String {
    match reason {
        Reason::LeftTheStack => "it left the stack and would be deleted".to_owned(),
        Reason::Superseded { id } => format!("the replaced {id} would be deleted"),
        Reason::Destroyed => "it would be deleted".to_owned(),
        Reason::CannotChangeInPlace { attributes } => {
            format!("a change of {} would replace it", list(attributes))
        }
        Reason::CannotCoexist { because } => {
            format!("it would be deleted and made anew ({because})")
        }
        Reason::DependencyReplaced { on } => format!("the replacement of {on} would replace it"),
        Reason::Failed { state } => format!("it failed ({state}) and would be replaced"),
        Reason::DoesNotExist
        | Reason::Deleting { .. }
        | Reason::Vanished
        | Reason::AdoptRequested
        | Reason::MovedFrom { .. }
        | Reason::Reworded
        | Reason::Retained => "it would be changed".to_owned(),
    }
}

/// Why something is not done, as a sentence without a full stop.
pub(crate) fn why_not(why: &WhyNot) -> String {
    match why {
        WhyNot::Unreadable { message } => format!("it could not be read: {message}"),
        WhyNot::DependsOn { on } => format!("it depends on {on}, which is left alone too"),
        WhyNot::NeededBy { by } => format!("{by} needs it and stays"),
        WhyNot::NotLookedUp { on, because } => format!("it reads existing.{on}, which {because}"),
        WhyNot::NotOurs { id, owner: Some(owner) } => {
            format!("{id} stands in its place and belongs to {owner}")
        }
        WhyNot::NotOurs { id, owner: None } => format!(
            "{id} stands in its place and was not made by this stack; \
             to take it over write 'adopt: {id}'"
        ),
        WhyNot::Faulty { message } => message.clone(),
        WhyNot::Ignored { attribute, reason } => {
            format!("{attribute} differs and is ignored: {reason}")
        }
        WhyNot::Scheduled { attribute } => {
            format!("the change of {attribute} is scheduled in AWS for the maintenance window")
        }
        WhyNot::Protected { wanted: reason, allow } => {
            format!("{}, and it is protected; {allow}", wanted(reason))
        }
    }
}

/// Whether the resource is not as the stack wants it, so that somebody must act.
pub(crate) fn is_unfinished(why: &WhyNot) -> bool {
    match why {
        WhyNot::Unreadable { .. }
        | WhyNot::DependsOn { .. }
        | WhyNot::NeededBy { .. }
        | WhyNot::NotLookedUp { .. }
        | WhyNot::NotOurs { .. }
        | WhyNot::Faulty { .. }
        | WhyNot::Protected { .. } => true,
        WhyNot::Ignored { .. } | WhyNot::Scheduled { .. } => false,
    }
}
