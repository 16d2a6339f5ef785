//! How many tags a resource would have: AWS refuses the fifty-first, in the midst of an apply.

use std::collections::BTreeMap;

use trueup_model::Diagnostic;
use trueup_model::snapshot::{ADDRESS_TAG, KEEP_TAG, SECRET_TAG, SPEC_TAG, STACK_TAG};
use trueup_model::stack::OnDestroy;

use super::Loader;
use super::resource::{Draft, StackTags};

/// How many tags a resource may have, whatever its kind, but for AWS's own.
const MOST: usize = 50;

impl Loader<'_> {
    /// Refuses resources with more tags than AWS takes. Tags in one place are one fault, however many
    /// resources have them.
    pub(super) fn check_tags(&self, drafts: &[Draft<'_>], stack_tags: &StackTags) {
        let mut worst = BTreeMap::new();
        for draft in drafts.iter().filter(|draft| draft.kind.taggable) {
            let count = draft.resource.tags.len();
            // What has no tags of its own has those of the whole stack.
            let of_stack =
                self.units[0].root.get("tags").filter(|_| stack_tags.tags.len() == count);
            let own = draft.spans.get("tags").copied().unwrap_or(draft.span);
            let location = self.sources.locate(of_stack.map_or(own, |node| node.span));
            let over = (count + ours(draft).len()).saturating_sub(MOST);
            let is_news = worst.get(&location).is_none_or(|(most, _)| *most < over);
            if over > 0 && is_news {
                worst.insert(location.clone(), (over, too_many(draft, over).at(location)));
            }
        }
        for (_, diagnostic) in worst.into_values() {
            self.report(diagnostic);
        }
    }
}

fn too_many(draft: &Draft<'_>, over: usize) -> Diagnostic {
    let (ours, count) = (ours(draft), draft.resource.tags.len());
    let message = format!(
        "{} would have {} tags, and AWS allows {MOST}: {count} that the stack says, and {}, which \
         trueup needs",
        draft.resource.address,
        count + ours.len(),
        ours.join(", ")
    );
    let plural = if over == 1 { "" } else { "s" };
    Diagnostic::error("too-many-tags", message).help(format!("take out {over} tag{plural}"))
}

/// The tags that an apply writes by itself.
fn ours(draft: &Draft<'_>) -> Vec<&'static str> {
    let resource = &draft.resource;
    let mut write_only = draft.kind.attributes.iter().filter(|attribute| attribute.write_only);
    let is_secret =
        write_only.any(|one| resource.attributes.get(one.name).is_some_and(|wish| !wish.is_null()));
    let is_kept = resource.protect || resource.on_destroy == OnDestroy::Retain;
    let mut ours = vec![STACK_TAG, ADDRESS_TAG, SPEC_TAG];
    ours.extend(is_secret.then_some(SECRET_TAG));
    ours.extend(is_kept.then_some(KEEP_TAG));
    ours
}
