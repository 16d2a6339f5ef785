//! The fault matrix: scenarios × steps × everything that can go wrong at a step.

use std::collections::BTreeMap;
use std::sync::Arc;

use trueup_model::Address;
use trueup_model::value::Values;
use trueup_provider::VISIBLE_AFTER;
use trueup_sim::testing::converge::{Engine as _, FAULTS, Tried, Trouble, converge, matrix};
use trueup_sim::{At, Fault, FaultPlan, Latency, Sim, SimOptions, World};

use crate::program::Program;
use crate::stacks::THEIRS;

/// One of each way that a create can be repeated, a circle of groups, and values that are known
/// only when something is made.
pub(crate) const SMALL: &str = r#"
stack: small
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16, enable_dns_hostnames: true }
internet_gateway:
  main: { vpc: main }
subnet:
  a: { vpc: main, cidr_block: 10.0.1.0/24, availability_zone: a }
elastic_ip:
  nat: {}
nat_gateway:
  main: { subnet: a, elastic_ip: nat }
security_group:
  one: { vpc: main, ingress: [{ port: 1, from: [two] }] }
  two: { vpc: main, ingress: [{ port: 2, from: [one] }] }
iam_role:
  runner: { service: lambda.amazonaws.com }
log_group:
  runner: { name: "/small/${vpc.main.id}", retention_days: 3 }
"#;

/// Two groups whose rules name each other, a host in one of them, a subnet.
const OLD: &str = r"
stack: small
region: us-west-2
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet:
  a: { vpc: main, cidr_block: 10.0.1.0/24, availability_zone: a }
  b: { vpc: main, cidr_block: 10.0.2.0/24, availability_zone: a }
security_group:
  one: { vpc: main, description: old, ingress: [{ port: 1, from: [two] }] }
  two: { vpc: main, description: old, ingress: [{ port: 2, from: [one] }] }
instance:
  host: { ami: ami-0123456789abcdef0, instance_type: t3.micro, subnet: a, security_groups: [one] }
";

/// What holds data, what stays, what moves.
const HOLDING: &str = r"
stack: small
region: us-west-2
vpc: { main: { cidr_block: 10.0.0.0/16 } }
subnet:
  private:
    for_each: [a, b]
    vpc: main
    availability_zone: ${each.key}
    cidr_block: ${cidr_subnet('10.0.0.0/16', 24, each.index)}
db_subnet_group: { main: { subnets: [private] } }
db_instance:
  main:
    engine: postgres
    instance_class: db.t3.micro
    allocated_storage: 20
    username: shop
    password: managed
    subnet_group: main
  other:
    engine: postgres
    instance_class: db.t3.micro
    allocated_storage: 20
    username: shop
    password: ${var.password}
    subnet_group: main
variables:
  password: { type: string, sensitive: true, default: the-first-password }
log_group:
  kept: { name: /kept, protect: true }
  left: { name: /left, on_destroy: retain }
  old: { name: /moved, retention_days: 7 }
elastic_ip: { old: {} }
";

/// What is made of [`HOLDING`]: one database is another, one has another password, one group stays against the file, one stays and
/// is forgotten, one moves and changes, and one of somebody else is adopted.
fn held() -> String {
    let text = HOLDING.replacen("engine: postgres", "engine: mysql", 1);
    let text = text.replace("the-first-password", "the-second-password");
    let (before, _) = text.split_once("log_group:").unwrap();
    format!(
        "{before}log_group:
  new: {{ name: /moved, moved_from: log_group.old, retention_days: 14 }}
  adopted: {{ name: {THEIRS}, adopt: {THEIRS}, retention_days: 7 }}
elastic_ip: {{ new: {{ moved_from: elastic_ip.old }} }}
"
    )
}

/// The world in which this stack is made, and somebody else has a log group.
async fn made(text: &str) -> World {
    let program = Program::of_text(text);
    let sim = program.account(SimOptions::default());
    let name = Values::from([("name".to_owned(), THEIRS.into())]);
    sim.add_foreign("log_group", name, &BTreeMap::new()).unwrap();
    converge(&program, &sim, 3).await.unwrap();
    sim.world()
}

/// Every fault at every step of a run that finds this world.
async fn tried(program: &Program, world: &World, what: &str) -> Tried {
    let start = || {
        let catalog = Arc::clone(&program.catalog);
        Arc::new(Sim::new(catalog, world.clone(), SimOptions::default()))
    };
    told(what, FAULTS.len(), matrix(program, &start, &FAULTS).await)
}

#[expect(clippy::print_stdout, reason = "how many there were is what a matrix is asked for")]
pub(crate) fn told(what: &str, faults: usize, tried: Result<Tried, String>) -> Tried {
    let tried = tried.unwrap_or_else(|why| panic!("{what}: {why}"));
    let Tried { changes, worlds, partial } = tried;
    println!(
        "fault matrix, {what}: {changes} calls x {faults} faults = {worlds}, {partial} in part"
    );
    tried
}

#[tokio::test(start_paused = true)]
async fn the_making_of_a_stack_survives_every_fault() {
    let program = Program::of_text(SMALL);
    let world = program.account(SimOptions::default()).world();
    let tried = tried(&program, &world, "making").await;
    assert!(tried.worlds > 200 && tried.partial > 40, "{tried:?}");
}

#[tokio::test(start_paused = true)]
async fn the_destruction_of_a_stack_survives_every_fault() {
    let world = made(SMALL).await;
    let program = Program::of_text(SMALL).destroying();
    let tried = tried(&program, &world, "destroying").await;
    assert!(tried.worlds > 200 && tried.partial > 10, "{tried:?}");
}

/// Groups make room for their successors, each with rules that name the other's; a subnet has to go
/// before its successor can come.
#[tokio::test(start_paused = true)]
async fn replacements_survive_every_fault() {
    let world = made(OLD).await;
    let b = "b: { vpc: main, cidr_block: 10.0.2.0/24, availability_zone: a }";
    let new = OLD.replace("description: old", "description: new");
    let new = new.replace(b, &b.replace("zone: a", "zone: b"));
    let tried = tried(&Program::of_text(&new), &world, "replacing").await;
    assert!(tried.worlds > 150 && tried.partial > 20, "{tried:?}");
}

#[tokio::test(start_paused = true)]
async fn what_holds_data_what_stays_and_what_moves_survives_every_fault() {
    let world = made(HOLDING).await;
    let mut program = Program::of_text(&held());
    let database: Address = "db_instance.main".parse().unwrap();
    program.options.allow_data_loss = [database].into();
    let tried = tried(&program, &world, "holding").await;
    assert!(tried.worlds > 150 && tried.partial > 20, "{tried:?}");
}

/// Where lists are seconds behind, what the last run made is seen because the next one waits.
#[tokio::test(start_paused = true)]
async fn a_death_after_any_step_leaves_no_twin_where_lists_lag_behind() {
    let program = Program::of_text(SMALL);
    let deaths = [Fault::CrashBefore, Fault::CrashHalfway, Fault::CrashAfter, Fault::LostAfter];
    let deaths = deaths.map(Trouble::Once);
    for latency in [Latency::Instant, Latency::Varied] {
        let throttle = latency == Latency::Varied;
        let options = SimOptions { latency, throttle, page_size: 3, ..SimOptions::default() };
        let start = || program.account(SimOptions { lag: VISIBLE_AFTER, ..options.clone() });
        let tried = matrix(&program, &start, &deaths).await;
        let tried = told("lists behind", deaths.len(), tried);
        assert!(tried.worlds > 40, "{tried:?}");
    }
}

/// Who cannot write the lease is told what AWS says, not that somebody else is at it.
#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_written_is_told_in_aws_s_words() {
    let program = Program::of_text(SMALL);
    let sim = program.account(SimOptions::default());
    sim.set_faults(FaultPlan::one(At::ChangeAndOn(1), Fault::LostBefore), 1);
    let outcome = program.run(&sim).await;
    assert_eq!(outcome.failures.len(), 1, "{outcome:?}");
    assert!(outcome.failures[0].contains("the connection was lost"), "{outcome:?}");
}

/// A hash that says that a password was set does not set it.
#[tokio::test(start_paused = true)]
async fn a_password_that_was_never_set_is_noticed() {
    let program = Program::of_text(HOLDING);
    let sim = program.account(SimOptions::default());
    converge(&program, &sim, 3).await.unwrap();
    let address: Address = "db_instance.other".parse().unwrap();
    sim.edit(|world| world.at_mut("small", &address).unwrap().write_only.clear()).unwrap();
    let why = converge(&program, &sim, 3).await.unwrap_err();
    assert!(why.contains("the password of db_instance.other was never set"), "{why}");
}
