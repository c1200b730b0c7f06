//! Prelabelling: composing a recipe, trying it, runs and what they find, drafts.

pub(super) mod compare;
mod compose;
mod drafts;
pub(super) mod form;
pub(super) mod pace;
pub(super) mod recall;
#[cfg(test)]
mod samples;
pub(super) mod view;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;
use tator_domain::{BoxState, ClassId, DatasetName, ImageId, NewBox, Origin, PixelBox, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::evaluate::Cut;
use tator_pipeline::prepass::{DraftSample, Recipe, looked_at};
use tator_store::{ImageFilter, RunKind};

use super::notebook;
use super::visit::{Bench, Visit, html, see};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;
use crate::outlines::{Outlines, outlines};
use crate::page::Section;
use compare::ComparePage;
use recall::RecallPart;
use view::{FoundPage, PictureView, RunLine, RunPage, ShownClass, SourceLine, sources};

/// Pictures of a run's page.
const PICTURES: usize = 12;

pub(super) fn doors() -> Vec<Door> {
    let own = vec![
        Door::get("/d/{dataset}/prelabel/compare", |route| route.to(compare)),
        Door::get("/d/{dataset}/prelabel/runs/{run}", |route| route.to(run)),
        Door::get("/d/{dataset}/prelabel/runs/{run}/_recall", |route| route.to(recall)),
        Door::post("/d/{dataset}/prelabel/runs/{run}/delete", |route| route.to(delete)),
        Door::post("/d/{dataset}/prelabel/runs/{run}/notebook", |route| route.to(make_notebook)),
        Door::get("/d/{dataset}/prelabel/runs/{run}/images/{image}", |route| route.to(found)),
    ];
    [compose::doors(), own, drafts::doors()].concat()
}

/// Where precision and recall are measured.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Point {
    iou: Option<String>,
    score: Option<String>,
    pool: Option<String>,
    a: Option<String>,
    b: Option<String>,
}

impl Point {
    fn read(&self) -> WebResult<Cut> {
        let share = |field, text: &Option<String>| -> WebResult<f64> {
            Ok(parsed::<f64>(field, text.as_deref())?.unwrap_or(0.5).clamp(0.0, 1.0))
        };
        let (iou, score) = (share("iou", &self.iou)?, share("score", &self.score)?);
        Ok(Cut { iou, score, pool: share("pool", &self.pool)? })
    }
}

async fn run(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    point: web::Query<Point>,
) -> WebResult<HttpResponse> {
    let ((dataset, run), point) = (path.into_inner(), point.read()?);
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Prelabel, Some(&dataset))?;
        run_page(&bench, shell, dataset, &run, point)
    });
    html(&page.await?)
}

async fn recall(
    bench: Bench,
    path: web::Path<(DatasetName, RunName)>,
    point: web::Query<Point>,
) -> WebResult<HttpResponse> {
    let ((dataset, run), point) = (path.into_inner(), point.read()?);
    let recall = blocking(move || {
        bench.reader().run_entry(&dataset, RunKind::Prepass, &run)?;
        Ok::<_, tator_pipeline::Error>(bench.recall(&dataset, &run, point, None).map_err(|error| error.to_string()))
    });
    html(&RecallPart { recall: recall.await? })
}

fn run_page(
    bench: &Workbench,
    shell: crate::page::Shell,
    dataset: DatasetName,
    run: &RunName,
    point: Cut,
) -> Result<RunPage, tator_pipeline::Error> {
    let entry = bench.reader().run_entry(&dataset, RunKind::Prepass, run)?;
    let record = &entry.record;
    let samples = bench.run_samples(&dataset, run, PICTURES, point.pool)?;
    let failures = record["failures"].as_array().into_iter().flatten().map(|one| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        (text("item"), one["image_id"].as_i64().unwrap_or_default(), text("reason"))
    });
    let recipe: Option<Recipe> = serde_json::from_value(record["recipe"].clone()).ok();
    Ok(RunPage {
        line: RunLine::of(&entry),
        sources: sources(record).map(SourceLine::of).collect(),
        pace: pace::Pace::read(record),
        warnings: words(&record["warnings"]),
        failures: failures.take(20).collect(),
        pictures: pictures(bench, &dataset, &samples, |id| found_at(&dataset, run, id))?,
        questions: questions(&dataset, run, point.iou),
        recipe: recipe.and_then(|recipe| recipe.to_text().ok()).unwrap_or_default(),
        free_images: bench.free_for_drafts(&dataset, run)? as u64,
        point,
        shell,
        dataset,
    })
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn found_at(d: &DatasetName, run: &RunName, id: ImageId) -> String {
    format!("/d/{d}/prelabel/runs/{run}/images/{id}")
}

/// Statements about a run: what each source finds, what is missed, what one alone sees.
pub(super) fn statements(d: &DatasetName, run: &RunName, iou: f64) -> Vec<String> {
    let texts = [
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/prelabel/sql/recall.sql")),
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/prelabel/sql/missed.sql")),
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/prelabel/sql/alone.sql")),
    ];
    let filled = |text: &str| {
        let text = text.replace("{dataset}", d.as_str()).replace("{run}", run.as_str());
        text.trim_end().replace("{iou}", &iou.to_string())
    };
    texts.map(filled).into()
}

/// The same as SQL: title and address.
fn questions(d: &DatasetName, run: &RunName, iou: f64) -> Vec<(String, String)> {
    let question = |text: String| {
        let title = text.lines().next().unwrap_or_default().trim_start_matches("-- ").to_owned();
        let pairs = [("dataset", d.to_string()), ("q", text), ("run", "1".to_owned())];
        (title, format!("/sql{}", addresses::query(&pairs)))
    };
    statements(d, run, iou).into_iter().map(question).collect()
}

/// The same as a notebook.
async fn make_notebook(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (d, run) = path.into_inner();
    let address = blocking(move || {
        bench.reader().run_entry(&d, RunKind::Prepass, &run)?;
        let words = format!(
            "What the models of the run find, asked of the tables `{d}.atoms_{run}` and `{d}.candidates_{run}`. \
             Change what you like: this file is yours, the page stays as it is."
        );
        let text = notebook::of_statements(&format!("{run} on {d}"), &words, &statements(&d, &run, 0.5));
        notebook::kept(&bench, &format!("{d} {run}"), &text)
    });
    Ok(see(&address.await?))
}

/// Boxes of a model over a picture.
fn drawn(boxes: &[(ClassId, [f64; 4], f64)], colour: impl Fn(ClassId) -> String) -> Outlines {
    let shown = |(class, [x, y, w, h], score): &(ClassId, [f64; 4], f64)| {
        let rect = PixelBox { x: *x, y: *y, w: *w, h: *h };
        let mut new = NewBox::plain(*class, rect, Origin::Import);
        (new.state, new.score) = (BoxState::Draft, Some(*score));
        new.numbered(0, 0)
    };
    outlines(&boxes.iter().map(shown).collect::<Vec<_>>(), colour)
}

pub(super) fn pictures(
    bench: &Workbench,
    d: &DatasetName,
    samples: &[DraftSample],
    href: impl Fn(ImageId) -> String,
) -> Result<Vec<PictureView>, tator_pipeline::Error> {
    let classes = bench.reader().class_list(d)?;
    let known = |class: ClassId| classes.iter().find(|one| one.class_id == class);
    let colour = |class: ClassId| known(class).map_or_else(|| "#ffffff".to_owned(), |class| class.colour.clone());
    let view = |sample: &DraftSample| {
        let about = (sample.image_id, sample.path.as_str());
        let size = (sample.width, sample.height);
        let mut counts: BTreeMap<ClassId, usize> = BTreeMap::new();
        sample.boxes.iter().for_each(|(class, ..)| *counts.entry(*class).or_default() += 1);
        let name = |class: ClassId| known(class).map_or_else(|| format!("class {class}"), |class| class.name.clone());
        let mut shown: Vec<ShownClass> = counts
            .into_iter()
            .map(|(class, boxes)| ShownClass { name: name(class), colour: colour(class), boxes })
            .collect();
        shown.sort_by_key(|class| std::cmp::Reverse(class.boxes));
        PictureView::new(d, about, size, drawn(&sample.boxes, colour), shown, href(sample.image_id))
    };
    Ok(samples.iter().map(view).collect())
}

async fn delete(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, run) = path.into_inner();
    let back = see(&format!("/d/{dataset}/prelabel"));
    blocking(move || bench.delete_run(&dataset, &run)).await?;
    Ok(back)
}

async fn found(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName, ImageId)>,
) -> WebResult<HttpResponse> {
    let (dataset, run, image_id) = path.into_inner();
    let page = blocking(move || {
        let reader = bench.reader();
        reader.run_entry(&dataset, RunKind::Prepass, &run)?;
        let image = reader.image(&dataset, image_id)?.image;
        let filter = ImageFilter { condition: Some(looked_at(&dataset, &run)), ..ImageFilter::default() };
        let around = reader.neighbours(&dataset, image_id, &filter)?;
        let classes = reader.class_list(&dataset)?;
        let classes: serde_json::Map<String, Value> = classes
            .iter()
            .map(|class| (class.class_id.to_string(), serde_json::json!([class.name, class.colour])))
            .collect();
        Ok::<_, tator_pipeline::Error>(FoundPage {
            shell: visit.shell(&bench, Section::Prelabel, Some(&dataset))?,
            path: image.path,
            size: (image.width, image.height),
            classes: Value::Object(classes).to_string(),
            previous: around.previous,
            next: around.next,
            place: (around.position, around.total),
            image_id,
            dataset,
            run,
        })
    });
    html(&page.await?)
}

async fn compare(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    query: web::Query<Point>,
) -> WebResult<HttpResponse> {
    let point = query.read()?;
    let name = |field, text: &Option<String>| -> WebResult<RunName> {
        let found = parsed::<RunName>(field, text.as_deref())?;
        found.ok_or_else(|| crate::error::WebError::invalid(field, "choose two runs to compare"))
    };
    let (a, b) = (name("a", &query.a)?, name("b", &query.b)?);
    let page = blocking(move || {
        let dataset = dataset.into_inner();
        let shell = visit.shell(&bench, Section::Prelabel, Some(&dataset))?;
        let [first, second] = [
            bench.reader().run_entry(&dataset, RunKind::Prepass, &a)?,
            bench.reader().run_entry(&dataset, RunKind::Prepass, &b)?,
        ];
        let recall = bench.compare_recall(&dataset, [&a, &b], point).map_err(|error| error.to_string());
        let lines = [RunLine::of(&first), RunLine::of(&second)];
        let differences = differences(&first.record["recipe"], &second.record["recipe"]);
        Ok::<_, tator_pipeline::Error>(ComparePage { shell, dataset, lines, recall, point, differences })
    });
    html(&page.await?)
}

/// Keys at which two recipes differ, `detectors.0.score`.
pub(super) fn differences(a: &Value, b: &Value) -> Vec<(String, String, String)> {
    fn leaves(prefix: &str, value: &Value, into: &mut std::collections::BTreeMap<String, String>) {
        let inner = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| leaves(&inner(key), value, into)),
            Value::Array(items) => {
                // A model goes by its name, not by its place.
                let key =
                    |at: usize, item: &Value| item["model"].as_str().map_or_else(|| at.to_string(), str::to_owned);
                items.iter().enumerate().for_each(|(at, item)| leaves(&inner(&key(at, item)), item, into));
            }
            Value::Null => {}
            Value::Number(number) if number.is_f64() => {
                // Numbers of 32 bits look odd with the digits of 64.
                let short = (number.as_f64().unwrap_or_default() * 1e6).round() / 1e6;
                into.insert(prefix.to_owned(), short.to_string());
            }
            other => {
                into.insert(prefix.to_owned(), other.as_str().map_or_else(|| other.to_string(), str::to_owned));
            }
        }
    }
    let (mut first, mut second) = Default::default();
    leaves("", a, &mut first);
    leaves("", b, &mut second);
    let keys: std::collections::BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let pair = |key: &String| {
        let get = |map: &std::collections::BTreeMap<String, String>| map.get(key).cloned().unwrap_or_default();
        (key.clone(), get(&first), get(&second))
    };
    keys.into_iter().map(pair).filter(|(_, a, b)| a != b).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn only_what_differs_is_told() {
        let a = json!({ "seed": 1, "detectors": [{ "model": "x", "score": 0.1 }], "fusion": { "iou": 0.75 } });
        let b = json!({ "seed": 1, "detectors": [{ "model": "x", "score": 0.200_000_003 }, { "model": "y", "score": 0.2 }] });
        let told = differences(&a, &b);
        let keys: Vec<&str> = told.iter().map(|(key, ..)| key.as_str()).collect();
        assert_eq!(keys, ["detectors.x.score", "detectors.y.model", "detectors.y.score", "fusion.iou"]);
        assert_eq!((told[0].1.as_str(), told[0].2.as_str()), ("0.1", "0.2"));
    }
}
