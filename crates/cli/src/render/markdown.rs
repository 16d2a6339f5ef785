//! A plan as Markdown: a comment on a pull request.

use std::fmt::Write;

use trueup_model::{Action, Catalog, Change, Plan};

use super::look::Look;
use super::summary::{self, Summary};
use super::{change, proofs, reason, words};

/// A line in a comment may be as long as a wide screen.
const LOOK: Look = Look { colour: false, width: 120, verbose: false };

/// The whole comment.
pub(crate) fn plan(plan: &Plan, catalog: &Catalog) -> String {
    let Plan { stack, region, account, .. } = plan;
    let mut text = format!("### `{stack}` in {region}, account {account}\n\n");
    if plan.is_empty() {
        text += &format!("{}\n", summary::nothing_to_do(plan));
    } else {
        let counts = Summary::of(plan).counts();
        let _ = write!(text, "**{counts}.** {}\n\n", summary::duration(plan));
        text += &table(plan);
        text += &details(plan, catalog);
    }
    text += &withheld(plan);
    text += &findings(plan);
    text += &expectations(plan);
    if !plan.is_empty() {
        let _ = write!(text, "\n<sub>{}.</sub>\n", summary::calls(plan));
    }
    text
}

fn planned(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().filter(|change| change.action != Action::Nothing)
}

fn table(plan: &Plan) -> String {
    let mut text = "| | resource | action | why | disruption |\n|---|---|---|---|---|\n".to_owned();
    for change in planned(plan) {
        let reasons: Vec<String> = change.reasons.iter().filter_map(reason::reason).collect();
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} | {} | {} |",
            change::mark(change.action),
            change.address,
            change::label(change.action),
            cell(&reasons.join("; ")),
            words::disruption(change.disruption).unwrap_or(""),
        );
    }
    text + "\n"
}

fn details(plan: &Plan, catalog: &Catalog) -> String {
    let mut lines: Vec<String> = Vec::new();
    for change in planned(plan) {
        lines.extend(change::lines(change, catalog, &LOOK));
    }
    let body = lines.join("\n");
    let fence = fence(&body);
    format!(
        "<details><summary>{}</summary>\n\n{fence}text\n{body}\n{fence}\n\n</details>\n",
        words::count(planned(plan).count(), "change")
    )
}

fn withheld(plan: &Plan) -> String {
    let mut text = String::new();
    for withheld in &plan.withheld {
        let _ = writeln!(text, "- `{}`: {}", withheld.address, reason::why_not(&withheld.why));
    }
    if text.is_empty() { text } else { format!("\n**Left alone**\n\n{text}") }
}

fn findings(plan: &Plan) -> String {
    let mut text = String::new();
    for finding in &plan.findings {
        let _ = writeln!(text, "- `{}` {}", finding.code, finding.message);
        for help in &finding.help {
            let _ = writeln!(text, "  - {help}");
        }
    }
    if text.is_empty() { text } else { format!("\n**Findings**\n\n{text}") }
}

fn expectations(plan: &Plan) -> String {
    let text = proofs::markdown(&plan.proofs);
    if text.is_empty() { text } else { format!("\n**Expected**\n\n{text}") }
}

/// A text within a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A fence longer than any run of backticks inside.
fn fence(body: &str) -> String {
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixtures;

    #[test]
    fn one_of_everything() {
        insta::assert_snapshot!(plan(&fixtures::plan(), &fixtures::catalog()));
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("a ```` b"), "`````");
        assert_eq!(fence("a"), "```");
    }
}
