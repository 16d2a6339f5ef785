//! When to look whether something is ready.

use std::time::Duration;

use trueup_model::kind::Times;

/// The usual times of one wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    least: Duration,
    typical: Duration,
    most: Duration,
}

/// What a step does to the resource that it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Create,
    Update,
    Delete,
}

/// Long enough that steps that were ready together share the look, too short to be noticed.
pub(crate) const FIRST_LOOK: Duration = Duration::from_millis(20);
const SHORTEST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// The shortest patience: quick kinds are eventually consistent too.
const LEAST_PATIENCE: Duration = Duration::from_mins(10);

impl Schedule {
    /// The schedule of a kind's usual times in one phase.
    pub(crate) fn new(times: &Times, phase: Phase) -> Self {
        let [least, typical, most] = match phase {
            Phase::Create => times.create,
            Phase::Update => times.update,
            Phase::Delete => times.delete,
        };
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self { least: seconds(least), typical: seconds(typical), most: seconds(most) }
    }

    /// How long after its beginning a wait looks next, when it is `age` old.
    ///
    /// A few looks come at once, further and further apart: an emulator is ready at once, and so
    /// may AWS be. Then none until shortly before the least usual time. After that, looks are a
    /// fortieth of the typical time apart, so that on average little more than a hundredth of it
    /// is lost to looking too late.
    pub(crate) fn next_look(&self, age: Duration) -> Duration {
        let soonest = age + SHORTEST;
        let worth_looking = self.least * 7 / 10;
        if age < worth_looking {
            return (age * 3).clamp(soonest, worth_looking.max(soonest));
        }
        let interval = (self.typical / 40).max(age / 20);
        age + interval.clamp(SHORTEST, LONGEST)
    }

    /// How long to wait before giving up: many times what is usual.
    pub(crate) fn patience(&self) -> Duration {
        (self.most * 5).max(LEAST_PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(create: [u32; 3], until: f64) -> Vec<f64> {
        let times = Times { create, update: [1, 1, 1], delete: [1, 1, 1] };
        let schedule = Schedule::new(&times, Phase::Create);
        let next = |age: &Duration| Some(schedule.next_look(*age));
        std::iter::successors(Some(FIRST_LOOK), next)
            .map(|age| (age.as_secs_f64() * 100.0).round() / 100.0)
            .take_while(|&age| age <= until)
            .collect()
    }

    #[test]
    fn a_quick_kind_is_looked_at_often() {
        assert_eq!(looks([1, 1, 3], 1.5), [0.02, 0.22, 0.66, 0.86, 1.06, 1.26, 1.46]);
    }

    #[test]
    fn a_slow_kind_is_left_alone_until_it_can_be_ready() {
        let looks = looks([315, 450, 620], 450.0);
        let early: Vec<f64> = looks.iter().copied().filter(|&at| at <= 220.5).collect();
        assert_eq!(early, [0.02, 0.22, 0.66, 1.98, 5.94, 17.82, 53.46, 160.38, 220.5]);
        assert!(looks.len() < 32, "{looks:?}");
    }

    #[test]
    fn at_the_typical_time_the_next_look_is_near() {
        for typical in [10, 60, 107, 450, 840, 1200] {
            let create = [typical * 7 / 10, typical, typical * 2];
            let all = looks(create, f64::from(typical) * 1.2);
            let next = all.iter().find(|&&at| at >= f64::from(typical)).unwrap();
            assert!(next / f64::from(typical) < 1.06, "{typical}: {next}");
        }
    }

    #[test]
    fn intervals_stay_within_their_bounds() {
        for create in [[0, 0, 0], [1, 1, 3], [94, 107, 124], [3600, 7200, 9000]] {
            let all = looks(create, 20_000.0);
            let widths = all.windows(2).map(|pair| pair[1] - pair[0]);
            let late = all.iter().skip(1).zip(widths).skip_while(|(at, _)| **at < 3600.0);
            assert!(late.into_iter().all(|(_, width)| (0.19..=30.01).contains(&width)));
        }
    }
}
