//! Goes through all that can happen, each state once, until there are two holders.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use super::Bounds;
use super::state::{Phase, State};

#[derive(Debug, Default)]
pub(super) struct Found {
    states: usize,
    /// In how many states each contender was the holder.
    held: BTreeMap<Arc<str>, usize>,
    lost: usize,
    refused: usize,
    /// The way to two holders at once.
    pub(super) two_holders: Option<Vec<State>>,
}

/// Searches all that can happen, until there are two holders.
pub(super) fn search(begin: State, bounds: Bounds, found: &mut Found) {
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
    pub(super) fn expect_one_holder(&self) {
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
