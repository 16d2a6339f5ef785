//! Orders that are not all tried, as trying them would take too long; and what a state on the way is.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use trueup_model::expression::Expressions;
use trueup_model::snapshot::{Condition, Ownership};
use trueup_model::stack::End;
use trueup_model::value::Values;
use trueup_model::{
    Address, Expression, Live, Operation, Plan, Snapshot, Stack, Step, Target, Value,
};

use super::*;
use crate::network::{after, prove_within};

fn values(json: Json) -> Values {
    Value::from(json).as_map().cloned().unwrap_or_default()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn live(text: &str, id: &str, attributes: Json) -> Live {
    let address = address(text);
    Live {
        kind: address.kind.clone(),
        id: id.to_owned(),
        ownership: Ownership {
            stack: Some("shop".to_owned()),
            address: Some(address),
            ..Ownership::default()
        },
        attributes: values(attributes),
        outputs: values(json!({ "id": id, "public_ip": "203.0.113.5" })),
        tags: BTreeMap::new(),
        condition: Condition::Ready,
        scheduled: Values::new(),
    }
}

fn rules(open: bool) -> Json {
    let from = if open { "0.0.0.0/0" } else { "10.0.0.0/16" };
    json!([{ "port": 443, "from": [from], "protocol": "tcp" }])
}

/// A machine in two groups that let the internet in, which no route leads to; two more groups.
fn snapshot() -> Snapshot {
    let group = |number: u32| {
        let attributes = json!({ "vpc": "vpc-1", "name": "g", "ingress": rules(number > 2) });
        live(&format!("security_group.g{number}"), &format!("sg-{number}"), attributes)
    };
    let table = json!({ "vpc": "vpc-1", "subnets": ["subnet-1"], "routes": {} });
    let machine = json!({
        "subnet": "subnet-1", "security_groups": ["sg-3", "sg-4"], "private_ip": "10.0.0.5",
        "public_ip": true,
    });
    let subnet = json!({
        "vpc": "vpc-1", "cidr_block": "10.0.0.0/24", "availability_zone": "us-west-2a",
    });
    let network = json!({ "cidr_block": "10.0.0.0/16" });
    let mut resources: Vec<Live> = (1..=4).map(group).collect();
    resources.extend([
        live("vpc.main", "vpc-1", network),
        live("subnet.web", "subnet-1", subnet),
        live("internet_gateway.main", "igw-1", json!({ "vpc": "vpc-1" })),
        live("route_table.web", "rtb-1", table),
        live("instance.web", "i-1", machine),
    ]);
    Snapshot { resources, ..Snapshot::default() }
}

fn step(id: StepId, text: &str, target: &str, attributes: Json) -> Step {
    let wish = values(attributes).into_iter();
    let attributes: Expressions =
        wish.map(|(name, value)| (name, Expression::Value(value))).collect();
    let address = address(text);
    Step {
        id,
        kind: address.kind.clone(),
        address,
        operation: Operation::Update {
            target: Target::Id(target.to_owned()),
            attributes,
            tags: Expressions::new(),
            ownership: Ownership::default(),
            changed: Vec::new(),
            before: None,
        },
        after: Vec::new(),
        seconds: 1,
        lingers: 0,
        location: None,
    }
}

/// A route opens, and four groups change, two of which must have closed before.
fn plan() -> Plan {
    let route = json!({ "routes": { "0.0.0.0/0": "igw-1" } });
    let mut steps = vec![step(0, "route_table.web", "rtb-1", route)];
    for number in 1..=4 {
        let (text, id) = (format!("security_group.g{number}"), format!("sg-{number}"));
        steps.push(step(number, &text, &id, json!({ "ingress": rules(false) })));
    }
    let shut = Sentence {
        text: "internet does not reach instance.web".to_owned(),
        from: End::Internet,
        to: End::Resource(address("instance.web")),
        negated: true,
        port: None,
        protocol: None,
        location: None,
    };
    Plan {
        format: trueup_model::plan::FORMAT,
        stack: "shop".to_owned(),
        account: String::new(),
        region: String::new(),
        stack_digest: String::new(),
        changes: Vec::new(),
        steps,
        withheld: Vec::new(),
        findings: Vec::new(),
        expect: vec![shut],
        proofs: Vec::new(),
        outputs: Expressions::new(),
        fingerprints: BTreeMap::new(),
        longest_chain: Vec::new(),
        seconds: 0,
        api_calls: 0,
    }
}

fn stack() -> Stack {
    Stack { name: "shop".to_owned(), ..Stack::default() }
}

/// The steps that the route waits for, and whether not all was tried.
fn found_with(tries: usize) -> (Vec<StepId>, bool) {
    let (stack, snapshot, plan) = (stack(), snapshot(), plan());
    let all = outcomes(&after(&stack, &snapshot, &plan, &|_| true), &plan.expect);
    assert_eq!(all[0].verdict, Verdict::Proved, "{all:?}");
    let Found { orders, is_cut_short } = found(&stack, &snapshot, &plan, &all, tries);
    assert!(orders.iter().all(|order| order.second == 0), "nothing else has to wait");
    (orders.iter().map(|order| order.first).collect(), is_cut_short)
}

#[test]
fn all_orders_are_tried_where_that_is_soon_done() {
    assert_eq!(found_with(30), (vec![3, 4], false));
}

/// The route alone, then behind all groups; with more tries, groups are left out that it need not wait for.
#[test]
fn what_was_not_tried_is_said() {
    let mut enough = 0;
    for tries in 15..40 {
        let (waits_for, is_cut_short) = found_with(tries);
        assert!(waits_for.contains(&3) && waits_for.contains(&4), "{tries}: {waits_for:?}");
        assert!(is_cut_short || waits_for == [3, 4], "{tries}: {waits_for:?}");
        enough += usize::from(!is_cut_short);
    }
    assert!((1..25).contains(&enough), "{enough}");
}

/// The codes of what a plan is told, where networks of so many elements may be tried.
fn codes_within(most: usize) -> Vec<(&'static str, String)> {
    let mut plan = plan();
    prove_within(most, &stack(), &snapshot(), &mut plan);
    assert_eq!(plan.proofs[0].verdict, Verdict::Proved);
    let said = plan.findings.iter().filter(|finding| finding.code != "unused-group");
    said.map(|finding| (finding.code, finding.message.clone())).collect()
}

#[test]
fn a_plan_says_that_not_every_order_was_tried() {
    let elements = snapshot().resources.len();
    let codes = |most| -> Vec<&str> {
        let said = codes_within(most);
        said.into_iter().map(|(code, _)| code).collect()
    };
    assert_eq!(codes(40 * elements), ["ordered-for-expectation", "ordered-for-expectation"]);
    // Enough tries for an order, not for the shortest.
    let found = codes(15 * elements);
    assert_eq!(found[..2], ["ordered-for-expectation", "ordered-for-expectation"]);
    assert_eq!(found.last(), Some(&"not-proved-meanwhile"));
    let said = codes_within(15 * elements).pop().unwrap();
    assert!(said.1.contains("not every order of this plan's steps was tried"), "{}", said.1);
    // Fewer tries than states: what may be on the way is not judged.
    let said = codes_within(14 * elements).pop().unwrap();
    assert_eq!(said.0, "not-proved-meanwhile");
    let said = codes_within(4 * elements).pop().unwrap();
    assert!(said.1.contains("not for each step on the way"), "{}", said.1);
}

/// Both tables say that they have the subnet, and the one that took it comes first by name.
#[test]
fn a_table_that_is_made_takes_its_subnets_over() {
    let (stack, snapshot, mut plan) = (stack(), snapshot(), plan());
    let attributes = json!({
        "vpc": "vpc-1", "subnets": ["subnet-1"], "routes": { "0.0.0.0/0": "igw-1" },
    });
    let mut step = step(0, "route_table.other", "", attributes);
    if let Operation::Update { attributes, .. } = step.operation {
        let token = String::new();
        let (tags, ownership) = (Expressions::new(), Ownership::default());
        step.operation = Operation::Create { attributes, tags, ownership, token };
    }
    plan.steps = vec![step];
    let verdicts = [false, true].map(|is_done| {
        let scene = after(&stack, &snapshot, &plan, &|_| is_done);
        outcomes(&scene, &plan.expect)[0].verdict
    });
    assert_eq!(verdicts, [Verdict::Proved, Verdict::Broken]);
}
