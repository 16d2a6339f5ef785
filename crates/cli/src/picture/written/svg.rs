//! A picture as SVG.

use super::icons;
use crate::picture::placed::geometry::Point;
use crate::picture::placed::paper::{Line, Paper, Role, Shape, Style, Text};
use crate::picture::shown::diagram::{Icon, Meaning, Tone, word};

const STYLE: &str = include_str!("picture.css");

/// The picture as a document of its own.
pub(crate) fn document(paper: &Paper, title: &str) -> String {
    element(paper, title, Some(STYLE), false)
}

/// The picture as an element of a page, which has the style and can be walked through by keyboard.
pub(crate) fn embedded(paper: &Paper, title: &str) -> String {
    element(paper, title, None, true)
}

/// The style of pictures.
pub(crate) fn style() -> &'static str {
    STYLE
}

fn element(paper: &Paper, title: &str, style: Option<&str>, interactive: bool) -> String {
    let (width, height) = (paper.width, paper.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"{}\" aria-label=\"{}\">\n",
        if interactive { "group" } else { "img" },
        escape(title),
    );
    if let Some(style) = style {
        svg += &format!("<style>\n{style}</style>\n");
    }
    svg += &heads();
    svg += &format!("<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n");
    for shape in &paper.shapes {
        svg += &shape_element(shape, interactive);
    }
    for line in &paper.lines {
        svg += &line_element(line);
    }
    for line in &paper.lines {
        svg += &label_element(line);
    }
    svg + "</svg>\n"
}

/// A text that stands for itself, whatever is in it. What XML cannot hold at all is left out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' | '\r' => escaped.push(' '),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn heads() -> String {
    let kinds = ["proved", "broken", "unknown", "open", "stuck", "route"];
    let heads = kinds.map(|kind| {
        format!(
            "<marker id=\"head-{kind}\" class=\"head {kind}\" viewBox=\"0 0 10 10\" refX=\"9\" \
             refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" \
             orient=\"auto\"><path d=\"M0 0.8 L10 5 L0 9.2 z\"/></marker>\n"
        )
    });
    format!("<defs>\n{}</defs>\n", heads.concat())
}

fn shape_element(shape: &Shape, interactive: bool) -> String {
    let Shape { rect, role, texts, tooltip, .. } = shape;
    if let Role::Sample(meaning) = role {
        let path = format!("M{} {} h{}", rect.x, rect.y + rect.height / 2, rect.width);
        return stroke(&path, *meaning, "");
    }
    let mut classes = class(*role);
    if shape.foreign {
        classes += " foreign";
    }
    if let Some(mark) = shape.mark {
        classes = format!("{classes} {}", mark.word());
    }
    let named = shape.name.as_ref().filter(|_| interactive && !shape.members.is_empty());
    let named = named.map_or_else(String::new, |name| {
        format!(
            " data-name=\"{}\" tabindex=\"0\" role=\"button\" aria-label=\"{}\"",
            escape(name),
            escape(tooltip)
        )
    });
    let mut svg = format!("<g class=\"{classes}\"{named}>");
    if !tooltip.is_empty() {
        svg += &format!("<title>{}</title>", escape(tooltip));
    }
    if *role != Role::Panel {
        svg += &format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
            rect.x,
            rect.y,
            rect.width,
            rect.height,
            radius(*role)
        );
    }
    if shape.icon != Icon::None {
        svg += &icons::draw(shape.icon, Point { x: rect.x + 12, y: rect.y + 13 });
    }
    svg += &mark(shape);
    svg += &texts.iter().map(text_element).collect::<String>();
    svg + "</g>\n"
}

fn radius(role: Role) -> i32 {
    match role {
        Role::Chip(_) => 9,
        Role::Vpc | Role::Zone => 10,
        _ => 6,
    }
}

/// The sign of a change, in the upper right corner, or at the left of a chip.
fn mark(shape: &Shape) -> String {
    let Some(mark) = shape.mark else { return String::new() };
    let rect = shape.rect;
    let (x, y) = match shape.role {
        Role::Chip(_) => (rect.x + 12, rect.y + 9),
        _ if rect.height < 24 => (rect.x + rect.width / 2, rect.y + rect.height / 2),
        _ => (rect.right() - 14, rect.y + 15),
    };
    let circle = match shape.role {
        Role::Chip(_) => String::new(),
        _ => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"7\"/>"),
    };
    let (sign, y) = (mark.sign(), y + 4);
    format!("<g class=\"sign\">{circle}<text x=\"{x}\" y=\"{y}\">{sign}</text></g>")
}

fn class(role: Role) -> String {
    use crate::picture::shown::diagram::Exposure;
    match role {
        Role::Vpc => "vpc".to_owned(),
        Role::Zone => "zone".to_owned(),
        Role::Subnet(Exposure::Public) => "subnet public".to_owned(),
        Role::Subnet(Exposure::Private) => "subnet private".to_owned(),
        Role::Subnet(Exposure::Isolated) => "subnet isolated".to_owned(),
        Role::Subnet(Exposure::Unread) => "subnet unread".to_owned(),
        Role::Item | Role::Edge | Role::Band => "item".to_owned(),
        Role::Chip(Tone::Group(colour)) => format!("chip group{colour}"),
        Role::Chip(Tone::Plain) => "chip".to_owned(),
        Role::Chip(Tone::Foreign) => "chip foreign".to_owned(),
        Role::Chip(Tone::Shield(verdict)) => format!("chip shield {}", word(verdict)),
        Role::Panel | Role::Sample(_) => "panel".to_owned(),
    }
}

fn text_element(text: &Text) -> String {
    let class = match text.style {
        Style::Heading => "heading".to_owned(),
        Style::Title => "title".to_owned(),
        Style::Note => "note".to_owned(),
        Style::Small => "small".to_owned(),
        Style::Claim(verdict) => format!("claim {}", word(verdict)),
    };
    let Point { mut x, y } = text.at;
    if text.style == Style::Small {
        // Fonts are narrower than is reckoned with: what is in a chip stands in its middle.
        x = text.rect().centre().x;
    }
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(&text.content))
}

fn line_element(line: &Line) -> String {
    stroke(&rounded(&line.points), line.meaning, &line.tooltip)
}

fn stroke(path: &str, meaning: Meaning, tooltip: &str) -> String {
    let kind = kind(meaning);
    let title = match tooltip {
        "" => String::new(),
        text => format!("<title>{}</title>", escape(text)),
    };
    format!(
        "<g class=\"line {kind}\">{title}<path d=\"{path}\" marker-end=\"url(#head-{kind})\"/></g>\n"
    )
}

fn kind(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Claim(verdict) => word(verdict),
        Meaning::Open => "open",
        Meaning::Stuck => "stuck",
        Meaning::Route => "route",
    }
}

/// A path through corners that are a little round.
fn rounded(points: &[Point]) -> String {
    const RADIUS: i32 = 6;
    let part = |length: i32| (length / 2).clamp(-RADIUS, RADIUS);
    let toward = |from: Point, to: Point| Point {
        x: from.x + part(to.x - from.x),
        y: from.y + part(to.y - from.y),
    };
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| points.get(before));
        match (before, points.get(index + 1)) {
            (None, _) => path += &format!("M{} {}", point.x, point.y),
            (Some(_), None) => path += &format!(" L{} {}", point.x, point.y),
            (Some(before), Some(after)) => {
                let (start, end) = (toward(*point, *before), toward(*point, *after));
                path += &format!(
                    " L{} {} Q{} {} {} {}",
                    start.x, start.y, point.x, point.y, end.x, end.y
                );
            }
        }
    }
    path
}

fn label_element(line: &Line) -> String {
    let Some((rect, text)) = &line.label else { return String::new() };
    let centre = rect.centre();
    format!(
        "<g class=\"label {}\"><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" \
         height=\"{}\" rx=\"8\"/><text x=\"{}\" y=\"{}\">{}</text></g>\n",
        kind(line.meaning),
        escape(&line.tooltip),
        rect.x,
        rect.y,
        rect.width,
        rect.height,
        centre.x,
        centre.y + 4,
        escape(text),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escape("<script>\"&'\u{0}\u{7}\n"), "&lt;script&gt;&quot;&amp;&#39; ");
    }

    #[test]
    fn corners_are_round() {
        let corner = [(0, 0), (24, 0), (24, 24)].map(|(x, y)| Point { x, y });
        assert_eq!(rounded(&corner), "M0 0 L18 0 Q24 0 24 6 L24 24");
    }
}
