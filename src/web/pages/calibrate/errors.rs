//! What is wrong with the accepted, and what is missed, each a click away from the labeller.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{ClassId, DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_store::{ImageFilter, Judged};

use super::crop::{Crop, error_words};
use super::view::ErrorsPage;
use super::view_parts::Tab;
use super::{Bench, Visit, about, candidate, classes, html, record, shell};
use crate::addresses;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;

/// Pictures of one page.
const PAGE: u32 = 48;
/// Kinds in the order in which they are offered.
const KINDS: [&str; 6] = ["missed", "background", "localisation", "wrong_class", "class_and_localisation", "duplicate"];

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/d/{dataset}/calibrate/results/{calibration}/errors", |route| route.to(page))]
}

/// Which errors.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wish {
    kind: Option<String>,
    class: Option<String>,
    from: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    wish: web::Query<Wish>,
) -> WebResult<HttpResponse> {
    let (d, name) = path.into_inner();
    let class: Option<ClassId> = parsed("class", wish.class.as_deref())?;
    let from: u32 = parsed("from", wish.from.as_deref())?.unwrap_or(0);
    let kind = wish.into_inner().kind.filter(|kind| KINDS.contains(&kind.as_str()));
    html(&blocking(move || drawn(&bench, &visit, (&d, &name), (kind, class, from))).await?)
}

fn drawn(
    bench: &Workbench,
    visit: &Visit,
    (d, name): (&DatasetName, &RunName),
    (kind, class, from): (Option<String>, Option<ClassId>, u32),
) -> Result<ErrorsPage, tator_pipeline::Error> {
    let (record, names) = (record(bench, d, name)?, classes(bench, d)?);
    let counts = bench.reader().error_counts(d, name, class)?;
    let n = |kind: &str| counts.iter().find(|(known, _)| known == kind).map_or(0, |(_, n)| *n);
    let most = KINDS.iter().max_by_key(|kind| n(kind)).copied().unwrap_or("missed");
    let kind = kind.unwrap_or_else(|| most.to_owned());
    let at = super::view_parts::at(d, name);
    let address = |kind: &str, from: u32| {
        let mut pairs = vec![("kind", kind.to_owned())];
        pairs.extend(class.map(|class| ("class", class.to_string())));
        pairs.extend((from > 0).then(|| ("from", from.to_string())));
        format!("{at}/errors{}", addresses::query(&pairs))
    };
    let found = bench.reader().errors_of_kind((d, name, &record.run), (&kind, class), (PAGE, from))?;
    let everything = ImageFilter::default();
    let crop = |one: &Judged| {
        let chosen = (kind == "missed").then_some(one.number);
        let label = addresses::label(d, one.image_id, chosen, &everything);
        let why = (kind != "missed").then(|| candidate::address(&record, one.number));
        let note = match one.band.as_str() {
            "reached" => "a lower threshold could find it",
            "unreached" => "no candidate reaches it",
            _ => "",
        };
        (Crop::of(d, &names, one, label), why, note)
    };
    let total = n(&kind);
    let page = |from: u32| address(&kind, from);
    Ok(ErrorsPage {
        kinds: KINDS.map(|kind| (address(kind, 0), error_words(kind), n(kind), kind)).to_vec(),
        crops: found.iter().map(crop).collect(),
        previous: (from > 0).then(|| page(from.saturating_sub(PAGE))),
        next: (u64::from(from + PAGE) < total).then(|| page(from + PAGE)),
        place: (u64::from(from) + u64::from(!found.is_empty()), u64::from(from) + found.len() as u64, total),
        classes: record
            .figures
            .classes
            .iter()
            .map(|c| (c.class_id, c.name.clone(), Some(c.class_id) == class))
            .collect(),
        kind,
        about: about(bench, &record, Tab::Errors)?,
        shell: shell(bench, visit, d)?,
    })
}
