//! The SQL page: a statement, its rows, and what to ask.

pub(super) mod result;
#[cfg(test)]
mod samples;
pub(super) mod starters;
pub(super) mod view;

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::DatasetName;
use tator_pipeline::Workbench;
use tator_store::{SqlAnswer, SqlRequest};

use super::visit::{Bench, Visit, form_again, html, see};
use crate::addresses::query;
use crate::api::{SqlSlots, Stop};
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use result::{Answer, Failure, Outcome, Table, boxes_named, dataset_of, place_of_error};
use starters::starters;
use view::{Page, TableView};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/sql", |route| route.to(page)),
        Door::get("/sql/export", |route| route.to(export)),
        Door::post("/sql/_result", |route| route.to(answer)),
    ]
}

/// What the form sends.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Ask {
    q: String,
    dataset: String,
    /// Run it: the form was sent without scripts.
    run: Option<String>,
    format: Option<String>,
}

async fn page(bench: Bench, slots: web::Data<SqlSlots>, visit: Visit, ask: web::Query<Ask>) -> WebResult<HttpResponse> {
    let ask = ask.into_inner();
    let outcome = if ask.run.is_some() { Some(run(&bench, &slots, &ask).await?) } else { None };
    let page = blocking(move || {
        let chosen: Option<DatasetName> = ask.dataset.parse().ok();
        let shell = visit.shell(&bench, Section::Sql, chosen.as_ref())?;
        let at_hand = chosen.as_ref().or(visit.recent()).or(shell.datasets.first()).cloned();
        Ok::<_, tator_pipeline::Error>(Page {
            statement: ask.q,
            tables: tables(&bench, at_hand.as_ref())?,
            saved: bench.saved_queries()?,
            notebooks: bench.notebooks()?,
            starters: at_hand.as_ref().map(starters).unwrap_or_default(),
            dataset: chosen,
            outcome,
            shell,
        })
    })
    .await?;
    html(&page)
}

fn tables(bench: &Workbench, at_hand: Option<&DatasetName>) -> Result<Vec<TableView>, tator_pipeline::Error> {
    let open = |schema: &str| at_hand.is_some_and(|name| name.as_str() == schema);
    let mut views: Vec<TableView> = (bench.reader().schema()?.into_iter())
        .map(|table| TableView {
            open: open(&table.schema) && table.name == "boxes",
            name: format!("{}.{}", table.schema, table.name),
            columns: table.columns,
        })
        .collect();
    let own = at_hand.map(|name| format!("{name}."));
    views.sort_by_key(|view| own.as_ref().is_none_or(|own| !view.name.starts_with(own.as_str())));
    Ok(views)
}

async fn answer(bench: Bench, slots: web::Data<SqlSlots>, ask: web::Form<Ask>) -> WebResult<HttpResponse> {
    match run(&bench, &slots, &ask).await? {
        failed @ Outcome::Failed(_) => form_again(&Answer { outcome: Some(failed) }),
        table @ Outcome::Table(_) => html(&Answer { outcome: Some(table) }),
    }
}

/// Runs the statement in its turn. When the visitor goes away meanwhile, it is stopped.
async fn run(bench: &Bench, slots: &SqlSlots, ask: &Ask) -> WebResult<Outcome> {
    let stop = Stop::default();
    let request = SqlRequest { cancel: Some(stop.cancel()), ..SqlRequest::new(ask.q.clone()) };
    let reader = bench.clone();
    match slots.run(&stop, move || reader.reader().sql(&request)).await {
        Ok(rows) => table(bench, ask, rows).await.map(Outcome::Table),
        Err(error) if error.status.is_client_error() => {
            let message = error.hint.as_ref().map_or_else(|| error.to_string(), |hint| format!("{error}\n{hint}"));
            Ok(Outcome::Failed(Failure { place: place_of_error(&message, &ask.q), message }))
        }
        Err(error) => Err(error),
    }
}

async fn table(bench: &Bench, ask: &Ask, rows: SqlAnswer) -> WebResult<Table> {
    let (bench, chosen, statement) = (bench.clone(), ask.dataset.parse().ok(), ask.q.clone());
    blocking(move || {
        let dataset = match chosen {
            Some(name) => Some(name),
            None => {
                let known = bench.reader().dataset_names()?;
                dataset_of(&statement, &known)
            }
        };
        let columns: Vec<_> = rows.columns.into_iter().map(|column| (column.name, column.sql_type)).collect();
        let places = match &dataset {
            Some(name) => bench.reader().places_of(name, &boxes_named(&columns, &rows.rows))?,
            None => Vec::new(),
        };
        let places: HashMap<_, _> = places.into_iter().map(|place| (place.box_id, place)).collect();
        Ok::<_, tator_pipeline::Error>(Table::new(columns, &rows.rows, rows.truncated, rows.ms, dataset, &places))
    })
    .await
}

/// The form's buttons lead here; the rows themselves come from the API.
async fn export(ask: web::Query<Ask>) -> HttpResponse {
    let ask = ask.into_inner();
    see(&format!(
        "/api/v1/sql/export{}",
        query(&[("sql", ask.q), ("format", ask.format.unwrap_or_else(|| "csv".to_owned()))])
    ))
}
