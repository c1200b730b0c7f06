//! Somebody who labels as fast as the server answers, and remembers what was acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::chance::Chance;
use crate::harness::program::{Client, Server};

/// Class, and the rectangle in thousandths of a pixel.
pub type Mark = (i64, [i64; 4]);
/// Boxes by their number.
pub type Boxes = BTreeMap<i64, Mark>;

/// Boxes of an image beyond which it is emptied rather than filled.
const MOST: usize = 24;

/// An image as its annotator knows it.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub image: i64,
    pub revision: i64,
    pub boxes: Boxes,
    /// How the image stood before each edit that can be undone.
    past: Vec<Boxes>,
    future: Vec<Boxes>,
}

/// A request that was sent, and what the image will be when it is made. Boxes to come are under negative numbers.
#[derive(Debug, Clone)]
struct Flight {
    sheet: usize,
    path: String,
    body: Value,
    after: Boxes,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Edit,
    Undo,
    Redo,
}

/// Owns some images, which nobody else edits.
pub struct Annotator {
    dataset: String,
    pub sheets: Vec<Sheet>,
    chance: Chance,
    name: u64,
    made: u64,
    flight: Option<Flight>,
    pub sent: u64,
    pub acknowledged: u64,
    /// Requests that were cut off, and had been made all the same.
    pub made_unheard: u64,
    /// Requests that were cut off and not made.
    pub never_made: u64,
}

pub fn thousandths(value: &Value) -> i64 {
    (value.as_f64().unwrap() * 1000.0).round() as i64
}

fn marks(answer: &Value) -> Boxes {
    let boxes = answer["boxes"].as_array().unwrap();
    let rect = |b: &Value| ["x", "y", "w", "h"].map(|side| thousandths(&b[side]));
    let known: Boxes =
        boxes.iter().map(|b| (b["box_id"].as_i64().unwrap(), (b["class_id"].as_i64().unwrap(), rect(b)))).collect();
    assert_eq!(known.len(), boxes.len(), "a box number stands twice: {answer}");
    known
}

fn without_numbers(boxes: &Boxes) -> Vec<Mark> {
    let mut marks: Vec<Mark> = boxes.values().copied().collect();
    marks.sort_unstable();
    marks
}

/// The same boxes, and under the same numbers where those were known.
fn agree(expected: &Boxes, found: &Boxes) -> bool {
    without_numbers(expected) == without_numbers(found)
        && expected.iter().all(|(id, mark)| *id < 0 || found.get(id) == Some(mark))
}

impl Annotator {
    pub fn new(server: &Server, dataset: &str, images: &[i64], name: u64) -> Self {
        let sheets = images.iter().map(|&image| {
            let seen = server.get(&format!("/api/v1/datasets/{dataset}/images/{image}"));
            let revision = seen["revision"].as_i64().unwrap();
            Sheet { image, revision, boxes: marks(&seen), past: Vec::new(), future: Vec::new() }
        });
        Self {
            dataset: dataset.to_owned(),
            sheets: sheets.collect(),
            chance: Chance(name * 7919 + 13),
            name,
            made: 0,
            flight: None,
            sent: 0,
            acknowledged: 0,
            made_unheard: 0,
            never_made: 0,
        }
    }

    /// Edits until the server goes away.
    pub fn label(&mut self, client: &Client, heard: &AtomicU64) {
        loop {
            let flight = self.flight.take().unwrap_or_else(|| self.choose());
            self.sent += 1;
            let Some((status, answer)) = client.try_post(&flight.path, &flight.body) else {
                self.flight = Some(flight);
                return;
            };
            assert_eq!(status, 200, "{} {}: {answer}", flight.path, flight.body);
            self.acknowledged += 1;
            heard.fetch_add(1, Ordering::Relaxed);
            self.settle(&flight, &answer);
        }
    }

    /// Takes an answer over; it must be what was asked for, one revision on.
    fn settle(&mut self, flight: &Flight, answer: &Value) {
        let sheet = &mut self.sheets[flight.sheet];
        let found = marks(answer);
        assert!(agree(&flight.after, &found), "image {}: asked {:?}, found {found:?}", sheet.image, flight.after);
        assert_eq!(answer["revision"].as_i64().unwrap(), sheet.revision + 1, "image {}", sheet.image);
        let before = std::mem::replace(&mut sheet.boxes, found);
        sheet.revision += 1;
        match flight.step {
            Step::Edit => {
                sheet.past.push(before);
                sheet.future.clear();
            }
            Step::Undo => {
                sheet.past.pop();
                sheet.future.push(before);
            }
            Step::Redo => {
                sheet.future.pop();
                sheet.past.push(before);
            }
        }
    }

    /// After a restart: every image is as it was acknowledged, but for the one request that was cut off, which was
    /// made as a whole or not at all. It is sent again twice, and makes its change once.
    pub fn check(&mut self, server: &Server) {
        let flight = self.flight.take();
        for (at, sheet) in self.sheets.iter().enumerate() {
            let seen = server.get(&format!("/api/v1/datasets/{}/images/{}", self.dataset, sheet.image));
            let (found, revision) = (marks(&seen), seen["revision"].as_i64().unwrap());
            let kept = found == sheet.boxes && revision == sheet.revision;
            let made = flight.as_ref().is_some_and(|f| f.sheet == at && agree(&f.after, &found))
                && revision == sheet.revision + 1;
            assert!(
                kept || made,
                "image {} was acknowledged at {} {:?}, found at {revision} {found:?}, in flight {flight:?}",
                sheet.image,
                sheet.revision,
                sheet.boxes
            );
            if flight.as_ref().is_some_and(|f| f.sheet == at) {
                if made { self.made_unheard += 1 } else { self.never_made += 1 }
            }
        }
        let Some(flight) = flight else { return };
        let first = server.post(&flight.path, &flight.body);
        let again = server.post(&flight.path, &flight.body);
        assert_eq!(first["boxes"], again["boxes"], "a replay gives the same answer");
        assert_eq!(first["ids"], again["ids"], "a replay gives the same numbers");
        assert_eq!(first["revision"], again["revision"]);
        self.settle(&flight, &first);
    }

    fn choose(&mut self) -> Flight {
        let at = usize::try_from(self.chance.next()).unwrap_or_default() % self.sheets.len();
        let sheet = self.sheets[at].clone();
        let client_id = format!("{}-{}", self.name, self.made);
        self.made += 1;
        let home = format!("/api/v1/datasets/{}/images/{}", self.dataset, sheet.image);
        let path = |door: &str| format!("{home}/{door}");
        let step = match self.chance.between(0, 100) {
            0..12 if !sheet.past.is_empty() => Step::Undo,
            12..20 if !sheet.future.is_empty() => Step::Redo,
            _ => Step::Edit,
        };
        match step {
            Step::Undo | Step::Redo => {
                let (door, stack) = if step == Step::Undo { ("undo", &sheet.past) } else { ("redo", &sheet.future) };
                let after = stack.last().unwrap().clone();
                Flight { sheet: at, path: path(door), body: json!({ "client_id": client_id }), after, step }
            }
            Step::Edit => {
                let mut after = sheet.boxes.clone();
                let edits: Vec<Value> = (0..self.chance.between(1, 4)).map(|n| self.edit(&mut after, n)).collect();
                let body = json!({ "base_revision": sheet.revision, "client_id": client_id, "edits": edits });
                Flight { sheet: at, path: path("edits"), body, after, step }
            }
        }
    }

    /// One edit, made on `after` as well.
    fn edit(&mut self, after: &mut Boxes, n: u64) -> Value {
        let numbered: Vec<i64> = after.keys().copied().filter(|id| *id > 0).collect();
        let choice = self.chance.between(0, 100);
        let picked = (!numbered.is_empty())
            .then(|| numbered[usize::try_from(self.chance.next()).unwrap_or_default() % numbered.len()]);
        let class = i64::try_from(self.chance.between(1, 4)).unwrap();
        // Never the same place twice: it tells boxes apart without their numbers.
        let place = i64::try_from(self.name * 40_000 + self.made % 40_000).unwrap();
        let rect = [place, i64::try_from(n).unwrap() * 1000, 5000, 6000 + i64::try_from(self.made / 40_000).unwrap()];
        let px = |v: i64| v as f64 / 1000.0;
        match picked {
            Some(box_id) if choice < 25 || after.len() >= MOST => {
                after.remove(&box_id);
                json!({ "op": "delete", "box_id": box_id })
            }
            Some(box_id) if choice < 55 => {
                after.insert(box_id, (class, rect));
                json!({ "op": "update", "box_id": box_id, "class_id": class,
                    "x": px(rect[0]), "y": px(rect[1]), "w": px(rect[2]), "h": px(rect[3]) })
            }
            _ => {
                after.insert(-1 - i64::try_from(n).unwrap(), (class, rect));
                json!({ "op": "add", "key": format!("k{n}"), "class_id": class,
                    "x": px(rect[0]), "y": px(rect[1]), "w": px(rect[2]), "h": px(rect[3]) })
            }
        }
    }
}
