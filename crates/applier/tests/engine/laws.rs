//! Laws over random plans: order, completeness, and how long it takes.

use std::sync::Arc;

use proptest::prelude::*;
use trueup_applier::{Ended, Report};
use trueup_provider::FailureClass;

use crate::support::{Account, Answer, Planned, Script, failure, lawful, usual};

/// One random step: seconds, earlier steps as fractions of its index, and its luck.
type Dice = (u32, Vec<prop::sample::Index>, Luck);

#[derive(Debug, Clone, Copy)]
enum Luck {
    Good,
    Lost,
    Throttled,
    Bad,
    Panics,
}

fn dice(luck: impl Strategy<Value = Luck> + Clone + 'static) -> impl Strategy<Value = Vec<Dice>> {
    let after = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    prop::collection::vec((0..600_u32, after, luck), 1..60)
}

fn plan(dice: &[Dice]) -> (Planned, Account) {
    let (mut plan, account) = (Planned::new(), Account::default());
    for (index, (seconds, after, luck)) in dice.iter().enumerate() {
        let name = format!("vpc.v{index}");
        let mut after: Vec<usize> =
            after.iter().filter(|_| index > 0).map(|before| before.index(index)).collect();
        after.sort_unstable();
        after.dedup();
        plan.create(&name, *seconds, &after);
        let mut script = Script::taking(f64::from(*seconds));
        match luck {
            Luck::Good => {}
            Luck::Lost => script.answers.push_back(Answer::IsLost),
            Luck::Throttled => {
                script.answers.push_back(Answer::Fails(failure(FailureClass::Throttled)));
            }
            Luck::Bad => script.answers.push_back(Answer::Fails(failure(FailureClass::Invalid))),
            Luck::Panics => script.panics = true,
        }
        account.look(|state| state.scripts.insert(name.parse().unwrap(), script));
    }
    (plan, account)
}

fn run(dice: &[Dice], width: usize) -> (Report, Arc<Account>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (plan, account) = plan(dice);
        let account = Arc::new(account);
        let (mut run, stream) = usual(plan.0, &account);
        run.width = width;
        (lawful(run, stream).await.0, account)
    })
}

/// Seconds of the longest chain.
fn critical_path(dice: &[Dice]) -> u64 {
    let mut ends: Vec<u64> = Vec::new();
    for (index, (seconds, after, _)) in dice.iter().enumerate() {
        let begin =
            after.iter().filter(|_| index > 0).map(|before| ends[before.index(index)]).max();
        ends.push(begin.unwrap_or(0) + u64::from(*seconds));
    }
    ends.into_iter().max().unwrap_or(0)
}

proptest! {
    #[test]
    fn with_room_for_all_the_longest_chain_is_the_time(dice in dice(Just(Luck::Good))) {
        let (report, _) = run(&dice, 1000);
        prop_assert_eq!(report.ended, Ended::Done);
        prop_assert_eq!(report.took, critical_path(&dice) * 1000);
    }

    /// Graham's bound for list scheduling: nobody idles while something is ready.
    #[test]
    fn with_less_room_nobody_idles(dice in dice(Just(Luck::Good)), width in 1..8_usize) {
        let (report, account) = run(&dice, width);
        let total: u64 = dice.iter().map(|(seconds, ..)| u64::from(*seconds)).sum();
        let (places, critical) = (width as u64, critical_path(&dice));
        prop_assert!(report.took * places <= (total + (places - 1) * critical) * 1000);
        prop_assert!(account.look(|state| state.most_busy) <= width);
    }

    /// However it goes, the laws hold (they are checked in every run), nothing is made twice, and
    /// what does not depend on a failure is done.
    #[test]
    fn with_bad_luck_the_laws_hold(
        dice in dice(prop_oneof![
            8 => Just(Luck::Good), 1 => Just(Luck::Lost), 1 => Just(Luck::Throttled),
            1 => Just(Luck::Bad), 1 => Just(Luck::Panics),
        ]),
        width in 1..80_usize,
    ) {
        let (report, account) = run(&dice, width);
        let mut sound: Vec<bool> = Vec::new();
        for (index, (_, after, luck)) in dice.iter().enumerate() {
            let itself = !matches!(luck, Luck::Bad | Luck::Panics);
            let before = after.iter().filter(|_| index > 0).all(|it| sound[it.index(index)]);
            sound.push(itself && before);
        }
        let expected = sound.iter().filter(|sound| **sound).count();
        prop_assert_eq!(report.done.len(), expected);
        prop_assert_eq!(account.look(|state| state.things.len()), expected);
    }
}
