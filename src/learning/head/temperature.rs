//! Temperature scaling: how sure a head may be, fitted on rows that it was not trained on (Guo et al., 2017).

use rayon::prelude::*;

use super::network::softmax;

/// How many temperatures between 0.5 and 5 are tried.
const TRIALS: usize = 50;

/// The temperature between 0.5 and 5 with the lowest log loss, the lower of equals; 1 without rows.
pub fn best_temperature(logits: &[f32], labels: &[usize], classes: usize) -> f32 {
    let trial = |number: usize| 0.5 + 4.5 * number as f32 / (TRIALS - 1) as f32;
    let losses: Vec<f64> = (0..TRIALS).into_par_iter().map(|n| log_loss(logits, labels, classes, trial(n))).collect();
    let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    if labels.is_empty() { 1.0 } else { best.map_or(1.0, |(number, _)| trial(number)) }
}

/// The mean log loss at the best temperature.
pub(super) fn least_loss(logits: &[f32], labels: &[usize], classes: usize) -> f64 {
    log_loss(logits, labels, classes, best_temperature(logits, labels, classes)) / labels.len().max(1) as f64
}

fn log_loss(logits: &[f32], labels: &[usize], classes: usize, temperature: f32) -> f64 {
    let loss = |(row, label): (&[f32], &usize)| {
        let mut row: Vec<f32> = row.iter().map(|logit| logit / temperature).collect();
        softmax(&mut row, *label)
    };
    logits.chunks_exact(classes).zip(labels).map(loss).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boasting_logits_are_cooled() {
        // Three times out of four right, yet almost certain every time: log(3) would be honest.
        let logits = [6.0, 0.0].repeat(8);
        let found = best_temperature(&logits, &[0, 0, 0, 1, 0, 0, 0, 1], 2);
        assert!((found - 5.0).abs() < 1e-6, "{found}");
        let honest = best_temperature(&[3.0f32.ln(), 0.0].repeat(4), &[0, 0, 0, 1], 2);
        assert!((honest - 1.0).abs() < 0.1, "{honest}");
        assert_eq!(best_temperature(&[], &[], 2), 1.0);
    }
}
