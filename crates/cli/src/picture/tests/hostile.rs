//! Other people's words, secrets, and pages that anybody can use.

use trueup_model::Address;
use trueup_stack::{DiskFiles, Request, Variables};

use super::{Drawn, SMALL};

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
