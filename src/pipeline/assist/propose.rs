//! Proposals for one image while a person looks at it: what a detector finds, what fits some words, or what looks like a
//! box. Nothing is changed; what the person takes goes the walk of an edit.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{Class, ClassId, DatasetName, ImageId, PixelBox, Polygon, class_called, iou, living_classes};
use tator_vision::{DetectOptions, Detection, Picture, RegionText, Stop, Task};

use super::Shared;
use super::finders::Finder;
use super::tasks::TaskState;
use crate::error::Error;
use crate::glossary::{Prompt, clean, key, prompts};
use crate::workbench::Workbench;

/// A proposal that overlaps a box of the image so much is that box.
const DRAWN: f64 = 0.7;
/// Proposals of one answer.
const MOST: usize = 200;
/// What scores less is nobody's wish, however low the slider.
const FLOOR: f32 = 0.05;
/// Likeness from which a region is shown at first.
const ALIKE: f32 = 0.6;
/// Prompts of one question.
const MOST_PROMPTS: usize = 64;
/// A region has at least so many pixels a side.
const SMALLEST: f64 = 8.0;

/// How to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// By a detector, whatever it knows.
    Detect,
    /// By words.
    Text,
    /// By likeness to a box of the image.
    Like,
}

/// What a person wants proposed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposeRequest {
    /// How to look.
    pub how: How,
    /// `[x, y, w, h]`: look only in there; all of the image without it.
    pub region: Option<[f64; 4]>,
    /// Words, divided by commas; without them the names and words of the class, else of all classes.
    pub text: Option<String>,
    /// `[x, y, w, h]` of the box that the others should be like.
    #[serde(rename = "box")]
    pub rect: Option<[f64; 4]>,
    /// The class of what is found, where neither words nor the model's own class say.
    pub class_id: Option<ClassId>,
    /// A model other than the usual one.
    pub model: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct ProposeAnswer {
    /// Best first, down to a low score: the threshold is the person's.
    pub proposals: Vec<Proposed>,
    /// The score from which the model's authors would show them.
    pub threshold: f32,
    /// Who answered.
    pub model: String,
    /// What computed it.
    pub provider: &'static str,
    /// The look at the picture was there already.
    pub cached: bool,
    /// How long it took.
    pub ms: ProposeTook,
}

/// One proposal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposed {
    /// `[x, y, w, h]`.
    #[serde(rename = "box")]
    pub rect: [f64; 4],
    /// The outline, where the model gives one.
    pub polygon: Option<Polygon>,
    /// As sure as the model says, 0 to 1; not calibrated.
    pub score: f32,
    /// The class of the dataset; `None` when nothing says which.
    pub class_id: Option<ClassId>,
    /// The model's class, the words, or nothing.
    pub name: String,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ProposeTook {
    /// Looking at the picture; 0 when that was done.
    pub look: f64,
    /// Answering.
    pub find: f64,
    /// In all.
    pub total: f64,
}

/// The part of the picture that is looked at.
struct Part {
    picture: Picture,
    x: f64,
    y: f64,
    /// For the look's name.
    name: String,
}

/// An answer before it is mapped onto the dataset's classes.
struct Raw {
    found: Vec<Detection>,
    /// Name and class of each place.
    names: Vec<(String, Option<ClassId>)>,
    threshold: f32,
    model: String,
    provider: &'static str,
    cached: bool,
    look: f64,
}

/// The class of that name, or what a class of that name was merged into.
fn class_named(classes: &[Class], name: &str) -> Option<ClassId> {
    let wanted = key(name);
    class_called(classes, &living_classes(classes), |name| key(name) == wanted)
}

impl Shared {
    fn propose_boxes(
        &self,
        bench: &Workbench,
        d: &DatasetName,
        id: ImageId,
        r: &ProposeRequest,
    ) -> Result<ProposeAnswer, Error> {
        let begun = Instant::now();
        let part = self.part(d, id, r.region)?;
        let task = self.lock().tasks.begin("propose", format!("image {id}"), Some(id));
        let outcome = match r.how {
            How::Detect => self.by_detector(bench, d, r, &part),
            How::Text => self.by_words(bench, d, id, r, &part),
            How::Like => self.by_likeness(d, id, r, &part),
        };
        let ended = if outcome.is_ok() { TaskState::Done } else { TaskState::Failed };
        self.lock().tasks.end(task, ended, outcome.as_ref().err().map(ToString::to_string));
        let Raw { found, names, threshold, model, provider, cached, look } = outcome?;
        let total = begun.elapsed().as_secs_f64() * 1e3;
        // What has a box already is no proposal.
        let drawn: Vec<PixelBox> = bench.reader().image(d, id)?.boxes.iter().map(|one| one.rect).collect();
        let is_new = |one: &Detection| {
            let here = PixelBox { x: one.rect.x + part.x, y: one.rect.y + part.y, ..one.rect };
            !drawn.iter().any(|rect| iou(rect, &here) >= DRAWN)
        };
        let proposals = found.into_iter().filter(is_new).take(MOST).map(|one| {
            let (name, class_id) = names.get(one.class).cloned().unwrap_or_default();
            let PixelBox { x, y, w, h } = one.rect;
            let polygon = one.polygon.map(|polygon| moved(polygon, part.x, part.y));
            Proposed { rect: [x + part.x, y + part.y, w, h], polygon, score: one.score, class_id, name }
        });
        let ms = ProposeTook { look, find: total - look, total };
        Ok(ProposeAnswer { proposals: proposals.collect(), threshold, model, provider, cached, ms })
    }

    fn part(&self, d: &DatasetName, id: ImageId, region: Option<[f64; 4]>) -> Result<Part, Error> {
        let picture = self.picture(d, id)?;
        let Some([x, y, w, h]) = region else {
            return Ok(Part { picture: Picture::clone(&picture), x: 0.0, y: 0.0, name: "whole".to_owned() });
        };
        let rect = PixelBox { x, y, w, h }.clipped(picture.width.into(), picture.height.into());
        let (left, top) = (rect.x.floor(), rect.y.floor());
        let whole = PixelBox { x: left, y: top, w: rect.right().ceil() - left, h: rect.bottom().ceil() - top };
        if !whole.is_valid() || whole.w < SMALLEST || whole.h < SMALLEST {
            return Err(Error::invalid(
                "region",
                format!("[x, y, w, h] with at least {SMALLEST} pixels a side in the image"),
            ));
        }
        let picture = picture.cut(&whole, 0.0).map_err(|e| Error::invalid("region", e.to_string()))?;
        Ok(Part { picture, x: left, y: top, name: format!("{left} {top} {} {}", whole.w, whole.h) })
    }

    fn by_detector(&self, bench: &Workbench, d: &DatasetName, r: &ProposeRequest, part: &Part) -> Result<Raw, Error> {
        let name = self.shelves.choose(Task::Detect, r.model.as_deref())?.manifest.name;
        let (model, detector) = self.engines.detector(&self.shelves, &self.settings(), &name)?;
        let usual = detector.usual();
        let options = DetectOptions { score: FLOOR, most: MOST, ..usual };
        let asked = Instant::now();
        let mut found = detector.detect(std::slice::from_ref(&part.picture), &options, &Stop::default())?;
        let classes = bench.reader().class_list(d)?;
        let names = detector.classes().iter().map(|name| (name.clone(), class_named(&classes, name)));
        Ok(Raw {
            names: names.collect(),
            found: found.pop().unwrap_or_default(),
            threshold: usual.score,
            model: model.manifest.name,
            provider: detector.provider().name(),
            cached: false,
            look: asked.elapsed().as_secs_f64() * 1e3,
        })
    }

    fn by_words(
        &self,
        bench: &Workbench,
        d: &DatasetName,
        id: ImageId,
        r: &ProposeRequest,
        part: &Part,
    ) -> Result<Raw, Error> {
        let names = asked_for(bench, d, r)?;
        let Finder { name, fingerprint, engine } = self.words_finder(r.model.as_deref())?;
        let (seen, cached, look) =
            self.seen(d, id, part, &fingerprint, || Ok(engine.look(&part.picture, &Stop::default())?))?;
        let usual = engine.usual();
        let options = DetectOptions { score: FLOOR, most: MOST, ..usual };
        let texts: Vec<&str> = names.iter().map(|(text, _)| text.as_str()).collect();
        let found = engine.find(&seen, &texts, &options, &Stop::default())?;
        Ok(Raw { found, names, threshold: usual.score, model: name, provider: engine.provider().name(), cached, look })
    }

    fn by_likeness(&self, d: &DatasetName, id: ImageId, r: &ProposeRequest, part: &Part) -> Result<Raw, Error> {
        let Some([x, y, w, h]) = r.rect else {
            return Err(Error::invalid("box", "the box that the others should be like: [x, y, w, h]"));
        };
        let exemplar = PixelBox { x, y, w, h };
        let Finder { name, fingerprint, engine } = self.regions_finder(false)?;
        let vector = engine.vector(&*self.picture(d, id)?, &exemplar, &Stop::default())?;
        let take = || Ok(tator_vision::TextDetector::look(engine.as_ref(), &part.picture, &Stop::default())?);
        let (seen, cached, look) = self.seen(d, id, part, &fingerprint, take)?;
        let options = DetectOptions { score: FLOOR, most: MOST, ..tator_vision::TextDetector::usual(engine.as_ref()) };
        let own = PixelBox { x: x - part.x, y: y - part.y, w, h };
        let mut found = RegionText::like(&seen, &vector, &options)?;
        // The box itself is no find.
        found.retain(|one| tator_domain::iou(&one.rect, &own) < 0.5);
        let names = vec![(String::new(), r.class_id)];
        let provider = tator_vision::TextDetector::provider(engine.as_ref()).name();
        Ok(Raw { found, names, threshold: ALIKE, model: name, provider, cached, look })
    }

    /// A look, taken now or kept from before, and the milliseconds it took.
    fn seen(
        &self,
        d: &DatasetName,
        id: ImageId,
        part: &Part,
        finder: &str,
        take: impl FnOnce() -> Result<tator_vision::Encoding, Error>,
    ) -> Result<(std::sync::Arc<tator_vision::Encoding>, bool, f64), Error> {
        let begun = Instant::now();
        let (seen, cached) = self.finders.look(&format!("{finder} {d} {id} {}", part.name), take)?;
        Ok((seen, cached, if cached { 0.0 } else { begun.elapsed().as_secs_f64() * 1e3 }))
    }
}

/// The prompts of a question, each with the class of what it finds.
fn asked_for(bench: &Workbench, d: &DatasetName, r: &ProposeRequest) -> Result<Vec<(String, Option<ClassId>)>, Error> {
    let classes = bench.reader().class_list(d)?;
    let glossary = bench.glossary(d)?;
    let of = |class: &Class| {
        let list = prompts(&class.name, glossary.entry(&class.name), Some(crate::glossary::BUDGET));
        list.into_iter().map(|Prompt { text, .. }| (text, Some(class.class_id))).collect::<Vec<_>>()
    };
    let said = clean(r.text.as_deref().unwrap_or_default());
    let living = || classes.iter().filter(|class| !class.retired);
    let mut list: Vec<(String, Option<ClassId>)> = if said.is_empty() {
        living().filter(|class| r.class_id.is_none_or(|id| class.class_id == id)).flat_map(of).collect()
    } else {
        // A word of the glossary means its class, whatever class is in hand.
        let known: Vec<_> = living().flat_map(of).collect();
        let meant = |text: &str| known.iter().find(|(word, _)| key(word) == key(text)).and_then(|(_, class)| *class);
        said.into_iter().map(|text| (meant(&text).or(r.class_id), text)).map(|(class, text)| (text, class)).collect()
    };
    list.truncate(MOST_PROMPTS);
    if list.is_empty() {
        return Err(Error::invalid("text", "say what to look for, such as: car, delivery van"));
    }
    Ok(list)
}

fn moved(polygon: Polygon, x: f64, y: f64) -> Polygon {
    let shifted = |ring: Vec<[f64; 2]>| ring.into_iter().map(|[px, py]| [px + x, py + y]).collect();
    Polygon { rings: polygon.rings.into_iter().map(shifted).collect() }
}

impl Workbench {
    /// Proposes boxes on an image.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`]; [`Error::NoModel`] and what goes wrong in the model.
    pub fn propose(&self, d: &DatasetName, id: ImageId, request: &ProposeRequest) -> Result<ProposeAnswer, Error> {
        self.open.assist.shared.propose_boxes(self, d, id, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_the_class_of_today() {
        let class = |class_id, name: &str, retired, retired_into| Class {
            class_id,
            name: name.into(),
            supercategory: None,
            colour: "#000000".into(),
            source_id: None,
            retired,
            retired_into,
        };
        let classes = [class(1, "chair", true, Some(2)), class(2, "Sofa", false, None), class(3, "bed", true, None)];
        let named = |name| class_named(&classes, name);
        assert_eq!([named("Chair"), named("sofa"), named("bed"), named("cup")], [Some(2), Some(2), None, None]);
    }
}
