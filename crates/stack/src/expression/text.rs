//! A text with `${…}` in it, split into literal pieces and expressions.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::program::{CompileError, Program};

/// A text, split and compiled.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Characters that stand for themselves.
    Literal(String),
    /// An expression, and the offset of its first byte in the text.
    Expression(Program, usize),
}

/// Whether a text has an expression, or an escaped one, in it.
pub(crate) fn has_expression(text: &str) -> bool {
    text.contains("${")
}

/// Texts repeat: every instance of a family has the same, and a plan evaluates them again.
static COMPILED: LazyLock<RwLock<HashMap<String, Arc<Text>>>> = LazyLock::new(RwLock::default);

/// More texts than this are not kept; a stack of ten thousand resources has fewer.
const MOST_KEPT: usize = 50_000;

impl Text {
    /// Splits and compiles a text; `$${` stands for `${`.
    pub(crate) fn compile(text: &str) -> Result<Arc<Self>, CompileError> {
        let kept = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
        if let Some(compiled) = kept {
            return Ok(compiled);
        }
        let compiled = Arc::new(Self { pieces: split(text, Program::compile)? });
        let mut cache = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MOST_KEPT {
            cache.clear();
        }
        cache.insert(text.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    }

    /// The same for the text of a template file, whose names are its own variables.
    pub(crate) fn compile_file(text: &str) -> Result<Self, CompileError> {
        Ok(Self { pieces: split(text, Program::compile_plain)? })
    }

    /// The expression, if the text is nothing else: its value keeps its type.
    pub(crate) fn single(&self) -> Option<&Program> {
        match self.pieces.as_slice() {
            [Piece::Expression(program, _)] => Some(program),
            _ => None,
        }
    }

    /// The expressions, each with the offset of its first byte in the text.
    pub(crate) fn programs(&self) -> impl Iterator<Item = (&Program, usize)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Expression(program, start) => Some((program, *start)),
        })
    }
}

fn split(
    text: &str,
    compile: fn(&str) -> Result<Program, CompileError>,
) -> Result<Vec<Piece>, CompileError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let dollar = at + found;
        if text[at..dollar].ends_with('$') {
            literal.push_str(&text[at..dollar]);
            literal.push('{');
            at = dollar + 2;
            continue;
        }
        literal.push_str(&text[at..dollar]);
        let start = dollar + 2;
        let Some(end) = closing_brace(&text[start..]).map(|length| start + length) else {
            return Err(CompileError::new(dollar, text.len(), "this `${` has no closing `}`")
                .help("write `$${` for the characters `${` themselves"));
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        let program = compile(&text[start..end]).map_err(|error| error.shifted(start))?;
        pieces.push(Piece::Expression(program, start));
        at = end + 1;
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// The offset of the brace that closes an expression; braces in strings and maps do not.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (Some(_) | None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match Text::compile(text) {
            Err(error) => format!("{}..{} {}", error.start, error.end, error.message),
            Ok(compiled) => {
                let shown = compiled.pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => format!("{text:?}"),
                    Piece::Expression(_, start) => {
                        let length = closing_brace(&text[*start..]).unwrap();
                        format!("<{}>@{start}", &text[*start..start + length])
                    }
                });
                shown.collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn texts_are_split_at_their_expressions() {
        check("plain", r#""plain""#);
        check("${var.x}", "<var.x>@2");
        check("a-${var.x}-b", r#""a-" <var.x>@4 "-b""#);
        check(r#"${ {"a": "}"}["a"] }"#, r#"< {"a": "}"}["a"] >@2"#);
        check("$${HOME} $${x}", r#""${HOME} ${x}""#);
        check("a ${var.x", "2..9 this `${` has no closing `}`");
        check("", r#""""#);
    }
}
