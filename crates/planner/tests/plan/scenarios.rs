//! One scenario for each thing that a plan can do.

use insta::assert_snapshot;
use trueup_model::{Condition, Value};

use crate::world::World;

const NETWORK: &str = "
    vpc.main
      cidr_block: 10.0.0.0/16
    internet_gateway.main
      vpc: @vpc.main
    subnet.public
      vpc: @vpc.main
      cidr_block: 10.0.0.0/24
    nat_gateway.main
      subnet: @subnet.public
";

const CIRCLE: &str = "
    vpc.main
      cidr_block: 10.0.0.0/16
    security_group.a
      vpc: @vpc.main
      ingress: [{port: 1, from: [@security_group.b]}]
    security_group.b
      vpc: @vpc.main
      ingress: [{port: 2, from: [@security_group.a, 10.0.0.0/8]}]
";

const FUNCTION: &str = "
    log_group.api
      name: /aws/lambda/${lambda_function.api.name}
      days: 14
    iam_role.api
      trust: {Version: 2012-10-17}
    lambda_function.api
      role: @iam_role.api
      source: source:abc
      environment: {HOST: ${db_instance.main.endpoint}, MODE: fast}
    db_instance.main
      engine: postgres
      class: small
      password: secret:hunter22
";

#[test]
fn everything_is_created_and_then_nothing_is_left() {
    let mut world = World::new(NETWORK);
    assert_snapshot!(world.show(), @"
    + internet_gateway.main (file)
    + nat_gateway.main (file)
    + subnet.public (file)
    + vpc.main (file)
     0 create vpc.main
     1 create internet_gateway.main < 0
     2 create subnet.public < 0
     3 create nat_gateway.main < 1 2
    ");
    world.apply();
    assert_snapshot!(world.show(), @"nothing");
}

#[test]
fn a_nat_gateway_waits_for_the_gateway_of_its_vpc_and_goes_before_it() {
    let mut world = World::applied(NETWORK);
    assert_snapshot!(world.destroy().show(), @"
    - internet_gateway.main (file): destroyed
    - nat_gateway.main (file): destroyed
    - subnet.public (file): destroyed
    - vpc.main (file): destroyed
     0 delete nat_gateway.main
     1 delete subnet.public < 0
     2 delete internet_gateway.main < 0
     3 delete vpc.main < 1 2
    ");
}

#[test]
fn a_log_group_is_made_before_the_function_that_its_name_reads() {
    let mut world = World::new(FUNCTION);
    assert_snapshot!(world.show(), @"
    + db_instance.main (file)
    + iam_role.api (file)
    + lambda_function.api (file)
    + log_group.api (file)
     0 create db_instance.main
     1 create iam_role.api
     2 create log_group.api
     3 create lambda_function.api < 0 1 2
    ");
    world.apply();
    assert_snapshot!(world.destroy().allow("db_instance.main").show(), @"
    - db_instance.main (file): destroyed
    - iam_role.api (file): destroyed
    - lambda_function.api (file): destroyed
    - log_group.api (file): destroyed
     0 delete lambda_function.api
     1 delete log_group.api < 0
     2 delete iam_role.api < 0
     3 delete db_instance.main with a snapshot
    ");
    world.apply();
}

#[test]
fn groups_refer_to_each_other_in_a_circle() {
    let mut world = World::new(CIRCLE);
    assert_snapshot!(world.show(), @"
    + security_group.a (file)
    + security_group.b (file)
    + vpc.main (file)
     0 create vpc.main
     1 create security_group.a < 0
     2 create security_group.b < 0
     3 update security_group.a [ingress] < 1 2
     4 update security_group.b [ingress] < 1 2
    ");
    world.apply();
    assert_snapshot!(world.destroy().show(), @"
    - security_group.a (file): destroyed
    - security_group.b (file): destroyed
    - vpc.main (file): destroyed
     0 update security_group.b [ingress]
     1 update security_group.a [ingress]
     2 delete security_group.b < 0 1
     3 delete security_group.a < 0 1
     4 delete vpc.main < 2 3
    ");
    world.apply();
    assert!(world.account.resources.is_empty());
}

#[test]
fn an_update_in_place_tells_whose_fault_it_is() {
    let thing = |word: &str| {
        format!(
            "
        thing.a
          string: {word}
          set: [x, y]
          tags.color: blue
    "
        )
    };
    let mut world = World::applied(&thing("one"));
    world.edit(&thing("two"));
    assert_snapshot!(world.show(), @r#"
    ~ thing.a (file)
        string: "one" -> "two"
     0 update thing.a [string]
    "#);
    world.apply().behind("thing.a", |live| {
        live.attributes.insert("string".to_owned(), "three".into());
        live.attributes.insert("set".to_owned(), Value::List(vec!["y".into(), "z".into()]));
        live.tags.insert("color".to_owned(), "red".to_owned());
        live.tags.insert("owner".to_owned(), "nobody".to_owned());
    });
    assert_snapshot!(world.show(), @r#"
    ~ thing.a (drift)
        set[x]: null -> "x"
        set[z]: "z" -> null
        string: "three" -> "two"
        tags.color: "red" -> "blue"
        tags.owner: "nobody" -> null
     0 update thing.a [set, string, tags]
    "#);
    world.apply();
}

#[test]
fn a_rule_that_somebody_added_is_removed_and_a_removed_one_comes_back() {
    let mut world = World::applied(CIRCLE);
    world.behind("security_group.a", |live| {
        let open = r#"[{"port":22,"from":["0.0.0.0/0"]}]"#;
        live.attributes.insert("ingress".to_owned(), serde_json::from_str(open).unwrap());
    });
    assert_snapshot!(world.show(), @r#"
    ~ security_group.a (drift)
        ingress[0.0.0.0/0 22]: {"from":["0.0.0.0/0"],"port":22} -> null
        ingress[security_group.b 1]: null -> {"from":["security_group.b"],"note":null,"port":1}
     0 update security_group.a [ingress]
    "#);
    world.apply();
}

#[test]
fn what_vanished_comes_back_with_what_hangs_off_it() {
    let mut world = World::applied(CIRCLE);
    world.lose("security_group.b").behind("security_group.a", |live| {
        live.attributes.insert("ingress".to_owned(), Value::List(vec![]));
    });
    assert_snapshot!(world.show(), @"
    ~ security_group.a (dependency)
        ingress[{from: [security_group.b], port: 1}]: null -> <{from: [security_group.b], port: 1}>
    + security_group.b (drift): vanished
     0 create security_group.b
     1 update security_group.a [ingress] < 0
     2 update security_group.b [ingress] < 0
    ");
    world.apply();
}

#[test]
fn a_replacement_that_can_is_made_first_under_a_free_name() {
    let group = |description: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
          description: {description}
        security_group.b
          vpc: @vpc.main
          ingress: [{{port: 2, from: [@security_group.a]}}]
        lambda_function.holder
          role: some-role
          source: source:abc
          groups: [@security_group.a]
    "
        )
    };
    let name = |world: &World| {
        let live = world.find(&"security_group.a".parse().unwrap()).unwrap();
        live.attributes["name"].to_string()
    };
    let mut world = World::applied(&group("old"));
    world.edit(&group("new"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.holder (dependency)
        groups[security_group.a]: "security_group.a" -> null
        groups[security_group.a]: null -> <security_group.a>
    +- security_group.a (file): immutable description
        description: "old" -> "new" !
        name: "demo-a" -> "demo-a-1718459c"
    ~ security_group.b (dependency)
        ingress[security_group.a 2]: {"from":["security_group.a"],"note":null,"port":2} -> null
        ingress[{from: [security_group.a], port: 2}]: null -> <{from: [security_group.a], port: 2}>
     0 create security_group.a
     1 update lambda_function.holder [groups] < 0
     2 update security_group.a [ingress] < 0
     3 update security_group.b [ingress] < 0
     4 delete security_group.a < 0 1 2 3
    "#);
    world.apply();
    // The suffix is no difference; the next one takes the name that is free again.
    assert_eq!(name(&world), "demo-a-1718459c");
    world.edit(&group("newer")).apply();
    assert_eq!(name(&world), "demo-a");
}

#[test]
fn a_replacement_that_cannot_coexist_is_deleted_first() {
    let fixture = |shape: &str| {
        format!(
            "
        fixture.a
          shape: {shape}
        twin.holds
          of: @fixture.a
    "
        )
    };
    let mut world = World::applied(&fixture("round"));
    world.edit(&fixture("square"));
    assert_snapshot!(world.show(), @r#"
    -+ fixture.a (file): immutable shape; not both: there is room for one
        shape: "round" -> "square" !
    -+ twin.holds (dependency): fixture.a is replaced; not both: it holds fixture.a, which must go first
        of: "fixture.a" -> <fixture.a> !
     0 delete twin.holds
     1 delete fixture.a < 0
     2 create fixture.a < 1
     3 create twin.holds < 0 2
    "#);
    world.apply();
}

#[test]
fn a_replaced_vpc_takes_everything_with_it() {
    let network = |cidr: &str| NETWORK.replace("10.0.0.0/16", cidr);
    let mut world = World::applied(&network("10.0.0.0/16"));
    world.edit(&network("10.0.0.0/8"));
    assert_snapshot!(world.show(), @r#"
    +- internet_gateway.main (dependency): vpc.main is replaced
        vpc: "vpc.main" -> <vpc.main> !
    +- nat_gateway.main (dependency): subnet.public is replaced
        subnet: "subnet.public" -> <subnet.public> !
    +- subnet.public (dependency): vpc.main is replaced
        vpc: "vpc.main" -> <vpc.main> !
    +- vpc.main (file): immutable cidr_block
        cidr_block: "10.0.0.0/16" -> "10.0.0.0/8" !
     0 create vpc.main
     1 create internet_gateway.main < 0
     2 create subnet.public < 0
     3 create nat_gateway.main < 1 2
     4 delete nat_gateway.main < 3
     5 delete subnet.public < 2 4
     6 delete internet_gateway.main < 1 4
     7 delete vpc.main < 0 5 6
    "#);
    world.apply();
}

#[test]
fn what_failed_is_replaced() {
    let mut world = World::applied(NETWORK);
    world.behind("nat_gateway.main", |live| {
        live.condition = Condition::Failed("failed: no address left".to_owned());
    });
    assert_snapshot!(world.show(), @"
    +- nat_gateway.main (drift): failed: failed: no address left
     0 create nat_gateway.main
     1 delete nat_gateway.main < 0
    ");
    world.apply();
}

#[test]
fn what_left_the_stack_is_deleted_after_what_used_it() {
    let mut world = World::applied(NETWORK);
    world.edit(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
    ",
    );
    assert_snapshot!(world.show(), @"
    - internet_gateway.main (file): left
    - nat_gateway.main (file): left
    - subnet.public (file): left
     0 delete nat_gateway.main
     1 delete subnet.public < 0
     2 delete internet_gateway.main < 0
    ");
    world.apply();
}

#[test]
fn whoever_holds_what_leaves_lets_go_of_it_first() {
    let mut world = World::applied(CIRCLE);
    world.edit(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.b
          vpc: @vpc.main
    ",
    );
    assert_snapshot!(world.show(), @r#"
    - security_group.a (file): left
    ~ security_group.b (file)
        ingress[security_group.a 10.0.0.0/8 2]: {"from":["security_group.a","10.0.0.0/8"],"note":null,"port":2} -> null
     0 update security_group.b [ingress]
     1 delete security_group.a < 0
    "#);
    world.apply();
}

#[test]
fn something_that_exists_is_adopted() {
    let mut world = World::applied(
        "
        thing.old
          string: one
    ",
    );
    let id = world.id("thing.old");
    world.behind("thing.old", |live| live.ownership = trueup_model::Ownership::default());
    world.edit(&format!(
        "
        thing.new
          adopt: {id}
          string: two
    "
    ));
    assert_snapshot!(world.show().replace(&id, "ID"), @r#"
    adopt thing.new (file): adopt
        string: "one" -> "two"
     0 update thing.new [string]
    "#);
    world.apply();
    assert_eq!(world.id("thing.new"), id);
}

#[test]
fn what_should_be_adopted_must_exist_and_be_nobodys() {
    let mut world = World::applied(
        "
        thing.old
          string: one
    ",
    );
    let id = world.id("thing.old");
    world.edit(&format!(
        "
        thing.new
          adopt: {id}
        thing.gone
          adopt: thing-0123
        twin.needs_it
          tags.of: ${{thing.gone.id}}
    "
    ));
    assert_snapshot!(world.show().replace(&id, "ID"), @r#"
    withheld thing.gone: faulty: 'thing-0123', which it should adopt, does not exist
    withheld thing.new: ID is not ours but Some("the trueup stack demo")'s
    withheld twin.needs_it: depends on thing.gone
    error adopt-missing: thing.gone: 'thing-0123', which it should adopt, does not exist (write the id of something that exists; or leave 'adopt' out, and it is created)
    error adopt-owned: thing.new cannot adopt 'ID': the trueup stack demo owns it (it is thing.old of this stack: write 'moved_from: thing.old')
    "#);
}

#[test]
fn a_renamed_resource_is_only_tagged_anew() {
    let mut world = World::applied(
        "
        twin.old
          shape: square
        twin.holder
          beside: @twin.old
    ",
    );
    world.edit(
        "
        twin.new
          moved_from: twin.old
          shape: square
        twin.holder
          beside: @twin.new
    ",
    );
    assert_snapshot!(world.show(), @"
    move twin.new (file): was twin.old
     0 update twin.new []
    ");
    world.apply();
    // The line may go once it is done, and later edits rebuild nothing either.
    world.edit(
        "
        twin.new
          shape: square
          tags.a: b
        twin.holder
          beside: @twin.new
    ",
    );
    assert_snapshot!(world.show(), @r#"
    ~ twin.new (file)
        tags.a: null -> "b"
     0 update twin.new [tags]
    "#);
}

#[test]
fn a_rename_without_a_word_is_recognised() {
    let mut world = World::applied(
        "
        twin.old
          shape: square
    ",
    );
    world.edit(
        "
        twin.new
          shape: square
    ",
    );
    assert_snapshot!(world.show(), @"
    + twin.new (file)
    - twin.old (file): left
     0 create twin.new
     1 delete twin.old
    warning renamed: twin.new looks like twin.old under another name (if it is, write 'moved_from: twin.old' and nothing is rebuilt)
    ");
}

#[test]
fn what_is_retained_stays_without_our_tags() {
    let stack = "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
          on_destroy: retain
    ";
    let mut world = World::applied(stack);
    assert_snapshot!(world.destroy().show(), @"
    forget subnet.a (file): retained
     0 forget subnet.a
    withheld vpc.main: depends on subnet.a
    ");
}

#[test]
fn a_database_goes_only_when_it_is_named_and_keeps_what_it_stands_on() {
    let stack = "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.db
          vpc: @vpc.main
        db_instance.main
          engine: postgres
          class: small
          groups: [@security_group.db]
        log_group.other
    ";
    let mut world = World::applied(stack);
    assert_snapshot!(world.destroy().show(), @"
    - log_group.other (file): destroyed
     0 delete log_group.other
    withheld db_instance.main: protected from [destroyed]: allow it with --allow-data-loss db_instance.main
    withheld security_group.db: depends on db_instance.main
    withheld vpc.main: depends on security_group.db
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    ");
    assert_snapshot!(world.allow("db_instance.main").show(), @"
    - db_instance.main (file): destroyed
    - log_group.other (file): destroyed
    - security_group.db (file): destroyed
    - vpc.main (file): destroyed
     0 delete log_group.other
     1 delete db_instance.main with a snapshot
     2 delete security_group.db < 1
     3 delete vpc.main < 2
    ");
    world.apply();
}

#[test]
fn a_database_is_not_replaced_because_of_what_it_stands_on() {
    let stack = |cidr: &str| {
        format!(
            "
        vpc.main
          cidr_block: {cidr}
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
        db_instance.main
          engine: postgres
          class: small
          subnets: [@subnet.a]
    "
        )
    };
    let mut world = World::applied(&stack("10.0.0.0/16"));
    world.edit(&stack("10.0.0.0/8"));
    assert_snapshot!(world.show(), @r#"
    = vpc.main (file): immutable cidr_block
        cidr_block: "10.0.0.0/16" -> "10.0.0.0/8" !
    withheld db_instance.main: protected from [subnet.a is replaced]: allow it with --allow-data-loss db_instance.main
    withheld subnet.a: depends on db_instance.main
    withheld vpc.main: depends on subnet.a
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    "#);
    assert_snapshot!(world.allow("db_instance.main").show(), @r#"
    +- db_instance.main (dependency): subnet.a is replaced
        name: "demo-main" -> "demo-main-22769b52"
        subnets[subnet.a]: "subnet.a" -> null !
        subnets[subnet.a]: null -> <subnet.a> !
    +- subnet.a (dependency): vpc.main is replaced
        vpc: "vpc.main" -> <vpc.main> !
    +- vpc.main (file): immutable cidr_block
        cidr_block: "10.0.0.0/16" -> "10.0.0.0/8" !
     0 create vpc.main
     1 create subnet.a < 0
     2 create db_instance.main < 1
     3 delete db_instance.main with a snapshot < 2
     4 delete subnet.a < 1 3
     5 delete vpc.main < 0 4
    "#);
    world.apply();
}

#[test]
fn who_can_be_without_for_a_while_lets_go_of_what_must_be_deleted_first() {
    let stack = |zone: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
          zone: {zone}
        subnet.b
          vpc: @vpc.main
          cidr_block: 10.0.1.0/24
        lambda_function.api
          role: some-role
          source: code
          subnets: [@subnet.a, @subnet.b]
    "
        )
    };
    let mut world = World::applied(&stack("a"));
    world.edit(&stack("b"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (dependency)
        subnets[subnet.a]: "subnet.a" -> null
        subnets[subnet.a]: null -> <subnet.a>
    -+ subnet.a (file): immutable zone; not both: two subnets cannot have the same network
        zone: "a" -> "b" !
     0 update lambda_function.api [subnets]
     1 delete subnet.a < 0
     2 create subnet.a < 1
     3 update lambda_function.api [subnets] < 0 2
    "#);
    world.apply();
}

#[test]
fn drift_does_not_rebuild_a_database_either() {
    let mut world = World::applied(FUNCTION);
    world.behind("db_instance.main", |live| {
        live.attributes.insert("engine".to_owned(), "mysql".into());
    });
    assert_snapshot!(world.show(), @r#"
    = db_instance.main (drift): immutable engine
        engine: "mysql" -> "postgres" !
        name: "demo-main" -> "demo-main-3ae9efb5"
    withheld db_instance.main: protected from [immutable engine]: allow it with --allow-data-loss db_instance.main
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    "#);
}

#[test]
fn what_is_protected_is_neither_replaced_nor_destroyed() {
    let stack = |shape: &str| {
        format!(
            "
        fixture.a
          shape: {shape}
          protect
        twin.b
          of: @fixture.a
    "
        )
    };
    let mut world = World::applied(&stack("round"));
    world.edit(&stack("square"));
    assert_snapshot!(world.show(), @r#"
    = fixture.a (file): immutable shape; not both: there is room for one
        shape: "round" -> "square" !
    withheld fixture.a: protected from [immutable shape]: take 'protect: true' off fixture.a first
    warning protected: fixture.a is protected and is left as it is (take 'protect: true' off fixture.a first)
    "#);
    assert_snapshot!(world.destroy().show(), @"
    - twin.b (file): destroyed
     0 delete twin.b
    withheld fixture.a: protected from [destroyed]: take 'protect: true' off fixture.a first
    warning protected: fixture.a is protected and is left as it is (take 'protect: true' off fixture.a first)
    ");
}

#[test]
fn a_change_that_loses_data_in_place_is_guarded_too() {
    let thing = |word: &str| {
        format!(
            "
        thing.a
          lossy: {word}
    "
        )
    };
    let mut world = World::applied(&thing("one"));
    world.edit(&thing("two"));
    assert_snapshot!(world.show(), @r#"
    = thing.a (file)
        lossy: "one" -> "two"
    withheld thing.a: protected from [immutable lossy]: allow it with --allow-data-loss thing.a
    warning data-loss: thing.a holds data and is left as it is (allow it with --allow-data-loss thing.a)
    "#);
    assert_snapshot!(world.allow("thing.a").show(), @r#"
    ~ thing.a (file)
        lossy: "one" -> "two"
     0 update thing.a [lossy]
    "#);
}

#[test]
fn many_deletes_at_once_need_a_word() {
    let things = |count: usize| {
        let things: Vec<String> =
            (0..count).map(|n| format!("    thing.t{n}\n      int: {n}\n")).collect();
        things.concat()
    };
    let mut world = World::applied(&things(10));
    world.edit(&things(6));
    let last = |text: String| text.lines().last().unwrap().to_owned();
    assert_snapshot!(last(world.show()), @"error mass-delete: the plan deletes 4 of 10 resources (4 for good, 0 replaced) (if that is meant, allow it with --allow-mass-delete)");
    world.options.allow_mass_delete = true;
    assert_snapshot!(last(world.show()), @" 3 delete thing.t6");
    world.options.allow_mass_delete = false;
    world.edit(&things(7));
    assert_snapshot!(last(world.show()), @" 2 delete thing.t7");
}

#[test]
fn the_disruption_of_a_plan_can_be_limited() {
    let database = |class: &str| {
        format!(
            "
        db_instance.main
          engine: postgres
          class: {class}
    "
        )
    };
    let mut world = World::applied(&database("small"));
    world.edit(&database("large"));
    world.options.max_disruption = Some(trueup_model::Disruption::None);
    assert_snapshot!(world.show(), @r#"
    ~ db_instance.main (file)
        class: "small" -> "large"
     0 update db_instance.main [class]
    error disruption: db_instance.main would mean a brief interruption, and at most no disruption is allowed (if that is meant, allow it with --max-disruption brief)
    "#);
}

#[test]
fn what_is_ignored_is_told_and_never_sent() {
    let thing = |string: &str| {
        format!(
            "
        thing.a
          string: {string}
          map: {{a: 1, b: 2}}
          ignore.string: the console owns it
          ignore.map[a]: a script owns it
    "
        )
    };
    let mut world = World::applied(&thing("one"));
    world.behind("thing.a", |live| {
        live.attributes.insert("string".to_owned(), "theirs".into());
        live.attributes
            .insert("map".to_owned(), serde_json::from_str(r#"{"a":"9","b":"8"}"#).unwrap());
    });
    assert_snapshot!(world.show(), @r#"
    ~ thing.a (drift)
        map[b]: "8" -> 2
     0 update thing.a [map]
    withheld thing.a: ignored map[a]: a script owns it
    withheld thing.a: ignored string: the console owns it
    "#);
    world.apply();
    let live = world.find(&"thing.a".parse().unwrap()).unwrap();
    assert_snapshot!(serde_json::to_string(&live.attributes).unwrap(), @r#"{"map":{"a":"9","b":2},"string":"theirs","unmanaged":"chosen by AWS"}"#);
}

#[test]
fn what_aws_has_scheduled_is_not_asked_for_again() {
    let database = |class: &str| {
        format!(
            "
        db_instance.main
          engine: postgres
          class: {class}
    "
        )
    };
    let mut world = World::applied(&database("small"));
    world.edit(&database("large")).behind("db_instance.main", |live| {
        live.scheduled.insert("class".to_owned(), "large".into());
    });
    assert_snapshot!(world.show(), @"withheld db_instance.main: scheduled class");
}

#[test]
fn a_new_password_is_noticed_and_not_shown() {
    let database = |password: &str| {
        format!(
            "
        db_instance.main
          engine: postgres
          class: small
          password: {password}
    "
        )
    };
    let mut world = World::applied(&database("secret:hunter22"));
    world.edit(&database("secret:hunter33"));
    assert_snapshot!(world.show(), @"
    ~ db_instance.main (file)
        password: null -> (sensitive)
     0 update db_instance.main [password]
    ");
    world.apply();
}

#[test]
fn what_cannot_be_read_is_not_taken_for_absent() {
    let mut world = World::applied(NETWORK);
    world.account.resources.retain(|live| live.kind != "subnet");
    world.account.unreadable.push(trueup_model::snapshot::Unreadable {
        kind: "subnet".into(),
        address: None,
        action: "ec2:DescribeSubnets".to_owned(),
        message: "UnauthorizedOperation".to_owned(),
    });
    assert_snapshot!(world.show(), @"
    withheld nat_gateway.main: depends on subnet.public
    withheld subnet.public: unreadable: ec2:DescribeSubnets: UnauthorizedOperation
    ");
    assert_snapshot!(world.destroy().show(), @"
    - internet_gateway.main (file): destroyed
    - nat_gateway.main (file): destroyed
     0 delete nat_gateway.main
     1 delete internet_gateway.main < 0
    withheld subnet.public: unreadable: ec2:DescribeSubnets: UnauthorizedOperation
    withheld vpc.main: depends on subnet.public
    ");
}

#[test]
fn a_name_that_somebody_else_has_is_left_alone() {
    let mut world = World::applied(
        "
        log_group.a
    ",
    );
    world.behind("log_group.a", |live| live.ownership.stack = Some("other".to_owned()));
    assert_snapshot!(world.show(), @r#"
    withheld log_group.a: demo-a is not ours but Some("the trueup stack other")'s
    warning not-ours: log_group.a: 'demo-a' exists and was not made under this address (it belongs to the trueup stack other: choose another name)
    "#);
    world.behind("log_group.a", |live| live.ownership.stack = None);
    assert_snapshot!(world.show(), @"
    withheld log_group.a: demo-a is not ours but None's
    warning not-ours: log_group.a: 'demo-a' exists and was not made under this address (if it should be of this stack, write 'adopt: demo-a')
    ");
}

#[test]
fn what_another_tool_owns_is_not_fought_over() {
    let mut world = World::applied(
        "
        log_group.a
    ",
    );
    world.behind("log_group.a", |live| {
        live.ownership.other = Some("CloudFormation stack web".to_owned());
        live.attributes.insert("days".to_owned(), 1.into());
    });
    assert_snapshot!(world.show(), @r#"withheld log_group.a: demo-a is not ours but Some("CloudFormation stack web")'s"#);
    assert_snapshot!(world.destroy().show(), @"warning unclear-ownership: log_group 'demo-a' carries this stack's tag and is left alone: another tool owns it too (delete it by hand, or take its 'trueup:' tags off)");
}

#[test]
fn two_of_one_address_are_reported() {
    let mut world = World::applied(
        "
        thing.a
          string: one
    ",
    );
    let mut copy = world.account.resources[0].clone();
    copy.id = "thing-copy".to_owned();
    world.account.resources.push(copy);
    assert_snapshot!(world.show(), @"
    withheld thing.a: faulty: thing-00abc0001 and thing-copy carry the same address
    error claimed-twice: thing.a: thing-00abc0001 and thing-copy carry the same address (take the 'trueup:' tags off the one that is not of this stack, or delete it)
    ");
}

#[test]
fn what_an_interrupted_replacement_left_behind_is_deleted() {
    let twin = |shape: &str| {
        format!(
            "
        twin.a
          shape: {shape}
        twin.b
          beside: @twin.a
    "
        )
    };
    let mut world = World::applied(&twin("round"));
    world.edit(&twin("square")).crash_after(1);
    assert_snapshot!(world.show(), @r#"
    +- twin.a (file): superseded twin
    ~ twin.b (dependency)
        beside: "twin-00abc0001" -> "twin-00abc0003"
     0 update twin.b [beside]
     1 delete twin.a < 0
    "#);
    world.apply();
}

#[test]
fn what_is_being_deleted_is_waited_for() {
    let mut world = World::applied(NETWORK);
    world.behind("subnet.public", |live| live.condition = Condition::Deleting("deleting".into()));
    assert_snapshot!(world.show(), @"
    withheld nat_gateway.main: depends on subnet.public
    withheld subnet.public: busy: deleting
    ");
}

#[test]
fn what_is_half_made_is_waited_for_before_it_is_used() {
    let mut world = World::new(NETWORK);
    world.crash_after(3);
    world.behind("subnet.public", |live| live.condition = Condition::Pending("pending".into()));
    assert_snapshot!(world.show(), @"
    + nat_gateway.main (file)
    ~ subnet.public (none)
     0 update subnet.public []
     1 create nat_gateway.main < 0
    ");
    world.apply();
}

#[test]
fn a_circle_is_reported_and_the_rest_is_planned() {
    let world = World::new(
        "
        twin.a
          beside: @twin.b
        twin.b
          beside: @twin.a
        twin.c
          beside: @twin.b
        thing.free
          int: 1
    ",
    );
    assert_snapshot!(world.show(), @"
    + thing.free (file)
     0 create thing.free
    withheld twin.a: faulty: it is part of a circle of dependencies
    withheld twin.b: faulty: it is part of a circle of dependencies
    withheld twin.c: depends on twin.b
    error dependency-cycle: twin.a, twin.b need each other in a circle (take one of the references or 'depends_on' out of the circle)
    ");
}

#[test]
fn a_cleared_tag_of_ownership_is_reported() {
    let mut world = World::applied(NETWORK);
    world.account.resources[0].ownership.address = None;
    world.edit("");
    assert_snapshot!(world.show(), @"
    - internet_gateway.main (file): left
    - nat_gateway.main (file): left
    - subnet.public (file): left
     0 delete nat_gateway.main
     1 delete subnet.public < 0
     2 delete internet_gateway.main < 0
    warning unclear-ownership: vpc 'vpc-00abc0001' carries this stack's tag and is left alone: its tag 'trueup:address' is missing or unreadable (delete it by hand, or take its 'trueup:' tags off)
    ");
}

#[test]
fn one_address_in_the_place_of_another_waits_for_it() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.old
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
        log_group.old
          name: fixed
    ",
    );
    world.edit(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.new
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
        log_group.new
          name: fixed
          days: 7
    ",
    );
    assert_snapshot!(world.show(), @"
    + log_group.new (file)
    - log_group.old (file): left
    + subnet.new (file)
    - subnet.old (file): left
     0 delete subnet.old
     1 create subnet.new < 0
     2 delete log_group.old
     3 create log_group.new < 2
    ");
    world.apply();
}

#[test]
fn a_name_that_is_still_held_gets_a_suffix() {
    let twins = |address: &str| {
        format!(
            "
        {address}
          name: fixed
        twin.holder
          beside: @{address}
    "
        )
    };
    let mut world = World::applied(&twins("twin.old"));
    world.edit(&twins("twin.new"));
    assert_snapshot!(world.show(), @r#"
    ~ twin.holder (file)
        beside: "twin.old" -> <twin.new>
    + twin.new (file)
    - twin.old (file): left
     0 create twin.new
     1 update twin.holder [beside] < 0
     2 delete twin.old < 1
    warning renamed: twin.new looks like twin.old under another name (if it is, write 'moved_from: twin.old' and nothing is rebuilt)
    "#);
    world.apply();
}

#[test]
fn depends_on_orders_both_ways() {
    let mut world = World::new(
        "
        thing.first
          int: 1
        thing.after
          int: 2
          depends_on: [@thing.first]
    ",
    );
    assert_snapshot!(world.show(), @"
    + thing.after (file)
    + thing.first (file)
     0 create thing.first
     1 create thing.after < 0
    ");
    world.apply();
    assert_snapshot!(world.destroy().show(), @"
    - thing.after (file): destroyed
    - thing.first (file): destroyed
     0 delete thing.after
     1 delete thing.first < 0
    ");
}

#[test]
fn what_others_use_is_told() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
    ",
    );
    let mut theirs = world.find(&"security_group.a".parse().unwrap()).unwrap().clone();
    let ours = serde_json::to_string(&theirs.id).unwrap();
    let rule = format!(r#"[{{"port":1,"from":[{ours}]}}]"#);
    theirs.attributes.insert("ingress".to_owned(), serde_json::from_str(&rule).unwrap());
    theirs.attributes.insert("name".to_owned(), "theirs".into());
    (theirs.id, theirs.ownership) = ("sg-theirs".to_owned(), trueup_model::Ownership::default());
    world.account.resources.push(theirs);
    assert_snapshot!(world.destroy().show(), @"
    - security_group.a (file): destroyed
    - vpc.main (file): destroyed
     0 delete security_group.a
     1 delete vpc.main < 0
    warning used-by-others: security_group.a is deleted while security_group sg-theirs, which is not of this stack, uses it (point them elsewhere first, or AWS will refuse)
    warning used-by-others: vpc.main is deleted while security_group sg-theirs, which is not of this stack, uses it (point them elsewhere first, or AWS will refuse)
    ");
}

#[test]
fn what_a_file_alone_does_not_know_is_named() {
    let world = World::new(FUNCTION);
    let plan = world.plan();
    let function = plan.changes.iter().find(|c| c.address.kind == "lambda_function").unwrap();
    let shown: Vec<String> =
        function.attributes.iter().map(|c| format!("{}: {:?}", c.path, c.after)).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    environment: Unknown("{HOST: ${db_instance.main.endpoint}, MODE: fast}")
    groups: Value(List([]))
    name: Value(String("demo-api"))
    role: Unknown("iam_role.api")
    source: Value(Map({"path": String("code"), "sha256": String("abc")}))
    subnets: Value(List([]))
    "#);
    assert_eq!((plan.seconds, plan.longest_chain.len()), (420, 2));
}

#[test]
fn a_group_that_refers_to_itself_settles() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
          ingress: [{port: 2, from: [@security_group.a]}]
    ",
    );
    assert_snapshot!(world.show(), @"nothing");
    assert_snapshot!(world.destroy().show(), @"
    - security_group.a (file): destroyed
    - vpc.main (file): destroyed
     0 delete security_group.a
     1 delete vpc.main < 0
    ");
    world.apply();
}

#[test]
fn what_is_looked_up_is_read_and_never_touched() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
    ",
    );
    let mut theirs = world.account.resources[0].clone();
    theirs.ownership = trueup_model::Ownership::default();
    world.account.existing.insert("vpc.shared".parse().unwrap(), theirs);
    world.account.resources.clear();
    world.edit(
        "
        subnet.a
          vpc: @existing.vpc.shared
          cidr_block: 10.0.0.0/24
    ",
    );
    assert_snapshot!(world.show(), @"
    + subnet.a (file)
     0 create subnet.a
    ");
    world.apply();
    world.behind("subnet.a", |live| {
        live.attributes.insert("vpc".to_owned(), "vpc-elsewhere".into());
    });
    assert_snapshot!(world.show(), @r#"
    +- subnet.a (drift): immutable vpc
        vpc: "vpc-elsewhere" -> "existing.vpc.shared" !
     0 create subnet.a
     1 delete subnet.a < 0
    "#);
    world.account.existing.clear();
    assert_snapshot!(world.show(), @"
    withheld subnet.a: faulty: vpc: cannot evaluate 'existing.vpc.shared.id': there is no existing.vpc.shared.id
    error evaluation: subnet.a: vpc: cannot evaluate 'existing.vpc.shared.id': there is no existing.vpc.shared.id (make what it reads exist, or read something else)
    ");
}

#[test]
fn a_family_in_a_list_is_all_of_its_instances() {
    let stack = |keys: &[&str]| {
        let subnet = |key: &&str| {
            format!(
                "
        subnet.private[{key}]
          vpc: @vpc.main
          cidr_block: 10.0.{}.0/24",
                key.len()
            )
        };
        let subnets: Vec<String> = keys.iter().map(subnet).collect();
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        lambda_function.api
          role: elsewhere
          source: source:abc
          subnets: [@subnet.private]{}",
            subnets.concat()
        )
    };
    let mut world = World::new(&stack(&["a", "bb"]));
    assert_snapshot!(world.show(), @"
    + lambda_function.api (file)
    + subnet.private[a] (file)
    + subnet.private[bb] (file)
    + vpc.main (file)
     0 create vpc.main
     1 create subnet.private[a] < 0
     2 create subnet.private[bb] < 0
     3 create lambda_function.api < 1 2
    ");
    world.apply();
    world.edit(&stack(&["bb", "ccc"]));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        subnets[subnet.private[a]]: "subnet.private[a]" -> null
        subnets[subnet.private[ccc]]: null -> <subnet.private[ccc]>
    - subnet.private[a] (file): left
    + subnet.private[ccc] (file)
     0 create subnet.private[ccc]
     1 update lambda_function.api [subnets] < 0
     2 delete subnet.private[a] < 1
    "#);
    world.apply();
}

#[test]
fn an_output_that_may_change_is_unknown_while_its_resource_changes() {
    let stack = |code: &str| {
        format!(
            "
        lambda_function.api
          role: elsewhere
          source: source:{code}
        thing.reader
          string: ${{lambda_function.api.url}}
    "
        )
    };
    let mut world = World::applied(&stack("abc"));
    world.edit(&stack("def"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        source: {"sha256":"abc"} -> {"path":"code","sha256":"def"}
    ~ thing.reader (dependency)
        string: "https://00abc0001" -> <${lambda_function.api.url}>
     0 update lambda_function.api [source]
     1 update thing.reader [string] < 0
    "#);
    world.apply();
}

#[test]
fn a_moved_database_keeps_its_password() {
    let database = |head: &str| {
        format!(
            "
        {head}
          engine: postgres
          class: small
          password: secret:hunter22
    "
        )
    };
    let mut world = World::applied(&database("db_instance.old"));
    world.edit(&database("db_instance.new\n          moved_from: db_instance.old"));
    assert_snapshot!(world.show(), @"
    move db_instance.new (file): was db_instance.old
     0 update db_instance.new []
    ");
    world.apply();
    let json = serde_json::to_string(&world.plan()).unwrap();
    assert!(!json.contains("hunter22"));
}

#[test]
fn a_drift_report_tells_drift_from_what_is_still_to_be_applied() {
    let stack = |word: &str| {
        format!(
            "
        thing.edited
          string: {word}
        {}
    ",
            CIRCLE.trim()
        )
    };
    let mut world = World::applied(&stack("one"));
    world.edit(&stack("two")).lose("security_group.b").behind("vpc.main", |live| {
        live.attributes.insert("dns".to_owned(), false.into());
    });
    let plan = world.plan();
    let report = trueup_planner::drift::report(&plan);
    let drifted: Vec<String> =
        report.drifted.iter().map(|d| format!("{} {:?}", d.change.address, d.class)).collect();
    let pending: Vec<String> = report.pending.iter().map(|c| c.address.to_string()).collect();
    assert_snapshot!(format!("{drifted:?}\n{pending:?}\n{:?}", report.class()), @r#"
    ["security_group.a Security", "security_group.b Security", "vpc.main Functional"]
    ["thing.edited"]
    Some(Security)
    "#);
}

#[test]
fn a_fingerprint_changes_with_what_a_plan_relies_on() {
    let mut world = World::applied(FUNCTION);
    world.behind("lambda_function.api", |live| {
        live.tags.insert("a".to_owned(), "b".to_owned());
    });
    let before = world.plan().fingerprints;
    let names: Vec<String> = before.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["db_instance.main", "iam_role.api", "lambda_function.api", "log_group.api"]);
    world.behind("iam_role.api", |live| {
        live.attributes.insert("description".to_owned(), "theirs".into());
    });
    let after = world.plan().fingerprints;
    let changed: Vec<String> = after
        .iter()
        .filter(|(a, print)| before[*a] != **print)
        .map(|(a, _)| a.to_string())
        .collect();
    assert_eq!(changed, ["iam_role.api"]);
}

#[test]
fn the_same_thing_has_the_same_token_and_another_thing_another() {
    let tokens = |world: &World| -> Vec<String> {
        let steps = world.plan().steps.into_iter();
        let token = |step: trueup_model::Step| match step.operation {
            trueup_model::Operation::Create { token, .. } => Some(token),
            _ => None,
        };
        steps.filter_map(token).collect()
    };
    let mut world = World::new(NETWORK);
    let all = tokens(&world);
    assert_eq!(all, tokens(&World::new(NETWORK)));
    assert!(all.iter().all(|token| token.len() == 32));
    // In a VPC that exists by now, a subnet is another subnet.
    world.crash_after(1);
    assert_ne!(all[2], tokens(&world)[1]);
}

#[test]
fn outputs_are_folded_as_far_as_they_are_known() {
    let mut world = World::new(NETWORK);
    let reference = trueup_model::Reference {
        to: "vpc.main".parse().unwrap(),
        attribute: "id".to_owned(),
        existing: false,
    };
    let wanted = trueup_model::Expression::Reference(reference);
    world.stack.outputs.insert("vpc".to_owned(), wanted.clone());
    assert_eq!(world.plan().outputs["vpc"], wanted);
    world.apply();
    assert_eq!(world.plan().outputs["vpc"].to_value(), Some(world.id("vpc.main").into()));
}
