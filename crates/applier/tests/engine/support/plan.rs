//! Plans in short words, and what surrounds them: live resources, kinds, an evaluator.

use std::collections::BTreeMap;
use std::sync::Arc;

use trueup_model::change::{Cause, Change};
use trueup_model::expression::{EvaluationError, Lookup, Scope};
use trueup_model::value::Values;
use trueup_model::{
    Action, Address, Catalog, Condition, Disruption, Evaluator, Expression, Kind, Live, Operation,
    Ownership, Plan, Step, StepId, Template, Value,
};

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A plan in the making.
pub(crate) struct Planned(pub(crate) Plan);

impl Planned {
    pub(crate) fn new() -> Self {
        Self(Plan {
            format: 1,
            stack: "test".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-west-2".to_owned(),
            stack_digest: String::new(),
            changes: Vec::new(),
            steps: Vec::new(),
            withheld: Vec::new(),
            findings: Vec::new(),
            expect: Vec::new(),
            outputs: BTreeMap::new(),
            fingerprints: BTreeMap::new(),
            longest_chain: Vec::new(),
            seconds: 0,
            proofs: Vec::new(),
            api_calls: 0,
        })
    }

    /// A resource of the stack.
    pub(crate) fn change(&mut self, text: &str, action: Action, id: Option<&str>) {
        let address = address(text);
        self.0.changes.retain(|change| change.address != address);
        self.0.changes.push(Change {
            kind: address.kind.clone(),
            address,
            action,
            id: id.map(str::to_owned),
            cause: Cause::File,
            reasons: Vec::new(),
            attributes: Vec::new(),
            disruption: Disruption::None,
            seconds: 0,
            remarks: Vec::new(),
            location: None,
        });
        self.0.changes.sort_by(|one, other| one.address.cmp(&other.address));
    }

    pub(crate) fn step(
        &mut self,
        text: &str,
        operation: Operation,
        seconds: u32,
        after: &[StepId],
    ) -> StepId {
        let address = address(text);
        let id = self.0.steps.len();
        let (kind, after) = (address.kind.clone(), after.to_vec());
        self.0.steps.push(Step {
            id,
            address,
            kind,
            operation,
            after,
            seconds,
            lingers: 0,
            location: None,
        });
        id
    }

    /// A resource that is made, without attributes.
    pub(crate) fn create(&mut self, text: &str, seconds: u32, after: &[StepId]) -> StepId {
        self.create_with(text, seconds, after, [])
    }

    pub(crate) fn create_with<const N: usize>(
        &mut self,
        text: &str,
        seconds: u32,
        after: &[StepId],
        attributes: [(&str, Expression); N],
    ) -> StepId {
        self.change(text, Action::Create, None);
        let ownership = owned(text);
        let mut tags: BTreeMap<String, Expression> =
            ownership.to_tags().into_iter().map(|(key, value)| (key, value.into())).collect();
        tags.insert("team".to_owned(), "blue".into());
        let attributes = attributes.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
        let token = format!("token-{text}");
        self.step(text, Operation::Create { attributes, tags, ownership, token }, seconds, after)
    }
}

pub(crate) fn owned(text: &str) -> Ownership {
    Ownership {
        stack: Some("test".to_owned()),
        address: Some(address(text)),
        spec: Some("0123456789abcdef".to_owned()),
        ..Ownership::default()
    }
}

pub(crate) fn live(text: &str, id: &str) -> Live {
    Live {
        kind: address(text).kind,
        id: id.to_owned(),
        ownership: owned(text),
        attributes: Values::new(),
        outputs: [("id".to_owned(), Value::from(id))].into(),
        tags: BTreeMap::new(),
        condition: Condition::Ready,
        scheduled: Values::new(),
    }
}

/// Kinds whose usual times are those of AWS.
pub(crate) fn catalog() -> Arc<Catalog> {
    let kind = |name, create: [u32; 3], delete: [u32; 3]| {
        let mut kind = Kind::new(name, "ec2", "for tests");
        kind.times.create = create;
        kind.times.delete = delete;
        kind
    };
    let kinds = [
        kind("vpc", [1, 2, 11], [1, 1, 3]),
        kind("subnet", [1, 1, 12], [1, 1, 2]),
        kind("nat_gateway", [94, 107, 124], [37, 55, 80]),
        kind("db_instance", [315, 450, 620], [240, 275, 400]),
    ];
    Arc::new(Catalog::new(kinds, Vec::new()))
}

/// Replaces every `${REFERENCE}` by its value.
pub(crate) struct Substitution;

impl Evaluator for Substitution {
    fn evaluate(
        &self,
        template: &Template,
        scope: &dyn Scope,
    ) -> Result<Option<Value>, EvaluationError> {
        let mut text = template.source.clone();
        for reference in &template.references {
            match scope.lookup(reference) {
                Lookup::Known(value) => {
                    text = text.replace(&format!("${{{reference}}}"), &value.to_string());
                }
                Lookup::Unknown => return Ok(None),
                Lookup::Missing => {
                    let message = format!("there is no {reference}");
                    return Err(EvaluationError { source_text: text, message });
                }
            }
        }
        let account = scope.ambient("account").unwrap().to_string();
        Ok(Some(Value::from(text.replace("${account}", &account))))
    }
}
