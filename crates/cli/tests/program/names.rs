//! What reads a name or an output that a plan changes, from the file to the simulated AWS.

use crate::harness::{Bench, with_database};

/// A function, and what names it: its log group, its role, itself, an output.
const NAMED: &str = "\
stack: shop
region: us-west-2
log_group:
  api: { name: \"/aws/lambda/${lambda_function.api.name}\", retention_days: 14 }
iam_role:
  api:
    service: lambda.amazonaws.com
    policies:
      itself:
        - allow: [lambda:InvokeFunction]
          on: [\"arn:aws:lambda:${region}:${account}:function:${lambda_function.api.name}\"]
lambda_function:
  api:
    role: api
    image: 111111111111.dkr.ecr.us-west-2.amazonaws.com/api:1
    environment: { ITSELF: \"${lambda_function.api.name}\" }
outputs:
  name: ${lambda_function.api.name}
";

#[tokio::test(start_paused = true)]
async fn a_moved_function_keeps_its_name_and_its_logs() {
    let (bench, sim) = Bench::with_sim(NAMED);
    bench.run("apply --yes").await.expect(0);
    let before: Vec<String> = sim.world().owned_by("shop").map(|item| item.id.clone()).collect();
    let moved = NAMED.replace("lambda_function.api.name", "lambda_function.web.name");
    let moved = moved.replace(
        "lambda_function:\n  api:",
        "lambda_function:\n  web:\n    moved_from: lambda_function.api",
    );
    bench.write("stack.yaml", &moved);
    bench.run("plan --out plan.json").await.expect(0);
    let applied = bench.run("apply plan.json --yes --color never").await.expect(0);
    assert!(applied.stdout.contains("1 moved"), "{}", applied.shown());
    let after: Vec<String> = sim.world().owned_by("shop").map(|item| item.id.clone()).collect();
    assert_eq!(before, after, "{}", applied.shown());
    let world = sim.world();
    let role = world.owned_by("shop").find(|item| item.kind == "iam_role").unwrap();
    let policies = serde_json::to_string(&role.attributes["policies"]).unwrap();
    assert!(policies.contains(":function:shop-api\""), "{policies}");
    let named = bench.run("output --name name").await.expect(0);
    assert_eq!(named.stdout, "shop-api\n");
    bench.run("plan --detailed-exitcode").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn what_names_a_replaced_function_follows_it() {
    let (bench, sim) = Bench::with_sim(NAMED);
    bench.run("apply --yes").await.expect(0);
    bench.write("code/index.mjs", "export const handler = async () => 'hello'\n");
    let zipped = NAMED.replace(
        "image: 111111111111.dkr.ecr.us-west-2.amazonaws.com/api:1",
        "source: code\n    runtime: nodejs22.x\n    handler: index.handler",
    );
    bench.write("stack.yaml", &zipped);
    bench.run("apply --yes").await.expect(0);
    let name = bench.run("output --name name").await.expect(0).stdout;
    let name = name.trim();
    assert!(name.starts_with("shop-api-"), "{name}");
    let world = sim.world();
    let ids: Vec<&str> = world.owned_by("shop").map(|item| item.id.as_str()).collect();
    assert!(ids.contains(&format!("/aws/lambda/{name}").as_str()), "{ids:?}");
    assert_eq!(ids.len(), 3, "{ids:?}");
    let function = world.owned_by("shop").find(|item| item.id == name).unwrap();
    assert_eq!(function.attributes["environment"].get("ITSELF").as_str(), Some(name));
    bench.run("plan --detailed-exitcode").await.expect(0);
}

/// A database whose password is the stack's own, and a function beside it that is told something.
fn own(password: &str, told: &str) -> String {
    let function = format!(
        "\
iam_role:
  api: {{ service: lambda.amazonaws.com }}
lambda_function:
  api:
    role: api
    image: 111111111111.dkr.ecr.us-west-2.amazonaws.com/api:1
    environment: {{ DB: \"{told}\" }}
"
    );
    with_database("data", password, &function)
}

#[tokio::test(start_paused = true)]
async fn the_secret_of_a_password_that_becomes_managed_is_waited_for() {
    let (bench, sim) = Bench::with_sim(&own("hunter2-hunter2", "own"));
    bench.run("apply --yes").await.expect(0);
    bench.write("stack.yaml", &own("managed", "secret ${db_instance.main.secret_arn}"));
    bench.run("apply --yes").await.expect(0);
    let world = sim.world();
    let function = world.owned_by("data").find(|item| item.kind == "lambda_function").unwrap();
    let secret = function.attributes["environment"].get("DB").as_str().unwrap().to_owned();
    assert!(secret.starts_with("secret arn:aws:secretsmanager:"), "{secret}");
    bench.run("plan --detailed-exitcode").await.expect(0);
}

#[tokio::test(start_paused = true)]
async fn a_password_and_an_endpoint_may_stand_in_one_text_from_the_first_apply() {
    let url = "postgres://app:${db_instance.main.password}@${db_instance.main.endpoint}/x";
    // The second is known only when the network is made.
    for password in ["hunter2-hunter2", "hunter2-${vpc.main.id}"] {
        let (bench, sim) = Bench::with_sim(&own(password, url));
        bench.run("apply --yes").await.expect(0);
        let world = sim.world();
        let function = world.owned_by("data").find(|item| item.kind == "lambda_function").unwrap();
        let told = function.attributes["environment"].get("DB").clone().revealed();
        let told = told.as_str().unwrap();
        let vpc = world.owned_by("data").find(|item| item.kind == "vpc").unwrap();
        let password = password.replace("${vpc.main.id}", &vpc.id);
        assert!(told.starts_with(&format!("postgres://app:{password}@data-main.")), "{told}");
        bench.run("plan --detailed-exitcode").await.expect(0);
    }
}

/// A function without an address of its own, and an instance.
const ALONE: &str = "\
stack: pair
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16 }
subnet:
  a: { vpc: main, cidr_block: 10.0.0.0/24 }
iam_role:
  api: { service: lambda.amazonaws.com }
lambda_function:
  api:
    role: api
    image: 111111111111.dkr.ecr.us-west-2.amazonaws.com/api:1
instance:
  old: { ami: ami-0123456789abcdef0, instance_type: t3.micro, subnet: a, user_data: none }
";

#[tokio::test(start_paused = true)]
async fn an_address_that_comes_in_the_same_edit_can_stand_in_what_cannot_change() {
    let (bench, sim) = Bench::with_sim(ALONE);
    bench.run("apply --yes").await.expect(0);
    let calls = "user_data: \"call ${lambda_function.api.url}\"";
    let edited = ALONE.replace("api:1\n", "api:1\n    url: { auth: none }\n");
    let edited = edited.replace("user_data: none", calls);
    let new = format!(
        "  new: {{ ami: ami-0123456789abcdef0, instance_type: t3.micro, subnet: a, {calls} }}\n"
    );
    bench.write("stack.yaml", &format!("{edited}{new}"));
    bench.run("apply --yes").await.expect(0);
    let world = sim.world();
    let instances = world.owned_by("pair").filter(|item| item.kind == "instance");
    let told: Vec<String> =
        instances.map(|item| item.attributes["user_data"].to_string()).collect();
    assert!(told.len() == 2 && told.iter().all(|one| one.contains("call https://")), "{told:?}");
    bench.run("plan --detailed-exitcode").await.expect(0);
}
