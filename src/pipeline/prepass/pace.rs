//! How fast each stage of a run goes, and which one takes most of the time.

use std::time::Instant;

use super::looks::Pass;
use crate::jobs::StageProgress;

/// The clock of a run. Each lane goes through all stages, one after the other, beside the others.
pub(super) struct Pace {
    begun: Instant,
    lanes: usize,
    /// Reading and decoding, each pass, and keeping what was found.
    stages: Vec<Stage>,
}

#[derive(Clone)]
struct Stage {
    name: String,
    images: usize,
    /// Of all lanes together.
    seconds: f64,
}

impl Pace {
    pub fn new(passes: &[Pass], lanes: usize) -> Self {
        let names = passes.iter().map(|pass| pass.source_run.to_string());
        let names = std::iter::once("decode".to_owned()).chain(names).chain(["write".to_owned()]);
        let stages = names.map(|name| Stage { name, images: 0, seconds: 0.0 }).collect();
        Self { begun: Instant::now(), lanes, stages }
    }

    pub fn read(&mut self, images: usize, seconds: f64) {
        self.add(0, images, seconds);
    }

    pub fn looked(&mut self, pass: usize, images: usize, seconds: f64) {
        self.add(1 + pass, images, seconds);
    }

    pub fn wrote(&mut self, images: usize, seconds: f64) {
        // One at a time keeps what all found: its seconds are those of all lanes.
        self.add(self.stages.len() - 1, images, seconds * self.lanes as f64);
    }

    fn add(&mut self, stage: usize, images: usize, seconds: f64) {
        let stage = &mut self.stages[stage];
        stage.images += images;
        stage.seconds += seconds;
    }

    /// Seconds since the run began looking.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Seconds of a lane for one image in decoding and in each pass; 0 where nothing was to do.
    pub fn seconds_each(&self) -> (f64, Vec<f64>) {
        let each = |stage: &Stage| stage.seconds / stage.images.max(1) as f64;
        (each(&self.stages[0]), self.stages[1..self.stages.len() - 1].iter().map(each).collect())
    }

    pub fn stages(&self) -> Vec<StageProgress> {
        let (wall, lanes) = (self.seconds().max(1e-9), self.lanes as f64);
        let told = |stage: &Stage| StageProgress {
            name: stage.name.clone(),
            done: stage.images as u64,
            busy: stage.seconds / lanes / wall,
            images_per_s: if stage.seconds > 0.0 { stage.images as f64 * lanes / stage.seconds } else { 0.0 },
        };
        self.stages.iter().map(told).collect()
    }

    /// The stage that takes most of the time, once there is one.
    pub fn bottleneck(&self) -> Option<String> {
        let slowest = self.stages.iter().max_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
        (slowest.seconds > 0.0).then(|| slowest.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_as_fast_as_all_lanes_at_it() {
        let mut pace = Pace::new(&[], 2);
        assert_eq!(pace.bottleneck(), None);
        pace.read(8, 0.5);
        pace.read(8, 0.5);
        pace.wrote(16, 0.1);
        let stages = pace.stages();
        assert_eq!((stages[0].name.as_str(), stages[0].done, stages[0].images_per_s), ("decode", 16, 32.0));
        assert!((stages[1].images_per_s - 160.0).abs() < 1e-9);
        assert_eq!(pace.bottleneck().as_deref(), Some("decode"));
    }
}
