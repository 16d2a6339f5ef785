//! Inputs and outputs of modules: expressions that are asked for across files.

use std::cell::RefCell;
use std::collections::BTreeMap;

use trueup_model::Expression;

use super::scope::{Findings, Standpoint};
use super::{Loader, Reported};
use crate::suggest;
use crate::yaml::Entry;

/// Values by name, each made when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    known: RefCell<BTreeMap<String, Progress>>,
}

#[derive(Debug, Clone)]
enum Progress {
    /// Somebody asked, and the answer asks for itself.
    Asked,
    Answered(Result<Expression, Reported>),
}

impl Memo {
    /// The answer, made by `make` at most once; `cycle` if it needs itself.
    fn get(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Expression, Reported>,
        cycle: impl FnOnce() -> Reported,
    ) -> Result<Expression, Reported> {
        match self.known.borrow().get(name) {
            Some(Progress::Answered(answer)) => return answer.clone(),
            Some(Progress::Asked) => return Err(cycle()),
            None => {}
        }
        self.known.borrow_mut().insert(name.to_owned(), Progress::Asked);
        let answer = make();
        let progress = Progress::Answered(answer.clone());
        self.known.borrow_mut().insert(name.to_owned(), progress);
        answer
    }
}

impl Loader<'_> {
    /// The value of an input that is declared.
    pub(super) fn input(&self, unit: usize, name: &str) -> Result<Expression, Reported> {
        let cycle = || {
            let prefix = self.units[unit].prefix();
            let message =
                format!("the input '{name}' of {} needs itself", prefix.trim_end_matches('.'));
            let span = self.units[unit].declarations[name].span;
            self.report(self.error("module-cycle", message, span))
        };
        self.units[unit].inputs.get(name, || self.make_input(unit, name), cycle)
    }

    fn make_input(&self, number: usize, name: &str) -> Result<Expression, Reported> {
        let unit = &self.units[number];
        let declaration = &unit.declarations[name];
        let (Some(entry), Some(parent)) = (&unit.entry, unit.parent) else { return Err(Reported) };
        let written = entry.value.get(name).filter(|node| !node.is_null());
        let Some(node) = written else {
            if let Some(default) = &declaration.default {
                return default.clone().map(Expression::Value);
            }
            let message = format!("module '{}' lacks its input '{name}'", entry.key);
            let fault = self.error("missing-input", message, entry.key_span);
            let declared = self.sources.locate(declaration.span);
            return Err(self.report(fault.related(declared, "declared here, without a default")));
        };
        let standpoint = Standpoint { unit: parent, each: None };
        let expression = self.untyped(standpoint, node, &mut Findings::default())?;
        match &expression {
            Expression::Value(value) => declaration
                .accept(value.clone())
                .map(Expression::Value)
                .map_err(|fault| self.report(fault.at_input(self, name, node.span))),
            _ => Ok(expression),
        }
    }

    /// The value of an output of a module; `None` if it has no such output.
    pub(super) fn output(&self, unit: usize, name: &str) -> Option<Result<Expression, Reported>> {
        let outputs = self.units[unit].section("outputs")?;
        let entry = outputs.value.entries()?.iter().find(|entry| entry.key == name)?;
        let cycle = || {
            let message = format!("the output '{name}' needs itself");
            self.report(self.error("module-cycle", message, entry.key_span))
        };
        let make = || {
            let standpoint = Standpoint { unit, each: None };
            self.untyped(standpoint, &entry.value, &mut Findings::default())
        };
        Some(self.units[unit].outputs.get(name, make, cycle))
    }

    /// Reports inputs that a module does not take and those that it lacks, and what is wrong in
    /// outputs that nobody asks for.
    pub(super) fn check_module(&self, number: usize) {
        let unit = &self.units[number];
        let Some(entry) = &unit.entry else { return };
        for input in entry.value.entries().unwrap_or_default() {
            if input.key != "source" && !unit.declarations.contains_key(&input.key) {
                self.unknown_input(number, entry, input);
            }
        }
        for name in unit.declarations.keys() {
            // What is wrong is reported on the way.
            let _ = self.input(number, name);
        }
        let outputs = unit.section("outputs").and_then(|section| section.value.entries());
        for output in outputs.unwrap_or_default() {
            let _ = self.output(number, &output.key);
        }
    }

    fn unknown_input(&self, unit: usize, entry: &Entry, input: &Entry) {
        let message = format!("module '{}' has no input '{}'", entry.key, input.key);
        let known = self.units[unit].declarations.keys().map(String::as_str);
        let help = suggest::advice(&input.key, known, "it declares no inputs");
        self.report(self.error("unknown-input", message, input.key_span).help(help));
    }
}
