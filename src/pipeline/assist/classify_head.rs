//! The class of a box by the head that was trained for it, with its guard against background.

use std::collections::BTreeMap;
use std::time::Instant;

use tator_domain::{Class, ClassId, DatasetName, ImageId, PixelBox};
use tator_learning::head::{HeadClass, Verdict, verdict};

use super::Shared;
use super::suggestion::{ClassSuggestion, Guarded, Runner};
use crate::embed::Recipe;
use crate::error::Error;
use crate::heads::ActiveHead;

impl Shared {
    /// What the active head says; `None` when its encoder is gone or is another one now, so that the neighbours are asked.
    pub(super) fn ask_head(
        &self,
        active: &ActiveHead,
        (d, id): (&DatasetName, ImageId),
        rect: &PixelBox,
        begun: Instant,
    ) -> Result<Option<ClassSuggestion>, Error> {
        let (model, embedder) = match self.engine_of(&active.run.encoder) {
            Ok(found) if found.0.manifest.fingerprint() == active.run.fingerprint => found,
            Ok(_) | Err(Error::NotFound(_) | Error::Invalid { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let picture = self.picture(d, id)?;
        // Cut as the boxes were that it learnt from.
        let Some(recipe) = Recipe::parse(&active.run.crop) else { return Ok(None) };
        let crop = recipe.cut(&picture, rect)?;
        let vector = self.vector_of(crop, id, embedder.as_ref())?;
        let told = active.head.predict(&vector).map_err(|e| Error::ModelFailed(e.to_string()))?;
        let ranked = ranked(&told, &active.head.classes, &self.writer.reader().class_list(d)?);
        let [(class_id, probability), rest @ ..] = &ranked[..] else { return Ok(None) };
        let guard = match verdict(&told, &active.head.classes, active.run.options.background.margin) {
            Verdict::Class(_) => Guarded::Passed,
            Verdict::Doubtful(_) => Guarded::Flagged,
            Verdict::Background => Guarded::Refused,
        };
        Ok(Some(ClassSuggestion {
            class_id: *class_id,
            probability: *probability,
            runner_up: rest
                .first()
                .map(|(class_id, probability)| Runner { class_id: *class_id, probability: *probability }),
            method: "head",
            model: model.manifest.name,
            head: Some(active.run.name.clone()),
            guard,
            neighbours: 0,
            ms: begun.elapsed().as_secs_f64() * 1e3,
        }))
    }
}

/// Living classes by their probability; one that was merged lends its own to its successor.
fn ranked(told: &[f32], of: &[HeadClass], classes: &[Class]) -> Vec<(ClassId, f32)> {
    let living = |mut id: ClassId| {
        for _ in 0..=classes.len() {
            let class = classes.iter().find(|class| class.class_id == id)?;
            if !class.retired {
                return Some(id);
            }
            id = class.retired_into?;
        }
        None
    };
    let mut shares: BTreeMap<ClassId, f32> = BTreeMap::new();
    for (class, probability) in of.iter().zip(told) {
        if let HeadClass::Class(id) = class
            && let Some(id) = living(*id)
        {
            *shares.entry(id).or_default() += probability;
        }
    }
    let mut shares: Vec<_> = shares.into_iter().collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_class_lends_its_share_to_its_successor() {
        let class = |class_id, retired_into: Option<ClassId>| Class {
            class_id,
            name: class_id.to_string(),
            supercategory: None,
            colour: "#000000".into(),
            source_id: None,
            retired: retired_into.is_some(),
            retired_into,
        };
        let classes = [class(1, None), class(2, Some(3)), class(3, None)];
        let of = [HeadClass::Class(1), HeadClass::Class(2), HeadClass::Class(3), HeadClass::Background(0)];
        assert_eq!(ranked(&[0.4, 0.3, 0.2, 0.1], &of, &classes), [(3, 0.5), (1, 0.4)]);
        let circle = [class(1, Some(2)), class(2, Some(1))];
        assert!(ranked(&[0.4, 0.3, 0.2, 0.1], &of, &circle).is_empty());
    }
}
