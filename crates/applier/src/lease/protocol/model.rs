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

mod search;
mod state;

use super::{Entry, Times};
use search::{Found, search};
use state::{Contender, State};

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

/// What contenders find.
#[derive(Clone)]
struct Begin {
    store: Vec<Entry>,
    past: Vec<(u64, Option<Entry>)>,
    /// What the second one is about to create after a look long ago.
    late: Option<u64>,
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
