//! Sentences, proved.

use trueup_model::proof::Verdict;
use trueup_model::stack::Sentence;
use trueup_reach::{Engine, Passage, Query, Verdict as Found};

use super::ends;
use super::evidence;
use super::scene::Scene;

/// What came of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) evidence: Vec<String>,
    pub(super) changes: Vec<String>,
}

impl Outcome {
    fn unknown(evidence: Vec<String>) -> Self {
        Self { verdict: Verdict::Unknown, evidence, changes: Vec::new() }
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

fn outcome(scene: &Scene<'_>, engine: &Engine<'_>, sentence: &Sentence) -> Outcome {
    let queries = match ends::queries(scene, sentence) {
        Ok(queries) => queries,
        Err(why) => return Outcome::unknown(vec![why]),
    };
    let doubts = ends::doubts(scene, &queries);
    if !doubts.is_empty() {
        return Outcome::unknown(doubts.into_iter().map(str::to_owned).collect());
    }
    let mut proved =
        Outcome { verdict: Verdict::Proved, evidence: Vec::new(), changes: Vec::new() };
    let mut found = None;
    for query in &queries {
        match pair(scene, engine, query, sentence.negated) {
            one if one.verdict == Verdict::Proved => {
                if proved.evidence.is_empty() {
                    proved.evidence = one.evidence;
                }
            }
            other => {
                found = Some(other);
                break;
            }
        }
    }
    let found = found.unwrap_or(proved);
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

fn pair(scene: &Scene<'_>, engine: &Engine<'_>, query: &Query, negated: bool) -> Outcome {
    let verdict = match engine.reach(query) {
        Ok(verdict) => verdict,
        Err(error) => return Outcome::unknown(vec![error.to_string()]),
    };
    if let Some(unknown) = beyond_a_peering(scene, &verdict, negated) {
        return unknown;
    }
    let holds = if negated { verdict.never_reaches() } else { verdict.reaches() };
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
    }
}

/// What passes to or from the other side of a peering connection that cannot be read: this side lets it
/// through, and what that side does nobody can say.
fn beyond_a_peering(scene: &Scene<'_>, found: &Found, negated: bool) -> Option<Outcome> {
    let far = |passage: &Passage| {
        let is_on_it = |name: &str| passage.hops.iter().any(|hop| is_about(&hop.rule, name));
        scene.far.iter().find(|(name, _)| is_on_it(name)).map(|(_, why)| why.clone())
    };
    let all = found.passages().iter().map(|passage| (passage, far(passage)));
    let (beyond, near): (Vec<_>, Vec<_>) = all.partition(|(_, why)| why.is_some());
    let (passage, why) = beyond.into_iter().next()?;
    // What reaches by another way breaks the sentence that nothing does.
    if negated && !near.is_empty() {
        return None;
    }
    Some(Outcome::unknown(why.into_iter().chain(evidence::passage(passage)).collect()))
}

/// Whether a route's words are about a target: `route 10.9.0.0/16 to pcx-1 (stack.yaml:7)`.
fn is_about(rule: &str, target: &str) -> bool {
    rule.split([' ', ',']).any(|word| word == target)
}
