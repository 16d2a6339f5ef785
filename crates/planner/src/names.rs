//! Physical names: how two of a kind coexist, and which names need no change.

use trueup_model::kind::Naming;

use crate::hash::short;

/// A hyphen, four digits that tell one replacement from the next, four that prove them ours.
const SUFFIX: usize = 9;

/// The name under which a replacement exists beside what it replaces.
///
/// `seed` is what makes this replacement another than the one before it.
pub(crate) fn suffixed(naming: Naming, stack: &str, base: &str, seed: &[&str]) -> String {
    let generation = short(seed, 4);
    let readable = readable(naming, base);
    format!("{readable}-{generation}{}", proof(stack, &readable, &generation))
}

/// Whether a live name is the wanted one with a suffix of ours.
pub(crate) fn is_suffixed(naming: Naming, stack: &str, base: &str, live: &str) -> bool {
    let readable = readable(naming, base);
    let suffix = live.strip_prefix(readable.as_str()).and_then(|rest| rest.strip_prefix('-'));
    let generation = suffix.and_then(|suffix| suffix.get(..4));
    let proved = generation.map(|generation| proof(stack, &readable, generation));
    proved.is_some() && proved.as_deref() == suffix.and_then(|suffix| suffix.get(4..))
}

/// Whether a live name is one that this program chose when the resource had another address, and
/// the wanted one is merely what it would choose today.
///
/// A default name is chosen once, when a resource is made: following a changed address later
/// would rebuild what `moved_from` promises to leave as it is.
pub(crate) fn is_former_default(stack: &str, words: &str, wanted: &str, live: &str) -> bool {
    let whole = format!("{stack}-{words}");
    let hashed = || {
        let hash = crate::hash::hex(&<sha2::Sha256 as sha2::Digest>::digest(&whole));
        wanted.rsplit_once('-').is_some_and(|(_, end)| end.len() == 8 && hash.starts_with(end))
    };
    let is_default = wanted.eq_ignore_ascii_case(&whole) || hashed();
    let head = live.get(..=stack.len());
    is_default && head.is_some_and(|head| head.eq_ignore_ascii_case(&format!("{stack}-")))
}

fn readable(naming: Naming, base: &str) -> String {
    let cut: String = base.chars().take(naming.maximum.saturating_sub(SUFFIX)).collect();
    cut.trim_end_matches('-').to_owned()
}

fn proof(stack: &str, readable: &str, generation: &str) -> String {
    short(&[stack, &readable.to_ascii_lowercase(), generation], 4)
}

#[cfg(test)]
mod tests {
    use trueup_model::kind::Unique;

    use super::*;

    const NAMING: Naming =
        Naming { attribute: "name", maximum: 20, unique: Unique::Region, lower_case: false };

    #[test]
    fn a_suffix_is_recognised_and_another_ending_is_not() {
        for base in ["web", "a-name-of-eleven", "a-name-that-is-far-too-long"] {
            let name = suffixed(NAMING, "shop", base, &["i-1"]);
            assert!(name.len() <= 20 && !name.contains("--"), "{name}");
            assert!(is_suffixed(NAMING, "shop", base, &name));
            assert!(!is_suffixed(NAMING, "other", base, &name));
            assert!(!is_suffixed(NAMING, "shop", base, base));
            assert!(!is_suffixed(NAMING, "shop", base, &format!("{base}-deadbeef")));
        }
    }

    #[test]
    fn the_next_replacement_has_another_suffix() {
        assert_ne!(
            suffixed(NAMING, "shop", "web", &["i-1"]),
            suffixed(NAMING, "shop", "web", &["i-2"]),
        );
    }

    #[test]
    fn a_default_name_is_kept_and_a_written_one_is_followed() {
        assert!(is_former_default("shop", "new", "shop-new", "shop-old"));
        assert!(!is_former_default("shop", "new", "shop-new", "other-old"));
        assert!(!is_former_default("shop", "new", "written", "shop-old"));
    }
}
