//! Answers to questions that are asked by hand.

use serde_json::{Value as Json, json};
use trueup_model::proof::Verdict;
use trueup_reach::Mark;

use super::look::{Look, Tone};
use crate::network::{Answer, COVERS, Examination, Examined};

/// Who reaches whom, hop by hop.
pub(crate) fn answer(text: &str, planned: bool, answer: &Answer, look: &Look) -> String {
    let (word, tone) = match answer.verdict {
        Verdict::Proved => ("reaches", Tone::Add),
        Verdict::Broken if answer.is_shut => ("does not reach", Tone::Error),
        Verdict::Broken => ("does not reach with every packet, but some pass, or may", Tone::Error),
        Verdict::Unknown => ("cannot be said", Tone::Warning),
    };
    let which = network(planned);
    let mut lines = vec![format!("{}, on {which}: {}", text, look.paint(tone, word))];
    lines.extend(answer.evidence.iter().flat_map(|fact| look.wrap(2, fact)));
    let open = answer.changes.iter().map(|change| format!("to open it: {change}"));
    lines.extend(open.flat_map(|change| look.wrap(2, &change)));
    if !planned && answer.evidence.iter().any(|fact| fact.ends_with("does not exist there")) {
        lines.extend(look.wrap(2, "to ask of what the plan leads to: --planned"));
    }
    finish(lines, look)
}

/// The same as JSON.
pub(crate) fn answer_document(text: &str, planned: bool, answer: &Answer) -> Json {
    let Answer { verdict, evidence, changes, is_shut: _ } = answer;
    json!({
        "format": trueup_model::plan::FORMAT,
        "question": text,
        "planned": planned,
        "answer": match verdict {
            Verdict::Proved => "reaches",
            Verdict::Broken => "does_not_reach",
            Verdict::Unknown => "unknown",
        },
        "evidence": evidence,
        "changes": changes,
    })
}

/// The usual list.
pub(crate) fn examined(planned: bool, examined: &Examined, look: &Look) -> String {
    let mut lines = Vec::new();
    for Examination { about, points } in &examined.lists {
        lines.push(format!("{}, on {}", look.paint(Tone::Strong, about), network(planned)));
        for point in points {
            let (mark, tone) = mark(point.mark);
            let text = format!("{}: {}", point.what, point.evidence);
            let wrapped = look.wrap(4, &text);
            let first = wrapped.first().map_or("", |line| line.trim_start());
            lines.push(format!("  {} {first}", look.paint(tone, mark)));
            lines.extend(wrapped.into_iter().skip(1));
            let mend = point.changes.iter().map(|change| format!("to mend it: {change}"));
            lines.extend(mend.flat_map(|change| look.wrap(6, &change)));
        }
    }
    lines.extend(examined.doubts.iter().flat_map(|why| look.wrap(2, &format!("? {why}"))));
    finish(lines, look)
}

/// The same as JSON.
pub(crate) fn examined_document(planned: bool, examined: &Examined) -> Json {
    let list = |list: &Examination| {
        let points = list.points.iter().map(|point| {
            json!({
                "mark": point.mark,
                "what": point.what,
                "evidence": point.evidence,
                "changes": point.changes,
            })
        });
        json!({ "about": list.about, "points": points.collect::<Vec<_>>() })
    };
    json!({
        "format": trueup_model::plan::FORMAT,
        "planned": planned,
        "lists": examined.lists.iter().map(list).collect::<Vec<_>>(),
        "unknown": examined.doubts,
    })
}

/// Whether something is in the way.
pub(crate) fn is_ill(examined: &Examined) -> bool {
    let mut points = examined.lists.iter().flat_map(|list| &list.points);
    points.any(|point| point.mark == Mark::Bad)
}

fn network(planned: bool) -> &'static str {
    if planned { "the planned network" } else { "the live network" }
}

fn mark(mark: Mark) -> (&'static str, Tone) {
    match mark {
        Mark::Good => ("✓", Tone::Add),
        Mark::Bad => ("✗", Tone::Error),
        Mark::Unneeded => ("-", Tone::Faint),
        Mark::Unknown => ("?", Tone::Warning),
    }
}

fn finish(mut lines: Vec<String>, look: &Look) -> String {
    lines.extend(look.wrap(0, COVERS).into_iter().map(|line| look.paint(Tone::Faint, line)));
    lines.join("\n") + "\n"
}
