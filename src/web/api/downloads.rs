//! `/api/v1/jobs/{id}/file`: the archive an export has written, for people who sit at another machine.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use actix_web::body::SizedStream;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use futures::stream::try_unfold;
use tator_pipeline::{JobRecord, Workbench};

use super::Bench;
use crate::addresses::encoded;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};

/// Bytes sent at a time.
const PIECE: usize = 1 << 20;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::get("/api/v1/jobs/{id}/file", |route| route.to(file))]
}

/// The archive of an export that is over: a zip in the workspace's own folder for exports, and nothing else.
fn archive(exports: &Path, job: &JobRecord) -> Option<PathBuf> {
    let out = job.report.as_ref().filter(|_| job.kind == "export" && job.state.is_over())?["out"].as_str()?;
    let (out, exports) = (Path::new(out).canonicalize().ok()?, exports.canonicalize().ok()?);
    let zip = out.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("zip"));
    (zip && out.starts_with(exports) && out.is_file()).then_some(out)
}

fn open(bench: &Workbench, id: i64) -> WebResult<(File, u64, String)> {
    let nothing = || {
        WebError::not_found("an archive of this job")
            .hint("export to a name that ends in .zip in the workspace's folder for exports")
    };
    let job = bench.job(id)?;
    let path = archive(&bench.reader().folders().root().join("exports"), &job).ok_or_else(nothing)?;
    let file = File::open(&path).map_err(|_| nothing())?;
    let bytes = file.metadata().map_err(|_| nothing())?.len();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((file, bytes, name))
}

async fn file(bench: Bench, id: web::Path<i64>) -> WebResult<HttpResponse> {
    let (file, bytes, name) = blocking(move || open(&bench, *id)).await?;
    let pieces = try_unfold(file, |file| async move {
        let (file, piece) = web::block(move || read(file)).await.map_err(std::io::Error::other)??;
        Ok::<_, std::io::Error>((!piece.is_empty()).then(|| (web::Bytes::from(piece), file)))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", encoded(&name))))
        .body(SizedStream::new(bytes, Box::pin(pieces))))
}

fn read(mut file: File) -> std::io::Result<(File, Vec<u8>)> {
    let mut piece = Vec::with_capacity(PIECE);
    (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
    Ok((file, piece))
}
