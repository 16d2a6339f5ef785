//! Fields that name another resource: `vpc: main`, `from: [bastion, internet]`.

use trueup_model::kind::{Literal, ReferenceType};
use trueup_model::{Address, Expression, Kind, Reference, Value};

use super::check::{Checked, Checker, network, scalar};
use super::family::Keys;
use super::names::article;
use super::secrets::{NAMES_ARE_SHOWN, NETWORKS_ARE_SHOWN};
use super::{Loader, Reported};
use crate::source::Span;
use crate::suggest;
use crate::yaml::Node;

/// A word of such a field, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Word<'w> {
    modules: Vec<String>,
    existing: bool,
    kind: Option<&'w str>,
    name: &'w str,
    key: Option<&'w str>,
}

/// What a word turned out to be.
enum Meaning {
    Resources(Vec<Reference>),
    /// It names nothing that is declared.
    Nothing,
}

impl Checker<'_> {
    pub(super) fn reference(
        &mut self,
        ty: &ReferenceType,
        node: &Node,
    ) -> Result<Checked, Reported> {
        let expected =
            || format!("the name of {} {}", article(ty.kinds[0]), suggest::choice(ty.kinds));
        let value = scalar(node).ok_or_else(|| self.wrong_type(&expected(), node))?;
        if value.holds_secret() {
            return self.secret(ty, value, node.span);
        }
        let text = value.as_str().unwrap_or_default();
        if let Some(word) = Word::parse(text)
            && let Meaning::Resources(references) = self.meaning(ty, &word, text, node.span)?
        {
            for reference in &references {
                self.note_use(reference.clone(), true);
            }
            let family = references.first().is_none_or(|one| one.to.key.is_some());
            let mut expressions: Vec<Expression> =
                references.into_iter().map(Expression::Reference).collect();
            return Ok(match (expressions.len(), word.key) {
                (1, Some(_)) => Checked::One(expressions.remove(0)),
                (1, None) if !family => Checked::One(expressions.remove(0)),
                _ => Checked::Many(expressions),
            });
        }
        self.literal(ty, text, value.clone(), node.span)
    }

    /// The resources that a word names, if it names any.
    fn meaning(
        &self,
        ty: &ReferenceType,
        word: &Word<'_>,
        text: &str,
        span: Span,
    ) -> Result<Meaning, Reported> {
        let loader = self.loader;
        let unit = loader.module_unit(self.standpoint.unit, &word.modules, span)?;
        let kind = match (word.kind, ty.kinds) {
            (Some(kind), _) => kind,
            (None, [kind]) => kind,
            (None, _) => return Ok(Meaning::Nothing),
        };
        if word.kind.is_some() && !ty.kinds.contains(&kind) {
            if loader.request.catalog.get(kind).is_none() {
                return Ok(Meaning::Nothing);
            }
            return Err(self.wrong_kind(ty, text, kind, span));
        }
        let declared = &loader.units[unit];
        let looked_up = declared.existing.get(kind).is_some_and(|names| names.contains(word.name));
        let modules = declared.modules.clone();
        let reference = |key: Option<&str>, existing| Reference {
            to: Address {
                modules: modules.clone(),
                kind: kind.to_owned().into(),
                name: word.name.to_owned(),
                key: key.map(str::to_owned),
            },
            attribute: ty.output.to_owned(),
            existing,
        };
        let resource = declared.families.get(kind).is_some_and(|f| f.contains_key(word.name));
        if !resource || word.existing {
            return Ok(if looked_up {
                Meaning::Resources(vec![reference(None, true)])
            } else {
                Meaning::Nothing
            });
        }
        if let Some(kind) = loader.request.catalog.get(kind) {
            loader.check_instance(unit, kind, word.name, word.key, span)?;
        }
        let keys = loader.keys(unit, kind, word.name).ok_or(Reported)?;
        Ok(Meaning::Resources(match (word.key, keys) {
            (None, Keys::Each(instances)) => {
                instances.keys().map(|key| reference(Some(key), false)).collect()
            }
            (key, _) => vec![reference(key, false)],
        }))
    }

    fn wrong_kind(&self, ty: &ReferenceType, text: &str, kind: &str, span: Span) -> Reported {
        let wanted = suggest::choice(ty.kinds);
        let message = format!(
            "{} takes {} {wanted}, and '{text}' is {} {kind}",
            self.name(),
            article(ty.kinds[0]),
            article(kind),
        );
        let help = self.names_of(ty);
        self.report(self.error("wrong-kind", message, span).help(help))
    }

    /// What the field accepts, as far as the file has any.
    fn names_of(&self, ty: &ReferenceType) -> String {
        let names = self.loader.reference_names(self.standpoint.unit, ty);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            [] => format!("declare one in the section '{}'", ty.kinds[0]),
            names => suggest::available(names),
        }
    }

    /// A secret names no resource: the way it is spelled would be told by what it turns out to be.
    fn secret(&self, ty: &ReferenceType, value: Value, span: Span) -> Result<Checked, Reported> {
        let text = value.as_str().unwrap_or_default();
        match ty.literal {
            Literal::Id(prefix) | Literal::CidrOrId(prefix) if text.starts_with(prefix) => {}
            Literal::Any if text.starts_with("arn:") => {}
            Literal::CidrOrId(_) => {
                return Err(self.loader.secret_shown(&self.path, NETWORKS_ARE_SHOWN, span));
            }
            _ => return Err(self.loader.secret_shown(&self.path, NAMES_ARE_SHOWN, span)),
        }
        Ok(Checked::One(value.into()))
    }

    /// A text that names no resource, where the field takes other things.
    fn literal(
        &self,
        ty: &ReferenceType,
        text: &str,
        value: Value,
        span: Span,
    ) -> Result<Checked, Reported> {
        match ty.literal {
            Literal::Id(prefix) if text.starts_with(prefix) => Ok(Checked::One(value.into())),
            Literal::CidrOrId(_) if text == "internet" => {
                Ok(Checked::Many(vec!["0.0.0.0/0".into(), "::/0".into()]))
            }
            Literal::CidrOrId(prefix) if text.starts_with(prefix) => Ok(Checked::One(value.into())),
            Literal::CidrOrId(_)
                if text.contains('/') || text.parse::<std::net::IpAddr>().is_ok() =>
            {
                network(text).map(|network| Checked::One(network.into())).map_err(|meant| {
                    let message = format!("'{text}' is not a CIDR");
                    let error = self.error("bad-cidr", message, span);
                    self.report(match meant {
                        Some(meant) => error.help(format!("did you mean {meant}?")),
                        None => error,
                    })
                })
            }
            Literal::Any if self.can_be_literal(ty, text) => Ok(Checked::One(value.into())),
            _ => Err(self.unknown(ty, text, span)),
        }
    }

    /// Whether a text that could be any name is one that the stack does not have: neither an
    /// address, nor a misspelt name.
    fn can_be_literal(&self, ty: &ReferenceType, text: &str) -> bool {
        if text.starts_with("arn:") || text.is_empty() {
            return !text.is_empty();
        }
        let address = Word::parse(text).is_some_and(|word| {
            word.existing
                || !word.modules.is_empty()
                || word.key.is_some()
                || word.kind.is_some_and(|kind| self.loader.request.catalog.get(kind).is_some())
        });
        let names = self.loader.reference_names(self.standpoint.unit, ty);
        let misspelt = suggest::nearest(text, names.iter().map(String::as_str)).is_some();
        !address && !misspelt && (ty.output != "arn" || !trueup_model::address::is_name(text))
    }

    fn unknown(&self, ty: &ReferenceType, text: &str, span: Span) -> Reported {
        let loader = self.loader;
        let unit = &loader.units[self.standpoint.unit];
        if ty.kinds.iter().all(|kind| unit.unknown_sections.contains(*kind)) {
            return Reported;
        }
        let kinds = suggest::choice(ty.kinds);
        let message = format!("there is no {kinds} '{text}'");
        let error = self.error("unknown-reference", message, span);
        let names = loader.reference_names(self.standpoint.unit, ty);
        let words = match ty.literal {
            Literal::CidrOrId(_) => Some("internet"),
            Literal::Id(_) | Literal::Any => None,
        };
        if let Some(name) = suggest::nearest(text, names.iter().map(String::as_str).chain(words)) {
            return self.report(error.help(format!("did you mean '{name}'?")));
        }
        let elsewhere = loader.kinds_with(self.standpoint.unit, text);
        let error = match elsewhere {
            Some(kind) => {
                let wanted = format!("{} takes {} {kinds}", self.name(), article(ty.kinds[0]));
                error
                    .label(format!("'{text}' is {} {}", article(kind.name), kind.name))
                    .help(wanted)
            }
            None => error,
        };
        self.report(match ty.literal {
            Literal::Id(prefix) if names.is_empty() => {
                error.help(format!("declare it, or write an id: {prefix}…"))
            }
            Literal::CidrOrId(_) => {
                error.help(format!("{}, or write a CIDR, or `internet`", self.names_of(ty)))
            }
            _ => error.help(self.names_of(ty)),
        })
    }
}

impl Loader<'_> {
    /// The words that a field accepts in a file.
    fn reference_names(&self, unit: usize, ty: &ReferenceType) -> Vec<String> {
        let unit = &self.units[unit];
        let whole = ty.kinds.len() > 1;
        let mut names = Vec::new();
        for kind in ty.kinds {
            let spelled =
                |name: &String| if whole { format!("{kind}.{name}") } else { name.clone() };
            names.extend(unit.families.get(*kind).into_iter().flat_map(|f| f.keys().map(spelled)));
            names.extend(unit.existing.get(*kind).into_iter().flatten().map(spelled));
        }
        names
    }

    /// A kind that has a resource of that name.
    fn kinds_with(&self, unit: usize, name: &str) -> Option<&Kind> {
        let unit = &self.units[unit];
        let kind = unit.families.keys().find(|kind| unit.declares(kind, name))?;
        self.request.catalog.get(kind)
    }
}

impl<'w> Word<'w> {
    /// Takes a word apart; none if it cannot be the name of a resource.
    fn parse(text: &'w str) -> Option<Self> {
        let (path, key) = match text.split_once('[') {
            Some((path, rest)) => (path, Some(rest.strip_suffix(']')?)),
            None => (text, None),
        };
        let parts: Vec<&str> = path.split('.').collect();
        if !parts.iter().all(|part| trueup_model::address::is_name(part)) {
            return None;
        }
        let mut rest = parts.as_slice();
        let mut modules = Vec::new();
        while let ["module", name, inner @ ..] = rest
            && !inner.is_empty()
        {
            modules.push((*name).to_owned());
            rest = inner;
        }
        let (existing, rest) = match rest {
            ["existing", kind, name] => (true, &[*kind, *name][..]),
            rest => (false, rest),
        };
        let (kind, name) = match *rest {
            [name] => (None, name),
            [kind, name] => (Some(kind), name),
            _ => return None,
        };
        Some(Self { modules, existing, kind, name, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart() {
        let show = |text| {
            Word::parse(text).map(|word| {
                let modules = word.modules.join("/");
                format!("{modules}|{}|{:?}|{}|{:?}", word.existing, word.kind, word.name, word.key)
            })
        };
        assert_eq!(show("main").unwrap(), "|false|None|main|None");
        assert_eq!(show("private[a/b]").unwrap(), r#"|false|None|private|Some("a/b")"#);
        assert_eq!(show("nat_gateway.main").unwrap(), r#"|false|Some("nat_gateway")|main|None"#);
        assert_eq!(show("module.a.main").unwrap(), "a|false|None|main|None");
        assert_eq!(
            show("module.a.module.b.vpc.main").unwrap(),
            r#"a/b|false|Some("vpc")|main|None"#
        );
        assert_eq!(show("existing.vpc.main").unwrap(), r#"|true|Some("vpc")|main|None"#);
        for text in ["vpc-0123", "10.0.0.0/8", "a.b.c", "x[", "arn:aws:iam::1:role/x", ""] {
            assert_eq!(show(text), None, "{text}");
        }
    }
}
