//! What a small stack shows.

use super::sound::check;
use super::{Drawn, SMALL};
use crate::picture::placed::paper::Paper;

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
        let paper = drawn.drawn(is_planned);
        let named = paper.shapes.iter().filter(|shape| shape.name.is_some());
        named.filter(|shape| shape.mark.is_some()).count()
    };
    assert_eq!(marks(false), 0);
    assert!(marks(true) > 8);
    assert!(drawn.subject(true).svg().contains("10 to create"));
}
