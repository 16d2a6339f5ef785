//! Prints how much longer an apply takes than the longest chain of its plan, in virtual time.
//!
//! The stacks are real, with AWS's usual times, its rates and its round trips; what is more than one
//! is the price of round trips, of batched polling, of rates and of the order in which steps go.
#![expect(clippy::print_stdout, reason = "a bench reports to whoever runs it")]
#![expect(clippy::unwrap_used, reason = "a bench that panics says where")]

#[path = "../tests/convergence/meanwhile.rs"]
mod meanwhile;
#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/convergence/program.rs"]
mod program;

use std::fmt::Write as _;

use program::Program;
use trueup_sim::SimOptions;

fn main() {
    println!(
        "{:<22} {:>5} {:>6} {:>9} {:>9} {:>6}",
        "apply", "steps", "calls", "chain s", "took s", "ratio"
    );
    one("snowex", &Program::of_file("snowex.yaml"));
    one("twelve databases", &Program::of_text(&databases(12)));
    let mixed = Program::of_text(&mixed());
    one(&format!("{} mixed resources", mixed.stack.resources.len()), &mixed);
}

fn one(title: &str, program: &Program) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = SimOptions { quotas: false, ..SimOptions::usual() };
        let sim = program.account(options);
        let (plan, snapshot) = program.plan(&sim).await.unwrap();
        let (chain, steps) = (f64::from(plan.seconds), plan.steps.len());
        let report = program.apply(&sim, plan, snapshot).await;
        assert!(report.failed.is_empty(), "{:#?}", report.failed);
        let took = seconds(report.took);
        let (calls, ratio) = (report.calls, took / chain);
        println!("{title:<22} {steps:>5} {calls:>6} {chain:>9.1} {took:>9.1} {ratio:>6.3}");
    });
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of hours are exact")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

const NETWORK: &str = "
stack: bench
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16 }
subnet:
  s: { for_each: [a, b], vpc: main, availability_zone: \"${each.value}\", cidr_block: \"10.0.${each.index}.0/24\" }
db_subnet_group:
  main: { subnets: [s] }
";

fn databases(count: usize) -> String {
    let mut text = format!("{NETWORK}db_instance:\n");
    for number in 0..count {
        writeln!(
            text,
            "  d{number}: {{ engine: postgres, instance_class: db.t3.micro, allocated_storage: 20, \
             username: owner, password: managed, subnet_group: main }}"
        )
        .unwrap();
    }
    text
}

/// Twelve teams beside each other, each with a network of its own and what stands in it.
fn mixed() -> String {
    let mut text = "stack: bench\nregion: us-west-2\n".to_owned();
    let mut section = |kind: &str, of_team: &dyn Fn(usize) -> String| {
        writeln!(text, "{kind}:").unwrap();
        (0..12).for_each(|team| text.push_str(&of_team(team)));
    };
    section("vpc", &|t| format!("  v{t}: {{ cidr_block: 10.{t}.0.0/16 }}\n"));
    section("internet_gateway", &|t| format!("  i{t}: {{ vpc: v{t} }}\n"));
    section("subnet", &|t| {
        ["a", "b"].iter().enumerate().fold(String::new(), |all, (number, zone)| {
            all + &format!(
                "  s{t}{zone}: {{ vpc: v{t}, cidr_block: 10.{t}.{number}.0/24, availability_zone: {zone} }}\n"
            )
        })
    });
    section("elastic_ip", &|t| format!("  e{t}: {{}}\n"));
    section("nat_gateway", &|t| format!("  n{t}: {{ subnet: s{t}a, elastic_ip: e{t} }}\n"));
    section("route_table", &|t| {
        format!(
            "  p{t}: {{ vpc: v{t}, subnets: [s{t}a], routes: {{ 0.0.0.0/0: internet_gateway.i{t} }} }}\n\
             \x20 q{t}: {{ vpc: v{t}, subnets: [s{t}b], routes: {{ 0.0.0.0/0: nat_gateway.n{t} }} }}\n"
        )
    });
    section("security_group", &|t| {
        format!(
            "  app{t}: {{ vpc: v{t}, egress: [{{ port: 5432, to: [data{t}] }}] }}\n\
             \x20 data{t}: {{ vpc: v{t}, ingress: [{{ port: 5432, from: [app{t}] }}] }}\n"
        )
    });
    section("db_subnet_group", &|t| format!("  d{t}: {{ subnets: [s{t}a, s{t}b] }}\n"));
    section("db_instance", &|t| {
        format!(
            "  d{t}: {{ engine: postgres, instance_class: db.t3.micro, allocated_storage: 20, \
             username: owner, password: managed, subnet_group: d{t}, security_groups: [data{t}] }}\n"
        )
    });
    section("iam_role", &|t| {
        format!(
            "  h{t}: {{ service: ec2.amazonaws.com }}\n  f{t}: {{ service: lambda.amazonaws.com }}\n"
        )
    });
    section("instance", &|t| {
        format!(
            "  h{t}: {{ ami: ami-0123456789abcdef0, instance_type: t3.micro, subnet: s{t}b, \
             security_groups: [app{t}], iam_role: h{t} }}\n"
        )
    });
    section("lambda_function", &|t| {
        format!(
            "  f{t}: {{ runtime: python3.12, handler: app.handler, source: functions/snowex-api, \
             role: f{t}, subnets: [s{t}b], security_groups: [app{t}], \
             environment: {{ DB: \"${{db_instance.d{t}.endpoint}}\" }} }}\n"
        )
    });
    section("log_group", &|t| format!("  l{t}: {{ name: /team/{t}, retention_days: 14 }}\n"));
    text
}
