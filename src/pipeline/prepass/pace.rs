//! How fast each stage of a run goes, and which one the others wait for.

use std::time::Instant;

use serde::Serialize;
use serde_json::{Value, json};

use super::looks::Pass;

/// How fast a stage goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StagePace {
    /// `decode`, a pass such as `yolox:full`, or `write`.
    pub stage: String,
    /// Images that went through it; the others were known already.
    pub images: usize,
    /// Seconds it worked.
    pub seconds: f64,
    /// Images a second while it worked.
    pub images_per_s: f64,
    /// Share of the run's time that it worked.
    pub busy: f64,
}

/// The clock of a run.
pub(super) struct Pace {
    begun: Instant,
    total: usize,
    done: usize,
    /// Images and seconds of reading and decoding.
    reading: (usize, f64),
    /// Seconds the models waited for pictures.
    starved: f64,
    passes: Vec<(String, usize, f64)>,
    /// Answers and seconds of keeping them.
    writing: (usize, f64),
}

impl Pace {
    pub fn new(passes: &[Pass], total: usize) -> Self {
        let passes = passes.iter().map(|pass| (pass.source_run.to_string(), 0, 0.0)).collect();
        Self { begun: Instant::now(), total, done: 0, reading: (0, 0.0), starved: 0.0, passes, writing: (0, 0.0) }
    }

    pub fn read(&mut self, images: usize, seconds: f64, waited: f64) {
        self.done += images;
        self.reading = (self.reading.0 + images, self.reading.1 + seconds);
        self.starved += waited;
    }

    pub fn looked(&mut self, pass: usize, images: usize, seconds: f64) {
        let (_, count, sum) = &mut self.passes[pass];
        (*count, *sum) = (*count + images, *sum + seconds);
    }

    pub fn wrote(&mut self, images: usize, seconds: f64) {
        self.writing = (self.writing.0 + images, self.writing.1 + seconds);
    }

    /// Seconds since the run began looking.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    pub fn stages(&self) -> Vec<StagePace> {
        let wall = self.seconds().max(1e-9);
        let stage = |stage: &str, images: usize, seconds: f64| StagePace {
            stage: stage.to_owned(),
            images,
            seconds,
            images_per_s: if seconds > 0.0 { images as f64 / seconds } else { 0.0 },
            busy: seconds / wall,
        };
        let decode = stage("decode", self.reading.0, self.reading.1);
        let passes = self.passes.iter().map(|(name, images, seconds)| stage(name, *images, *seconds));
        let write = stage("write", self.writing.0, self.writing.1);
        std::iter::once(decode).chain(passes).chain([write]).collect()
    }

    /// What the others wait for: the busiest of decoding, all models together, and writing; of the models the slowest.
    pub fn bottleneck(&self) -> String {
        let looking: f64 = self.passes.iter().map(|(_, _, seconds)| seconds).sum();
        if self.starved > looking.max(self.writing.1) {
            return "decode".into();
        }
        if self.writing.1 > looking {
            return "write".into();
        }
        let slowest = self.passes.iter().max_by(|a, b| a.2.total_cmp(&b.2));
        slowest.map_or_else(|| "decode".into(), |(name, ..)| name.clone())
    }

    /// For the job's page.
    pub fn told(&self) -> Value {
        let done = self.done.min(self.total);
        json!({ "stages": self.stages(), "bottleneck": self.bottleneck(), "images": done, "of": self.total, "seconds": self.seconds() })
    }
}
