//! A small world: a stack as text, an account in memory that is stricter than AWS, and plans as
//! text.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expression::{EvaluationError, Expressions, Lookup};
use trueup_model::kind::{Mutability, Sample};
use trueup_model::plan::{Operation, Target};
use trueup_model::snapshot::Ownership;
use trueup_model::value::Values;
use trueup_model::{
    Address, Catalog, Condition, Evaluator, Expression, Kind, KindName, Live, Plan, Reference,
    Scope, Snapshot, Stack, Template, Type, Value,
};
use trueup_planner::{Input, Mode, Options, check, plan};

use crate::language;
use crate::show::show;

pub(crate) struct World {
    pub catalog: Catalog,
    pub stack: Stack,
    pub account: Snapshot,
    pub options: Options,
    /// Every secret that the stack ever held.
    pub secrets: BTreeSet<String>,
    made: u64,
}

impl World {
    /// An empty account, and a stack that wants this.
    pub(crate) fn new(stack: &str) -> Self {
        let catalog = crate::catalog::catalog();
        let stack = language::stack(&catalog, stack);
        let account = Snapshot {
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            ..Snapshot::default()
        };
        let secrets = secrets(&stack);
        Self { catalog, stack, account, options: Options::default(), secrets, made: 0 }
    }

    /// A stack that is applied.
    pub(crate) fn applied(stack: &str) -> Self {
        let mut world = Self::new(stack);
        world.apply();
        world
    }

    /// The stack wants something else.
    pub(crate) fn edit(&mut self, stack: &str) -> &mut Self {
        self.stack = language::stack(&self.catalog, stack);
        self.secrets.extend(secrets(&self.stack));
        self
    }

    pub(crate) fn destroy(&mut self) -> &mut Self {
        self.options.mode = Mode::Destroy;
        self
    }

    pub(crate) fn allow(&mut self, address: &str) -> &mut Self {
        self.options.allow_data_loss.insert(address.parse().unwrap());
        self
    }

    /// Changes something behind the stack's back.
    pub(crate) fn behind(&mut self, address: &str, change: impl FnOnce(&mut Live)) -> &mut Self {
        let address: Address = address.parse().unwrap();
        let mut lives = self.account.resources.iter_mut();
        change(lives.find(|live| live.ownership.address.as_ref() == Some(&address)).unwrap());
        self
    }

    /// Deletes something behind the stack's back.
    pub(crate) fn lose(&mut self, address: &str) -> &mut Self {
        let address: Address = address.parse().unwrap();
        self.account.resources.retain(|live| live.ownership.address.as_ref() != Some(&address));
        self
    }

    pub(crate) fn id(&self, address: &str) -> String {
        let address: Address = address.parse().unwrap();
        self.find(&address).unwrap().id.clone()
    }

    pub(crate) fn find(&self, address: &Address) -> Option<&Live> {
        let mut lives = self.account.resources.iter();
        lives.find(|live| live.ownership.address.as_ref() == Some(address))
    }

    /// The plan, checked.
    pub(crate) fn plan(&self) -> Plan {
        let input = Input {
            stack: &self.stack,
            catalog: &self.catalog,
            snapshot: &self.account,
            evaluator: &Cel,
            options: &self.options,
        };
        let plan = plan(&input);
        let broken: Vec<String> =
            check(&plan, &self.stack, &self.catalog).iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{broken:#?}\n{}", show(&plan));
        let json = |plan: &Plan| serde_json::to_string(plan).unwrap();
        for text in [json(&plan), show(&plan)] {
            for secret in &self.secrets {
                assert!(!text.contains(secret), "it shows {secret}: {text}");
            }
        }
        assert_eq!(
            json(&plan),
            json(&trueup_planner::plan(&input)),
            "the same input, another plan"
        );
        plan
    }

    pub(crate) fn show(&self) -> String {
        show(&self.plan())
    }

    /// Carries out the plan, and then finds nothing left to do.
    pub(crate) fn apply(&mut self) -> &mut Self {
        let plan = self.plan();
        self.carry_out(&plan, plan.steps.len());
        let again = self.plan();
        assert!(again.is_empty(), "after\n{}\nthere is still\n{}", show(&plan), show(&again));
        self
    }

    /// Carries out the first steps of the plan, and ends as a killed process does.
    pub(crate) fn crash_after(&mut self, steps: usize) -> &mut Self {
        let plan = self.plan();
        self.carry_out(&plan, steps.min(plan.steps.len()));
        self
    }

    fn carry_out(&mut self, plan: &Plan, steps: usize) {
        let mut made: BTreeMap<usize, String> = BTreeMap::new();
        let mut newest: BTreeMap<Address, String> = BTreeMap::new();
        for step in &plan.steps[..steps] {
            let text = format!("{} {}", step.operation.verb(), step.address);
            match &step.operation {
                Operation::Create { attributes, tags, ownership, .. } => {
                    let id = self.create(&step.kind, attributes, tags, ownership, &newest);
                    newest.insert(step.address.clone(), id.clone());
                    made.insert(step.id, id);
                }
                Operation::Update { target, attributes, tags, ownership, .. } => {
                    let id = match target {
                        Target::Id(id) => id.clone(),
                        Target::Step(step) => made[step].clone(),
                    };
                    let attributes = self.fold(attributes, &newest, &text);
                    let tags = self.fold(tags, &newest, &text);
                    self.update(&step.kind, &id, &attributes, &tags, ownership);
                }
                Operation::Delete { before, .. } => {
                    // The check has proved that who is changed later cannot be changed earlier.
                    let later = plan.steps[step.id..].iter().any(|later| match &later.operation {
                        Operation::Update { before: Some(user), .. } => {
                            mentions(&user.attributes, &before.id)
                        }
                        _ => false,
                    });
                    self.delete(before, !later, &text);
                }
                Operation::Forget { before } => {
                    self.live(&before.kind, &before.id).ownership = Ownership::default();
                }
            }
        }
    }

    fn create(
        &mut self,
        kind: &KindName,
        attributes: &Expressions,
        tags: &Expressions,
        ownership: &Ownership,
        newest: &BTreeMap<Address, String>,
    ) -> String {
        let text = format!("create {}", ownership.address.as_ref().unwrap());
        let attributes = self.fold(attributes, newest, &text);
        let tags = self.fold(tags, newest, &text);
        self.made += 1;
        let hex = format!("{:09x}", 0xabc_0000 + self.made);
        let kind = self.catalog.kind(kind);
        let mut outputs = Values::new();
        let name = attributes.get("name").cloned().unwrap_or_default();
        for output in &kind.outputs {
            let value = match output.sample {
                Sample::Id(prefix) => format!("{prefix}{hex}").into(),
                Sample::Attribute(attribute) => attributes[attribute].clone(),
                Sample::Format(format) => format
                    .replace("{name}", name.as_str().unwrap_or_default())
                    .replace("{hex}", &hex)
                    .replace("{id}", name.as_str().unwrap_or_default())
                    .into(),
            };
            outputs.insert(output.name.to_owned(), value);
        }
        let id = outputs["id"].as_str().unwrap().to_owned();
        let same = |live: &&Live| live.kind == kind.name && live.id == id;
        assert!(!self.account.resources.iter().any(|l| same(&l)), "{text}: {id} exists");
        if let Some(naming) =
            kind.naming.filter(|naming| naming.unique != trueup_model::kind::Unique::Vpc)
        {
            let name = &attributes[naming.attribute];
            let mut others = self.account.resources.iter().filter(|live| live.kind == kind.name);
            assert!(
                !others.any(|live| live.attributes.get(naming.attribute) == Some(name)),
                "{text}: {name} is taken"
            );
        }
        let live = Live {
            kind: kind.key(),
            id: id.clone(),
            ownership: ownership.clone(),
            attributes: reported(kind, &attributes),
            outputs,
            tags: texts(&tags),
            condition: Condition::Ready,
            scheduled: Values::new(),
        };
        self.refuse_dangling(&live, &text);
        self.account.resources.push(live);
        id
    }

    fn update(
        &mut self,
        kind: &KindName,
        id: &str,
        attributes: &Values,
        tags: &Values,
        ownership: &Ownership,
    ) {
        let declared = self.catalog.kind(kind);
        let mut new = reported(declared, attributes);
        let there = self.account.resources.iter().find(|l| l.kind == *kind && l.id == id).unwrap();
        for attribute in &declared.attributes {
            let old = there.attributes.get(attribute.name);
            let in_place = [Mutability::InPlace, Mutability::Overlapping];
            if !in_place.contains(&attribute.mutability) || !attributes.contains_key(attribute.name)
            {
                // It stays as it was made, whatever is asked.
                match old {
                    Some(old) => drop(new.insert(attribute.name.to_owned(), old.clone())),
                    None => drop(new.remove(attribute.name)),
                }
            }
        }
        self.made += 1;
        let hex = format!("{:09x}", 0xabc_0000 + self.made);
        let volatile = self.catalog.kind(kind).outputs.iter().filter(|output| output.volatile);
        let remade: Vec<(String, Value)> = volatile
            .filter_map(|output| match output.sample {
                Sample::Format(format) => {
                    Some((output.name.to_owned(), format.replace("{hex}", &hex).into()))
                }
                Sample::Id(_) | Sample::Attribute(_) => None,
            })
            .collect();
        let live = self.live(kind, id);
        if live.attributes != new {
            live.outputs.extend(remade);
        }
        live.attributes = new;
        live.tags = texts(tags);
        live.ownership = ownership.clone();
        live.condition = Condition::Ready;
        let live = live.clone();
        self.refuse_dangling(&live, &format!("update {id}"));
    }

    fn delete(&mut self, before: &Live, strict: bool, text: &str) {
        let here = |live: &&Live| live.kind == before.kind && live.id == before.id;
        assert!(self.account.resources.iter().any(|live| here(&live)), "{text}: it is gone");
        let holds = |live: &&Live| mentions(&live.attributes, &before.id);
        let holder = self.account.resources.iter().filter(|live| !here(live)).find(holds);
        if let Some(holder) = holder.filter(|_| strict && before.id.contains("-0")) {
            panic!("{text}: {} {} still uses it", holder.kind, holder.id);
        }
        self.account.resources.retain(|live| !here(&live));
    }

    /// AWS takes no id of something that does not exist.
    fn refuse_dangling(&self, live: &Live, text: &str) {
        let there = self.account.resources.iter().chain(self.account.existing.values());
        let ids: Vec<&str> = there.map(|live| live.id.as_str()).collect();
        let mut found = Vec::new();
        collect(&Value::Map(live.attributes.clone()), &mut found);
        for id in found.iter().filter(|id| id.contains("-00abc")) {
            assert!(ids.contains(&id.as_str()), "{text}: {id} does not exist");
        }
    }

    fn live(&mut self, kind: &KindName, id: &str) -> &mut Live {
        let mut lives = self.account.resources.iter_mut();
        lives.find(|live| live.kind == *kind && live.id == id).unwrap()
    }

    fn fold(&self, wanted: &Expressions, newest: &BTreeMap<Address, String>, text: &str) -> Values {
        let scope = Account { world: self, newest };
        let fold = |(name, wish): (&String, &Expression)| {
            let wish = wish.resolve(&Cel, &scope).unwrap();
            (name.clone(), wish.to_value().unwrap_or_else(|| panic!("{text}: {name} is unknown")))
        };
        wanted.iter().map(fold).collect()
    }
}

/// What AWS reports of what it was asked for.
pub(crate) fn reported(kind: &Kind, asked: &Values) -> Values {
    let mut reported = Values::new();
    for attribute in &kind.attributes {
        let value = asked.get(attribute.name).cloned().unwrap_or_default().revealed();
        if attribute.write_only {
            continue;
        }
        let value = match (&attribute.ty, value) {
            (Type::Source, Value::Map(fields)) => {
                Value::Map([("sha256".to_owned(), fields["sha256"].clone())].into())
            }
            (Type::Set(_), Value::List(mut elements)) => {
                elements.reverse();
                Value::List(elements)
            }
            (_, Value::Null)
                if matches!(attribute.presence, trueup_model::kind::Presence::Unmanaged(_)) =>
            {
                "chosen by AWS".into()
            }
            (_, Value::String(text))
                if kind.name == "db_instance" && attribute.name == "version" =>
            {
                if text.contains('.') { text.into() } else { format!("{text}.8").into() }
            }
            (_, value) => value,
        };
        if !value.is_null() {
            reported.insert(attribute.name.to_owned(), value);
        }
    }
    reported
}

/// Shorter ones may stand somewhere by chance.
fn secrets(stack: &Stack) -> BTreeSet<String> {
    let found = RefCell::new(BTreeSet::new());
    let note = |value: Value| {
        value.map_texts(&|text| {
            if let Value::Secret(secret) = &text {
                found.borrow_mut().insert(secret.reveal().to_owned());
            }
            text
        })
    };
    let attributes = stack.resources.values().flat_map(|resource| resource.attributes.values());
    for expression in attributes.chain(stack.outputs.values()) {
        let _ = expression.clone().map_values(&note);
    }
    found.into_inner().into_iter().filter(|secret| secret.len() >= 6).collect()
}

fn texts(tags: &Values) -> BTreeMap<String, String> {
    tags.iter().map(|(key, tag)| (key.clone(), tag.to_string())).collect()
}

fn mentions(values: &Values, id: &str) -> bool {
    let mut texts = Vec::new();
    collect(&Value::Map(values.clone()), &mut texts);
    texts.iter().any(|text| text == id)
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::List(elements) => elements.iter().for_each(|element| collect(element, texts)),
        Value::Map(fields) => fields.values().for_each(|field| collect(field, texts)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) => {}
    }
}

/// What the account knows while a plan is carried out.
struct Account<'w> {
    world: &'w World,
    newest: &'w BTreeMap<Address, String>,
}

impl Scope for Account<'_> {
    fn lookup(&self, reference: &Reference) -> Lookup {
        if reference.existing {
            let found = self.world.account.existing.get(&reference.to);
            return found
                .map_or(Lookup::Missing, |l| Lookup::Known(l.get(&reference.attribute).clone()));
        }
        let id = self.newest.get(&reference.to);
        let mut lives = self.world.account.resources.iter();
        let found = lives.find(|live| {
            live.ownership.address.as_ref() == Some(&reference.to)
                && id.is_none_or(|id| *id == live.id)
        });
        found.map_or(Lookup::Unknown, |live| Lookup::Known(live.get(&reference.attribute).clone()))
    }

    fn ambient(&self, _: &str) -> Option<Value> {
        None
    }
}

/// Just enough of an evaluator: `${KIND.NAME.ATTRIBUTE}`.
pub(crate) struct Cel;

impl Evaluator for Cel {
    fn evaluate(
        &self,
        template: &Template,
        scope: &dyn Scope,
    ) -> Result<Option<Value>, EvaluationError> {
        let (mut text, mut secret) = (template.source.clone(), false);
        for reference in &template.references {
            let value = match scope.lookup(reference) {
                Lookup::Known(value) => value,
                Lookup::Unknown => return Ok(None),
                Lookup::Missing => {
                    let message = format!("there is no {reference}");
                    return Err(EvaluationError { source_text: template.source.clone(), message });
                }
            };
            let hole = format!("${{{reference}}}");
            if template.source == hole {
                return Ok(Some(value));
            }
            secret |= value.holds_secret();
            text = text.replace(&hole, &value.revealed().to_string());
        }
        let text = Value::from(text);
        Ok(Some(if secret { text.into_secret() } else { text }))
    }
}
