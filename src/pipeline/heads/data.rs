//! Vectors and classes of the boxes that people stand behind.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tator_domain::{BoxId, Class, ClassId, DatasetName, ImageId, PixelBox};
use tator_learning::hash;
use tator_store::{ClassSample, EmbeddingOf, Reader, Vectors};

use crate::error::Error;

/// A labelled box with its vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    pub box_id: BoxId,
    pub image_id: ImageId,
    pub class_id: ClassId,
    /// Its place among the vectors.
    pub at: usize,
    /// Its place on the image.
    pub rect: PixelBox,
}

/// What can be learnt from.
pub(crate) struct Labelled {
    pub vectors: Arc<Vectors>,
    /// By image, then by box.
    pub rows: Vec<Row>,
    /// Labelled boxes without a vector, or with one of what they were before an edit.
    pub missing: usize,
}

/// Vectors of labelled boxes of an encoder.
pub(crate) fn labelled(reader: &Reader, d: &DatasetName, encoder: &str) -> Result<Labelled, Error> {
    let vectors = reader.vectors(d, encoder, EmbeddingOf::Boxes)?;
    let (rows, missing) = joined(&reader.truth_samples(d)?, &vectors);
    Ok(Labelled { vectors, rows, missing })
}

/// Both sides are sorted by image and box.
fn joined(samples: &[ClassSample], vectors: &Vectors) -> (Vec<Row>, usize) {
    let (mut rows, mut at) = (Vec::with_capacity(samples.len()), 0);
    for sample in samples {
        let wanted = (sample.image_id, sample.box_id);
        let found = loop {
            let Some(box_id) = vectors.box_ids.get(at) else { break false };
            match (vectors.image_ids[at], *box_id).cmp(&wanted) {
                Ordering::Less => at += 1,
                order => break order == Ordering::Equal,
            }
        };
        if found {
            let ClassSample { box_id, image_id, class_id, rect } = *sample;
            rows.push(Row { box_id, image_id, class_id, at, rect });
        }
    }
    let missing = samples.len() - rows.len();
    (rows, missing)
}

/// Bytes of vectors that a training looks at; it holds about three copies of them.
const MOST_BYTES: usize = 512 << 20;
/// Sets this choice of images apart from others by the same seed.
const SAMPLE_STREAM: u64 = 0x7361_6d70_6c65_0001;
/// Classes of so many boxes or fewer are looked at whole.
const RARE: usize = 2_000;

impl Labelled {
    /// Leaves out images by chance where there are more boxes than fit the memory a training may take, rare classes kept;
    /// gives how many boxes were left out.
    pub fn sample(&mut self, seed: u64) -> usize {
        self.sample_to(MOST_BYTES / (4 * self.vectors.dims.max(1)), seed)
    }

    fn sample_to(&mut self, most: usize, seed: u64) -> usize {
        let all = self.rows.len();
        if all <= most {
            return 0;
        }
        let mut counts: HashMap<ClassId, usize> = HashMap::new();
        self.rows.iter().for_each(|row| *counts.entry(row.class_id).or_default() += 1);
        let rare: usize = counts.values().filter(|count| **count <= RARE).sum();
        let share = most.saturating_sub(rare) as f64 / (all - rare).max(1) as f64;
        // Another stream than the split by image: the parts stay alike.
        let is_in =
            |image: ImageId| (hash(seed ^ SAMPLE_STREAM, image.unsigned_abs()) as f64) < share * u64::MAX as f64;
        self.rows.retain(|row| counts[&row.class_id] <= RARE || is_in(row.image_id));
        all - self.rows.len()
    }

    /// The numbers of some rows, one after the other.
    pub fn gather(&self, rows: impl Iterator<Item = usize>) -> Vec<f32> {
        rows.flat_map(|row| self.vectors.row(self.rows[row].at)).copied().collect()
    }

    /// A hash of everything that is learnt from: which boxes of which class, and their vectors.
    pub fn version(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.vectors.fingerprint.as_bytes());
        for row in &self.rows {
            hasher.update(&row.box_id.to_le_bytes()).update(&row.image_id.to_le_bytes());
            hasher.update(&row.class_id.to_le_bytes());
            let bytes: Vec<u8> = self.vectors.row(row.at).iter().flat_map(|number| number.to_le_bytes()).collect();
            hasher.update(&bytes);
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Classes that are learnt, and the others with their boxes.
pub(super) type Choice = (Vec<(ClassId, String)>, Vec<(String, u64)>);

/// Keeps rows of classes with enough boxes.
pub(super) fn choose(known: &mut Labelled, classes: &[Class], least: usize) -> Choice {
    let mut counts: BTreeMap<ClassId, usize> = BTreeMap::new();
    known.rows.iter().for_each(|row| *counts.entry(row.class_id).or_default() += 1);
    let name = |id: ClassId| {
        classes.iter().find(|class| class.class_id == id).map_or_else(|| id.to_string(), |class| class.name.clone())
    };
    let (kept, few): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(_, count)| *count >= least);
    let of: BTreeSet<ClassId> = kept.iter().map(|(id, _)| *id).collect();
    known.rows.retain(|row| of.contains(&row.class_id));
    (
        kept.iter().map(|(id, _)| (*id, name(*id))).collect(),
        few.iter().map(|(id, count)| (name(*id), *count as u64)).collect(),
    )
}

pub(super) fn too_few(known: &Labelled, classes: usize, left_out: &[(String, u64)], d: &str) -> Error {
    let without = match known.missing {
        0 => String::new(),
        n => format!(
            "; {n} labelled boxes have no vector yet: run `tator embed --dataset {d} --of boxes` or press Embed"
        ),
    };
    let few = if left_out.is_empty() { "" } else { " with enough boxes" };
    let message = format!(
        "a head tells at least two classes apart, and {classes} of {d} have labelled boxes with vectors{few}{without}"
    );
    Error::NoAnswer {
        code: "too_few_boxes",
        message,
        hint: "label boxes of two classes, and mark their images as labelled",
    }
}

/// The encoder that is meant: the one named, the preferred one when it has vectors here, or the one with most of them.
pub(crate) fn chosen_encoder(
    reader: &Reader,
    (d, of): (&DatasetName, EmbeddingOf),
    named: Option<&str>,
    preferred: Option<&str>,
) -> Result<String, Error> {
    let mut tables = reader.embedding_tables(d)?;
    tables.retain(|table| table.meta.of == of && table.rows > 0);
    let wished = named.or(preferred.filter(|name| tables.iter().any(|table| table.meta.encoder == *name)));
    if let Some(name) = wished {
        return match tables.into_iter().find(|table| table.meta.encoder == name) {
            Some(table) => Ok(table.meta.encoder),
            None => Err(no_vectors((d, of), Some(name))),
        };
    }
    let best = tables.into_iter().max_by(|a, b| a.rows.cmp(&b.rows).then(b.meta.encoder.cmp(&a.meta.encoder)));
    best.map(|table| table.meta.encoder).ok_or_else(|| no_vectors((d, of), None))
}

/// What to do when there are no vectors.
pub(crate) fn no_vectors((d, of): (&DatasetName, EmbeddingOf), encoder: Option<&str>) -> Error {
    let whose = encoder.map_or_else(String::new, |name| format!(" of the encoder {name}"));
    let model = encoder.map_or_else(String::new, |name| format!(" --model {name}"));
    Error::NoAnswer {
        code: "no_vectors",
        message: format!(
            "there are no vectors{whose} for the {of} of {d}: run `tator embed --dataset {d} --of {of}{model}` or press Embed"
        ),
        hint: "embed first: `tator embed --of boxes` for heads, `--of images` for selection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(ids: &[(ImageId, BoxId)]) -> Vectors {
        Vectors {
            encoder: "e".into(),
            fingerprint: "f".into(),
            of: EmbeddingOf::Boxes,
            recipe: "whole".into(),
            keys: vec![0; ids.len()],
            dims: 1,
            image_ids: ids.iter().map(|id| id.0).collect(),
            box_ids: ids.iter().map(|id| id.1).collect(),
            data: ids.iter().map(|id| id.1 as f32).collect(),
        }
    }

    fn sample((image_id, box_id, class_id): (ImageId, BoxId, ClassId)) -> ClassSample {
        ClassSample { box_id, image_id, class_id, rect: PixelBox { x: 0.0, y: 0.0, w: 9.0, h: 9.0 } }
    }

    #[test]
    fn vectors_meet_their_boxes_and_the_others_are_counted() {
        let vectors = vectors(&[(1, 5), (1, 7), (2, 3), (4, 9)]);
        let samples = [(1, 5, 1), (1, 6, 1), (2, 3, 2), (3, 8, 2), (4, 9, 1)].map(sample);
        let (rows, missing) = joined(&samples, &vectors);
        assert_eq!(rows.iter().map(|row| (row.box_id, row.at)).collect::<Vec<_>>(), [(5, 0), (3, 2), (9, 3)]);
        assert_eq!(missing, 2);
        let labelled = Labelled { vectors: Arc::new(vectors), rows, missing };
        assert_eq!(labelled.gather([2, 0].into_iter()), [9.0, 5.0]);
    }

    #[test]
    fn too_many_boxes_are_sampled_by_image_and_rare_classes_are_kept() {
        let ids: Vec<(ImageId, BoxId)> = (0..9_000).map(|id| (id / 3, id)).collect();
        let samples: Vec<ClassSample> = ids.iter().map(|(i, b)| sample((*i, *b, 1 + i32::from(b % 9 == 0)))).collect();
        let vectors = vectors(&ids);
        let (rows, missing) = joined(&samples, &vectors);
        let mut known = Labelled { vectors: Arc::new(vectors), rows, missing };
        assert_eq!(known.sample_to(9_000, 1), 0);
        let left_out = known.sample_to(4_000, 1);
        assert_eq!(known.rows.iter().filter(|row| row.class_id == 2).count(), 1_000);
        assert!((3_700..4_300).contains(&known.rows.len()) && left_out == 9_000 - known.rows.len(), "{left_out}");
    }

    #[test]
    fn another_class_is_another_version() {
        let version = |class| {
            let vectors = vectors(&[(1, 5)]);
            let (rows, missing) = joined(&[sample((1, 5, class))], &vectors);
            Labelled { vectors: Arc::new(vectors), rows, missing }.version()
        };
        assert_eq!(version(1), version(1));
        assert_ne!(version(1), version(2));
    }
}
