//! The head that Auto class asks: one of each dataset at most, changed without a restart, remembered over one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tator_domain::DatasetName;
use tator_learning::head::{Head, HeadClass, Verdict, verdict};
use tator_store::Reader;

use super::record::{HeadRun, read_head, read_run};
use crate::error::Error;

/// Which head each dataset uses, beside the runs.
const NOTE: &str = "active_heads.json";

/// A head at work.
pub(crate) struct ActiveHead {
    pub run: HeadRun,
    pub head: Head,
}

/// The heads at work, read when they are first asked.
#[derive(Default)]
pub(crate) struct ActiveHeads {
    open: Mutex<HashMap<String, Arc<ActiveHead>>>,
    /// One change of the note at a time.
    changing: Mutex<()>,
}

fn noted(reader: &Reader) -> BTreeMap<String, String> {
    let bytes = reader.run_records().note(NOTE);
    if bytes.is_empty() {
        return BTreeMap::new();
    }
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        tracing::warn!(%error, "runs/{NOTE} is not used: no head is active");
        BTreeMap::new()
    })
}

impl ActiveHeads {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<ActiveHead>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of the dataset's head, if it has one.
    pub fn id(&self, reader: &Reader, d: &DatasetName) -> Option<String> {
        noted(reader).remove(d.as_str())
    }

    /// The dataset's head; none when its run is gone or was of another dataset of that name.
    pub fn get(&self, reader: &Reader, d: &DatasetName) -> Option<Arc<ActiveHead>> {
        let id = self.id(reader, d)?;
        let held = self.open().get(&id).cloned();
        let active = match held {
            Some(active) => active,
            None => {
                let records = reader.run_records();
                records.folder(&id).ok()?;
                let read =
                    read_run(&records, &id).and_then(|run| Ok(ActiveHead { head: read_head(&records, &id)?, run }));
                let active =
                    Arc::new(read.inspect_err(|error| tracing::warn!(%error, "the head {id} is not used")).ok()?);
                self.open().insert(id, Arc::clone(&active));
                active
            }
        };
        let same = active.run.dataset == *d && reader.made_at(d).is_ok_and(|at| at == active.run.dataset_made_at);
        same.then_some(active)
    }

    /// Makes a run the dataset's head, or with `None` lets it have none.
    pub fn activate(&self, reader: &Reader, d: &DatasetName, id: Option<&str>) -> Result<(), Error> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut noted = noted(reader);
        match id {
            Some(id) => noted.insert(d.to_string(), id.to_owned()),
            None => noted.remove(d.as_str()),
        };
        let bytes = serde_json::to_vec_pretty(&noted).unwrap_or_default();
        reader.run_records().put_note(NOTE, &bytes)?;
        self.open().retain(|open, _| noted.values().any(|id| id == open));
        Ok(())
    }
}

/// The class that each row is taken for once background is looked at, and its probability.
pub(crate) fn decided(told: &[f32], head: &Head) -> (Vec<usize>, Vec<f32>) {
    let first = head.classes.iter().position(|class| matches!(class, HeadClass::Background(_)));
    let best_background = |row: &[f32]| {
        let kinds = first.unwrap_or(0)..row.len();
        kinds.fold(first.unwrap_or(0), |best, kind| if row[kind] > row[best] { kind } else { best })
    };
    let rows = told.chunks_exact(head.classes.len());
    rows.map(|row| {
        let class = match verdict(row, &head.classes, 0.0) {
            Verdict::Class(class) | Verdict::Doubtful(class) => class,
            Verdict::Background => best_background(row),
        };
        (class, row[class])
    })
    .unzip()
}
