//! How a lease is taken, kept and lost: decisions only, each step asked for and answered.
//!
//! Of all who create a generation one succeeds, so two takers of a free or expired lease cannot both
//! win. Whether a lease has expired is judged by the store's clock: the time of its last writing
//! against that of the taker's own. A holder counts from before its writing was sent, so it stops
//! believing in the lease [`Times::grace`] before anybody else may; clocks are never compared, and
//! a read may lag behind by less than the grace.
//!
//! What a run made just before it died is not in AWS's lists at once. So whoever follows a run that
//! did not give the lease back cleanly is told from when on what is listed is all there is.

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
}

/// A dead run holds the stack up for at most a minute and a half; a live one writes every twenty
/// seconds, so that two writings in a row may fail. Reads of parameters lag by seconds.
pub(crate) const USUAL: Times =
    Times { term: 60_000, grace: 30_000, settling: VISIBLE_AFTER.as_secs() * 1000 };

/// How often somebody who sees no holder looks again, if it still cannot create the next
/// generation: with the pauses 40 seconds, since a name is free again 30 seconds after its deletion.
pub(crate) const LOOKS: u32 = 10;

/// A generation, as read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Entry {
    pub(crate) generation: u64,
    /// Who wrote it: an id that no other run has.
    pub(crate) holder: String,
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
    /// certain because the writer saw it. A holder that died made nothing after its term.
    pub(crate) fn settles(&self, times: Times) -> Option<u64> {
        let last_call =
            if self.held { self.modified.saturating_add(self.term) } else { self.modified };
        self.unsettled.then(|| last_call.saturating_add(times.settling))
    }
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
    /// It was not, or nobody knows.
    Failed,
}

/// Somebody who wants the lease.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Taking {
    me: String,
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
    Confirm(u64),
    /// The creation came too late or beside a holder.
    Withdraw(u64, Option<Entry>),
    Ended(Taken),
}

/// What came of taking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Taken {
    Mine {
        keeping: Keeping,
        /// From when on AWS lists all that earlier runs made, by the caller's clock.
        settled_at: u64,
        /// Generations that have no use any more.
        older: Vec<u64>,
    },
    /// Somebody holds it, or is just taking it.
    Theirs(Option<Entry>),
}

impl Taking {
    pub(crate) fn new(me: String, times: Times) -> Self {
        Self { me, times, looks: 0, sent: None, step: Step::Look }
    }

    /// How often this has looked in vain: a reason to pause.
    pub(crate) fn looks(&self) -> u32 {
        self.looks
    }

    /// What to ask next; the result, when there is nothing more to ask. `now` is the caller's clock.
    pub(crate) fn next(&mut self, now: u64) -> Result<Ask, Taken> {
        match &self.step {
            Step::Look | Step::Confirm(_) => Ok(Ask::List),
            &Step::Create(generation) => {
                // An earlier attempt may be the one that succeeds: the time counts from there.
                if self.sent.is_none_or(|(sent, _)| sent != generation) {
                    self.sent = Some((generation, now));
                }
                Ok(Ask::Create(generation))
            }
            Step::Withdraw(generation, _) => Ok(Ask::Delete(*generation)),
            Step::Ended(taken) => Err(taken.clone()),
        }
    }

    /// Takes an answer in. `now` is the caller's clock.
    pub(crate) fn hear(&mut self, answer: &Answer, now: u64) {
        self.step = match (std::mem::replace(&mut self.step, Step::Look), answer) {
            (Step::Look, Answer::Listed { entries, now: store }) => {
                self.looked(entries, *store, now)
            }
            (Step::Confirm(generation), Answer::Listed { entries, .. }) => {
                self.confirmed(generation, entries, now)
            }
            (Step::Create(generation), Answer::Done) => Step::Confirm(generation),
            // Somebody was faster, or this one succeeded and nobody said so.
            (Step::Create(_), _) => self.again(Step::Look),
            (Step::Withdraw(_, rival), _) => match rival {
                Some(rival) if !rival.held => self.again(Step::Look),
                rival => Step::Ended(Taken::Theirs(rival)),
            },
            (step, _) => self.again(step),
        };
    }

    fn again(&mut self, step: Step) -> Step {
        self.looks += 1;
        match step {
            Step::Confirm(generation) if self.looks > LOOKS => Step::Withdraw(generation, None),
            _ if self.looks > LOOKS => Step::Ended(Taken::Theirs(None)),
            step => step,
        }
    }

    fn looked(&mut self, entries: &[Entry], store: u64, now: u64) -> Step {
        if let Some((generation, _)) = self.sent
            && entries.iter().any(|one| one.generation == generation && one.holder == self.me)
        {
            return self.confirmed(generation, entries, now);
        }
        let holder = entries.iter().rev().find(|one| one.may_be_held(store, self.times));
        match holder {
            Some(holder) => Step::Ended(Taken::Theirs(Some(holder.clone()))),
            None => Step::Create(entries.iter().map(|one| one.generation).max().unwrap_or(0) + 1),
        }
    }

    /// The list that was read after the creation decides. Who looked long ago may have created what
    /// was deleted since, and who was thought to be gone may have written meanwhile.
    fn confirmed(&mut self, generation: u64, entries: &[Entry], now: u64) -> Step {
        let Some(mine) = entries.iter().find(|one| one.generation == generation) else {
            return self.again(Step::Confirm(generation));
        };
        let others = || entries.iter().filter(|one| one.holder != self.me);
        let rival = others()
            .find(|one| one.may_be_held(mine.modified, self.times))
            .or_else(|| others().find(|one| one.generation > generation));
        let until = self.sent.map_or(0, |(_, sent)| sent.saturating_add(self.times.term));
        if rival.is_some() || now >= until {
            return Step::Withdraw(generation, rival.cloned());
        }
        let older = entries.iter().map(|one| one.generation).filter(|&one| one < generation);
        let older = older.collect();
        // What this run itself holds, from an attempt whose answer was lost, tells of no calls.
        let told = entries.iter().filter(|one| !one.held || one.holder != self.me);
        let settles = told.filter_map(|one| one.settles(self.times)).max().unwrap_or_default();
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
        let step = Renewal::Due(sent.saturating_add(times.term / 3));
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
        let retry = Renewal::Due(now.saturating_add(self.times.term / 12));
        self.step = match (&self.step, answer) {
            (Renewal::Lost(to), _) => Renewal::Lost(to.clone()),
            (&Renewal::Writing { sent }, Answer::Done) => Renewal::Checking { sent },
            (&Renewal::Checking { sent }, Answer::Listed { entries, .. }) => {
                match entries.iter().rev().find(|one| one.generation > self.generation) {
                    Some(next) => Renewal::Lost(Some(next.clone())),
                    None if now >= self.sure_until => Renewal::Lost(None),
                    None => {
                        self.sure_until = sent.saturating_add(self.times.term);
                        Renewal::Due(sent.saturating_add(self.times.term / 3))
                    }
                }
            }
            _ => retry,
        };
    }
}

#[cfg(test)]
#[path = "model.rs"]
mod model;
