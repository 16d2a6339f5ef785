//! The world's clock, driven by the host's.

/// Turns the time of a host into the time of the world, which never goes back.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// The world's time.
    now: u64,
    /// The host's time when the world's was last set.
    host: Option<u64>,
}

impl Clock {
    pub(super) fn new(now: u64) -> Self {
        Self { now, host: None }
    }

    /// Lets time pass that no host sees.
    pub(super) fn skip(&mut self, milliseconds: u64) {
        self.now = self.now.saturating_add(milliseconds);
    }

    /// The world's time at a time of the host. A host whose time is before the last is a new run:
    /// the world goes on from where it stood.
    pub(super) fn at(&mut self, host: u64) -> u64 {
        let passed = self.host.map_or(0, |last| host.saturating_sub(last));
        self.host = Some(host);
        self.now += passed;
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_over_runs_that_each_begin_at_nought() {
        let mut clock = Clock::new(1000);
        assert_eq!([5, 10, 10].map(|host| clock.at(host)), [1000, 1005, 1005]);
        assert_eq!([0, 7].map(|host| clock.at(host)), [1005, 1012]);
    }
}
