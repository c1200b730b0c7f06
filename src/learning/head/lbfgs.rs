//! Minimises a smooth function: limited-memory BFGS (Nocedal), one step at a time so that each can be logged.

use std::collections::VecDeque;

/// How many past steps shape the next.
const MEMORY: usize = 10;
/// Trials of a line search; each costs one pass over the data.
const TRIALS: usize = 20;

/// A place with what is known there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Point {
    pub place: Vec<f64>,
    pub value: f64,
    pub slope: Vec<f64>,
}

/// What was learnt of the curvature.
#[derive(Default)]
pub(crate) struct Memory {
    steps: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

impl Memory {
    /// One step downhill; `None` when no lower place can be told from rounding any more.
    pub fn step(&mut self, from: &Point, evaluate: &mut dyn FnMut(&[f64]) -> (f64, Vec<f64>)) -> Option<Point> {
        let found = self.search(from, evaluate);
        if found.is_none() && !self.steps.is_empty() {
            // A stale picture of the curvature may be to blame: once more, straight downhill.
            self.steps.clear();
            return self.search(from, evaluate);
        }
        found
    }

    fn search(&mut self, from: &Point, evaluate: &mut dyn FnMut(&[f64]) -> (f64, Vec<f64>)) -> Option<Point> {
        let direction = self.direction(&from.slope);
        let fall = dot(&direction, &from.slope);
        let length = dot(&from.slope, &from.slope).sqrt();
        if !fall.is_finite() || fall >= 0.0 || length == 0.0 {
            return None;
        }
        let first = if self.steps.is_empty() { (1.0 / length).min(1.0) } else { 1.0 };
        let point = wolfe(from, &direction, fall, first, evaluate)?;
        self.remember(from, &point);
        Some(point)
    }

    fn remember(&mut self, from: &Point, to: &Point) {
        let step: Vec<f64> = to.place.iter().zip(&from.place).map(|(a, b)| a - b).collect();
        let turn: Vec<f64> = to.slope.iter().zip(&from.slope).map(|(a, b)| a - b).collect();
        let bend = dot(&step, &turn);
        if bend > 1e-14 * dot(&turn, &turn) {
            self.steps.push_back((step, turn, 1.0 / bend));
        }
        if self.steps.len() > MEMORY {
            self.steps.pop_front();
        }
    }

    /// The two-loop recursion.
    fn direction(&self, slope: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = slope.iter().map(|value| -value).collect();
        let mut shares = Vec::with_capacity(self.steps.len());
        for (step, turn, inverse) in self.steps.iter().rev() {
            let share = inverse * dot(step, &q);
            q.iter_mut().zip(turn).for_each(|(q, y)| *q -= share * y);
            shares.push(share);
        }
        if let Some((_, turn, inverse)) = self.steps.back() {
            let scale = 1.0 / (inverse * dot(turn, turn));
            q.iter_mut().for_each(|q| *q *= scale);
        }
        for ((step, turn, inverse), share) in self.steps.iter().zip(shares.iter().rev()) {
            let correction = share - inverse * dot(turn, &q);
            q.iter_mut().zip(step).for_each(|(q, s)| *q += correction * s);
        }
        q
    }
}

/// Bisects until the value fell enough and the slope flattened enough (weak Wolfe conditions, Lewis and Overton).
fn wolfe(
    from: &Point,
    direction: &[f64],
    fall: f64,
    first: f64,
    evaluate: &mut dyn FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Option<Point> {
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, first);
    // Values are sums of numbers of 24 bits: below this, differences are rounding.
    let noise = 1e-7 * from.value.abs();
    let mut best = None;
    for _ in 0..TRIALS {
        let place: Vec<f64> = from.place.iter().zip(direction).map(|(x, d)| x + length * d).collect();
        let (value, slope) = evaluate(&place);
        let along = dot(&slope, direction);
        // Where the value says nothing any more, the slope still tells whether the valley was overshot (Hager and Zhang).
        let lower = value <= from.value + 1e-4 * length * fall;
        let level = value <= from.value + noise && along <= -0.9998 * fall;
        if !value.is_finite() || !(lower || level) {
            high = length;
        } else if along < 0.9 * fall {
            low = length;
            best = Some(Point { place, value, slope });
        } else {
            return Some(Point { place, value, slope });
        }
        length = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * low };
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_walked_to_its_end() {
        let mut evaluate = |p: &[f64]| {
            let (x, y) = (p[0], p[1]);
            let value = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
            (value, vec![-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)])
        };
        let (value, slope) = evaluate(&[-1.2, 1.0]);
        let (mut point, mut memory) = (Point { place: vec![-1.2, 1.0], value, slope }, Memory::default());
        for _ in 0..100 {
            let Some(next) = memory.step(&point, &mut evaluate) else { break };
            assert!(next.value <= point.value + 1e-9);
            point = next;
        }
        assert!((point.place[0] - 1.0).abs() < 1e-4 && (point.place[1] - 1.0).abs() < 1e-4, "{point:?}");
    }

    #[test]
    fn at_the_bottom_there_is_no_step() {
        let flat = Point { place: vec![0.0], value: 0.0, slope: vec![0.0] };
        assert!(Memory::default().step(&flat, &mut |p| (p[0] * p[0], vec![2.0 * p[0]])).is_none());
    }
}
