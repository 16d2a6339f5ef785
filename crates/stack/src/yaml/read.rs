//! From the parser's events to the tree, within limits that hostile files meet early.

use std::collections::BTreeMap;

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle, ScanError};
use trueup_model::Diagnostic;

use super::{Content, Entry, Node};
use crate::source::{Sources, Span};

/// The largest file that is read: a stack of ten thousand resources has about two megabytes.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The deepest nesting; real stacks have eight levels.
const MOST_LEVELS: usize = 64;

/// The most nodes after aliases are expanded, and the most bytes of text in them.
const MOST_NODES: usize = 2_000_000;

/// Reads one file that was added to `sources`.
///
/// A tree comes back even when keys are given twice; nothing does when the syntax is broken.
pub(crate) fn read(
    sources: &Sources,
    file: u32,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let text = sources.text(file).clone();
    let mut options = granit_parser::options! {
        disallow_directives: false,
        flow_nesting_limit: MOST_LEVELS,
        block_nesting_limit: MOST_LEVELS,
    };
    options.set_emit_comments(false);
    let mut reader = Reader {
        sources,
        file,
        diagnostics,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        root: None,
        nodes: 0,
    };
    for event in Parser::new_from_str_with_options(&text, options) {
        let step = match event {
            Ok((event, span)) => reader.step(event, span),
            Err(error) => Err(reader.syntax_error(&error)),
        };
        if let Err(diagnostic) = step {
            reader.diagnostics.push(*diagnostic);
            return None;
        }
    }
    let root = reader.root.take();
    if root.is_none() {
        let name = sources.name(file);
        let empty = Diagnostic::error("empty-file", format!("'{name}' is empty"));
        diagnostics.push(empty.help("a stack begins with its name: `stack: my-app`"));
    }
    root
}

struct Reader<'a> {
    sources: &'a Sources,
    file: u32,
    diagnostics: &'a mut Vec<Diagnostic>,
    open: Vec<Collection>,
    anchors: BTreeMap<usize, Anchored>,
    root: Option<Node>,
    nodes: usize,
}

/// A list or map whose end has not come.
struct Collection {
    kind: CollectionKind,
    span: Span,
    anchor: usize,
    /// The nodes read before it, to know its size at the end.
    nodes_before: usize,
}

enum CollectionKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, Span)>, seen: BTreeMap<String, Span> },
}

/// A node that aliases repeat, and how many nodes and levels that adds.
struct Anchored {
    node: Node,
    nodes: usize,
    levels: usize,
}

type Step = Result<(), Box<Diagnostic>>;

impl Reader<'_> {
    fn step(&mut self, event: Event<'_>, span: granit_parser::Span) -> Step {
        let span = self.span(&span);
        self.refuse_tag(&event, span)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = text.into_owned();
                let content = match style {
                    ScalarStyle::Plain if tag.is_none() => Content::Plain(text),
                    _ => Content::Text(text),
                };
                // What is repeated may be repeated often: long texts count for more.
                self.count(1, span)?;
                let node = Node { content, span };
                self.remember(anchor, &node, 1);
                self.place(node)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.start(CollectionKind::List(Vec::new()), span, anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                let (entries, key, seen) = (Vec::new(), None, BTreeMap::new());
                self.start(CollectionKind::Map { entries, key, seen }, span, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::DocumentStart(..) if self.root.is_some() => Err(self
                .error("several-documents", "a file holds one document", span)
                .label("a second document begins here")
                .help("put the second document into a file of its own")
                .into()),
            _ => Ok(()),
        }
    }

    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Span { file: self.file, start: offset(range.start), end: offset(range.end) }
    }

    fn error(&self, code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::error(code, message).at(self.sources.locate(span))
    }

    fn refuse_tag(&self, event: &Event<'_>, span: Span) -> Step {
        match event.tag() {
            Some(tag) if !tag.is_yaml_core_schema() => {
                let message = format!("YAML tags such as '{}' mean nothing here", tag.original());
                let error = self.error("yaml-tag", message, span);
                Err(error.help("write an expression instead: `${vpc.main.id}`").into())
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, nodes: usize, span: Span) -> Step {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            let message = format!("the file has more than {MOST_NODES} values");
            let error = self.error("too-large", message, span);
            return Err(error.help("split it into several stacks").into());
        }
        Ok(())
    }

    fn start(&mut self, kind: CollectionKind, span: Span, anchor: usize) -> Step {
        if self.open.len() >= MOST_LEVELS {
            return Err(self.too_deep(span).into());
        }
        let nodes_before = self.nodes;
        self.count(1, span)?;
        self.open.push(Collection { kind, span, anchor, nodes_before });
        Ok(())
    }

    fn too_deep(&self, span: Span) -> Diagnostic {
        self.error("too-deep", format!("nested more than {MOST_LEVELS} levels deep"), span)
    }

    fn end(&mut self, end: Span) -> Step {
        let Some(collection) = self.open.pop() else { return Ok(()) };
        let (content, last) = match collection.kind {
            CollectionKind::List(nodes) => {
                let last = nodes.last().map(|node| node.span.end);
                (Content::List(nodes), last)
            }
            CollectionKind::Map { entries, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key_span.end));
                (Content::Map(entries), last)
            }
        };
        // A block ends where its last value does; what follows up to the next key is not part of it.
        let flow = end.end > end.start;
        let end = if flow { end.end } else { last.unwrap_or(collection.span.end) };
        let span = Span { end: end.max(collection.span.start), ..collection.span };
        let node = Node { content, span };
        self.remember(collection.anchor, &node, self.nodes - collection.nodes_before);
        self.place(node)
    }

    fn remember(&mut self, anchor: usize, node: &Node, nodes: usize) {
        if anchor != 0 {
            let (levels, bytes) = measure(node);
            let nodes = nodes + bytes / 64;
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, levels });
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Step {
        let Some(anchored) = self.anchors.get(&anchor) else {
            let error = self.error("yaml-alias", "the alias stands inside what it repeats", span);
            return Err(error.into());
        };
        if self.open.len() + anchored.levels > MOST_LEVELS {
            return Err(self.too_deep(span).into());
        }
        let (nodes, node) = (anchored.nodes, anchored.node.clone());
        self.count(nodes, span)?;
        self.place(node)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node) -> Step {
        let Some(collection) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut collection.kind {
            CollectionKind::List(nodes) => nodes.push(node),
            CollectionKind::Map { entries, key, seen } => match key.take() {
                None => {
                    let Some(text) = node.text().map(str::to_owned) else {
                        let error = self.error("yaml-key", "a key must be a word", node.span);
                        return Err(error.label("this is a list or a map").into());
                    };
                    if text == "<<" {
                        let error = self.error("yaml-merge", "merge keys are not read", node.span);
                        return Err(error.help("use `for_each` or a module").into());
                    }
                    *key = Some((text, node.span));
                }
                Some((text, key_span)) => {
                    if let Some(first) = seen.get(&text) {
                        let first = self.sources.locate(*first);
                        let message = format!("'{text}' is given twice");
                        let error = self.error("duplicate-key", message, key_span);
                        self.diagnostics.push(error.related(first, "first given here"));
                    } else {
                        seen.insert(text.clone(), key_span);
                        entries.push(Entry { key: text, key_span, value: node });
                    }
                }
            },
        }
        Ok(())
    }

    fn syntax_error(&self, error: &ScanError) -> Box<Diagnostic> {
        let start = error.marker().byte_offset().unwrap_or_default();
        let text = self.sources.text(self.file);
        let start = (0..=start.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let start = start.unwrap_or_default();
        let width = text[start..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        let span = Span { file: self.file, start: offset(start), end: offset(start + width) };
        let message = format!("this is not YAML: {}", error.info());
        let diagnostic = self.error("yaml-syntax", message, span);
        let line = text[..start].rsplit('\n').next().unwrap_or_default();
        let rest = text[start..].split('\n').next().unwrap_or_default();
        let indented =
            |text: &str| text.starts_with('\t') || text.trim_start_matches(' ').starts_with('\t');
        let tab = error.info().contains("tab");
        Box::new(if tab || indented(line) || (line.trim().is_empty() && indented(rest)) {
            diagnostic.help("indent with spaces: YAML does not allow tabs there")
        } else if let Some(text) = quoted(line, rest) {
            diagnostic.help(format!("within {{ }} and [ ] quote it: {text}"))
        } else {
            diagnostic
        })
    }
}

/// The text with an expression that has no quotes within `{ }` or `[ ]`, in quotes: there YAML takes
/// the expression's brace for its own, and breaks off between `line`, which ends with `$`, and `rest`.
fn quoted(line: &str, rest: &str) -> Option<String> {
    if !line.ends_with('$') || !rest.starts_with('{') {
        return None;
    }
    let begin = [": ", ", ", "{", "[", ","].iter().filter_map(|before| {
        let at = line.rfind(before)?;
        Some(at + before.len())
    });
    let mut open = 0_usize;
    let end = rest.find(|c| {
        match c {
            '{' => open += 1,
            '}' if open > 0 => open -= 1,
            ',' | '}' | ']' if open == 0 => return true,
            _ => {}
        }
        false
    });
    let (begin, end) =
        (&line[begin.max().unwrap_or_default()..], &rest[..end.unwrap_or(rest.len())]);
    let text = format!("{begin}{end}");
    let quote = if text.contains('"') { '\'' } else { '"' };
    Some(format!("{quote}{}{quote}", text.trim()))
}

/// The levels and bytes of text of a tree, without recursion deeper than [`MOST_LEVELS`].
fn measure(node: &Node) -> (usize, usize) {
    let of = |children: &mut dyn Iterator<Item = (usize, usize)>| {
        children.fold((0, 0), |(levels, bytes), child| (levels.max(child.0), bytes + child.1))
    };
    match &node.content {
        Content::Plain(text) | Content::Text(text) => (0, text.len()),
        Content::Known(_) => (0, 0),
        Content::List(nodes) => {
            let (levels, bytes) = of(&mut nodes.iter().map(measure));
            (levels + 1, bytes)
        }
        Content::Map(entries) => {
            let (levels, bytes) = of(&mut entries.iter().map(|entry| {
                let (levels, bytes) = measure(&entry.value);
                (levels, bytes + entry.key.len())
            }));
            (levels + 1, bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn read_text(text: &str) -> (Option<Node>, Vec<String>) {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text.into());
        let mut diagnostics = Vec::new();
        let node = read(&sources, file, &mut diagnostics);
        let shown = |diagnostic: &Diagnostic| {
            let place = diagnostic.location.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} {place} {}", diagnostic.code, diagnostic.message)
        };
        (node, diagnostics.iter().map(shown).collect())
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(read_text(text).1.join("\n"), expected, "{text}");
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let text = "vpc:\n  main: { cidr: \"10/8\" }\nlist:\n- a\n- b\n";
        let (node, faults) = read_text(text);
        assert!(faults.is_empty(), "{faults:?}");
        let node = node.unwrap();
        let slice = |span: Span| &text[span.start as usize..span.end as usize];
        let main = &node.get("vpc").unwrap().entries().unwrap()[0];
        assert_eq!(slice(main.key_span), "main");
        assert_eq!(slice(main.value.span), "{ cidr: \"10/8\" }");
        assert_eq!(slice(main.value.get("cidr").unwrap().span), "\"10/8\"");
        assert_eq!(slice(node.get("list").unwrap().span), "a\n- b");
    }

    #[test]
    fn faults_are_named_with_their_place() {
        check(
            "a: 1\nb: 2\na: 3\na: 4\n",
            "duplicate-key a.yaml:3:1 'a' is given twice\nduplicate-key a.yaml:4:1 'a' is given twice",
        );
        check("a: 1\n---\nb: 2\n", "several-documents a.yaml:2:1 a file holds one document");
        check("a: !Ref b\n", "yaml-tag a.yaml:1:9 YAML tags such as '!Ref' mean nothing here");
        check("", "empty-file  'a.yaml' is empty");
        check("? [a]\n: b\n", "yaml-key a.yaml:1:3 a key must be a word");
    }

    #[test]
    fn aliases_repeat_and_bombs_are_refused() {
        let (node, faults) = read_text("a: &x [1, 2]\nb: *x\n");
        assert!(faults.is_empty());
        assert_eq!(node.unwrap().get("b").unwrap().elements().unwrap().len(), 2);
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..10 {
            let alias = format!("*a{}", level - 1);
            let aliases = [alias.as_str(); 10].join(",");
            writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
        }
        assert!(read_text(&bomb).1[0].starts_with("too-large"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), ["*a"; 1000].join(","));
        assert!(read_text(&long).1[0].starts_with("too-large"));
        assert!(read_text("a: &a [*a]\n").1[0].starts_with("yaml-alias"));
    }

    #[test]
    fn deep_nesting_is_refused() {
        for text in
            ["[".repeat(100_000), "- ".repeat(100_000), "a:\n".to_owned() + &"? ".repeat(9999)]
        {
            let (node, faults) = read_text(&text);
            assert!(node.is_none() && faults.len() == 1, "{faults:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r"[a-c\[\]{}:,&*!|>'\x22 \n\t#?<~-]{0,200}") {
            let (node, faults) = read_text(&text);
            prop_assert!(node.is_some() || !faults.is_empty());
        }
    }
}
