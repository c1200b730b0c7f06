//! One calibration: how good it is beside everything it has to beat, and what it was made of.

use actix_web::{HttpResponse, web};
use serde_json::json;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::calibrate::{ClassFigures, Figures, Record, ScoreTable};

use super::thresholds::{bands, tick_of};
use super::view::{ClassLine, FiguresPage};
use super::view_parts::{StandingLine, Tab, pc};
use super::{Bench, Visit, about, audit, charts, crop, html, questions, record, shell};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::figures::sentence;

/// Columns of which the page tells.
const TOLD: usize = 20;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/d/{dataset}/calibrate/results/{calibration}", |route| route.to(page))]
}

async fn page(bench: Bench, visit: Visit, path: web::Path<(DatasetName, RunName)>) -> WebResult<HttpResponse> {
    let (d, name) = path.into_inner();
    html(&blocking(move || drawn(&bench, &visit, &d, &name)).await?)
}

fn drawn(
    bench: &Workbench,
    visit: &Visit,
    d: &DatasetName,
    name: &RunName,
) -> Result<FiguresPage, tator_pipeline::Error> {
    let record = record(bench, d, name)?;
    let table = bench.score_table(d, name)?;
    // The run may have been deleted since; what was learnt of it stays.
    let raw = bench.reader().raw_score_counts(d, &record.run).map(|counts| charts::raw(&counts)).unwrap_or_default();
    let figures = &record.figures;
    let most = record.importances.iter().map(|one| one.gain).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let importances = record.importances.iter().take(TOLD).map(|one| {
        let name = one.name.replace("::", " of ");
        (
            name,
            one.gain / most * 100.0,
            pc(one.gain / record.importances.iter().map(|i| i.gain).sum::<f64>()),
            one.splits,
        )
    });
    Ok(FiguresPage {
        standings: standings(&record),
        warnings: record.warnings.iter().map(|words| sentence(words)).collect(),
        protocol: audit::protocol(&record),
        sizes: record.sizes,
        ceiling: pc(figures.recall_ceiling),
        f1: pc(record.test.f1),
        curves: curves(&record),
        figures: calibration_words(figures),
        histogram: charts::histogram(&table),
        raw,
        importances: importances.collect(),
        errors: figures.errors.iter().map(|e| (e.kind.clone(), crop::error_words(&e.kind), e.n as u64)).collect(),
        classes: figures.classes.iter().map(|class| class_line(&table, class)).collect(),
        estimates: bench.verdict_estimates(d, name)?.into_iter().filter(|band| band.judged > 0).collect(),
        stricter: figures.stricter.iter().map(|(iou, p)| (iou.clone(), f1(p.right, p.wrong, p.missed))).collect(),
        questions: questions::of_calibration(&record),
        audit: audit::facts(&record),
        about: about(bench, &record, Tab::Figures)?,
        shell: shell(bench, visit, d)?,
    })
}

fn standings(record: &Record) -> Vec<StandingLine> {
    let own = StandingLine::of(record.calibration.as_str(), true, &record.test, None);
    let mut baselines: Vec<_> = record.baselines.iter().collect();
    baselines.sort_by(|a, b| b.1.f1.total_cmp(&a.1.f1).then(a.0.cmp(b.0)));
    let line = |(name, standing): (&String, &_)| {
        StandingLine::of(name, false, standing, record.gate.differences.get(name).copied())
    };
    [own].into_iter().chain(baselines.into_iter().map(line)).collect()
}

fn f1(right: usize, wrong: usize, missed: usize) -> String {
    match 2 * right + wrong + missed {
        0 => "–".to_owned(),
        whole => pc(2.0 * right as f64 / whole as f64),
    }
}

fn class_line(table: &ScoreTable, class: &ClassFigures) -> ClassLine {
    let share = |part: usize, whole: usize| if whole == 0 { "–".into() } else { pc(part as f64 / whole as f64) };
    let (right, wrong, missed) = (class.right, class.wrong, class.missed);
    let scores = table.classes.iter().find(|scores| scores.class_id == class.class_id);
    ClassLine {
        class_id: class.class_id,
        name: class.name.clone(),
        least: class.least.map_or_else(|| "accepts none".to_owned(), |least| format!("{least:.3}")),
        figures: [share(right, right + wrong), share(right, right + missed), f1(right, wrong, missed)],
        counts: [right as u64, wrong as u64, missed as u64],
        bands: scores.map(|scores| bands(scores, tick_of(Some(table.queue_from)))).unwrap_or_default(),
    }
}

/// Expected error, Brier score and average precision, in words.
fn calibration_words(figures: &Figures) -> Vec<(&'static str, String)> {
    let text = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    vec![
        ("mean error of a probability", text(figures.expected_error)),
        ("Brier score", text(figures.brier)),
        ("average precision", text(figures.average_precision)),
    ]
}

/// What the script draws, and what stands in the tables beneath: title, JSON, words, head and rows.
pub(super) fn curves(record: &Record) -> Vec<super::view::Curve> {
    let figures = &record.figures;
    let floor = record.options.recall_floor;
    let mut points: Vec<(f64, f64, Option<f64>)> = figures
        .curve
        .iter()
        .filter(|p| p.right + p.wrong > 0 && p.right + p.missed > 0)
        .map(|p| {
            let right = p.right as f64;
            (right / (p.right + p.missed) as f64, right / (p.right + p.wrong) as f64, p.least)
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let least = |least: &Option<f64>| least.map_or_else(String::new, |least| format!("{least:.3}"));
    let step = points.len().div_ceil(20).max(1);
    let pr = super::view::Curve {
        title: "Precision against recall",
        json: json!({
            "x": { "label": "recall", "values": points.iter().map(|p| p.0).collect::<Vec<_>>() },
            "y": { "label": "precision", "range": [0, 1] },
            "lines": [{ "name": "precision", "values": points.iter().map(|p| p.1).collect::<Vec<_>>() }],
            "marks": [{ "x": floor, "name": "recall floor" }, { "x": record.test.recall, "name": "in use" }],
        })
        .to_string(),
        words: format!(
            "Left of the recall floor ({} %) no threshold is chosen. In use: recall {} %.",
            pc(floor),
            pc(record.test.recall)
        ),
        head: ["Recall %", "Precision %", "Probability from"],
        rows: points.iter().step_by(step).map(|p| [pc(p.0), pc(p.1), least(&p.2)]).collect(),
    };
    let bins: Vec<_> = figures.reliability.iter().filter(|bin| bin.n > 0).collect();
    let reliability = super::view::Curve {
        title: "Is a probability worth what it says?",
        json: json!({
            "x": { "label": "probability", "values": bins.iter().map(|b| b.mean).collect::<Vec<_>>() },
            "y": { "label": "share right", "range": [0, 1] },
            "lines": [{ "name": "right", "values": bins.iter().map(|b| b.right).collect::<Vec<_>>(),
                "low": bins.iter().map(|b| near(b, -1.0)).collect::<Vec<_>>(), "high": bins.iter().map(|b| near(b, 1.0)).collect::<Vec<_>>() },
                { "name": "as it says", "values": bins.iter().map(|b| b.mean).collect::<Vec<_>>() }],
        })
        .to_string(),
        words: "A point above the diagonal: such candidates are right more often than their probability says.".to_owned(),
        head: ["Probability %", "Right %", "Candidates"],
        rows: bins.iter().map(|b| [pc(b.mean), pc(b.right), b.n.to_string()]).collect(),
    };
    let costs = super::view::Curve {
        title: "What it saves, what it misses",
        json: json!({
            "x": { "label": "objects missed", "values": figures.costs.iter().rev().map(|c| c.objects_missed).collect::<Vec<_>>() },
            "y": { "label": "clicks saved" },
            "lines": [{ "name": "clicks saved", "values": figures.costs.iter().rev().map(|c| c.clicks_saved).collect::<Vec<_>>() }],
        })
        .to_string(),
        words: "Beside drawing every box by hand: two clicks a box drawn, one a wrong box deleted. From strict at the right to generous at the left.".to_owned(),
        head: ["Objects missed", "Clicks saved", "Probability from"],
        rows: figures
            .costs
            .iter()
            .step_by(figures.costs.len().div_ceil(20).max(1))
            .map(|c| [c.objects_missed.to_string(), format!("{:.0}", c.clicks_saved), least(&c.least)])
            .collect(),
    };
    vec![pr, reliability, costs]
}

/// An end of the interval of a bin's share.
fn near(bin: &tator_pipeline::calibrate::ReliabilityBin, way: f64) -> f64 {
    let spread = (bin.right * (1.0 - bin.right) / bin.n.max(1) as f64).sqrt().max(0.5 / bin.n.max(1) as f64);
    (bin.right + way * 1.96 * spread).clamp(0.0, 1.0)
}
