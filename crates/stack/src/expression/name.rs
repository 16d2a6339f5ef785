//! The names in an expression that mean something outside of it.

use super::program::Program;

/// A name, and where it stands in the source of its expression.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: Name,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What a name says that it means; whether there is such a thing is not known yet.
#[derive(Debug)]
pub(crate) enum Name {
    /// `var.x`, `input.x`, `each.key`: the root and the field.
    Binding(&'static str, String),
    /// `stack`, `region`, `account`.
    Ambient(&'static str),
    /// `vpc.main.id`, `subnet.private["a"].id`, `existing.vpc.main.id`, `module.a.vpc.main.id`.
    Resource(ResourceName),
    /// `module.a.outputs.x`, seen from the file that says it.
    Output { modules: Vec<String>, name: String },
    /// The beginning of one of these, or a word that is none of them.
    Incomplete(Vec<String>),
}

/// An attribute or output of a resource.
#[derive(Debug)]
pub(crate) struct ResourceName {
    pub(crate) modules: Vec<String>,
    pub(crate) existing: bool,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) key: Option<Key>,
    pub(crate) attribute: String,
}

/// The key of an instance.
#[derive(Debug)]
pub(crate) enum Key {
    /// `["a"]`
    Literal(String),
    /// `[each.key]`: must be known from the file alone.
    Computed(Box<Program>),
}

impl Name {
    /// The name of the binding in a template, for what is bound there.
    pub(crate) fn binding(&self) -> Option<String> {
        match self {
            Self::Binding(root, field) => Some(format!("{root}.{field}")),
            Self::Ambient(name) => Some((*name).to_owned()),
            Self::Output { modules, name } => {
                Some(format!("module.{}.outputs.{name}", modules.join(".module.")))
            }
            Self::Resource(_) | Self::Incomplete(_) => None,
        }
    }
}
