//! What a stack calls secret, and where it has no place.

use std::collections::BTreeSet;

use trueup_model::expression::Expressions;
use trueup_model::kind::Fault;
use trueup_model::value::{SENSITIVE, Values};
use trueup_model::{Diagnostic, Expression};

use super::check::Checker;
use super::resource::Draft;
use super::{Loader, Reported};
use crate::source::Span;

/// Where a network from a secret would be shown.
pub(super) const NETWORKS_ARE_SHOWN: &str =
    "networks stand in plans, proofs and pictures: take it from a variable that is not sensitive";

/// Where the name or the address of something would be shown.
pub(super) const NAMES_ARE_SHOWN: &str =
    "what it names is shown in every plan: take it from a variable that is not sensitive";

impl Loader<'_> {
    /// The values of the sensitive variables.
    pub(super) fn secrets(&self) -> Values {
        let secrets = self.variables.iter().filter(|(_, value)| value.holds_secret());
        secrets.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Refuses secrets in what AWS shows to everybody and no output can leave out.
    pub(super) fn check_secrets(&self, drafts: &[Draft<'_>]) {
        let mut told = BTreeSet::new();
        for Draft { kind, resource, .. } in drafts {
            let tags = resource.tags.iter().map(|(key, tag)| (format!("tags.{key}"), tag));
            let name = kind.naming.and_then(|naming| {
                let name = resource.attributes.get(naming.attribute)?;
                Some((naming.attribute.to_owned(), name))
            });
            for (path, _) in tags.chain(name).filter(|(_, wish)| Expression::holds_secret(wish)) {
                let location = resource.place(&path);
                // A tag of the whole stack is one fault, however many have it.
                if path.starts_with("tags.") && !told.insert((path.clone(), location.clone())) {
                    continue;
                }
                let message = format!("'{path}' is taken from a secret");
                let fault = Diagnostic::error("secret-shown", message).at(location);
                self.report(fault.help(
                    "names and tags are read by everyone who may list what exists, and stand in \
                     AWS's own logs: take it from a variable that is not sensitive",
                ));
            }
        }
    }
}

impl Checker<'_> {
    /// Refuses a secret in what names something, or says where it is, and so is always shown.
    pub(super) fn refuse_secret(
        &self,
        value: &Expression,
        help: &str,
        span: Span,
    ) -> Result<(), Reported> {
        if !value.holds_secret() {
            return Ok(());
        }
        Err(self.loader.secret_shown(&self.path, help, span))
    }
}

impl Loader<'_> {
    pub(super) fn secret_shown(&self, path: &str, help: &str, span: Span) -> Reported {
        let message = format!("'{path}' is taken from a secret");
        self.report(self.error("secret-shown", message, span).help(help))
    }
}

/// What a kind says of a resource, without the secrets that it has in its attributes.
pub(super) fn without_secrets(fault: Fault, attributes: &Expressions) -> Fault {
    let secrets: BTreeSet<&str> = attributes.values().flat_map(Expression::secret_texts).collect();
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
    // One may be part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let hidden =
        |text: String| secrets.iter().fold(text, |text, secret| text.replace(secret, SENSITIVE));
    Fault {
        path: fault.path,
        message: hidden(fault.message),
        help: hidden(fault.help),
        related: fault.related.into_iter().map(|(path, label)| (path, hidden(label))).collect(),
    }
}
