//! Faults and remarks with their place in the file, the text underlined, and what to do.

use std::collections::BTreeMap;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use trueup_model::{Diagnostic, Location, Severity};

use super::look::Look;
use super::words::count;

/// The texts of the files that were read, by the name that the user gave them.
pub(crate) type Sources = BTreeMap<String, Arc<str>>;

/// All diagnostics as text, each followed by an empty line; the worst last, where it is read
/// first on a terminal.
pub(crate) fn text(diagnostics: &[Diagnostic], sources: &Sources, look: &Look) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    let mut text = String::new();
    for diagnostic in sorted {
        text.push_str(&one(diagnostic, sources, look));
        text.push_str("\n\n");
    }
    text
}

/// `2 errors, 1 warning`; nothing when there is nothing to count.
pub(crate) fn tally(diagnostics: &[Diagnostic]) -> String {
    let number = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let counts =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let parts: Vec<String> = counts
        .into_iter()
        .filter_map(|(severity, noun)| {
            Some(number(severity)).filter(|&n| n > 0).map(|n| count(n, noun))
        })
        .collect();
    parts.join(", ")
}

fn one(diagnostic: &Diagnostic, sources: &Sources, look: &Look) -> String {
    let level = match diagnostic.severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    for snippet in snippets(diagnostic, sources) {
        group = group.element(snippet);
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).term_width(look.width).render(&[group])
}

/// One snippet a file, the diagnostic's own file first.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut by_file: Vec<(&str, &str, Vec<annotate_snippets::Annotation<'a>>)> = Vec::new();
    let own = diagnostic
        .location
        .iter()
        .map(|place| (place, AnnotationKind::Primary, diagnostic.label.as_deref()));
    let related = diagnostic
        .related
        .iter()
        .map(|(place, label)| (place, AnnotationKind::Context, Some(label.as_str())));
    for (place, kind, label) in own.chain(related) {
        let Some(source) = sources.get(&place.file) else { continue };
        let mut annotation = kind.span(underlined(place, source));
        if let Some(label) = label {
            annotation = annotation.label(label);
        }
        match by_file.iter_mut().find(|(file, ..)| *file == place.file) {
            Some((.., annotations)) => annotations.push(annotation),
            None => by_file.push((&place.file, source, vec![annotation])),
        }
    }
    by_file
        .into_iter()
        .map(|(file, source, annotations)| {
            Snippet::source(source).path(file).annotations(annotations)
        })
        .collect()
}

/// The bytes to underline: within the file, at character boundaries, and only the first line of a
/// stretch that spans several, which keeps the output compact.
fn underlined(place: &Location, source: &str) -> std::ops::Range<usize> {
    let start = floor(source, place.start);
    let end = floor(source, place.end).max(start);
    let line = source[start..end].find('\n').map_or(end, |length| start + length);
    start..line
}

fn floor(source: &str, byte: usize) -> usize {
    let mut byte = byte.min(source.len());
    while !source.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { colour: false, width: 80, verbose: false };
    const SOURCE: &str =
        "stack: x\nvpc:\n  main: { cidr_block: 10.0.0.0/16 }\nsubnet:\n  a: { vpc: mian }\n";

    fn place(text: &str) -> Location {
        let start = SOURCE.find(text).unwrap();
        let line = SOURCE[..start].matches('\n').count() + 1;
        let column = start - SOURCE[..start].rfind('\n').map_or(0, |newline| newline + 1) + 1;
        Location {
            file: "stack.yaml".into(),
            start,
            end: start + text.len(),
            line: u32::try_from(line).unwrap(),
            column: u32::try_from(column).unwrap(),
        }
    }

    fn sources() -> Sources {
        BTreeMap::from([("stack.yaml".to_owned(), Arc::from(SOURCE))])
    }

    /// What the terminal lets act is what is drawn with.
    #[test]
    fn every_colour_acts() {
        let look = Look { colour: true, ..LOOK };
        for severity in [Severity::Note, Severity::Warning, Severity::Error] {
            let fault = Diagnostic::error("code", "a message").at(place("mian")).label("this");
            let fault = fault.related(place("main"), "that").help("do so");
            let drawn = text(&[Diagnostic { severity, ..fault }], &sources(), &look);
            assert!(drawn.contains('\u{1b}'), "it is in colour");
            assert_eq!(crate::render::visible::lines(&drawn), drawn);
        }
    }

    #[test]
    fn a_fault_is_underlined_in_its_line() {
        let fault = Diagnostic::error("unknown-reference", "there is no vpc 'mian'")
            .at(place("mian"))
            .label("not a vpc of this stack")
            .related(place("main"), "this one is similar")
            .help("did you mean 'main'?");
        insta::assert_snapshot!(text(&[fault], &sources(), &LOOK));
    }

    #[test]
    fn a_place_beyond_the_file_is_no_panic() {
        let beyond = Location { start: 9999, end: 10_000, ..place("mian") };
        let shown = text(&[Diagnostic::error("x", "y").at(beyond)], &sources(), &LOOK);
        assert!(shown.contains("error[x]: y"), "{shown}");
    }

    #[test]
    fn the_worst_comes_last_and_all_are_counted() {
        let both = [Diagnostic::error("e", "bad"), Diagnostic::warning("w", "odd")];
        let shown = text(&both, &sources(), &LOOK);
        assert!(shown.find("odd").unwrap() < shown.find("bad").unwrap(), "{shown}");
        assert_eq!(tally(&both), "1 error, 1 warning");
    }
}
