//! Words as a pass: every class by its prompts, over the whole image or windows. A picture (or window) is looked at once,
//! whatever the number of prompts. Everything found keeps the words that found it, and where those come from.

use std::collections::BTreeSet;
use std::sync::Arc;

use tator_domain::{Class, ClassId, PixelBox};
use tator_vision::{
    DetectOptions, Detection, Embedder, Overlap, Picture, Slicing, Stop, TextDetector, TextEncoder, windows,
};

use super::classes::{How, Mapped};
use super::looks::{About, Found, Label, Look, Pass, StageKind, key_of};
use super::recipe::Recipe;
use super::text_recipe::TextRecipe;
use crate::assist::Shared;
use crate::error::Error;
use crate::glossary::{ClassWords, Glossary};

/// The passes, or nothing with a word why.
pub(super) fn passes(
    shared: &Shared,
    recipe: &Recipe,
    glossary: &Glossary,
    classes: &[Class],
) -> Result<Result<Vec<Pass>, String>, Error> {
    let Some(wish) = &recipe.text else { return Ok(Ok(Vec::new())) };
    let finder = match shared.words_finder(wish.model.as_deref()) {
        Err(Error::NoModel(_)) => {
            return Ok(Err(
                "words are left out: nothing at hand understands them; `tator models list` shows what does".into(),
            ));
        }
        other => other?,
    };
    let words = glossary.for_classes(classes, wish.budget).classes;
    let gate = wish.gate.map(|least| gate(shared, &words, least)).transpose()?;
    let one =
        |mode: &str, slicing: Option<(Option<u32>, f64)>| pass(&finder, wish, &words, gate.clone(), mode, slicing);
    let mut passes = vec![one("full", None)];
    if let Some(windows) = &wish.windows {
        passes.push(Pass { windows: Some(windows.clone()), ..one("windows", Some((windows.side, windows.overlap))) });
    }
    Ok(Ok(passes))
}

fn pass(
    finder: &crate::assist::Finder<dyn TextDetector>,
    wish: &TextRecipe,
    words: &[ClassWords],
    gate: Option<Gate>,
    mode: &str,
    slicing: Option<(Option<u32>, f64)>,
) -> Pass {
    let usual = finder.engine.usual();
    let overlap = wish.nms.map_or(usual.overlap, |iou| (iou < 1.0).then_some(Overlap::within_classes(iou)));
    let options = DetectOptions { score: wish.score, most: wish.most, overlap, every_class: true };
    let labels: Vec<Label> = words
        .iter()
        .flat_map(|class| class.prompts.iter().map(move |prompt| (class, prompt)))
        .map(|(class, prompt)| Label {
            model_class: prompt.text.as_str().into(),
            class_id: Some(class.class_id),
            prompt: Some((prompt.text.as_str().into(), prompt.kind.name().into())),
        })
        .collect();
    let said: Vec<String> = labels.iter().map(|label| format!("{} {:?}", label.model_class, label.class_id)).collect();
    let gated = gate.as_ref().map_or(String::new(), |gate| format!("{} {}", gate.name, gate.least));
    let asked = format!("{options:?} {slicing:?}");
    let key = key_of(&["text 1", &finder.name, &finder.fingerprint, &asked, &said.join("\n"), &gated]);
    let mapped = words.iter().map(|class| Mapped {
        model_class: class.name.clone(),
        class_id: Some(class.class_id),
        class: Some(class.name.clone()),
        how: How::Name,
    });
    let prompts = labels.iter().map(|label| Arc::clone(&label.model_class)).collect();
    let owners = labels.iter().filter_map(|label| label.class_id).collect();
    Pass {
        stage: StageKind::Text,
        source: finder.name.as_str().into(),
        source_run: format!("{}:{mode}", finder.name).into(),
        fingerprint: finder.fingerprint.clone(),
        key,
        look: Box::new(Spoken { engine: Arc::clone(&finder.engine), options, prompts, owners, gate, slicing }),
        labels,
        needs_before: false,
        windows: None,
        classes: mapped.collect(),
    }
}

/// Asks only for classes that the image as a whole may show.
#[derive(Clone)]
struct Gate {
    name: String,
    embedder: Arc<dyn Embedder>,
    /// A vector for each class.
    classes: Vec<(ClassId, Vec<f32>)>,
    sharpness: f32,
    /// Share of a softmax over the classes.
    least: f32,
}

fn gate(shared: &Shared, words: &[ClassWords], least: f32) -> Result<Gate, Error> {
    let (model, tower) = shared.text_tower(None)?;
    let (_, embedder) =
        shared.engines.embedder_of_job(&shared.shelves, &shared.settings(), Some(&model.manifest.name))?;
    let tower: &dyn TextEncoder = tower.as_ref();
    let said: Vec<String> = words.iter().map(|class| tower.sentence(&class.prompts[0].text)).collect();
    let vectors = tower.embed_texts(&said.iter().map(String::as_str).collect::<Vec<_>>(), &Stop::default())?;
    let classes = words.iter().map(|class| class.class_id).zip(vectors).collect();
    let name = format!("{} {}", model.manifest.name, model.manifest.fingerprint());
    Ok(Gate { name, embedder, classes, sharpness: tower.sharpness(), least })
}

impl Gate {
    /// The classes that a picture may show.
    fn open_for(&self, picture: &Picture, stop: &Stop) -> Result<BTreeSet<ClassId>, Error> {
        let vector = self.embedder.embed(std::slice::from_ref(picture), stop)?.pop().unwrap_or_default();
        let near = |other: &[f32]| other.iter().zip(&vector).map(|(a, b)| a * b).sum::<f32>() * self.sharpness;
        let all: Vec<(ClassId, f32)> = self.classes.iter().map(|(class, other)| (*class, near(other))).collect();
        let best = all.iter().map(|(_, near)| *near).fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = all.iter().map(|(_, near)| (near - best).exp()).sum();
        Ok(all
            .into_iter()
            .filter(|(_, near)| (near - best).exp() / sum >= self.least)
            .map(|(class, _)| class)
            .collect())
    }
}

struct Spoken {
    engine: Arc<dyn TextDetector>,
    options: DetectOptions,
    prompts: Vec<Arc<str>>,
    /// The class of each prompt.
    owners: Vec<ClassId>,
    gate: Option<Gate>,
    slicing: Option<(Option<u32>, f64)>,
}

impl Look for Spoken {
    fn look(&self, pictures: &[Picture], _: &[About<'_>], stop: &Stop) -> Result<Vec<Vec<Found>>, Error> {
        pictures.iter().map(|picture| self.on(picture, stop)).collect()
    }
}

impl Spoken {
    fn on(&self, picture: &Picture, stop: &Stop) -> Result<Vec<Found>, Error> {
        let asked: Vec<usize> = match &self.gate {
            None => (0..self.prompts.len()).collect(),
            Some(gate) => {
                let open = gate.open_for(picture, stop)?;
                (0..self.prompts.len()).filter(|place| open.contains(&self.owners[*place])).collect()
            }
        };
        let Some((side, overlap)) = self.slicing else {
            return self.part(picture, &asked, None, (0.0, 0.0), stop);
        };
        let slicing = match side {
            Some(side) => Slicing::square(side, overlap),
            None => Slicing::automatic(picture.width, picture.height),
        };
        let cuts = windows(picture.width, picture.height, &slicing)?;
        // One window that is the image itself would say everything twice.
        if matches!(cuts[..], [only] if only.w == picture.width && only.h == picture.height) {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for (number, window) in cuts.iter().enumerate() {
            let [x, y, w, h] = [window.x, window.y, window.w, window.h].map(f64::from);
            let cut = picture.cut(&PixelBox { x, y, w, h }, 0.0);
            let cut = cut.map_err(|e| Error::invalid("window", e.to_string()))?;
            found.extend(self.part(&cut, &asked, u32::try_from(number).ok(), (x, y), stop)?);
        }
        Ok(found)
    }

    fn part(
        &self,
        picture: &Picture,
        asked: &[usize],
        window: Option<u32>,
        (x, y): (f64, f64),
        stop: &Stop,
    ) -> Result<Vec<Found>, Error> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let prompts: Vec<&str> = asked.iter().map(|place| &*self.prompts[*place]).collect();
        let seen = self.engine.look(picture, stop)?;
        let found = self.engine.find(&seen, &prompts, &self.options, stop)?;
        let placed = |one: Detection| Found {
            rect: PixelBox { x: one.rect.x + x, y: one.rect.y + y, ..one.rect },
            label: asked[one.class] as u32,
            score: Some(one.score),
            window,
            exemplar: None,
        };
        Ok(found.into_iter().map(placed).collect())
    }
}
