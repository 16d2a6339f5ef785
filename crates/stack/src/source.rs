//! The texts that were read, and where a stretch of one stands for a reader.

use std::collections::BTreeMap;
use std::sync::Arc;

use trueup_model::Location;

/// A stretch of one of the files; small, because every node has one or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// The file, by its number in [`Sources`].
    pub(crate) file: u32,
    /// The first byte.
    pub(crate) start: u32,
    /// The byte after the last.
    pub(crate) end: u32,
}

impl Span {
    /// The part of it from byte `start` to byte `end`, counted from its own start.
    pub(crate) fn part(self, start: usize, end: usize) -> Self {
        let shift = |by: usize| self.start.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
        Self { file: self.file, start: shift(start).min(self.end), end: shift(end).min(self.end) }
    }
}

/// Every text that was read.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    files: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    name: String,
    text: Arc<str>,
    /// The offset of the first byte of each line.
    lines: Vec<u32>,
}

impl Sources {
    /// Adds a text, and gives its number.
    pub(crate) fn add(&mut self, name: &str, text: Arc<str>) -> u32 {
        let starts = text.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n');
        let lines = std::iter::once(0).chain(starts.map(|(_, next)| next)).collect();
        self.files.push(Source { name: name.to_owned(), text, lines });
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// The text of a span.
    pub(crate) fn slice(&self, span: Span) -> &str {
        let text = &self.files[span.file as usize].text;
        text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The whole text of a file.
    pub(crate) fn text(&self, file: u32) -> &Arc<str> {
        &self.files[file as usize].text
    }

    /// The name of a file, as the user wrote it.
    pub(crate) fn name(&self, file: u32) -> &str {
        &self.files[file as usize].name
    }

    /// Where a span stands, for a reader.
    pub(crate) fn locate(&self, span: Span) -> Location {
        let source = &self.files[span.file as usize];
        let line = source.lines.partition_point(|start| *start <= span.start).max(1) - 1;
        let before = source.text.get(source.lines[line] as usize..span.start as usize);
        Location {
            file: source.name.clone(),
            start: span.start as usize,
            end: span.end as usize,
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: u32::try_from(before.unwrap_or_default().chars().count() + 1)
                .unwrap_or(u32::MAX),
        }
    }

    /// The texts by file name.
    pub(crate) fn into_texts(self) -> BTreeMap<String, Arc<str>> {
        self.files.into_iter().map(|source| (source.name, source.text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters_and_offsets_are_bytes() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "a: b\né: ü\n".into());
        let location = sources.locate(Span { file, start: 9, end: 11 });
        assert_eq!((location.line, location.column, location.start), (2, 4, 9));
        let end = sources.locate(Span { file, start: 12, end: 12 });
        assert_eq!((end.line, end.column), (3, 1));
    }
}
