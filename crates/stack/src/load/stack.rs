//! The stack as a whole: its head, its parts put together, the checks over all of it.

use std::collections::BTreeMap;

use trueup_model::{Address, Expression, Resource, Stack, Value};

use super::check::Checker;
use super::resource::{Draft, StackTags};
use super::scope::{Findings, Standpoint};
use super::{Loader, Reported, digest};
use crate::yaml::Node;

/// The stack file itself.
const ROOT: Standpoint<'static> = Standpoint { unit: 0, each: None };

impl Loader<'_> {
    /// The stack as far as it is understood.
    pub(super) fn stack(&mut self) -> Stack {
        for unit in 0..self.units.len() {
            self.declare(unit);
        }
        self.set_variables();
        self.set_head();
        let description = self.head_text("description").ok().flatten();
        let loader = &*self;
        for unit in 0..loader.units.len() {
            loader.check_module(unit);
        }
        let tags = loader.stack_tags();
        let mut drafts = loader.drafts(&tags);
        loader.fold(&mut drafts);
        loader.check_cycles(&drafts);
        loader.check_secrets(&drafts);
        loader.check_tags(&drafts, &tags);
        let outputs = loader.outputs(&drafts);
        loader.check_policies();
        let stack = Stack {
            name: loader.name.clone(),
            region: loader.region.clone(),
            account: loader.account.clone(),
            description,
            resources: loader.resources(drafts),
            existing: loader.lookups(),
            expect: loader.sentences(),
            silence: loader.silences(),
            outputs,
            parameters: loader.parameters.borrow().clone(),
            secrets: loader.secrets(),
            digest: digest::of(&loader.read.borrow(), &loader.variables),
        };
        for check in loader.request.catalog.checks() {
            loader.diagnostics.borrow_mut().extend(check(&stack));
        }
        stack
    }

    /// The name, the Region and the account.
    fn set_head(&mut self) {
        match self.units[0]
            .root
            .get("stack")
            .map(|node| (node.text().map(str::to_owned), node.span))
        {
            Some((Some(name), span)) => {
                if !is_stack_name(&name) {
                    let message = format!("'{name}' cannot be the name of a stack");
                    let rule = "a name is a lower-case letter, then lower-case letters, digits and \
                                hyphens, at most 32 characters";
                    self.report(self.error("bad-name", message, span).help(rule));
                }
                self.name = name;
            }
            Some((None, span)) => {
                self.report(self.error("wrong-type", "'stack' is the name of the stack", span));
            }
            None => {
                let span = self.units[0].root.span.part(0, 0);
                let error = self.error("missing-attribute", "the stack has no name", span);
                self.report(error.help("begin the file with `stack: my-app`"));
            }
        }
        self.region = self.head_text("region").ok().flatten();
        self.account = self.head_text("account").ok().flatten();
        self.check_region();
        self.check_account();
    }

    fn check_region(&self) {
        let (Some(region), Some(node)) = (&self.region, self.units[0].root.get("region")) else {
            return;
        };
        let parts: Vec<&str> = region.split('-').collect();
        let number = parts.last().is_some_and(|last| last.parse::<u8>().is_ok());
        if parts.len() < 3 || !number {
            let message = format!("'{region}' is not a Region of AWS");
            let error = self.error("bad-region", message, node.span);
            let zone = region.trim_end_matches(|c: char| c.is_ascii_lowercase());
            self.report(
                if zone.len() + 1 == region.len() && zone.ends_with(|c: char| c.is_ascii_digit()) {
                    error.help(format!("that is an availability zone; its Region is {zone}"))
                } else {
                    error.help("write it as us-west-2")
                },
            );
        }
    }

    fn check_account(&self) {
        let (Some(account), Some(node)) = (&self.account, self.units[0].root.get("account")) else {
            return;
        };
        if account.len() != 12 || !account.bytes().all(|digit| digit.is_ascii_digit()) {
            let message = format!("'{account}' is not an account of AWS");
            let error = self.error("bad-account", message, node.span);
            self.report(error.help("an account is twelve digits"));
        }
    }

    /// A text at the head of the file, with variables filled in.
    fn head_text(&self, name: &str) -> Result<Option<String>, Reported> {
        let Some(node) = self.units[0].root.get(name).filter(|node| !node.is_null()) else {
            return Ok(None);
        };
        let Some(text) = node.text() else {
            let message = format!("'{name}' is a text, not {}", node.describe());
            return Err(self.report(self.error("wrong-type", message, node.span)));
        };
        let expression = self.text(ROOT, text, node.span, &mut Findings::default())?;
        if let Expression::Value(Value::String(text)) = expression {
            return Ok(Some(text));
        }
        let message = format!("'{name}' must be known from the file alone");
        Err(self.report(self.error("unknown-value", message, node.span)))
    }

    fn stack_tags(&self) -> StackTags {
        let Some(node) = self.units[0].root.get("tags").filter(|node| !node.is_null()) else {
            return StackTags::default();
        };
        let mut checker = Checker::new(self, ROOT, Address::new("stack", "tags"));
        let tags = checker.tag_map(node).unwrap_or_default();
        StackTags { tags, uses: checker.uses }
    }

    fn outputs(&self, drafts: &[Draft<'_>]) -> BTreeMap<String, Expression> {
        let Some(section) = self.units[0].section("outputs").filter(|s| !s.value.is_null()) else {
            return BTreeMap::new();
        };
        let Some(entries) = section.value.entries() else {
            let message = format!("'outputs' is a map by name, not {}", section.value.describe());
            self.report(self.error("wrong-type", message, section.value.span));
            return BTreeMap::new();
        };
        let mut outputs = BTreeMap::new();
        for entry in entries {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !entry.key.starts_with(|c: char| c.is_ascii_alphabetic())
                || !entry.key.chars().all(word)
            {
                let message = format!("'{}' cannot be the name of an output", entry.key);
                let error = self.error("bad-name", message, entry.key_span);
                self.report(error.help("a name has letters, digits and _"));
                continue;
            }
            if let Ok(output) = self.output_value(&entry.value, drafts) {
                outputs.insert(entry.key.clone(), output);
            }
        }
        outputs
    }

    fn output_value(&self, node: &Node, drafts: &[Draft<'_>]) -> Result<Expression, Reported> {
        let expression = self.untyped(ROOT, node, &mut Findings::default())?;
        super::fold::resolve(drafts, &expression)
            .map_err(|message| self.report(self.error("bad-expression", message, node.span)))
    }

    fn resources(&self, drafts: Vec<Draft<'_>>) -> BTreeMap<Address, Resource> {
        let finished = drafts.into_iter().map(|draft| {
            let Draft { mut resource, spans, uses, .. } = draft;
            resource.references = uses.into_iter().collect();
            resource.locations =
                spans.into_iter().map(|(path, span)| (path, self.sources.locate(span))).collect();
            (resource.address.clone(), resource)
        });
        finished.collect()
    }
}

fn is_stack_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 32
        && text.chars().all(allowed)
}
