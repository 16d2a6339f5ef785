//! One expression, parsed, with its outside names replaced by slots.

use std::sync::{Arc, LazyLock};

use cel::Env;
use cel::common::ast::Expr;
use cel::parser::{Expression, ParseErrors};

use super::name::Slot;
use super::{functions, rewrite};

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its tree; slot `n` is the identifier `@n`.
    pub(crate) tree: Expression,
    /// The names that it reads.
    pub(crate) slots: Vec<Slot>,
    /// The paths that it gives to `file` and `template`: what is read while the stack is loaded.
    pub(crate) paths: Vec<Program>,
}

/// Why an expression cannot be compiled; offsets are bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompileError {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// The longest expression.
const MOST_BYTES: usize = 4_000;

/// The most operators, dots and brackets of one expression: the parser recurses over them, and must
/// not run out of stack in any build.
const MOST_OPERATORS: usize = 150;

/// The deepest nesting of brackets.
const MOST_BRACKETS: usize = 24;

/// The language: CEL's own functions and macros, and ours.
pub(crate) static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(functions::language()));

impl CompileError {
    pub(crate) fn new(start: usize, end: usize, message: impl Into<String>) -> Self {
        Self { start, end, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn shifted(mut self, by: usize) -> Self {
        self.start += by;
        self.end += by;
        self
    }
}

impl Program {
    /// Compiles an expression of a stack.
    pub(crate) fn compile(source: &str) -> Result<Self, CompileError> {
        let tree = parse(source, &rewrite::escape_reserved(source))?;
        rewrite::outside_names(source, tree)
    }

    /// The name that the expression is, if it is nothing else.
    pub(crate) fn bare(&self) -> Option<&Slot> {
        match (&self.tree.expr, self.slots.as_slice()) {
            (Expr::Ident(_), [slot]) => Some(slot),
            _ => None,
        }
    }

    /// Compiles an expression of a template file: its names are variables.
    pub(crate) fn compile_plain(source: &str) -> Result<Self, CompileError> {
        let tree = rewrite::budgeted(parse(source, source)?.0);
        Ok(Self { tree, slots: Vec::new(), paths: Vec::new() })
    }
}

fn parse(source: &str, escaped: &str) -> Result<rewrite::Parsed, CompileError> {
    let whole = |message: String| CompileError::new(0, source.len(), message);
    if source.trim().is_empty() {
        return Err(whole("the expression is empty".to_owned()));
    }
    if source.len() > MOST_BYTES {
        return Err(whole(format!("an expression has at most {MOST_BYTES} characters")));
    }
    let operator = |byte: &u8| b".+-*/%!=<>&|?([{".contains(byte);
    if source.bytes().filter(operator).count() > MOST_OPERATORS {
        return Err(whole(format!("an expression has at most {MOST_OPERATORS} operators")));
    }
    if brackets(source) > MOST_BRACKETS {
        return Err(whole(format!("brackets are nested more than {MOST_BRACKETS} levels deep")));
    }
    let program = LANGUAGE.compile(escaped).map_err(|errors| syntax_error(source, &errors))?;
    let offsets = rewrite::offsets(&program);
    Ok((program.expression().clone(), offsets))
}

fn brackets(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' | b'?' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn syntax_error(source: &str, errors: &ParseErrors) -> CompileError {
    let Some(error) = errors.errors.first() else {
        return CompileError::new(0, source.len(), "this is not an expression");
    };
    let column = usize::try_from(error.pos.1).unwrap_or_default().saturating_sub(1);
    let line = usize::try_from(error.pos.0).unwrap_or_default().saturating_sub(1);
    let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let start = (before + column).min(source.len());
    let start = (0..=start).rev().find(|at| source.is_char_boundary(*at)).unwrap_or_default();
    let width = source[start..].chars().next().map_or(0, char::len_utf8);
    let message = format!("this is not an expression: {}", in_words(&error.msg));
    CompileError::new(start, start + width, message)
        .help("write `$${` for the characters `${` themselves")
}

/// The parser's message without its list of every token that could follow.
fn in_words(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.split(" expecting ").next().unwrap_or(message);
    let token = ["mismatched input ", "extraneous input ", "no viable alternative at input "]
        .into_iter()
        .find_map(|prefix| message.strip_prefix(prefix));
    match token {
        Some("'<EOF>'" | "<EOF>") => "it ends too early".to_owned(),
        Some(token) => format!("unexpected {token}"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str) -> String {
        let error = Program::compile(source).unwrap_err();
        format!("{}..{} {}", error.start, error.end, error.message)
    }

    #[test]
    fn syntax_errors_have_their_place() {
        insta::assert_snapshot!(error("1 +"), @"3..3 this is not an expression: it ends too early");
        insta::assert_snapshot!(error("a b"), @"2..3 this is not an expression: unexpected 'b'");
        insta::assert_snapshot!(error("aws:username"), @"3..4 this is not an expression: unexpected ':'");
        insta::assert_snapshot!(error(""), @"0..0 the expression is empty");
    }

    #[test]
    fn hostile_expressions_are_refused_and_long_ones_are_not() {
        assert!(error(&"(".repeat(100)).contains("nested"));
        assert!(error(&"1+".repeat(1_000)).contains("operators"));
        assert!(error(&"1".repeat(10_000)).contains("characters"));
        assert!(Program::compile(&"!".repeat(150)).is_err());
        for source in [
            "1".to_owned() + &"+1".repeat(150),
            "a".to_owned() + &".b".repeat(150),
            "true?1:".repeat(20) + "2",
            "!".repeat(140) + "true",
        ] {
            Program::compile(&source).unwrap();
        }
    }
}
