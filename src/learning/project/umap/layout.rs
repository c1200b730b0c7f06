//! Springs: bonds pull, random others push, less and less with every round.
//!
//! A row moves by its own bonds while all others stand where the round before left them. That needs twice the pull,
//! since no bond moves its other end, and gives the same places on any number of threads.

use rayon::prelude::*;

use super::UmapOptions;
use super::fuzzy::Graph;
use crate::chance::Chance;
use crate::{Error, Watch};

/// The curve `1 / (1 + a·d²ᵇ)` of a bond by distance, for points that may lie 0.1 apart (the reference's defaults).
const A: f32 = 1.576_943_5;
const B: f32 = 0.895_060_9;
/// A step along one axis is no longer.
const LONGEST: f32 = 4.0;
/// Rows that one thread moves at a time.
const BAND: usize = 256;

/// Where rows come to rest.
pub(super) fn settled(
    graph: &Graph,
    start: Vec<[f32; 2]>,
    options: &UmapOptions,
    watch: Watch<'_>,
) -> Result<Vec<[f32; 2]>, Error> {
    let epochs = options.epochs.unwrap_or(if graph.rows() <= 10_000 { 500 } else { 200 }).max(1);
    let strongest = graph.strongest();
    let (mut now, mut next) = (start.clone(), start);
    for epoch in 0..epochs {
        crate::error::report(watch, epoch, epochs)?;
        let round = Round { graph, now: &now, strongest, epoch, epochs, options };
        next.par_chunks_mut(BAND).enumerate().for_each(|(band, places)| {
            let rows = (band * BAND..).zip(places);
            rows.for_each(|(row, place)| *place = round.moved(row));
        });
        std::mem::swap(&mut now, &mut next);
    }
    Ok(now)
}

/// What a row sees in one round.
struct Round<'a> {
    graph: &'a Graph,
    now: &'a [[f32; 2]],
    strongest: f32,
    epoch: usize,
    epochs: usize,
    options: &'a UmapOptions,
}

impl Round<'_> {
    fn moved(&self, row: usize) -> [f32; 2] {
        let mut place = self.now[row];
        let pace = 1.0 - self.epoch as f32 / self.epochs as f32;
        let mut chance = Chance::part(self.options.seed, (self.epoch * self.now.len() + row) as u64);
        for (other, weight) in self.graph.of(row) {
            if !self.is_due(*weight) {
                continue;
            }
            step(&mut place, self.now[*other as usize], 2.0 * pace, pull);
            for _ in 0..self.options.negatives {
                let other = chance.below(self.now.len());
                if other != row {
                    step(&mut place, self.now[other], pace, push);
                }
            }
        }
        place
    }

    /// The strongest bond pulls in every round, one of half its strength in every second; the weakest never.
    fn is_due(&self, weight: f32) -> bool {
        let often = f64::from(weight / self.strongest);
        (often * (self.epoch + 1) as f64).floor() > (often * self.epoch as f64).floor()
    }
}

/// How strongly a bond pulls along the way to its other end, by squared distance.
fn pull(squared: f32) -> f32 {
    if squared <= 0.0 {
        return 0.0;
    }
    let power = squared.powf(B);
    -2.0 * A * B * power / squared / (1.0 + A * power)
}

/// How strongly another pushes.
fn push(squared: f32) -> f32 {
    if squared <= 0.0 {
        return 0.0;
    }
    2.0 * B / ((0.001 + squared) * (1.0 + A * squared.powf(B)))
}

fn step(place: &mut [f32; 2], other: [f32; 2], pace: f32, force: fn(f32) -> f32) {
    let way = [place[0] - other[0], place[1] - other[1]];
    let strength = force(way[0] * way[0] + way[1] * way[1]);
    for (at, way) in place.iter_mut().zip(way) {
        *at += pace * (strength * way).clamp(-LONGEST, LONGEST);
    }
}
