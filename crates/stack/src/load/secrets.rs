//! What a stack calls secret, and where it has no place.

use std::collections::BTreeSet;

use trueup_model::value::Values;
use trueup_model::{Diagnostic, Expression};

use super::Loader;
use super::resource::Draft;

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
