//! AdamW (Loshchilov and Hutter, 2019).

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;

/// Running means of slopes and of their squares.
pub(super) struct AdamW {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
    decay: f32,
    /// Whether a number shrinks: weights do, intercepts and scales do not.
    shrinks: Vec<bool>,
}

impl AdamW {
    pub fn new(decay: f32, shrinks: Vec<bool>) -> Self {
        let zeros = vec![0.0; shrinks.len()];
        Self { mean: zeros.clone(), square: zeros, steps: 0, decay, shrinks }
    }

    pub fn step(&mut self, numbers: &mut [f32], slope: &[f32], rate: f32) {
        self.steps += 1;
        let (first, second) = (1.0 - FIRST.powi(self.steps), 1.0 - SECOND.powi(self.steps));
        let moments = self.mean.iter_mut().zip(&mut self.square).zip(&self.shrinks);
        for ((number, slope), ((mean, square), shrinks)) in numbers.iter_mut().zip(slope).zip(moments) {
            *mean = FIRST * *mean + (1.0 - FIRST) * slope;
            *square = SECOND * *square + (1.0 - SECOND) * slope * slope;
            let decay = if *shrinks { rate * self.decay * *number } else { 0.0 };
            *number -= decay + rate * (*mean / first) / ((*square / second).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_rate_long_and_weights_shrink() {
        let mut numbers = [1.0, 1.0];
        AdamW::new(0.1, vec![true, false]).step(&mut numbers, &[0.3, -5.0], 0.01);
        assert!((numbers[0] - (1.0 - 0.01 - 0.001)).abs() < 1e-5 && (numbers[1] - 1.01).abs() < 1e-5);
    }
}
