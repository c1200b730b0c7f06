//! `/api/v1/sql/export`: all rows of a statement as a file, streamed while they are read.

use std::io::{self, Write};

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use futures::stream;
use serde::Deserialize;
use tator_store::{SqlFormat, SqlRequest};
use tokio::sync::mpsc;

use super::sql::limited_seconds;
use super::sql_slots::Stop;
use super::{Bench, SqlSlots};
use crate::door::Door;
use crate::error::{WebError, WebResult};

/// Bytes of a piece of the stream.
const PIECE: usize = 64 << 10;
/// Pieces that may wait for a slow reader.
const PIECES: usize = 8;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/sql/export", |route| route.to(by_address)),
        Door::post("/api/v1/sql/export", |route| route.to(by_body)),
    ]
}

/// A statement and how its rows are wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    sql: String,
    #[serde(default = "csv")]
    format: String,
    seconds: Option<u64>,
}

fn csv() -> String {
    "csv".to_owned()
}

async fn by_address(bench: Bench, slots: web::Data<SqlSlots>, query: web::Query<Export>) -> WebResult<HttpResponse> {
    export(bench, slots, query.into_inner()).await
}

async fn by_body(bench: Bench, slots: web::Data<SqlSlots>, body: web::Json<Export>) -> WebResult<HttpResponse> {
    export(bench, slots, body.into_inner()).await
}

type Piece = Result<web::Bytes, WebError>;

/// The first piece decides: a statement that fails before it is answered as a failure, one that fails after it breaks
/// the connection off, so that nobody takes half a file for a whole one.
async fn export(bench: Bench, slots: web::Data<SqlSlots>, export: Export) -> WebResult<HttpResponse> {
    let (format, content_type) = known_format(&export.format)?;
    let stop = Stop::default();
    let request = SqlRequest {
        sql: export.sql,
        params: Vec::new(),
        limit: usize::MAX,
        seconds: limited_seconds(export.seconds),
        cancel: Some(stop.cancel()),
    };
    let stop_when_gone = stop.when_gone();
    let (sender, mut pieces) = mpsc::channel::<Piece>(PIECES);
    actix_web::rt::spawn(async move {
        let failed = sender.clone();
        let answer = slots.run(&stop, move || write_rows(&bench, &request, format, sender)).await;
        if let Err(error) = answer {
            let _ = failed.send(Err(error)).await;
        }
    });
    let first = pieces.recv().await.transpose()?;
    let rest = stream::unfold((pieces, stop_when_gone), |(mut pieces, stop_when_gone)| async move {
        pieces.recv().await.map(|piece| (piece, (pieces, stop_when_gone)))
    });
    let all = futures::StreamExt::chain(stream::iter(first.map(Ok)), rest);
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"rows.{}\"", export.format)))
        .streaming(all))
}

fn known_format(name: &str) -> WebResult<(SqlFormat, &'static str)> {
    match name {
        "csv" => Ok((SqlFormat::Csv, "text/csv; charset=utf-8")),
        "json" => Ok((SqlFormat::Json, "application/json")),
        "parquet" => Ok((SqlFormat::Parquet, "application/vnd.apache.parquet")),
        _ => Err(WebError::invalid("format", format!("format {name:?} is not one of csv, json, parquet"))),
    }
}

fn write_rows(
    bench: &Bench,
    request: &SqlRequest,
    format: SqlFormat,
    sender: mpsc::Sender<Piece>,
) -> Result<(), tator_store::Error> {
    let mut out = Pieces { sender, waiting: Vec::with_capacity(PIECE) };
    bench.reader().sql_export(request, format, &mut out)?;
    out.flush().map_err(tator_store::Error::io("sending the rows"))
}

/// Hands bytes from the thread that reads rows to the connection, and waits while the connection is slower.
struct Pieces {
    sender: mpsc::Sender<Piece>,
    waiting: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE));
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the reader has gone");
        self.sender.blocking_send(Ok(piece.into())).map_err(gone)
    }
}
