//! What a lease says to people and to other runs: a flat JSON object.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::protocol::USUAL;

/// Who wants or has a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What no other run has.
    pub id: String,
    /// Who it is: the caller's ARN.
    pub who: String,
    /// On which machine, and as which process.
    pub host: String,
    /// When the run began, in RFC 3339.
    pub since: String,
}

/// The text of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    pub(super) id: String,
    who: String,
    host: String,
    since: String,
    pub(super) until: String,
    pub(super) term_seconds: u64,
    state: State,
    /// Whether what was made just before may not be listed yet; in one that is held, whether its
    /// holder makes anything.
    #[serde(default)]
    pub(super) unsettled: bool,
}

/// What a writing says of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Its writer holds it, and may make something or not.
    Held { makes: bool },
    /// Nobody holds it, and all that was made is listed.
    Settled,
    /// Nobody holds it, and what was made just before may not be listed yet.
    Unsettled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Held,
    Released,
}

impl Record {
    pub(super) fn new(holder: &Holder, now: SystemTime, says: Says) -> Self {
        let Holder { id, who, host, since } = holder;
        let held = matches!(says, Says::Held { .. });
        let until = if held { now + Duration::from_millis(USUAL.term) } else { now };
        let until = Timestamp::try_from(until).unwrap_or(Timestamp::UNIX_EPOCH);
        let until = Timestamp::from_second(until.as_second()).unwrap_or(until).to_string();
        let (id, who, host) = (plain(id), plain(who), plain(host));
        let state = if held { State::Held } else { State::Released };
        let term_seconds = USUAL.term / 1000;
        let unsettled = matches!(says, Says::Unsettled | Says::Held { makes: true });
        let since = since.clone();
        Self { format: 1, id, who, host, since, until, term_seconds, state, unsettled }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn is_held(&self) -> bool {
        self.state == State::Held
    }

    pub(super) fn holder(&self) -> Holder {
        let Self { id, who, host, since, .. } = self.clone();
        Holder { id, who, host, since }
    }
}

/// Parameters must not have double braces in them.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, '{' | '}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_has_no_double_braces() {
        let holder = Holder {
            id: "run-1".to_owned(),
            who: "arn:aws:iam::123456789012:user/{{ann}}".to_owned(),
            host: "bunk, process 7".to_owned(),
            since: "2026-11-21T10:00:00Z".to_owned(),
        };
        let record = Record::new(&holder, SystemTime::UNIX_EPOCH, Says::Held { makes: true });
        assert!(record.text().contains("user/ann") && !record.text().contains("{{"));
        assert_eq!(Record::read(&record.text()), Some(record));
        assert_eq!(Record::read("{}"), None);
    }
}
