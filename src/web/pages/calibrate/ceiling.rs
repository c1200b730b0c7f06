//! What a run could find at best, said beside the floor for recall before anybody asks for more than that.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::evaluate::Cut;

use super::view_parts::pc;
use super::{Bench, html};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/d/{dataset}/calibrate/_ceiling", |route| route.to(part))]
}

/// The form as far as it matters here.
#[derive(Deserialize)]
struct Asked {
    run: String,
    iou: Option<String>,
    recall_floor: Option<String>,
}

/// `/d/{dataset}/calibrate/_ceiling`
#[derive(Template)]
#[template(path = "calibrate/_ceiling.html")]
pub struct CeilingPart {
    /// The run.
    pub run: String,
    /// Share of the objects that any candidate reaches, in percent, or why that is not known.
    pub most: Result<String, String>,
    /// Overlap from which on one is reached.
    pub iou: f64,
    /// The floor that was asked for, in percent, where it lies above.
    pub above: Option<String>,
}

async fn part(bench: Bench, dataset: web::Path<DatasetName>, asked: web::Query<Asked>) -> WebResult<HttpResponse> {
    let Asked { run, iou, recall_floor } = asked.into_inner();
    let iou = parsed::<f64>("iou", iou.as_deref())?.unwrap_or(0.5).clamp(0.0, 1.0);
    let floor = parsed::<f64>("recall_floor", recall_floor.as_deref())?;
    let name: Option<RunName> = parsed("run", Some(&run))?;
    let part = blocking(move || {
        let report = match &name {
            Some(name) => {
                bench.recall(&dataset, name, Cut { iou, ..Cut::default() }, None).map_err(|error| error.to_string())
            }
            None => Err("choose a run".to_owned()),
        };
        let share = report.and_then(|report| {
            let together = report.rows.iter().find(|row| row.kind == "union").and_then(|row| row.coverage);
            together.ok_or_else(|| "the run has no candidates".to_owned())
        });
        Ok::<_, tator_pipeline::Error>(CeilingPart {
            above: floor.filter(|floor| share.as_ref().is_ok_and(|share| floor > share)).map(pc),
            most: share.map(pc),
            run,
            iou,
        })
    });
    html(&part.await?)
}
