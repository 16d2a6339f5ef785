//! Values as people read them: YAML on one line where it fits, in block form where it does not.

use similar::{ChangeTag, TextDiff};
use trueup_model::Value;
use trueup_model::value::SENSITIVE;

use super::look::{Look, Tone};
use super::visible;

/// The value on one line, as flow YAML: `[a, b]`, `{port: 5432}`.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::Bool(_) | Value::Int(_) => value.to_string(),
        Value::Secret(_) => SENSITIVE.to_owned(),
        Value::String(text) => scalar(text),
        Value::List(elements) => {
            let elements: Vec<String> = elements.iter().map(inline).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Map(fields) => {
            let stated = fields.iter().filter(|(_, field)| !field.is_null());
            let fields: Vec<String> = stated
                .map(|(name, field)| format!("{}: {}", scalar(name), inline(field)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// Whether a value is shown over several lines when it has `room` columns.
pub(crate) fn is_long(value: &Value, room: usize) -> bool {
    match value {
        Value::String(text) => text.contains('\n') || text.chars().count() > room.max(40) * 2,
        Value::List(_) | Value::Map(_) => inline(value).chars().count() > room,
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) => false,
    }
}

/// The value over several lines, as block YAML; what fits on one line stays on it.
pub(crate) fn block(value: &Value) -> String {
    const ROOM: usize = 60;
    Block::new(ROOM).of(value)
}

/// The difference of two long values, line by line, with three lines around each change.
pub(crate) fn line_diff(before: &Value, after: &Value, look: &Look) -> Vec<String> {
    let (before, after) = (block_or_nothing(before), block_or_nothing(after));
    let diff = TextDiff::from_lines(&before, &after);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(3).iter().enumerate() {
        if index > 0 {
            lines.push(look.paint(Tone::Faint, "  …"));
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let text = change.value().trim_end_matches('\n');
            lines.push(match change.tag() {
                ChangeTag::Delete => look.paint(Tone::Remove, format!("- {text}")),
                ChangeTag::Insert => look.paint(Tone::Add, format!("+ {text}")),
                ChangeTag::Equal => format!("  {text}"),
            });
        }
    }
    lines
}

fn block_or_nothing(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // Every element on a line of its own, so that two forms differ only where the values do.
        _ => Block::new(0).of(value) + "\n",
    }
}

/// Lines of block YAML.
struct Block {
    lines: Vec<String>,
    /// Lists and maps of at most this many columns stay on one line.
    room: usize,
}

impl Block {
    fn new(room: usize) -> Self {
        Self { lines: Vec::new(), room }
    }

    fn of(mut self, value: &Value) -> String {
        self.write(value, 0);
        self.lines.join("\n")
    }

    fn write(&mut self, value: &Value, indent: usize) {
        let margin = "  ".repeat(indent);
        match value {
            Value::Map(fields) => {
                for (name, field) in fields.iter().filter(|(_, field)| !field.is_null()) {
                    self.field(name, field, indent);
                }
            }
            Value::List(elements) => {
                for element in elements {
                    self.element(element, indent);
                }
            }
            Value::String(text) => {
                self.lines
                    .extend(text.lines().map(|line| format!("{margin}{}", visible::lines(line))));
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) => {
                self.lines.push(format!("{margin}{}", inline(value)));
            }
        }
    }

    fn field(&mut self, name: &str, value: &Value, indent: usize) {
        let head = format!("{}{}:", "  ".repeat(indent), scalar(name));
        if self.is_nested(value) {
            self.lines.push(head);
            self.write(value, indent + 1);
        } else {
            self.lines.push(format!("{head} {}", inline(value)));
        }
    }

    /// An element of a list; the first field of a map stands beside the dash.
    fn element(&mut self, value: &Value, indent: usize) {
        let margin = "  ".repeat(indent);
        if !self.is_nested(value) {
            self.lines.push(format!("{margin}- {}", inline(value)));
            return;
        }
        let first = self.lines.len();
        self.write(value, indent + 1);
        if let Some(line) = self.lines.get_mut(first) {
            *line = format!("{margin}- {}", &line[margin.len() + 2..]);
        }
    }

    fn is_nested(&self, value: &Value) -> bool {
        match value {
            Value::Map(fields) => !fields.is_empty() && is_long(value, self.room),
            Value::List(elements) => !elements.is_empty() && is_long(value, self.room),
            Value::String(text) => text.contains('\n'),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Secret(_) => false,
        }
    }
}

/// A text as YAML writes it: bare, unless that would read as something else.
fn scalar(text: &str) -> String {
    let plain = !text.is_empty()
        && text.trim() == text
        && !text.contains('"')
        && !text.contains(visible::acts)
        && !text.contains(", ")
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with(['[', ']', '{', '}', '&', '!', '|', '>', '%', '@', '`', '\'', '#'])
        && !text.starts_with("* ")
        && !matches!(text, "true" | "false" | "null" | "~" | "yes" | "no")
        && text.parse::<f64>().is_err();
    if plain { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes, with the escapes of YAML.
fn quoted(text: &str) -> String {
    let mut shown = String::from('"');
    for c in text.chars() {
        match c {
            '"' => shown += "\\\"",
            '\\' => shown += "\\\\",
            '\n' => shown += "\\n",
            '\t' => shown += "\\t",
            '\r' => shown += "\\r",
            other => shown += &visible::one_line(other.encode_utf8(&mut [0; 4])),
        }
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { colour: false, width: 80, verbose: false };

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn short_values_are_flow_yaml() {
        let shown = inline(&value(r#"{"port":5432,"from":["sg-1","10.0.0.0/8"],"to":null}"#));
        assert_eq!(shown, "{from: [sg-1, 10.0.0.0/8], port: 5432}");
        assert_eq!(inline(&value(r#""16""#)), r#""16""#);
        assert_eq!(inline(&value(r#""*""#)), "*");
        assert_eq!(inline(&value("16")), "16");
        assert_eq!(inline(&Value::from("true")), r#""true""#);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_quoted() {
        assert_eq!(inline(&Value::from("a\u{1b}[2Kb")), r#""a\u001b[2Kb""#);
        assert_eq!(inline(&Value::from("a\\ \"b\"\r\n\t")), r#""a\\ \"b\"\r\n\t""#);
        let text = Value::from("#!/bin/sh\necho \u{1b}[1A\rx\n");
        assert_eq!(block(&text), "#!/bin/sh\necho \\u001b[1A\\u000dx");
        let map = value(r#"{"a\nb":"\u001b"}"#);
        assert_eq!(inline(&map), r#"{"a\nb": "\u001b"}"#);
    }

    #[test]
    fn long_values_differ_line_by_line() {
        let before = value(
            r#"{"Statement":[{"Action":["s3:GetObject"],"Effect":"Allow","Resource":["arn:aws:s3:::a/*"]}]}"#,
        );
        let after = value(
            r#"{"Statement":[{"Action":["s3:GetObject","s3:PutObject"],"Effect":"Allow","Resource":["arn:aws:s3:::a/*"]}]}"#,
        );
        insta::assert_snapshot!(line_diff(&before, &after, &LOOK).join("\n"));
    }

    #[test]
    fn a_secret_stays_hidden_in_every_form() {
        let secret = Value::List(vec![Value::Secret(trueup_model::Secret::new("hunter2"))]);
        for shown in [inline(&secret), block(&secret)] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
