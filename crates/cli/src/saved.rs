//! Saved plans: what was decided, from what, and whether it would still be decided so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use trueup_model::{Address, KindName, Live, Plan, Stack, Value};
use trueup_stack::{DiskFiles, Files};

use crate::arguments::Permissions;
use crate::context::Context;
use crate::error::Error;
use crate::render::{json, value};
use crate::situation::{Intent, Situation};

/// The version of a saved plan's form; raised when a field is added or changes its meaning.
const FORMAT: u32 = 3;

/// What is saved beside the plan itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    format: u32,
    trueup: String,
    made_at: String,
    stack_file: PathBuf,
    destroy: bool,
    allow_data_loss: Vec<Address>,
    allow_mass_delete: bool,
    max_disruption: Option<trueup_model::Disruption>,
    variables: Vec<String>,
    variable_files: Vec<PathBuf>,
    /// The slow hash of each sensitive variable.
    secrets: BTreeMap<String, String>,
    live: Vec<Seen>,
}

/// A live resource that a plan touches or reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// What the plan calls it. What it adopts or moves does not carry that yet, and an interrupted
    /// replacement leaves two of one address.
    address: Address,
    live: Live,
}

/// A saved plan, as far as it is needed to compare it with a new one.
#[derive(Debug, Deserialize)]
pub(crate) struct Saved {
    stack: String,
    account: String,
    region: String,
    stack_digest: String,
    fingerprints: BTreeMap<Address, String>,
    steps: Json,
    #[serde(rename = "saved")]
    origin: Origin,
}

/// Whether a path names a saved plan rather than a stack.
pub(crate) fn is_plan(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// Refuses a saved plan where a stack is wanted: it would be taken for one without a single known section.
pub(crate) fn refuse(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Document {
        saved: Formatted,
    }
    #[derive(Deserialize)]
    struct Formatted {
        #[serde(rename = "format")]
        _format: u32,
    }
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(());
    }
    let Ok(Document { saved: Formatted { .. } }) = serde_json::from_slice(bytes) else {
        return Ok(());
    };
    let shown = path.display();
    Err(Error::Usage {
        message: format!("{shown} is no stack: this is a saved plan"),
        help: if is_plan(path) {
            format!("'trueup apply {shown}' carries it out")
        } else {
            "'trueup apply' carries it out under a name that ends in .json".to_owned()
        },
    })
}

/// Saves a plan, with nothing sensitive in it.
pub(crate) fn write(
    path: &Path,
    plan: &Plan,
    intent: &Intent,
    situation: &Situation,
    context: &Context,
) -> Result<(), Error> {
    let origin = Origin {
        format: FORMAT,
        trueup: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: context.now(),
        stack_file: situation.file.clone(),
        destroy: intent.destroy,
        allow_data_loss: intent.permissions.allow_data_loss.clone(),
        allow_mass_delete: intent.permissions.allow_mass_delete,
        max_disruption: intent.permissions.max_disruption.map(Into::into),
        variables: context.global.var.iter().map(|(name, _)| name.clone()).collect(),
        variable_files: context.global.var_file.clone(),
        secrets: secrets(&situation.stack),
        live: lives(plan, situation),
    };
    let mut document = json::plan(plan, &situation.catalog);
    document.insert("saved".into(), json!(origin));
    let write = std::fs::write(path, json::pretty(&document));
    write.map_err(|source| Error::File { doing: "write", path: path.to_owned(), source })
}

/// Refuses a name under which `apply` would not know a plan, and that of something else: it may be the
/// stack.
pub(crate) fn may_write(path: &Path) -> Result<(), Error> {
    let message = if !is_plan(path) {
        format!("{} would not be known as a saved plan, whose name ends with .json", path.display())
    } else if path.exists() && read(path).is_err() {
        format!("{} exists already and is no saved plan", path.display())
    } else {
        return Ok(());
    };
    Err(Error::Usage { message, help: "name another file with --out".to_owned() })
}

/// The command that carries out what was saved, with the options that must be the same.
pub(crate) fn command(path: &Path, context: &Context) -> String {
    let global = &context.global;
    let mut command = format!("trueup apply {}", path.display());
    match &global.sandbox {
        Some(Some(file)) => command += &format!(" --sandbox={}", file.display()),
        Some(None) => command += " --sandbox",
        None => {}
    }
    for (name, _) in &global.var {
        command += &format!(" --var {name}=…");
    }
    for file in &global.var_file {
        command += &format!(" --var-file {}", file.display());
    }
    command
}

/// Reads a saved plan.
pub(crate) fn read(path: &Path) -> Result<Saved, Error> {
    let bytes = DiskFiles::new("").read(path);
    let bytes =
        bytes.map_err(|source| Error::File { doing: "read", path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::NotAPlan { path: path.to_owned(), because: error.to_string() })
}

/// What tells later whether a sensitive variable is another.
fn secrets(stack: &Stack) -> BTreeMap<String, String> {
    let hash = |(name, value): (&String, &Value)| {
        (name.clone(), trueup_planner::variable_hash(&stack.name, name, value))
    };
    stack.secrets.iter().map(hash).collect()
}

/// The live resources that the plan touches or reads, of a snapshot that was sealed.
fn lives(plan: &Plan, situation: &Situation) -> Vec<Seen> {
    let there = There::new(situation);
    let lives = there.touched(plan, plan.fingerprints.keys());
    let seen = |((address, ..), live): (Key, &Live)| Seen { address, live: live.clone() };
    lives.into_iter().map(seen).collect()
}

/// What the plan calls something, its kind and its physical id.
type Key = (Address, KindName, String);

/// What is there, by all that names it.
struct There<'s> {
    by_id: HashMap<(&'s KindName, &'s str), &'s Live>,
    by_address: HashMap<&'s Address, Vec<&'s Live>>,
    existing: &'s BTreeMap<Address, Live>,
}

impl<'s> There<'s> {
    fn new(situation: &'s Situation) -> Self {
        let mut by_id = HashMap::new();
        let mut by_address: HashMap<&Address, Vec<&Live>> = HashMap::new();
        for live in &situation.snapshot.resources {
            by_id.insert((&live.kind, live.id.as_str()), live);
            let ours = live.is_owned_by(&situation.stack.name);
            if let Some(address) = live.ownership.address.as_ref().filter(|_| ours) {
                by_address.entry(address).or_default().push(live);
            }
        }
        Self { by_id, by_address, existing: &situation.snapshot.existing }
    }

    /// What is at these addresses, and what the plan means by one without it being there yet.
    fn touched<'a>(
        &self,
        plan: &Plan,
        addresses: impl Iterator<Item = &'a Address>,
    ) -> BTreeMap<Key, &'s Live> {
        let mut touched = BTreeMap::new();
        let mut add = |address: &Address, live: &'s Live| {
            touched.insert((address.clone(), live.kind.clone(), live.id.clone()), live);
        };
        for address in addresses {
            let ours = self.by_address.get(address).into_iter().flatten().copied();
            ours.chain(self.existing.get(address)).for_each(|live| add(address, live));
        }
        let changed = plan
            .changes
            .iter()
            .filter_map(|change| Some((&change.address, &change.kind, change.id.as_deref()?)));
        let stepped = plan.steps.iter().filter_map(|step| {
            let before = step.operation.before()?;
            Some((&step.address, &before.kind, before.id.as_str()))
        });
        for (address, kind, id) in changed.chain(stepped) {
            if plan.fingerprints.contains_key(address)
                && let Some(live) = self.by_id.get(&(kind, id))
            {
                add(address, live);
            }
        }
        touched
    }

    fn find(&self, (address, kind, id): &Key) -> Option<&'s Live> {
        let looked_up = self.existing.get(address).filter(|live| live.id == *id);
        looked_up.or_else(|| self.by_id.get(&(kind, id.as_str())).copied())
    }
}

impl Saved {
    /// The stack file that it was made from.
    pub(crate) fn stack_file(&self) -> &Path {
        &self.origin.stack_file
    }

    /// The files that variables came from.
    pub(crate) fn variable_files(&self) -> &[PathBuf] {
        &self.origin.variable_files
    }

    /// What it was made for.
    pub(crate) fn intent(&self) -> Intent {
        let Origin { destroy, allow_data_loss, allow_mass_delete, max_disruption, .. } =
            &self.origin;
        Intent {
            destroy: *destroy,
            permissions: Permissions {
                allow_data_loss: allow_data_loss.clone(),
                allow_mass_delete: *allow_mass_delete,
                max_disruption: max_disruption.map(Into::into),
            },
        }
    }

    /// Refuses when anything that the plan was made from, or the plan itself, is another now.
    pub(crate) fn compare(&self, plan: &Plan, situation: &Situation) -> Result<(), Error> {
        let mut differences = self.origin_differences(plan);
        differences.extend(self.secret_differences(&situation.stack));
        if differences.is_empty() {
            differences = self.live_differences(plan, situation);
        }
        let now = json::plan(plan, &situation.catalog).remove("steps").unwrap_or_default();
        if differences.is_empty() && now != self.steps {
            differences
                .push(format!("the steps are others now: {}", step_difference(&self.steps, &now)));
        }
        if differences.is_empty() { Ok(()) } else { Err(Error::Stale { differences }) }
    }

    fn origin_differences(&self, plan: &Plan) -> Vec<String> {
        let version = env!("CARGO_PKG_VERSION");
        let pairs = [
            ("trueup", self.origin.trueup.as_str(), version),
            ("the stack's name", self.stack.as_str(), plan.stack.as_str()),
            ("the account", self.account.as_str(), plan.account.as_str()),
            ("the Region", self.region.as_str(), plan.region.as_str()),
        ];
        let differing = pairs.into_iter().filter(|(_, then, now)| then != now);
        let mut differences: Vec<String> = differing
            .map(|(what, then, now)| format!("{what} was {then}, now it is {now}"))
            .collect();
        if self.stack_digest != plan.stack_digest {
            differences.push(self.changed_stack());
        }
        differences
    }

    fn secret_differences(&self, stack: &Stack) -> Vec<String> {
        let now = secrets(stack);
        let then = self.origin.secrets.iter();
        // One that is not there now is another stack.
        let differing = then.filter(|(name, hash)| now.get(*name).is_some_and(|now| now != *hash));
        let sentence = |(name, _): (&String, _)| {
            format!(
                "the sensitive variable '{name}' has another value than at {}",
                self.origin.made_at
            )
        };
        differing.map(sentence).collect()
    }

    fn changed_stack(&self) -> String {
        let Origin { stack_file, made_at, variables, .. } = &self.origin;
        let changed = format!(
            "{}, a file that it reads, or a variable changed after {made_at}",
            stack_file.display()
        );
        if variables.is_empty() {
            return changed;
        }
        // Values are not saved: some of them are secret.
        format!("{changed}; it was made with --var {}", variables.join(", --var "))
    }

    fn live_differences(&self, plan: &Plan, situation: &Situation) -> Vec<String> {
        let steps = self.steps.as_array().into_iter().flatten();
        let stepped = steps.filter_map(|step| step["address"].as_str()?.parse().ok());
        let touched = self.fingerprints.keys().chain(plan.fingerprints.keys()).cloned();
        let addresses: BTreeSet<Address> = stepped.chain(touched).collect();
        let there = There::new(situation);
        let mut then: BTreeMap<Key, &Live> = BTreeMap::new();
        for Seen { address, live } in &self.origin.live {
            then.insert((address.clone(), live.kind.clone(), live.id.clone()), live);
        }
        let now = there.touched(plan, addresses.iter());
        let keys: BTreeSet<&Key> = then.keys().chain(now.keys()).collect();
        let mut shown: BTreeMap<&Address, Vec<String>> =
            addresses.iter().map(|address| (address, Vec::new())).collect();
        for key in keys {
            let now = there.find(key);
            let now = now.map(as_saved);
            let differences = moved(&key.0, then.get(key).copied(), now.as_ref());
            shown.entry(&key.0).or_default().extend(differences);
        }
        let mut differences = Vec::new();
        for (address, shown) in shown {
            if shown.is_empty() && self.is_another_print(address, plan) {
                differences.push(format!("{address}: a sensitive value is another now"));
            }
            differences.extend(shown);
        }
        differences
    }

    fn is_another_print(&self, address: &Address, plan: &Plan) -> bool {
        let prints = (self.fingerprints.get(address), plan.fingerprints.get(address));
        matches!(prints, (Some(then), Some(now)) if then != now)
    }
}

/// A resource as it reads back from a file, where what is sensitive is a mere word.
fn as_saved(live: &Live) -> Live {
    serde_json::from_value(json!(live)).unwrap_or_else(|_| live.clone())
}

/// How one resource is different from what it was, attribute by attribute.
fn moved(address: &Address, then: Option<&Live>, now: Option<&Live>) -> Vec<String> {
    let (then, now) = match (then, now) {
        (None, None) => return Vec::new(),
        (None, Some(now)) => {
            return vec![format!("{address} did not exist, now it does ({})", now.id)];
        }
        (Some(then), None) => {
            return vec![format!("{address} existed ({}), now it is gone", then.id)];
        }
        (Some(then), Some(now)) => (flat(then), flat(now)),
    };
    let paths: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let shown = |values: &BTreeMap<String, Value>, path: &String| {
        values.get(path).map_or_else(|| "(none)".to_owned(), value::inline)
    };
    let differing = paths.into_iter().filter(|path| then.get(*path) != now.get(*path));
    let sentence = |path: &String| {
        format!("{address}: {path} was {}, now it is {}", shown(&then, path), shown(&now, path))
    };
    differing.map(sentence).collect()
}

/// Everything about a resource by path.
fn flat(live: &Live) -> BTreeMap<String, Value> {
    let Live { kind: _, id, ownership, attributes, outputs, tags, condition, scheduled } = live;
    let mut values = outputs.clone();
    values.extend(attributes.clone());
    values.insert("id".to_owned(), id.as_str().into());
    values.insert("state".to_owned(), serde_json::from_value(json!(condition)).unwrap_or_default());
    values.extend(tags.iter().map(|(key, tag)| (format!("tags.{key}"), tag.as_str().into())));
    let ours = ownership.to_tags();
    values.extend(ours.into_iter().map(|(key, tag)| (format!("tags.{key}"), tag.into())));
    let later = scheduled.iter();
    values.extend(later.map(|(name, value)| (format!("scheduled.{name}"), value.clone())));
    values
}

/// The first step that is another.
fn step_difference(then: &Json, now: &Json) -> String {
    let steps = |json: &Json| json.as_array().cloned().unwrap_or_default();
    let (then, now) = (steps(then), steps(now));
    let first = then.iter().zip(&now).find(|(then, now)| then != now).map(|(_, now)| now);
    match first.and_then(|step| step["address"].as_str()) {
        Some(address) => format!("the first is {address}"),
        None => format!("there were {}, there are {}", then.len(), now.len()),
    }
}
