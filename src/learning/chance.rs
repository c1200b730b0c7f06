//! Chance that can be repeated: the same seed gives the same numbers on every machine.

/// A stream of pseudo-random numbers: SplitMix64, by Steele, Lea and Flood.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// An independent stream for part `number` of a computation.
    pub fn part(seed: u64, number: u64) -> Self {
        Self(hash(seed, number))
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "this stream never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..below; the bias of the multiplication is below 2⁻³².
    pub fn below(&mut self, below: usize) -> usize {
        ((u128::from(self.next()) * below as u128) >> 64) as usize
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Gamma with that shape and scale 1 (Marsaglia and Tsang).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * (1.0 - self.unit()).powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// Beta(a, a), the mixing share of mixup.
    pub fn beta(&mut self, a: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(a));
        if x + y > 0.0 { x / (x + y) } else { 0.5 }
    }

    /// Puts the items in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// An index, each with the chance of its weight; the last of positive weight when rounding leaves none.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
    }
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number that depends on both and looks random: orders items reproducibly, whatever else is there.
pub fn hash(seed: u64, item: u64) -> u64 {
    mixed(mixed(seed.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ item.wrapping_mul(0xff51_afd7_ed55_8ccd))
}

/// The fold of an item, 0 to `folds` − 1: the same for every part of a dataset it is asked with.
#[must_use]
pub fn fold_of(item: i64, seed: u64, folds: usize) -> usize {
    (hash(seed, item.cast_unsigned()) % folds.max(1) as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        let mut chance = Chance::new(1_234_567);
        assert_eq!([chance.next(), chance.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn draws_have_the_moments_they_should() {
        let mut chance = Chance::new(1);
        let mean = |draw: &mut dyn FnMut() -> f64| (0..20_000).map(|_| draw()).sum::<f64>() / 20_000.0;
        assert!((mean(&mut || chance.unit()) - 0.5).abs() < 0.01);
        assert!(mean(&mut || chance.normal()).abs() < 0.03);
        assert!((mean(&mut || chance.normal().powi(2)) - 1.0).abs() < 0.05);
        assert!((mean(&mut || chance.gamma(0.3)) - 0.3).abs() < 0.02);
        assert!((mean(&mut || chance.beta(0.1)) - 0.5).abs() < 0.02);
    }

    #[test]
    fn shuffling_keeps_every_item_and_weights_are_honoured() {
        let (mut chance, mut items) = (Chance::new(7), (0..50).collect::<Vec<_>>());
        chance.shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
        assert!((0..100).all(|_| chance.weighted(&[0.0, 2.0, 0.0]) == 1));
    }
}
