//! Puts steps into an order in which each comes after those that it waits for.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use petgraph::algo::{has_path_connecting, kosaraju_scc};
use petgraph::graph::{DiGraph, NodeIndex};

/// A step before it has its place.
pub(crate) type DraftId = usize;

/// How much an order matters; in a circle the weaker gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// It would be better so.
    Preferred,
    /// AWS may refuse otherwise.
    Expected,
    /// Whoever holds it lets go before it is deleted.
    Released,
    /// It cannot be otherwise.
    Needed,
}

/// The orders between steps.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    edges: BTreeSet<(DraftId, DraftId, Strength)>,
}

/// Steps in order.
pub(crate) struct Sorted {
    pub(crate) order: Vec<DraftId>,
    /// What each step waits for, by draft.
    pub(crate) after: Vec<BTreeSet<DraftId>>,
    /// The steps that wait for each other, and those that wait for them.
    pub(crate) stuck: Vec<DraftId>,
}

impl Orders {
    /// Says that `after` comes after `before`.
    pub(crate) fn add(&mut self, before: DraftId, after: DraftId, strength: Strength) {
        if before != after {
            self.edges.insert((before, after, strength));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(DraftId, DraftId, Strength)> {
        self.edges.iter()
    }

    pub(crate) fn remove(&mut self, edge: (DraftId, DraftId, Strength)) {
        self.edges.remove(&edge);
    }

    /// The circles of these drafts by number, over edges of at least this strength.
    pub(crate) fn circles(&self, count: usize, least: Strength) -> Vec<Option<usize>> {
        circles(&self.graph(count, least))
    }

    /// Sorts `count` drafts; of those that could be next, the first is.
    pub(crate) fn sort(&self, count: usize) -> Sorted {
        let graph = self.without_circles(count);
        let mut after = vec![BTreeSet::new(); count];
        for edge in graph.edge_indices() {
            if let Some((from, to)) = graph.edge_endpoints(edge) {
                after[to.index()].insert(from.index());
            }
        }
        line_up(&graph, after)
    }

    /// The orders, less the weaker ones of each circle; those that then make none stay, the strongest
    /// first.
    fn without_circles(&self, count: usize) -> DiGraph<(), Strength> {
        let mut graph = self.graph(count, Strength::Preferred);
        let mut dropped = Vec::new();
        for weakest in [Strength::Preferred, Strength::Expected, Strength::Released] {
            let circles = circles(&graph);
            if circles.iter().all(Option::is_none) {
                break;
            }
            graph.retain_edges(|graph, edge| {
                let Some((from, to)) = graph.edge_endpoints(edge) else { return false };
                let circle = circles[from.index()];
                let stays =
                    graph[edge] != weakest || circle.is_none() || circle != circles[to.index()];
                if !stays {
                    dropped.push((Reverse(weakest), from, to));
                }
                stays
            });
        }
        dropped.sort();
        for (Reverse(strength), from, to) in dropped {
            if !has_path_connecting(&graph, to, from, None) {
                graph.add_edge(from, to, strength);
            }
        }
        graph
    }

    fn graph(&self, count: usize, least: Strength) -> DiGraph<(), Strength> {
        let mut graph = DiGraph::with_capacity(count, self.edges.len());
        for _ in 0..count {
            graph.add_node(());
        }
        for (before, after, strength) in self.edges.iter().filter(|edge| edge.2 >= least) {
            graph.add_edge(NodeIndex::new(*before), NodeIndex::new(*after), *strength);
        }
        graph
    }
}

fn circles(graph: &DiGraph<(), Strength>) -> Vec<Option<usize>> {
    let mut circles = vec![None; graph.node_count()];
    for (number, component) in kosaraju_scc(graph).into_iter().enumerate() {
        if component.len() > 1 {
            for node in component {
                circles[node.index()] = Some(number);
            }
        }
    }
    circles
}

fn line_up(graph: &DiGraph<(), Strength>, after: Vec<BTreeSet<DraftId>>) -> Sorted {
    let mut waits: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    let free = waits.iter().enumerate().filter(|(_, waits)| **waits == 0);
    let mut ready: BinaryHeap<Reverse<DraftId>> = free.map(|(draft, _)| Reverse(draft)).collect();
    let mut order = Vec::with_capacity(waits.len());
    while let Some(Reverse(draft)) = ready.pop() {
        order.push(draft);
        let next: BTreeSet<usize> =
            graph.neighbors(NodeIndex::new(draft)).map(NodeIndex::index).collect();
        for next in next {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push(Reverse(next));
            }
        }
    }
    let stuck = waits.iter().enumerate().filter(|(_, waits)| **waits > 0);
    let stuck = stuck.map(|(draft, _)| draft).collect();
    Sorted { order, after, stuck }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weaker_order_gives_way_in_a_circle() {
        let mut orders = Orders::default();
        orders.add(0, 1, Strength::Needed);
        orders.add(1, 2, Strength::Needed);
        orders.add(2, 0, Strength::Released);
        orders.add(3, 0, Strength::Preferred);
        let sorted = orders.sort(4);
        assert_eq!(sorted.order, [3, 0, 1, 2]);
        assert!(sorted.stuck.is_empty());
    }

    #[test]
    fn of_two_that_could_give_way_one_stays() {
        let mut orders = Orders::default();
        orders.add(0, 1, Strength::Released);
        orders.add(1, 2, Strength::Needed);
        orders.add(2, 3, Strength::Released);
        orders.add(3, 0, Strength::Needed);
        let sorted = orders.sort(4);
        assert_eq!(sorted.order, [3, 0, 1, 2]);
        assert_eq!(sorted.after[1], BTreeSet::from([0]));
    }

    #[test]
    fn what_waits_for_itself_is_stuck_and_the_rest_is_not() {
        let mut orders = Orders::default();
        orders.add(0, 1, Strength::Needed);
        orders.add(1, 0, Strength::Needed);
        orders.add(1, 2, Strength::Needed);
        let sorted = orders.sort(4);
        assert_eq!((sorted.order, sorted.stuck), (vec![3], vec![0, 1, 2]));
    }
}
