//! ArcFace (Deng et al., 2019): a head that gives cosines, trained with an angle between what is right and what is told.

use serde::{Deserialize, Serialize};

/// A sine is at least this, so that a row in the very direction of its class does not leap.
const LEAST_SINE: f32 = 1e-3;

/// Training asks each row to be nearer to the direction of its class by a margin than the answer would need.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArcFace {
    /// The margin, an angle in radians.
    pub margin: f32,
    /// What cosines are multiplied with before they become probabilities.
    pub scale: f32,
}

impl Default for ArcFace {
    fn default() -> Self {
        Self { margin: 0.2, scale: 30.0 }
    }
}

impl ArcFace {
    /// Numbers that make sense.
    pub(super) fn is_sound(self) -> bool {
        (0.0..=1.0).contains(&self.margin) && self.scale > 0.0 && self.scale <= 1_000.0
    }

    /// The logit s·cos θ of the right class becomes s·cos(θ + m); gives back how much faster it moves then. Where θ + m
    /// would pass the half turn and the cosine rise again, it falls along a line instead.
    pub(super) fn turn(self, logit: &mut f32) -> f32 {
        let (sin, cos) = self.margin.sin_cos();
        let cosine = (*logit / self.scale).clamp(-1.0, 1.0);
        if cosine <= -cos {
            *logit = self.scale * (cosine - self.margin * sin);
            return 1.0;
        }
        let sine = (1.0 - cosine * cosine).sqrt().max(LEAST_SINE);
        *logit = self.scale * (cosine * cos - sine * sin);
        cos + sin * cosine / sine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_angle_grows_by_the_margin_until_the_half_turn() {
        let arcface = ArcFace::default();
        for angle in [0.1f32, 0.8, 1.5, 2.5, 2.9] {
            let mut logit = 30.0 * angle.cos();
            let slope = arcface.turn(&mut logit);
            assert!((logit - 30.0 * (angle + 0.2).cos()).abs() < 1e-3, "{angle}");
            assert!((slope - (angle + 0.2).sin() / angle.sin()).abs() < 1e-3, "{angle}");
        }
        let beyond = [3.0f32, 3.1].map(|angle| {
            let mut logit = 30.0 * angle.cos();
            assert_eq!(arcface.turn(&mut logit), 1.0);
            logit
        });
        assert!(beyond[0] > beyond[1], "farther away is never better");
    }
}
