//! Sentences, proved.

use trueup_model::proof::Verdict;
use trueup_model::stack::Sentence;
use trueup_reach::{Engine, Query, Verdict as Found};

use super::ends;
use super::evidence;
use super::scene::Scene;

/// What came of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) evidence: Vec<String>,
    pub(super) changes: Vec<String>,
    /// Whether it is unknown because it hangs on a gateway that nobody looks behind.
    hangs: bool,
}

impl Outcome {
    fn new(verdict: Verdict, evidence: Vec<String>) -> Self {
        Self { verdict, evidence, changes: Vec::new(), hangs: false }
    }

    fn unknown(evidence: Vec<String>) -> Self {
        Self::new(Verdict::Unknown, evidence)
    }

    /// Whether a sentence that is to hold on the way does not: what hangs on a gateway is not kept.
    pub(super) fn is_lost(&self) -> bool {
        self.verdict == Verdict::Broken || self.hangs
    }
}

/// What comes of each sentence, in order.
pub(super) fn outcomes(scene: &Scene<'_>, sentences: &[Sentence]) -> Vec<Outcome> {
    match Engine::new(&scene.network) {
        Ok(engine) => sentences.iter().map(|one| outcome(scene, &engine, one)).collect(),
        Err(errors) => {
            let why: Vec<String> = errors.iter().map(ToString::to_string).collect();
            sentences.iter().map(|_| Outcome::unknown(why.clone())).collect()
        }
    }
}

/// What comes of one sentence.
pub(super) fn outcome(scene: &Scene<'_>, engine: &Engine<'_>, sentence: &Sentence) -> Outcome {
    let queries = match ends::queries(scene, sentence) {
        Ok(queries) => queries,
        Err(why) => return Outcome::unknown(vec![why]),
    };
    let doubts = ends::doubts(scene, &queries);
    if !doubts.is_empty() {
        return Outcome::unknown(doubts.into_iter().map(str::to_owned).collect());
    }
    let found = worst(queries.iter().map(|query| pair(scene, engine, query, sentence.negated)));
    // What is shut may be open by a way that was not read; what is open is so whatever else there is.
    // Of something that may take nothing it is the other way round.
    let is_shut = sentence.negated == (found.verdict == Verdict::Proved);
    let unread =
        if is_shut { ends::openings(scene, &queries) } else { ends::closings(scene, &queries) };
    if found.verdict != Verdict::Unknown && !unread.is_empty() {
        let whys = unread.into_iter().map(str::to_owned);
        return Outcome::unknown(whys.chain(found.evidence).collect());
    }
    found
}

/// The first that breaks, or else the first that is unknown, or else what the first shows that has
/// something to show.
fn worst(found: impl Iterator<Item = Outcome>) -> Outcome {
    let mut worst = Outcome::new(Verdict::Proved, Vec::new());
    for one in found {
        match (one.verdict, worst.verdict) {
            (Verdict::Broken, _) => return one,
            (Verdict::Unknown, Verdict::Proved) => worst = one,
            (Verdict::Proved, Verdict::Proved) if worst.evidence.is_empty() => worst = one,
            (Verdict::Proved | Verdict::Unknown, _) => {}
        }
    }
    worst
}

fn pair(scene: &Scene<'_>, engine: &Engine<'_>, query: &Query, negated: bool) -> Outcome {
    let verdict = match engine.reach(query) {
        Ok(verdict) => verdict,
        Err(error) => return Outcome::unknown(vec![error.to_string()]),
    };
    let Some(holds) = verdict.holds(negated) else {
        return hanging(scene, &verdict, negated);
    };
    let shows_way = negated != holds;
    let evidence = if shows_way {
        verdict.passages().first().map(evidence::passage)
    } else {
        verdict.stops().first().map(evidence::stop)
    };
    let mut evidence = evidence.unwrap_or_default();
    if !shows_way && let Some(passage) = verdict.passages().first() {
        evidence.push("some packets pass, or may:".to_owned());
        evidence.extend(evidence::passage(passage));
    }
    let relays = verdict.relays.iter().filter(|relay| !relay.is_shut());
    evidence.extend(relays.flat_map(evidence::relay));
    // Of a sentence that says "does not reach", opening more is no way to mend it.
    let changes = verdict.stops().first().filter(|_| !holds && !negated);
    Outcome {
        verdict: if holds { Verdict::Proved } else { Verdict::Broken },
        evidence,
        changes: changes.map(|stop| evidence::changes(stop, &scene.network)).unwrap_or_default(),
        hangs: false,
    }
}

/// What hangs on gateways that nobody looks behind: this side lets it through, and what they do nobody
/// can say.
fn hanging(scene: &Scene<'_>, found: &Found, negated: bool) -> Outcome {
    let gateways = found.hangs_on(negated).iter();
    let mut evidence: Vec<String> = gateways
        .map(|gateway| match scene.far.get(gateway) {
            Some(why) => why.clone(),
            None => format!("it hangs on {gateway}: what lies behind it is not looked into"),
        })
        .collect();
    evidence.extend(found.passages().first().map(evidence::passage).unwrap_or_default());
    Outcome { hangs: true, ..Outcome::unknown(evidence) }
}
