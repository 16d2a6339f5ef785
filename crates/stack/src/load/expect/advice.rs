//! What is said of a sentence that means nothing: what its writer probably meant.

use std::ops::Range;

use super::SERVICES;
use crate::suggest;

/// Words of a verb that say no: `doesn't reach`, `cannot reach`, `never reaches`.
const NO: [&str; 9] =
    ["not", "never", "no", "cannot", "cant", "dont", "doesnt", "isolated", "blocked"];

/// Ports that people call by name.
const PORTS: [(&str, u16); 14] = [
    ("http", 80),
    ("https", 443),
    ("tls", 443),
    ("ssh", 22),
    ("rdp", 3389),
    ("dns", 53),
    ("smtp", 25),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("mongodb", 27017),
    ("mssql", 1433),
];

/// Where the verb of a sentence stands that is none, and the sentence with one; nothing where the
/// text does not look like `FROM … TO`.
pub(super) fn reworded(text: &str) -> Option<(Range<usize>, String)> {
    let (said, port) = text.split_at(text.rfind(" on ").unwrap_or(text.len()));
    let words = words(said);
    let [(_, from), verb @ .., (_, to)] = words.as_slice() else { return None };
    let ((start, _), (last, end)) = (verb.first()?, verb.last()?);
    let is_no = |(_, word): &(usize, &str)| {
        let word = word.to_lowercase().replace(['\'', '’'], "");
        NO.contains(&word.as_str()) || word.starts_with('!') || word.contains('/')
    };
    let verb = if verb.iter().any(is_no) { "does not reach" } else { "reaches" };
    Some((*start..last + end.len(), format!("{from} {verb} {to}{port}")))
}

/// The words of a text, each with where it begins.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        at += text[at..].find(word).unwrap_or_default();
        words.push((at, word));
        at += word.len();
    }
    words
}

/// What to write instead of what stands behind `on`.
pub(super) fn port(text: &str) -> String {
    let lower = text.to_lowercase();
    let named = PORTS.iter().find(|(name, _)| lower.split('/').next() == Some(name));
    let numbers = lower.split(|letter: char| !letter.is_ascii_digit());
    let numbers: Vec<u16> = numbers.filter_map(|number| number.parse().ok()).collect();
    let protocol = if lower.contains("udp") { "/udp" } else { "" };
    let on = |port: &u16| format!("`on {port}{protocol}`");
    match (numbers.as_slice(), named) {
        ([], Some((_, port))) => format!("write {}", on(port)),
        ([port], _) if *port > 0 && lower.chars().any(char::is_alphabetic) => format!("write {}", on(port)),
        ([_, _, ..], _) if ["-", ":", "..", " to "].iter().any(|mark| lower.contains(mark)) => {
            "a sentence is about one port: leave `on` out to mean all, or write a sentence for each \
             that matters"
                .to_owned()
        }
        (several @ [_, _, ..], _) => {
            let several: Vec<String> = several.iter().map(on).collect();
            format!("write a sentence for each: {}", suggest::list(&several))
        }
        _ => "a port is a number from 1 to 65535, as 443 or 53/udp".to_owned(),
    }
}

/// An end with a port on it, as `db_instance.main:5432`, told apart.
pub(super) fn with_port(text: &str) -> Option<String> {
    let (end, port) = text.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok() && !end.contains(':');
    is_port.then(|| format!("write `{end} on {port}`"))
}

/// What a word that is no end probably means: a resource of that name, of the `(kind, name)`
/// given, or a word of the language.
pub(super) fn end(text: &str, resources: &[(&str, &str)]) -> Option<String> {
    let same: Vec<String> = resources
        .iter()
        .filter(|(_, name)| *name == text)
        .map(|(kind, name)| format!("{kind}.{name}"))
        .collect();
    if !same.is_empty() {
        return Some(format!("did you mean {}?", suggest::choice(&same)));
    }
    let addresses: Vec<String> =
        resources.iter().map(|(kind, name)| format!("{kind}.{name}")).collect();
    let names = resources.iter().map(|(_, name)| *name);
    let words = SERVICES.into_iter().chain(["internet"]);
    let known = words.chain(addresses.iter().map(String::as_str)).chain(names.clone());
    let word = suggest::nearest(text, known)?;
    let address = names.zip(&addresses).find(|(name, _)| *name == word);
    Some(format!("did you mean '{}'?", address.map_or(word, |(_, address)| address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_that_is_none_is_put_right() {
        for (written, verb, meant) in [
            ("a.b does not reaches c.d", "does not reaches", "a.b does not reach c.d"),
            ("a.b doesn't reach c.d on 22", "doesn't reach", "a.b does not reach c.d on 22"),
            ("a.b  cannot  reach c.d", "cannot  reach", "a.b does not reach c.d"),
            ("a.b not reaches c.d", "not reaches", "a.b does not reach c.d"),
            ("a.b -> c.d on 53/udp", "->", "a.b reaches c.d on 53/udp"),
            ("a.b -/-> c.d", "-/->", "a.b does not reach c.d"),
            ("a.b can reach c.d", "can reach", "a.b reaches c.d"),
            ("a.b reahces c.d", "reahces", "a.b reaches c.d"),
        ] {
            let (at, sentence) = reworded(written).unwrap();
            assert_eq!((&written[at], sentence.as_str()), (verb, meant), "{written}");
        }
        for nothing in ["", "internet", "internet reaches"] {
            assert_eq!(reworded(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_port_is_told_what_to_write() {
        for (written, advice) in [
            ("port 5432", "write `on 5432`"),
            ("https", "write `on 443`"),
            ("udp 53", "write `on 53/udp`"),
            ("443/tpc", "write `on 443`"),
            ("443 and 80", "write a sentence for each: `on 443` and `on 80`"),
            ("5432,3306", "write a sentence for each: `on 5432` and `on 3306`"),
            ("70000", "a port is a number from 1 to 65535, as 443 or 53/udp"),
            ("0", "a port is a number from 1 to 65535, as 443 or 53/udp"),
            ("", "a port is a number from 1 to 65535, as 443 or 53/udp"),
        ] {
            assert_eq!(port(written), advice, "{written}");
        }
        assert!(port("1000-2000").starts_with("a sentence is about one port"));
    }

    #[test]
    fn a_word_that_is_no_end_is_told_what_it_may_be() {
        let resources = [("instance", "bastion"), ("instance", "main"), ("db_instance", "main")];
        let advice = |text| end(text, &resources).unwrap_or_default();
        assert_eq!(advice("bastion"), "did you mean instance.bastion?");
        assert_eq!(advice("main"), "did you mean instance.main or db_instance.main?");
        assert_eq!(advice("bastoin"), "did you mean 'instance.bastion'?");
        assert_eq!(advice("Internet"), "did you mean 'internet'?");
        assert_eq!(advice("secretmanager"), "did you mean 'secretsmanager'?");
        assert_eq!(advice("everything"), "");
        assert_eq!(with_port("a.b:5432").unwrap(), "write `a.b on 5432`");
        assert_eq!(with_port("::1"), None);
    }
}
