//! Colours and width: how a text may look where it goes.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// How a text may look where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether colours may be used.
    pub(crate) colour: bool,
    /// The columns that there are.
    pub(crate) width: usize,
    /// Whether attributes left at their defaults are shown.
    pub(crate) verbose: bool,
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something comes.
    Add,
    /// Something changes.
    Change,
    /// Something goes.
    Remove,
    /// A heading or a name.
    Strong,
    /// What most readers skip.
    Faint,
    /// What a reader must not miss.
    Warning,
    /// A fault.
    Error,
}

impl Look {
    /// The text in the colour of its tone, where colours may be used.
    pub(crate) fn paint(&self, tone: Tone, text: impl Display) -> String {
        if self.colour {
            let style = tone.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }

    /// Words in lines of at most the width, each indented.
    pub(crate) fn wrap(&self, indent: usize, text: &str) -> Vec<String> {
        let room = self.width.saturating_sub(indent).max(20);
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let line = lines.last_mut().expect("there is always a line");
            if !line.is_empty() && columns(line) + 1 + columns(word) > room {
                lines.push(word.to_owned());
            } else {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        let margin = " ".repeat(indent);
        lines.into_iter().map(|line| format!("{margin}{line}")).collect()
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Add => AnsiColor::Green.on_default(),
            Self::Change => AnsiColor::Yellow.on_default(),
            Self::Remove => AnsiColor::Red.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Error => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// The columns that a text without colours takes. Everything that trueup aligns is addresses and
/// attribute paths, so a character is a column.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_wrap_at_words() {
        let look = Look { colour: false, width: 30, verbose: false };
        assert_eq!(
            look.wrap(4, "one two three four five six seven"),
            ["    one two three four five", "    six seven"],
        );
    }

    #[test]
    fn without_colour_a_text_stays_bare() {
        let look = Look { colour: false, width: 80, verbose: false };
        assert_eq!(look.paint(Tone::Error, "x"), "x");
        assert!(Look { colour: true, ..look }.paint(Tone::Error, "x").starts_with("\u{1b}["));
    }
}
