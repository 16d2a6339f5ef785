//! Loads stacks and shows what came of it.

use std::fmt::Write as _;

use trueup_model::Diagnostic;
use trueup_stack::{Files, Loaded, MemoryFiles, Request, Variables, load};

/// Loads a text as `stack.yaml`, with these files beside it.
pub(crate) fn load_with(text: &str, files: &dyn Files, variables: &Variables) -> Loaded {
    let catalog = trueup_aws::catalog();
    load(&Request {
        file: "stack.yaml",
        bytes: text.as_bytes(),
        files,
        catalog: &catalog,
        variables,
        region: None,
        account: None,
    })
}

/// The same without files and variables.
pub(crate) fn load_text(text: &str) -> Loaded {
    load_with(text, &MemoryFiles::default(), &Variables::default())
}

/// What is wrong in a stack, as plainly as a terminal would show it.
pub(crate) fn faults(text: &str) -> String {
    show(&load_text(text))
}

/// All diagnostics with the lines that they are about.
pub(crate) fn show(loaded: &Loaded) -> String {
    let mut shown = String::new();
    for diagnostic in &loaded.diagnostics {
        show_one(&mut shown, loaded, diagnostic).unwrap();
    }
    shown
}

fn show_one(to: &mut String, loaded: &Loaded, diagnostic: &Diagnostic) -> std::fmt::Result {
    let Diagnostic { severity, code, message, .. } = diagnostic;
    writeln!(to, "{}[{code}]: {message}", format!("{severity:?}").to_lowercase())?;
    if let Some(location) = &diagnostic.location {
        let text = &loaded.sources[&location.file];
        let line = text.lines().nth(location.line as usize - 1).unwrap_or_default();
        let marked = text[location.start..location.end].lines().next().unwrap_or_default();
        let indent = " ".repeat(location.column as usize - 1);
        let underline = "^".repeat(marked.chars().count().max(1));
        let label = diagnostic.label.as_deref().unwrap_or_default();
        writeln!(to, "  {location}\n  | {line}\n  | {indent}{underline} {label}")?;
    }
    for (location, label) in &diagnostic.related {
        writeln!(to, "  {location}: {label}")?;
    }
    for help in &diagnostic.help {
        writeln!(to, "  help: {help}")?;
    }
    Ok(())
}
