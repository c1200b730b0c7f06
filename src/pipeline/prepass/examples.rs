//! Which boxes of a class are its examples: the best, any good ones, or good ones of every source that lie far apart. The
//! same boxes and the same seed give the same examples.

use std::collections::BTreeMap;

use tator_domain::PixelBox;

use super::recipe::{SimilarityRecipe, Strategy};

/// Share of the eligible boxes that `diverse` takes.
const FRACTION: f64 = 0.2;
/// A source below its quota of one is preferred by this.
const QUOTA_BONUS: f64 = 0.2;

/// A box that may be an example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Offer<'a> {
    pub rect: PixelBox,
    pub score: f64,
    pub source: &'a str,
}

/// Places of the chosen ones, the first chosen first.
pub(super) fn choose(offers: &[Offer<'_>], recipe: &SimilarityRecipe, seed: u64, name: &str) -> Vec<usize> {
    let good = || (0..offers.len()).filter(|at| offers[*at].score >= recipe.least);
    match recipe.strategy {
        Strategy::Top => {
            let mut order: Vec<usize> = good().collect();
            order.sort_by(|a, b| offers[*b].score.total_cmp(&offers[*a].score).then(a.cmp(b)));
            order.truncate(recipe.count);
            order
        }
        Strategy::Random => {
            let mut order: Vec<usize> = good().collect();
            order.sort_by_key(|at| luck(seed, name, *at));
            order.truncate(recipe.count);
            order
        }
        Strategy::Diverse => diverse(offers, recipe, seed, name),
    }
}

/// A number that looks random and orders places reproducibly.
fn luck(seed: u64, name: &str, place: usize) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(name.as_bytes()).update(&(place as u64).to_le_bytes());
    hasher.finalize().as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// How sure a rank is among so many: from 1 for the best to 0, drawn to the middle where there are few.
fn rank_confidence(rank: usize, n: usize) -> f64 {
    let base = if n > 1 { 1.0 - rank as f64 / (n - 1) as f64 } else { 1.0 };
    let trust = n as f64 / (n as f64 + 4.0);
    trust * base + (1.0 - trust) * 0.5
}

/// Quality of each offer: its rank among all and within its source, scores themselves not compared.
fn qualities(offers: &[Offer<'_>]) -> Vec<f64> {
    let ranks = |of: &[usize]| {
        let mut order = of.to_vec();
        order.sort_by(|a, b| offers[*b].score.total_cmp(&offers[*a].score).then(a.cmp(b)));
        order.iter().enumerate().map(|(rank, at)| (*at, rank_confidence(rank, of.len()))).collect::<BTreeMap<_, _>>()
    };
    let all = ranks(&(0..offers.len()).collect::<Vec<_>>());
    let mut by_source: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    offers.iter().enumerate().for_each(|(at, offer)| by_source.entry(offer.source).or_default().push(at));
    let within: BTreeMap<usize, f64> = by_source.values().flat_map(|of| ranks(of)).collect();
    (0..offers.len()).map(|at| (0.6 * all[&at] + 0.4 * within[&at]).clamp(0.0, 1.0)).collect()
}

fn diverse(offers: &[Offer<'_>], recipe: &SimilarityRecipe, seed: u64, name: &str) -> Vec<usize> {
    let quality = qualities(offers);
    let mut eligible: Vec<usize> = (0..offers.len()).filter(|at| quality[*at] >= recipe.least).collect();
    if eligible.is_empty() {
        eligible = (0..offers.len()).collect();
    }
    let share = (FRACTION * eligible.len() as f64).ceil() as usize;
    let target = share.max(recipe.count).min(recipe.most).min(eligible.len());
    let centre = |at: usize| [offers[at].rect.x + offers[at].rect.w / 2.0, offers[at].rect.y + offers[at].rect.h / 2.0];
    let spread = diagonal(eligible.iter().map(|at| centre(*at)));
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < target {
        let value = |at: usize| {
            let far = chosen.iter().map(|other| distance(centre(at), centre(*other))).fold(f64::INFINITY, f64::min);
            let apart = if chosen.is_empty() || spread <= 0.0 { 1.0 } else { (far / spread).min(1.0) };
            let heard = chosen.iter().any(|other| offers[*other].source == offers[at].source);
            0.7 * quality[at] + 0.3 * apart + if heard { 0.0 } else { QUOTA_BONUS }
        };
        let left = eligible.iter().copied().filter(|at| !chosen.contains(at));
        let best =
            left.max_by(|a, b| value(*a).total_cmp(&value(*b)).then(luck(seed, name, *b).cmp(&luck(seed, name, *a))));
        let Some(best) = best else { break };
        chosen.push(best);
    }
    chosen
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Diagonal of the rectangle around some points.
fn diagonal(points: impl Iterator<Item = [f64; 2]>) -> f64 {
    let start = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    let (low, high) = points
        .fold(start, |(low, high), p| ([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]));
    if low[0].is_finite() { distance(low, high) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepass::recipe::Recipe;

    fn recipe(strategy: Strategy) -> SimilarityRecipe {
        let text = Recipe::preset("thorough").unwrap();
        SimilarityRecipe { strategy, ..Recipe::parse(text).unwrap().similarity.unwrap() }
    }

    fn offer(x: f64, score: f64, source: &str) -> Offer<'_> {
        Offer { rect: PixelBox { x, y: 0.0, w: 10.0, h: 10.0 }, score, source }
    }

    #[test]
    fn top_takes_the_best_and_random_any_good_one() {
        let offers: Vec<_> = (0..20).map(|i| offer(f64::from(i), f64::from(i) / 20.0, "a")).collect();
        assert_eq!(choose(&offers, &recipe(Strategy::Top), 1, "car"), [19, 18, 17]);
        let random = choose(&offers, &recipe(Strategy::Random), 1, "car");
        assert_eq!(random, choose(&offers, &recipe(Strategy::Random), 1, "car"));
        assert!(random.iter().all(|at| *at >= 12) && random.len() == 3);
        assert_ne!(random, choose(&offers, &recipe(Strategy::Random), 2, "car"));
    }

    #[test]
    fn diverse_hears_every_source_and_looks_around() {
        let mut offers: Vec<_> = (0..8).map(|i| offer(f64::from(i), 0.9 - f64::from(i) / 100.0, "loud")).collect();
        offers.push(offer(500.0, 0.895, "shy"));
        let chosen = choose(&offers, &recipe(Strategy::Diverse), 1, "car");
        assert!(chosen.contains(&0) && chosen.contains(&8), "{chosen:?}");
        assert_eq!(chosen.len(), 3);
        assert!(choose(&[], &recipe(Strategy::Diverse), 1, "car").is_empty());
    }

    #[test]
    fn few_boxes_are_not_trusted_much() {
        assert_eq!(rank_confidence(0, 1), 0.2 * 1.0 + 0.8 * 0.5);
        assert!(rank_confidence(0, 100) > 0.95 && rank_confidence(99, 100) < 0.05);
    }
}
