//! Every interleaving of contenders over the store's atomic operations: never two holders.
//!
//! A state is the store, the time, and what each contender is at. From each state everything that
//! can happen is tried: a request is sent, takes effect, its answer comes or is lost; time passes,
//! also between sending, effect and answer. States seen before are not tried again, so the search
//! ends and is complete within its bounds. A contender that dies is one that does nothing any more,
//! which is among the things that can happen; so is one that stands still and then goes on.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Answer, Ask, Entry, Keep, Keeping, Taken, Taking, Times};

/// In ticks.
const TIMES: Times = Times { term: 2, grace: 1, settling: 1 };

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    now: u64,
    store: BTreeMap<u64, Entry>,
    contenders: Vec<Contender>,
    losses: u32,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Contender {
    name: String,
    /// How much its clock is ahead of or behind the store's, plus an offset that keeps it positive.
    ahead: u64,
    /// Whether it deletes its generation when it is done, as `destroy` does.
    destroys: bool,
    phase: Phase,
    request: Option<Request>,
    renewals: u32,
    runs: u32,
    times: Times,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Phase {
    Taking(Taking),
    /// It holds, and older generations are yet to be deleted.
    Keeping(Keeping, Vec<u64>),
    /// It has done its work and gives the lease up.
    Releasing(u64),
    Over,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Request {
    ask: Ask,
    /// Whether it says that its sender is done.
    last: bool,
    answer: Option<Answer>,
}

struct Bounds {
    until: u64,
}

#[derive(Debug, Default)]
struct Found {
    states: usize,
    /// How often each name was holder in some state.
    held: BTreeMap<String, usize>,
    lost: usize,
    refused: usize,
}

const EPOCH: u64 = 100;

impl State {
    fn of(contenders: Vec<Contender>, store: Vec<Entry>) -> Self {
        let store: BTreeMap<u64, Entry> =
            store.into_iter().map(|entry| (entry.generation, entry)).collect();
        Self { now: EPOCH, store, contenders, losses: 1 }
    }

    fn holders(&self) -> Vec<&str> {
        let holders = self.contenders.iter().filter(|contender| {
            matches!(&contender.phase,
                Phase::Keeping(keeping, _) if keeping.is_sure(contender.clock(self.now)))
        });
        holders.map(|contender| contender.name.as_str()).collect()
    }

    /// Everything that can happen next.
    fn successors(&self, bounds: &Bounds) -> Vec<Self> {
        let mut next = Vec::new();
        if self.now < bounds.until {
            next.push(Self { now: self.now + 1, ..self.clone() });
        }
        for index in 0..self.contenders.len() {
            self.moves_of(index, &mut next);
        }
        next
    }

    fn moves_of(&self, index: usize, next: &mut Vec<Self>) {
        let contender = &self.contenders[index];
        let alive = !matches!(contender.phase, Phase::Over);
        match &contender.request {
            Some(Request { answer: None, .. }) => {
                next.push(self.effect(index));
            }
            Some(Request { answer: Some(answer), .. }) if alive => {
                next.push(self.told(index, &answer.clone()));
                if self.losses > 0 {
                    let lost = Self { losses: self.losses - 1, ..self.clone() };
                    next.push(lost.told(index, &Answer::Failed));
                }
            }
            None if alive => next.extend(self.acts(index)),
            Some(_) | None => {}
        }
    }

    /// What a contender who waits for no answer may do.
    fn acts(&self, index: usize) -> Vec<Self> {
        let contender = &self.contenders[index];
        let now = contender.clock(self.now);
        let with = |change: &dyn Fn(&mut Contender)| {
            let mut state = self.clone();
            change(&mut state.contenders[index]);
            state
        };
        match &contender.phase {
            Phase::Taking(taking) => {
                let mut taking = taking.clone();
                vec![match taking.next(now) {
                    Ok(ask) => with(&|one| one.send(Phase::Taking(taking.clone()), ask, false)),
                    Err(Taken::Mine { keeping, older, .. }) => {
                        with(&|one| one.phase = Phase::Keeping(keeping.clone(), older.clone()))
                    }
                    Err(Taken::Theirs(_)) => with(&Contender::try_again),
                }]
            }
            Phase::Keeping(keeping, older) => {
                let mut ways = vec![with(&|one| {
                    one.phase = Phase::Releasing(keeping.generation());
                    let sure = keeping.is_sure(now);
                    let generation = keeping.generation();
                    let ask = if sure && !one.destroys {
                        Ask::Write(generation)
                    } else {
                        Ask::Delete(generation)
                    };
                    one.send(one.phase.clone(), ask, true);
                })];
                if let Some((&first, rest)) = older.split_first() {
                    let phase = Phase::Keeping(keeping.clone(), rest.to_vec());
                    ways.push(with(&|one| one.send(phase.clone(), Ask::Delete(first), false)));
                    return ways;
                }
                let mut keeping = keeping.clone();
                match keeping.next(now) {
                    Keep::Ask(ask) if contender.renewals > 0 => ways.push(with(&|one| {
                        one.renewals -= u32::from(ask == Ask::List);
                        one.send(Phase::Keeping(keeping.clone(), Vec::new()), ask, false);
                    })),
                    Keep::Lost(_) => {
                        let ask = Ask::Delete(keeping.generation());
                        let phase = Phase::Releasing(keeping.generation());
                        return vec![with(&|one| one.send(phase.clone(), ask, true))];
                    }
                    Keep::Ask(_) | Keep::WaitUntil(_) => {}
                }
                ways
            }
            Phase::Releasing(_) => vec![with(&Contender::try_again)],
            Phase::Over => Vec::new(),
        }
    }

    /// The request takes effect.
    fn effect(&self, index: usize) -> Self {
        let mut state = self.clone();
        let holder = state.contenders[index].name.clone();
        let Some(request) = state.contenders[index].request.as_mut() else { return state };
        let held = !request.last;
        let entry = |generation| Entry {
            generation,
            holder,
            held,
            unsettled: false,
            term: TIMES.term,
            modified: self.now,
        };
        request.answer = Some(match request.ask {
            Ask::List => {
                let shown = &self.store;
                Answer::Listed { entries: shown.values().cloned().collect(), now: self.now }
            }
            Ask::Create(generation) if state.store.contains_key(&generation) => Answer::Failed,
            Ask::Create(generation) | Ask::Write(generation) => {
                state.store.insert(generation, entry(generation));
                Answer::Done
            }
            Ask::Delete(generation) => {
                state.store.remove(&generation);
                Answer::Done
            }
        });
        // Standing still after these is no different from standing still before what comes next.
        let comes_at_once = matches!(request.ask, Ask::List | Ask::Delete(_));
        match request.answer.clone() {
            Some(answer) if comes_at_once => state.told(index, &answer),
            _ => state,
        }
    }

    /// The answer comes.
    fn told(&self, index: usize, answer: &Answer) -> Self {
        let mut state = self.clone();
        let contender = &mut state.contenders[index];
        let now = contender.clock(self.now);
        let Some(request) = contender.request.take() else { return state };
        // Without a clock of the store's the caller's stands in for it.
        let answer = match (answer, &contender.phase) {
            (Answer::Listed { entries, .. }, _) => {
                Answer::Listed { entries: entries.clone(), now: contender.clock(self.now) }
            }
            (other, _) => other.clone(),
        };
        match &mut contender.phase {
            Phase::Taking(taking) => taking.hear(&answer, now),
            // Deleting what is old is no part of keeping.
            Phase::Keeping(keeping, _) if !matches!(request.ask, Ask::Delete(_)) => {
                keeping.hear(&answer, now);
            }
            Phase::Keeping(..) | Phase::Releasing(_) | Phase::Over => {}
        }
        state
    }
}

impl Contender {
    fn new(name: &str, ahead: i64, destroys: bool, times: Times) -> Self {
        let name = name.to_owned();
        let phase = Phase::Taking(Taking::new(name.clone(), times));
        let ahead = u64::try_from(EPOCH.cast_signed() + ahead).unwrap();
        Self { name, ahead, destroys, phase, request: None, renewals: 1, runs: 0, times }
    }

    fn clock(&self, now: u64) -> u64 {
        now + self.ahead - EPOCH
    }

    fn send(&mut self, phase: Phase, ask: Ask, last: bool) {
        self.phase = phase;
        self.request = Some(Request { ask, last, answer: None });
    }

    /// Another run, if there is one left; it has another id.
    fn try_again(&mut self) {
        if self.runs == 0 {
            self.phase = Phase::Over;
            return;
        }
        self.runs -= 1;
        self.renewals = 1;
        self.name.push('\'');
        self.phase = Phase::Taking(Taking::new(self.name.clone(), self.times));
    }
}

/// Searches all that can happen.
fn search(begin: State, bounds: &Bounds) -> Found {
    let mut found = Found::default();
    let mut seen = HashSet::from([digest(&begin)]);
    let mut open = vec![begin];
    while let Some(state) = open.pop() {
        found.states += 1;
        let holders = state.holders();
        assert!(holders.len() < 2, "two holders at {}: {holders:?}\n{:#?}", state.now, state.store);
        for holder in holders {
            *found.held.entry(holder.to_owned()).or_default() += 1;
        }
        for contender in &state.contenders {
            if let Phase::Keeping(keeping, _) = &contender.phase {
                found.lost += usize::from(!keeping.is_sure(contender.clock(state.now)));
            }
            found.refused += usize::from(matches!(contender.phase, Phase::Over));
        }
        for next in state.successors(bounds) {
            if seen.insert(digest(&next)) {
                open.push(next);
            }
        }
    }
    found
}

/// States are remembered by hash: 64 bits for some million states.
fn digest(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn dead(generation: u64, modified: u64) -> Entry {
    let holder = "dead".to_owned();
    Entry { generation, holder, held: true, unsettled: false, term: TIMES.term, modified }
}

fn released(generation: u64) -> Entry {
    Entry { held: false, ..dead(generation, EPOCH - 1) }
}

/// Stores that a run may find: nothing, a lease that was given up, that expired long ago, that
/// expires just now, and one that expires in the midst of it all.
fn stores(times: Times) -> Vec<Vec<Entry>> {
    let long_ago = EPOCH - times.term - times.grace;
    vec![
        vec![],
        vec![released(4)],
        vec![dead(4, long_ago)],
        vec![released(3), dead(4, long_ago + 1)],
        vec![dead(4, long_ago + 3)],
    ]
}

fn check(ahead: [i64; 2], destroys: [bool; 2], bounds: &Bounds) -> Found {
    let mut all = Found::default();
    let times = TIMES;
    for store in stores(times) {
        let contenders = vec![
            Contender::new("ann", ahead[0], destroys[0], times),
            Contender::new("bob", ahead[1], destroys[1], times),
        ];
        let found = search(State::of(contenders, store), bounds);
        all.states += found.states;
        all.lost += found.lost;
        all.refused += found.refused;
        for (name, times) in found.held {
            *all.held.entry(name).or_default() += times;
        }
    }
    all
}

#[test]
fn there_are_never_two_holders() {
    let found = check([0, 0], [false, false], &Bounds { until: EPOCH + 4 });
    assert!(found.held.len() == 2 && found.lost > 0 && found.refused > 0, "{found:?}");
}

#[test]
fn nor_when_clocks_differ() {
    let found = check([4, 0], [false, false], &Bounds { until: EPOCH + 3 });
    assert!(!found.held.is_empty(), "{found:?}");
}

#[test]
fn nor_when_they_delete_what_they_held() {
    let found = check([0, 0], [true, true], &Bounds { until: EPOCH + 3 });
    assert!(found.held.len() == 2, "{found:?}");
}
