//! Small networks with known answers, written from AWS's documentation.
//!
//! A case is one line: what is changed in the base network, the question, the answer, and what
//! the evidence must say (rustfmt is kept away from the tables). `yes` is "reaches", `no` is "never
//! reaches", `part` is neither; `unknown`, `part or yes` and `part or no` hang on a gateway that the
//! model does not look into.

mod balancers;
mod endpoints;
mod inbound;
mod outbound;
mod peers;
mod private;

use std::collections::BTreeSet;

use trueup_reach::{Engine, Verdict};

use crate::{language, say};

/// One case: changes to the base, question, answer, and parts of the evidence, separated by `|`.
pub(crate) type Case = (&'static str, &'static str, &'static str, &'static str);

/// Runs the cases of one base, and says all that fail.
pub(crate) fn check(base: &str, cases: &[Case]) {
    let mut wrong = Vec::new();
    for &(change, question, answer, evidence) in cases {
        if let Err(why) = check_one(base, change, question, answer, evidence) {
            wrong.push(format!("[{change}] {question}\n{why}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n\n")
    );
}

fn check_one(
    base: &str,
    change: &str,
    question: &str,
    answer: &str,
    evidence: &str,
) -> Result<(), String> {
    let mut network = language::network(&format!("{base}\n{change}"));
    let query = language::query(&network, question);
    let ask = |network: &trueup_reach::Network| -> Verdict {
        Engine::new(network)
            .expect("every name is known")
            .reach(&query)
            .expect("the ends are known")
    };
    let verdict = ask(&network);
    let found = match (verdict.holds(false), verdict.holds(true)) {
        (Some(true), Some(false)) => "yes",
        (Some(false), Some(true)) => "no",
        (Some(false), Some(false)) => "part",
        (None, None) => "unknown",
        (None, Some(false)) => "part or yes",
        (Some(false), None) => "part or no",
        (Some(true), _) | (_, Some(true)) => return Err("both answers at once".to_owned()),
    };
    if found != answer {
        return Err(format!("is {found}, not {answer}\n{verdict}"));
    }
    for part in evidence.split('|').map(str::trim).filter(|part| !part.is_empty()) {
        if !verdict.to_string().contains(part) {
            return Err(format!("no evidence of {part:?}\n{verdict}"));
        }
    }
    // What is said to open the way opens it, unless somebody must choose first. Three rounds: a
    // new route may lead to a gateway with troubles of its own.
    let mut last = verdict;
    for _ in 0..3 {
        let hopeless = |stop: &trueup_reach::Stop| stop.changes.is_empty();
        if last.reaches() || last.stops().iter().any(hopeless) {
            return Ok(());
        }
        let changes = last.stops().iter().flat_map(|stop| &stop.changes);
        let mut seen = Vec::new();
        for change in changes {
            if !seen.contains(change) && !change.apply(&mut network) {
                return Ok(());
            }
            seen.push(change.clone());
        }
        last = ask(&network);
    }
    if last.reaches() { Ok(()) } else { Err(format!("still closed after its own advice\n{last}")) }
}

/// Each row of a table is a question with a known answer; rows with the same change ask about the same
/// network.
#[test]
fn there_are_hundreds_of_networks_with_known_answers() {
    let tables = [
        ("balancers", include_str!("balancers.rs")),
        ("endpoints", include_str!("endpoints.rs")),
        ("inbound", include_str!("inbound.rs")),
        ("outbound", include_str!("outbound.rs")),
        ("peers", include_str!("peers.rs")),
        ("private", include_str!("private.rs")),
    ];
    let mut networks = BTreeSet::new();
    let mut answers = 0;
    for (table, text) in tables {
        for row in text.lines().filter_map(|line| line.trim().strip_prefix("(\"")) {
            let (change, _) = row.split_once("\", \"").expect("a row has four texts");
            networks.insert((table, change));
            answers += 1;
        }
    }
    say(&format!("{} networks with {answers} known answers", networks.len()));
    assert!(networks.len() >= 200, "{}", networks.len());
}
