//! What AWS makes for a resource: ids, ARNs, endpoints.

use trueup_model::kind::{Kind, Output, Sample};
use trueup_model::value::{Value, Values};

use crate::chance::{hex, mix};
use crate::world::World;

/// What the outputs of one resource are made from.
pub(super) struct Maker<'a> {
    pub(super) world: &'a World,
    pub(super) kind: &'a Kind,
    pub(super) attributes: &'a Values,
}

/// Whether an output is known while the resource is still being made.
pub(super) fn is_early(kind: &Kind, name: &str) -> bool {
    let of_attribute =
        kind.output(name).is_some_and(|output| matches!(output.sample, Sample::Attribute(_)));
    of_attribute || name == "id" || name == "arn" || name == "name"
}

impl Maker<'_> {
    /// An id that nothing has or had; `hint` keeps ids the same from run to run.
    pub(super) fn id(&self, hint: &str) -> String {
        let sample = self.kind.output("id").map_or(Sample::Id("sim-"), |id| id.sample.clone());
        let mut attempt = 0_u32;
        loop {
            let id = self.make(&sample, "", &[hint, &attempt.to_string()]);
            let key = World::key(self.kind.name, &id);
            let is_random = match &sample {
                Sample::Id(_) => true,
                Sample::Format(format) => format.contains("{hex}"),
                Sample::Attribute(_) => false,
            };
            if !is_random || !(self.world.holds(&key) || self.world.gone.contains(&key)) {
                return id;
            }
            attempt += 1;
        }
    }

    /// All outputs. What may change with an update follows from the revision too.
    pub(super) fn outputs(&self, id: &str, revision: u32) -> Values {
        let revision = revision.to_string();
        let made = self.kind.outputs.iter().map(|output| {
            let revision = if output.volatile { revision.as_str() } else { "" };
            let value = match (&output.sample, output.name) {
                (_, "id") => Value::from(id),
                _ if self.is_without(output) => Value::Null,
                (Sample::Attribute(name), _) => {
                    self.attributes.get(*name).cloned().unwrap_or_default()
                }
                (sample, name) => self.make(sample, id, &[id, name, revision]).into(),
            };
            (output.name.to_owned(), value)
        });
        made.collect()
    }

    /// Whether AWS makes no such output for a resource that is configured so.
    fn is_without(&self, output: &Output) -> bool {
        let with = output.only_with.map(|name| self.attributes.get(name));
        with.is_some_and(|value| matches!(value, None | Some(Value::Null | Value::Bool(false))))
    }

    fn make(&self, sample: &Sample, id: &str, words: &[&str]) -> String {
        let mut words = words.to_vec();
        words.insert(0, self.kind.name);
        match sample {
            Sample::Id(prefix) => format!("{prefix}{}", hex(self.world.seed, &words, 17)),
            Sample::Attribute(name) => text_of(self.attributes.get(*name)),
            Sample::Format(format) => self.fill(format, id, &words),
        }
    }

    fn fill(&self, format: &str, id: &str, words: &[&str]) -> String {
        let mut text = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                text.push('{');
                rest = after;
                continue;
            };
            text.push_str(&self.placeholder(name, id, words));
            rest = after;
        }
        text + rest
    }

    fn placeholder(&self, name: &str, id: &str, words: &[&str]) -> String {
        match name {
            "region" => self.world.region.clone(),
            "account" => self.world.account.clone(),
            "id" => id.to_owned(),
            "hex" => hex(self.world.seed, words, 17),
            "ip" => {
                // The last part of an address.
                (1 + mix(self.world.seed, words) % 254).to_string()
            }
            attribute => text_of(self.attributes.get(attribute)),
        }
    }
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}
