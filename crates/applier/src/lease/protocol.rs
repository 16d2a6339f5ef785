//! How a lease is taken, kept and lost: decisions only, each step asked for and answered.
//!
//! Of all who create a generation one succeeds, so two takers of a free or expired lease cannot both
//! win. Whether a lease has expired is judged by the store's clock: the time of its last writing
//! against that of the taker's own. A holder counts from before its writing was sent, so it stops
//! believing in the lease [`Times::grace`] before anybody else may; clocks are never compared, and
//! a read may lag behind by less than the grace.
//!
//! Only a creation tells how things are: after it, the one before is asked for as well. So a list that
//! was behind, of a stack that ended meanwhile, does not lead to a second chain beside a new one.
//!
//! What a run made just before it died is not in AWS's lists at once. So whoever follows a run that
//! did not give the lease back cleanly is told from when on what is listed is all there is.

use std::sync::Arc;

use trueup_provider::VISIBLE_AFTER;

/// How long a lease lasts, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Times {
    /// From its last writing until its holder no longer believes in it.
    pub(crate) term: u64,
    /// From there until others may take it over.
    pub(crate) grace: u64,
    /// From a run's last call until AWS lists what that made.
    pub(crate) settling: u64,
    /// How often somebody who sees no holder looks again, if it still cannot have the next generation.
    pub(crate) looks: u32,
}

impl Times {
    /// How often a holder writes.
    fn renewal(self) -> u64 {
        self.term / 3
    }

    /// Until when it writes again, if that failed.
    fn retry(self) -> u64 {
        self.term / 12
    }

    /// Within what a holder whose calls arrive sees that there is a next generation: it looks whenever it
    /// has written.
    fn notices_within(self) -> u64 {
        self.renewal() + self.retry()
    }
}

/// A dead run holds the stack up for at most a minute and a half; a live one writes every twenty
/// seconds, so that two writings in a row may fail. Reads of parameters lag by seconds. Ten looks are
/// 40 seconds with their pauses: a name is free again 30 seconds after its deletion.
pub(crate) const USUAL: Times =
    Times { term: 60_000, grace: 30_000, settling: VISIBLE_AFTER.as_secs() * 1000, looks: 10 };

/// A generation, as read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entry {
    pub(crate) generation: u64,
    /// Who wrote it: an id that no other run has.
    pub(crate) holder: Arc<str>,
    /// Whether it was written by a holder who goes on, not by one who is done.
    pub(crate) held: bool,
    /// Whether its writer broke off, or was broken off, so that what was made may not be listed yet;
    /// while it is held, whether its holder makes anything at all.
    pub(crate) unsettled: bool,
    /// Its term; other versions of the program may have another.
    pub(crate) term: u64,
    /// When it was last written, by the store's clock.
    pub(crate) modified: u64,
}

impl Entry {
    /// Whether its holder may still believe in it.
    pub(crate) fn may_be_held(&self, now: u64, times: Times) -> bool {
        self.held && now < self.expires(times)
    }

    /// From when on it may be taken over, by the store's clock.
    pub(crate) fn expires(&self, times: Times) -> u64 {
        self.modified.saturating_add(self.term).saturating_add(times.grace)
    }

    /// From when on AWS lists all that its writer made, by the store's clock; none, if that is
    /// certain because the writer saw it. A holder that died made nothing after its term, and one from
    /// whom it was taken away by the generation `above` nothing after it had to notice.
    fn settles(&self, above: Option<&Self>, times: Times) -> Option<u64> {
        let end = self.modified.saturating_add(self.term);
        let noticed = above.map(|above| above.modified.saturating_add(times.notices_within()));
        let last_call =
            if self.held { noticed.map_or(end, |noticed| end.min(noticed)) } else { self.modified };
        self.unsettled.then(|| last_call.saturating_add(times.settling))
    }
}

/// From when on AWS lists all that was made under these generations, which are in order, by the store's
/// clock; none, if that is certain. What `me` itself holds tells of no calls.
pub(crate) fn settled(entries: &[Entry], me: Option<&str>, times: Times) -> Option<u64> {
    let all = entries.iter().enumerate();
    let told = all.filter(|(_, one)| !one.held || Some(&*one.holder) != me);
    told.filter_map(|(place, one)| one.settles(entries.get(place + 1), times)).max()
}

/// Those, of all in order, that still count: one that was given up, or with which a lease was taken away,
/// stands for all below it.
pub(crate) fn counting(entries: &[Entry]) -> &[Entry] {
    let given_up = entries.iter().rposition(|one| !one.held);
    entries.get(given_up.unwrap_or_default()..).unwrap_or_default()
}

/// What is to be asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ask {
    List,
    Create(u64),
    Write(u64),
    Delete(u64),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Answer {
    /// All generations, and the time of the answer, by the store's clock if it tells.
    Listed { entries: Vec<Entry>, now: u64 },
    /// It was created, written, deleted.
    Done,
    /// It was not created, because it exists: of all answers, this one is never behind.
    Exists,
    /// It was not, or nobody knows.
    Failed,
}

/// Somebody who wants the lease.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Taking {
    me: Arc<str>,
    times: Times,
    looks: u32,
    /// The generation that was last asked for, and when that was first sent.
    sent: Option<(u64, u64)>,
    step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Look,
    Create(u64),
    /// Whether the one before exists: if not, the list that led here was behind a stack's end, after
    /// which generations begin anew, and others may begin there.
    Probe(u64),
    Confirm(u64),
    /// The creation came beside a holder: it ends, or if none, looks again.
    Withdraw(u64, Option<Taken>),
    /// Both were created after a stack's end; the lower one goes first.
    WithdrawBoth(u64),
    Ended(Taken),
}

/// What came of taking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Taken {
    Mine {
        keeping: Keeping,
        /// From when on AWS lists all that earlier runs made, by the caller's clock.
        settled_at: u64,
        /// Generations that have no use any more, each with the time from which on it may be
        /// deleted, by the caller's clock.
        older: Vec<(u64, u64)>,
    },
    /// Somebody holds it, or is just taking it.
    Theirs(Option<Entry>),
}

impl Taking {
    pub(crate) fn new(me: Arc<str>, times: Times) -> Self {
        Self { me, times, looks: 0, sent: None, step: Step::Look }
    }

    /// How often this has looked in vain: a reason to pause.
    pub(crate) fn looks(&self) -> u32 {
        self.looks
    }

    /// What to ask next; the result, when there is nothing more to ask. `now` is the caller's clock.
    pub(crate) fn next(&mut self, now: u64) -> Result<Ask, Taken> {
        if matches!(self.step, Step::Withdraw(..) | Step::WithdrawBoth(_)) && now >= self.until() {
            // Others may have begun above it. It expires, and whoever has the lease then deletes it.
            self.step = Step::Ended(Taken::Theirs(None));
        }
        match &self.step {
            Step::Look | Step::Confirm(_) => Ok(Ask::List),
            &Step::Create(generation) => {
                // An earlier attempt may be the one that succeeds: the time counts from there.
                if self.sent.is_none_or(|(sent, _)| sent != generation) {
                    self.sent = Some((generation, now));
                }
                Ok(Ask::Create(generation))
            }
            &Step::Probe(generation) => Ok(Ask::Create(generation - 1)),
            Step::Withdraw(generation, _) => Ok(Ask::Delete(*generation)),
            Step::WithdrawBoth(generation) => Ok(Ask::Delete(generation - 1)),
            Step::Ended(taken) => Err(taken.clone()),
        }
    }

    /// Takes an answer in. `now` is the caller's clock.
    pub(crate) fn hear(&mut self, answer: &Answer, now: u64) {
        self.step = match (std::mem::replace(&mut self.step, Step::Look), answer) {
            (Step::Look, Answer::Listed { entries, now: store }) => self.looked(entries, *store),
            (Step::Confirm(generation), Answer::Listed { entries, .. }) => {
                self.confirmed(generation, entries, now)
            }
            (Step::Create(generation), Answer::Done) => Self::probe(generation),
            (Step::Probe(generation), Answer::Exists) => Step::Confirm(generation),
            (Step::Probe(generation), Answer::Done) => Step::WithdrawBoth(generation),
            (Step::WithdrawBoth(generation), Answer::Done) => Step::Withdraw(generation, None),
            // Somebody was faster, or this one succeeded and nobody said so.
            (Step::Create(_), _) => self.again(Step::Look),
            (Step::Withdraw(_, None), _) => {
                self.sent = None;
                self.again(Step::Look)
            }
            (Step::Withdraw(_, Some(taken)), _) => Step::Ended(taken),
            (step, _) => self.again(step),
        };
    }

    /// Until when the creation counts, by the caller's clock.
    fn until(&self) -> u64 {
        self.sent.map_or(0, |(_, sent)| sent.saturating_add(self.times.term))
    }

    fn probe(generation: u64) -> Step {
        if generation > 1 { Step::Probe(generation) } else { Step::Confirm(generation) }
    }

    fn again(&mut self, step: Step) -> Step {
        self.looks += 1;
        match step {
            step if self.looks <= self.times.looks => step,
            Step::Confirm(generation) => Step::Withdraw(generation, Some(Taken::Theirs(None))),
            _ => Step::Ended(Taken::Theirs(None)),
        }
    }

    fn looked(&mut self, entries: &[Entry], store: u64) -> Step {
        if let Some(mine) = entries.iter().rev().find(|one| one.held && one.holder == self.me) {
            let counts = self.sent.is_some_and(|(generation, _)| generation == mine.generation);
            // What was withdrawn goes any moment, and is never gone back to.
            return if counts { Self::probe(mine.generation) } else { self.again(Step::Look) };
        }
        let mut those = counting(entries).iter().rev();
        let holder = those.find(|one| one.may_be_held(store, self.times));
        match holder {
            Some(holder) => Step::Ended(Taken::Theirs(Some(holder.clone()))),
            None => Step::Create(entries.iter().map(|one| one.generation).max().unwrap_or(0) + 1),
        }
    }

    /// The list that was read after the creation decides. Who looked long ago may have created what
    /// was deleted since, and who was thought to be gone may have written meanwhile.
    fn confirmed(&mut self, generation: u64, entries: &[Entry], now: u64) -> Step {
        let seen = |generation| entries.iter().find(|one| one.generation == generation);
        let before = seen(generation - 1);
        let (Some(mine), true) = (seen(generation), generation == 1 || before.is_some()) else {
            // Both are known to exist: what does not show them is behind.
            return self.again(Step::Confirm(generation));
        };
        let own = |one: &Entry| one.held && one.holder == self.me;
        if before.is_some_and(own) {
            // The one before was made by asking for it, and that answer was lost.
            return Step::WithdrawBoth(generation);
        }
        if entries.iter().any(|one| own(one) && one.generation > generation) {
            // What was withdrawn, or given up for not made, would be gone on from.
            return self.again(Step::Confirm(generation));
        }
        let others = || counting(entries).iter().filter(|one| one.holder != self.me);
        let rival = others()
            .find(|one| one.may_be_held(mine.modified, self.times))
            .or_else(|| others().find(|one| one.generation > generation));
        let until = self.until();
        if rival.is_some() || now >= until {
            let free = rival.is_some_and(|one| !one.held);
            return Step::Withdraw(generation, (!free).then(|| Taken::Theirs(rival.cloned())));
        }
        let older = entries.iter().map(|one| one.generation).filter(|&one| one < generation);
        // Once all who read, however far behind, see one above it: who saw none would create it again.
        // Of these two it is known that they are there; others may be shown and have gone.
        let above = |one| before.filter(|before| one < before.generation).unwrap_or(mine).modified;
        let shown = |one| above(one).saturating_add(self.times.grace);
        let older =
            older.map(|one| (one, now + shown(one).saturating_sub(mine.modified))).collect();
        // What this run itself holds, from an attempt whose answer was lost, tells of no calls.
        let settles = settled(entries, Some(&self.me), self.times).unwrap_or_default();
        // The creation took effect before now, so this is rather later than sooner.
        let settled_at = now.saturating_add(settles.saturating_sub(mine.modified));
        let sent = until.saturating_sub(self.times.term);
        let keeping = Keeping::new(self.times, generation, sent);
        Step::Ended(Taken::Mine { keeping, settled_at, older })
    }
}

/// Somebody who has the lease, as far as they know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Keeping {
    times: Times,
    generation: u64,
    /// Until when nobody else can have it, by the caller's clock.
    sure_until: u64,
    step: Renewal,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Renewal {
    Due(u64),
    Writing { sent: u64 },
    Checking { sent: u64 },
    Lost(Option<Entry>),
}

/// What a holder does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keep {
    Ask(Ask),
    WaitUntil(u64),
    /// It is lost, to whom if that is known.
    Lost(Option<Entry>),
}

impl Keeping {
    fn new(times: Times, generation: u64, sent: u64) -> Self {
        let step = Renewal::Due(sent.saturating_add(times.renewal()));
        Self { times, generation, sure_until: sent.saturating_add(times.term), step }
    }

    /// Which generation it is.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether nobody else can have it. `now` is the caller's clock.
    pub(crate) fn is_sure(&self, now: u64) -> bool {
        now < self.sure_until && !matches!(self.step, Renewal::Lost(_))
    }

    /// Until when it is sure, by the caller's clock.
    pub(crate) fn sure_until(&self) -> u64 {
        self.sure_until
    }

    /// What to do next. `now` is the caller's clock.
    pub(crate) fn next(&mut self, now: u64) -> Keep {
        if !self.is_sure(now) && !matches!(self.step, Renewal::Lost(_)) {
            // Whoever has not managed to write by now must never write again: others may have begun.
            self.step = Renewal::Lost(None);
        }
        match &self.step {
            Renewal::Lost(to) => Keep::Lost(to.clone()),
            &Renewal::Due(at) if now < at => Keep::WaitUntil(at.min(self.sure_until)),
            Renewal::Due(_) => {
                self.step = Renewal::Writing { sent: now };
                Keep::Ask(Ask::Write(self.generation))
            }
            Renewal::Writing { .. } => Keep::Ask(Ask::Write(self.generation)),
            Renewal::Checking { .. } => Keep::Ask(Ask::List),
        }
    }

    /// Takes an answer in. `now` is the caller's clock.
    pub(crate) fn hear(&mut self, answer: &Answer, now: u64) {
        let retry = Renewal::Due(now.saturating_add(self.times.retry()));
        self.step = match (&self.step, answer) {
            (Renewal::Lost(to), _) => Renewal::Lost(to.clone()),
            (&Renewal::Writing { sent }, Answer::Done) => Renewal::Checking { sent },
            (&Renewal::Checking { sent }, Answer::Listed { entries, .. }) => {
                match entries.iter().rev().find(|one| one.generation > self.generation) {
                    Some(next) => Renewal::Lost(Some(next.clone())),
                    None if now >= self.sure_until => Renewal::Lost(None),
                    None => {
                        self.sure_until = sent.saturating_add(self.times.term);
                        Renewal::Due(sent.saturating_add(self.times.renewal()))
                    }
                }
            }
            _ => retry,
        };
    }
}

#[cfg(test)]
mod model;
