//! The world's clock, driven by tokio's, which is virtual where nobody wants to wait.

use std::time::Duration;

use tokio::time::Instant;

/// Turns tokio's time into the time of the world, which never goes back. All that is at work at once
/// shares it: a host counts from its own beginning, and there may be several.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// The world's time.
    now: u64,
    /// When it was that, by tokio's clock.
    since: Option<Instant>,
}

impl Clock {
    pub(super) fn new(now: u64) -> Self {
        Self { now, since: None }
    }

    /// Lets time pass that nobody waited for.
    pub(super) fn skip(&mut self, milliseconds: u64) {
        self.now = self.now.saturating_add(milliseconds);
    }

    /// The world's time now, which begins to pass when this is first asked.
    pub(super) fn now(&mut self) -> u64 {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        let passed = u64::try_from(now.duration_since(since).as_millis()).unwrap_or(0);
        self.since = Some(since + Duration::from_millis(passed));
        self.now = self.now.saturating_add(passed);
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_passes_from_the_first_look_on_and_may_be_skipped() {
        let mut clock = Clock::new(1000);
        tokio::time::sleep(Duration::from_secs(9)).await;
        assert_eq!(clock.now(), 1000);
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!([clock.now(), clock.now()], [1005, 1005]);
        clock.skip(7);
        assert_eq!(clock.now(), 1012);
    }
}
