//! Thresholds that move: counts at once, candidates on both sides of the line, and on to applying.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{ClassId, DatasetName, RunName};
use tator_pipeline::Workbench;
use tator_pipeline::calibrate::{BandCounts, ClassScores, Record, ScoreTable};
use tator_store::Judged;

use super::crop::Crop;
use super::view::{ExamplesPart, Sides, ThresholdRow, ThresholdsPage};
use super::view_parts::Tab;
use super::{Bench, Classes, Visit, about, candidate, classes, html, record, shell};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;

/// Candidates on each side of the line.
const SHOWN: u32 = 8;
/// A threshold that accepts nothing.
pub(super) const NOTHING: i32 = 1001;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/calibrate/results/{calibration}/thresholds", |route| route.to(page)),
        Door::get("/d/{dataset}/calibrate/results/{calibration}/_examples", |route| route.to(examples)),
    ]
}

/// The line whose sides are shown.
#[derive(Deserialize)]
struct Line {
    class: Option<String>,
    tick: Option<String>,
}

/// The thousandth in which a threshold stands.
pub(super) fn tick_of(least: Option<f64>) -> i32 {
    least.map_or(NOTHING, |least| (least * 1000.0).floor().clamp(0.0, 1000.0) as i32)
}

/// The threshold that a thousandth means for a class: its own where it stands there, the lower edge anywhere else.
pub(super) fn least_at(own: Option<f64>, tick: i32) -> f64 {
    own.filter(|_| tick == tick_of(own)).unwrap_or_else(|| (f64::from(tick) / 1000.0).clamp(0.0, 1.0))
}

async fn page(
    bench: Bench,
    visit: Visit,
    path: web::Path<(DatasetName, RunName)>,
    line: web::Query<Line>,
) -> WebResult<HttpResponse> {
    let (d, name) = path.into_inner();
    let (class, tick) = (parsed("class", line.class.as_deref())?, parsed("tick", line.tick.as_deref())?);
    html(&blocking(move || drawn(&bench, &visit, (&d, &name), class, tick)).await?)
}

fn drawn(
    bench: &Workbench,
    visit: &Visit,
    (d, name): (&DatasetName, &RunName),
    class: Option<ClassId>,
    tick: Option<i32>,
) -> Result<ThresholdsPage, tator_pipeline::Error> {
    let record = record(bench, d, name)?;
    let table = bench.score_table(d, name)?;
    let queue_tick = tick_of(Some(table.queue_from));
    let mut rows: Vec<ThresholdRow> = table.classes.iter().map(|class| row(class, queue_tick)).collect();
    rows.sort_by(|a, b| b.truths.cmp(&a.truths).then_with(|| a.name.cmp(&b.name)));
    let chosen = class.or_else(|| fullest(&table));
    let examples = match chosen {
        Some(class) => Some(sides(bench, (d, &record), &table, class, tick)?),
        None => None,
    };
    Ok(ThresholdsPage {
        queue_tick,
        duplicates: table.classes.iter().map(|class| class.duplicates).sum(),
        iou: table.iou,
        recall_floor: record.options.recall_floor,
        rows,
        examples,
        about: about(bench, &record, Tab::Thresholds)?,
        shell: shell(bench, visit, d)?,
    })
}

/// The class with most candidates: a line is moved where something lies on both sides of it.
fn fullest(table: &ScoreTable) -> Option<ClassId> {
    let candidates = |class: &ClassScores| class.bins.iter().map(|bin| bin.1 + bin.2 + bin.3).sum::<u64>();
    table.classes.iter().max_by_key(|class| (candidates(class), std::cmp::Reverse(class.class_id))).map(|c| c.class_id)
}

/// Candidates of a class without truth from a thousandth on.
fn open_from(class: &ClassScores, tick: i32) -> u64 {
    class.bins.iter().filter(|bin| bin.0 >= tick).map(|bin| bin.3).sum()
}

/// What is done with the candidates of a class on images without truth, with people asked from a thousandth on.
pub(super) fn bands(class: &ClassScores, queue_tick: i32) -> BandCounts {
    let tick = tick_of(class.least);
    let (accept, seen) = (open_from(class, tick), open_from(class, tick.min(queue_tick)));
    let [accept, queue, drop, duplicates] =
        [accept, seen - accept, open_from(class, i32::MIN) - seen, class.duplicates].map(|n| n as usize);
    BandCounts { accept, queue, drop, duplicates }
}

fn row(class: &ClassScores, queue_tick: i32) -> ThresholdRow {
    let tick = tick_of(class.least);
    let sum = |of: fn(&(i32, u64, u64, u64)) -> u64| class.bins.iter().filter(|bin| bin.0 >= tick).map(of).sum::<u64>();
    let (right, wrong) = (sum(|bin| bin.1), sum(|bin| bin.2));
    ThresholdRow {
        class_id: class.class_id,
        name: class.name.clone(),
        colour: class.colour.clone(),
        tick,
        truths: class.truths as u64,
        counts: [right, wrong, (class.truths as u64).saturating_sub(right)],
        bands: bands(class, queue_tick),
        past_people: (open_from(class, tick) - open_from(class, tick.max(queue_tick))) as usize,
    }
}

async fn examples(
    bench: Bench,
    path: web::Path<(DatasetName, RunName)>,
    line: web::Query<Line>,
) -> WebResult<HttpResponse> {
    let (d, name) = path.into_inner();
    let (class, tick) = (parsed("class", line.class.as_deref())?, parsed("tick", line.tick.as_deref())?);
    let part = blocking(move || {
        let record = record(&bench, &d, &name)?;
        let table = bench.score_table(&d, &name)?;
        let class = class.or_else(|| fullest(&table)).unwrap_or_default();
        sides(&bench, (&d, &record), &table, class, tick)
    });
    html(&ExamplesPart { part: part.await? })
}

fn sides(
    bench: &Workbench,
    (d, record): (&DatasetName, &Record),
    table: &ScoreTable,
    class: ClassId,
    tick: Option<i32>,
) -> Result<Sides, tator_pipeline::Error> {
    let about = table.classes.iter().find(|one| one.class_id == class);
    let own = about.and_then(|class| class.least);
    let tick = tick.unwrap_or_else(|| tick_of(own));
    let least = if tick >= NOTHING { 1.0 } else { least_at(own, tick) };
    let of = (d, &record.calibration, &record.run);
    let names: Classes = classes(bench, d)?;
    let side = |above: bool| -> Result<Vec<Crop>, tator_pipeline::Error> {
        let found = bench.reader().candidates_beside(of, Some(class), (least, above), SHOWN)?;
        Ok(found.iter().map(|one: &Judged| Crop::of(d, &names, one, candidate::address(record, one.number))).collect())
    };
    let name = about.map_or_else(|| format!("class {class}"), |class| class.name.clone());
    Ok(Sides { class: name, least: format!("{least:.3}"), above: side(true)?, below: side(false)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_means_the_threshold_that_stands_in_it() {
        assert_eq!(tick_of(Some(0.5432)), 543);
        assert_eq!(least_at(Some(0.5432), 543), 0.5432);
        assert_eq!(least_at(Some(0.5432), 544), 0.544);
        assert_eq!(tick_of(None), NOTHING);
        assert_eq!(least_at(None, 300), 0.3);
    }

    #[test]
    fn what_a_line_accepts_below_that_of_people_goes_past_them() {
        let class = |least| ClassScores {
            class_id: 1,
            name: "car".into(),
            colour: "#888888".into(),
            least,
            truths: 9,
            duplicates: 7,
            bins: vec![(-1, 0, 0, 3), (40, 1, 1, 10), (99, 0, 0, 5), (100, 3, 1, 4), (600, 2, 0, 1)],
        };
        let told = |least| {
            let row = row(&class(least), 100);
            (row.bands.accept, row.bands.queue, row.bands.drop, row.bands.duplicates, row.past_people)
        };
        assert_eq!(told(Some(0.6)), (1, 4, 18, 7, 0));
        assert_eq!(told(Some(0.05)), (10, 0, 13, 7, 5));
        assert_eq!(told(None), (0, 5, 18, 7, 0));
    }
}
