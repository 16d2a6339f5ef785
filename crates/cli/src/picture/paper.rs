//! The paper: boxes with their texts, each at its place.

use super::diagram::{Exposure, Icon, Mark, Meaning, Tone};
use super::geometry::{Point, Rect};
use super::read::Name;
use super::text;

/// A picture, measured.
#[derive(Debug, Default)]
pub(super) struct Paper {
    pub(super) width: i32,
    pub(super) height: i32,
    /// Boxes; what is inside comes after what it is in.
    pub(super) shapes: Vec<Shape>,
    pub(super) lines: Vec<Line>,
}

/// A box.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) rect: Rect,
    pub(super) role: Role,
    /// What it stands for.
    pub(super) name: Option<Name>,
    pub(super) members: Vec<Name>,
    /// The box that it is in.
    pub(super) parent: Option<usize>,
    pub(super) icon: Icon,
    pub(super) mark: Option<Mark>,
    /// Whether others have it.
    pub(super) foreign: bool,
    pub(super) texts: Vec<Text>,
    /// All that it says, uncut.
    pub(super) tooltip: String,
}

/// What sort of box it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Vpc,
    Zone,
    Subnet(Exposure),
    Item,
    /// On the edge of a VPC, half in it.
    Edge,
    /// Across several subnets of a row, which are its neighbours and not its parents.
    Band,
    Chip(Tone),
    /// A frame around texts.
    Panel,
    /// A sample of a line, in the legend.
    Sample(Meaning),
}

/// A line of text.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// Where it begins, on its base line.
    pub(super) at: Point,
    pub(super) content: String,
    pub(super) style: Style,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Heading,
    Title,
    Note,
    Small,
    Claim(trueup_model::proof::Verdict),
}

/// An arrow, drawn.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) points: Vec<Point>,
    pub(super) meaning: Meaning,
    pub(super) tooltip: String,
    pub(super) label: Option<(Rect, String)>,
    /// The boxes at its ends, by their place in [`Paper::shapes`].
    #[cfg_attr(not(test), expect(dead_code, reason = "what a line joins is held by tests"))]
    pub(super) ends: (usize, usize),
}

impl Style {
    pub(super) const fn size(self) -> i32 {
        match self {
            Self::Heading => 18,
            Self::Title => 13,
            Self::Claim(_) => 12,
            Self::Note | Self::Small => 11,
        }
    }

    pub(super) const fn is_bold(self) -> bool {
        matches!(self, Self::Heading | Self::Title)
    }

    pub(super) fn width(self, content: &str) -> i32 {
        text::width(content, self.size(), self.is_bold())
    }
}

impl Text {
    /// The space that it takes.
    pub(super) fn rect(&self) -> Rect {
        let size = self.style.size();
        let width = self.style.width(&self.content);
        Rect::new(self.at.x, self.at.y - size + 1, width, size + size / 4)
    }
}

impl Shape {
    pub(super) fn new(rect: Rect, role: Role) -> Self {
        Self {
            rect,
            role,
            name: None,
            members: Vec::new(),
            parent: None,
            icon: Icon::None,
            mark: None,
            foreign: false,
            texts: Vec::new(),
            tooltip: String::new(),
        }
    }

    /// A text that is cut to the room between where it begins and `right`.
    pub(super) fn write(&mut self, at: Point, right: i32, style: Style, content: &str) {
        let content = text::fit(content, right - at.x, style.size(), style.is_bold());
        if !content.is_empty() {
            self.texts.push(Text { at, content, style });
        }
    }
}

impl Paper {
    /// Puts a box down, and says which it is.
    pub(super) fn put(&mut self, shape: Shape) -> usize {
        self.shapes.push(shape);
        self.shapes.len() - 1
    }

    /// The box that stands for something.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.shapes.iter().position(|shape| shape.name.as_deref() == Some(name))
    }

    /// Whether one box is in another, over any number of boxes.
    pub(super) fn is_within(&self, mut inner: usize, outer: usize) -> bool {
        while let Some(parent) = self.shapes[inner].parent {
            if parent == outer {
                return true;
            }
            inner = parent;
        }
        false
    }
}
