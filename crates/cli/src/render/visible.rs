//! Makes visible what a terminal would do instead of showing: texts of AWS and of stack files could
//! overwrite the lines of a plan before somebody says yes to it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character does something in place of being shown: control characters, and those that
/// turn the direction of what follows.
pub(crate) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text that stays on its line.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, acts)
}

/// A text of several lines in which only colours of ours act.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    let acts = |c| acts(c) && !matches!(c, '\n' | '\t');
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('\u{1b}') {
        let (before, escape) = rest.split_at(place);
        let length = colour(escape).unwrap_or(0);
        shown += &escaped(before, acts);
        if length == 0 {
            shown += "\\u001b";
            rest = &escape[1..];
        } else {
            shown += &escape[..length];
            rest = &escape[length..];
        }
    }
    shown += &escaped(rest, acts);
    Cow::Owned(shown)
}

/// How long the sequence is that this begins with, if it sets a colour or weight that [`super::look`] or
/// [`super::diagnostics`] uses; none of them hides anything.
fn colour(text: &str) -> Option<usize> {
    const OURS: [&str; 12] = ["0", "1", "2", "31", "32", "33", "91", "92", "93", "94", "95", "96"];
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.find('m')?;
    OURS.contains(&&rest[..end]).then_some(end + 3)
}

/// The escapes are those of JSON and of YAML: a JSON document stays what it is.
fn escaped(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::look::{Look, Tone};

    #[test]
    fn what_acts_is_shown_and_our_colours_act() {
        let look = Look { colour: true, width: 80, verbose: false };
        for tone in [
            Tone::Add,
            Tone::Change,
            Tone::Remove,
            Tone::Strong,
            Tone::Faint,
            Tone::Warning,
            Tone::Error,
        ] {
            let painted = format!("a\n\t{} b\n", look.paint(tone, "x"));
            assert_eq!(lines(&painted), painted);
        }
        let hostile = "a\u{1b}[2K\rb\u{1b}[8mc\u{9b}1Ad\u{202e}e\u{7f}";
        let shown = r"a\u001b[2K\u000db\u001b[8mc\u009b1Ad\u202ee\u007f";
        assert_eq!(lines(hostile), shown);
        assert_eq!(one_line(hostile), shown);
        assert_eq!(one_line("a\nb"), r"a\u000ab");
        assert_eq!(lines("\u{1b}"), r"\u001b");
        assert_eq!(lines("\u{1b}[32"), r"\u001b[32");
    }
}
