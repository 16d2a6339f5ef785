//! How long a plan takes, and how much memory, for stacks of growing size.
//!
//! A plan of an empty account is mostly graph and order, one of a settled account graph and
//! comparison, one that destroys it order by what is live. Growth should be close to linear.

#![expect(clippy::print_stdout, reason = "figures are what a bench is for")]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use trueup_model::expression::{Expressions, Lookup};
use trueup_model::plan::{Operation, Target};
use trueup_model::value::Values;
use trueup_model::{
    Address, Catalog, Condition, Live, Plan, Reference, Scope, Snapshot, Stack, Value,
};
use trueup_planner::{Input, Mode, Options, plan};

#[path = "../tests/plan/catalog.rs"]
mod catalog;
#[expect(clippy::unwrap_used, reason = "shared with the tests")]
#[path = "../tests/plan/language.rs"]
mod language;
#[expect(clippy::unwrap_used, reason = "shared with the tests")]
#[path = "../tests/plan/show.rs"]
mod show;
#[expect(dead_code, clippy::unwrap_used, reason = "shared with the tests, which use all of it")]
#[path = "../tests/plan/world.rs"]
mod world;

fn main() {
    println!(
        "{:>9} {:>10} {:>10} {:>10} {:>10} {:>9}",
        "resources", "create", "no-op", "1 % edit", "destroy", "peak MB"
    );
    for size in [1_000, 10_000, 100_000] {
        measure(size);
    }
}

fn measure(size: usize) {
    let catalog = catalog::catalog();
    let stack = language::stack(&catalog, &text(size, 0));
    let edited = language::stack(&catalog, &text(size, size / 100));
    let mut options = Options { allow_mass_delete: true, ..Options::default() };
    let empty = Snapshot { account: "1".to_owned(), region: "r".to_owned(), ..Snapshot::default() };
    let run = |stack: &Stack, snapshot: &Snapshot, options: &Options| {
        timed(&Input { stack, catalog: &catalog, snapshot, evaluator: &world::Cel, options })
    };
    let (create, created) = run(&stack, &empty, &options);
    let settled = carry_out(&catalog, &created);
    assert_eq!(settled.resources.len(), stack.resources.len(), "every resource is made");
    drop(created);
    let (no_op, nothing) = run(&stack, &settled, &options);
    assert!(nothing.is_empty(), "a settled account needs nothing: {}", show::show(&nothing));
    drop(nothing);
    let (edit, changed) = run(&edited, &settled, &options);
    assert!(!changed.is_empty(), "an edit needs something");
    drop(changed);
    options.mode = Mode::Destroy;
    let (destroy, gone) = run(&stack, &settled, &options);
    assert!(gone.steps.len() >= stack.resources.len(), "everything goes");
    let count = stack.resources.len();
    println!("{count:>9} {create:>9.3}s {no_op:>9.3}s {edit:>9.3}s {destroy:>9.3}s {:>9}", peak());
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn timed(input: &Input<'_>) -> (f64, Plan) {
    let start = std::time::Instant::now();
    let plan = plan(input);
    (start.elapsed().as_secs_f64(), plan)
}

/// The most memory that the process has held so far, inputs included, in megabytes.
#[expect(clippy::disallowed_methods, reason = "a bench measures its own process")]
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.map_or_else(|| "?".to_owned(), |kilobytes| (kilobytes / 1024).to_string())
}

/// A stack of networks of a hundred resources each; the first `edited` functions are different.
fn text(size: usize, edited: usize) -> String {
    let mut text = String::new();
    for net in 0..size / 100 {
        let _ = write!(text, "vpc.v{net}\n  cidr_block: 10.0.0.0/8\n");
        let _ = write!(text, "internet_gateway.i{net}\n  vpc: @vpc.v{net}\n");
        let _ = write!(text, "nat_gateway.n{net}\n  subnet: @subnet.s{net}x0\n");
        for n in 0..17 {
            let _ = write!(
                text,
                "subnet.s{net}x{n}\n  vpc: @vpc.v{net}\n  cidr_block: 10.0.{n}.0/24\n"
            );
        }
        for n in 0..40 {
            let peer = (n * 7 + 3) % 40;
            let _ = write!(text, "security_group.g{net}x{n}\n  vpc: @vpc.v{net}\n");
            let _ = writeln!(
                text,
                "  ingress: [{{port: 80, from: [@security_group.g{net}x{peer}]}}, {{port: 443, from: [10.0.0.0/8, 11.0.0.0/8]}}]"
            );
            let _ = writeln!(text, "  tags.team: t{n}");
        }
        for n in 0..10 {
            let _ = write!(text, "iam_role.r{net}x{n}\n  trust: {{Version: 2012-10-17}}\n");
        }
        for n in 0..20 {
            let code = if net * 20 + n < edited { "new" } else { "old" };
            let _ =
                write!(text, "lambda_function.f{net}x{n}\n  role: @iam_role.r{net}x{}\n", n % 10);
            let _ = writeln!(
                text,
                "  source: source:{code}\n  subnets: [@subnet.s{net}x{}, @subnet.s{net}x{}]",
                n % 17,
                (n + 1) % 17
            );
            let _ = writeln!(
                text,
                "  groups: [@security_group.g{net}x{n}]\n  environment: {{ROLE: ${{iam_role.r{net}x{}.arn}}, MODE: fast}}",
                n % 10
            );
        }
        for n in 0..10 {
            let _ = write!(
                text,
                "log_group.l{net}x{n}\n  name: /aws/lambda/${{lambda_function.f{net}x{n}.name}}\n"
            );
        }
    }
    text
}

/// What is there once a plan of creates is carried out.
fn carry_out(catalog: &Catalog, plan: &Plan) -> Snapshot {
    struct Made(HashMap<Address, Live>);
    impl Scope for Made {
        fn lookup(&self, reference: &Reference) -> Lookup {
            let live = self.0.get(&reference.to);
            live.map_or(Lookup::Unknown, |l| Lookup::Known(l.get(&reference.attribute).clone()))
        }
        fn ambient(&self, _: &str) -> Option<Value> {
            None
        }
    }
    let fold = |made: &Made, wanted: &Expressions| -> Values {
        let known = wanted.iter().map(|(name, wish)| {
            let wish = wish.resolve(&world::Cel, made).ok().and_then(|wish| wish.to_value());
            (name.clone(), wish.expect("what a step needs is made before it"))
        });
        known.collect()
    };
    let mut made = Made(HashMap::new());
    for step in &plan.steps {
        let kind = catalog.kind(&step.kind);
        match &step.operation {
            Operation::Create { attributes, tags, ownership, .. } => {
                let attributes = fold(&made, attributes);
                let tags = fold(&made, tags);
                let mut outputs = Values::new();
                for output in &kind.outputs {
                    let text = format!("{}-{:09x}", step.kind.as_str().replace('_', ""), step.id);
                    let name = attributes.get("name").filter(|_| output.name == "id").cloned();
                    outputs.insert(output.name.to_owned(), name.unwrap_or(text.into()));
                }
                let id = outputs["id"].to_string();
                let live = Live {
                    kind: step.kind.clone(),
                    id,
                    ownership: ownership.clone(),
                    attributes: world::reported(kind, &attributes),
                    outputs,
                    tags: tags.iter().map(|(k, v)| (k.clone(), v.to_string())).collect(),
                    condition: Condition::Ready,
                    scheduled: BTreeMap::new(),
                };
                made.0.insert(step.address.clone(), live);
            }
            Operation::Update { target: Target::Step(_), attributes, .. } => {
                let attributes = fold(&made, attributes);
                if let Some(live) = made.0.get_mut(&step.address) {
                    live.attributes = world::reported(kind, &attributes);
                }
            }
            Operation::Update { .. } | Operation::Delete { .. } | Operation::Forget { .. } => {}
        }
    }
    let mut resources: Vec<Live> = made.0.into_values().collect();
    resources.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
    Snapshot { account: "1".to_owned(), region: "r".to_owned(), resources, ..Snapshot::default() }
}
