//! The section `policy`: rules over planned changes. They are read here and enforced by nobody
//! yet, which is said; one that is to deny is refused, for it would be trusted.

use trueup_model::Diagnostic;

use super::{Loader, Reported};
use crate::expression::Program;
use crate::suggest;
use crate::yaml::Node;

const FIELDS: [&str; 5] = ["name", "when", "check", "message", "level"];
const LEVELS: [&str; 2] = ["deny", "warn"];

impl Loader<'_> {
    pub(super) fn check_policies(&self) {
        let Some(section) = self.units[0].section("policy").filter(|s| !s.value.is_null()) else {
            return;
        };
        let Some(rules) = section.value.elements() else {
            let message = format!("'policy' is a list of rules, not {}", section.value.describe());
            self.report(self.error("wrong-type", message, section.value.span));
            return;
        };
        for rule in rules {
            // What is wrong is reported on the way.
            let _ = self.check_policy(rule);
        }
        let denies = |rule: &&Node| rule.get("level").and_then(Node::text) != Some("warn");
        for rule in rules.iter().filter(denies) {
            let message =
                "this version enforces no rules of 'policy', so that this one denies nothing";
            let fault = self.error("policy-not-enforced", message, rule.span);
            self.report(fault.help("write `level: warn` to keep it for later, or leave it out"));
        }
        if rules.iter().any(|rule| !denies(&rule)) {
            let location = self.sources.locate(section.key_span);
            let message = "rules of 'policy' are read but not enforced yet";
            self.report(Diagnostic::warning("policy-not-enforced", message).at(location));
        }
    }

    fn check_policy(&self, rule: &Node) -> Result<(), Reported> {
        let Some(fields) = rule.entries() else {
            let message = format!("a rule is a map, not {}", rule.describe());
            return Err(self.report(self.error("wrong-type", message, rule.span)));
        };
        for field in fields.iter().filter(|field| !FIELDS.contains(&field.key.as_str())) {
            let message = format!("a rule has no field '{}'", field.key);
            let help = suggest::advice(&field.key, FIELDS, "");
            self.report(self.error("unknown-attribute", message, field.key_span).help(help));
        }
        for required in ["name", "check", "message"] {
            if rule.get(required).is_none() {
                let message = format!("a rule lacks '{required}'");
                self.report(self.error("missing-attribute", message, rule.span));
            }
        }
        if let Some(level) = rule.get("level")
            && !LEVELS.contains(&level.text().unwrap_or_default())
        {
            let message = "'level' takes deny or warn";
            self.report(self.error("unknown-word", message, level.span));
        }
        for name in ["when", "check"] {
            let Some(node) = rule.get(name) else { continue };
            let Some(text) = node.text() else {
                let message = format!("'{name}' is an expression, not {}", node.describe());
                self.report(self.error("wrong-type", message, node.span));
                continue;
            };
            if let Err(fault) = Program::compile_plain(text) {
                let span = self.inside(node.span, text, fault.start, fault.end);
                self.report(self.error("bad-expression", fault.message, span));
            }
        }
        Ok(())
    }
}
