//! One candidate, and what made its score, in words.

use actix_web::{HttpResponse, web};
use tator_domain::{DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::calibrate::{Explained, Protocol, Record, in_words};
use tator_store::ImageFilter;

use super::crop::Crop;
use super::view::{CandidatePage, ReasonLine};
use super::view_parts::Tab;
use super::{Bench, Visit, about, classes, html, record, shell};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebResult, blocking};

/// Reasons that are told one by one.
const TOLD: usize = 14;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/d/{dataset}/calibrate/results/{calibration}/candidates/{candidate}", |route| route.to(page))]
}

/// Address of a candidate's page.
pub(super) fn address(record: &Record, candidate: i64) -> String {
    format!("{}/candidates/{candidate}", super::view_parts::at(&record.dataset, &record.calibration))
}

async fn page(bench: Bench, visit: Visit, path: web::Path<(DatasetName, RunName, i64)>) -> WebResult<HttpResponse> {
    let (d, name, candidate) = path.into_inner();
    html(&blocking(move || drawn(&bench, &visit, (&d, &name), candidate)).await?)
}

fn drawn(
    bench: &Workbench,
    visit: &Visit,
    (d, name): (&DatasetName, &RunName),
    candidate: i64,
) -> Result<CandidatePage, tator_pipeline::Error> {
    let (record, names) = (record(bench, d, name)?, classes(bench, d)?);
    let one = bench.reader().judged_candidate((d, name, &record.run), candidate)?;
    let explained = bench.explain_candidates(d, name, &[candidate])?.into_iter().next();
    let kept = explained.as_ref().is_none_or(|explained| explained.kept);
    let whose = explained.as_ref().map(|explained| whose(&record, &one.part, explained)).unwrap_or_default();
    let (summary, reasons) = explained.map(|explained| told(&record, &explained)).unwrap_or_default();
    let label = addresses::label(d, one.image_id, None, &ImageFilter::default());
    let (band, part) = (one.band.clone(), one.part.clone());
    let crop = Crop::of(d, &names, &one, label.clone());
    let context = Crop { score: String::new(), ..Crop::blind(d, &names, &one, 6.0, label.clone()) };
    let on_image = format!("/d/{d}/prelabel/runs/{}/images/{}", record.run, one.image_id);
    let least = record.rule.least(one.class_id).map_or_else(|| "none".to_owned(), |least| format!("{least:.3}"));
    let (about, shell) = (about(bench, &record, Tab::Errors)?, shell(bench, visit, d)?);
    let crops = [crop, context];
    Ok(CandidatePage { shell, about, crops, band, kept, part, least, summary, whose, reasons, label, on_image })
}

/// Whose score it is and whose reasons, where an image was labelled.
fn whose(record: &Record, part: &str, explained: &Explained) -> String {
    let (score, now) = (explained.score, explained.probability);
    match part {
        "test" if matches!(record.protocol, Protocol::Nested { .. }) => format!(
            "{score:.3} is what trees said that had not seen this image; the trees in use, whose reasons these are, say {now:.3}."
        ),
        "test" => "The trees in use, whose reasons these are, have not seen this image.".to_owned(),
        "train" | "tune" => "The trees in use, whose reasons these are, have learnt from this image.".to_owned(),
        _ => String::new(),
    }
}

/// A sentence, and the reasons one by one.
pub(super) fn told(record: &Record, explained: &Explained) -> (String, Vec<ReasonLine>) {
    let most = explained.reasons.iter().map(|reason| reason.adds.abs()).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let line = |words: String, adds: f64| ReasonLine {
        words,
        adds: format!("{adds:+.2}"),
        raises: adds >= 0.0,
        width: (adds.abs() / most * 100.0).min(100.0),
    };
    let (first, rest) = explained.reasons.split_at(TOLD.min(explained.reasons.len()));
    let mut lines: Vec<ReasonLine> =
        first.iter().map(|reason| line(in_words(&reason.name, reason.value), reason.adds)).collect();
    if !rest.is_empty() {
        lines.push(line(format!("{} others together", rest.len()), rest.iter().map(|reason| reason.adds).sum()));
    }
    let strongest = |way: f64| {
        let ours = explained.reasons.iter().filter(|reason| reason.adds * way > 0.05).take(2);
        ours.map(|reason| in_words(&reason.name, reason.value)).collect::<Vec<_>>().join(", and ")
    };
    let (up, down) = (strongest(1.0), strongest(-1.0));
    let mut summary = format!(
        "Every candidate starts from {:.0} in a hundred; this one comes to {:.0}.",
        record.map.probability(explained.base) * 100.0,
        explained.probability * 100.0
    );
    if !up.is_empty() {
        summary.push_str(&format!(" For it: {up}."));
    }
    if !down.is_empty() {
        summary.push_str(&format!(" Against it: {down}."));
    }
    (summary, lines)
}
