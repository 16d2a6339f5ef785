//! The dependency graph of a stack, as Mermaid or for Graphviz.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::{Address, Resource, Stack};

/// Which resource needs which others.
pub(crate) struct Graph<'a> {
    nodes: BTreeMap<&'a Address, BTreeSet<&'a Address>>,
}

impl<'a> Graph<'a> {
    /// The graph of a stack: an arrow leads from a resource to what it needs.
    pub(crate) fn of(stack: &'a Stack) -> Self {
        let nodes = stack.resources.iter().map(|(address, resource)| {
            let mut needs = BTreeSet::new();
            for named in named(resource) {
                let instances = stack.instances(named).map(|instance| &instance.address);
                needs.extend(instances.filter(|&instance| instance != address));
            }
            (address, needs)
        });
        Self { nodes: nodes.collect() }
    }

    /// As Mermaid, which Markdown on code hosts draws.
    pub(crate) fn mermaid(&self) -> String {
        let mut text = "graph LR\n".to_owned();
        let ids = self.ids();
        for address in self.nodes.keys() {
            text += &format!("  {}[\"{address}\"]\n", ids[address]);
        }
        for (from, to) in self.edges() {
            text += &format!("  {} --> {}\n", ids[from], ids[to]);
        }
        text
    }

    /// As Graphviz draws it: `trueup graph --format dot | dot -Tsvg`.
    pub(crate) fn dot(&self) -> String {
        let mut text =
            "digraph stack {\n  rankdir = LR;\n  node [shape = box, style = rounded];\n".to_owned();
        for address in self.nodes.keys() {
            text += &format!("  {:?};\n", address.to_string());
        }
        for (from, to) in self.edges() {
            text += &format!("  {:?} -> {:?};\n", from.to_string(), to.to_string());
        }
        text + "}\n"
    }

    fn edges(&self) -> impl Iterator<Item = (&Address, &Address)> {
        self.nodes.iter().flat_map(|(from, needs)| needs.iter().map(move |to| (*from, *to)))
    }

    /// Mermaid's ids have no dots or brackets; the index keeps equal ones apart.
    fn ids(&self) -> BTreeMap<&Address, String> {
        let ids = self.nodes.keys().enumerate().map(|(index, address)| {
            let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            (*address, format!("{}{index}", address.to_string().replace(|c| word(c) == '_', "_")))
        });
        ids.collect()
    }
}

fn named(resource: &Resource) -> impl Iterator<Item = &Address> {
    let references = resource.references.iter().filter(|reference| !reference.to.existing);
    references.map(|reference| &reference.to.to).chain(&resource.depends_on)
}
