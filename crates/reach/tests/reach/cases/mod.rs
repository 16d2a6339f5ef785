//! Small networks with known answers, written from AWS's documentation.
//!
//! A case is one line: what is changed in the base network, the question, the answer, and what
//! the evidence must say (rustfmt is kept away from the tables). `yes` is "reaches", `no` is "never reaches", `part` is neither.

mod balancers;
mod endpoints;
mod inbound;
mod outbound;
mod peers;
mod private;

use trueup_reach::{Engine, Verdict};

use crate::language;

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
    let found = match (verdict.reaches(), verdict.never_reaches()) {
        (true, false) => "yes",
        (false, true) => "no",
        (false, false) => "part",
        (true, true) => return Err("both answers at once".to_owned()),
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
