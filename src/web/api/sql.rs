//! `/api/v1/sql`: a statement of a person and its rows as JSON.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;
use tator_store::SqlRequest;

use super::sql_slots::Stop;
use super::{Bench, SqlSlots};
use crate::door::Door;
use crate::error::WebResult;

/// Rows of an answer unless asked otherwise.
const USUAL_ROWS: usize = 1000;
/// Most rows of an answer; more are for an export.
const MOST_ROWS: usize = 100_000;
/// Seconds a statement may run unless asked otherwise, and at most.
const SECONDS: (u64, u64) = (10, 60);

pub(super) fn doors() -> Vec<Door> {
    vec![Door::post("/api/v1/sql", |route| route.to(run))]
}

/// A statement of a person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    sql: String,
    #[serde(default)]
    params: Vec<Value>,
    limit: Option<usize>,
    seconds: Option<u64>,
}

async fn run(bench: Bench, slots: web::Data<SqlSlots>, statement: web::Json<Statement>) -> WebResult<HttpResponse> {
    let Statement { sql, params, limit, seconds } = statement.into_inner();
    let stop = Stop::default();
    let request = SqlRequest {
        sql,
        params,
        limit: limit.unwrap_or(USUAL_ROWS).min(MOST_ROWS),
        seconds: limited_seconds(seconds),
        cancel: Some(stop.cancel()),
    };
    let answer = slots.run(&stop, move || bench.reader().sql(&request)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// How long a statement may run, by what was asked.
pub(super) fn limited_seconds(wish: Option<u64>) -> u64 {
    wish.unwrap_or(SECONDS.0).clamp(1, SECONDS.1)
}
