//! From what passes found on an image to atoms and candidates.

use std::collections::BTreeSet;
use std::sync::Arc;

use tator_domain::{ClassId, ImageId, iou};
use tator_learning::candidate::Candidate as Scored;
use tator_learning::fusion::{
    Confidence, Decay, DedupeRule, SoftRule, WeightedRule, dedupe, drop_scoreless, merge_greedily, merge_transitively,
    nms, soft_nms, weighted_boxes_fusion,
};
use tator_store::{Atom, Candidate, Member};

use super::looks::{Found, Label, Pass};
use super::recipe::{FusionRecipe, Merge, Mode, WindowRecipe};
use super::scores::Maps;

/// A score where a source gives none: it may speak, but last.
const UNSURE: f64 = 1e-6;

/// What a pass found, boxes of neighbouring windows put together. Classes that the dataset has not are among them: a box
/// of theirs may be the better word on one of ours, and goes only when that is settled.
pub(super) fn settled(pass: &Pass, found: &[Found]) -> Vec<Found> {
    pass.windows.as_ref().map_or_else(|| found.to_vec(), |windows| joined(pass, found.to_vec(), windows))
}

/// The class of the dataset that something was found under.
pub(super) fn class_of(pass: &Pass, found: &Found) -> Option<ClassId> {
    label_of(pass, found)?.class_id
}

pub(super) fn label_of<'p>(pass: &'p Pass, found: &Found) -> Option<&'p Label> {
    pass.labels.get(found.label as usize)
}

fn joined(pass: &Pass, found: Vec<Found>, windows: &WindowRecipe) -> Vec<Found> {
    let rows: Vec<Scored> = found.iter().map(|one| scored(pass, one, one.score.map(f64::from), 0)).collect();
    let overlap = windows.overlap_rule();
    let with =
        |row: usize, rect, score: f64| Found { rect, score: found[row].score.map(|_| score as f32), ..found[row] };
    match windows.merge {
        Merge::None => found,
        Merge::Nms => nms(&rows, &overlap).into_iter().map(|group| found[group.keeper]).collect(),
        Merge::GreedyNmm | Merge::Nmm => {
            let merge = if windows.merge == Merge::Nmm { merge_transitively } else { merge_greedily };
            let merged = merge(&rows, &overlap).into_iter();
            merged.map(|one| with(one.group.keeper, one.rect, one.score)).collect()
        }
        Merge::SoftNms => {
            let decay = Decay::Linear(windows.threshold);
            let rule = SoftRule { decay, least_score: 1e-3, class_agnostic: overlap.class_agnostic };
            soft_nms(&rows, &rule).into_iter().map(|(row, score)| with(row, found[row].rect, score)).collect()
        }
    }
}

fn scored(pass: &Pass, found: &Found, score: Option<f64>, source: u32) -> Scored {
    // A class that the dataset has not is one of its own below all that it has.
    let class = class_of(pass, found).unwrap_or_else(|| -2 - ClassId::try_from(found.label).unwrap_or_default());
    Scored { rect: found.rect, class, score: score.unwrap_or(UNSURE), source }
}

/// The rows of one image.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fused {
    pub atoms: Vec<Atom>,
    pub candidates: Vec<Candidate>,
    pub members: Vec<Member>,
}

/// The numbers that come next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub atom: i64,
    pub candidate: i64,
}

/// Puts together what passes found on an image; `settled` has an entry for each pass, empty where it failed.
pub(super) fn fuse(
    image_id: ImageId,
    passes: &[Pass],
    settled: &[Vec<Found>],
    maps: &[Maps],
    rule: &FusionRecipe,
    next: &mut Numbers,
) -> Fused {
    let mut fused = Fused::default();
    let (mut rows, mut strangers): (Vec<Scored>, Vec<Scored>) = Default::default();
    for (place, (pass, found)) in passes.iter().zip(settled).enumerate() {
        let maps = maps.get(place);
        for one in found {
            let raw = one.score.map(f64::from);
            let calibrated = maps.and_then(|maps| maps.calibrated(raw, image_id));
            let number = next.atom + fused.atoms.len() as i64;
            let row = scored(pass, one, calibrated.or(raw), place as u32);
            match atom(image_id, pass, one, calibrated, number) {
                Some(atom) => {
                    rows.push(row);
                    fused.atoms.push(atom);
                }
                None => strangers.push(row),
            }
        }
    }
    let mut stay: Vec<usize> = if rule.scoreless_iou > 0.0 {
        let has: Vec<bool> = fused.atoms.iter().map(|atom| atom.score.is_some()).collect();
        drop_scoreless(&rows, &has, rule.scoreless_iou)
    } else {
        (0..rows.len()).collect()
    };
    outdone(&rows, &mut stay, &strangers, rule);
    let chosen: Vec<Scored> = stay.iter().map(|row| rows[*row]).collect();
    for group in groups(&chosen, rule, passes.len()) {
        let members: Vec<&Atom> = group.members.iter().map(|row| &fused.atoms[stay[*row]]).collect();
        let candidate = candidate(&members, &group, rule, next.candidate);
        next.candidate += 1;
        let bridge = members.iter().map(|atom| Member {
            candidate_id: candidate.candidate_id,
            atom_id: atom.atom_id,
            image_id,
            iou: iou(&candidate.rect, &atom.rect),
        });
        fused.members.extend(bridge);
        fused.candidates.push(candidate);
    }
    next.atom += fused.atoms.len() as i64;
    fused.members.sort_by_key(|member| (member.candidate_id, member.atom_id));
    fused
}

/// Takes away what joins a better box of a class that the dataset has not, where classes are compared: a dog that is taken
/// for a horse less surely is a dog.
fn outdone(rows: &[Scored], stay: &mut Vec<usize>, strangers: &[Scored], rule: &FusionRecipe) {
    if rule.cross_class_iou.is_none() || rule.mode == Mode::Wbf || strangers.is_empty() {
        return;
    }
    let all: Vec<Scored> = stay.iter().map(|row| rows[*row]).chain(strangers.iter().copied()).collect();
    let ours = stay.len();
    let mut gone: Vec<bool> = vec![false; ours];
    for cluster in dedupe(&all, &dedupe_rule(rule)).iter().filter(|cluster| cluster.members[0] >= ours) {
        cluster.members.iter().filter(|member| **member < ours).for_each(|member| gone[*member] = true);
    }
    let mut gone = gone.iter();
    stay.retain(|_| !gone.next().copied().unwrap_or_default());
}

fn dedupe_rule(rule: &FusionRecipe) -> DedupeRule {
    DedupeRule { iou: rule.iou, cross_class_iou: rule.cross_class_iou, weighted_boxes: rule.mode == Mode::Weighted }
}

fn atom(image_id: ImageId, pass: &Pass, found: &Found, calibrated: Option<f64>, atom_id: i64) -> Option<Atom> {
    let label = label_of(pass, found)?;
    let (prompt, prompt_kind) = label.prompt.clone().unzip();
    Some(Atom {
        atom_id,
        image_id,
        class_id: label.class_id?,
        rect: found.rect,
        score: found.score.map(f64::from),
        calibrated,
        stage: pass.stage.as_str().into(),
        source: Arc::clone(&pass.source),
        source_run: Arc::clone(&pass.source_run),
        window_index: found.window.and_then(|window| i32::try_from(window).ok()),
        prompt,
        prompt_kind,
        exemplar_box_id: found.exemplar,
        model_class: Arc::clone(&label.model_class),
    })
}

/// Boxes that are one object, the best first.
struct Group {
    members: Vec<usize>,
    rect: tator_domain::PixelBox,
    score: f64,
}

fn groups(rows: &[Scored], rule: &FusionRecipe, n_passes: usize) -> Vec<Group> {
    if rule.mode == Mode::Wbf {
        let rows: Vec<Scored> = rows.iter().map(|row| Scored { score: row.score.max(UNSURE), ..*row }).collect();
        let rule = WeightedRule {
            iou: rule.iou,
            least_score: 0.0,
            weights: vec![1.0; n_passes],
            confidence: Confidence::Mean,
        };
        let fused = weighted_boxes_fusion(&rows, &rule).into_iter();
        return fused.map(|one| Group { members: one.members, rect: one.rect, score: one.score }).collect();
    }
    let clusters = dedupe(rows, &dedupe_rule(rule)).into_iter();
    clusters.map(|one| Group { members: one.members, rect: one.rect, score: one.score }).collect()
}

fn candidate(members: &[&Atom], group: &Group, rule: &FusionRecipe, candidate_id: i64) -> Candidate {
    let best = members[0];
    let is_scored = members.iter().any(|atom| atom.score.is_some());
    let score_source = match (is_scored, rule.mode, best.calibrated) {
        (false, ..) => "unknown",
        (true, Mode::Wbf, _) => "fused",
        (true, _, Some(_)) => "calibrated",
        (true, _, None) => "raw",
    };
    let sources: BTreeSet<Arc<str>> = members.iter().map(|atom| Arc::clone(&atom.source)).collect();
    Candidate {
        candidate_id,
        image_id: best.image_id,
        class_id: best.class_id,
        rect: group.rect,
        score: is_scored.then_some(group.score),
        score_source: score_source.into(),
        source: Arc::clone(&best.source),
        n_atoms: i32::try_from(members.len()).unwrap_or(i32::MAX),
        n_sources: i32::try_from(sources.len()).unwrap_or(i32::MAX),
        sources: sources.into_iter().collect(),
    }
}
