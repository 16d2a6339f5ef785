//! A stack as the loader understood it: every family expanded, every default filled in, every
//! expression folded as far as the file alone allows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::address::{Address, KindName};
use crate::diagnostic::Location;
use crate::expression::{Expression, Expressions};
use crate::value::Values;

/// What a stack file says.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// Its name, `[a-z][a-z0-9-]*`.
    pub name: String,
    /// The Region, if the file says it.
    pub region: Option<String>,
    /// The account that the file insists on, if it does.
    pub account: Option<String>,
    /// What the stack is for.
    pub description: Option<String>,
    /// The resources by address.
    pub resources: BTreeMap<Address, Resource>,
    /// What is looked up and never changed, by address.
    pub existing: BTreeMap<Address, Existing>,
    /// Sentences to prove, in order.
    pub expect: Vec<Sentence>,
    /// Built-in checks that are not to be heard of.
    pub silence: Vec<Silence>,
    /// Outputs in order of their names; a sensitive one is marked by its value once known.
    pub outputs: BTreeMap<String, Expression>,
    /// Names of looked-up SSM parameters (the newest AMI), wherever they stand in the stack.
    pub parameters: BTreeSet<String>,
    /// The values of its sensitive variables, which are not in the digest.
    pub secrets: Values,
    /// SHA-256 of everything that was read: the stack file, modules, sources, variables.
    pub digest: String,
}

/// One resource, or one instance of a family.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Where it stands in the stack.
    pub address: Address,
    /// Every attribute that its kind declares: what was written, else the default, else `Null`;
    /// unmanaged ones that were not written are missing.
    pub attributes: Expressions,
    /// All tags but the ownership tags, the stack's own merged in.
    pub tags: BTreeMap<String, Expression>,
    /// What it must come after, besides what it refers to.
    pub depends_on: Vec<Address>,
    /// Its former address.
    pub moved_from: Option<Address>,
    /// The physical id of something to take over.
    pub adopt: Option<String>,
    /// Attributes whose differences are left alone, each with the reason.
    pub ignore_changes: BTreeMap<String, String>,
    /// What happens when it leaves the stack.
    pub on_destroy: OnDestroy,
    /// Whether deleting or replacing it is refused.
    pub protect: bool,
    /// Resource attributes that it reads, found before folding: attribute path, and what it reads.
    pub references: Vec<Use>,
    /// Its attributes and tags before anything that others are configured with was folded into them
    /// and before its kind completed them; none if it reads no such thing. What another is called is
    /// certain only when AWS is read: it may have kept a name, or got one beside what it replaces.
    pub unfolded: Option<Box<Unfolded>>,
    /// Where it is written.
    pub location: Option<Location>,
    /// Where its attributes are written, by path within the resource (`ingress.0.port`, `tags.x`);
    /// what was not written is missing.
    pub locations: BTreeMap<String, Location>,
}

/// What a resource says before anything of others is folded into it.
#[derive(Debug, Clone, Default)]
pub struct Unfolded {
    /// Its attributes as written, with the defaults.
    pub attributes: Expressions,
    /// Its tags.
    pub tags: Expressions,
}

/// That an attribute of a resource reads something of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Use {
    /// The attribute that reads, by its top-level name.
    pub attribute: String,
    /// What it reads.
    pub to: crate::expression::Reference,
    /// Whether that is something only AWS can make, so that the other must exist first; else it
    /// is a configured attribute, known from the file.
    pub output: bool,
}

/// What happens to a resource that leaves the stack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDestroy {
    /// It is deleted; what holds data leaves a final snapshot where its kind has one.
    #[default]
    Default,
    /// It is deleted without a snapshot.
    Delete,
    /// It stays, without our tags.
    Retain,
    /// A final snapshot is taken, then it is deleted.
    Snapshot,
}

/// Something that is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Its name in `existing.KIND.NAME`, as an address.
    pub address: Address,
    /// How it is found.
    pub by: By,
    /// Where it is written.
    pub location: Option<Location>,
}

/// How something that is not ours is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By its physical id.
    Id(String),
    /// By its physical name.
    Name(String),
    /// By tags, all of which it has.
    Tags(BTreeMap<String, String>),
    /// The account's default one.
    Default,
    /// As a resource of another stack.
    Stack {
        /// That stack's name.
        stack: String,
        /// The address there.
        address: Address,
    },
}

/// The built-in checks of the network, by code and name. A code never changes its meaning.
pub const CHECKS: [(&str, &str); 7] = [
    ("N001", "open-to-internet"),
    ("N002", "private-subnet-exposed"),
    ("N003", "nat-in-private-subnet"),
    ("N004", "function-in-public-subnet"),
    ("N005", "nat-of-another-zone"),
    ("N006", "answers-blocked"),
    ("N007", "unused-group"),
];

/// A built-in check that is not to be heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Its code, one of [`CHECKS`].
    pub check: String,
    /// On which resource, or instances of a family; on all, if none.
    pub on: Option<Address>,
    /// Why.
    pub reason: String,
    /// Where it is written.
    pub location: Option<Location>,
}

/// One sentence of `expect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// The sentence as written, variables filled in.
    pub text: String,
    /// Who starts the connection.
    pub from: End,
    /// Who is to be reached.
    pub to: End,
    /// Whether it says "does not reach".
    pub negated: bool,
    /// The port, if one is named.
    pub port: Option<u16>,
    /// `tcp` or `udp`; none means every protocol.
    pub protocol: Option<String>,
    /// Where it is written.
    #[serde(skip)]
    pub location: Option<Location>,
}

/// One end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A resource, or every instance of a family.
    Resource(Address),
    /// Something that is looked up, by its address in `existing`.
    Existing(Address),
    /// Every public address.
    Internet,
    /// A network.
    Cidr(String),
    /// An AWS service by its short name: `s3`, `ssm`.
    Service(String),
}

impl Stack {
    /// The resource of that address, or, without a key, every instance of that family.
    pub fn instances<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Resource> {
        // Addresses sort by module, kind, name and key, so a family stands together.
        let from_there_on = self.resources.range(address..).map(|(_, resource)| resource);
        from_there_on.take_while(move |resource| {
            resource.address == *address
                || (address.key.is_none() && resource.address.is_instance_of(address))
        })
    }

    /// The kinds that the stack uses.
    pub fn kinds(&self) -> BTreeSet<KindName> {
        self.resources.keys().chain(self.existing.keys()).map(|a| a.kind.clone()).collect()
    }
}

impl Resource {
    /// The value of an attribute that is known from the file.
    pub fn known(&self, attribute: &str) -> Option<&crate::value::Value> {
        self.attributes.get(attribute).and_then(Expression::known)
    }

    /// Where an attribute is written: the longest part of the path that is, else the resource.
    pub fn place(&self, path: &str) -> Option<Location> {
        let mut path = path;
        loop {
            if let Some(location) = self.locations.get(path) {
                return Some(location.clone());
            }
            match path.rsplit_once('.') {
                Some((outer, _)) => path = outer,
                None => return self.location.clone(),
            }
        }
    }

    /// The tags that are known from the file.
    pub fn known_tags(&self) -> Values {
        let known = self.tags.iter().filter_map(|(key, tag)| Some((key.clone(), tag.to_value()?)));
        known.collect()
    }
}
