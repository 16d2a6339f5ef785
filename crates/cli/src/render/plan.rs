//! A plan as text.

use trueup_model::{Action, Catalog, Change, Plan};

use super::diagnostics::{self, Sources};
use super::look::{Look, Tone};
use super::summary::{self, Summary};
use super::{change, proofs, reason};

/// A plan with what is needed to show it.
pub(crate) struct View<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// The kinds, whose defaults need no words.
    pub(crate) catalog: &'a Catalog,
    /// The files, for findings that have a place.
    pub(crate) sources: &'a Sources,
    /// How it may look.
    pub(crate) look: Look,
}

impl View<'_> {
    /// The whole plan.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for section in [self.changes(), self.withheld(), self.findings(), self.expectations()] {
            if !section.is_empty() {
                text.push_str(&section);
                text.push('\n');
            }
        }
        text + &self.summary()
    }

    fn changes(&self) -> String {
        let plan = self.plan;
        let mut text = String::new();
        for planned in plan.changes.iter().filter(|planned| is_worth_showing(planned)) {
            for line in change::lines(planned, self.catalog, &self.look) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        if text.is_empty() { text } else { format!("{}\n\n{text}", self.title()) }
    }

    fn title(&self) -> String {
        let Plan { stack, region, account, .. } = self.plan;
        let stack = self.look.paint(Tone::Strong, stack);
        format!("{stack} in {region}, account {account}")
    }

    fn withheld(&self) -> String {
        if self.plan.withheld.is_empty() {
            return String::new();
        }
        let mut text = self.look.paint(Tone::Strong, "Left alone") + "\n";
        for withheld in &self.plan.withheld {
            text.push_str(&format!("  ! {}\n", self.look.paint(Tone::Strong, &withheld.address)));
            for line in self.look.wrap(6, &reason::why_not(&withheld.why)) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }

    fn findings(&self) -> String {
        let text = diagnostics::text(&self.plan.findings, self.sources, &self.look);
        text.trim_end_matches('\n').to_owned() + if text.is_empty() { "" } else { "\n" }
    }

    /// The sentences of `expect`, proved on the network that the plan leads to.
    fn expectations(&self) -> String {
        let lines = proofs::lines(&self.plan.proofs, &self.look);
        if lines.is_empty() {
            return String::new();
        }
        format!("{}\n{}\n", self.look.paint(Tone::Strong, "Expected"), lines.join("\n"))
    }

    fn summary(&self) -> String {
        if self.plan.is_empty() {
            return summary::nothing_to_do(self.plan) + "\n";
        }
        let summary = Summary::of(self.plan);
        let counts = self.look.paint(Tone::Strong, format!("Plan: {}.", summary.counts()));
        let mut text = format!("{counts} {}.\n", summary::calls(self.plan));
        for line in self.look.wrap(0, &summary::duration(self.plan)) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

fn is_worth_showing(change: &Change) -> bool {
    change.action != Action::Nothing || !change.remarks.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixtures;

    fn text(plan: &Plan, look: Look) -> String {
        let (catalog, sources) = (&fixtures::catalog(), &Sources::new());
        View { plan, catalog, sources, look }.text()
    }

    const LOOK: Look = Look { colour: false, width: 80, verbose: false };

    #[test]
    fn one_of_everything() {
        insta::assert_snapshot!(text(&fixtures::plan(), LOOK));
    }

    #[test]
    fn nothing_to_do_is_one_line_and_what_is_expected() {
        insta::assert_snapshot!(text(&fixtures::nothing(), LOOK), @"
        Expected
          ✗ internet does not reach db_instance.main     broken
              internet -> db_instance.main, for example tcp 1.1.1.1:1024 ->
              10.0.0.4:5432
              there: security_group.web: ingress tcp 5432 from 0.0.0.0/0
              broken by the change of db_instance.main
          ? lambda_function.api reaches internet on 443  unknown
              subnet.web could not be read
          Judged by the stack and by what surrounds it in its VPCs: tables, ACLs,
          groups, gateways, endpoints, peerings and load balancers, whoever made them.

        Nothing to do. 2 resources are as the stack says. 22 API calls.
        ");
    }

    #[test]
    fn no_secret_is_shown_not_even_verbosely() {
        let verbose = Look { verbose: true, colour: true, width: 80 };
        assert!(!text(&fixtures::plan(), verbose).contains("hunter2"));
    }
}
