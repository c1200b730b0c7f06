//! The bytes of an image, whole or small. They are found by number, never by a path of the visitor, and their type is
//! what they are, never what their name says.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use tator_domain::{DatasetName, ImageId};

use super::Bench;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;

/// Types a browser may show; whatever else somebody smuggled in is only for saving.
const SHOWN: [&str; 6] = ["image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif", "image/tiff"];
/// Longest sides of thumbnails, in pixels; a wish is rounded up to one, so that the cache stays small.
const SIZES: [u32; 8] = [64, 96, 128, 192, 256, 384, 512, 1024];
const USUAL_SIZE: u32 = 256;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/images/{image}/file", |route| route.to(file)),
        Door::get("/api/v1/datasets/{dataset}/images/{image}/thumb", |route| route.to(thumb)),
    ]
}

/// What an address of bytes may carry.
#[derive(Deserialize)]
struct PictureQuery {
    /// Longest side of a thumbnail.
    size: Option<String>,
    /// Names the content: the address may then be kept for ever.
    v: Option<String>,
}

async fn file(
    bench: Bench,
    request: HttpRequest,
    path: web::Path<(DatasetName, ImageId)>,
    query: web::Query<PictureQuery>,
) -> WebResult<HttpResponse> {
    let (name, id) = path.into_inner();
    let known = etags(&request);
    let picture = blocking(move || {
        let file = bench.image_file(&name, id)?;
        let etag = quoted(&file.etag);
        let bytes = if known.contains(&etag) {
            None
        } else {
            let reading = tator_pipeline::Error::io(format!("reading image {id} of {name}"));
            Some(std::fs::read(&file.path).map_err(reading)?)
        };
        Ok::<_, tator_pipeline::Error>((etag, file.content_type, bytes))
    })
    .await?;
    let (etag, content_type, bytes) = picture;
    Ok(answer(&etag, content_type, bytes, query.v.is_some()))
}

async fn thumb(
    bench: Bench,
    request: HttpRequest,
    path: web::Path<(DatasetName, ImageId)>,
    query: web::Query<PictureQuery>,
) -> WebResult<HttpResponse> {
    let (name, id) = path.into_inner();
    let side = offered_size(parsed("size", query.size.as_deref())?.unwrap_or(USUAL_SIZE));
    let known = etags(&request);
    let (etag, bytes) = blocking(move || {
        let etag = quoted(&format!("{}-{side}", bench.image_file(&name, id)?.etag.trim_matches('"')));
        let bytes = if known.contains(&etag) { None } else { Some(bench.thumbnail(&name, id, side)?) };
        Ok::<_, tator_pipeline::Error>((etag, bytes))
    })
    .await?;
    Ok(answer(&etag, "image/jpeg", bytes, query.v.is_some()))
}

fn answer(etag: &str, content_type: &str, bytes: Option<Vec<u8>>, fixed: bool) -> HttpResponse {
    let caching = if fixed { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let mut response = if bytes.is_some() { HttpResponse::Ok() } else { HttpResponse::NotModified() };
    response.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, caching));
    let Some(bytes) = bytes else { return response.finish() };
    if SHOWN.contains(&content_type) {
        response.insert_header((CONTENT_TYPE, content_type));
    } else {
        response
            .insert_header((CONTENT_TYPE, "application/octet-stream"))
            .insert_header((CONTENT_DISPOSITION, "attachment"));
    }
    response.body(bytes)
}

fn quoted(etag: &str) -> String {
    format!("\"{}\"", etag.trim_matches('"'))
}

/// The versions the browser has.
fn etags(request: &HttpRequest) -> Vec<String> {
    let headers = request.headers().get_all(IF_NONE_MATCH).filter_map(|header| header.to_str().ok());
    headers.flat_map(|header| header.split(',')).map(|etag| etag.trim().trim_start_matches("W/").to_owned()).collect()
}

fn offered_size(wish: u32) -> u32 {
    SIZES.into_iter().find(|size| *size >= wish).unwrap_or(SIZES[SIZES.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_come_in_few_sizes() {
        assert_eq!([1, 64, 65, 256, 300, 5000].map(offered_size), [64, 64, 96, 256, 384, 1024]);
    }

    #[test]
    fn what_is_no_picture_is_never_shown() {
        let answer = answer("\"x\"", "image/svg+xml", Some(b"<svg/>".to_vec()), false);
        assert_eq!(
            answer.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes()),
            Some(&b"application/octet-stream"[..])
        );
        assert!(answer.headers().contains_key(CONTENT_DISPOSITION));
    }
}
