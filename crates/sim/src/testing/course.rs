//! What a run did with each step of its plan: whether it went on wherever it could, skipped what it
//! could not do, and said so.

use std::collections::BTreeSet;

/// What a run did with each step of its plan.
#[derive(Debug, Clone, Default)]
pub struct Course {
    /// The steps, in the order of the plan.
    pub stages: Vec<Stage>,
    /// How many calls changed something, or may have.
    pub changes: u32,
    /// The exit code of the program.
    pub exit_code: u8,
    /// Whether something stopped the run as a whole: an interrupt, expired credentials, a lost lease.
    pub is_stopped: bool,
    /// Whether the plan left something alone that somebody must see to.
    pub leaves: bool,
}

/// What became of one step.
#[derive(Debug, Clone)]
pub struct Stage {
    /// What it did, in words.
    pub name: String,
    /// The address of its resource.
    pub address: String,
    /// The steps that it waits for.
    pub after: Vec<usize>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It was not begun, because a step of this address failed.
    SkippedFor(String),
    /// It was not begun, for another reason.
    Skipped,
    /// The run does not say.
    Untold,
}

/// The exit codes that scripts rely on.
const DONE: u8 = 0;
const ERROR: u8 = 1;
const PARTLY: u8 = 5;

impl Course {
    /// Whether something failed and something was done.
    pub fn is_partial(&self) -> bool {
        let any = |fate| self.stages.iter().any(|stage| stage.fate == fate);
        any(Fate::Failed) && any(Fate::Done)
    }

    /// That every branch on which nothing failed is done, that what stands behind a failure was not
    /// begun and names it, and that the exit code says so.
    pub fn check(&self) -> Result<(), String> {
        if self.is_stopped {
            return self.stages.iter().try_for_each(Stage::is_told);
        }
        let mut failed_before: Vec<BTreeSet<&str>> = Vec::new();
        for stage in &self.stages {
            let mut behind = BTreeSet::new();
            for &before in &stage.after {
                behind.extend(&failed_before[before]);
                if self.stages[before].fate == Fate::Failed {
                    behind.insert(self.stages[before].address.as_str());
                }
            }
            stage.check(&behind)?;
            failed_before.push(behind);
        }
        let has_failed = self.stages.iter().any(|stage| stage.fate == Fate::Failed);
        let code = match (has_failed, self.changes) {
            (true, 0) => ERROR,
            (true, _) => PARTLY,
            (false, _) if self.leaves => PARTLY,
            (false, _) => DONE,
        };
        if self.exit_code == code {
            return Ok(());
        }
        Err(format!("the exit code is {}, not {code}: {self:#?}", self.exit_code))
    }
}

impl Stage {
    fn check(&self, behind: &BTreeSet<&str>) -> Result<(), String> {
        let is_right = match &self.fate {
            Fate::Done | Fate::Failed => behind.is_empty(),
            Fate::SkippedFor(address) => behind.contains(address.as_str()),
            Fate::Skipped | Fate::Untold => false,
        };
        if is_right {
            return Ok(());
        }
        Err(format!("{} is {:?}; what failed before it: {behind:?}", self.name, self.fate))
    }

    fn is_told(&self) -> Result<(), String> {
        if self.fate == Fate::Untold {
            return Err(format!("nothing is said of {}", self.name));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three in a row, and one apart.
    fn course(fates: [Fate; 4], exit_code: u8) -> Course {
        let after = [vec![], vec![0], vec![1], vec![]];
        let stages = ["a", "b", "c", "d"].into_iter().zip(after).zip(fates);
        let stages = stages.map(|((name, after), fate)| Stage {
            name: format!("create {name}"),
            address: name.to_owned(),
            after,
            fate,
        });
        Course { stages: stages.collect(), changes: 1, exit_code, ..Course::default() }
    }

    fn for_a() -> Fate {
        Fate::SkippedFor("a".to_owned())
    }

    #[test]
    fn a_run_that_went_on_where_it_could_is_right() {
        assert!(course([Fate::Failed, for_a(), for_a(), Fate::Done], 5).check().is_ok());
        let all = [Fate::Done, Fate::Done, Fate::Done, Fate::Done];
        assert!(course(all, 0).check().is_ok());
    }

    #[test]
    fn what_stopped_too_early_or_too_late_or_is_not_told_is_wrong() {
        let wrong = [
            [Fate::Failed, for_a(), for_a(), Fate::Skipped],
            [Fate::Failed, for_a(), Fate::Done, Fate::Done],
            [Fate::Failed, Fate::SkippedFor("d".to_owned()), for_a(), Fate::Done],
            [Fate::Failed, for_a(), Fate::Untold, Fate::Done],
        ];
        for fates in wrong {
            assert!(course(fates.clone(), 5).check().is_err(), "{fates:?}");
        }
    }

    #[test]
    fn the_exit_code_says_it() {
        let fates = [Fate::Failed, for_a(), for_a(), Fate::Done];
        assert!(course(fates.clone(), 0).check().is_err());
        let nothing = Course { changes: 0, ..course(fates, 1) };
        assert!(nothing.check().is_ok());
    }
}
