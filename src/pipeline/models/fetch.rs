//! One file off the network, whole or not at all: streamed into a part file, gone on with after a break, hashed.
//!
//! The only place of Tator that opens a connection to another machine, and only because somebody asked for a model.

use std::error::Error as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LOCATION, RANGE};
use reqwest::{Client, Response, StatusCode, Url};

use super::hash_file;
use crate::error::Error;

/// Tries of one file without any progress in between.
const TRIES: u32 = 4;
const MOST_REDIRECTS: usize = 6;
/// A server that says nothing for so long has gone.
const SILENCE: Duration = Duration::from_secs(60);
/// How often a person who gives up is noticed.
const GLANCE: Duration = Duration::from_millis(250);
/// No file of a model is larger.
const LARGEST: u64 = 8 << 30;

/// What to fetch.
pub(super) struct Wanted<'w> {
    pub url: String,
    /// Where it goes.
    pub to: PathBuf,
    pub sha256: Option<&'w str>,
    pub size: Option<u64>,
}

/// What came.
pub(super) struct Fetched {
    pub sha256: String,
    pub size: u64,
    /// Neither the catalogue nor the hub said what the hash has to be.
    pub unchecked: bool,
}

/// Why a try came to nothing.
enum Trouble {
    /// Worth another try.
    Passing(String),
    Final(Error),
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Self::Passing(text)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// A client that follows nothing by itself, so that what a hub says beside a redirect is heard.
pub(super) fn client() -> Result<Client, Error> {
    let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).no_gzip();
    let builder =
        builder.connect_timeout(Duration::from_secs(20)).user_agent(concat!("tator/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|e| Error::ModelFailed(format!("no connection can be made from here: {e}")))
}

/// Fetches a file; `tell` hears how many bytes of it are there and may end it with an error.
pub(super) async fn fetch(
    client: &Client,
    wanted: &Wanted<'_>,
    tell: &mut dyn FnMut(u64) -> Result<(), Error>,
) -> Result<Fetched, Error> {
    let part = with_suffix(&wanted.to, "part");
    let (mut tries, mut reached) = (0, length(&part));
    let told = loop {
        match attempt(client, wanted, &part, tell).await {
            Ok(told) => break told,
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Passing(reason)) => {
                // A line that breaks but gets on is gone on with.
                tries = if length(&part) > reached { 1 } else { tries + 1 };
                reached = length(&part);
                if tries >= TRIES {
                    return Err(Error::ModelFailed(format!(
                        "{} cannot be fetched: {reason}; what has come is kept, try again to go on",
                        wanted.url
                    )));
                }
                tracing::info!(url = wanted.url, reason, tries, "trying again");
                rest(Duration::from_millis(300 << tries), reached, tell).await?;
            }
        }
    };
    finish(wanted, &part, told)
}

/// Waits, and notices when the person gives up.
async fn rest(time: Duration, reached: u64, tell: &mut dyn FnMut(u64) -> Result<(), Error>) -> Result<(), Error> {
    let begun = Instant::now();
    while begun.elapsed() < time {
        tell(reached)?;
        tokio::time::sleep(GLANCE.min(time)).await;
    }
    Ok(())
}

/// Checks what came and gives it its name.
fn finish(wanted: &Wanted<'_>, part: &Path, told: Option<String>) -> Result<Fetched, Error> {
    let size = length(part);
    let sha256 = hash_file(part, |_| ())?;
    let demanded = wanted.sha256.map(str::to_owned).or(told);
    let wrong_size = wanted.size.is_some_and(|expected| expected != size);
    if wrong_size || demanded.as_ref().is_some_and(|expected| *expected != sha256) {
        discard(part);
        let expected = demanded.unwrap_or_default();
        return Err(Error::ModelFailed(format!(
            "{} is not the expected file: {size} bytes with sha256 {sha256}{}; it was thrown away",
            wanted.url,
            if wrong_size {
                format!(", expected {} bytes", wanted.size.unwrap_or(0))
            } else {
                format!(", expected {expected}")
            },
        )));
    }
    fs::rename(part, &wanted.to).map_err(Error::io(format!("naming {}", wanted.to.display())))?;
    let _ = fs::remove_file(with_suffix(part, "etag"));
    Ok(Fetched { sha256, size, unchecked: demanded.is_none() })
}

/// One try; gives the hash that the hub names, if it does.
async fn attempt(
    client: &Client,
    wanted: &Wanted<'_>,
    part: &Path,
    tell: &mut dyn FnMut(u64) -> Result<(), Error>,
) -> Result<Option<String>, Trouble> {
    let have = resumable(wanted, part);
    let (mut response, told) = open(client, &wanted.url, &have).await?;
    let from = match response.status() {
        StatusCode::PARTIAL_CONTENT if begins_at(response.headers()) == Some(have.bytes) => have.bytes,
        StatusCode::OK => 0,
        StatusCode::RANGE_NOT_SATISFIABLE if wanted.size == Some(have.bytes) => return Ok(told),
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => {
            discard(part);
            return Err(Trouble::Passing("the server does not go on where it stopped".to_owned()));
        }
        status => return Err(refused(status, wanted)),
    };
    let total = response.content_length().map(|rest| from + rest);
    if let (Some(total), Some(size)) = (total, wanted.size)
        && total != size
    {
        let text = format!("{} has {total} bytes, expected are {size}: it is another file", wanted.url);
        return Err(Error::ModelFailed(text).into());
    }
    let most = wanted.size.unwrap_or(LARGEST);
    if total.is_some_and(|total| total > most) {
        return Err(too_large(wanted, most).into());
    }
    note_etag(part, response.headers());
    let mut file = fs::File::options()
        .create(true)
        .append(true)
        .open(part)
        .map_err(Error::io(format!("writing {}", part.display())))?;
    if from == 0 {
        file.set_len(0).map_err(Error::io(format!("writing {}", part.display())))?;
    }
    let done = stream(&mut response, &mut file, (from, most), wanted, tell).await?;
    file.sync_all().map_err(Error::io(format!("writing {}", part.display())))?;
    match total {
        Some(total) if done < total => Err(Trouble::Passing(format!("it broke off after {done} of {total} bytes"))),
        _ => Ok(told),
    }
}

async fn stream(
    response: &mut Response,
    file: &mut fs::File,
    (mut done, most): (u64, u64),
    wanted: &Wanted<'_>,
    tell: &mut dyn FnMut(u64) -> Result<(), Error>,
) -> Result<u64, Trouble> {
    let mut heard = Instant::now();
    loop {
        tell(done)?;
        match tokio::time::timeout(GLANCE, response.chunk()).await {
            Err(_) if heard.elapsed() > SILENCE => {
                return Err(Trouble::Passing(format!("silent for {} s", SILENCE.as_secs())));
            }
            Err(_) => {}
            Ok(piece) => {
                let Some(piece) = piece? else { return Ok(done) };
                heard = Instant::now();
                done += piece.len() as u64;
                if done > most {
                    return Err(too_large(wanted, most).into());
                }
                file.write_all(&piece).map_err(Error::io(format!("writing {}", wanted.to.display())))?;
            }
        }
    }
}

/// What of a file is there already, and the mark it had on the server.
struct Have {
    bytes: u64,
    etag: Option<String>,
}

/// A part whose hash nobody knows is gone on with only when the server can be asked whether it still is the same file.
fn resumable(wanted: &Wanted<'_>, part: &Path) -> Have {
    let etag = fs::read_to_string(with_suffix(part, "etag")).ok();
    let bytes = length(part);
    if wanted.sha256.is_none() && etag.is_none() {
        return Have { bytes: 0, etag };
    }
    Have { bytes, etag }
}

/// Asks, and goes where the server points; never from https to http.
async fn open(client: &Client, url: &str, have: &Have) -> Result<(Response, Option<String>), Trouble> {
    let bad = |url: &str| Trouble::Final(Error::invalid("endpoint", format!("{url} is not an address")));
    let mut url = Url::parse(url).map_err(|_| bad(url))?;
    let mut told = None;
    for _ in 0..MOST_REDIRECTS {
        let mut request = client.get(url.clone());
        if have.bytes > 0 {
            request = request.header(RANGE, format!("bytes={}-", have.bytes));
            if let Some(etag) = &have.etag {
                request = request.header(IF_RANGE, etag);
            }
        }
        let response = tokio::time::timeout(SILENCE, request.send())
            .await
            .map_err(|_| Trouble::Passing("no answer".to_owned()))??;
        told = told.or_else(|| named_hash(response.headers()));
        if !response.status().is_redirection() {
            return Ok((response, told));
        }
        let place = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let next = place.and_then(|place| url.join(place).ok()).ok_or_else(|| bad("where it points to"))?;
        if !matches!((url.scheme(), next.scheme()), ("https" | "http", "https") | ("http", "http")) {
            return Err(Error::ModelFailed(format!("{url} points to {next}, which is not safe")).into());
        }
        url = next;
    }
    Err(Error::ModelFailed(format!("{url} points on and on")).into())
}

/// The hub of Hugging Face names the SHA-256 of a large file beside the redirect to it.
fn named_hash(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-linked-etag")?.to_str().ok()?.trim_matches('"').to_ascii_lowercase();
    (value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(value)
}

fn begins_at(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

fn note_etag(part: &Path, headers: &HeaderMap) {
    let place = with_suffix(part, "etag");
    // A weak mark does not promise the same bytes.
    match headers.get(ETAG).and_then(|value| value.to_str().ok()).filter(|etag| !etag.starts_with("W/")) {
        Some(etag) => drop(fs::write(place, etag)),
        None => drop(fs::remove_file(place)),
    }
}

fn refused(status: StatusCode, wanted: &Wanted<'_>) -> Trouble {
    let text = format!("{} answers {status}", wanted.url);
    match status {
        _ if status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT =>
        {
            Trouble::Passing(text)
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::ModelFailed(format!(
            "{text}: the terms have to be accepted there; fetch the files in a browser, then `tator models add FOLDER`"
        ))
        .into(),
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::ModelFailed(format!(
            "{text}: the file is not there any more; get it elsewhere, then `tator models add FOLDER`"
        ))
        .into(),
        _ => Error::ModelFailed(text).into(),
    }
}

fn too_large(wanted: &Wanted<'_>, most: u64) -> Error {
    Error::ModelFailed(format!("{} is larger than the {most} bytes that are expected: it is another file", wanted.url))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn discard(part: &Path) {
    let _ = fs::remove_file(part);
    let _ = fs::remove_file(with_suffix(part, "etag"));
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
