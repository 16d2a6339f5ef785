//! What reaches the provider: plain values, folded from what earlier steps left.

use std::collections::BTreeMap;
use std::sync::Arc;

use trueup_applier::Ended;
use trueup_model::expression::{Reference, Template};
use trueup_model::value::{SENSITIVE, Secret};
use trueup_model::{Action, Condition, Expression, Operation, Reason, Snapshot, Target, Value};

use crate::support::{Account, Planned, Script, address, applied, lawful, live, owned, usual};

fn reference(to: &str, attribute: &str) -> Reference {
    Reference { to: address(to), attribute: attribute.to_owned(), existing: false }
}

fn template(source: &str, references: Vec<Reference>) -> Expression {
    Expression::Template(Template {
        source: source.to_owned(),
        bindings: BTreeMap::new(),
        modules: Vec::new(),
        references,
        known: BTreeMap::new(),
    })
}

#[tokio::test(start_paused = true)]
async fn outputs_of_earlier_steps_are_filled_in() {
    let mut plan = Planned::new();
    let vpc = plan.create("vpc.main", 1, &[]);
    let a = plan.create("subnet.private[a]", 1, &[]);
    let b = plan.create("subnet.private[b]", 1, &[]);
    plan.create_with(
        "db_instance.main",
        1,
        &[vpc, a, b],
        [
            ("vpc", Expression::Reference(reference("vpc.main", "id"))),
            ("subnets", Expression::Reference(reference("subnet.private", "id"))),
            (
                "first",
                Expression::List(vec![Expression::Reference(reference(
                    "subnet.private[a]",
                    "arn",
                ))]),
            ),
            ("text", template("${vpc.main.arn} of ${account}", vec![reference("vpc.main", "arn")])),
        ],
    );
    let out = Expression::Reference(reference("db_instance.main", "arn"));
    plan.0.outputs.insert("database".to_owned(), out);
    let account = Arc::new(Account::default());
    let (report, _) = applied(plan, &account).await;
    let made = account.look(|state| state.creates.last().unwrap().clone());
    let shown = serde_json::to_string_pretty(&made.attributes).unwrap();
    insta::assert_snapshot!(shown, @r#"
    {
      "first": [
        "arn:subnet-1"
      ],
      "subnets": [
        "subnet-1",
        "subnet-2"
      ],
      "text": "arn:vpc-0 of 123456789012",
      "vpc": "vpc-0"
    }
    "#);
    assert_eq!(made.tags, BTreeMap::from([("team".to_owned(), "blue".to_owned())]));
    assert_eq!(made.token.len(), 32);
    assert_eq!(report.outputs["database"], "arn:db_instance-3".into());
    assert_eq!(report.lives.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_late_step_updates_what_an_earlier_one_made() {
    let mut plan = Planned::new();
    let one = plan.create("vpc.one", 1, &[]);
    let two = plan.create("vpc.two", 1, &[]);
    let late = Operation::Update {
        target: Target::Step(one),
        attributes: [("peer".to_owned(), Expression::Reference(reference("vpc.two", "id")))].into(),
        tags: BTreeMap::new(),
        ownership: owned("vpc.one"),
        changed: vec!["peer".to_owned()],
        before: None,
    };
    plan.step("vpc.one", late, 1, &[one, two]);
    let account = Arc::new(Account::default());
    let (report, _) = applied(plan, &account).await;
    let update = account.look(|state| state.updates[0].clone());
    assert_eq!((update.id.as_str(), update.before.id.as_str()), ("vpc-0", "vpc-0"));
    assert_eq!(report.lives[&address("vpc.one")].get("peer"), &Value::from("vpc-1"));
}

/// An output that is not there yet is no value, least of all "null".
#[tokio::test(start_paused = true)]
async fn what_is_half_made_has_no_outputs_yet() {
    for (condition, ended) in [
        (Condition::Pending("creating".to_owned()), Ended::Partly),
        (Condition::Ready, Ended::Done),
    ] {
        let mut plan = Planned::new();
        plan.change("vpc.main", Action::Nothing, Some("vpc-live"));
        let arn = Expression::Reference(reference("vpc.main", "arn"));
        plan.create_with("subnet.new", 1, &[], [("text", arn)]);
        let account = Arc::new(Account::default());
        let (mut run, stream) = usual(plan.0, &account);
        let mut there = live("vpc.main", "vpc-live");
        there.outputs.insert("arn".to_owned(), Value::Null);
        there.condition = condition;
        run.snapshot = Arc::new(Snapshot { resources: vec![there], ..Snapshot::default() });
        let (report, _) = lawful(run, stream).await;
        assert_eq!(report.ended, ended);
    }
}

#[tokio::test(start_paused = true)]
async fn what_exists_already_is_read_from_the_snapshot() {
    let mut plan = Planned::new();
    plan.change("vpc.main", Action::Nothing, Some("vpc-live"));
    plan.create_with(
        "subnet.new",
        1,
        &[],
        [
            ("vpc", Expression::Reference(reference("vpc.main", "id"))),
            (
                "zone",
                Expression::Reference(Reference {
                    existing: true,
                    ..reference("vpc.theirs", "id")
                }),
            ),
        ],
    );
    let account = Arc::new(Account::default());
    let (mut run, stream) = usual(plan.0, &account);
    run.snapshot = Arc::new(Snapshot {
        resources: vec![live("vpc.main", "vpc-live")],
        existing: [(address("vpc.theirs"), live("vpc.theirs", "vpc-theirs"))].into(),
        ..Snapshot::default()
    });
    let (report, _) = lawful(run, stream).await;
    let made = account.look(|state| state.creates[0].attributes.clone());
    assert_eq!(
        (made["vpc"].as_str(), made["zone"].as_str()),
        (Some("vpc-live"), Some("vpc-theirs"))
    );
    assert_eq!(report.lives.len(), 2);
}

/// New first: who refers to it gets the new id, and deleting the old one takes nothing away.
#[tokio::test(start_paused = true)]
async fn a_replacement_is_what_later_steps_see() {
    let mut plan = Planned::new();
    let new = plan.create("vpc.main", 1, &[]);
    plan.change("vpc.main", Action::CreateThenDelete, Some("vpc-old"));
    let peer = Expression::Reference(reference("vpc.main", "id"));
    let user = plan.create_with("subnet.main", 1, &[new], [("vpc", peer)]);
    let old = Box::new(live("vpc.main", "vpc-old"));
    let delete = Operation::Delete { before: old.clone(), final_snapshot: true };
    plan.step("vpc.main", delete, 1, &[user]);
    let account = Arc::new(Account::default());
    let (mut run, stream) = usual(plan.0, &account);
    run.snapshot = Arc::new(Snapshot { resources: vec![*old], ..Snapshot::default() });
    let (report, _) = lawful(run, stream).await;
    assert_eq!(account.look(|state| state.creates[1].attributes["vpc"].clone()), "vpc-0".into());
    assert!(account.look(|state| state.deletes[0].final_snapshot));
    assert_eq!(report.lives[&address("vpc.main")].id, "vpc-0");
}

/// The old one lets go of something before it is deleted, whenever that is: the new one is meant.
#[tokio::test(start_paused = true)]
async fn an_update_of_what_is_replaced_hides_nothing() {
    for new_first in [true, false] {
        let mut plan = Planned::new();
        plan.change("vpc.main", Action::CreateThenDelete, Some("vpc-old"));
        let mut before = Box::new(live("vpc.main", "vpc-old"));
        before.ownership.spec = Some("of-the-old-one".to_owned());
        let letting_go = Operation::Update {
            target: Target::Id("vpc-old".to_owned()),
            attributes: BTreeMap::new(),
            tags: BTreeMap::new(),
            ownership: owned("vpc.main"),
            changed: vec!["size".to_owned()],
            before: Some(before.clone()),
        };
        let lets_go =
            |plan: &mut Planned, after| plan.step("vpc.main", letting_go.clone(), 1, after);
        let last = if new_first {
            let new = plan.create("vpc.main", 1, &[]);
            lets_go(&mut plan, &[new])
        } else {
            let old = lets_go(&mut plan, &[]);
            plan.create("vpc.main", 1, &[old])
        };
        let peer = Expression::Reference(reference("vpc.main", "id"));
        let user = plan.create_with("subnet.main", 1, &[last], [("vpc", peer)]);
        let delete = Operation::Delete { before: before.clone(), final_snapshot: false };
        plan.step("vpc.main", delete, 1, &[user]);
        let account = Arc::new(Account::default());
        account.look(|state| state.adopt(*before.clone()));
        let (mut run, stream) = usual(plan.0, &account);
        run.snapshot = Arc::new(Snapshot { resources: vec![*before], ..Snapshot::default() });
        let (report, _) = lawful(run, stream).await;
        assert_eq!(report.ended, Ended::Done);
        let vpc = account.look(|state| state.creates[1].attributes["vpc"].clone());
        let new = &report.lives[&address("vpc.main")].id;
        assert_eq!(vpc, new.as_str().into(), "new first: {new_first}");
        assert_ne!(new, "vpc-old");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_or_forgotten_is_no_more() {
    let mut plan = Planned::new();
    plan.change("vpc.gone", Action::Delete, Some("vpc-gone"));
    plan.change("vpc.kept", Action::Forget, Some("vpc-kept"));
    let gone = Box::new(live("vpc.gone", "vpc-gone"));
    let kept = Box::new(live("vpc.kept", "vpc-kept"));
    let resources = vec![*gone.clone(), *kept.clone()];
    plan.step("vpc.gone", Operation::Delete { before: gone, final_snapshot: false }, 1, &[]);
    plan.step("vpc.kept", Operation::Forget { before: kept }, 1, &[]);
    let account = Arc::new(Account::default());
    let (mut run, stream) = usual(plan.0, &account);
    run.snapshot = Arc::new(Snapshot { resources, ..Snapshot::default() });
    let (report, _) = lawful(run, stream).await;
    assert_eq!(account.look(|state| state.forgotten.clone()), ["vpc-kept"]);
    assert!(report.lives.is_empty() && report.ended == Ended::Done);
}

#[tokio::test(start_paused = true)]
async fn an_expression_that_stays_unknown_is_a_fault_and_not_a_call() {
    let mut plan = Planned::new();
    plan.change("vpc.withheld", Action::Create, None);
    let unknown = Expression::Reference(reference("vpc.withheld", "id"));
    plan.create_with("subnet.one", 1, &[], [("vpc", unknown)]);
    let missing = Expression::Reference(reference("vpc.nowhere", "id"));
    plan.create_with("subnet.two", 1, &[], [("vpc", missing)]);
    let account = Arc::new(Account::default());
    let (report, _) = applied(plan, &account).await;
    let messages: Vec<String> = report.failed.iter().map(|it| it.failure.to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    'vpc' needs vpc.withheld.id, which no earlier step has made
    'vpc' has no value: cannot evaluate 'vpc.nowhere.id': there is no vpc.nowhere.id
    ");
    assert!(account.look(|state| state.creates.is_empty()));
}

/// A run that made the network and crashed in the next create, and the one after it, which finds the
/// network there: AWS must see the same token.
#[tokio::test(start_paused = true)]
async fn a_token_is_the_same_whoever_made_what_it_stands_on() {
    async fn token(vpc: Expression, makes_it: bool) -> String {
        let mut plan = Planned::new();
        let account = Arc::new(Account::default());
        let before = if makes_it {
            vec![plan.create("vpc.main", 1, &[])]
        } else {
            account.look(|state| state.adopt(live("vpc.main", "vpc-0")));
            Vec::new()
        };
        plan.create_with("nat_gateway.main", 1, &before, [("vpc", vpc)]);
        let (report, _) = applied(plan, &account).await;
        assert_eq!(report.ended, Ended::Done);
        account.look(|state| state.creates.last().unwrap().token.clone())
    }
    let crashed = token(Expression::Reference(reference("vpc.main", "id")), true).await;
    assert_eq!(token("vpc-0".into(), false).await, crashed);
    assert_ne!(token("vpc-1".into(), false).await, crashed, "made anew it is another thing");
}

#[tokio::test(start_paused = true)]
async fn a_secret_reaches_the_provider_and_nothing_else() {
    let mut plan = Planned::new();
    let secret = Value::Secret(Secret::new("hunter2"));
    plan.create_with("db_instance.main", 1, &[], [("password", Expression::Value(secret.clone()))]);
    plan.0.outputs.insert("password".to_owned(), Expression::Value(secret.clone()));
    let account = Account::new([("db_instance.main", Script::ready_after(1.0))]);
    let account = Arc::new(account);
    let (report, events) = applied(plan, &account).await;
    assert_eq!(account.look(|state| state.creates[0].attributes["password"].clone()), secret);
    let shown = format!("{report:?} {}", serde_json::to_string(&events).unwrap());
    assert!(shown.contains(SENSITIVE) && !shown.contains("hunter2"));
}

/// The old one is still there, but what refers to it means the new one.
#[tokio::test(start_paused = true)]
async fn what_is_being_replaced_is_unknown_until_it_is_made() {
    let mut plan = Planned::new();
    let id = || Expression::Reference(reference("vpc.main", "id"));
    plan.create_with("subnet.early", 1, &[], [("vpc", id())]);
    plan.create("vpc.main", 1, &[]);
    plan.change("vpc.main", Action::CreateThenDelete, Some("vpc-old"));
    plan.0.outputs.insert("vpc".to_owned(), id());
    let mut account = Account::new([("vpc.main", Script::taking(1.0))]);
    for made in [true, false] {
        if !made {
            let fails = Script::failing(trueup_provider::FailureClass::Quota, 1);
            account = Account::new([("vpc.main", fails)]);
        }
        let (mut run, stream) = usual(plan.0.clone(), &Arc::new(account));
        let resources = vec![live("vpc.main", "vpc-old")];
        run.snapshot = Arc::new(Snapshot { resources, ..Snapshot::default() });
        let (report, _) = lawful(run, stream).await;
        assert_eq!(report.failed[0].address, address("subnet.early"));
        let (output, there) = if made { ("vpc-0".into(), "vpc-0") } else { (id(), "vpc-old") };
        assert_eq!(report.outputs["vpc"], output);
        assert_eq!(report.lives[&address("vpc.main")].id, there);
        account = Account::default();
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_update_starts_from_the_first() {
    let mut plan = Planned::new();
    plan.change("vpc.main", Action::Update, Some("vpc-1"));
    let update = |size: i64| Operation::Update {
        target: Target::Id("vpc-1".to_owned()),
        attributes: [("size".to_owned(), size.into())].into(),
        tags: BTreeMap::new(),
        ownership: owned("vpc.main"),
        changed: vec!["size".to_owned()],
        before: Some(Box::new(live("vpc.main", "vpc-1"))),
    };
    let first = plan.step("vpc.main", update(1), 1, &[]);
    plan.step("vpc.main", update(2), 1, &[first]);
    let account = Arc::new(Account::default());
    account.look(|state| state.adopt(live("vpc.main", "vpc-1")));
    let (mut run, stream) = usual(plan.0, &account);
    let resources = vec![live("vpc.main", "vpc-1")];
    run.snapshot = Arc::new(Snapshot { resources, ..Snapshot::default() });
    let (report, _) = lawful(run, stream).await;
    assert_eq!(account.look(|state| state.updates[1].before.get("size").clone()), 1.into());
    assert_eq!(report.lives[&address("vpc.main")].get("size"), &2.into());
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_leaves_is_no_longer_of_the_family() {
    let mut plan = Planned::new();
    plan.change("subnet.private[a]", Action::Nothing, Some("subnet-a"));
    plan.change("subnet.private[b]", Action::Delete, Some("subnet-b"));
    // One that was to leave, and may not.
    plan.change("subnet.private[c]", Action::Nothing, Some("subnet-c"));
    let refused = plan.0.changes.iter_mut().find(|change| change.id.as_deref() == Some("subnet-c"));
    refused.unwrap().reasons.push(Reason::LeftTheStack);
    let family = Expression::Reference(reference("subnet.private", "id"));
    plan.create_with("db_instance.main", 1, &[], [("subnets", family)]);
    let account = Arc::new(Account::default());
    let (mut run, stream) = usual(plan.0, &account);
    let resources = ["a", "b", "c"]
        .map(|key| live(&format!("subnet.private[{key}]"), &format!("subnet-{key}")));
    run.snapshot = Arc::new(Snapshot { resources: resources.into(), ..Snapshot::default() });
    lawful(run, stream).await;
    let subnets = account.look(|state| state.creates[0].attributes["subnets"].clone());
    assert_eq!(subnets.strings(), ["subnet-a"]);
}
