//! Resources that need each other before either can be made.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::Diagnostic;

use super::Loader;
use super::fold::{Index, instances, place};
use super::resource::Draft;
use crate::source::Span;

impl Loader<'_> {
    /// Reports one cycle for each group of resources that need each other.
    pub(super) fn check_cycles(&self, drafts: &[Draft<'_>]) {
        let index: Index = drafts
            .iter()
            .enumerate()
            .map(|(at, draft)| (draft.resource.address.clone(), at))
            .collect();
        let mut needs: Vec<BTreeMap<usize, Span>> =
            drafts.iter().map(|draft| Self::needs(draft, &index)).collect();
        while let Some(cycle) = cycle(&needs) {
            let edges: Vec<(usize, Span)> = cycle
                .iter()
                .zip(cycle.iter().cycle().skip(1))
                .map(|(from, to)| (*from, needs[*from][to]))
                .collect();
            self.report(self.written_out(drafts, &edges));
            // One is enough for a group; without these the others show.
            for at in cycle {
                needs[at].clear();
            }
        }
    }

    /// What a resource needs before it is made, and where it says so.
    fn needs(draft: &Draft<'_>, index: &Index) -> BTreeMap<usize, Span> {
        let mut needs = BTreeMap::new();
        for r#use in draft.uses.iter().filter(|r#use| r#use.output && !r#use.to.existing) {
            // What is applied later does not keep the resource from being made.
            let attribute = draft.kind.attribute(&r#use.attribute);
            if attribute.is_some_and(|attribute| attribute.late) {
                continue;
            }
            let span = place(draft, &r#use.attribute);
            needs.extend(instances(index, &r#use.to.to).map(|at| (at, span)));
        }
        for address in &draft.resource.depends_on {
            let span = place(draft, "depends_on");
            needs.extend(instances(index, address).map(|at| (at, span)));
        }
        needs
    }

    fn written_out(&self, drafts: &[Draft<'_>], edges: &[(usize, Span)]) -> Diagnostic {
        let address = |at: usize| drafts[at].resource.address.to_string();
        let mut path: Vec<String> = edges.iter().map(|(at, _)| address(*at)).collect();
        path.extend(path.first().cloned());
        let next = |step: usize| address(edges[(step + 1) % edges.len()].0);
        let message = match edges {
            [_] => format!("{} needs itself", path[0]),
            _ => format!("these need each other: {}", path.join(" → ")),
        };
        let (_, first) = edges[0];
        let error = self.error("cycle", message, first);
        let error = error.label(format!("{} needs {}", path[0], next(0)));
        edges.iter().enumerate().skip(1).fold(error, |error, (step, (at, span))| {
            let label = format!("{} needs {}", address(*at), next(step));
            error.related(self.sources.locate(*span), label)
        })
    }
}

/// A cycle in a graph of needs, if there is one; it begins at its least member.
fn cycle(needs: &[BTreeMap<usize, Span>]) -> Option<Vec<usize>> {
    let mut needed_by = vec![Vec::new(); needs.len()];
    let mut open: Vec<usize> = needs.iter().map(BTreeMap::len).collect();
    for (at, others) in needs.iter().enumerate() {
        for other in others.keys() {
            needed_by[*other].push(at);
        }
    }
    let mut free: Vec<usize> = (0..needs.len()).filter(|at| open[*at] == 0).collect();
    while let Some(at) = free.pop() {
        for &other in &needed_by[at] {
            open[other] -= 1;
            if open[other] == 0 {
                free.push(other);
            }
        }
    }
    // What is left needs something that is left: walking along ends in a cycle.
    let mut at = (0..needs.len()).find(|at| open[*at] > 0)?;
    let mut path = Vec::new();
    let mut seen = BTreeSet::new();
    while seen.insert(at) {
        path.push(at);
        at = *needs[at].keys().find(|other| open[**other] > 0)?;
    }
    let start = path.iter().position(|other| *other == at)?;
    let mut cycle = path.split_off(start);
    let least = cycle.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(step, _)| step);
    cycle.rotate_left(least);
    Some(cycle)
}
