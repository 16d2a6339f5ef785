//! Pictures of small, hostile, large and random stacks, and of what surrounds them.
//!
//! Here is how a stack is drawn; [`check`](sound::check) holds what must be true of every picture.

mod hostile;
mod large;
mod random;
mod shown;
mod sound;
mod surroundings;

use trueup_model::{Catalog, Plan, Snapshot, Stack};
use trueup_planner::{Input, Options};
use trueup_stack::{CelEvaluator, DiskFiles, Request, Variables};

use super::Subject;
use super::known::places::Places;
use super::placed::paper::Paper;
use crate::network;

/// A stack with the plan that makes it from nothing.
struct Drawn {
    stack: Stack,
    snapshot: Snapshot,
    plan: Plan,
    catalog: Catalog,
}

impl Drawn {
    #[track_caller]
    fn of(text: &str) -> Self {
        let (stack, catalog) = loaded(text);
        Self::planned(stack, catalog, Snapshot::default())
    }

    /// With the plan for what AWS has.
    fn planned(stack: Stack, catalog: Catalog, snapshot: Snapshot) -> Self {
        let mut plan = trueup_planner::plan(&Input {
            stack: &stack,
            catalog: &catalog,
            snapshot: &snapshot,
            evaluator: &CelEvaluator,
            options: &Options::default(),
        });
        network::prove(&stack, &snapshot, &mut plan);
        Self { stack, snapshot, plan, catalog }
    }

    fn subject(&self, is_planned: bool) -> Subject<'_> {
        let Self { stack, snapshot, plan, catalog } = self;
        Subject { stack, snapshot, plan, catalog, is_planned }
    }

    fn svg(&self) -> String {
        self.subject(false).svg()
    }

    fn html(&self) -> String {
        self.subject(true).html()
    }

    fn paper(&self) -> Paper {
        self.drawn(false)
    }

    fn drawn(&self, is_planned: bool) -> Paper {
        let subject = self.subject(is_planned);
        subject.paper(&Places::of(&subject))
    }
}

/// A stack without faults, and the kinds.
#[track_caller]
fn loaded(text: &str) -> (Stack, Catalog) {
    let catalog = trueup_aws::catalog();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("code")).unwrap();
    std::fs::write(folder.path().join("code/app.py"), "def handler(e, c): pass\n").unwrap();
    let loaded = trueup_stack::load(&Request {
        file: "stack.yaml",
        bytes: text.as_bytes(),
        files: &DiskFiles::new(folder.path()),
        catalog: &catalog,
        variables: &Variables::default(),
        region: None,
        account: None,
    });
    let stack = loaded.stack.unwrap_or_else(|| panic!("{:#?}\n{text}", loaded.diagnostics));
    (stack, catalog)
}

const SMALL: &str = "\
stack: small
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16 }
internet_gateway:
  main: { vpc: main }
subnet:
  public: { vpc: main, cidr_block: 10.0.0.0/24, availability_zone: a }
  private: { vpc: main, cidr_block: 10.0.1.0/24, availability_zone: a }
route_table:
  public: { vpc: main, subnets: [public], routes: { 0.0.0.0/0: internet_gateway.main } }
security_group:
  web: { vpc: main, ingress: [{ port: 443, from: [internet] }], egress: [{ port: 8080, to: [app] }] }
  app: { vpc: main, ingress: [{ port: 8080, from: [web] }], egress: [] }
instance:
  web: { subnet: public, public_ip: true, security_groups: [web], ami: ami-0123456789abcdef0, instance_type: t3.micro }
  app: { subnet: private, security_groups: [app], ami: ami-0123456789abcdef0, instance_type: t3.micro }
log_group:
  app: { name: /small/app, retention_days: 14 }
expect:
  - internet reaches instance.web on 443
  - instance.web reaches instance.app on 8080
  - instance.app reaches internet on 443
  - internet does not reach instance.app
";

fn titles(paper: &Paper) -> Vec<&str> {
    let texts = paper.shapes.iter().flat_map(|shape| &shape.texts);
    texts.map(|text| text.content.as_str()).collect()
}
