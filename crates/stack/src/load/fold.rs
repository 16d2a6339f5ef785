//! Folds what refers to configured attributes of other resources, in order of dependency, and lets
//! each kind complete and check its resources.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::expression::{Expressions, Lookup};
use trueup_model::kind::{Completion, Inspection};
use trueup_model::stack::Unfolded;
use trueup_model::{
    Address, Evaluator, Expression, Reference, Resource, Scope, Template, Type, Value,
};

use super::check::{Checked, Checker};
use super::resource::Draft;
use super::secrets::without_secrets;
use super::{Loader, Reported};
use crate::expression::CelEvaluator;
use crate::yaml::Node;

/// How often what resources read of each other in a circle is tried again.
const MOST_ROUNDS: usize = 16;

/// The resources by address.
pub(super) type Index = BTreeMap<Address, usize>;

/// What is known of configured attributes while they are being folded.
struct Configured<'a, 'l> {
    drafts: &'a [Draft<'l>],
    index: &'a Index,
    /// Which resources their kinds have completed.
    complete: &'a [bool],
}

impl Scope for Configured<'_, '_> {
    fn lookup(&self, reference: &Reference) -> Lookup {
        if reference.existing {
            return Lookup::Unknown;
        }
        if let Some(&at) = self.index.get(&reference.to) {
            return self.attribute(at, &reference.attribute).map_or(Lookup::Unknown, Lookup::Known);
        }
        let values: Option<Vec<Value>> = instances(self.index, &reference.to)
            .map(|at| self.attribute(at, &reference.attribute))
            .collect();
        values.map_or(Lookup::Unknown, |values| Lookup::Known(Value::List(values)))
    }

    fn ambient(&self, _: &str) -> Option<Value> {
        None
    }
}

impl Configured<'_, '_> {
    fn attribute(&self, at: usize, name: &str) -> Option<Value> {
        let draft = &self.drafts[at];
        if !draft.kind.is_configured(name) {
            return None;
        }
        let value = draft.resource.attributes.get(name)?.to_value()?;
        // Nothing may mean that the kind has yet to fill it in.
        if value.is_null() && !self.complete[at] { None } else { Some(value) }
    }
}

/// The resource of that address, or every instance of that family, in order of keys.
pub(super) fn instances<'i>(
    index: &'i Index,
    address: &'i Address,
) -> impl Iterator<Item = usize> + 'i {
    let from_there_on = index.range(address..);
    from_there_on
        .take_while(move |(other, _)| {
            *other == address || (address.key.is_none() && other.is_instance_of(address))
        })
        .map(|(_, at)| *at)
}

impl<'l> Loader<'l> {
    /// Folds and completes all resources.
    pub(super) fn fold(&'l self, drafts: &mut [Draft<'l>]) {
        let index: Index = drafts
            .iter()
            .enumerate()
            .map(|(at, draft)| (draft.resource.address.clone(), at))
            .collect();
        drafts.iter_mut().for_each(keep_unfolded);
        let (order, circular) = order(drafts, &index);
        let mut complete = vec![false; drafts.len()];
        for &at in &order {
            self.fold_one(drafts, at, &index, &complete);
            self.complete(&mut drafts[at]);
            // What a faulty one does not say is not nothing.
            complete[at] = drafts[at].sound;
        }
        for _ in 0..MOST_ROUNDS {
            let changed: Vec<bool> =
                circular.iter().map(|&at| self.fold_one(drafts, at, &index, &complete)).collect();
            if !changed.contains(&true) {
                break;
            }
        }
        for &at in &circular {
            self.complete(&mut drafts[at]);
            complete[at] = drafts[at].sound;
        }
        for &at in &circular {
            self.fold_one(drafts, at, &index, &complete);
        }
        mark_outputs(drafts, &index, &complete);
    }

    /// Folds one resource as far as the others are known; says whether that changed anything.
    fn fold_one(
        &'l self,
        drafts: &mut [Draft<'l>],
        at: usize,
        index: &Index,
        complete: &[bool],
    ) -> bool {
        let draft = &drafts[at];
        let Resource { attributes, tags, .. } = &draft.resource;
        if !attributes.values().chain(tags.values()).any(waits) {
            return false;
        }
        let scope = Configured { drafts, index, complete };
        let mut checker = Checker::new(self, draft.standpoint, draft.resource.address.clone());
        checker.spans.clone_from(&draft.spans);
        let mut folding = Folding { checker, scope: &scope };
        let mut attributes = draft.resource.attributes.clone();
        let mut sound = draft.sound;
        for (name, expression) in draft.resource.attributes.iter().filter(|(_, e)| waits(e)) {
            let Some(attribute) = draft.kind.attribute(name) else { continue };
            if let Ok(folded) = folding.one(&attribute.ty, name, expression) {
                attributes.insert(name.clone(), folded);
            } else {
                attributes.remove(name);
                sound = false;
            }
        }
        let mut tags = draft.resource.tags.clone();
        for (key, tag) in draft.resource.tags.iter().filter(|(_, tag)| waits(tag)) {
            match folding.one(&Type::String, &format!("tags.{key}"), tag) {
                Ok(folded) => {
                    tags.insert(key.clone(), folded);
                }
                Err(Reported) => sound = false,
            }
        }
        let draft = &mut drafts[at];
        let changed = draft.resource.attributes != attributes || draft.resource.tags != tags;
        draft.resource.attributes = attributes;
        draft.resource.tags = tags;
        draft.sound = sound;
        changed
    }

    fn complete(&self, draft: &mut Draft<'_>) {
        // What is faulty is incomplete anyway; more about it would only be noise.
        if !draft.sound {
            return;
        }
        let address = &draft.resource.address;
        let written = draft.resource.attributes.clone();
        (draft.kind.complete)(&mut Completion {
            address,
            stack: &self.name,
            region: self.region.as_deref().or(self.request.region).unwrap_or_default(),
            attributes: &mut draft.resource.attributes,
        });
        let attributes = &draft.resource.attributes;
        let mut inspection =
            Inspection { address, attributes, written: &written, faults: Vec::new() };
        (draft.kind.check)(&mut inspection);
        for fault in inspection.faults {
            let fault = without_secrets(fault, attributes);
            let span = place(draft, &fault.path);
            let error = self.error("invalid-attribute", fault.message, span);
            let related = fault.related.iter();
            let error = related.fold(error, |error, (path, label)| {
                error.related(self.sources.locate(place(draft, path)), label)
            });
            let help = fault.help;
            self.report(if help.is_empty() { error } else { error.help(help) });
        }
    }
}

/// Notes what a resource says before anything of others is folded into it.
fn keep_unfolded(draft: &mut Draft<'_>) {
    let Resource { attributes, tags, .. } = &draft.resource;
    if attributes.values().chain(tags.values()).any(waits) {
        let (attributes, tags) = (attributes.clone(), tags.clone());
        draft.resource.unfolded = Some(Box::new(Unfolded { attributes, tags }));
    }
}

/// Where a path of a resource is written: the longest part of it that is.
pub(super) fn place(draft: &Draft<'_>, path: &str) -> crate::source::Span {
    let mut path = path;
    loop {
        if let Some(span) = draft.spans.get(path) {
            return *span;
        }
        match path.rsplit_once('.') {
            Some((outer, _)) => path = outer,
            None => return draft.span,
        }
    }
}

/// The folding of one resource.
struct Folding<'f, 'l> {
    checker: Checker<'l>,
    scope: &'f Configured<'f, 'l>,
}

impl Folding<'_, '_> {
    /// An attribute, or a tag, folded.
    fn one(
        &mut self,
        ty: &Type,
        path: &str,
        expression: &Expression,
    ) -> Result<Expression, Reported> {
        path.clone_into(&mut self.checker.path);
        match self.fold(ty, expression)? {
            Checked::One(expression) => Ok(expression),
            Checked::Many(expressions) => Ok(Expression::fold_list(expressions)),
        }
    }

    fn fold(&mut self, ty: &Type, expression: &Expression) -> Result<Checked, Reported> {
        match expression {
            Expression::Value(_) | Expression::Reference(_) => {}
            Expression::Template(template) => return self.template(ty, template),
            Expression::List(elements) => {
                let Some(element) = inner(ty, &|ty| matches!(ty, Type::List(_) | Type::Set(_)))
                else {
                    return self.untyped(expression).map(Checked::One);
                };
                let element = element.element().unwrap_or(element);
                let mut folded = Vec::with_capacity(elements.len());
                for (index, expression) in elements.iter().enumerate() {
                    match self.within(&index.to_string(), element, expression)? {
                        Checked::One(expression) => folded.push(expression),
                        Checked::Many(expressions) => folded.extend(expressions),
                    }
                }
                return Ok(Checked::One(Expression::fold_list(folded)));
            }
            Expression::Map(fields) => {
                let shape = |ty: &Type| matches!(ty, Type::Map(_) | Type::Object(_));
                let Some(ty) = inner(ty, &shape) else {
                    return self.untyped(expression).map(Checked::One);
                };
                let mut folded = Expressions::new();
                for (name, expression) in fields {
                    let field = match ty {
                        Type::Object(attributes) => {
                            attributes.iter().find(|a| a.name == name).map(|a| &a.ty)
                        }
                        _ => ty.element(),
                    };
                    let field = field.unwrap_or(&Type::String);
                    let Checked::One(field) = self.within(name, field, expression)? else {
                        return Err(Reported);
                    };
                    folded.insert(name.clone(), field);
                }
                return Ok(Checked::One(Expression::fold_map(folded)));
            }
        }
        Ok(Checked::One(expression.clone()))
    }

    fn within(
        &mut self,
        step: &str,
        ty: &Type,
        expression: &Expression,
    ) -> Result<Checked, Reported> {
        let outer = self.checker.path.len();
        self.checker.path.push('.');
        self.checker.path.push_str(step);
        let folded = self.fold(ty, expression);
        self.checker.path.truncate(outer);
        folded
    }

    fn template(&mut self, ty: &Type, template: &Template) -> Result<Checked, Reported> {
        let Some(value) = self.evaluated(template)? else {
            return Ok(Checked::One(Expression::Template(template.clone())));
        };
        let node = Node::computed(value, self.span());
        self.checker.check(ty, &node)
    }

    fn untyped(&self, expression: &Expression) -> Result<Expression, Reported> {
        let evaluated = expression.resolve(&CelEvaluator, self.scope);
        evaluated.map_err(|fault| self.fault(fault.message))
    }

    fn evaluated(&self, template: &Template) -> Result<Option<Value>, Reported> {
        let evaluated = CelEvaluator.evaluate(template, self.scope);
        evaluated.map_err(|fault| self.fault(fault.message))
    }

    fn fault(&self, message: String) -> Reported {
        self.checker.report(self.checker.error("bad-expression", message, self.span()))
    }

    fn span(&self) -> crate::source::Span {
        let mut path = self.checker.path.as_str();
        loop {
            match (self.checker.spans.get(path), path.rsplit_once('.')) {
                (Some(span), _) => return *span,
                (None, Some((outer, _))) => path = outer,
                // Only what was written has templates in it, but for the stack's own tags.
                (None, None) => return self.checker.loader.units[0].root.span,
            }
        }
    }
}

/// The type, or the alternative of it, that has the shape.
fn inner<'t>(ty: &'t Type, shape: &dyn Fn(&Type) -> bool) -> Option<&'t Type> {
    match ty {
        Type::OneOf(types) => types.iter().find_map(|ty| inner(ty, shape)),
        ty => shape(ty).then_some(ty),
    }
}

/// Whether a template is in it: references of typed fields are left to the planner.
fn waits(expression: &Expression) -> bool {
    match expression {
        Expression::Template(_) => true,
        Expression::Value(_) | Expression::Reference(_) => false,
        Expression::List(elements) => elements.iter().any(waits),
        Expression::Map(fields) => fields.values().any(waits),
    }
}

/// An order in which everything comes after what it reads, and what is left because it reads in
/// circles, or reads what does.
fn order(drafts: &[Draft<'_>], index: &Index) -> (Vec<usize>, Vec<usize>) {
    let mut readers = vec![Vec::new(); drafts.len()];
    let mut waiting = vec![0_usize; drafts.len()];
    for (at, draft) in drafts.iter().enumerate() {
        let mut read = BTreeSet::new();
        for Reference { to, attribute, existing } in
            draft.uses.iter().filter(|r#use| !r#use.output).map(|r#use| &r#use.to)
        {
            let configured = |&other: &usize| drafts[other].kind.is_configured(attribute);
            if !existing {
                read.extend(instances(index, to).filter(configured));
            }
        }
        waiting[at] = read.len();
        for other in read {
            readers[other].push(at);
        }
    }
    let mut ready: Vec<usize> = (0..drafts.len()).filter(|at| waiting[*at] == 0).collect();
    let mut next = 0;
    while let Some(&at) = ready.get(next) {
        next += 1;
        for &reader in &readers[at] {
            waiting[reader] -= 1;
            if waiting[reader] == 0 {
                ready.push(reader);
            }
        }
    }
    let circular = (0..drafts.len()).filter(|at| waiting[*at] > 0).collect();
    (ready, circular)
}

/// Marks what is read of others and not known from the file.
fn mark_outputs(drafts: &mut [Draft<'_>], index: &Index, complete: &[bool]) {
    let scope = Configured { drafts, index, complete };
    let marked: Vec<BTreeSet<_>> = drafts
        .iter()
        .map(|draft| {
            let mark = |r#use: &trueup_model::stack::Use| {
                let mut marked = r#use.clone();
                marked.output |= scope.lookup(&r#use.to) == Lookup::Unknown;
                marked
            };
            draft.uses.iter().map(mark).collect()
        })
        .collect();
    for (draft, uses) in drafts.iter_mut().zip(marked) {
        draft.uses = uses;
        if draft.uses.iter().all(|r#use| r#use.output) {
            draft.resource.unfolded = None;
        }
    }
}

/// An expression of the stack itself, folded with what its resources say; not with what they are
/// called, which the planner tells.
pub(super) fn resolve(drafts: &[Draft<'_>], expression: &Expression) -> Result<Expression, String> {
    struct Unnamed<'u>(Configured<'u, 'u>);
    impl Scope for Unnamed<'_> {
        fn lookup(&self, reference: &Reference) -> Lookup {
            let mut meant = instances(self.0.index, &reference.to);
            let is_name = |at: usize| self.0.drafts[at].kind.is_named_by(&reference.attribute);
            if meant.any(is_name) { Lookup::Unknown } else { self.0.lookup(reference) }
        }

        fn ambient(&self, name: &str) -> Option<Value> {
            self.0.ambient(name)
        }
    }
    let index: Index =
        drafts.iter().enumerate().map(|(at, draft)| (draft.resource.address.clone(), at)).collect();
    let complete = vec![true; drafts.len()];
    let scope = Unnamed(Configured { drafts, index: &index, complete: &complete });
    expression.resolve(&CelEvaluator, &scope).map_err(|fault| fault.message)
}
