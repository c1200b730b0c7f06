//! Supervised contrastive loss (Khosla et al., 2020) on the last hidden values: rows of a class come together, others part.

use serde::{Deserialize, Serialize};

use super::super::network::{back_through_units, unit_rows};
use crate::kernel::{Packed, multiply_wide};

/// A second loss beside the first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contrastive {
    /// How much it counts beside the loss of the answers.
    pub weight: f32,
    /// What cosines are divided by: the smaller, the more the nearest rows of other classes count.
    pub temperature: f32,
}

impl Default for Contrastive {
    fn default() -> Self {
        Self { weight: 0.1, temperature: 0.07 }
    }
}

impl Contrastive {
    /// Numbers that make sense.
    pub(super) fn is_sound(self) -> bool {
        self.weight >= 0.0 && self.weight.is_finite() && (0.01..=10.0).contains(&self.temperature)
    }

    /// The loss of a batch (a mean over rows with another of their class), and how each hidden value changes it.
    pub(super) fn pull(self, values: &[f32], width: usize, labels: &[usize], weights: &[f32]) -> (f64, Vec<f32>) {
        let mut units = values.to_vec();
        let inverse = unit_rows(&mut units, width);
        let count = labels.len();
        let partners = |at: usize| labels.iter().filter(|label| **label == labels[at]).count() - 1;
        let asked = |at: &usize| partners(*at) > 0 && weights[*at] > 0.0;
        let total: f32 = (0..count).filter(asked).map(|at| weights[at]).sum();
        let mut told = vec![0.0; count * count];
        multiply_wide(&units, &Packed::from_columns(&units, width), &mut told);
        told.iter_mut().for_each(|cosine| *cosine /= self.temperature);
        let (mut loss, mut pulls) = (0.0, vec![0.0; count * count]);
        for at in (0..count).filter(asked) {
            let share = self.weight * weights[at] / total;
            let row = &mut told[at * count..][..count];
            loss += f64::from(share) * judge(at, labels, partners(at), row);
            for (other, error) in row.iter().enumerate() {
                // A likeness changes with both of its rows.
                let pull = share * error / self.temperature;
                pulls[at * count + other] += pull;
                pulls[other * count + at] += pull;
            }
        }
        let mut slope = vec![0.0; values.len()];
        multiply_wide(&pulls, &Packed::from_rows(&units, width), &mut slope);
        back_through_units(&units, &inverse, &mut slope, width);
        (loss, slope)
    }
}

/// Mean −log of the chance to draw a partner of a row by likeness; likenesses become its slopes.
fn judge(at: usize, labels: &[usize], partners: usize, told: &mut [f32]) -> f64 {
    let others = || (0..labels.len()).filter(|other| *other != at);
    let most = others().map(|other| told[other]).fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = others().map(|other| f64::from(told[other] - most).exp()).sum();
    let log = f64::from(most) + sum.ln();
    let mut loss = 0.0;
    for other in others() {
        let wanted = if labels[other] == labels[at] { 1.0 / partners as f64 } else { 0.0 };
        loss += wanted * (log - f64::from(told[other]));
        told[other] = ((f64::from(told[other]) - log).exp() - wanted) as f32;
    }
    told[at] = 0.0;
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_formula_of_the_paper() {
        // Three rows, two of a class, at temperature 1: their cosines are .6, 0 and .8.
        let values = [1.0, 0.0, 0.6, 0.8, 0.0, 2.0];
        let all = Contrastive { weight: 1.0, temperature: 1.0 };
        let (loss, _) = all.pull(&values, 2, &[0, 0, 1], &[1.0; 3]);
        let (near, far, other) = (0.6f64.exp(), 0.0f64.exp(), 0.8f64.exp());
        let wanted = (-(near / (near + far)).ln() - (near / (near + other)).ln()) / 2.0;
        assert!((loss - wanted).abs() < 1e-6, "{loss} {wanted}");
    }

    #[test]
    fn a_batch_without_partners_pulls_nothing() {
        let (loss, slope) = Contrastive::default().pull(&[1.0, 0.0, 0.0, 1.0], 2, &[0, 1], &[1.0; 2]);
        assert_eq!((loss, slope), (0.0, vec![0.0; 4]));
    }
}
