//! The life of a stack: made, changed behind its back, mended, destroyed.

use std::sync::Arc;

use trueup_model::{Address, Value};
use trueup_sim::testing::converge::{check, converge};
use trueup_sim::{At, Fault, FaultPlan, Item, Phase, Sim, SimOptions};
use trueup_stack::MemoryFiles;

use crate::program::{Program, differences, in_words};

fn edit(sim: &Sim, address: &str, change: impl FnOnce(&mut Item)) {
    let address: Address = address.parse().unwrap();
    sim.edit(|world| change(world.at_mut("snowex", &address).unwrap())).unwrap();
}

async fn made(program: &Program, options: SimOptions) -> Arc<Sim> {
    let sim = program.account(options);
    let before = sim.world();
    let runs = converge(program, &sim, 2).await.unwrap();
    assert!(runs[0].failures.is_empty(), "{:#?}", runs[0].failures);
    check(&before, &sim, "snowex").unwrap();
    sim
}

#[tokio::test(start_paused = true)]
async fn a_stack_is_made_and_its_plan_is_empty() {
    let program = Program::of_file("snowex.yaml");
    let sim = made(&program, SimOptions::default()).await;
    assert_eq!(sim.world().owned_by("snowex").count(), program.stack.resources.len());
    let (plan, snapshot) = program.plan(&sim).await.unwrap();
    assert_eq!(differences(&plan), Vec::<String>::new());
    assert!(snapshot.calls <= 25, "{}", snapshot.calls);
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_behind_its_back_is_seen_and_mended() {
    let program = Program::of_file("snowex.yaml");
    let sim = made(&program, SimOptions::default()).await;
    let rules = |item: &mut Item, change: fn(&mut Vec<Value>)| {
        let mut rules = item.attributes["ingress"].as_list().unwrap().to_vec();
        change(&mut rules);
        item.set("ingress", Value::List(rules));
    };
    edit(&sim, "security_group.database", |item| rules(item, |rules| drop(rules.pop())));
    edit(&sim, "security_group.bastion", |item| {
        item.set(
            "ingress",
            Value::from(serde_json::json!([
                {"port": 22, "protocol": "tcp", "from": ["0.0.0.0/0"], "description": null}
            ])),
        );
    });
    edit(&sim, "db_instance.main", |item| item.set("instance_class", "db.t3.large"));
    edit(&sim, "route_table.private", |item| item.set("routes", Value::Map([].into())));
    edit(&sim, "vpc.main", |item| item.set_tag("project", "other"));
    edit(&sim, "lambda_function.api", |item| {
        item.set("source", Value::from(serde_json::json!({"sha256": "AAAA"})));
    });
    let (plan, _) = program.plan(&sim).await.unwrap();
    let mut seen = differences(&plan);
    seen.sort();
    let seen: Vec<&str> = seen.iter().map(|path| path.split('[').next().unwrap()).collect();
    assert_eq!(
        seen,
        [
            "db_instance.main instance_class",
            "lambda_function.api source",
            "route_table.private routes",
            "security_group.bastion ingress",
            "security_group.database ingress",
            "vpc.main tags.project",
        ]
    );
    let runs = converge(&program, &sim, 2).await.unwrap();
    assert_eq!(runs[0].planned.len(), 6, "{runs:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_vanished_is_made_again() {
    let program = Program::of_file("snowex.yaml");
    let sim = made(&program, SimOptions::default()).await;
    let before = sim.world();
    for address in ["nat_gateway.main", "lambda_function.api", "instance.bastion"] {
        let address: Address = address.parse().unwrap();
        let gone = |world: &mut trueup_sim::World| {
            let item = world.at("snowex", &address).next().unwrap().clone();
            assert!(world.remove(item.kind.as_str(), &item.id));
        };
        sim.edit(gone).unwrap();
    }
    converge(&program, &sim, 2).await.unwrap();
    check(&before, &sim, "snowex").unwrap();
    assert_eq!(sim.world().owned_by("snowex").count(), program.stack.resources.len());
}

#[tokio::test(start_paused = true)]
async fn a_stack_is_destroyed_and_nothing_is_left() {
    for options in [SimOptions::default(), SimOptions::usual()] {
        let program = Program::of_file("snowex.yaml");
        let sim = made(&program, options).await;
        let program = program.destroying();
        let runs = converge(&program, &sim, 2).await.unwrap();
        assert!(runs[0].failures.is_empty(), "{:#?}", runs[0].failures);
        let left: Vec<String> = sim.world().owned_by("snowex").map(Item::description).collect();
        assert_eq!(left, Vec::<String>::new());
        assert_eq!(sim.world().snapshots.len(), 1);
        assert_eq!(sim.world().interfaces, []);
    }
}

/// A run that dies after it has asked AWS to delete something leaves it on its way out: the next run
/// waits for that, does the rest, and leaves nothing to a third one.
#[tokio::test(start_paused = true)]
async fn what_a_dead_run_began_to_delete_is_waited_for() {
    let replacements = [
        ("ec2:DeleteNatGateway", "main: { subnet: public,", "main: { subnet: \"private[a]\","),
        ("rds:DeleteDBInstance", "db_name: snowex", "db_name: other"),
        ("ec2:TerminateInstances", "subnet: private[a]", "subnet: private[b]"),
    ];
    for (action, from, to) in replacements {
        let program = Program::of_file("snowex.yaml");
        let sim = made(&program, SimOptions::usual()).await;
        let before = sim.world();
        let mut program = Program::of_edited_file("snowex.yaml", from, to);
        program.options.allow_data_loss = ["db_instance.main".parse().unwrap()].into();
        // Not every one of these networks is one that works.
        program.stack.expect.clear();
        dies_after_and_is_mended(&program, &sim, action).await;
        check(&before, &sim, "snowex").unwrap();
        assert_eq!(sim.world().owned_by("snowex").count(), program.stack.resources.len());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_destroy_began_to_delete_is_waited_for() {
    for action in ["ec2:DeleteNatGateway", "rds:DeleteDBInstance", "ec2:TerminateInstances"] {
        let program = Program::of_file("snowex.yaml");
        let sim = made(&program, SimOptions::usual()).await;
        dies_after_and_is_mended(&program.destroying(), &sim, action).await;
        assert_eq!(sim.world().owned_by("snowex").count(), 0, "{action}");
    }
}

/// The first run dies, the second does the rest, the third finds nothing to do.
async fn dies_after_and_is_mended(program: &Program, sim: &Arc<Sim>, action: &str) {
    sim.set_faults(FaultPlan::one(At::Action(action.to_owned(), 1), Fault::CrashAfter), 1);
    let runs = converge(program, sim, 3).await.unwrap_or_else(|why| panic!("{action}: {why}"));
    let [dead, next, _] = runs.as_slice() else { panic!("{action}: {} runs", runs.len()) };
    assert!(!dead.failures.is_empty(), "{action} never came");
    assert_eq!((&next.failures, &next.withheld), (&Vec::new(), &Vec::new()), "{action}");
}

/// What somebody deletes by hand is made again as soon as it is gone.
#[tokio::test(start_paused = true)]
async fn what_somebody_is_deleting_is_waited_for_and_made_again() {
    let program = Program::of_file("snowex.yaml");
    let sim = made(&program, SimOptions::usual()).await;
    let until = sim.world().clock + 100_000;
    edit(&sim, "db_instance.main", |item| item.phase = Phase::Deleting { until });
    edit(&sim, "nat_gateway.main", |item| item.phase = Phase::Deleting { until });
    let runs = converge(&program, &sim, 2).await.unwrap();
    assert_eq!((&runs[0].failures, &runs[0].withheld), (&Vec::new(), &Vec::new()));
    assert_eq!(sim.world().owned_by("snowex").count(), program.stack.resources.len());
}

#[tokio::test(start_paused = true)]
async fn in_aws_s_time_it_takes_aws_s_time() {
    let program = Program::of_file("snowex.yaml");
    let begun = tokio::time::Instant::now();
    let sim = program.account(SimOptions::usual());
    let (plan, snapshot) = program.plan(&sim).await.unwrap();
    let estimate = u64::from(plan.seconds);
    let report = program.apply(&sim, plan, snapshot).await;
    assert!(report.failed.is_empty(), "{:#?}", report.failed);
    let took = begun.elapsed().as_secs();
    assert!(took >= estimate && took <= estimate + estimate / 5 + 30, "{took} of {estimate}");
    let (plan, _) = program.plan(&sim).await.unwrap();
    assert_eq!(in_words(&plan), Vec::<String>::new());
}

/// Who merely tells an id does not hold what it is of: a plan in which both go contradicts nothing.
#[tokio::test(start_paused = true)]
async fn a_network_goes_with_a_function_whose_environment_tells_its_id() {
    let text = "
stack: snowex
region: us-west-2
vpc: { main: { cidr_block: 10.0.0.0/16 } }
iam_role: { api: { service: lambda.amazonaws.com } }
lambda_function:
  api:
    runtime: python3.12
    handler: app.handler
    source: api
    role: api
    environment: { VPC: \"${vpc.main.id}\" }
";
    let files = MemoryFiles::default().with("api/app.py", "def handler(event, context): pass");
    let program = Program::with_files(text, &files);
    let sim = made(&program, SimOptions::default()).await;
    let runs = converge(&program.destroying(), &sim, 2).await.unwrap();
    assert!(runs[0].failures.is_empty(), "{:#?}", runs[0].failures);
    assert_eq!(sim.world().owned_by("snowex").count(), 0);
}
