//! Runs that were begun and not published: what they were asked, and which images they are about, so that one that goes
//! on is the one that was begun, whatever was imported meanwhile.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tator_domain::{Clock, DatasetName, ImageId, RunName, SystemClock, Timestamp};
use tator_store::{Reader, RunKind, write_whole};

use super::request::PrepassRequest;
use crate::error::Error;

/// A run that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Unfinished {
    pub run: RunName,
    pub begun_at: Timestamp,
    pub request: PrepassRequest,
    /// Its images, as they were when it was begun.
    pub image_ids: Vec<ImageId>,
}

/// A run that was cut off, for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnfinishedRun {
    /// Its name.
    pub run: RunName,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// How many images it is about.
    pub images: usize,
}

fn folder(reader: &Reader, d: &DatasetName) -> PathBuf {
    super::cache_folder(reader).join("begun").join(d.as_str())
}

impl Unfinished {
    /// What was begun under this name, if anything was.
    pub fn read(reader: &Reader, d: &DatasetName, run: &RunName) -> Option<Self> {
        let text = fs::read(folder(reader, d).join(format!("{run}.json"))).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Notes that a run begins.
    pub fn begin(
        reader: &Reader,
        request: &PrepassRequest,
        run: &RunName,
        image_ids: Vec<ImageId>,
    ) -> Result<Self, Error> {
        let begun = Self { run: run.clone(), begun_at: SystemClock.now(), request: request.clone(), image_ids };
        let folder = folder(reader, &request.dataset);
        fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
        let text = serde_json::to_vec(&begun).map_err(|e| Error::invalid("request", e.to_string()))?;
        write_whole(&folder.join(format!("{run}.json")), &text)?;
        Ok(begun)
    }

    /// It is published now, or not wanted any more.
    pub fn forget(reader: &Reader, d: &DatasetName, run: &RunName) {
        let _ = fs::remove_file(folder(reader, d).join(format!("{run}.json")));
    }

    fn all(reader: &Reader, d: &DatasetName) -> Vec<Self> {
        let entries = fs::read_dir(folder(reader, d)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.path().file_stem()?.to_str()?.parse::<RunName>().ok());
        let mut found: Vec<Self> = names.filter_map(|run| Self::read(reader, d, &run)).collect();
        // One that was published just before a kill is finished.
        found.retain(|one| reader.check_free(d, RunKind::Prepass, &one.run).is_ok());
        found.sort_by(|a, b| (b.begun_at, &b.run).cmp(&(a.begun_at, &a.run)));
        found
    }

    pub fn list(reader: &Reader, d: &DatasetName) -> Vec<UnfinishedRun> {
        let told = |one: Self| UnfinishedRun { run: one.run, begun_at: one.begun_at, images: one.image_ids.len() };
        Self::all(reader, d).into_iter().map(told).collect()
    }

    /// The run to go on with: the one of that name, or the latest.
    pub fn find(reader: &Reader, d: &DatasetName, run: Option<&RunName>) -> Result<Self, Error> {
        let all = Self::all(reader, d);
        let found = all.into_iter().find(|one| run.is_none_or(|run| one.run == *run));
        found.ok_or_else(|| {
            let which = run.map_or("no run".to_owned(), |run| format!("run {run}"));
            let was = if run.is_some() { "was not cut off" } else { "was cut off" };
            Error::invalid("resume", format!("{which} of {d} {was}: there is nothing to resume"))
        })
    }
}
