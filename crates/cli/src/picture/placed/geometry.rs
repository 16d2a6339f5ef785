//! Points and rectangles, in whole pixels.

/// Boxes start and end on multiples of this; arrows run halfway between.
pub(crate) const STEP: i32 = 12;

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// An upright rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rect {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

impl Rect {
    pub(crate) const fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        Self { x, y, width, height }
    }

    pub(crate) const fn right(&self) -> i32 {
        self.x + self.width
    }

    pub(crate) const fn bottom(&self) -> i32 {
        self.y + self.height
    }

    pub(crate) const fn centre(&self) -> Point {
        Point { x: self.x + self.width / 2, y: self.y + self.height / 2 }
    }

    /// Whether they share more than a border.
    pub(crate) const fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    /// Whether the other is wholly in it.
    pub(crate) const fn contains(&self, other: &Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.right() >= other.right()
            && self.bottom() >= other.bottom()
    }

    /// Whether the place is in it or on its border.
    #[cfg(test)]
    pub(crate) const fn holds(&self, point: Point) -> bool {
        self.x <= point.x
            && point.x <= self.right()
            && self.y <= point.y
            && point.y <= self.bottom()
    }
}

/// The next multiple of the step.
pub(crate) const fn up(pixels: i32) -> i32 {
    (pixels + STEP - 1) / STEP * STEP
}
