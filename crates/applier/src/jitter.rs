//! Numbers that look random and repeat with their seed.

/// A source of fractions (`SplitMix64`): spreads retries, decides nothing.
pub(crate) struct Jitter(u64);

impl Jitter {
    /// A source for one part of a run: equal seed and part give equal numbers, whatever the other
    /// parts do meanwhile.
    pub(crate) fn new(seed: u64, part: u64) -> Self {
        let mut source = Self(seed ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        source.next();
        source
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        let top = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(top) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_repeat_and_parts_differ() {
        let draw = |seed, part| {
            let mut jitter = Jitter::new(seed, part);
            (0..100).map(|_| jitter.fraction()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn fractions_fill_the_whole_range() {
        let mut jitter = Jitter::new(7, 0);
        let all: Vec<f64> = (0..10_000).map(|_| jitter.fraction()).collect();
        assert!(all.iter().all(|fraction| (0.0..=1.0).contains(fraction)));
        let mean = all.iter().sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
    }
}
