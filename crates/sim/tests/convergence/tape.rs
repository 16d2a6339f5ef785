//! Choices, read off a tape.
//!
//! A failing run is shrunk by shortening its tape and making its numbers smaller: what has run out
//! chooses the first and the simplest.

/// Choices, read off a tape.
pub(crate) struct Tape {
    numbers: Vec<u16>,
    read: usize,
}

impl Tape {
    pub(crate) fn new(numbers: Vec<u16>) -> Self {
        Self { numbers, read: 0 }
    }

    /// One of so many; the first, if the tape has run out.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let number = self.numbers.get(self.read).copied().unwrap_or_default();
        self.read += 1;
        usize::from(number) % count
    }

    /// True so many times of ten; false, if the tape has run out.
    pub(crate) fn happens(&mut self, of_ten: usize) -> bool {
        self.below(10) >= 10 - of_ten
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A seed of what has dice of its own.
    pub(crate) fn seed(&mut self) -> u64 {
        self.below(usize::from(u16::MAX)) as u64
    }
}
