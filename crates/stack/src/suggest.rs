//! "Did you mean": the known word that is nearest to a written one.

/// The nearest of the known words, if one is near enough to be what was meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    // A third of the letters may differ; more would suggest unrelated words.
    let most = if length < 2 { 0 } else { (length / 3).clamp(1, 4) };
    known
        .into_iter()
        .filter(|word| word.chars().count().abs_diff(length) <= most)
        .filter_map(|word| Some((distance(written, word, most)?, word)))
        .min()
        .map(|(_, word)| word)
}

/// Advice that names the nearest word, or else lists what there is.
pub(crate) fn advice<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
    nothing: &str,
) -> String {
    if let Some(word) = nearest(written, known.clone()) {
        return format!("did you mean '{word}'?");
    }
    let known: Vec<&str> = known.into_iter().collect();
    match known.as_slice() {
        [] => nothing.to_owned(),
        words => available(words),
    }
}

/// What people call kinds elsewhere.
const ALIASES: [(&str, &str); 19] = [
    ("database", "db_instance"),
    ("db", "db_instance"),
    ("rds", "db_instance"),
    ("rds_instance", "db_instance"),
    ("function", "lambda_function"),
    ("lambda", "lambda_function"),
    ("ec2", "instance"),
    ("ec2_instance", "instance"),
    ("machine", "instance"),
    ("server", "instance"),
    ("vm", "instance"),
    ("eip", "elastic_ip"),
    ("firewall", "security_group"),
    ("sg", "security_group"),
    ("igw", "internet_gateway"),
    ("nat", "nat_gateway"),
    ("role", "iam_role"),
    ("cloudwatch_log_group", "log_group"),
    ("network", "vpc"),
];

/// The kind that is meant by a word, if one is; people may know it by another name.
pub(crate) fn kind<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == written.trim_start_matches("aws_"));
    let called = |kind: &str| known.clone().into_iter().find(|known| *known == kind);
    let bare = written.trim_start_matches("aws_");
    let aliased = alias.and_then(|(_, kind)| called(kind)).or_else(|| called(bare));
    aliased.or_else(|| nearest(written, known))
}

/// Advice about a word that is no kind.
pub(crate) fn kind_advice<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    match kind(written, known.clone()) {
        Some(kind) => format!("did you mean '{kind}'?"),
        None => advice(written, known, ""),
    }
}

/// What there is to choose from.
pub(crate) fn available(words: &[&str]) -> String {
    match words {
        [word] => format!("there is only '{word}'"),
        words if words.len() <= MOST_LISTED => format!("there are {}", list(words)),
        words => {
            let rest = words.len() - MOST_LISTED;
            format!("there are {} and {rest} more", words[..MOST_LISTED].join(", "))
        }
    }
}

/// More words than this are not read.
const MOST_LISTED: usize = 30;

/// Words as a sentence has them: `a`, `a and b`, `a, b and c`.
pub(crate) fn list(words: &[impl AsRef<str>]) -> String {
    join(words, "and")
}

/// Words to choose from: `a`, `a or b`, `a, b or c`.
pub(crate) fn choice(words: &[impl AsRef<str>]) -> String {
    join(words, "or")
}

fn join(words: &[impl AsRef<str>], conjunction: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((word, [])) => (*word).to_owned(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
    }
}

/// The number of letters to insert, delete, change or swap with their neighbour; none beyond `most`.
fn distance(from: &str, to: &str, most: usize) -> Option<usize> {
    let from: Vec<char> = from.to_lowercase().chars().collect();
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, &a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &b) in to.iter().enumerate() {
            let mut best = (last[j + 1] + 1).min(row[j] + 1).min(last[j] + usize::from(a != b));
            if i > 0 && j > 0 && a == to[j - 1] && from[i - 1] == b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    let distance = *last.last()?;
    (distance <= most).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["security_group", "subnet", "vpc"];
        assert_eq!(nearest("security_groups", known), Some("security_group"));
        assert_eq!(nearest("subent", known), Some("subnet"));
        assert_eq!(nearest("vpcs", known), Some("vpc"));
        assert_eq!(nearest("bucket", known), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn kinds_are_found_by_what_others_call_them() {
        let known = ["db_instance", "instance", "log_group", "vpc"];
        for (written, meant) in [
            ("database", Some("db_instance")),
            ("aws_db_instance", Some("db_instance")),
            ("aws_vpc", Some("vpc")),
            ("ec2", Some("instance")),
            ("instnace", Some("instance")),
            ("lambda", None),
            ("bucket", None),
        ] {
            assert_eq!(kind(written, known), meant, "{written}");
        }
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(choice(&["a", "b", "c"]), "a, b or c");
    }
}
