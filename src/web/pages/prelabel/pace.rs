//! How fast the stages of a run go, as bars.

use serde_json::Value;

/// The stages and the one that the others wait for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// In their order.
    pub stages: Vec<StageLine>,
    /// The slowest.
    pub bottleneck: String,
}

/// A stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StageLine {
    /// `decode`, a pass, or `write`.
    pub name: String,
    /// Images it worked on.
    pub images: u64,
    /// Images a second while it worked.
    pub rate: f64,
    /// Share of the time that it worked, in percent.
    pub busy: u64,
    /// The others wait for it.
    pub slowest: bool,
}

impl Pace {
    /// Reads what a job tells under way or at its end.
    #[must_use]
    pub fn read(told: &Value) -> Option<Self> {
        let stages = told["stages"].as_array()?;
        let bottleneck = told["bottleneck"].as_str().unwrap_or_default().to_owned();
        let line = |stage: &Value| {
            // A prepass says `stage` and `images`, an embedding job `name` and `done`.
            let name = stage["stage"].as_str().or(stage["name"].as_str()).unwrap_or_default().to_owned();
            StageLine {
                images: stage["images"].as_u64().or(stage["done"].as_u64()).unwrap_or_default(),
                rate: stage["images_per_s"].as_f64().unwrap_or_default(),
                busy: (stage["busy"].as_f64().unwrap_or_default() * 100.0).round().clamp(0.0, 100.0) as u64,
                slowest: name == bottleneck,
                name,
            }
        };
        Some(Self { stages: stages.iter().map(line).collect(), bottleneck })
    }
}

impl StageLine {
    /// `31.4 a second`, or that all was known.
    #[must_use]
    pub fn rate_words(&self) -> String {
        match (self.images, self.rate) {
            (0, _) => "nothing to do".into(),
            (_, rate) if rate <= 0.0 => "–".into(),
            (_, rate) if rate >= 100.0 => format!("{rate:.0} a second"),
            (_, rate) => format!("{rate:.1} a second"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_job_tells_becomes_bars() {
        let told = json!({ "bottleneck": "a:full", "stages": [
            { "stage": "decode", "images": 8, "seconds": 0.1, "images_per_s": 80.0, "busy": 0.1 },
            { "stage": "a:full", "images": 0, "seconds": 0.0, "images_per_s": 0.0, "busy": 1.2 }] });
        let pace = Pace::read(&told).unwrap();
        assert!(pace.stages[1].slowest && !pace.stages[0].slowest);
        assert_eq!((pace.stages[0].busy, pace.stages[1].busy), (10, 100));
        assert_eq!(pace.stages[1].rate_words(), "nothing to do");
        assert_eq!(Pace::read(&json!({})), None);
    }
}
