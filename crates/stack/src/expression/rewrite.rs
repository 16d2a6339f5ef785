//! Replaces the outside names of a parsed expression by slots, and puts a budget on its loops.

use std::collections::BTreeMap;
use std::convert::Infallible;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::functions;
use super::name::{Key, Name, ResourceName, Slot};
use super::program::{CompileError, Program};

/// A tree, and the offset of each identifier and call by the id of its node.
pub(crate) type Parsed = (IdedExpr, BTreeMap<u64, usize>);

/// What stands for `var`, a reserved word of CEL, while it is parsed; as long as `var` itself, so
/// that offsets stay.
const VAR: &str = "vAr";

/// The function that every loop's range goes through: see [`functions`].
pub(crate) const RANGE: &str = "@range";

/// Type names of CEL, which are values in expressions (`type(x) == int`), and namespaces of its
/// functions.
const CEL_NAMES: [&str; 12] = [
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "optional",
    "optional_type",
];

/// The source with `var` at the beginning of a name made readable to the parser.
pub(crate) fn escape_reserved(source: &str) -> String {
    let mut escaped = String::with_capacity(source.len());
    let mut quote = None;
    let mut rest = source;
    while let Some(character) = rest.chars().next() {
        let mut taken = character.len_utf8();
        match quote {
            Some(_) if character == '\\' => {
                taken += rest[taken..].chars().next().map_or(0, char::len_utf8);
            }
            Some(open) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            None if character.is_ascii_alphabetic() || character == '_' => {
                let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                taken = rest.find(word).unwrap_or(rest.len());
                let field = escaped.trim_end().ends_with('.');
                if &rest[..taken] == "var" && !field {
                    escaped.push_str(VAR);
                    rest = &rest[taken..];
                    continue;
                }
            }
            Some(_) | None => {}
        }
        escaped.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    escaped
}

/// Where the nodes of a program begin, in bytes; nothing when characters are not bytes.
pub(crate) fn offsets(program: &cel::Program) -> BTreeMap<u64, usize> {
    let info = program.source_info();
    if !info.source.is_ascii() {
        return BTreeMap::new();
    }
    let mut offsets = BTreeMap::new();
    let mut id = 0;
    // Nodes are numbered from 1 without gaps but for those that macros made.
    let mut missing = 0;
    while missing < 64 {
        id += 1;
        match info.offset_for(id) {
            Some((start, _)) => {
                missing = 0;
                offsets.insert(id, start as usize);
            }
            None => missing += 1,
        }
    }
    offsets
}

/// Compiles a parsed expression of a stack.
pub(crate) fn outside_names(source: &str, parsed: Parsed) -> Result<Program, CompileError> {
    let (tree, offsets) = parsed;
    let mut rewriter =
        Rewriter { source, offsets, locals: Vec::new(), slots: Vec::new(), paths: Vec::new() };
    let tree = rewriter.rewrite(tree)?;
    let Rewriter { slots, paths, .. } = rewriter;
    Ok(Program { tree, slots, paths })
}

/// The tree with a budget on its loops, names untouched.
pub(crate) fn budgeted(tree: IdedExpr) -> IdedExpr {
    let IdedExpr { id, expr } = tree;
    let Ok(mut expr) = children(expr, &mut |child| Ok::<_, Infallible>(budgeted(child)));
    if let Expr::Comprehension(comprehension) = &mut expr {
        comprehension.iter_range = ranged(std::mem::take(&mut comprehension.iter_range));
    }
    IdedExpr { id, expr }
}

fn ranged(range: IdedExpr) -> IdedExpr {
    let id = range.id;
    let call = CallExpr { func_name: RANGE.to_owned(), target: None, args: vec![range] };
    IdedExpr { id, expr: Expr::Call(call) }
}

struct Rewriter<'a> {
    source: &'a str,
    offsets: BTreeMap<u64, usize>,
    /// Variables of the loops around.
    locals: Vec<String>,
    slots: Vec<Slot>,
    paths: Vec<Program>,
}

/// A step of a name: `.field` or `[index]`.
enum Part<'e> {
    Field(&'e str),
    Index(&'e IdedExpr),
}

impl Rewriter<'_> {
    fn rewrite(&mut self, node: IdedExpr) -> Result<IdedExpr, CompileError> {
        if let Some((root, root_id, parts)) = flatten(&node)
            && !self.locals.iter().any(|local| local == root)
            && !root.starts_with('@')
            && !CEL_NAMES.contains(&root)
        {
            let (name, taken) = self.name(root, &parts)?;
            if taken == parts.len() {
                let slot = IdedExpr { id: node.id, expr: self.slot(name, root_id) };
                return Ok(slot);
            }
        }
        let IdedExpr { id, expr } = node;
        let expr = match expr {
            Expr::Comprehension(mut comprehension) => {
                let range = self.rewrite(std::mem::take(&mut comprehension.iter_range))?;
                comprehension.iter_range = ranged(range);
                comprehension.accu_init = self.rewrite(comprehension.accu_init)?;
                let outer = self.locals.len();
                self.locals.push(comprehension.iter_var.clone());
                self.locals.extend(comprehension.iter_var2.clone());
                self.locals.push(comprehension.accu_var.clone());
                comprehension.loop_cond = self.rewrite(comprehension.loop_cond)?;
                comprehension.loop_step = self.rewrite(comprehension.loop_step)?;
                comprehension.result = self.rewrite(comprehension.result)?;
                self.locals.truncate(outer);
                Expr::Comprehension(comprehension)
            }
            Expr::Call(call) => {
                self.check_function(&call, id)?;
                self.note_path(&call)?;
                children(Expr::Call(call), &mut |child| self.rewrite(child))?
            }
            Expr::Struct(literal) => {
                let message = format!("there is no type '{}'", literal.type_name);
                return Err(self.error_at(id, message));
            }
            other => children(other, &mut |child| self.rewrite(child))?,
        };
        Ok(IdedExpr { id, expr })
    }

    fn slot(&mut self, name: Name, root: u64) -> Expr {
        let start = self.offsets.get(&root).copied();
        let end =
            start.map_or(self.source.len(), |start| start + name_length(&self.source[start..]));
        let number = self.slots.len();
        self.slots.push(Slot { name, start: start.unwrap_or_default(), end });
        Expr::Ident(format!("@{number}"))
    }

    fn error_at(&self, id: u64, message: String) -> CompileError {
        let start = self.offsets.get(&id).copied();
        let end = start.map_or(self.source.len(), |start| start + 1);
        CompileError::new(start.unwrap_or_default(), end, message)
    }

    fn check_function(&self, call: &CallExpr, id: u64) -> Result<(), CompileError> {
        let name = call.func_name.as_str();
        if functions::is_known(name) {
            return Ok(());
        }
        let place = self.source.find(name).map(|start| (start, start + name.len()));
        let (start, end) = place.unwrap_or((0, self.source.len()));
        let _ = id;
        let advice = crate::suggest::advice(name, functions::names(), "");
        Err(CompileError::new(start, end, format!("there is no function '{name}'")).help(advice))
    }

    /// The first argument of `file` and `template` is evaluated while the stack is loaded.
    fn note_path(&mut self, call: &CallExpr) -> Result<(), CompileError> {
        let reads = matches!(call.func_name.as_str(), "file" | "template");
        if let (true, None, Some(path)) = (reads, &call.target, call.args.first()) {
            let path = self.inner(path.clone())?;
            self.paths.push(path);
        }
        Ok(())
    }

    /// A part of the expression as a program of its own.
    fn inner(&self, tree: IdedExpr) -> Result<Program, CompileError> {
        outside_names(self.source, (tree, self.offsets.clone()))
    }

    /// The name that begins here, and how many of the parts belong to it.
    fn name(&self, root: &str, parts: &[Part<'_>]) -> Result<(Name, usize), CompileError> {
        let fields: Vec<&str> = parts
            .iter()
            .map_while(|part| match part {
                Part::Field(field) => Some(*field),
                Part::Index(_) => None,
            })
            .collect();
        Ok(match (root, fields.as_slice()) {
            (VAR, [field, ..]) => (Name::Binding("var", (*field).to_owned()), 1),
            ("input", [field, ..]) => (Name::Binding("input", (*field).to_owned()), 1),
            ("each", [field, ..]) => (Name::Binding("each", (*field).to_owned()), 1),
            ("stack", _) => (Name::Ambient("stack"), 0),
            ("region", _) => (Name::Ambient("region"), 0),
            ("account", _) => (Name::Ambient("account"), 0),
            ("module", _) => self.in_module(&fields, parts)?,
            ("existing", [kind, ..]) => self.resource(Vec::new(), true, kind, 1, parts)?,
            (kind, _) => self.resource(Vec::new(), false, kind, 0, parts)?,
        })
    }

    fn in_module(
        &self,
        fields: &[&str],
        parts: &[Part<'_>],
    ) -> Result<(Name, usize), CompileError> {
        let mut modules = Vec::new();
        let mut at = 0;
        while let Some(name) = fields.get(at) {
            modules.push((*name).to_owned());
            at += 1;
            if fields.get(at) != Some(&"module") {
                break;
            }
            at += 1;
        }
        match fields.get(at) {
            Some(&"outputs") => match fields.get(at + 1) {
                Some(name) => Ok((Name::Output { modules, name: (*name).to_owned() }, at + 2)),
                None => Ok(incomplete("module", parts)),
            },
            Some(kind) => self.resource(modules, false, kind, at + 1, parts),
            None => Ok(incomplete("module", parts)),
        }
    }

    /// A name of a resource whose kind ends before part `at`: NAME, perhaps KEY, ATTRIBUTE.
    fn resource(
        &self,
        modules: Vec<String>,
        existing: bool,
        kind: &str,
        at: usize,
        parts: &[Part<'_>],
    ) -> Result<(Name, usize), CompileError> {
        let root = if !modules.is_empty() {
            "module"
        } else if existing {
            "existing"
        } else {
            kind
        };
        let Some(Part::Field(name)) = parts.get(at) else { return Ok(incomplete(root, parts)) };
        let (key, at) = match parts.get(at + 1) {
            Some(Part::Index(index)) => (Some(self.key(index)?), at + 2),
            _ => (None, at + 1),
        };
        let Some(Part::Field(attribute)) = parts.get(at) else {
            return Ok(incomplete(root, parts));
        };
        let attribute = (*attribute).to_owned();
        let (kind, name) = (kind.to_owned(), (*name).to_owned());
        Ok((Name::Resource(ResourceName { modules, existing, kind, name, key, attribute }), at + 1))
    }

    fn key(&self, index: &IdedExpr) -> Result<Key, CompileError> {
        if let Expr::Literal(LiteralValue::String(key)) = &index.expr {
            return Ok(Key::Literal(key.inner().to_owned()));
        }
        Ok(Key::Computed(Box::new(self.inner(index.clone())?)))
    }
}

fn incomplete(root: &str, parts: &[Part<'_>]) -> (Name, usize) {
    let root = if root == VAR { "var" } else { root };
    let fields = parts.iter().map_while(|part| match part {
        Part::Field(field) => Some((*field).to_owned()),
        Part::Index(_) => None,
    });
    (Name::Incomplete(std::iter::once(root.to_owned()).chain(fields).collect()), parts.len())
}

/// The identifier at the beginning of a chain of fields and indexes, and the chain.
fn flatten(node: &IdedExpr) -> Option<(&str, u64, Vec<Part<'_>>)> {
    let mut parts = Vec::new();
    let mut node = node;
    loop {
        match &node.expr {
            Expr::Ident(root) => {
                parts.reverse();
                return Some((root, node.id, parts));
            }
            Expr::Select(select) if !select.test => {
                parts.push(Part::Field(&select.field));
                node = &select.operand;
            }
            Expr::Call(call) if call.func_name == operators::INDEX && call.args.len() == 2 => {
                parts.push(Part::Index(&call.args[1]));
                node = &call.args[0];
            }
            _ => return None,
        }
    }
}

/// How many bytes of the text a name takes, for the underline.
fn name_length(text: &str) -> usize {
    let mut brackets = 0;
    let end = text.char_indices().find(|(_, character)| match character {
        '[' => {
            brackets += 1;
            false
        }
        ']' if brackets > 0 => {
            brackets -= 1;
            false
        }
        _ if brackets > 0 => false,
        c => !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')),
    });
    end.map_or(text.len(), |(at, _)| at)
}

/// The expression with every child replaced.
fn children<E>(
    expr: Expr,
    replace: &mut dyn FnMut(IdedExpr) -> Result<IdedExpr, E>,
) -> Result<Expr, E> {
    Ok(match expr {
        Expr::Call(mut call) => {
            if let Some(target) = call.target.take() {
                let namespace = matches!(&target.expr, Expr::Ident(name) if name == "optional");
                call.target = Some(if namespace { target } else { Box::new(replace(*target)?) });
            }
            call.args = call.args.into_iter().map(&mut *replace).collect::<Result<_, _>>()?;
            Expr::Call(call)
        }
        Expr::Comprehension(mut comprehension) => {
            comprehension.iter_range = replace(comprehension.iter_range)?;
            comprehension.accu_init = replace(comprehension.accu_init)?;
            comprehension.loop_cond = replace(comprehension.loop_cond)?;
            comprehension.loop_step = replace(comprehension.loop_step)?;
            comprehension.result = replace(comprehension.result)?;
            Expr::Comprehension(comprehension)
        }
        Expr::List(mut list) => {
            list.elements =
                list.elements.into_iter().map(&mut *replace).collect::<Result<_, _>>()?;
            Expr::List(list)
        }
        Expr::Map(mut map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    entry.key = replace(std::mem::take(&mut entry.key))?;
                    entry.value = replace(std::mem::take(&mut entry.value))?;
                }
            }
            Expr::Map(map)
        }
        Expr::Select(mut select) => {
            *select.operand = replace(std::mem::take(&mut *select.operand))?;
            Expr::Select(select)
        }
        leaf @ (Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_)) => leaf,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> String {
        let program = Program::compile(source).unwrap();
        let shown = program.slots.iter().map(|slot| {
            let name = match &slot.name {
                Name::Binding(root, field) => format!("{root}:{field}"),
                Name::Ambient(name) => format!("={name}"),
                Name::Output { modules, name } => format!("{}!{name}", modules.join("/")),
                Name::Incomplete(parts) => format!("?{}", parts.join(".")),
                Name::Resource(resource) => {
                    let key = match &resource.key {
                        None => String::new(),
                        Some(Key::Literal(key)) => format!("[{key}]"),
                        Some(Key::Computed(_)) => "[…]".to_owned(),
                    };
                    let modules = resource.modules.join("/");
                    let existing = if resource.existing { "existing " } else { "" };
                    let ResourceName { kind, name, attribute, .. } = resource;
                    format!("{existing}{modules}:{kind}.{name}{key}#{attribute}")
                }
            };
            format!("{name} <{}>", &source[slot.start..slot.end])
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn names_are_found_before_anything_is_evaluated() {
        assert_eq!(names("var.a + each.index"), "var:a <var.a>; each:index <each.index>");
        assert_eq!(names("vpc.main.tags.x"), ":vpc.main#tags <vpc.main.tags.x>");
        assert_eq!(names(r#"subnet.p["a"].id"#), r#":subnet.p[a]#id <subnet.p["a"].id>"#);
        assert_eq!(names("subnet.p[each.key].id"), ":subnet.p[…]#id <subnet.p[each.key].id>");
        assert_eq!(names("existing.vpc.d.id"), "existing :vpc.d#id <existing.vpc.d.id>");
        assert_eq!(
            names("module.a.module.b.vpc.m.id"),
            "a/b:vpc.m#id <module.a.module.b.vpc.m.id>"
        );
        assert_eq!(names("module.a.outputs.x"), "a!x <module.a.outputs.x>");
        assert_eq!(names("vpc.main"), "?vpc.main <vpc.main>");
        assert_eq!(names("nonsense"), "?nonsense <nonsense>");
        assert_eq!(names("region"), "=region <region>");
    }

    #[test]
    fn loop_variables_and_types_are_no_outside_names() {
        assert_eq!(
            names("var.zones.map(z, z + stack)"),
            "var:zones <var.zones.map>; =stack <stack>"
        );
        assert_eq!(names("type(1) == int ? 'var.x' : \"var\""), "");
    }

    #[test]
    fn unknown_functions_are_found_at_once() {
        let error = Program::compile("1 + cidr_subnets('a', 1, 2)").unwrap_err();
        assert_eq!(error.message, "there is no function 'cidr_subnets'");
        assert_eq!(error.help.as_deref(), Some("did you mean 'cidr_subnet'?"));
        assert_eq!((error.start, error.end), (4, 16));
    }
}
