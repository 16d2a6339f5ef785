//! The paper: boxes with their texts, each at its place.

use super::geometry::{Point, Rect};
use super::text;
use crate::picture::known::read::Name;
use crate::picture::shown::diagram::{Exposure, Icon, Mark, Meaning, Tone};

/// A picture, measured.
#[derive(Debug, Default)]
pub(crate) struct Paper {
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// Boxes; what is inside comes after what it is in.
    pub(crate) shapes: Vec<Shape>,
    pub(crate) lines: Vec<Line>,
}

/// A box.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) rect: Rect,
    pub(crate) role: Role,
    /// What it stands for.
    pub(crate) name: Option<Name>,
    pub(crate) members: Vec<Name>,
    /// The box that it is in.
    pub(crate) parent: Option<usize>,
    pub(crate) icon: Icon,
    pub(crate) mark: Option<Mark>,
    /// Whether others have it.
    pub(crate) foreign: bool,
    pub(crate) texts: Vec<Text>,
    /// All that it says, uncut.
    pub(crate) tooltip: String,
}

/// What sort of box it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
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
pub(crate) struct Text {
    /// Where it begins, on its base line.
    pub(crate) at: Point,
    pub(crate) content: String,
    pub(crate) style: Style,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Heading,
    Title,
    Note,
    Small,
    Claim(trueup_model::proof::Verdict),
}

/// An arrow, drawn.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) points: Vec<Point>,
    pub(crate) meaning: Meaning,
    pub(crate) tooltip: String,
    pub(crate) label: Option<(Rect, String)>,
    /// The boxes at its ends, by their place in [`Paper::shapes`].
    #[cfg_attr(not(test), expect(dead_code, reason = "what a line joins is held by tests"))]
    pub(crate) ends: (usize, usize),
}

impl Style {
    pub(crate) const fn size(self) -> i32 {
        match self {
            Self::Heading => 18,
            Self::Title => 13,
            Self::Claim(_) => 12,
            Self::Note | Self::Small => 11,
        }
    }

    pub(crate) const fn is_bold(self) -> bool {
        matches!(self, Self::Heading | Self::Title)
    }

    pub(crate) fn width(self, content: &str) -> i32 {
        text::width(content, self.size(), self.is_bold())
    }
}

impl Text {
    /// The space that it takes.
    pub(crate) fn rect(&self) -> Rect {
        let size = self.style.size();
        let width = self.style.width(&self.content);
        Rect::new(self.at.x, self.at.y - size + 1, width, size + size / 4)
    }
}

impl Shape {
    pub(crate) fn new(rect: Rect, role: Role) -> Self {
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
    pub(crate) fn write(&mut self, at: Point, right: i32, style: Style, content: &str) {
        let content = text::fit(content, right - at.x, style.size(), style.is_bold());
        if !content.is_empty() {
            self.texts.push(Text { at, content, style });
        }
    }
}

impl Paper {
    /// Puts a box down, and says which it is.
    pub(crate) fn put(&mut self, shape: Shape) -> usize {
        self.shapes.push(shape);
        self.shapes.len() - 1
    }

    /// The box that stands for something.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.shapes.iter().position(|shape| shape.name.as_deref() == Some(name))
    }

    /// Whether one box is in another, over any number of boxes.
    pub(crate) fn is_within(&self, mut inner: usize, outer: usize) -> bool {
        while let Some(parent) = self.shapes[inner].parent {
            if parent == outer {
                return true;
            }
            inner = parent;
        }
        false
    }
}
