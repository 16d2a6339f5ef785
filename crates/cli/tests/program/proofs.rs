//! Sentences proved: on the plan and on the live network; and questions by hand.

use std::sync::Arc;

use trueup_model::Value;
use trueup_sim::{Sim, SimOptions, World};

use crate::harness::{Bench, SHOP, snowex, stack};

/// Snowex with some of its text replaced.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(stack("snowex.yaml"), |text, (from, to)| {
        assert!(text.contains(from), "snowex has no {from}");
        text.replacen(from, to, 1)
    })
}

/// The sentences of a plan that is refused, and why.
async fn refused(changes: &[(&str, &str)]) -> String {
    let (bench, sim) = snowex();
    bench.write("stack.yaml", &changed(changes));
    let plan = bench.run("plan").await.expect(4).stdout;
    let before = sim.world();
    let apply = bench.run("apply --yes").await.expect(4);
    assert!(apply.stderr.contains("forbid"), "{}", apply.stderr);
    assert_eq!(sim.world().resources, before.resources, "nothing was changed");
    let (_, sentences) = plan.split_once("\nExpected\n").unwrap();
    let (sentences, _) = sentences.split_once("\n  Judged by").unwrap();
    sentences.to_owned()
}

const FROM_BOTH: &str = "from: [function, bastion]";

#[tokio::test(start_paused = true)]
async fn every_sentence_of_snowex_is_proved() {
    let (bench, _) = snowex();
    let json = bench.run("plan --json").await.expect(0).json();
    let proofs = json["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 6);
    assert!(proofs.iter().all(|proof| proof["verdict"] == "proved"), "{proofs:#?}");
    assert!(proofs[0]["evidence"][0].as_str().unwrap().contains("for example tcp"), "{json}");
    assert!(proofs[0]["location"].as_str().unwrap().starts_with("stack.yaml:"), "{json}");
}

#[tokio::test(start_paused = true)]
async fn the_function_cut_off_from_the_database() {
    insta::assert_snapshot!(refused(&[(FROM_BOTH, "from: [bastion]")]).await);
}

#[tokio::test(start_paused = true)]
async fn the_function_cut_off_from_the_internet_in_one_zone() {
    let association =
        ("subnets: [private]                    # every", "subnets: [\"private[a]\"] #");
    insta::assert_snapshot!(refused(&[association]).await);
}

#[tokio::test(start_paused = true)]
async fn the_bastion_cut_off_from_the_database() {
    insta::assert_snapshot!(refused(&[(FROM_BOTH, "from: [function]")]).await);
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_in_a_private_subnet() {
    let moved =
        ("{ subnet: public, elastic_ip: nat }", "{ subnet: \"private[a]\", elastic_ip: nat }");
    insta::assert_snapshot!(refused(&[moved]).await);
}

#[tokio::test(start_paused = true)]
async fn a_database_open_to_the_internet() {
    let open = [
        ("publicly_accessible: false", "publicly_accessible: true"),
        ("0.0.0.0/0: nat_gateway.main", "0.0.0.0/0: internet_gateway.main"),
        (FROM_BOTH, "from: [internet, function, bastion]"),
    ];
    insta::assert_snapshot!(refused(&open).await);
}

#[tokio::test(start_paused = true)]
async fn a_bastion_open_to_the_internet() {
    let open = [
        ("subnet: private[a]\n", "subnet: public\n    public_ip: true\n"),
        (
            "description: The bastion; Session Manager needs no way in\n    ingress: []",
            "description: The bastion\n    ingress: [{ port: 22, from: [203.0.113.0/24] }]",
        ),
    ];
    insta::assert_snapshot!(refused(&open).await);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_named_that_breaks_a_sentence() {
    let (bench, _) = snowex();
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &changed(&[(FROM_BOTH, "from: [function]")]));
    let json = bench.run("plan --json").await.expect(4).json();
    let broken = json["proofs"].as_array().unwrap().iter().find(|p| p["verdict"] == "broken");
    assert_eq!(broken.unwrap()["affected_by"], serde_json::json!(["security_group.database"]));
    assert!(broken.unwrap()["changes"][0].as_str().unwrap().contains("security_group.database"));
}

#[tokio::test(start_paused = true)]
async fn nothing_to_do_is_no_excuse_for_a_broken_sentence() {
    let (bench, _) = snowex();
    bench.run("apply --yes").await.expect(0);
    let text = stack("snowex.yaml").replace(
        "  - internet does not reach instance.bastion\n",
        "  - internet reaches instance.bastion on 22\n",
    );
    bench.write("stack.yaml", &text);
    bench.run("plan").await.expect(4);
    bench.run("apply --yes").await.expect(4);
    bench.run("destroy --yes --allow-data-loss db_instance.main").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn a_way_that_somebody_opened_is_drift_of_class_security() {
    let (bench, sim) = snowex();
    bench.run("apply --yes").await.expect(0);
    sim.edit(|world: &mut World| {
        let address = |text: &str| text.parse().unwrap();
        let gateway = world.at("snowex", &address("internet_gateway.main")).next().unwrap();
        let gateway = gateway.id.clone();
        let group = world.at_mut("snowex", &address("security_group.database")).unwrap();
        let open: Value = serde_json::json!([
            { "port": 5432, "from": ["0.0.0.0/0"], "protocol": "tcp", "description": null }
        ])
        .into();
        group.set("ingress", open);
        let table = world.at_mut("snowex", &address("route_table.private")).unwrap();
        table.set("routes", Value::from(serde_json::json!({ "0.0.0.0/0": gateway })));
        let database = world.at_mut("snowex", &address("db_instance.main")).unwrap();
        database.set("publicly_accessible", true);
    })
    .unwrap();
    insta::assert_snapshot!(bench.run("drift").await.expect(2).stdout);
    let json = bench.run("drift --json").await.expect(2).json();
    let open = &json["proofs"][4];
    assert_eq!((&open["verdict"], &open["class"]), (&"broken".into(), &"security".into()));
    bench.run("plan").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn a_sentence_that_the_file_will_mend_is_no_drift() {
    let (bench, _) = Bench::with_sim(SHOP);
    bench.run("apply --yes").await.expect(0);
    let sentence = "  - instance.web reaches 10.0.1.9/32 on 8080\n";
    let narrow = "    egress: [{ port: 443, to: [internet] }]\n    ingress:\n";
    let text = SHOP.replace("    ingress:\n", narrow);
    bench.write("stack.yaml", &text);
    bench.run("apply --yes").await.expect(0);
    let text = SHOP.replace("expect:\n", &format!("expect:\n{sentence}"));
    bench.write("stack.yaml", &text);
    let drift = bench.run("drift").await.expect(0);
    assert!(drift.stdout.contains("✗ instance.web reaches 10.0.1.9/32"), "{}", drift.stdout);
    bench.run("apply --yes").await.expect(0);
    assert!(!bench.run("drift").await.expect(0).stdout.contains('✗'));
}

/// Why the sentences of a stack are unknown, in an account as AWS gives it.
async fn unknown(text: &str) -> Vec<serde_json::Value> {
    let (mut bench, _) = Bench::with_sim(text);
    let catalog = Arc::new(trueup_aws::catalog());
    let options = SimOptions::usual();
    let world = World::fresh(&catalog, &options);
    bench.aws = Some(Arc::new(Sim::new(catalog, world, options)));
    let json = bench.run("plan --json").await.expect(0).json();
    let proofs = json["proofs"].as_array().unwrap();
    let evidence = |proof: &serde_json::Value| {
        assert_eq!(proof["verdict"], "unknown", "{json:#}");
        proof["evidence"].clone()
    };
    proofs.iter().map(evidence).collect()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_read_is_unknown() {
    let list = SHOP.replace("from: [internet]", "from: [pl-0123456789abcdef0]");
    let subnet = SHOP.replace("subnet: web[a]", "subnet: subnet-0123456789abcdef0");
    insta::assert_json_snapshot!([unknown(&list).await, unknown(&subnet).await]);
}

/// The main table of the default VPC leads to the internet.
#[tokio::test(start_paused = true)]
async fn in_a_vpc_that_is_looked_up_its_main_table_decides() {
    let text = "\
stack: shop
region: us-west-2
existing:
  vpc: { default: { default: true } }
security_group:
  web: { vpc: default }
subnet:
  web: { vpc: default, cidr_block: 172.31.200.0/24, availability_zone: a }
lambda_function:
  api:
    runtime: python3.12
    handler: app.handler
    source: app.py
    role: arn:aws:iam::123456789012:role/api
    subnets: [web]
    security_groups: [web]
expect:
  - lambda_function.api does not reach internet
";
    let (mut bench, _) = Bench::with_sim(text);
    bench.write("app.py", "");
    let catalog = Arc::new(trueup_aws::catalog());
    let world = World::fresh(&catalog, &SimOptions::usual());
    bench.aws = Some(Arc::new(Sim::new(catalog, world, SimOptions::usual())));
    let json = bench.run("plan --json").await.expect(0).json();
    insta::assert_json_snapshot!(json["proofs"][0]["evidence"]);
    assert_eq!(json["proofs"][0]["verdict"], "proved");
}

/// What a plan says of a check, in snowex, where one NAT gateway serves two zones.
async fn said(silence: &str) -> String {
    let (bench, _) = snowex();
    bench.write("stack.yaml", &format!("{}\nsilence:\n{silence}", stack("snowex.yaml")));
    let plan = bench.run("plan").await.expect(0).stdout;
    let notes = plan.split("\n\n").filter(|part| {
        ["nat-of-another-zone", "note[silenced]", "nothing-to-silence"]
            .iter()
            .any(|word| part.contains(word))
    });
    notes.collect::<Vec<_>>().join("\n\n")
}

#[tokio::test(start_paused = true)]
async fn a_check_is_silenced_with_a_reason() {
    let everywhere = "  - { check: nat-of-another-zone, reason: one zone may fail }\n";
    let family = "  - { check: N005, on: subnet.private, reason: one zone may fail }\n";
    let elsewhere = "  - { check: N005, on: subnet.public, reason: one zone may fail }\n";
    let said = [said(everywhere).await, said(family).await, said(elsewhere).await];
    assert_eq!(said[0], said[1]);
    insta::assert_snapshot!(format!("{}\n---\n{}", said[1], said[2]));
}

/// The words by which people silence are those by which the checks are known.
#[test]
fn every_check_can_be_silenced() {
    let checks = trueup_reach::checks::ALL.iter().map(|check| (check.code, check.name));
    assert_eq!(checks.collect::<Vec<_>>(), trueup_model::stack::CHECKS);
}

#[tokio::test(start_paused = true)]
async fn every_template_keeps_what_it_promises() {
    for template in ["bastion", "private-database"] {
        let (bench, _) = Bench::with_sim("");
        bench.run(&format!("init {template} new")).await.expect(0);
        let json = bench.run("plan new --json").await.expect(0).json();
        let proofs = json["proofs"].as_array().unwrap();
        assert!(!proofs.is_empty(), "{template}");
        assert!(proofs.iter().all(|proof| proof["verdict"] == "proved"), "{template}: {proofs:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_reaches_whom_is_answered() {
    let (bench, _) = snowex();
    let reach = async |line: &str, code| bench.run(line).await.expect(code).stdout;
    let planned =
        reach("reach lambda_function.api db_instance.main --port 5432 --planned", 0).await;
    insta::assert_snapshot!(planned);
    let live = bench.run("reach lambda_function.api db_instance.main --port 5432").await.expect(1);
    assert!(live.stdout.contains("does not exist there"), "{}", live.stdout);
    bench.run("apply --yes").await.expect(0);
    insta::assert_snapshot!(reach("reach internet instance.bastion --port 22", 4).await);
    let in_part = reach("reach 10.0.0.0/16 db_instance.main --port 5432", 4).await;
    assert!(in_part.contains("live network: does not reach with every packet"), "{in_part}");
    let json = bench.run("reach internet db_instance.main --json").await.expect(4).json();
    assert_eq!(json["answer"], "does_not_reach");
    assert_eq!(json["planned"], false);
    reach("reach instance.bastion ssm", 0).await;
    let wrong = bench.run("reach instance.basion internet").await.expect(1);
    assert!(wrong.stderr.contains("did you mean 'instance.bastion'?"), "{}", wrong.stderr);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_none_is_told_what_to_write() {
    let (bench, _) = snowex();
    for (end, advice) in [
        ("api", "did you mean lambda_function.api or log_group.api?"),
        ("db_instance.main:5432", "name the port apart: db_instance.main --port 5432"),
        ("10.0.0.5/16", "write 10.0.0.0/16 for all of it, or 10.0.0.5 for this address alone"),
        ("secretmanager", "did you mean 'secretsmanager'?"),
        ("everything", "name a resource (instance.bastion), 'internet', a network or an AWS"),
    ] {
        let wrong = bench.run(&format!("reach instance.bastion {end}")).await.expect(1);
        let said = wrong.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(advice), "{said}");
    }
    let early = bench.run("reach instance.bastion ssm").await.expect(1);
    assert!(early.stdout.contains("--planned"), "{}", early.stdout);
}

/// AWS gives a public address only to what asks for one; a sandbox that gave one to all would say of
/// the live network what the plan denies.
#[tokio::test]
async fn without_a_public_address_nothing_gets_out_of_a_public_subnet() {
    let bench = Bench::new();
    bench.run("init bastion").await.expect(0);
    let text = bench.read("stack.yaml");
    let asked = text.lines().filter(|line| !line.contains("public_ip") && !line.contains("ssm on"));
    bench.run("apply --sandbox --yes").await.expect(0);
    bench.run("reach instance.bastion ssm --port 443 --sandbox").await.expect(0);
    bench.write("stack.yaml", &asked.collect::<Vec<_>>().join("\n"));
    bench.run("apply --sandbox --yes").await.expect(0);
    for network in ["", " --planned"] {
        let line = format!("reach instance.bastion ssm --port 443 --sandbox{network}");
        let stops = bench.run(&line).await.expect(4).stdout;
        assert!(stops.contains("it has no public IPv4 address"), "{stops}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_doctor_goes_through_the_list() {
    let (bench, _) = snowex();
    insta::assert_snapshot!(bench.run("doctor instance.bastion --planned").await.expect(0).stdout);
    let cut = changed(&[("routes: { 0.0.0.0/0: nat_gateway.main }", "routes: {}")]);
    bench.write("stack.yaml", &cut);
    let ill = bench.run("doctor lambda_function.api --planned").await.expect(4);
    insta::assert_snapshot!(ill.stdout);
    let json = bench.run("doctor lambda_function.api --planned --json").await.expect(4).json();
    assert!(json["lists"][0]["points"].as_array().unwrap().len() > 3, "{json}");
    let none = bench.run("doctor vpc.main --planned").await.expect(1);
    assert!(none.stderr.contains("no end of a connection"), "{}", none.stderr);
}

/// Who gives no role wants no Session Manager, unless a sentence says otherwise.
#[tokio::test(start_paused = true)]
async fn session_manager_that_nobody_set_up_is_no_ill() {
    let (bench, _) = snowex();
    let sentence = "  - instance.bastion reaches internet on 443\n";
    let roleless = (
        "    security_groups: [bastion]\n    iam_role: bastion\n",
        "    security_groups: [bastion]\n",
    );
    bench.write("stack.yaml", &changed(&[roleless]));
    let well = bench.run("doctor instance.bastion --planned").await.expect(0).stdout;
    let (_, role) = well.split_once("  - Session Manager: role: ").expect(&well);
    let role: Vec<&str> = role.split_whitespace().take(14).collect();
    assert_eq!(
        role.join(" "),
        "no role: Session Manager is not set up for it; `iam_role` with AmazonSSMManagedInstanceCore does"
    );
    let ssm = (sentence, "  - instance.bastion reaches ssm\n");
    bench.write("stack.yaml", &changed(&[roleless, ssm]));
    let wanted = bench.run("doctor instance.bastion --planned").await.expect(4).stdout;
    assert!(wanted.contains("✗ Session Manager: role: no role"), "{wanted}");
    bench
        .write("stack.yaml", &changed(&[("managed_policies: [AmazonSSMManagedInstanceCore]", "")]));
    let without = bench.run("doctor instance.bastion --planned").await.expect(4).stdout;
    assert!(without.contains("✗ Session Manager: role: "), "{without}");
}

/// Nobody can connect, and the rules that are gone do not tell who could.
#[tokio::test(start_paused = true)]
async fn the_doctor_asks_for_whom_the_sentences_name() {
    let (bench, sim) = snowex();
    bench.run("apply --yes").await.expect(0);
    let well = bench.run("doctor db_instance.main").await.expect(0).stdout;
    assert!(well.contains("✓ instance.bastion reaches it on tcp 5432"), "{well}");
    sim.edit(|world| {
        let group = world.at_mut("snowex", &"security_group.database".parse().unwrap()).unwrap();
        group.set("ingress", Value::List(Vec::new()));
    })
    .unwrap();
    let ill = bench.run("doctor db_instance.main").await.expect(4).stdout;
    for client in ["instance.bastion", "lambda_function.api"] {
        let point = format!("✗ {client} reaches it on tcp 5432: stops at");
        assert!(ill.contains(&point), "{ill}");
    }
    assert!(ill.contains("to mend it: add to security_group.database an ingress rule"), "{ill}");
}
