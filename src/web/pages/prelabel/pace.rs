//! How fast the stages of a run go, as bars.

use serde_json::Value;
use tator_pipeline::StageProgress;

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
    /// Images, or boxes of them, that it worked on.
    pub done: u64,
    /// Of those a second, while it worked.
    pub rate: f64,
    /// Share of the time that it worked, in percent.
    pub busy: u64,
    /// The others wait for it.
    pub slowest: bool,
}

impl Pace {
    /// Reads what a job tells under way, or a report or record at its end.
    #[must_use]
    pub fn read(told: &Value) -> Option<Self> {
        let stages: Vec<StageProgress> = serde_json::from_value(told["stages"].clone()).ok()?;
        let bottleneck = told["bottleneck"].as_str().unwrap_or_default().to_owned();
        let line = |stage: StageProgress| StageLine {
            done: stage.done,
            rate: stage.images_per_s,
            busy: (stage.busy * 100.0).round().clamp(0.0, 100.0) as u64,
            slowest: stage.name == bottleneck,
            name: stage.name,
        };
        Some(Self { stages: stages.into_iter().map(line).collect(), bottleneck })
    }
}

impl StageLine {
    /// `31.4 a second`, or that all was known.
    #[must_use]
    pub fn rate_words(&self) -> String {
        match (self.done, self.rate) {
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
            { "name": "decode", "done": 8, "images_per_s": 80.0, "busy": 0.1 },
            { "name": "a:full", "done": 0, "images_per_s": 0.0, "busy": 1.2 }] });
        let pace = Pace::read(&told).unwrap();
        assert!(pace.stages[1].slowest && !pace.stages[0].slowest);
        assert_eq!((pace.stages[0].busy, pace.stages[1].busy), (10, 100));
        assert_eq!(pace.stages[1].rate_words(), "nothing to do");
        assert_eq!(Pace::read(&json!({})), None);
    }

    #[test]
    fn records_of_older_runs_are_read_too() {
        let told = json!({ "bottleneck": "decode", "stages": [
            { "stage": "decode", "images": 8, "seconds": 0.1, "images_per_s": 80.0, "busy": 0.1 }] });
        let line = &Pace::read(&told).unwrap().stages[0];
        assert_eq!((line.name.as_str(), line.done, line.slowest), ("decode", 8, true));
    }
}
