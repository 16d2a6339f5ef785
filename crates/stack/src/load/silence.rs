//! The section `silence`: built-in checks of the network that are not to be heard of, each with
//! the reason.

use trueup_model::stack::{CHECKS, Silence};

use super::{Loader, Reported};
use crate::suggest;
use crate::yaml::Node;

const FIELDS: [&str; 3] = ["check", "on", "reason"];

impl Loader<'_> {
    /// The entries that are as they should be.
    pub(super) fn silences(&self) -> Vec<Silence> {
        let Some(section) = self.units[0].section("silence").filter(|s| !s.value.is_null()) else {
            return Vec::new();
        };
        let Some(entries) = section.value.elements() else {
            let found = section.value.describe();
            let message = format!("'silence' is a list of checks with reasons, not {found}");
            self.report(self.error("wrong-type", message, section.value.span));
            return Vec::new();
        };
        entries.iter().filter_map(|entry| self.silence(entry).ok()).collect()
    }

    fn silence(&self, entry: &Node) -> Result<Silence, Reported> {
        let Some(fields) = entry.entries() else {
            let message = format!("an entry is a map, not {}", entry.describe());
            let error = self.error("wrong-type", message, entry.span);
            let help =
                "write `{ check: N005, on: subnet.private, reason: why that is as it should be }`";
            return Err(self.report(error.help(help)));
        };
        for field in fields.iter().filter(|field| !FIELDS.contains(&field.key.as_str())) {
            let message = format!("what is silenced has no field '{}'", field.key);
            let help = suggest::advice(&field.key, FIELDS, "");
            self.report(self.error("unknown-attribute", message, field.key_span).help(help));
        }
        let (check, reason) = (self.check_code(entry), self.reason(entry));
        let on = match entry.get("on").filter(|on| !on.is_null()) {
            Some(on) => {
                let text = on.text().unwrap_or_default();
                let known = self.addresses(0, text, on.span)?;
                text.parse().ok().or_else(|| known.first().cloned())
            }
            None => None,
        };
        let location = Some(self.sources.locate(entry.span));
        Ok(Silence { check: check?, on, reason: reason?, location })
    }

    /// The code of the check that is meant, by its code or its name.
    fn check_code(&self, entry: &Node) -> Result<String, Reported> {
        let Some(node) = entry.get("check") else {
            let error = self.error("missing-attribute", "it lacks 'check'", entry.span);
            return Err(self.report(error.help("name a check, as N005 or nat-of-another-zone")));
        };
        let text = node.text().unwrap_or_default();
        let is_meant = |(code, name): &&(&str, &str)| {
            code.eq_ignore_ascii_case(text) || name.eq_ignore_ascii_case(text)
        };
        if let Some((code, _)) = CHECKS.iter().find(is_meant) {
            return Ok((*code).to_owned());
        }
        let message = format!("there is no check '{text}'");
        let all = || CHECKS.iter().flat_map(|(code, name)| [*code, *name]);
        let names: Vec<String> =
            CHECKS.iter().map(|(code, name)| format!("{code} ({name})")).collect();
        // `N5` is N005.
        let number = text.trim_start_matches(['N', 'n']).parse::<u16>().ok();
        let padded = number.map(|number| format!("N{number:03}")).unwrap_or_default();
        let numbered = all().find(|word| *word == padded);
        let help = match numbered.or_else(|| suggest::nearest(text, all())) {
            Some(word) => format!("did you mean '{word}'?"),
            None => format!("the checks are {}", names.join(", ")),
        };
        Err(self.report(self.error("unknown-word", message, node.span).help(help)))
    }

    fn reason(&self, entry: &Node) -> Result<String, Reported> {
        let help = "say why, for those who come after you";
        let Some(node) = entry.get("reason") else {
            let error = self.error("missing-attribute", "it lacks 'reason'", entry.span);
            return Err(self.report(error.help(help)));
        };
        if let Some(text) = node.text().map(str::trim).filter(|text| !text.is_empty()) {
            return Ok(text.to_owned());
        }
        let message = match node.text() {
            Some(_) => "'reason' is empty".to_owned(),
            None => format!("'reason' is a text, not {}", node.describe()),
        };
        Err(self.report(self.error("wrong-type", message, node.span).help(help)))
    }
}
