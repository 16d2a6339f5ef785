//! What goes wrong, and when.

use std::collections::BTreeMap;

use trueup_provider::{Call, Failure, FailureClass};

use crate::chance::Dice;

/// What goes wrong, and when: the same plan and seed give the same faults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Faults at certain calls.
    pub scripted: Vec<Scripted>,
    /// Faults by chance.
    pub random: Option<Rates>,
}

/// A fault at certain calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    /// When.
    pub at: At,
    /// What.
    pub fault: Fault,
}

/// At which call a fault comes. Counts start with 1 and include repeated attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The call of that number.
    Call(u64),
    /// Of the calls that can change something, the one of that number.
    Change(u64),
    /// Of the calls that can change something, the one of that number, and every later call of its
    /// action.
    ChangeAndOn(u64),
    /// Of the calls of that action, the one of that number.
    Action(String, u64),
    /// Every call of that action.
    Every(String),
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// AWS finds that calls come too fast.
    Throttled,
    /// AWS answers 503 and does nothing.
    Unavailable,
    /// AWS answers 500 although it did what was asked.
    UnavailableAfter,
    /// The connection is lost before AWS hears of the call.
    LostBefore,
    /// The connection is lost after AWS did what was asked.
    LostAfter,
    /// The connection is lost after AWS did half of what was asked: of a new resource, what can
    /// change later is still as AWS makes it; of a change, half of the attributes.
    LostHalfway,
    /// The caller may not do this.
    Denied,
    /// The credentials have expired.
    Expired,
    /// The program dies before AWS hears of the call; no later call is made before
    /// [`crate::Sim::restart`].
    CrashBefore,
    /// The program dies after AWS did what was asked.
    CrashAfter,
    /// The program dies after AWS did half of what was asked.
    CrashHalfway,
    /// What the call makes is hidden from so many reads.
    Hidden(u32),
    /// What the call makes or tags shows no tags for so many reads.
    TagsLag(u32),
    /// What the call changes is shown as it was, and ready, for so many reads.
    Behind(u32),
    /// What the call makes ends in a failed state, if it is of a kind that can.
    Breaks,
}

/// How often faults come by chance, per thousand calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// [`Fault::Throttled`].
    pub throttled: u32,
    /// [`Fault::Unavailable`] and, for changes, [`Fault::UnavailableAfter`] by turns of chance.
    pub unavailable: u32,
    /// [`Fault::LostBefore`].
    pub lost_before: u32,
    /// [`Fault::LostAfter`], of changes only.
    pub lost_after: u32,
    /// [`Fault::LostHalfway`], of changes only.
    pub lost_halfway: u32,
    /// [`Fault::Hidden`] for one to three reads, of changes only.
    pub hidden: u32,
    /// [`Fault::TagsLag`] for one to three reads, of changes only.
    pub tags_lag: u32,
    /// [`Fault::Behind`] for one to three reads, of changes only.
    pub behind: u32,
    /// [`Fault::CrashBefore`], and for changes [`Fault::CrashAfter`] and [`Fault::CrashHalfway`],
    /// by turns of chance.
    pub crash: u32,
    /// After so many faults there are no more, so that every run ends.
    pub at_most: u32,
}

impl FaultPlan {
    /// One fault, at the call that `at` says.
    pub fn one(at: At, fault: Fault) -> Self {
        Self { scripted: vec![Scripted { at, fault }], random: None }
    }

    /// Faults by chance only.
    pub fn random(rates: Rates) -> Self {
        Self { scripted: Vec::new(), random: Some(rates) }
    }
}

/// A plan of faults while it is carried out.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    plan: FaultPlan,
    dice: Dice,
    pub(crate) calls: u64,
    pub(crate) changes: u64,
    pub(crate) by_action: BTreeMap<&'static str, u64>,
    given: u32,
    /// The action that goes wrong from now on.
    stuck: Option<&'static str>,
}

impl Faults {
    pub(crate) fn new(plan: FaultPlan, seed: u64) -> Self {
        let by_action = BTreeMap::new();
        Self { plan, dice: Dice::new(seed), calls: 0, changes: 0, by_action, given: 0, stuck: None }
    }

    /// Counts a call, and says what goes wrong with it.
    pub(crate) fn draw(&mut self, call: &Call) -> Option<Fault> {
        self.calls += 1;
        self.changes += u64::from(call.mutates());
        let of_action = self.by_action.entry(call.action).or_default();
        *of_action += 1;
        let of_action = *of_action;
        let hits = |at: &At| matches!(at, At::ChangeAndOn(number) if *number == self.changes);
        if call.mutates() && self.plan.scripted.iter().any(|scripted| hits(&scripted.at)) {
            self.stuck = Some(call.action);
        }
        let meant = |at: &At| match at {
            At::Call(number) => *number == self.calls,
            At::ChangeAndOn(_) => self.stuck == Some(call.action),
            At::Change(number) => call.mutates() && *number == self.changes,
            At::Action(action, number) => action == call.action && *number == of_action,
            At::Every(action) => action == call.action,
        };
        let scripted = self.plan.scripted.iter().find(|scripted| meant(&scripted.at));
        if let Some(scripted) = scripted {
            return Some(scripted.fault);
        }
        let rates = self.plan.random.filter(|rates| self.given < rates.at_most)?;
        let fault = by_chance(&rates, call.mutates(), &mut self.dice)?;
        self.given += 1;
        Some(fault)
    }
}

fn by_chance(rates: &Rates, mutates: bool, dice: &mut Dice) -> Option<Fault> {
    let reads = 1 + u32::try_from(dice.below(3)).unwrap_or(0);
    let late = mutates && dice.below(2) == 0;
    let unavailable = if late { Fault::UnavailableAfter } else { Fault::Unavailable };
    let crash = match reads {
        _ if !mutates => Fault::CrashBefore,
        1 => Fault::CrashBefore,
        2 => Fault::CrashHalfway,
        _ => Fault::CrashAfter,
    };
    let of_changes = |rate: u32| if mutates { rate } else { 0 };
    let table = [
        (rates.throttled, Fault::Throttled),
        (rates.unavailable, unavailable),
        (rates.lost_before, Fault::LostBefore),
        (of_changes(rates.lost_after), Fault::LostAfter),
        (of_changes(rates.lost_halfway), Fault::LostHalfway),
        (of_changes(rates.hidden), Fault::Hidden(reads)),
        (of_changes(rates.tags_lag), Fault::TagsLag(reads)),
        (of_changes(rates.behind), Fault::Behind(reads)),
        (rates.crash, crash),
    ];
    let mut roll = dice.below(1000);
    for (rate, fault) in table {
        match roll.checked_sub(u64::from(rate)) {
            Some(rest) => roll = rest,
            None => return Some(fault),
        }
    }
    None
}

impl Fault {
    /// The failure in place of doing what was asked.
    pub(crate) fn before(self) -> Option<Failure> {
        Some(match self {
            Self::Throttled => throttled(),
            Self::Unavailable => aws(
                FailureClass::Unavailable,
                "ServiceUnavailable",
                "The service is unable to process the request right now",
            ),
            Self::LostBefore => lost(),
            Self::Denied => aws(
                FailureClass::Denied,
                "AccessDenied",
                "The simulated identity is not authorized to perform this action",
            ),
            Self::Expired => aws(
                FailureClass::Credentials,
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
            Self::CrashBefore => crashed(),
            _ => return None,
        })
    }

    /// The failure although what was asked is done.
    pub(crate) fn after(self) -> Option<Failure> {
        match self {
            Self::UnavailableAfter => Some(aws(
                FailureClass::Unavailable,
                "InternalFailure",
                "An internal error has occurred",
            )),
            Self::LostAfter | Self::LostHalfway => Some(lost()),
            Self::CrashAfter | Self::CrashHalfway => Some(crashed()),
            _ => None,
        }
    }

    /// Whether the program dies of it.
    pub(crate) fn crashes(self) -> bool {
        matches!(self, Self::CrashBefore | Self::CrashAfter | Self::CrashHalfway)
    }

    /// Whether only half of what was asked is done.
    pub(crate) fn halves(self) -> bool {
        matches!(self, Self::LostHalfway | Self::CrashHalfway)
    }
}

/// The code of the failure that stands for the death of the program.
pub(crate) const CRASH: &str = "SimulatedCrash";

pub(crate) fn crashed() -> Failure {
    aws(FailureClass::Interrupted, CRASH, "the program died here, in simulation")
}

pub(crate) fn throttled() -> Failure {
    aws(FailureClass::Throttled, "RequestLimitExceeded", "Request limit exceeded.")
}

fn lost() -> Failure {
    Failure::new(FailureClass::Ambiguous, "the connection was lost before the answer came")
}

pub(crate) fn aws(class: FailureClass, code: &str, message: impl Into<String>) -> Failure {
    Failure { code: Some(code.to_owned()), ..Failure::new(class, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripted_faults_come_at_their_call_only() {
        let mut faults = Faults::new(FaultPlan::one(At::Change(2), Fault::LostAfter), 1);
        let [read, change] = [Call::read("ec2:DescribeVpcs"), Call::once("ec2:CreateVpc")];
        let drawn = [change, read, change, change].map(|call| faults.draw(&call));
        assert_eq!(drawn, [None, None, Some(Fault::LostAfter), None]);
        assert_eq!((faults.calls, faults.changes), (4, 3));
    }

    #[test]
    fn what_goes_wrong_from_a_change_on_goes_wrong_with_every_call_of_its_action() {
        let mut faults = Faults::new(FaultPlan::one(At::ChangeAndOn(2), Fault::Denied), 1);
        let [vpc, subnet] = [Call::once("ec2:CreateVpc"), Call::once("ec2:CreateSubnet")];
        let drawn = [subnet, vpc, subnet, vpc].map(|call| faults.draw(&call));
        assert_eq!(drawn, [None, Some(Fault::Denied), None, Some(Fault::Denied)]);
    }

    #[test]
    fn chance_follows_the_seed_and_stops_at_its_limit() {
        let rates = Rates { throttled: 200, lost_after: 200, at_most: 10, ..Rates::default() };
        let run = |seed| {
            let mut faults = Faults::new(FaultPlan::random(rates), seed);
            (0..500).map(|_| faults.draw(&Call::once("ec2:CreateVpc"))).collect::<Vec<_>>()
        };
        assert_eq!(run(5), run(5));
        assert_ne!(run(5), run(6));
        assert_eq!(run(5).iter().flatten().count(), 10);
    }

    #[test]
    fn reads_never_fail_after_they_took_effect() {
        let rates = Rates { lost_after: 1000, at_most: 99, ..Rates::default() };
        let mut faults = Faults::new(FaultPlan::random(rates), 1);
        assert_eq!(faults.draw(&Call::read("ec2:DescribeVpcs")), None);
        assert_eq!(faults.draw(&Call::once("ec2:CreateVpc")), Some(Fault::LostAfter));
    }
}
