//! How a run ends that did not do all: the exit code is what scripts go by.

use trueup_sim::{At, Fault, FaultPlan, SimOptions};

use crate::harness::{Bench, SHOP};

fn every(action: &str, fault: Fault) -> SimOptions {
    let faults = FaultPlan::one(At::Every(action.to_owned()), fault);
    SimOptions { faults, ..SimOptions::default() }
}

const ONE_VPC: &str = "\
stack: shop
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16 }
";

#[tokio::test(start_paused = true)]
async fn a_first_step_that_may_have_happened_is_no_plain_error() {
    let (bench, sim) = Bench::with_sim(ONE_VPC);
    bench.run("apply --yes").await.expect(0);
    sim.set_faults(every("ec2:CreateTags", Fault::UnavailableAfter).faults, 1);
    bench.write("stack.yaml", &format!("{ONE_VPC}tags: {{ project: shop }}\n"));
    bench.run("apply --yes --without-lease").await.expect(5);
}

#[tokio::test(start_paused = true)]
async fn a_first_step_that_was_refused_changed_nothing() {
    let (bench, _) = Bench::with_options(ONE_VPC, every("ec2:CreateVpc", Fault::Denied));
    bench.run("apply --yes --without-lease").await.expect(1);
}

/// What could not be read may be there still: that is not the end of the stack.
#[tokio::test(start_paused = true)]
async fn a_destroy_that_could_not_read_a_kind_did_not_do_all() {
    let (bench, sim) = Bench::with_options(SHOP, SimOptions::default());
    bench.run("apply --yes").await.expect(0);
    sim.set_faults(every("logs:DescribeLogGroups", Fault::Denied).faults, 1);
    let partly = bench.run("destroy --yes").await.expect(5);
    assert!(partly.stdout.contains("may be left"), "{}", partly.stdout);
    let world = sim.world();
    let left: Vec<&str> = world.owned_by("shop").map(|live| live.kind.as_str()).collect();
    assert_eq!(left, ["log_group"], "the rest goes all the same");
}
