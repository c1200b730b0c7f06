//! Two calibrations beside each other: figures, what they say differently, and the candidates they disagree on.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::calibrate::Record;

use super::crop::Crop;
use super::view_list::ComparePage;
use super::view_parts::StandingLine;
use super::{Bench, Visit, audit, candidate, classes, html, questions, record};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::filter::parsed;
use crate::page::Section;
use crate::pages::prelabel;

/// Pictures of those that differ.
const SHOWN: u32 = 24;
/// What may be done with a candidate.
const BANDS: [&str; 3] = ["accept", "queue", "drop"];

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/d/{dataset}/calibrate/compare", |route| route.to(page))]
}

/// Which two, and which cell of the table.
#[derive(Deserialize)]
struct Wish {
    a: Option<String>,
    b: Option<String>,
    first: Option<String>,
    second: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let name = |field, text: &Option<String>| -> WebResult<RunName> {
        let found = parsed::<RunName>(field, text.as_deref())?;
        found.ok_or_else(|| WebError::invalid(field, "choose two calibrations to compare"))
    };
    let (a, b) = (name("a", &wish.a)?, name("b", &wish.b)?);
    let band = |text: &Option<String>| BANDS.into_iter().find(|band| Some(*band) == text.as_deref());
    let cell = band(&wish.first).zip(band(&wish.second));
    html(&blocking(move || drawn(&bench, &visit, &dataset.into_inner(), (&a, &b), cell)).await?)
}

/// What decides a result, as JSON with names.
fn made_of(record: &Record) -> serde_json::Value {
    json!({
        "run": record.run, "data_version": record.data_version, "options": record.options, "queue_from": record.queue_from,
        "without": record.without, "crops": record.appearance.as_ref().map(audit::looks), "columns": record.features.hash, "protocol": record.protocol,
    })
}

fn drawn(
    bench: &Workbench,
    visit: &Visit,
    d: &DatasetName,
    (a, b): (&RunName, &RunName),
    cell: Option<(&'static str, &'static str)>,
) -> Result<ComparePage, tator_pipeline::Error> {
    let (first, second) = (record(bench, d, a)?, record(bench, d, b)?);
    let same_run = first.run == second.run;
    let pairs = if same_run { bench.reader().pair_counts(d, a, b)? } else { Vec::new() };
    let apart = pairs.iter().filter(|pair| pair.first != pair.second).max_by_key(|pair| pair.n);
    let known = |word: &str| BANDS.into_iter().find(|band| *band == word);
    let cell = cell.or_else(|| apart.and_then(|pair| known(&pair.first).zip(known(&pair.second))));
    let names = classes(bench, d)?;
    let crops = match cell.filter(|_| same_run) {
        Some((x, y)) => bench.reader().pairs((d, &first.run), [a, b], [x, y], SHOWN)?,
        None => Vec::new(),
    };
    let address = |x: &str, y: &str| {
        let pairs = [("a", a.to_string()), ("b", b.to_string()), ("first", x.to_owned()), ("second", y.to_owned())];
        format!("/d/{d}/calibrate/compare{}#differ", addresses::query(&pairs))
    };
    let row = |x: &'static str| {
        let of = |y: &'static str| {
            let found = pairs.iter().find(|pair| pair.first == x && pair.second == y);
            let (n, right, wrong) = found.map_or((0, 0, 0), |pair| (pair.n, pair.right, pair.wrong));
            (address(x, y), n, right, wrong, cell == Some((x, y)))
        };
        (x, BANDS.map(of))
    };
    let crop = |one: &tator_store::Judged| {
        let other = one.other.map_or_else(String::new, |score| format!("{score:.3}"));
        (Crop::of(d, &names, one, candidate::address(&first, one.number)), other)
    };
    Ok(ComparePage {
        shell: visit.shell(bench, Section::Calibrate, Some(d))?,
        dataset: d.clone(),
        lines: [&first, &second].map(|one| StandingLine::of(one.calibration.as_str(), false, &one.test, None)),
        promoted: [first.gate.promoted, second.gate.promoted],
        differences: prelabel::differences(&made_of(&first), &made_of(&second)),
        table: BANDS.map(row),
        crops: crops.iter().map(crop).collect(),
        questions: if same_run { questions::of_two(d, a, b) } else { Vec::new() },
        same_run,
        cell,
    })
}
