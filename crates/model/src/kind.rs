//! How a kind of resource is declared: once, as data.
//!
//! Everything that is said about a kind (order, differences, plan text, schema, documentation,
//! least-privilege policy, estimated times, the simulator's behaviour) is derived from a [`Kind`].
//! Only the calls to AWS themselves are code.

use std::collections::BTreeMap;

use crate::address::{Address, KindName};
use crate::change::Disruption;
use crate::diagnostic::Diagnostic;
use crate::expression::Expressions;
use crate::snapshot::{Facts, Live};
use crate::value::Value;

mod build;
mod catalog;
mod order;

pub use catalog::Catalog;

/// One kind of resource.
pub struct Kind {
    /// The section in a stack file: `db_instance`.
    pub name: &'static str,
    /// The AWS service as its SDK names it: `ec2`, `rds`.
    pub service: &'static str,
    /// One sentence for lists and the schema.
    pub summary: &'static str,
    /// The manual page, in Markdown: identity, what changes in place, what replaces, quirks.
    pub documentation: &'static str,
    /// What users write, besides the fields that every resource takes.
    pub attributes: Vec<Attribute>,
    /// What AWS makes and expressions can read. Every kind has `id`.
    pub outputs: Vec<Output>,
    /// How the physical name is made, for kinds that have one.
    pub naming: Option<Naming>,
    /// Whether it takes `tags`.
    pub taggable: bool,
    /// Whether deleting it loses data: then it is named on the command line or not deleted.
    pub holds_data: bool,
    /// How it is replaced when an attribute cannot change in place.
    pub replacement: Replacement,
    /// What must exist before it although no attribute names it.
    pub after: Vec<After>,
    /// Usual times in seconds.
    pub times: Times,
    /// What it leaves behind when it is deleted.
    pub lingers: Option<Lingers>,
    /// The IAM actions that it needs.
    pub permissions: Permissions,
    /// What protects a repeated create; see [`Idempotency`].
    pub idempotency: Idempotency,
    /// Fills in what follows from other attributes (a derived name, a port by engine) and brings
    /// spelling into the one form that is compared. Runs at load; knows nothing of AWS.
    pub complete: fn(&mut Completion<'_>),
    /// Brings the wish into the form that AWS would report for it, given what is there: `16`
    /// becomes the live `16.8`. Runs at plan, before the comparison, on resolved expressions.
    pub settle: fn(&mut Settlement<'_>),
    /// Offline rules that a type cannot express.
    pub check: fn(&mut Inspection<'_>),
    /// Why AWS takes no final snapshot of one as it is; the plan says so and deletes it without.
    pub unsavable: fn(&Live) -> Option<String>,
    /// What goes with one that is there although the stack, with these attributes, now says that it
    /// stays: AWS was not told yet. The plan warns of it where that one is deleted.
    pub not_kept_yet: fn(&Live, &Expressions) -> Option<String>,
    /// Whether a change, with these attributes wanted, brings at once what AWS has scheduled for later,
    /// too. It then counts as a change of the plan, with its disruption.
    pub flushes: fn(&Expressions) -> bool,
    /// How it is without something for a while: takes an id out of what refers to it. None, if it
    /// cannot be without; what it holds is then not deleted before it holds another.
    pub release: Option<fn(&mut crate::value::Values, &str)>,
}

/// One attribute, or one field of a nested object.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of a declaration")]
pub struct Attribute {
    /// The AWS API's name in `snake_case`, without the repeated prefix.
    pub name: &'static str,
    /// What it is, with its unit.
    pub documentation: &'static str,
    /// What it takes.
    pub ty: Type,
    /// What leaving it out means.
    pub presence: Presence,
    /// Whether it can change in place.
    pub mutability: Mutability,
    /// What a change does to whoever uses the resource.
    pub disruption: Disruption,
    /// Applied in a step of its own, after what it refers to exists; this is what lets two
    /// security groups refer to each other.
    pub late: bool,
    /// Shown as `(sensitive)` everywhere.
    pub sensitive: bool,
    /// Where people put secrets although AWS tells it back to all who may describe it. Of what no
    /// stack describes it is hidden: nothing tells then whether it holds one.
    pub may_hold_secrets: bool,
    /// Sent to AWS but never read back: compared by its hash in the tag `trueup:secret`.
    pub write_only: bool,
    /// Whether a change of it behind our back concerns security.
    pub security: bool,
}

/// What an attribute takes. Lists keep their order, sets do not.
#[derive(Debug, Clone)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds, both included.
    Int {
        /// The least.
        minimum: i64,
        /// The greatest.
        maximum: i64,
    },
    /// A text.
    String,
    /// One of a few words.
    Enum(&'static [&'static str]),
    /// An IPv4 or IPv6 network in canonical form.
    Cidr,
    /// Another resource.
    Reference(ReferenceType),
    /// Elements whose order counts.
    List(Box<Type>),
    /// Elements whose order does not count.
    Set(Box<Type>),
    /// Values by free names.
    Map(Box<Type>),
    /// A fixed set of named fields.
    Object(Vec<Attribute>),
    /// An IAM policy: a document, or a list of statements in the short form.
    Policy,
    /// Code: a folder or a file beside the stack. Read as `{path, sha256}`; compared by `sha256`.
    Source,
    /// One of several shapes, tried in order.
    OneOf(Vec<Type>),
}

/// What a field that names another resource accepts.
#[derive(Debug, Clone)]
pub struct ReferenceType {
    /// The kinds; with several the field takes a whole address (`internet_gateway.main`), with one
    /// the bare name (`main`).
    pub kinds: &'static [&'static str],
    /// The output that the field stands for: `id`, `arn`, `name`.
    pub output: &'static str,
    /// Words and literals that are no resource: `internet`, CIDRs. Tried after names.
    pub literal: Literal,
}

/// Which literals a reference accepts beside names of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// A physical id with this prefix, as `vpc-`.
    Id(&'static str),
    /// A CIDR, or `internet` for `0.0.0.0/0` and `::/0`, or an id with this prefix.
    CidrOrId(&'static str),
    /// Any text (an ARN, a name): a text that is a resource's name means that resource.
    Any,
}

/// What leaving an attribute out means. There is no fourth possibility, so removing a line has
/// exactly one meaning.
#[derive(Debug, Clone)]
pub enum Presence {
    /// It must be written.
    Required,
    /// It then has this value, for this reason.
    Default(Value, &'static str),
    /// It then follows from other attributes, as the text says; `Kind::complete` fills it in.
    Derived(&'static str),
    /// AWS chooses, for this reason, and what it chose is never drift.
    Unmanaged(&'static str),
}

/// Whether an attribute can change in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// An update changes it.
    InPlace,
    /// An update changes a set of which at least one element stays; where none does, a new resource
    /// must take the place of the old.
    Overlapping,
    /// A new resource must take the place of the old.
    Replace,
    /// Only used when the resource is made; a later difference is neither an update nor drift.
    CreateOnly,
}

/// What AWS makes for a resource.
#[derive(Debug, Clone)]
pub struct Output {
    /// The name in expressions.
    pub name: &'static str,
    /// What it is.
    pub documentation: &'static str,
    /// How the simulator makes one: see [`Sample`].
    pub sample: Sample,
    /// Whether an update in place may change it, so that it is unknown while one is planned.
    pub volatile: bool,
    /// The attributes whose change may change it; none named means any.
    pub volatile_with: &'static [&'static str],
    /// The attribute without which AWS makes none: while it is nothing or `false`, there is none.
    pub only_with: Option<&'static str>,
}

/// How the simulator makes an output.
#[derive(Debug, Clone)]
pub enum Sample {
    /// The prefix and seventeen hexadecimal digits: `vpc-0123…`.
    Id(&'static str),
    /// A text with `{region}`, `{account}`, `{id}`, `{hex}`, `{ip}` and `{ATTRIBUTE}` replaced.
    Format(&'static str),
    /// The value of an attribute.
    Attribute(&'static str),
}

/// How the physical name of a kind is made and limited.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// The attribute that holds it: `name`, `identifier`.
    pub attribute: &'static str,
    /// The service's limit in characters.
    pub maximum: usize,
    /// Where two of the same name cannot coexist.
    pub unique: Unique,
    /// Whether AWS stores it in lower case.
    pub lower_case: bool,
}

/// Within what a physical name is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// The whole account.
    Account,
    /// One Region of the account.
    Region,
    /// One VPC; the attribute `vpc` says which.
    Vpc,
}

/// How a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// The new one first; a suffix keeps the names apart where the kind has one.
    CreateFirst,
    /// The old one must go first, for as long as both claim the same.
    DeleteFirst {
        /// The attributes that only one can have: they clash where all of these stay as they are, a
        /// network also where it overlaps with the old one. Without any they always clash.
        claims: &'static [&'static str],
        /// Why, for the plan.
        because: &'static str,
    },
}

/// An order that no attribute shows: this kind comes after those of `kind`.
#[derive(Debug, Clone, Copy)]
pub struct After {
    /// The other kind.
    pub kind: &'static str,
    /// Which of them.
    pub which: Which,
    /// Why, for the graph and the plan.
    pub reason: &'static str,
}

/// Which resources of another kind an order concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that lead, over any number of references, to the same VPC.
    SameVpc,
    /// Those whose attribute `theirs` equals `prefix` followed by our attribute `ours`; such an
    /// order wins over a reference in the other direction that only reads a configured attribute.
    NamedAfter {
        /// Their attribute.
        theirs: &'static str,
        /// What stands before our attribute in it.
        prefix: &'static str,
        /// Our attribute.
        ours: &'static str,
    },
}

/// Usual times in seconds: least, typical, most.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From the call until it is usable.
    pub create: [u32; 3],
    /// A usual change in place.
    pub update: [u32; 3],
    /// From the call until it is gone, without a final snapshot.
    pub delete: [u32; 3],
}

/// How long a change of tags alone takes, in seconds: one call, whatever is tagged.
pub const TAGGING: u32 = 1;

/// What a final snapshot adds to a deletion, in seconds: least, typical, most.
pub const FINAL_SNAPSHOT: [u32; 3] = [120, 225, 600];

/// For how many seconds the network interfaces of a deleted Lambda function stay, and hold their
/// subnets, groups and the function's role: least, typical, most.
///
/// AWS says up to 20 minutes; of a hundred, one takes 35. Nothing else that AWS takes away by itself
/// stays longer, so this is also the most that is told of such tails.
pub const FUNCTION_INTERFACES_STAY: [u32; 3] = [600, 1200, 2100];

/// For how many seconds they are waited for before a run ends without them.
pub const FUNCTION_INTERFACES_AWAITED: u32 = FUNCTION_INTERFACES_STAY[2] + 600;

/// What AWS takes away only a while after a delete, and what holds others until then.
#[derive(Debug, Clone, Copy)]
pub struct Lingers {
    /// What, for people: `network interfaces`.
    pub what: &'static str,
    /// It leaves nothing behind where this attribute is empty.
    pub attribute: &'static str,
    /// For how many seconds after the delete: least, typical, most.
    pub seconds: [u32; 3],
}

/// IAM actions, as `ec2:CreateVpc`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Permissions {
    /// To plan.
    pub read: &'static [&'static str],
    /// To create, besides `read`.
    pub create: &'static [&'static str],
    /// To change, besides `read`.
    pub update: &'static [&'static str],
    /// To delete, besides `read`.
    pub delete: &'static [&'static str],
}

/// What keeps a repeated create from making two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// A client token in the call.
    Token,
    /// A name that can exist only once.
    Name,
    /// Nothing: the ownership tags are looked up before the call is repeated.
    Tags,
}

/// The attributes of one resource while [`Kind::complete`] fills them in.
pub struct Completion<'a> {
    /// The resource.
    pub address: &'a Address,
    /// The stack's name.
    pub stack: &'a str,
    /// The Region.
    pub region: &'a str,
    /// Every declared attribute, defaults filled in, references kept.
    pub attributes: &'a mut Expressions,
}

/// The wish and the reality of one resource while [`Kind::settle`] brings them together.
pub struct Settlement<'a> {
    /// The resource.
    pub address: &'a Address,
    /// The Region.
    pub region: &'a str,
    /// What is wanted; what the hook changes here is what is compared and applied.
    pub wanted: &'a mut Expressions,
    /// What is there, if it is.
    pub live: Option<&'a Live>,
    /// Looked-up facts such as the newest AMI.
    pub facts: &'a Facts,
    /// Remarks for the plan: said, but no change.
    pub remarks: &'a mut Vec<String>,
}

/// One resource while [`Kind::check`] looks at it.
pub struct Inspection<'a> {
    /// The resource.
    pub address: &'a Address,
    /// Its attributes; what is not known yet is not checked.
    pub attributes: &'a Expressions,
    /// The same as the file says them, before [`Kind::complete`]; paths of faults are those of this.
    pub written: &'a Expressions,
    /// Faults: the path of the attribute (`ingress.0.port`), and what to write instead.
    pub faults: Vec<Fault>,
}

/// A fault that a kind found in a resource; the loader knows where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The path of the attribute within the resource, parts joined with dots.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Other paths that belong to it, each with a label.
    pub related: Vec<(String, String)>,
}

/// A check over all resources of a stack at once (overlapping subnets, one zone for RDS).
pub type StackCheck = fn(&crate::stack::Stack) -> Vec<Diagnostic>;

impl Kind {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The output of that name.
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// Whether a name in an expression means what the file says, and not what AWS makes.
    ///
    /// An output hides the attribute of the same name: `lambda_function.api.url` is the address that
    /// AWS gives it, not the settings that it was made with. An output that only repeats the
    /// attribute is what the file says.
    pub fn is_configured(&self, name: &str) -> bool {
        let made = self.output(name).is_some_and(|output| match output.sample {
            Sample::Attribute(attribute) => attribute != name,
            Sample::Id(_) | Sample::Format(_) => true,
        });
        self.attribute(name).is_some() && !made
    }

    /// Whether the attribute of that name is the physical name.
    pub fn is_named_by(&self, attribute: &str) -> bool {
        self.naming.is_some_and(|naming| naming.attribute == attribute)
    }

    /// The kind's name as the key that other crates use.
    pub fn key(&self) -> KindName {
        KindName::from(self.name)
    }

    /// The attributes that the output of that name tells, in whole or in part.
    pub fn told_by(&self, output: &str) -> impl Iterator<Item = &Attribute> {
        let sample = self.output(output).map(|output| output.sample.clone());
        self.attributes.iter().filter(move |attribute| match &sample {
            Some(Sample::Attribute(name)) => *name == attribute.name,
            Some(Sample::Format(format)) => format.contains(&format!("{{{}}}", attribute.name)),
            Some(Sample::Id(_)) | None => false,
        })
    }

    /// Whether some attributes are applied in a step of their own.
    pub fn has_late(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute.late)
    }
}

impl Type {
    /// The type of what stands inside a list, set or map.
    pub fn element(&self) -> Option<&Type> {
        match self {
            Self::List(inner) | Self::Set(inner) | Self::Map(inner) => Some(inner),
            _ => None,
        }
    }
}

/// The default of attributes by name; for tests and the documentation.
pub fn defaults(attributes: &[Attribute]) -> BTreeMap<&'static str, Value> {
    let with_default = attributes.iter().filter_map(|attribute| match &attribute.presence {
        Presence::Default(value, _) => Some((attribute.name, value.clone())),
        _ => None,
    });
    with_default.collect()
}
