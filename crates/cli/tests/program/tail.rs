//! The tail of a destroy: the network interfaces of a function, which AWS removes in its own time.

use std::time::Duration;

use trueup_sim::Sim;

use crate::harness::{Bench, snowex};

const DESTROY: &str = "destroy --yes --allow-data-loss db_instance.main";

async fn applied() -> (Bench, std::sync::Arc<Sim>) {
    let (bench, sim) = snowex();
    bench.run("apply --yes").await.expect(0);
    (bench, sim)
}

fn is_empty(sim: &Sim) -> bool {
    let world = sim.world();
    world.owned_by("snowex").count() == 0 && world.interfaces.is_empty()
}

#[tokio::test(start_paused = true)]
async fn it_is_waited_for_and_shown_with_its_end() {
    let (bench, sim) = applied().await;
    let plan = bench.run("plan --destroy --allow-data-loss db_instance.main").await;
    assert!(
        plan.stdout.contains("It takes about 20 min: lambda_function.api -> "),
        "{}",
        plan.stdout
    );
    let ran = bench.run(DESTROY).await.expect(0);
    let waits: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("waits:")).collect();
    insta::assert_snapshot!(waits.join("\n"));
    assert!(is_empty(&sim));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_comes_back_later() {
    let (bench, sim) = applied().await;
    let begin = tokio::time::Instant::now();
    let ran = bench.run(&format!("{DESTROY} --no-wait-tail")).await.expect(6);
    let took = begin.elapsed();
    assert!(took < Duration::from_mins(12), "{took:?}: the database is waited for, no more");
    let (_, end) = ran.stdout.split_once("left: ").unwrap();
    insta::assert_snapshot!(end);
    assert_eq!(ran.stderr, "");

    bench.run(&format!("{DESTROY} --no-wait-tail")).await.expect(6);
    assert!(!is_empty(&sim));
    sim.let_pass(Duration::from_mins(36));
    bench.run(DESTROY).await.expect(0);
    assert!(is_empty(&sim));
}

#[tokio::test(start_paused = true)]
async fn interrupted_in_the_tail_it_ends_at_once() {
    let (bench, sim) = applied().await;
    let begin = tokio::time::Instant::now();
    bench.interrupt(DESTROY, &[Duration::from_mins(15)]).await.expect(130);
    assert!(begin.elapsed() < Duration::from_secs(15 * 60 + 5), "{:?}", begin.elapsed());
    bench.run(DESTROY).await.expect(0);
    assert!(is_empty(&sim));
}
