//! Proofs of sentences, as text, as Markdown and as JSON.

use serde_json::{Value as Json, json};
use trueup_model::Proof;
use trueup_model::proof::Verdict;

use super::look::{Look, Tone, columns};
use super::words;
use crate::network::COVERS;

/// The proofs, a sentence each with its verdict, and why where it is not proved.
pub(crate) fn lines(proofs: &[Proof], look: &Look) -> Vec<String> {
    let longest = proofs.iter().map(|proof| columns(&proof.text)).max();
    let width = longest.unwrap_or(0).min(look.width.saturating_sub(16));
    let mut lines = Vec::new();
    for proof in proofs {
        let (mark, word, tone) = words_of(proof.verdict);
        let verdict = look.paint(tone, word);
        lines.push(format!("  {} {:width$}  {verdict}", look.paint(tone, mark), proof.text));
        if proof.verdict != Verdict::Proved || look.verbose {
            let facts = proof.evidence.iter().map(String::as_str);
            lines.extend(facts.flat_map(|fact| look.wrap(6, fact)));
        }
        let mend = proof.changes.iter().map(|change| format!("to mend it: {change}"));
        lines.extend(mend.flat_map(|change| look.wrap(6, &change)));
        lines.extend(affected(proof).iter().flat_map(|line| look.wrap(6, line)));
    }
    if !proofs.is_empty() {
        let covers = look.wrap(2, COVERS);
        lines.extend(covers.into_iter().map(|line| look.paint(Tone::Faint, line)));
    }
    lines
}

/// The proofs as a list.
pub(crate) fn markdown(proofs: &[Proof]) -> String {
    let mut text = String::new();
    for proof in proofs {
        let (mark, word, _) = words_of(proof.verdict);
        text += &format!("- {mark} {} *({word})*\n", proof.text);
        if proof.verdict != Verdict::Proved {
            for fact in &proof.evidence {
                text += &format!("  - {fact}\n");
            }
        }
        for change in &proof.changes {
            text += &format!("  - to mend it: {change}\n");
        }
        if let Some(line) = affected(proof) {
            text += &format!("  - {line}\n");
        }
    }
    if text.is_empty() { text } else { format!("{text}\n<sub>{COVERS}</sub>\n") }
}

/// The proofs, each with its place.
pub(crate) fn documents(proofs: &[Proof]) -> Vec<Json> {
    let document = |proof: &Proof| {
        let mut document = json!(proof);
        document["location"] = proof.location.as_ref().map(ToString::to_string).into();
        document
    };
    proofs.iter().map(document).collect()
}

fn affected(proof: &Proof) -> Option<String> {
    let addresses: Vec<String> = proof.affected_by.iter().map(ToString::to_string).collect();
    let because = match proof.verdict {
        Verdict::Broken => "broken by the change of",
        Verdict::Proved => "holds only with the change of",
        Verdict::Unknown => "unknown since the change of",
    };
    (!addresses.is_empty()).then(|| format!("{because} {}", words::list(&addresses)))
}

fn words_of(verdict: Verdict) -> (&'static str, &'static str, Tone) {
    match verdict {
        Verdict::Proved => ("✓", "proved", Tone::Add),
        Verdict::Broken => ("✗", "broken", Tone::Error),
        Verdict::Unknown => ("?", "unknown", Tone::Warning),
    }
}
