//! What is told to stay: `on_destroy: retain` and `protect`.

use insta::assert_snapshot;

use crate::world::World;

fn database(engine: &str, more: &str) -> String {
    format!(
        "
        db_instance.main
          engine: {engine}
          class: small
          {more}
        lambda_function.api
          role: elsewhere
          source: source:abc
          environment: {{HOST: ${{db_instance.main.endpoint}}}}
    "
    )
}

#[test]
fn a_retained_database_is_replaced_by_an_empty_one_only_when_it_is_named() {
    let mut world = World::applied(&database("postgres", "on_destroy: retain"));
    world.edit(&database("mysql", "on_destroy: retain"));
    assert_snapshot!(world.show(), @r#"
    = db_instance.main (file): immutable engine
        engine: "postgres" -> "mysql" !
        name: "demo-main" -> "demo-main-e41f1202"
    withheld db_instance.main: protected from [immutable engine]: allow it with --allow-data-loss db_instance.main
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    "#);
    // The old one is ours until the new one is whole, so that a crash between them loses neither.
    assert_snapshot!(world.allow("db_instance.main").show(), @r#"
    +- db_instance.main (file): immutable engine; retained
        engine: "postgres" -> "mysql" !
        name: "demo-main" -> "demo-main-e41f1202"
    ~ lambda_function.api (dependency)
        environment[HOST]: "demo-main.00abc0001.rds" -> <${db_instance.main.endpoint}>
     0 create db_instance.main
     1 update lambda_function.api [environment] < 0
     2 forget db_instance.main < 0
    "#);
    let old = world.id("db_instance.main");
    world.crash_after(1);
    assert_eq!(world.account.resources.iter().filter(|live| live.id == old).count(), 1);
    world.apply();
    assert_ne!(world.id("db_instance.main"), old);
    assert!(world.account.resources.iter().any(|live| live.id == old));
}

#[test]
fn drift_does_not_replace_a_retained_database_either() {
    let mut world = World::applied(&database("postgres", "on_destroy: retain"));
    world.behind("db_instance.main", |live| {
        live.attributes.insert("engine".to_owned(), "mysql".into());
    });
    assert_snapshot!(world.show(), @r#"
    = db_instance.main (drift): immutable engine
        engine: "mysql" -> "postgres" !
        name: "demo-main" -> "demo-main-c43f0cbf"
    withheld db_instance.main: protected from [immutable engine]: allow it with --allow-data-loss db_instance.main
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    "#);
}

#[test]
fn what_a_retained_database_stands_on_is_not_replaced_under_it() {
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
          on_destroy: retain
    "
        )
    };
    let mut world = World::applied(&stack("10.0.0.0/16"));
    world.edit(&stack("10.0.0.0/8"));
    assert_snapshot!(world.show(), @r#"
    = vpc.main (file): immutable cidr_block
        cidr_block: "10.0.0.0/16" -> "10.0.0.0/8" !
    withheld db_instance.main: protected from [subnet.a is replaced]: allow it with --allow-data-loss db_instance.main
    withheld subnet.a: needed by db_instance.main
    withheld vpc.main: needed by subnet.a
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    "#);
}

#[test]
fn what_is_protected_and_retained_is_not_replaced() {
    let twin = |shape: &str| {
        format!(
            "
        twin.a
          shape: {shape}
          protect
          on_destroy: retain
    "
        )
    };
    let mut world = World::applied(&twin("round"));
    world.edit(&twin("square"));
    assert_snapshot!(world.show(), @r#"
    = twin.a (file): immutable shape
        name: "demo-a" -> "demo-a-fad03525"
        shape: "round" -> "square" !
    withheld twin.a: protected from [immutable shape]: take 'protect: true' off twin.a first
    warning protected: twin.a is protected and is left as it is (take 'protect: true' off twin.a first)
    "#);
}

#[test]
fn the_old_one_is_forgotten_once_the_new_one_is_whole() {
    let group = |description: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
          description: {description}
          ingress: [{{port: 1, from: [10.0.0.0/8]}}]
          on_destroy: retain
    "
        )
    };
    let mut world = World::applied(&group("old"));
    world.edit(&group("new"));
    assert_snapshot!(world.show(), @r#"
    +- security_group.a (file): immutable description; retained
        description: "old" -> "new" !
        name: "demo-a" -> "demo-a-dc63f774"
     0 create security_group.a
     1 update security_group.a [ingress] < 0
     2 forget security_group.a < 0 1
    "#);
    for steps in 0..3 {
        let mut world = World::applied(&group("old"));
        world.edit(&group("new")).crash_after(steps).apply();
        let groups = world.account.resources.iter().filter(|live| live.kind == "security_group");
        let ours: Vec<bool> = groups.map(|live| live.is_owned_by("demo")).collect();
        assert_eq!(ours, [false, true], "after {steps} steps");
    }
}

#[test]
fn what_cannot_stay_beside_its_replacement_is_not_replaced() {
    let fixture = |shape: &str| {
        format!(
            "
        fixture.a
          shape: {shape}
          on_destroy: retain
    "
        )
    };
    let mut world = World::applied(&fixture("round"));
    world.edit(&fixture("square"));
    assert_snapshot!(world.show(), @r#"
    = fixture.a (file): immutable shape; not both: there is room for one
        shape: "round" -> "square" !
    withheld fixture.a: protected from [immutable shape]: the old one cannot stay beside a new one: take 'on_destroy: retain' off fixture.a first, or leave it as it is
    warning protected: fixture.a is protected and is left as it is (the old one cannot stay beside a new one: take 'on_destroy: retain' off fixture.a first, or leave it as it is)
    "#);
}

#[test]
fn what_is_said_of_leaving_is_written_on_the_thing_and_outlives_its_block() {
    let twins = |a: &str| {
        format!(
            "
        twin.a
          shape: round
          {a}
        twin.b
          shape: round
    "
        )
    };
    let mut world = World::applied(&twins(""));
    world.edit(&twins("protect"));
    assert_snapshot!(world.show(), @"
    ~ twin.a (file)
        protect: false -> true
     0 update twin.a []
    ");
    world.apply();
    world.edit("twin.b");
    assert_snapshot!(world.show(), @"
    withheld twin.a: protected from [left]: write twin.a back with 'protect: false' and apply, then take it out
    warning protected: twin.a is protected and is left as it is (write twin.a back with 'protect: false' and apply, then take it out)
    ");
    assert_snapshot!(world.destroy().show(), @"
    - twin.b (file): destroyed
     0 delete twin.b
    withheld twin.a: protected from [destroyed]: write twin.a back with 'protect: false' and apply, then take it out
    warning protected: twin.a is protected and is left as it is (write twin.a back with 'protect: false' and apply, then take it out)
    ");
    world.options.mode = trueup_planner::Mode::Apply;
    // As the refusal says: take it off first, then out.
    world.edit(&twins("")).apply();
    world.edit("twin.b");
    assert_snapshot!(world.show(), @"
    - twin.a (file): left
     0 delete twin.a
    ");
}

#[test]
fn what_was_retained_is_forgotten_when_its_block_goes() {
    let twins = "
        twin.a
          on_destroy: retain
        twin.b
          on_destroy: retain
          protect
        twin.c
    ";
    let mut world = World::applied(twins);
    world.edit("twin.c");
    assert_snapshot!(world.show(), @"
    forget twin.a (file): retained
    forget twin.b (file): retained
     0 forget twin.b
     1 forget twin.a
    ");
    world.apply();
    assert_eq!(world.account.resources.len(), 3);
    let changed = twins.replace("on_destroy: retain", "on_destroy: delete");
    let mut world = World::applied(twins);
    world.edit(&changed);
    assert_snapshot!(world.show(), @r#"
    ~ twin.a (file)
        on_destroy: "retain" -> "delete"
    ~ twin.b (file)
        on_destroy: "retain" -> "delete"
     0 update twin.a []
     1 update twin.b []
    "#);
}

#[test]
fn what_moved_and_was_not_applied_yet_stays_as_its_block_says() {
    let mut world = World::applied(
        "
        twin.old
          shape: round
    ",
    );
    let moved = |how: &str| {
        format!(
            "
        twin.new
          moved_from: twin.old
          shape: round
          {how}
    "
        )
    };
    world.edit(&moved("on_destroy: retain"));
    assert_snapshot!(world.destroy().show(), @"
    forget twin.old (file): retained
     0 forget twin.old
    ");
    world.edit(&moved("protect"));
    assert_snapshot!(world.destroy().show(), @"
    withheld twin.old: protected from [destroyed]: take 'protect: true' off twin.new first
    warning protected: twin.old is protected and is left as it is (take 'protect: true' off twin.new first)
    ");
}

#[test]
fn a_replacement_that_was_renamed_and_died_half_way_still_retains_the_old_one() {
    let mut world = World::applied(
        "
        twin.old
          shape: round
    ",
    );
    world.edit(
        "
        twin.new
          moved_from: twin.old
          shape: square
          on_destroy: retain
    ",
    );
    let old = world.id("twin.old");
    world.crash_after(1);
    assert_snapshot!(world.show(), @"
    forget twin.old (file): retained
     0 forget twin.old
    ");
    world.apply();
    assert!(world.account.resources.iter().any(|live| live.id == old));
}

#[test]
fn an_older_file_destroys_nothing_that_the_applied_one_kept() {
    let twins = "
        twin.a
          protect
        twin.b
          on_destroy: retain
        twin.c
    ";
    let mut world = World::applied(twins);
    world.edit(
        &twins.replace("          protect\n", "").replace("          on_destroy: retain\n", ""),
    );
    assert_snapshot!(world.destroy().show(), @"
    forget twin.b (file): retained
    - twin.c (file): destroyed
     0 delete twin.c
     1 forget twin.b
    withheld twin.a: protected from [destroyed]: apply the stack without 'protect' first
    warning protected: twin.a is protected and is left as it is (apply the stack without 'protect' first)
    ");
}

#[test]
fn what_aws_was_not_told_to_keep_goes_and_that_is_said() {
    let twin = |shape: &str, disk: &str| {
        format!("\n        twin.a\n          shape: {shape}\n          disk: {disk}\n")
    };
    let told = |world: &World| {
        let said = |line: &str| {
            line.trim_start().starts_with("warning not-kept-yet").then(|| line.trim().to_owned())
        };
        world.show().lines().filter_map(said).collect::<Vec<_>>()
    };
    let expected = "warning not-kept-yet: twin.a: the disk that is there still goes with it (apply the line that keeps it first, with nothing else changed)";
    let mut world = World::applied(&twin("round", "goes"));
    world.edit(&twin("flat", "stays"));
    assert_eq!(told(&world), [expected]);
    world.edit(&twin("round", "stays")).destroy();
    assert_eq!(told(&world), [expected]);

    let mut world = World::applied(&twin("round", "goes"));
    world.edit(&twin("round", "stays"));
    assert_eq!(told(&world), [""; 0], "it is told now");
    world.apply().edit(&twin("flat", "stays"));
    assert_eq!(told(&world), [""; 0], "it is replaced and the disk stays");
    world.destroy();
    assert_eq!(told(&world), [""; 0]);
}
