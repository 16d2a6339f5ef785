//! Questions that are asked by hand: who reaches whom, and why something cannot connect.

use trueup_model::proof::Verdict;
use trueup_model::stack::{End, Sentence};
use trueup_model::{Plan, Snapshot, Stack};
use trueup_reach::{Checklist, Engine, Query};

use super::scene::Scene;
use super::sentences::{Outcome, outcome, outcomes};
use super::world::Name;
use super::{Forward, after, ends, forwards};

/// Something to ask of a network.
pub(crate) struct Question<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) plan: &'a Plan,
    /// Of the network that the plan leads to, or else of the live one.
    pub(crate) planned: bool,
}

/// A question, as data.
pub(crate) struct Asked {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) port: Option<u16>,
    pub(crate) protocol: Option<String>,
    /// The question in words.
    pub(crate) text: String,
}

/// The answer.
pub(crate) struct Answer {
    /// Proved: it reaches; broken: it does not, or not for every packet.
    pub(crate) verdict: Verdict,
    pub(crate) evidence: Vec<String>,
    /// What would open the way.
    pub(crate) changes: Vec<String>,
    /// Whether nothing passes at all.
    pub(crate) is_shut: bool,
}

impl Question<'_> {
    /// Who reaches whom.
    pub(crate) fn reach(&self, asked: Asked) -> Answer {
        self.reach_each(vec![asked]).remove(0)
    }

    /// The answer to each of several questions about one network.
    pub(crate) fn reach_each(&self, asked: Vec<Asked>) -> Vec<Answer> {
        let sentences = asked.into_iter().map(|Asked { from, to, port, protocol, text }| {
            Sentence { text, from, to, negated: false, port, protocol, location: None }
        });
        let (scene, sentences) = (self.scene(), sentences.collect::<Vec<_>>());
        let found = outcomes(&scene, &sentences);
        let broken = sentences.into_iter().zip(&found);
        let broken = broken.filter(|(_, outcome)| outcome.verdict == Verdict::Broken);
        let opposite = broken.map(|(sentence, _)| Sentence { negated: true, ..sentence });
        let mut opposite = outcomes(&scene, &opposite.collect::<Vec<_>>()).into_iter();
        let answers = found.into_iter().map(|Outcome { verdict, evidence, changes, .. }| {
            let opposite = (verdict == Verdict::Broken).then(|| opposite.next()).flatten();
            let is_shut = opposite.is_some_and(|outcome| outcome.verdict == Verdict::Proved);
            Answer { verdict, evidence, changes, is_shut }
        });
        answers.collect()
    }

    /// The usual list for each element that an end names, and what could not be known; or why there is
    /// no list.
    pub(crate) fn doctor(&self, end: &End) -> Result<Examined, String> {
        let scene = self.scene();
        let names = ends::resources(&scene, end)?;
        let engine = Engine::new(&scene.network).map_err(|errors| {
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        })?;
        let (expected, unclear) = expected(&scene, &engine, &names, &self.plan.expect);
        let lists: Result<Vec<Checklist>, _> =
            names.iter().map(|name| engine.doctor(name, &expected)).collect();
        let queries: Vec<Query> = names
            .into_iter()
            .map(trueup_reach::End::Resource)
            .map(|end| Query::any(end.clone(), end))
            .collect();
        let doubts = ends::doubts(&scene, &queries).into_iter();
        let doubts = doubts.chain(ends::closings(&scene, &queries)).map(str::to_owned);
        let doubts = doubts.chain(unclear).collect();
        let lists = lists.map_err(|error| error.to_string())?;
        let placed =
            |change: &trueup_reach::Change| super::evidence::placed(change, &scene.network);
        let lists = lists.into_iter().map(|list| Examination::of(list, &placed)).collect();
        Ok(Examined { lists, doubts })
    }

    /// What load balancers forward to things of the stack.
    pub(crate) fn forwards(&self) -> Vec<Forward> {
        forwards::forwards(&self.scene())
    }

    fn scene(&self) -> Scene<'_> {
        let planned = self.planned;
        after(self.stack, self.snapshot, self.plan, &|_| planned)
    }
}

/// What the sentences say is to reach these elements, and which services these are to reach; and of which
/// nobody can say, why.
fn expected(
    scene: &Scene<'_>,
    engine: &Engine<'_>,
    names: &[Name],
    sentences: &[Sentence],
) -> (Vec<Query>, Vec<String>) {
    let (mut expected, mut unclear) = (Vec::new(), Vec::new());
    for sentence in sentences.iter().filter(|sentence| !sentence.negated) {
        let is_service = matches!(sentence.to, End::Service(_));
        let about = if is_service { &sentence.from } else { &sentence.to };
        let about = ends::resources(scene, about).unwrap_or_default();
        if !about.iter().any(|name| names.contains(name)) {
            continue;
        }
        let Outcome { verdict, evidence, .. } = outcome(scene, engine, sentence);
        match ends::queries(scene, sentence) {
            Ok(queries) if verdict != Verdict::Unknown => expected.extend(queries),
            _ => unclear.push(format!("'{}': {}", sentence.text, evidence.join("; "))),
        }
    }
    (expected, unclear)
}

/// What the doctor found.
pub(crate) struct Examined {
    pub(crate) lists: Vec<Examination>,
    /// What could not be known.
    pub(crate) doubts: Vec<String>,
}

/// The list for one element.
pub(crate) struct Examination {
    pub(crate) about: String,
    pub(crate) points: Vec<Point>,
}

/// One point of it.
pub(crate) struct Point {
    pub(crate) mark: trueup_reach::Mark,
    pub(crate) what: String,
    pub(crate) evidence: String,
    /// What would mend it.
    pub(crate) changes: Vec<String>,
}

impl Examination {
    fn of(list: Checklist, placed: &dyn Fn(&trueup_reach::Change) -> String) -> Self {
        let points = list.items.into_iter().map(|item| Point {
            mark: item.mark,
            what: item.what,
            evidence: item.evidence,
            changes: item.changes.iter().map(placed).collect(),
        });
        Self { about: list.about, points: points.collect() }
    }
}
