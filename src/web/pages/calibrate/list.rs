//! The list of calibrations with the form that starts one.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{DatasetName, ImageState, RunName};
use tator_pipeline::calibrate::{Labels, Options, Record};
use tator_pipeline::embed::Encoder;
use tator_pipeline::heads::HeadChoice;
use tator_pipeline::{CalibrateRequest, Workbench};

use super::view_list::{CalibrationLine, Form, ListPage};
use super::{Bench, Visit, form_again, html, see};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use crate::pages::prelabel::form::Sent;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/calibrate", |route| route.to(page)),
        Door::post("/d/{dataset}/calibrate", |route| route.to(start)),
        Door::post("/d/{dataset}/calibrate/results/{calibration}/delete", |route| route.to(delete)),
    ]
}

/// What to begin with.
#[derive(Deserialize)]
struct Begin {
    run: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    begin: web::Query<Begin>,
) -> WebResult<HttpResponse> {
    let (dataset, run) = (dataset.into_inner(), begin.into_inner().run.unwrap_or_default());
    html(&blocking(move || whole(&bench, &visit, dataset, Form { run, ..usual() })).await?)
}

/// The form as it comes.
fn usual() -> Form {
    let options = Options::default();
    Form {
        run: String::new(),
        iou: options.iou.to_string(),
        recall_floor: options.recall_floor.to_string(),
        cap: String::new(),
        many: false,
        seed: options.seed.to_string(),
        sweep: "0".to_owned(),
        queue_from: "0.1".to_owned(),
        seen: String::new(),
        looks: String::new(),
        without: String::new(),
        name: String::new(),
        wrong: None,
    }
}

fn whole(
    bench: &Workbench,
    visit: &Visit,
    dataset: DatasetName,
    form: Form,
) -> Result<ListPage, tator_pipeline::Error> {
    let shell = visit.shell(bench, Section::Calibrate, Some(&dataset))?;
    let mut lines: Vec<CalibrationLine> = bench
        .calibrations(&dataset)?
        .iter()
        .map(|entry| match Record::parse(&entry.record) {
            Ok(record) => CalibrationLine::of(&record),
            Err(error) => CalibrationLine::damaged(&entry.name, &error.to_string()),
        })
        .collect();
    lines.sort_by(|a, b| b.data_version.cmp(&a.data_version).then_with(|| b.name.cmp(&a.name)));
    let mut runs = bench.prepass_runs(&dataset)?;
    runs.sort_by_key(|run| std::cmp::Reverse(run.record["finished_at"].as_i64().unwrap_or_default()));
    let ours = |job: &tator_pipeline::JobRecord| {
        job.kind == "calibrate" && job.dataset.as_ref() == Some(&dataset) && !job.state.is_over()
    };
    let live = bench.jobs()?.iter().filter(|job| ours(job)).map(|job| (job.job_id, job.title.clone())).collect();
    let states = bench.reader().dataset(&dataset)?.states;
    let trusted = [ImageState::Labelled, ImageState::Reviewed];
    let truth_images = states.iter().filter(|(state, _)| trusted.contains(state)).map(|(_, n)| n).sum();
    let runs = runs.into_iter().map(|run| run.name.to_string()).collect();
    let looks = looks(bench, &dataset)?;
    Ok(ListPage { shell, dataset, lines, runs, live, truth_images, looks, form })
}

/// Heads that know classes of the dataset, then encoders.
fn looks(bench: &Workbench, dataset: &DatasetName) -> Result<Vec<(String, String)>, tator_pipeline::Error> {
    let head = |head: HeadChoice| {
        let whose = if head.dataset == *dataset { String::new() } else { format!(" of {}", head.dataset) };
        (format!("head:{}", head.id), format!("head {}{whose}: {} of the classes", head.name, head.classes))
    };
    let encoder = |encoder: Encoder| (format!("encoder:{}", encoder.name), format!("{}, no head", encoder.title));
    let heads = bench.heads_for(dataset)?.into_iter().map(head);
    Ok(heads.chain(bench.encoders().into_iter().map(encoder)).collect())
}

/// `MODEL=CONDITION`, one a line.
fn seen(text: &str) -> Result<BTreeMap<String, String>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |line: &str| {
        let (model, condition) = line.split_once('=').ok_or_else(|| format!("{line:?} is not MODEL=CONDITION"))?;
        Ok((model.trim().to_owned(), condition.trim().to_owned()))
    };
    lines.map(pair).collect()
}

fn number<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{field}: {text:?} is no such number"))
}

fn request_of(dataset: &DatasetName, form: &Form) -> Result<CalibrateRequest, String> {
    let run: RunName = form.run.parse().map_err(|e| format!("run: {e}"))?;
    let usual = CalibrateRequest::new(dataset.clone(), run);
    let options = Options {
        iou: number("IoU", &form.iou)?,
        recall_floor: number("recall", &form.recall_floor)?,
        wrong_per_right: match form.cap.as_str() {
            "" => None,
            text => Some(number("wrong ones per right one", text)?),
        },
        labels: if form.many { Labels::ManyToOne } else { Labels::OneToOne },
        seed: number("seed", &form.seed)?,
        sweep: number("other ways of growing", &form.sweep)?,
        ..usual.options
    };
    let name = match form.name.as_str() {
        "" => None,
        text => Some(text.parse::<RunName>().map_err(|e| format!("name: {e}"))?),
    };
    let without = form.without.split([',', ' ']).filter(|text| !text.is_empty()).map(str::to_owned).collect();
    let queue_from = number("queue from", &form.queue_from)?;
    let looker = |kind: &str| form.looks.strip_prefix(kind).map(str::to_owned);
    let (encoder, head) = (looker("encoder:"), looker("head:"));
    Ok(CalibrateRequest { name, options, seen: seen(&form.seen)?, queue_from, encoder, head, without, ..usual })
}

async fn start(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let (dataset, sent) = (dataset.into_inner(), Sent(form.into_inner()));
    let text = |name: &str| sent.get(name).unwrap_or_default().to_owned();
    let form = Form {
        run: text("run"),
        iou: text("iou"),
        recall_floor: text("recall_floor"),
        cap: text("cap"),
        many: sent.get("labels") == Some("many_to_one"),
        seed: text("seed"),
        sweep: text("sweep"),
        queue_from: text("queue_from"),
        seen: text("seen"),
        looks: text("looks"),
        without: text("without"),
        name: text("name"),
        wrong: None,
    };
    let outcome = blocking(move || {
        let begun = request_of(&dataset, &form)
            .and_then(|request| bench.start_calibration(request).map_err(|error| error.to_string()));
        match begun {
            Ok((job, _)) => Ok(Ok(job)),
            Err(words) => {
                let form = Form { wrong: Some(words), ..form };
                Ok::<_, tator_pipeline::Error>(Err(whole(&bench, &visit, dataset, form)?))
            }
        }
    });
    match outcome.await? {
        Ok(job) => Ok(see(&format!("/jobs/{job}"))),
        Err(page) => form_again(&page),
    }
}

async fn delete(bench: Bench, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (dataset, name) = path.into_inner();
    let back = see(&format!("/d/{dataset}/calibrate"));
    blocking(move || bench.delete_calibration(&dataset, &name)).await?;
    Ok(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_what_is_wrong_with_it() {
        let d: DatasetName = "coins".parse().unwrap();
        let form = Form { run: "fast_1".into(), seen: "yolox = split = 'train'\n\n".into(), ..usual() };
        let request = request_of(&d, &form).unwrap();
        assert_eq!(request.seen["yolox"], "split = 'train'");
        assert_eq!(request.options, Options::default());
        let looks = |looks: &str| request_of(&d, &Form { looks: looks.into(), ..form.clone() }).unwrap();
        assert_eq!((looks("head:head-3").head.as_deref(), looks("head:head-3").encoder), (Some("head-3"), None));
        assert_eq!((looks("encoder:e").encoder.as_deref(), looks("").encoder), (Some("e"), None));
        let wrong = |form: Form| request_of(&d, &form).unwrap_err();
        assert!(wrong(Form { iou: "half".into(), ..form.clone() }).contains("IoU"));
        assert!(wrong(Form { seen: "yolox".into(), ..form.clone() }).contains("MODEL=CONDITION"));
        assert!(wrong(Form { run: String::new(), ..form }).contains("run"));
    }
}
