//! The bytes of an image, whole or small. They are found by number, never by a path of the visitor, and their type is
//! what they are, never what their name says.

use std::fs::File;
use std::future::{Ready, ready};
use std::io::{self, Read};

use actix_web::body::SizedStream;
use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use futures::{Stream, stream};
use serde::Deserialize;
use tator_domain::{DatasetName, ImageId};
use tator_pipeline::{Error, ImageFile};

use super::Bench;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::filter::parsed;

/// Types a browser may show; whatever else somebody smuggled in is only for saving.
const SHOWN: [&str; 6] = ["image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif", "image/tiff"];
/// Longest sides of thumbnails, in pixels; a wish is rounded up to one, so that the cache stays small.
const SIZES: [u32; 8] = [64, 96, 128, 192, 256, 384, 512, 1024];
const USUAL_SIZE: u32 = 256;
/// Bytes of a piece of a file on its way out.
const PIECE: u64 = 64 << 10;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/api/v1/datasets/{dataset}/images/{image}/file", |route| route.to(file)),
        Door::get("/api/v1/datasets/{dataset}/images/{image}/view", |route| route.to(view)),
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

/// Which picture is asked for, and how.
struct Asked {
    name: DatasetName,
    id: ImageId,
    size: Option<String>,
    /// Versions the browser has.
    known: Vec<String>,
    /// The address names the content.
    fixed: bool,
}

impl FromRequest for Asked {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = web::Path::<(DatasetName, ImageId)>::from_request(request, payload).into_inner();
        let query = web::Query::<PictureQuery>::from_request(request, payload).into_inner();
        ready(path.and_then(|path| {
            let ((name, id), PictureQuery { size, v }) = (path.into_inner(), query?.into_inner());
            Ok(Self { name, id, size, known: etags(request), fixed: v.is_some() })
        }))
    }
}

/// What goes out.
enum Content {
    /// Nothing: the browser has this version.
    Known,
    /// A file, in pieces.
    File(File, u64),
    /// Bytes that were made here.
    Made(Vec<u8>),
}

/// A version, its type, and what goes out of it.
type Picture = (String, &'static str, Content);

/// The original bytes, always.
async fn file(bench: Bench, asked: Asked) -> WebResult<HttpResponse> {
    let Asked { name, id, known, fixed, .. } = asked;
    let picture = blocking(move || original(&bench.image_file(&name, id)?, &known)).await?;
    Ok(answer(picture, fixed))
}

/// What a browser shows upright by itself: the original bytes, or else a JPEG in full size.
async fn view(bench: Bench, asked: Asked) -> WebResult<HttpResponse> {
    let Asked { name, id, known, fixed, .. } = asked;
    let picture = blocking(move || {
        let file = bench.image_file(&name, id)?;
        if file.shown_upright {
            return original(&file, &known);
        }
        made(&file, "upright", &known, || bench.upright_image(&name, id))
    })
    .await?;
    Ok(answer(picture, fixed))
}

async fn thumb(bench: Bench, asked: Asked) -> WebResult<HttpResponse> {
    let Asked { name, id, known, fixed, size } = asked;
    let side = offered_size(parsed("size", size.as_deref())?.unwrap_or(USUAL_SIZE));
    let picture = blocking(move || {
        made(&bench.image_file(&name, id)?, &side.to_string(), &known, || bench.thumbnail(&name, id, side))
    })
    .await?;
    Ok(answer(picture, fixed))
}

fn original(file: &ImageFile, known: &[String]) -> Result<Picture, Error> {
    let etag = quoted(&file.etag);
    if known.contains(&etag) {
        return Ok((etag, file.content_type, Content::Known));
    }
    let reading = || Error::io(format!("reading {}", file.path.display()));
    let opened = File::open(&file.path).map_err(reading())?;
    let length = opened.metadata().map_err(reading())?.len();
    Ok((etag, file.content_type, Content::File(opened, length)))
}

/// A JPEG made of the original; `how` tells its version from others of the same original.
fn made(
    file: &ImageFile,
    how: &str,
    known: &[String],
    make: impl FnOnce() -> Result<Vec<u8>, Error>,
) -> Result<Picture, Error> {
    let etag = quoted(&format!("{}-{how}", file.etag.trim_matches('"')));
    let content = if known.contains(&etag) { Content::Known } else { Content::Made(make()?) };
    Ok((etag, "image/jpeg", content))
}

fn answer((etag, content_type, content): Picture, fixed: bool) -> HttpResponse {
    let caching = if fixed { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let known = matches!(content, Content::Known);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, caching));
    if !known && SHOWN.contains(&content_type) {
        response.insert_header((CONTENT_TYPE, content_type));
    } else if !known {
        response
            .insert_header((CONTENT_TYPE, "application/octet-stream"))
            .insert_header((CONTENT_DISPOSITION, "attachment"));
    }
    match content {
        Content::Known => response.finish(),
        Content::Made(bytes) => response.body(bytes),
        Content::File(file, length) => response.body(SizedStream::new(length, pieces(file, length))),
    }
}

/// The first `length` bytes of a file, piece by piece, each read on the thread pool when the one before it has gone out.
/// A file that became shorter meanwhile breaks the connection off: nobody takes half a picture for a whole one.
fn pieces(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let read = move || {
            let mut piece = vec![0; left.min(PIECE) as usize];
            file.read_exact(&mut piece).map(|()| (Bytes::from(piece), file))
        };
        let (piece, file) = web::block(read).await.map_err(io::Error::other)??;
        let left = left - piece.len() as u64;
        Ok(Some((piece, (file, left))))
    })
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

    fn sent(length: usize, promised: u64) -> Vec<io::Result<usize>> {
        let mut file = tempfile::tempfile().expect("a temporary file");
        io::Write::write_all(&mut file, &vec![7; length]).expect("room on the disk");
        io::Seek::rewind(&mut file).expect("a file that can be read");
        let all = futures::StreamExt::collect::<Vec<_>>(pieces(file, promised));
        let all = actix_web::rt::System::new().block_on(all);
        all.into_iter().map(|piece| piece.map(|bytes| bytes.len())).collect()
    }

    #[test]
    fn a_file_goes_out_in_pieces_and_whole() {
        let lengths: Vec<_> = sent(150_000, 150_000).into_iter().map(Result::unwrap_or_default).collect();
        assert_eq!(lengths, [65_536, 65_536, 18_928]);
        assert!(sent(0, 0).is_empty());
    }

    #[test]
    fn a_file_that_became_shorter_is_not_taken_for_a_whole_one() {
        assert!(sent(70_000, 150_000).last().is_some_and(Result::is_err));
    }

    #[test]
    fn what_is_no_picture_is_never_shown() {
        let svg = Content::Made(b"<svg/>".to_vec());
        let answer = answer(("\"x\"".to_owned(), "image/svg+xml", svg), false);
        assert_eq!(
            answer.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes()),
            Some(&b"application/octet-stream"[..])
        );
        assert!(answer.headers().contains_key(CONTENT_DISPOSITION));
    }
}
