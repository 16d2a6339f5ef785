//! Numbers, durations and lists as people say them.

use trueup_model::Disruption;
use trueup_model::change::DriftClass;

/// `1 resource`, `2 resources`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// A duration in seconds: `8 s`, `2 min 5 s`, `12 min`, `1 h 20 min`.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 if !seconds.is_multiple_of(60) => {
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
        60..3600 => format!("{} min", (seconds + 30) / 60),
        _ if seconds % 3600 / 60 == 0 => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// An estimate, which claims no more precision than it has: `about 6 min`.
pub(crate) fn estimate(seconds: u32) -> String {
    let rounded = match seconds {
        0..90 => seconds,
        _ => (seconds + 30) / 60 * 60,
    };
    format!("about {}", duration(rounded.into()))
}

/// A duration in milliseconds: `120 ms`, then as [`duration`].
pub(crate) fn took(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..10_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => duration(milliseconds / 1000),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A disruption; nothing is said of the harmless one.
pub(crate) fn disruption(disruption: Disruption) -> Option<&'static str> {
    match disruption {
        Disruption::None => None,
        Disruption::Brief => Some("brief disruption"),
        Disruption::Outage => Some("outage"),
        Disruption::DataLoss => Some("data loss"),
    }
}

/// How much a change behind the stack's back matters.
pub(crate) fn class(class: DriftClass) -> &'static str {
    match class {
        DriftClass::Cosmetic => "cosmetic",
        DriftClass::Functional => "functional",
        DriftClass::Security => "security",
    }
}

/// `create` as what is going on: `creating`.
pub(crate) fn ongoing(verb: &str) -> &'static str {
    match verb {
        "create" => "creating",
        "update" => "updating",
        "delete" => "deleting",
        _ => "letting go",
    }
}

/// `create` as what has been done: `created`.
pub(crate) fn done(verb: &str) -> &'static str {
    match verb {
        "create" => "created",
        "update" => "updated",
        "delete" => "deleted",
        _ => "let go",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let seconds = [0, 59, 60, 125, 600, 725, 3600, 4800];
        let said: Vec<String> = seconds.into_iter().map(duration).collect();
        assert_eq!(
            said,
            ["0 s", "59 s", "1 min", "2 min 5 s", "10 min", "12 min", "1 h", "1 h 20 min"]
        );
        assert_eq!(estimate(361), "about 6 min");
        assert_eq!(took(1234), "1.2 s");
    }

    #[test]
    fn lists_read_well() {
        let items: Vec<String> = ["a", "b", "c"].into_iter().map(str::to_owned).collect();
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(list(&items[..1]), "a");
    }
}
