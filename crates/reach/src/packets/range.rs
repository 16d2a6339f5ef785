//! Canonical sets of numbers, kept as ranges: the one-dimensional part of a packet set.

/// A number that has neighbours: what a [`RangeSet`] is made of.
pub trait Point: Copy + Ord + std::fmt::Debug {
    /// The smallest value.
    const MIN: Self;
    /// The largest value.
    const MAX: Self;
    /// The next larger value, or `None` at the end.
    fn next(self) -> Option<Self>;
    /// The next smaller value, or `None` at the beginning.
    fn previous(self) -> Option<Self>;
}

macro_rules! point {
    ($($number:ty),*) => {$(
        impl Point for $number {
            const MIN: Self = Self::MIN;
            const MAX: Self = Self::MAX;
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }
            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
        }
    )*};
}
point!(u16, u32, u128);

/// A set of numbers. Two sets with the same members are equal as values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RangeSet<T> {
    /// Inclusive, ascending, with a gap of at least one number between neighbours.
    ranges: Vec<(T, T)>,
}

impl<T: Point> RangeSet<T> {
    /// No number at all.
    pub fn empty() -> Self {
        Self { ranges: Vec::new() }
    }

    /// Every number.
    pub fn full() -> Self {
        Self { ranges: vec![(T::MIN, T::MAX)] }
    }

    /// One number.
    pub fn one(value: T) -> Self {
        Self { ranges: vec![(value, value)] }
    }

    /// All numbers from `low` to `high`, both included; empty when `low > high`.
    pub fn range(low: T, high: T) -> Self {
        Self { ranges: if low <= high { vec![(low, high)] } else { Vec::new() } }
    }

    /// The union of inclusive ranges, in any order, overlapping or not.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut sorted: Vec<(T, T)> =
            ranges.into_iter().filter(|(low, high)| low <= high).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(sorted.len());
        for (low, high) in sorted {
            match merged.last_mut() {
                Some(last) if last.1.next().is_none_or(|after| low <= after) => {
                    last.1 = last.1.max(high);
                }
                _ => merged.push((low, high)),
            }
        }
        Self { ranges: merged }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether every number is a member.
    pub fn is_full(&self) -> bool {
        self.ranges.len() == 1 && self.ranges[0] == (T::MIN, T::MAX)
    }

    /// The inclusive ranges, ascending, none touching the next.
    pub fn ranges(&self) -> &[(T, T)] {
        &self.ranges
    }

    /// The smallest member.
    pub fn first(&self) -> Option<T> {
        self.ranges.first().map(|range| range.0)
    }

    /// Whether `value` is a member.
    pub fn contains(&self, value: T) -> bool {
        let after = self.ranges.partition_point(|range| range.0 <= value);
        after > 0 && value <= self.ranges[after - 1].1
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_full() || other.is_empty() {
            return self.clone();
        }
        if other.is_full() || self.is_empty() {
            return other.clone();
        }
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied())
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_full() {
            return other.clone();
        }
        if other.is_full() {
            return self.clone();
        }
        let mut common = Vec::new();
        self.for_each_overlap(other, |low, high| {
            common.push((low, high));
            true
        });
        Self { ranges: common }
    }

    /// Whether the sets have a common member.
    pub fn overlaps(&self, other: &Self) -> bool {
        let mut found = false;
        self.for_each_overlap(other, |_, _| {
            found = true;
            false
        });
        found
    }

    /// What is not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.ranges.len() + 1);
        let mut start = Some(T::MIN);
        for &(low, high) in &self.ranges {
            if let (Some(from), Some(until)) = (start, low.previous())
                && from <= until
            {
                gaps.push((from, until));
            }
            start = high.next();
        }
        if let Some(from) = start {
            gaps.push((from, T::MAX));
        }
        Self { ranges: gaps }
    }

    /// What is in this set but not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        if self.is_empty() || !self.overlaps(other) {
            return self.clone();
        }
        self.intersection(&other.complement())
    }

    /// Whether every member is also one of `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        other.is_full() || self.difference(other).is_empty()
    }

    /// Calls `visit` for each common range in order, until it says `false`.
    fn for_each_overlap(&self, other: &Self, mut visit: impl FnMut(T, T) -> bool) {
        let (mut mine, mut theirs) = (0, 0);
        while mine < self.ranges.len() && theirs < other.ranges.len() {
            let (a, b) = (self.ranges[mine], other.ranges[theirs]);
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            if low <= high && !visit(low, high) {
                return;
            }
            if a.1 < b.1 {
                mine += 1;
            } else {
                theirs += 1;
            }
        }
    }
}

impl<T: Point> FromIterator<(T, T)> for RangeSet<T> {
    fn from_iter<I: IntoIterator<Item = (T, T)>>(ranges: I) -> Self {
        Self::from_ranges(ranges)
    }
}
