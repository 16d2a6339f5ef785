//! Every interleaving of two contenders over the store's atomic operations: never two holders.
//!
//! A state is the store, the time, and what each contender is at. From each state everything that
//! can happen is tried: a request takes effect, its answer comes or is lost, the request takes effect
//! after it was given up, or twice; time passes between sending and effect, and between an answer and
//! what follows from it. States seen before are not tried again, so the search ends and is complete
//! within its bounds. A contender that dies is one that does nothing any more, which is among the
//! things that can happen; so is one that stands still and then goes on.
//!
//! What a contender does between two operations changes nothing for the other. So it is tried at the
//! moment when it can be done, and after each passing of time; between is no different.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use super::{Answer, Ask, Entry, Keep, Keeping, Step, Taken, Taking, Times};

/// In ticks.
const TIMES: Times = Times { term: 2, grace: 1, settling: 1, looks: 1 };

const EPOCH: u64 = 100;

/// What a search tries.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// The last tick.
    until: u64,
    /// Whether reads lag: what a generation was within a tick, they may show until the tick ends.
    lags: bool,
    /// How many answers are lost, and requests delayed or doubled.
    losses: u32,
    /// How often each contender renews its lease.
    renewals: u32,
    /// Whether requests may take effect in a later tick than that in which they were sent.
    late: bool,
    /// Whether the name of what was deleted cannot be given again in the same tick.
    rests: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    now: u64,
    store: Vec<Entry>,
    /// What else generations were in this tick, where reads lag.
    past: Vec<(u64, Option<Entry>)>,
    contenders: [Contender; 2],
    /// What nobody waits for any more, and may yet take effect.
    astray: Vec<(usize, Request)>,
    losses: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Contender {
    name: Arc<str>,
    /// How much its clock is ahead of the store's.
    ahead: u64,
    /// Whether it leaves nothing when it is done, as `destroy` does.
    destroys: bool,
    phase: Phase,
    request: Option<Request>,
    /// Whether it does nothing in this tick unless an answer comes.
    rests: bool,
    renewals: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Phase {
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

#[derive(Debug, Default)]
struct Found {
    states: usize,
    /// In how many states each contender was the holder.
    held: BTreeMap<Arc<str>, usize>,
    lost: usize,
    refused: usize,
    /// The way to two holders at once.
    two_holders: Option<Vec<State>>,
}

/// What contenders find.
#[derive(Clone)]
struct Begin {
    store: Vec<Entry>,
    past: Vec<(u64, Option<Entry>)>,
    /// What the second one is about to create after a look long ago.
    late: Option<u64>,
}

impl State {
    fn of(begin: Begin, [ann, mut bob]: [Contender; 2], bounds: Bounds) -> Self {
        if let (Some(generation), Phase::Taking(taking)) = (begin.late, &mut bob.phase) {
            taking.step = Step::Create(generation);
        }
        let (store, past, contenders) = (begin.store, begin.past, [ann, bob]);
        let astray = Vec::new();
        Self { now: EPOCH, store, past, contenders, astray, losses: bounds.losses }
    }

    /// For people who look for the reason of two holders.
    fn in_short(&self) -> String {
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

    fn holders(&self) -> impl Iterator<Item = &Contender> {
        self.contenders.iter().filter(|one| {
            matches!(&one.phase,
                Phase::Keeping(keeping, _) if keeping.is_sure(one.clock(self.now)))
        })
    }

    /// Everything that can happen next.
    fn successors(&self, bounds: Bounds) -> Vec<Self> {
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
    fn decided(self, bounds: Bounds, settled: &mut Vec<Self>) {
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
    fn new(name: &str, ahead: u64, destroys: bool, bounds: Bounds) -> Self {
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

/// Searches all that can happen, until there are two holders.
fn search(begin: State, bounds: Bounds, found: &mut Found) {
    let mut first = Vec::new();
    begin.decided(bounds, &mut first);
    let mut seen: HashSet<u64, BuildHasherDefault<Quick>> = first.iter().map(digest).collect();
    // The states on the way, each with what is yet to be tried after it.
    let mut way: Vec<(Option<State>, Vec<State>)> = vec![(None, first)];
    while let Some((_, open)) = way.last_mut() {
        let Some(state) = open.pop() else {
            way.pop();
            continue;
        };
        if !found.note(&state) {
            let way = way.into_iter().filter_map(|(state, _)| state);
            found.two_holders = Some(way.chain([state]).collect());
            return;
        }
        let mut next = state.successors(bounds);
        next.retain(|next| seen.insert(digest(next)));
        way.push((Some(state), next));
    }
}

impl Found {
    /// Counts what is to be seen in a state, and says whether it is as it should be.
    fn note(&mut self, state: &State) -> bool {
        self.states += 1;
        for holder in state.holders() {
            *self.held.entry(Arc::clone(&holder.name)).or_default() += 1;
        }
        for contender in &state.contenders {
            self.lost += usize::from(contender.phase == Phase::Lost);
            self.refused += usize::from(contender.phase == Phase::Refused);
        }
        state.holders().count() < 2
    }

    /// What happened in all its variety, and never two holders.
    fn expect_one_holder(&self) {
        if let Some(way) = &self.two_holders {
            let way: Vec<String> = way.iter().map(State::in_short).collect();
            panic!("two holders:\n{}", way.join("\n"));
        }
        assert!(self.held.len() == 2 && self.lost > 0 && self.refused > 0, "{self:?}");
    }
}

/// States are remembered by hash: 64 bits for some million states.
fn digest(state: &State) -> u64 {
    let mut hasher = Quick::default();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Nobody attacks this one: it multiplies and rotates.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

fn dead(generation: u64, modified: u64) -> Entry {
    let holder = "dead".into();
    Entry { generation, holder, held: true, unsettled: false, term: TIMES.term, modified }
}

fn released(generation: u64) -> Entry {
    Entry { held: false, ..dead(generation, EPOCH - 1) }
}

/// What contenders may find: nothing, a lease that was given up, that expired long ago, that
/// expires just now, and one that expires in the midst of it all; each also by one who looked long
/// ago, and what a stack's end just left.
fn begins() -> Vec<Begin> {
    let long_ago = EPOCH - TIMES.term - TIMES.grace;
    let begin = |store| Begin { store, past: Vec::new(), late: None };
    let late = |store, late| Begin { late: Some(late), ..begin(store) };
    // Who held 5 deleted 4, then 5.
    let ended = || vec![(4, Some(released(4))), (5, None), (5, Some(dead(5, EPOCH)))];
    vec![
        begin(vec![]),
        begin(vec![released(4)]),
        begin(vec![dead(4, long_ago)]),
        begin(vec![released(3), dead(4, long_ago + 1)]),
        begin(vec![dead(4, long_ago + 3)]),
        begin(vec![dead(3, EPOCH), released(4)]),
        late(vec![], 2),
        late(vec![released(1)], 3),
        late(vec![released(3)], 5),
        Begin { past: ended(), ..begin(vec![]) },
        Begin { past: ended(), ..late(vec![], 5) },
        Begin { past: ended(), ..late(vec![], 6) },
        Begin { past: vec![(4, Some(released(4)))], ..begin(vec![dead(5, long_ago)]) },
    ]
}

fn check(ahead: [u64; 2], destroys: [bool; 2], bounds: Bounds) -> Found {
    let mut found = Found::default();
    for begin in begins() {
        let contenders = [
            Contender::new("ann", ahead[0], destroys[0], bounds),
            Contender::new("bob", ahead[1], destroys[1], bounds),
        ];
        search(State::of(begin, contenders, bounds), bounds, &mut found);
        if found.two_holders.is_some() {
            break;
        }
    }
    found
}

const USUALLY: Bounds =
    Bounds { until: EPOCH + 3, lags: false, losses: 1, renewals: 1, late: false, rests: true };
const LAGGING: Bounds = Bounds { until: EPOCH + 2, lags: true, ..USUALLY };

#[test]
fn there_are_never_two_holders() {
    check([0, 0], [false, false], USUALLY).expect_one_holder();
}

#[test]
fn nor_when_clocks_differ() {
    check([4, 0], [false, false], Bounds { until: EPOCH + 2, ..USUALLY }).expect_one_holder();
}

#[test]
fn nor_when_they_delete_what_they_held() {
    check([0, 0], [true, true], Bounds { until: EPOCH + 2, ..USUALLY }).expect_one_holder();
}

#[test]
fn nor_when_reads_are_behind() {
    check([0, 0], [false, false], LAGGING).expect_one_holder();
}

#[test]
fn nor_when_reads_are_behind_and_they_delete_what_they_held() {
    check([0, 0], [true, true], Bounds { until: EPOCH + 1, ..LAGGING }).expect_one_holder();
}

/// AWS asks for half a minute before a name is used again; what depends on that is said below.
#[test]
fn nor_when_names_are_free_at_once_as_long_as_answers_come() {
    let bounds = Bounds { rests: false, losses: 0, ..LAGGING };
    check([0, 0], [false, false], bounds).expect_one_holder();
}

/// That this can find two at all, and what the lease relies on: a call that takes effect long after it
/// was sent, or twice where the name was given to somebody else between, would be too much for it.
#[test]
fn what_is_asked_of_the_store_is_needed() {
    for bounds in [Bounds { late: true, ..LAGGING }, Bounds { rests: false, ..USUALLY }] {
        assert!(check([0, 0], [false, false], bounds).two_holders.is_some(), "{bounds:?}");
        // Both only where an answer is lost.
        let none_is_lost = Bounds { losses: 0, until: EPOCH + 2, ..bounds };
        check([0, 0], [false, false], none_is_lost).expect_one_holder();
    }
}
