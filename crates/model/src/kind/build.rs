//! Short words to declare kinds with, so that a kind file reads as a table.

use super::{
    Attribute, Completion, Idempotency, Inspection, Kind, Literal, Mutability, Output, Permissions,
    Presence, ReferenceType, Replacement, Sample, Settlement, Times, Type,
};
use crate::change::Disruption;
use crate::value::Value;

impl Kind {
    /// A kind with an `id`, tags, no attributes, and the usual choices; the rest is set by field.
    pub fn new(name: &'static str, service: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            service,
            summary,
            documentation: "",
            attributes: Vec::new(),
            outputs: Vec::new(),
            naming: None,
            taggable: true,
            holds_data: false,
            replacement: Replacement::CreateFirst,
            after: Vec::new(),
            times: Times { create: [1, 1, 3], update: [1, 1, 3], delete: [1, 1, 3] },
            lingers: None,
            permissions: Permissions::default(),
            idempotency: Idempotency::Tags,
            complete: nothing_to_complete,
            settle: nothing_to_settle,
            check: nothing_to_check,
            unsavable: |_| None,
            not_kept_yet: |_, _| None,
            flushes: |_| false,
            release: None,
        }
    }
}

fn nothing_to_complete(_: &mut Completion<'_>) {}
fn nothing_to_settle(_: &mut Settlement<'_>) {}
fn nothing_to_check(_: &mut Inspection<'_>) {}

impl Attribute {
    /// An attribute that must be written, changes in place and disturbs nobody.
    pub fn new(name: &'static str, ty: Type, documentation: &'static str) -> Self {
        Self {
            name,
            documentation,
            ty,
            presence: Presence::Required,
            mutability: Mutability::InPlace,
            disruption: Disruption::None,
            late: false,
            sensitive: false,
            may_hold_secrets: false,
            write_only: false,
            security: false,
        }
    }

    /// Left out, it has this value, for this reason.
    #[must_use]
    pub fn or(mut self, default: impl Into<Value>, reason: &'static str) -> Self {
        self.presence = Presence::Default(default.into(), reason);
        self
    }

    /// Left out, there is none.
    #[must_use]
    pub fn optional(self) -> Self {
        self.or(Value::Null, "there is none unless it is written")
    }

    /// Left out, it follows from other attributes, as the text says.
    #[must_use]
    pub fn derived(mut self, from: &'static str) -> Self {
        self.presence = Presence::Derived(from);
        self
    }

    /// Left out, AWS chooses, and what it chose is never drift.
    #[must_use]
    pub fn unmanaged(mut self, reason: &'static str) -> Self {
        self.presence = Presence::Unmanaged(reason);
        self
    }

    /// It cannot change in place.
    #[must_use]
    pub fn replaces(mut self) -> Self {
        self.mutability = Mutability::Replace;
        self.disruption = Disruption::Outage;
        self
    }

    /// It changes in place as long as an element of the set stays.
    #[must_use]
    pub fn replaces_without_overlap(mut self) -> Self {
        self.mutability = Mutability::Overlapping;
        self
    }

    /// It only counts when the resource is made.
    #[must_use]
    pub fn create_only(mut self) -> Self {
        self.mutability = Mutability::CreateOnly;
        self
    }

    /// A change of it disturbs whoever uses the resource.
    #[must_use]
    pub fn disrupts(mut self, disruption: Disruption) -> Self {
        self.disruption = disruption;
        self
    }

    /// It is applied in a step of its own, after what it refers to exists.
    #[must_use]
    pub fn late(mut self) -> Self {
        self.late = true;
        self
    }

    /// No output may show it.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// People put secrets there.
    #[must_use]
    pub fn may_hold_secrets(mut self) -> Self {
        self.may_hold_secrets = true;
        self
    }

    /// AWS never tells it back.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// Drift of it is drift of class security.
    #[must_use]
    pub fn security(mut self) -> Self {
        self.security = true;
        self
    }
}

impl Type {
    /// A whole number from `minimum` to `maximum`.
    pub fn int(minimum: i64, maximum: i64) -> Self {
        Self::Int { minimum, maximum }
    }

    /// The id of a resource of one kind: `vpc: main`.
    pub fn id_of(kind: &'static [&'static str; 1], prefix: &'static str) -> Self {
        Self::Reference(ReferenceType { kinds: kind, output: "id", literal: Literal::Id(prefix) })
    }

    /// An output of a resource of one of these kinds, or any text in its place.
    pub fn output_of(kinds: &'static [&'static str], output: &'static str) -> Self {
        Self::Reference(ReferenceType { kinds, output, literal: Literal::Any })
    }

    /// A list in which order counts.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// A list in which order does not count.
    #[must_use]
    pub fn set(self) -> Self {
        Self::Set(Box::new(self))
    }

    /// Values of this type by free names.
    #[must_use]
    pub fn map(self) -> Self {
        Self::Map(Box::new(self))
    }
}

impl Output {
    /// An output that stays as long as the resource does.
    pub fn new(name: &'static str, sample: Sample, documentation: &'static str) -> Self {
        Self { name, documentation, sample, volatile: false, volatile_with: &[], only_with: None }
    }

    /// An output that any update in place may change.
    #[must_use]
    pub fn volatile(self) -> Self {
        self.volatile_with(&[])
    }

    /// An output that a change of these attributes may change.
    #[must_use]
    pub fn volatile_with(mut self, attributes: &'static [&'static str]) -> Self {
        self.volatile = true;
        self.volatile_with = attributes;
        self
    }

    /// An output that is there only as long as this attribute says so, and changes only with it
    /// unless something else is said after this.
    #[must_use]
    pub fn only_with(mut self, attribute: &'static [&'static str; 1]) -> Self {
        self.only_with = Some(attribute[0]);
        self.volatile_with(attribute)
    }
}
