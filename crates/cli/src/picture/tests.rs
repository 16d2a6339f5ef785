//! Pictures of small, hostile, large and random stacks.

use std::collections::BTreeMap;

use proptest::prelude::*;
use trueup_model::{Address, Catalog, Plan, Snapshot, Stack};
use trueup_planner::{Input, Options};
use trueup_stack::{CelEvaluator, DiskFiles, Request, Variables};

use super::Subject;
use super::geometry::{Point, Rect};
use super::labels::crosses;
use super::paper::{Paper, Role, Shape};
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
        let snapshot = Snapshot::default();
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
        self.subject(false).paper()
    }
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

#[test]
fn a_small_stack() {
    let drawn = Drawn::of(SMALL);
    check(&drawn.paper());
    let svg = drawn.svg();
    // The style is the same in every picture.
    let body = svg.split_once("</style>\n").unwrap().1;
    insta::assert_snapshot!(body);
}

#[test]
fn the_same_stack_gives_the_same_bytes() {
    assert_eq!(Drawn::of(SMALL).svg(), Drawn::of(SMALL).svg());
    assert_eq!(Drawn::of(SMALL).html(), Drawn::of(SMALL).html());
}

#[test]
fn what_is_open_without_a_sentence_is_drawn_if_it_is_really_open() {
    let without = SMALL.split("expect:").next().unwrap();
    let paper = Drawn::of(without).paper();
    let labels = |paper: &Paper| -> Vec<String> {
        let labels = paper.lines.iter().filter_map(|line| line.label.clone());
        labels.map(|(_, text)| text).collect()
    };
    assert_eq!(labels(&paper), ["8080", "443"]);
    // The rule alone opens nothing: without a public address nobody comes in.
    let hidden = Drawn::of(&without.replace("public_ip: true, ", ""));
    assert_eq!(labels(&hidden.paper()), ["8080"]);
}

#[test]
fn changes_are_marked_only_with_a_plan_for_what_aws_has() {
    let drawn = Drawn::of(SMALL);
    let marks = |is_planned| {
        let paper = drawn.subject(is_planned).paper();
        let named = paper.shapes.iter().filter(|shape| shape.name.is_some());
        named.filter(|shape| shape.mark.is_some()).count()
    };
    assert_eq!(marks(false), 0);
    assert!(marks(true) > 8);
    assert!(drawn.subject(true).svg().contains("10 to create"));
}

/// Names and tags are other people's words; in a picture they are letters and nothing else.
#[test]
fn no_name_is_markup() {
    const EVIL: &str = "</text></script><script>alert(1)</script>]]>&\"'";
    let key = "<b onload=x>&\\\"'";
    let text = format!(
        "stack: evil\nregion: us-west-2\nvpc:\n  main:\n    cidr_block: 10.0.0.0/16\n    tags: {{ \
         Name: {EVIL:?} }}\nlog_group:\n  evil:\n    for_each: [\"{key}\"]\n    name: /evil\n    \
         retention_days: 14\nsecurity_group:\n  evil: {{ vpc: main, description: 'a < b > c' }}\n"
    );
    let loads = trueup_stack::load(&Request {
        file: "stack.yaml",
        bytes: text.as_bytes(),
        files: &DiskFiles::new(std::path::Path::new(".")),
        catalog: &trueup_aws::catalog(),
        variables: &Variables::default(),
        region: None,
        account: None,
    });
    // Where the language refuses such a key, the test goes on with one that it takes.
    let text = if loads.stack.is_some() { text } else { text.replace(key, "b") };
    let mut drawn = Drawn::of(&text);
    // Nor is one that no file can have, but AWS or a module may.
    let mut resources = std::mem::take(&mut drawn.stack.resources).into_iter();
    let (address, resource) = resources.next().unwrap();
    drawn.stack.resources = resources.collect();
    let evil = Address { name: EVIL.to_owned(), ..address };
    drawn
        .stack
        .resources
        .insert(evil.clone(), trueup_model::Resource { address: evil, ..resource });
    let svg = drawn.svg();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let elements = || document.descendants().filter(roxmltree::Node::is_element);
    assert!(elements().all(|node| node.tag_name().name() != "script"), "{svg}");
    assert!(elements().any(|node| node.text().is_some_and(|text| text.contains("<script>"))));
    let page = drawn.html();
    // The facts and the program.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("alert(1)</"), "{page}");
    let facts = page.split_once("id=\"facts\">").unwrap().1.split_once("</script>").unwrap().0;
    let facts: serde_json::Value = serde_json::from_str(facts).unwrap();
    assert_eq!(facts["things"]["vpc.main"]["tags"][0][1], EVIL);
}

#[test]
fn nothing_on_the_page_comes_from_elsewhere() {
    let page = Drawn::of(SMALL).html();
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    for word in ["http:", "https:", "//cdn", " src=", "@import", "url(http"] {
        assert!(!outside.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_box_of_the_page_is_reached_by_keyboard_and_tells_something() {
    let page = Drawn::of(SMALL).html();
    let svg = &page[page.find("<svg").unwrap()..page.find("</svg>").unwrap() + 6];
    let document = roxmltree::Document::parse(svg).unwrap();
    let facts = page.split_once("id=\"facts\">").unwrap().1.split_once("</script>").unwrap().0;
    let facts: serde_json::Value = serde_json::from_str(facts).unwrap();
    let boxes: Vec<_> = document
        .descendants()
        .filter_map(|node| Some((node, node.attribute("data-name")?)))
        .collect();
    assert!(boxes.len() > 8);
    for (node, name) in boxes {
        assert_eq!(node.attribute("tabindex"), Some("0"), "{name}");
        assert_eq!(node.attribute("role"), Some("button"), "{name}");
        assert!(facts["things"].get(name).or(facts["boxes"].get(name)).is_some(), "{name}");
    }
}

#[test]
fn secrets_are_not_on_the_page() {
    let text = "\
stack: secretive
region: us-west-2
variables:
  password: { type: string, sensitive: true, default: correct-horse-battery }
lambda_function:
  api: { runtime: python3.12, handler: app.handler, source: code, role: api, environment: { TOKEN: \"${var.password}\" } }
iam_role:
  api: { service: lambda.amazonaws.com }
";
    let page = Drawn::of(text).html();
    assert!(page.contains("(sensitive)") && !page.contains("correct-horse"));
}

#[test]
fn families_are_one_box_and_hundreds_of_resources_are_drawn_at_once() {
    let drawn = Drawn::of(&large());
    assert!(drawn.stack.resources.len() >= 300, "{}", drawn.stack.resources.len());
    let paper = drawn.paper();
    check(&paper);
    let titles: Vec<&str> = titles(&paper);
    for title in ["fleet[*] ×30", "web_a[*] ×12", "Log groups ×60"] {
        assert!(titles.contains(&title), "{title} of {titles:?}");
    }
    let boxes = paper.shapes.iter().filter(|shape| shape.role == Role::Item).count();
    assert!(boxes < 60, "{boxes}");
}

fn titles(paper: &Paper) -> Vec<&str> {
    let texts = paper.shapes.iter().flat_map(|shape| &shape.texts);
    texts.map(|text| text.content.as_str()).collect()
}

/// Three zones, four tiers, and more of everything than a page has room for.
fn large() -> String {
    use std::fmt::Write as _;
    let list = |count: usize| {
        let keys: Vec<String> = (0..count).map(|index| format!("k{index}")).collect();
        format!("[{}]", keys.join(", "))
    };
    let mut text = "stack: large\nregion: us-west-2\nvpc:\n  main: { cidr_block: 10.0.0.0/16 }\n\
        internet_gateway:\n  main: { vpc: main }\nsubnet:\n"
        .to_owned();
    for (index, tier) in ["web", "app", "batch", "data"].iter().enumerate() {
        for (zone, letter) in ["a", "b", "c"].iter().enumerate() {
            let third = index * 10 + zone;
            let _ = writeln!(
                text,
                "  {tier}_{letter}: {{ vpc: main, cidr_block: 10.0.{third}.0/24, \
                 availability_zone: {letter} }}"
            );
        }
    }
    let _ = writeln!(
        text,
        "  fleet: {{ for_each: {}, vpc: main, availability_zone: a, cidr_block: \
         \"${{cidr_subnet(vpc.main.cidr_block, 24, 100 + each.index)}}\" }}",
        list(30)
    );
    text += "route_table:\n  web: { vpc: main, subnets: [web_a, web_b, web_c], routes: { 0.0.0.0/0: \
        internet_gateway.main } }\nsecurity_group:\n  web: { vpc: main, ingress: [{ port: 443, from: \
        [internet] }] }\n  app: { vpc: main, ingress: [{ port: 8080, from: [web] }] }\ninstance:\n";
    for tier in ["web", "app", "batch"] {
        for letter in ["a", "b", "c"] {
            let group = if tier == "web" { "web" } else { "app" };
            let _ = writeln!(
                text,
                "  {tier}_{letter}: {{ for_each: {}, subnet: {tier}_{letter}, security_groups: \
                 [{group}], ami: ami-0123456789abcdef0, instance_type: t3.micro }}",
                list(12)
            );
        }
    }
    let _ = writeln!(
        text,
        "  fleet: {{ for_each: {}, subnet: \"fleet[${{each.value}}]\", security_groups: [app], ami: \
         ami-0123456789abcdef0, instance_type: t3.micro }}\nlog_group:",
        list(30)
    );
    for index in 0..60 {
        let _ = writeln!(text, "  l{index}: {{ name: /large/{index}, retention_days: 14 }}");
    }
    text += "iam_role:\n";
    for index in 0..60 {
        let _ = writeln!(text, "  r{index}: {{ service: ec2.amazonaws.com }}");
    }
    text += "expect:\n  - instance.web_a reaches instance.app_a on 8080\n";
    text
}

/// What must hold of every picture.
#[track_caller]
fn check(paper: &Paper) {
    let whole = Rect::new(0, 0, paper.width, paper.height);
    for (index, shape) in paper.shapes.iter().enumerate() {
        assert!(whole.contains(&shape.rect), "outside the paper: {shape:?}");
        if let Some(parent) = shape.parent.filter(|_| shape.role != Role::Edge) {
            assert!(paper.shapes[parent].rect.contains(&shape.rect), "outside its box: {shape:?}");
        }
        for text in &shape.texts {
            assert!(shape.rect.contains(&text.rect()), "{text:?} does not fit {shape:?}");
        }
        for (other_index, other) in paper.shapes.iter().enumerate().skip(index + 1) {
            apart(paper, (index, shape), (other_index, other));
        }
    }
    for line in &paper.lines {
        let (from, to) = (&paper.shapes[line.ends.0], &paper.shapes[line.ends.1]);
        let (first, last) = (line.points[0], line.points[line.points.len() - 1]);
        assert!(on_border(&from.rect, first) && on_border(&to.rect, last), "{line:?}");
        assert!(line.points.iter().all(|point| whole.holds(*point)), "{line:?}");
        for (index, shape) in paper.shapes.iter().enumerate() {
            let is_box = matches!(shape.role, Role::Item | Role::Band | Role::Edge);
            if is_box && index != line.ends.0 && index != line.ends.1 {
                assert!(!crosses(&line.points, &shape.rect), "{line:?} runs through {shape:?}");
            }
        }
        if let Some((rect, _)) = &line.label {
            assert!(whole.contains(rect), "{line:?}");
        }
    }
}

fn on_border(rect: &Rect, point: Point) -> bool {
    let inside =
        rect.x < point.x && point.x < rect.right() && rect.y < point.y && point.y < rect.bottom();
    rect.holds(point) && !inside
}

/// Boxes are apart or one is in the other; a gateway stands on an edge, a band across subnets.
#[track_caller]
fn apart(paper: &Paper, (one, first): (usize, &Shape), (two, second): (usize, &Shape)) {
    let ground = |shape: &Shape| matches!(shape.role, Role::Zone | Role::Subnet(_));
    let across = |band: &Shape, other: &Shape| band.role == Role::Band && ground(other);
    let on_band = |chip: &Shape, other: &Shape| {
        let parent = chip.parent.map(|parent| &paper.shapes[parent]);
        parent.is_some_and(|parent| across(parent, other))
    };
    let behind = |outer: (usize, &Shape), inner: (usize, &Shape)| {
        paper.is_within(inner.0, outer.0) || across(inner.1, outer.1) || on_band(inner.1, outer.1)
    };
    let in_first = behind((one, first), (two, second));
    let related = in_first || behind((two, second), (one, first));
    assert!(related || !first.rect.overlaps(&second.rect), "{first:?}\noverlaps {second:?}");
    // A heading is not covered by what is in its box.
    let (outer, inner) = if in_first { (first, second) } else { (second, first) };
    for text in outer.texts.iter().filter(|_| related) {
        assert!(!text.rect().overlaps(&inner.rect), "{text:?} is covered by {inner:?}");
    }
}

/// A stack in numbers.
#[derive(Debug, Clone)]
struct Shopping {
    zones: usize,
    tiers: Vec<(u8, u8)>,
    function: bool,
    database: bool,
    long: bool,
    groups: u8,
    logs: u8,
    seed: u8,
}

fn shopping() -> impl Strategy<Value = Shopping> {
    (
        1..5_usize,
        proptest::collection::vec((0..3_u8, 0..7_u8), 1..5),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        1..7_u8,
        0..14_u8,
        any::<u8>(),
    )
        .prop_map(|(zones, tiers, function, database, long, groups, logs, seed)| Shopping {
            zones,
            tiers,
            function,
            database,
            long,
            groups,
            logs,
            seed,
        })
}

/// Lines by section.
type Sections = BTreeMap<&'static str, String>;

impl Shopping {
    /// The stack in which that is.
    fn text(&self) -> String {
        let mut sections = Sections::new();
        let mut put = |section, line: String| *sections.entry(section).or_default() += &line;
        self.groups(&mut put);
        for tier in 0..self.tiers.len() {
            self.tier(tier, &mut put);
        }
        self.rest(&mut put);
        self.sentences(&mut put);
        let mut text = "stack: random\nregion: us-west-2\nvpc:\n  main: { cidr_block: 10.0.0.0/16 \
            }\ninternet_gateway:\n  main: { vpc: main }\n"
            .to_owned();
        for (section, lines) in sections {
            text += &format!("{section}:\n{lines}");
        }
        text
    }

    fn tail(&self) -> &'static str {
        if self.long { "_with_a_name_that_nobody_would_ever_want_to_read" } else { "" }
    }

    fn zones(&self) -> &'static [&'static str] {
        &["a", "b", "c", "d"][..self.zones]
    }

    fn group(&self, index: usize) -> String {
        format!("g{}{}", index % usize::from(self.groups), self.tail())
    }

    fn groups(&self, put: &mut dyn FnMut(&'static str, String)) {
        for group in 0..self.groups {
            let from = group.wrapping_add(self.seed) % self.groups;
            let own = self.group(group.into());
            let peer = if from == group { "internet".to_owned() } else { self.group(from.into()) };
            let port = 1000 + u16::from(group);
            let rule = format!("{{ port: {port}, from: [{peer}] }}");
            put("security_group", format!("  {own}: {{ vpc: main, ingress: [{rule}] }}\n"));
        }
    }

    fn tier(&self, tier: usize, put: &mut dyn FnMut(&'static str, String)) {
        let (tail, zones) = (self.tail(), self.zones());
        let (way, instances) = self.tiers[tier];
        let name = format!("t{tier}{tail}");
        put(
            "subnet",
            format!(
                "  {name}: {{ for_each: [{}], vpc: main, availability_zone: \"${{each.value}}\", \
                 cidr_block: \"${{cidr_subnet(vpc.main.cidr_block, 24, {} + each.index)}}\" }}\n",
                zones.join(", "),
                tier * 10
            ),
        );
        let route = match way {
            0 => ", routes: { 0.0.0.0/0: internet_gateway.main }",
            1 if self.tiers[0].0 == 0 => ", routes: { 0.0.0.0/0: nat_gateway.main }",
            _ => "",
        };
        put("route_table", format!("  t{tier}: {{ vpc: main, subnets: [{name}]{route} }}\n"));
        for instance in 0..usize::from(instances) {
            let zone = zones[instance % zones.len()];
            let group = self.group(tier + instance);
            put(
                "instance",
                format!(
                    "  i{tier}_{instance}{tail}: {{ subnet: \"{name}[{zone}]\", security_groups: \
                     [{group}], ami: ami-0123456789abcdef0, instance_type: t3.micro }}\n"
                ),
            );
        }
    }

    fn rest(&self, put: &mut dyn FnMut(&'static str, String)) {
        let (tail, last) = (self.tail(), self.tiers.len() - 1);
        if self.tiers[0].0 == 0 {
            put("nat_gateway", format!("  main: {{ subnet: \"t0{tail}[a]\", elastic_ip: nat }}\n"));
            put("elastic_ip", "  nat: {}\n".to_owned());
        }
        if self.function {
            put("iam_role", format!("  f{tail}: {{ service: lambda.amazonaws.com }}\n"));
            let group = self.group(0);
            put(
                "lambda_function",
                format!(
                    "  f{tail}: {{ runtime: python3.12, handler: app.handler, source: code, role: \
                     f{tail}, subnets: [t{last}{tail}], security_groups: [{group}] }}\n"
                ),
            );
        }
        if self.database && self.zones > 1 {
            let group = self.group(1);
            put("db_subnet_group", format!("  d: {{ subnets: [t{last}{tail}] }}\n"));
            put(
                "db_instance",
                format!(
                    "  d{tail}: {{ engine: postgres, engine_version: \"16\", instance_class: \
                     db.t3.micro, allocated_storage: 20, username: someone, password: managed, \
                     subnet_group: d, security_groups: [{group}] }}\n"
                ),
            );
        }
        for log in 0..self.logs {
            put("log_group", format!("  l{log}{tail}: {{ name: /l/{log}, retention_days: 14 }}\n"));
        }
    }

    fn sentences(&self, put: &mut dyn FnMut(&'static str, String)) {
        let tail = self.tail();
        let mut expect = |sentence: String| put("expect", format!("  - {sentence}\n"));
        if self.database && self.zones > 1 {
            expect(format!("internet does not reach db_instance.d{tail}"));
            if self.function {
                expect(format!("lambda_function.f{tail} reaches db_instance.d{tail} on 5432"));
            }
        }
        let tiers = self.tiers.iter().enumerate().filter(|(_, (_, instances))| *instances > 0);
        let first: Vec<String> =
            tiers.map(|(tier, _)| format!("instance.i{tier}_0{tail}")).collect();
        for pair in first.windows(2) {
            expect(format!("{} reaches {} on 443", pair[0], pair[1]));
            expect(format!("{} reaches internet on 443", pair[1]));
            expect(format!("203.0.113.0/24 reaches {} on 22", pair[0]));
            expect(format!("{} reaches ssm on 443", pair[0]));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_stacks_are_drawn_well(shopping in shopping()) {
        let text = shopping.text();
        let drawn = Drawn::of(&text);
        for is_planned in [false, true] {
            check(&drawn.subject(is_planned).paper());
        }
        let svg = drawn.svg();
        prop_assert!(roxmltree::Document::parse(&svg).is_ok());
    }
}
