//! What will come of a training, said before it: what there is to learn from, and which classes will not do.

use serde::Serialize;
use tator_domain::DatasetName;
use tator_store::{EmbeddingOf, TruthCount};

use super::data::chosen_encoder;
use crate::error::Error;
use crate::workbench::Workbench;

/// Fewer boxes of a class make figures that jump.
const THIN: u64 = 20;
/// A class on fewer images may be missing in the test part.
const FEW_IMAGES: u64 = 3;
/// From so many times as many boxes on, weights matter.
const UNEVEN: u64 = 20;
/// From so many boxes on, hidden layers pay.
const MLP_PAYS: u64 = 1_000;
/// With fewer labelled images intervals are wide.
const FEW_LABELLED: u64 = 30;
/// Names of classes in one sentence.
const NAMED: usize = 6;

/// An encoder with vectors of boxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncoderReady {
    /// Its name.
    pub name: String,
    /// Boxes with a present vector.
    pub rows: u64,
    /// Boxes without one.
    pub missing: u64,
    /// Length of a vector.
    pub dims: usize,
    /// It is taken when nothing is said.
    pub chosen: bool,
}

/// One thing to know before training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// `stop`, `warn` or `hint`.
    pub level: &'static str,
    /// In words.
    pub text: String,
}

/// What there is to learn from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Encoders with vectors, by name.
    pub encoders: Vec<EncoderReady>,
    /// Living classes with their labelled boxes.
    pub classes: Vec<TruthCount>,
    /// Labelled boxes.
    pub boxes: u64,
    /// Labelled images, those without boxes too.
    pub images: u64,
    /// The worst first.
    pub advice: Vec<Advice>,
    /// A training can begin.
    pub ready: bool,
    /// The solver that these data call for: `logistic` or `mlp`.
    pub kind: &'static str,
}

impl Workbench {
    /// What a training of a class head would learn from, with advice.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn head_readiness(&self, d: &DatasetName) -> Result<Readiness, Error> {
        let reader = self.reader();
        let classes = reader.truth_counts(d)?;
        let images = reader.labelled_images(d)?.len() as u64;
        let preferred = self.open.assist.shared.settings().embedder;
        let chosen = chosen_encoder(reader, (d, EmbeddingOf::Boxes), None, preferred.as_deref()).ok();
        let tables = reader.embedding_tables(d)?.into_iter().filter(|table| table.meta.of == EmbeddingOf::Boxes);
        let mut encoders: Vec<EncoderReady> = tables
            .map(|table| EncoderReady {
                chosen: chosen.as_ref() == Some(&table.meta.encoder),
                name: table.meta.encoder,
                rows: table.rows,
                missing: table.missing + table.stale,
                dims: table.meta.dims,
            })
            .collect();
        encoders.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(judged(encoders, classes, images))
    }
}

fn judged(encoders: Vec<EncoderReady>, classes: Vec<TruthCount>, images: u64) -> Readiness {
    let boxes: u64 = classes.iter().map(|class| class.boxes).sum();
    let usable = classes.iter().filter(|class| class.boxes >= 2).count();
    let mut advice = Vec::new();
    let mut say = |level, text: String| advice.push(Advice { level, text });
    let embedded = encoders.iter().any(|encoder| encoder.rows > 0);
    if !embedded {
        say("stop", "No box has a vector yet: embed the boxes first. One pass serves every head.".into());
    }
    if usable < 2 {
        let have = if usable == 1 { "one class has" } else { "no class has" };
        say(
            "stop",
            format!(
                "A head tells at least two classes apart, and {have} two boxes on images that are marked as labelled."
            ),
        );
    }
    let chosen = encoders.iter().find(|encoder| encoder.chosen);
    if let Some(encoder) = chosen.filter(|encoder| encoder.missing > 0) {
        say(
            "warn",
            format!(
                "{} boxes have no present vector of {} and are not learnt from: embed again.",
                encoder.missing, encoder.name
            ),
        );
    }
    small(&classes).into_iter().for_each(|text| say("warn", text));
    if usable >= 2 && images < FEW_LABELLED {
        say("warn", format!("Only {images} images are labelled: expect wide intervals."));
    }
    let counts = || classes.iter().map(|class| class.boxes).filter(|count| *count >= 2);
    let uneven = counts().max().unwrap_or(0) >= UNEVEN * counts().min().unwrap_or(1);
    if usable >= 2 && uneven {
        say("hint", "Classes are very uneven: effective-number weights are worth a try.".into());
    }
    let kind = if boxes >= MLP_PAYS { "mlp" } else { "logistic" };
    if usable >= 2 && kind == "mlp" {
        say(
            "hint",
            "With this many boxes an MLP (hidden 384, 192, label smoothing 0.1) often gains on a logistic head.".into(),
        );
    }
    Readiness { ready: embedded && usable >= 2, encoders, classes, boxes, images, advice, kind }
}

/// Classes that are left out, or of which no figure says much.
fn small(classes: &[TruthCount]) -> Vec<String> {
    let single = named(classes, |class| class.boxes == 1);
    let hardly = named(classes, |class| class.boxes >= 2 && class.images < FEW_IMAGES);
    let thin = named(classes, |class| class.boxes >= 2 && class.boxes < THIN && class.images >= FEW_IMAGES);
    let told = [
        single.map(|names| format!("Left out, with a single box: {names}.")),
        hardly.map(|names| format!("On fewer than {FEW_IMAGES} images, so that they can hardly be tested: {names}.")),
        thin.map(|names| format!("Fewer than {THIN} boxes, so that their figures jump: {names}.")),
    ];
    told.into_iter().flatten().collect()
}

/// Names of the classes of a kind, with their boxes; nothing when there are none.
fn named(classes: &[TruthCount], is: impl Fn(&TruthCount) -> bool) -> Option<String> {
    let found: Vec<&TruthCount> = classes.iter().filter(|class| is(class)).collect();
    let names = found.iter().take(NAMED).map(|class| format!("{} ({})", class.name, class.boxes));
    let mut text = names.collect::<Vec<_>>().join(", ");
    if found.len() > NAMED {
        text.push_str(&format!(" and {} more", found.len() - NAMED));
    }
    (!found.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, boxes: u64, images: u64) -> TruthCount {
        TruthCount { class_id: 1, name: name.into(), boxes, images }
    }

    fn encoder() -> EncoderReady {
        EncoderReady { name: "e".into(), rows: 100, missing: 0, dims: 8, chosen: true }
    }

    #[test]
    fn without_vectors_or_classes_it_says_what_to_do_first() {
        let nothing = judged(vec![], vec![class("coin", 0, 0)], 0);
        assert!(!nothing.ready);
        assert_eq!(nothing.advice.iter().filter(|advice| advice.level == "stop").count(), 2);
        let fine = judged(vec![encoder()], vec![class("coin", 60, 40), class("note", 50, 40)], 80);
        assert!(fine.ready && fine.advice.is_empty(), "{fine:?}");
    }

    #[test]
    fn classes_that_will_not_do_are_named() {
        let classes = vec![class("coin", 4000, 400), class("note", 1, 1), class("card", 5, 2), class("key", 8, 6)];
        let told = judged(vec![encoder()], classes, 500);
        let text = told.advice.iter().map(|advice| advice.text.as_str()).collect::<Vec<_>>().join("\n");
        for words in
            ["single box: note (1)", "hardly be tested: card (5)", "figures jump: key (8)", "very uneven", "an MLP"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(told.kind, "mlp");
    }
}
