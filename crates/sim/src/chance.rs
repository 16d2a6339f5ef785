//! Random-looking numbers that follow from a seed alone, so that every run can be repeated.

use std::fmt::Write as _;

/// A number that depends on the seed and the words, and looks like no other.
pub(crate) fn mix(seed: u64, words: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for word in words {
        // The byte that no UTF-8 text holds keeps ["ab", "c"] and ["a", "bc"] apart.
        for byte in word.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    scramble(hash)
}

/// So many hexadecimal digits that depend on the seed and the words.
pub(crate) fn hex(seed: u64, words: &[&str], digits: usize) -> String {
    let mut text = String::new();
    let mut part = mix(seed, words);
    while text.len() < digits {
        // Writing to a string cannot fail.
        let _ = write!(text, "{part:016x}");
        part = scramble(part);
    }
    text.truncate(digits);
    text
}

/// The finisher of `SplitMix64`.
fn scramble(mut number: u64) -> u64 {
    number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A row of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(scramble(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.0)
    }

    /// A number from 0 to `below`, without it; 0 if `below` is.
    pub(crate) fn below(&mut self, below: u64) -> u64 {
        if below == 0 { 0 } else { self.next() % below }
    }

    /// Elements in another order.
    pub(crate) fn shuffle<T>(&mut self, elements: &mut [T]) {
        for last in (1..elements.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            elements.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_and_another_gives_another() {
        assert_eq!(hex(1, &["vpc", "main"], 17), hex(1, &["vpc", "main"], 17));
        assert_ne!(hex(1, &["vpc", "main"], 17), hex(2, &["vpc", "main"], 17));
        assert_ne!(hex(1, &["vpcm", "ain"], 17), hex(1, &["vpc", "main"], 17));
        assert_eq!(hex(1, &["x"], 17).len(), 17);
    }

    #[test]
    fn a_shuffle_keeps_the_elements() {
        let mut elements: Vec<u32> = (0..20).collect();
        Dice::new(3).shuffle(&mut elements);
        assert_ne!(elements, (0..20).collect::<Vec<_>>());
        elements.sort_unstable();
        assert_eq!(elements, (0..20).collect::<Vec<_>>());
    }
}
