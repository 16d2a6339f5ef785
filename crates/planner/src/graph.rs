//! What must come after what, among the resources of a stack.

use std::collections::{BTreeSet, HashMap};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use trueup_model::expression::Reference;
use trueup_model::kind::Which;
use trueup_model::{Kind, Resource, Value};

use crate::index::{Index, ResourceId};
use crate::vpcs::Vpcs;

/// The resources in order, each after what it needs.
pub(crate) struct Graph {
    edges: DiGraph<Node, Edge>,
    /// The node of a resource's late attributes.
    late: Vec<Option<NodeIndex>>,
    /// Every node after those that it needs; without those of a cycle.
    pub(crate) order: Vec<Node>,
    /// The resources of each circle that nothing may break, in the order of need.
    pub(crate) cycles: Vec<Vec<ResourceId>>,
}

/// A resource, or the attributes of it that are applied in a step of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Node {
    Main(ResourceId),
    Late(ResourceId),
}

/// Why one comes after the other; the weaker give way in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Edge {
    /// It only reads what the file says of the other.
    Configured,
    /// The kinds say so, although no attribute shows it.
    Implied,
    /// It needs what AWS makes of the other, or the file says `depends_on`.
    Needed,
}

impl Node {
    pub(crate) fn resource(self) -> ResourceId {
        match self {
            Self::Main(id) | Self::Late(id) => id,
        }
    }
}

impl Graph {
    pub(crate) fn new(index: &Index<'_>, vpcs: &Vpcs<'_>) -> Self {
        let count = index.resources.len();
        let mut graph = DiGraph::with_capacity(count, count * 3);
        for id in 0..count {
            graph.add_node(Node::Main(id));
        }
        let mut late = vec![None; count];
        for (id, late) in late.iter_mut().enumerate() {
            if index.kinds[id].is_some_and(Kind::has_late) {
                let node = graph.add_node(Node::Late(id));
                graph.add_edge(NodeIndex::new(id), node, Edge::Needed);
                *late = Some(node);
            }
        }
        let mut this = Self { edges: graph, late, order: Vec::new(), cycles: Vec::new() };
        (0..count).for_each(|id| this.add_needs(index, id));
        this.add_implied(index, vpcs);
        this.sort();
        this
    }

    /// What comes directly before a node, in order.
    pub(crate) fn needs(&self, node: Node) -> impl Iterator<Item = (Node, Edge)> {
        self.neighbours(node, Direction::Incoming)
    }

    /// What comes directly after a node, in order.
    pub(crate) fn needed_by(&self, node: Node) -> impl Iterator<Item = (Node, Edge)> {
        self.neighbours(node, Direction::Outgoing)
    }

    fn neighbours(&self, node: Node, way: Direction) -> impl Iterator<Item = (Node, Edge)> {
        let edges = self
            .place(node)
            .into_iter()
            .flat_map(move |place| self.edges.edges_directed(place, way));
        let ends = edges.map(move |edge| {
            let end = if way == Direction::Incoming { edge.source() } else { edge.target() };
            (self.edges[end], *edge.weight())
        });
        ends.collect::<BTreeSet<_>>().into_iter()
    }

    fn place(&self, node: Node) -> Option<NodeIndex> {
        match node {
            Node::Main(id) => Some(NodeIndex::new(id)),
            Node::Late(id) => self.late[id],
        }
    }

    fn add_needs(&mut self, index: &Index<'_>, id: ResourceId) {
        let mut edges = BTreeSet::new();
        let resource = index.resources[id];
        for used in &resource.references {
            let edge = if used.output { Edge::Needed } else { Edge::Configured };
            self.add_use(index, id, &used.attribute, &used.to, edge, &mut edges);
        }
        let attributes = resource.attributes.iter().map(|(name, wish)| (name.as_str(), wish));
        let tags = resource.tags.values().map(|tag| ("tags", tag));
        for (attribute, expression) in attributes.chain(tags) {
            for reference in expression.references() {
                // What stands beside something unknown may be known from the file itself.
                let mut uses = resource.references.iter().filter(|used| !used.output);
                if !uses.any(|used| used.attribute == attribute && used.to == *reference) {
                    self.add_use(index, id, attribute, reference, Edge::Needed, &mut edges);
                }
            }
        }
        for other in resource.depends_on.iter().flat_map(|address| index.instances(address)) {
            edges.insert((NodeIndex::new(other), NodeIndex::new(id), Edge::Needed));
        }
        for (from, to, edge) in edges {
            self.edges.add_edge(from, to, edge);
        }
    }

    fn add_use(
        &self,
        index: &Index<'_>,
        id: ResourceId,
        attribute: &str,
        reference: &Reference,
        edge: Edge,
        edges: &mut BTreeSet<(NodeIndex, NodeIndex, Edge)>,
    ) {
        if reference.existing {
            return;
        }
        let reads_late = index.kinds[id].is_some_and(|kind| is_late(kind, attribute));
        let reader = self.late[id].filter(|_| reads_late).unwrap_or(NodeIndex::new(id));
        for other in index.instances(&reference.to) {
            let settles_late = index.kinds[other].is_some_and(|kind| {
                is_late(kind, &reference.attribute)
                    || kind.output(&reference.attribute).is_some_and(|output| output.volatile)
            });
            let read = self.late[other].filter(|_| settles_late).unwrap_or(NodeIndex::new(other));
            let reads_its_own_wish = other == id && edge == Edge::Configured;
            if !reads_its_own_wish {
                edges.insert((read, reader, edge));
            }
        }
    }

    fn add_implied(&mut self, index: &Index<'_>, vpcs: &Vpcs<'_>) {
        let mut names = Names::default();
        for id in 0..index.resources.len() {
            let Some(kind) = index.kinds[id] else { continue };
            for after in &kind.after {
                let others: Vec<ResourceId> = match after.which {
                    Which::SameVpc => vpcs.together(after.kind, id),
                    Which::NamedAfter { theirs, prefix, ours } => {
                        let name = text(index.resources[id], ours);
                        let name = name.map(|name| format!("{prefix}{name}"));
                        name.map(|name| names.of(index, after.kind, theirs, &name))
                            .unwrap_or_default()
                    }
                };
                for other in others.into_iter().filter(|other| *other != id) {
                    self.edges.add_edge(NodeIndex::new(other), NodeIndex::new(id), Edge::Implied);
                }
            }
        }
    }

    /// Sorts, and lets the weaker edges of each circle go, the weakest first.
    fn sort(&mut self) {
        for weakest in [Edge::Configured, Edge::Implied] {
            let circles = self.circles();
            if circles.iter().all(Option::is_none) {
                break;
            }
            self.edges.retain_edges(|graph, edge| {
                let Some((from, to)) = graph.edge_endpoints(edge) else { return false };
                let inside =
                    circles[from.index()].is_some() && circles[from.index()] == circles[to.index()];
                !(inside && graph[edge] == weakest)
            });
        }
        // Recursion would end at some depth of nesting; Kosaraju's algorithm does without.
        let mut components = kosaraju_scc(&self.edges);
        components.reverse();
        for component in components {
            let alone =
                component.len() == 1 && !self.edges.contains_edge(component[0], component[0]);
            if alone {
                self.order.push(self.edges[component[0]]);
            } else {
                self.cycles.push(self.walk_circle(&component));
            }
        }
    }

    /// The circle that each node is part of, if it is.
    fn circles(&self) -> Vec<Option<usize>> {
        let mut circles = vec![None; self.edges.node_count()];
        for (number, component) in kosaraju_scc(&self.edges).into_iter().enumerate() {
            if component.len() > 1 {
                for node in component {
                    circles[node.index()] = Some(number);
                }
            }
        }
        circles
    }

    /// One way round a circle, from its first resource on.
    fn walk_circle(&self, component: &[NodeIndex]) -> Vec<ResourceId> {
        let inside: BTreeSet<NodeIndex> = component.iter().copied().collect();
        let mut path: Vec<NodeIndex> = Vec::new();
        let mut at = inside.first().copied();
        while let Some(node) = at.filter(|node| !path.contains(node)) {
            path.push(node);
            let needs = self.edges.neighbors_directed(node, Direction::Incoming);
            at = needs.filter(|next| inside.contains(next)).min();
        }
        let start = at.and_then(|at| path.iter().position(|node| *node == at)).unwrap_or(0);
        let mut circle: Vec<ResourceId> =
            path[start..].iter().map(|node| self.edges[*node].resource()).collect();
        circle.dedup();
        // Whoever is in the component but not on this way round waits for it all the same.
        let mut rest: Vec<ResourceId> =
            inside.iter().map(|node| self.edges[*node].resource()).collect();
        rest.retain(|id| !circle.contains(id));
        rest.dedup();
        circle.extend(rest);
        circle
    }
}

/// Resources by the value of an attribute; one table for each attribute that orders name.
#[derive(Default)]
struct Names<'a> {
    tables: HashMap<(&'static str, &'static str), HashMap<&'a str, Vec<ResourceId>>>,
}

impl<'a> Names<'a> {
    fn of(
        &mut self,
        index: &Index<'a>,
        kind: &'static str,
        attribute: &'static str,
        name: &str,
    ) -> Vec<ResourceId> {
        let table = self.tables.entry((kind, attribute)).or_insert_with(|| {
            let mut table: HashMap<&str, Vec<ResourceId>> = HashMap::new();
            for (id, resource) in index.resources.iter().enumerate() {
                if resource.address.kind == kind
                    && let Some(name) = text(resource, attribute)
                {
                    table.entry(name).or_default().push(id);
                }
            }
            table
        });
        table.get(name).cloned().unwrap_or_default()
    }
}

fn text<'a>(resource: &'a Resource, attribute: &str) -> Option<&'a str> {
    resource.known(attribute).and_then(Value::as_str)
}

pub(crate) fn is_late(kind: &Kind, attribute: &str) -> bool {
    kind.attribute(attribute).is_some_and(|attribute| attribute.late)
}
