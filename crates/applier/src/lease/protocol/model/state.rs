//! Where the store and two contenders may be, and everything that can happen next.

use std::sync::Arc;

use super::super::{Answer, Ask, Entry, Keep, Keeping, Step, Taken, Taking};
use super::{Begin, Bounds, EPOCH, TIMES};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    now: u64,
    store: Vec<Entry>,
    /// What else generations were in this tick, where reads lag.
    past: Vec<(u64, Option<Entry>)>,
    pub(super) contenders: [Contender; 2],
    /// What nobody waits for any more, and may yet take effect.
    astray: Vec<(usize, Request)>,
    losses: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Contender {
    pub(super) name: Arc<str>,
    /// How much its clock is ahead of the store's.
    ahead: u64,
    /// Whether it leaves nothing when it is done, as `destroy` does.
    destroys: bool,
    pub(super) phase: Phase,
    request: Option<Request>,
    /// Whether it does nothing in this tick unless an answer comes.
    rests: bool,
    renewals: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Taking(Taking),
    /// It holds, and older generations are yet to be deleted.
    Keeping(Keeping, Vec<(u64, u64)>),
    /// It has done its work and leaves nothing: what is older goes first, then its own.
    Clearing(Keeping, Vec<(u64, u64)>),
    /// It was given up.
    Done,
    /// It was lost, and nothing is done about it.
    Lost,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Request {
    ask: Ask,
    /// Whether it says that its sender holds the lease.
    holds: bool,
}

impl State {
    pub(super) fn of(begin: Begin, [ann, mut bob]: [Contender; 2], bounds: Bounds) -> Self {
        if let (Some(generation), Phase::Taking(taking)) = (begin.late, &mut bob.phase) {
            taking.step = Step::Create(generation);
        }
        let (store, past, contenders) = (begin.store, begin.past, [ann, bob]);
        let astray = Vec::new();
        Self { now: EPOCH, store, past, contenders, astray, losses: bounds.losses }
    }

    /// For people who look for the reason of two holders.
    pub(super) fn in_short(&self) -> String {
        let entry = |one: &Entry| {
            let held = if one.held { "held" } else { "free" };
            format!("{} {} {held} {}", one.generation, one.holder, one.modified)
        };
        let store: Vec<String> = self.store.iter().map(entry).collect();
        let contender = |one: &Contender| {
            let phase = match &one.phase {
                Phase::Taking(taking) => format!("{:?}", taking.step),
                other => format!("{other:?}"),
            };
            let ask = one.request.map(|request| request.ask);
            format!("  {} {phase} asks {ask:?}", one.name)
        };
        let contenders = self.contenders.each_ref().map(contender).join("\n");
        let astray: Vec<Ask> = self.astray.iter().map(|(_, request)| request.ask).collect();
        format!("{} [{}] astray {astray:?}\n{contenders}", self.now, store.join(", "))
    }

    pub(super) fn holders(&self) -> impl Iterator<Item = &Contender> {
        self.contenders.iter().filter(|one| {
            matches!(&one.phase,
                Phase::Keeping(keeping, _) if keeping.is_sure(one.clock(self.now)))
        })
    }

    /// Everything that can happen next.
    pub(super) fn successors(&self, bounds: Bounds) -> Vec<Self> {
        let mut next = Vec::new();
        if self.now < bounds.until {
            next.push(self.a_tick_later(bounds));
        }
        for index in 0..self.contenders.len() {
            if let Some(request) = self.contenders[index].request {
                self.reached(index, request, bounds, &mut next);
            }
        }
        for at in 0..self.astray.len() {
            let mut state = self.clone();
            let (index, request) = state.astray.remove(at);
            state.takes_effect(index, request, bounds);
            next.push(state);
        }
        let mut settled = Vec::new();
        for state in next {
            state.decided(bounds, &mut settled);
        }
        settled
    }

    fn a_tick_later(&self, bounds: Bounds) -> Self {
        let mut later = Self { now: self.now + 1, past: Vec::new(), ..self.clone() };
        for one in &mut later.contenders {
            one.rests = false;
        }
        if !bounds.late {
            later.astray.clear();
            for index in 0..later.contenders.len() {
                if let Some(request) = later.contenders[index].request {
                    later.told(index, request, &Answer::Failed);
                }
            }
        }
        later
    }

    /// What may come of a request: it takes effect and is answered, or not.
    fn reached(&self, index: usize, request: Request, bounds: Bounds, next: &mut Vec<Self>) {
        if request.ask == Ask::List {
            for entries in self.shown(bounds) {
                let now = self.contenders[index].clock(self.now);
                let mut state = self.clone();
                state.told(index, request, &Answer::Listed { entries, now });
                next.push(state);
            }
        } else {
            let mut state = self.clone();
            let answer = state.takes_effect(index, request, bounds);
            let mut answered = state.clone();
            answered.told(index, request, &answer);
            next.push(answered);
            if state.lose() {
                let repeatable = !matches!(request.ask, Ask::Create(_));
                if repeatable {
                    next.push(state.clone());
                }
                state.told(index, request, &Answer::Failed);
                next.push(state);
            }
        }
        let mut unheard = self.clone();
        if unheard.lose() {
            if request.ask != Ask::List {
                unheard.astray.push((index, request));
            }
            unheard.told(index, request, &Answer::Failed);
            next.push(unheard);
        }
    }

    fn lose(&mut self) -> bool {
        let loses = self.losses > 0;
        self.losses -= u32::from(loses);
        loses
    }

    /// Contenders who wait for no answer go on, or rest until time has passed.
    pub(super) fn decided(self, bounds: Bounds, settled: &mut Vec<Self>) {
        let undecided = |one: &Contender| one.request.is_none() && !one.rests && one.is_alive();
        let Some(index) = self.contenders.iter().position(undecided) else {
            return settled.push(self);
        };
        for acted in self.contenders[index].acts(self.now) {
            let mut state = self.clone();
            state.contenders[index] = acted;
            state.decided(bounds, settled);
        }
        // In the last tick it comes to the same whether a request is sent and never takes effect.
        let holds = matches!(self.contenders[index].phase, Phase::Keeping(..));
        if self.now < bounds.until || holds {
            let mut state = self;
            state.contenders[index].rests = true;
            state.decided(bounds, settled);
        }
    }

    /// All that a read may show: each generation as it is, or as it was in this tick.
    fn shown(&self, bounds: Bounds) -> Vec<Vec<Entry>> {
        let mut shown = vec![self.store.clone()];
        if !bounds.lags {
            return shown;
        }
        for (generation, was) in &self.past {
            for mut other in shown.clone() {
                set(&mut other, *generation, was.clone());
                if !shown.contains(&other) {
                    shown.push(other);
                }
            }
        }
        shown
    }

    fn takes_effect(&mut self, index: usize, request: Request, bounds: Bounds) -> Answer {
        let entry = |generation| Entry {
            generation,
            holder: Arc::clone(&self.contenders[index].name),
            held: request.holds,
            unsettled: false,
            term: TIMES.term,
            modified: self.now,
        };
        let (generation, becomes) = match request.ask {
            Ask::Create(generation) if self.is_taken(generation, bounds) => return Answer::Exists,
            Ask::Create(generation) | Ask::Write(generation) => {
                (generation, Some(entry(generation)))
            }
            Ask::Delete(generation) => (generation, None),
            Ask::List => return Answer::Failed,
        };
        let becomes_nothing = becomes.is_none();
        let was = set(&mut self.store, generation, becomes);
        let past = (generation, was);
        let counts = bounds.lags || (becomes_nothing && bounds.rests);
        if counts && !self.past.contains(&past) {
            self.past.push(past);
            self.past.sort();
        }
        Answer::Done
    }

    /// Whether a name cannot be given: it is there, or was deleted a moment ago.
    fn is_taken(&self, generation: u64, bounds: Bounds) -> bool {
        let is_there = self.store.iter().any(|one| one.generation == generation);
        let mut past = self.past.iter();
        is_there || bounds.rests && past.any(|(past, was)| *past == generation && was.is_some())
    }

    /// The answer comes. Standing still after it is no different from standing still before what
    /// comes next, so it comes at once.
    fn told(&mut self, index: usize, request: Request, answer: &Answer) {
        let contender = &mut self.contenders[index];
        let now = contender.clock(self.now);
        contender.request = None;
        match &mut contender.phase {
            Phase::Taking(taking) => {
                taking.hear(answer, now);
                match &taking.step {
                    Step::Ended(Taken::Mine { keeping, older, .. }) => {
                        contender.phase = Phase::Keeping(keeping.clone(), older.clone());
                    }
                    Step::Ended(Taken::Theirs(_)) => contender.phase = Phase::Refused,
                    _ => {}
                }
            }
            // Deleting what is old is no part of keeping.
            Phase::Keeping(keeping, _) if !matches!(request.ask, Ask::Delete(_)) => {
                keeping.hear(answer, now);
            }
            // What cannot be cleared up stays, and expires.
            Phase::Clearing(..) if *answer == Answer::Failed => contender.phase = Phase::Done,
            Phase::Keeping(..)
            | Phase::Clearing(..)
            | Phase::Done
            | Phase::Lost
            | Phase::Refused => {}
        }
    }
}

/// Makes a generation that, or takes it away; says what it was.
fn set(store: &mut Vec<Entry>, generation: u64, becomes: Option<Entry>) -> Option<Entry> {
    match (store.binary_search_by_key(&generation, |one| one.generation), becomes) {
        (Ok(at), Some(entry)) => Some(std::mem::replace(&mut store[at], entry)),
        (Ok(at), None) => Some(store.remove(at)),
        (Err(at), Some(entry)) => {
            store.insert(at, entry);
            None
        }
        (Err(_), None) => None,
    }
}

impl Contender {
    pub(super) fn new(name: &str, ahead: u64, destroys: bool, bounds: Bounds) -> Self {
        let name: Arc<str> = name.into();
        let phase = Phase::Taking(Taking::new(Arc::clone(&name), TIMES));
        let renewals = bounds.renewals;
        Self { name, ahead, destroys, phase, request: None, rests: false, renewals }
    }

    fn clock(&self, now: u64) -> u64 {
        now + self.ahead
    }

    fn is_alive(&self) -> bool {
        !matches!(self.phase, Phase::Done | Phase::Lost | Phase::Refused)
    }

    /// What one who waits for no answer may do, other than nothing.
    fn acts(&self, now: u64) -> Vec<Self> {
        let now = self.clock(now);
        match &self.phase {
            Phase::Taking(taking) => {
                let mut taking = taking.clone();
                vec![match taking.next(now) {
                    Ok(ask) => self.sends(Phase::Taking(taking), ask, true),
                    Err(_) => self.comes_to(Phase::Refused),
                }]
            }
            Phase::Keeping(keeping, older) => self.keeps(keeping, older, now),
            Phase::Clearing(keeping, older) => vec![match older.split_first() {
                _ if !keeping.is_sure(now) => self.comes_to(Phase::Lost),
                Some((&(first, _), rest)) => {
                    let phase = Phase::Clearing(keeping.clone(), rest.to_vec());
                    self.sends(phase, Ask::Delete(first), false)
                }
                None => self.sends(Phase::Done, Ask::Delete(keeping.generation()), false),
            }],
            Phase::Done | Phase::Lost | Phase::Refused => Vec::new(),
        }
    }

    fn keeps(&self, keeping: &Keeping, older: &[(u64, u64)], now: u64) -> Vec<Self> {
        let (mut keeping, older) = (keeping.clone(), older.to_vec());
        let mut ways = Vec::new();
        if let Some((&(first, from), rest)) = older.split_first()
            && from <= now
            && keeping.is_sure(now)
        {
            let phase = Phase::Keeping(keeping.clone(), rest.to_vec());
            ways.push(self.sends(phase, Ask::Delete(first), true));
        }
        match keeping.next(now) {
            Keep::Lost(_) => return vec![self.comes_to(Phase::Lost)],
            Keep::Ask(ask) if self.renewals > 0 => {
                let mut way = self.sends(Phase::Keeping(keeping.clone(), older.clone()), ask, true);
                way.renewals -= u32::from(ask == Ask::List);
                ways.push(way);
            }
            Keep::Ask(_) | Keep::WaitUntil(_) => {}
        }
        ways.push(if self.destroys {
            self.comes_to(Phase::Clearing(keeping, older))
        } else {
            self.sends(Phase::Done, Ask::Write(keeping.generation()), false)
        });
        ways
    }

    fn comes_to(&self, phase: Phase) -> Self {
        Self { phase, ..self.clone() }
    }

    fn sends(&self, phase: Phase, ask: Ask, holds: bool) -> Self {
        Self { request: Some(Request { ask, holds }), ..self.comes_to(phase) }
    }
}
