//! Stacks for tests, as text: an address, and below it its attributes.
//!
//! ```text
//! security_group.web
//!   vpc: @vpc.main
//!   ingress: [{port: 443, from: [@security_group.proxy, 10.0.0.0/8]}]
//!   tags.color: blue
//!   depends_on: [@vpc.main]
//! ```
//!
//! `@ADDRESS` is what a typed field means by a name, `@ADDRESS:ATTRIBUTE` an attribute of it;
//! `${ADDRESS.ATTRIBUTE}` inside a text is a template, `secret:TEXT` a secret, `source:HASH` code.

use std::collections::BTreeMap;

use trueup_model::expression::{Expressions, Lookup};
use trueup_model::kind::Presence;
use trueup_model::stack::{OnDestroy, Resource, Unfolded, Use};
use trueup_model::value::Secret;
use trueup_model::{
    Address, Attribute, Catalog, Expression, Reference, Scope, Stack, Template, Type, Value,
};

use crate::world::Cel;

pub(crate) fn stack(catalog: &Catalog, text: &str) -> Stack {
    let mut stack =
        Stack { name: "demo".to_owned(), digest: "digest".to_owned(), ..Stack::default() };
    let mut current: Option<Resource> = None;
    for line in
        text.lines().map(|line| line.split(" #").next().unwrap()).filter(|l| !l.trim().is_empty())
    {
        if !line.starts_with(' ') || line.trim().parse::<Address>().is_ok() {
            add(&mut stack, current.replace(empty(line.trim().parse().unwrap())));
            continue;
        }
        let (key, value) =
            line.trim().split_once(": ").unwrap_or((line.trim().trim_end_matches(':'), ""));
        set(catalog, current.as_mut().expect("an address comes first"), key, value);
    }
    add(&mut stack, current);
    fill_in(catalog, &mut stack);
    fold(catalog, &mut stack);
    stack
}

fn empty(address: Address) -> Resource {
    Resource {
        address,
        attributes: Expressions::new(),
        tags: BTreeMap::new(),
        depends_on: Vec::new(),
        moved_from: None,
        adopt: None,
        ignore_changes: BTreeMap::new(),
        on_destroy: OnDestroy::Default,
        protect: false,
        references: Vec::new(),
        unfolded: None,
        location: None,
        locations: BTreeMap::new(),
    }
}

fn add(stack: &mut Stack, resource: Option<Resource>) {
    if let Some(resource) = resource {
        stack.resources.insert(resource.address.clone(), resource);
    }
}

fn set(catalog: &Catalog, resource: &mut Resource, key: &str, value: &str) {
    match key {
        "depends_on" => {
            let addresses = value.trim_matches(['[', ']']).split(", ");
            resource.depends_on =
                addresses.map(|a| a.trim_start_matches('@').parse().unwrap()).collect();
        }
        "moved_from" => resource.moved_from = Some(value.parse().unwrap()),
        "adopt" => resource.adopt = Some(value.to_owned()),
        "protect" => resource.protect = true,
        "on_destroy" => {
            resource.on_destroy = match value {
                "retain" => OnDestroy::Retain,
                "delete" => OnDestroy::Delete,
                "snapshot" => OnDestroy::Snapshot,
                other => panic!("{other}"),
            }
        }
        _ => {
            if let Some(attribute) = key.strip_prefix("ignore.") {
                resource.ignore_changes.insert(attribute.to_owned(), value.to_owned());
            } else if let Some(tag) = key.strip_prefix("tags.") {
                let tag_value = Reader::read(value, None);
                resource.tags.insert(tag.to_owned(), tag_value);
            } else {
                let kind = catalog.kind(&resource.address.kind);
                let attribute =
                    kind.attribute(key).unwrap_or_else(|| panic!("{}.{key}", kind.name));
                let value = Reader::read(value, Some(&attribute.ty));
                resource.attributes.insert(key.to_owned(), value);
            }
        }
    }
}

fn fill_in(catalog: &Catalog, stack: &mut Stack) {
    for resource in stack.resources.values_mut() {
        let kind = catalog.kind(&resource.address.kind);
        let name = format!("{}-{}", stack.name, resource.address.words());
        fill_fields(&kind.attributes, &mut resource.attributes, &name);
        let mut references = Vec::new();
        let tags = resource.tags.values().map(|tag| ("tags", tag));
        let attributes = resource.attributes.iter().map(|(n, e)| (n.as_str(), e));
        for (attribute, expression) in attributes.chain(tags) {
            for to in expression.references() {
                let read = catalog.kind(&to.to.kind);
                let (attribute, to) = (attribute.to_owned(), to.clone());
                let output = read.attribute(&to.attribute).is_none();
                references.push(Use { attribute, to, output });
            }
        }
        if references.iter().any(|used: &Use| !used.output) {
            let (attributes, tags) = (resource.attributes.clone(), resource.tags.clone());
            resource.unfolded = Some(Box::new(Unfolded { attributes, tags }));
        }
        resource.references = references;
    }
}

fn fill_fields(declared: &[Attribute], fields: &mut Expressions, name: &str) {
    for attribute in declared {
        match &attribute.presence {
            _ if fields.contains_key(attribute.name) => {
                fill_type(&attribute.ty, fields.get_mut(attribute.name).unwrap());
            }
            Presence::Required => panic!("{} is required", attribute.name),
            Presence::Default(value, _) => {
                fields.insert(attribute.name.to_owned(), value.clone().into());
            }
            Presence::Derived(_) => drop(fields.insert(attribute.name.to_owned(), name.into())),
            Presence::Unmanaged(_) => {}
        }
    }
}

fn fill_type(ty: &Type, expression: &mut Expression) {
    match (ty, expression) {
        (Type::Object(declared), Expression::Map(fields)) => fill_fields(declared, fields, ""),
        (Type::List(inner) | Type::Set(inner), Expression::List(elements)) => {
            for element in elements {
                fill_type(inner, element);
            }
        }
        (Type::Map(inner), Expression::Map(fields)) => {
            for field in fields.values_mut() {
                fill_type(inner, field);
            }
        }
        _ => {}
    }
}

/// Folds what the file alone knows, as the loader does.
fn fold(catalog: &Catalog, stack: &mut Stack) {
    struct File<'s>(&'s Catalog, &'s Stack);
    impl Scope for File<'_> {
        fn lookup(&self, reference: &Reference) -> Lookup {
            let resource = self.1.resources.get(&reference.to);
            let known = resource.and_then(|resource| resource.known(&reference.attribute));
            let configured =
                self.0.kind(&reference.to.kind).attribute(&reference.attribute).is_some();
            known.filter(|_| configured).cloned().map_or(Lookup::Unknown, Lookup::Known)
        }
        fn ambient(&self, _: &str) -> Option<Value> {
            None
        }
    }
    for _ in 0..3 {
        let before = stack.clone();
        let file = File(catalog, &before);
        for resource in stack.resources.values_mut() {
            for expression in resource.attributes.values_mut().chain(resource.tags.values_mut()) {
                *expression = expression.resolve(&Cel, &file).unwrap();
            }
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn read(text: &'t str, ty: Option<&Type>) -> Expression {
        let mut reader = Self { rest: text };
        let expression = reader.expression(ty);
        assert!(reader.rest.trim().is_empty(), "'{}' is left of '{text}'", reader.rest);
        expression
    }

    fn expression(&mut self, ty: Option<&Type>) -> Expression {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            Some('[') => {
                let inner = ty.and_then(Type::element).or(ty);
                self.rest = &self.rest[1..];
                let mut elements = Vec::new();
                while !self.ends_with(']') {
                    elements.push(self.expression(inner));
                }
                Expression::fold_list(elements)
            }
            Some('{') => {
                self.rest = &self.rest[1..];
                let mut fields = Expressions::new();
                while !self.ends_with('}') {
                    let (key, rest) = self.rest.split_once(": ").unwrap();
                    let inner = match ty {
                        Some(Type::Object(declared)) => {
                            let field = declared.iter().find(|field| field.name == key);
                            Some(&field.unwrap_or_else(|| panic!("no field {key}")).ty)
                        }
                        _ => ty.and_then(Type::element),
                    };
                    self.rest = rest;
                    fields.insert(key.to_owned(), self.expression(inner));
                }
                // An object's fields are filled in later.
                Expression::Map(fields)
            }
            Some('@') => self.reference(ty),
            _ => self.scalar(),
        }
    }

    /// Whether the list ends here; else skips to the next element.
    fn ends_with(&mut self, end: char) -> bool {
        self.rest = self.rest.trim_start().trim_start_matches(',').trim_start();
        let ends = self.rest.starts_with(end);
        if ends {
            self.rest = &self.rest[1..];
        }
        ends
    }

    fn token(&mut self) -> &'t str {
        let mut depth = 0;
        let end = self.rest.find(|c: char| {
            depth += i32::from(matches!(c, '{' | '[')) - i32::from(matches!(c, '}' | ']'));
            depth < 0 || (depth == 0 && c == ',')
        });
        let (token, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        token.trim()
    }

    fn reference(&mut self, ty: Option<&Type>) -> Expression {
        let token = self.token().trim_start_matches('@');
        let (address, attribute) = match token.split_once(':') {
            Some((address, attribute)) => (address, attribute.to_owned()),
            None => (token, stands_for(ty).to_owned()),
        };
        let existing = address.starts_with("existing.");
        let to = address.trim_start_matches("existing.").parse().unwrap();
        Expression::Reference(Reference { to, attribute, existing })
    }

    fn scalar(&mut self) -> Expression {
        let token = self.token();
        if token.contains("${") {
            return Expression::Template(template(token));
        }
        if let Some(secret) = token.strip_prefix("secret:") {
            return Value::Secret(Secret::new(secret)).into();
        }
        if let Some(hash) = token.strip_prefix("source:") {
            let fields = [("path", "code"), ("sha256", hash)];
            return Value::Map(fields.map(|(k, v)| (k.to_owned(), v.into())).into()).into();
        }
        match token {
            "null" => Value::Null.into(),
            "true" => true.into(),
            "false" => false.into(),
            _ => token.parse::<i64>().map_or_else(|_| token.into(), Expression::from),
        }
    }
}

fn stands_for(ty: Option<&Type>) -> &'static str {
    match ty {
        Some(Type::Reference(reference)) => reference.output,
        Some(Type::List(inner) | Type::Set(inner)) => stands_for(Some(inner)),
        _ => "id",
    }
}

fn template(source: &str) -> Template {
    let holes = source.split("${").skip(1).map(|rest| rest.split('}').next().unwrap());
    let reference = |hole: &str| {
        let (address, attribute) = hole.rsplit_once('.').unwrap();
        let (to, attribute) = (address.parse().unwrap(), attribute.to_owned());
        Reference { to, attribute, existing: false }
    };
    Template {
        source: source.to_owned(),
        bindings: BTreeMap::new(),
        modules: Vec::new(),
        references: holes.map(reference).collect(),
        known: BTreeMap::new(),
    }
}
