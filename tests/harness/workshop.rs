//! The whole workbench in a workspace of its own, and jobs that are waited for.

use std::path::Path;

use tator_domain::DatasetName;
use tator_pipeline::{
    Error, ExportImages, ExportReport, ExportRequest, ImportMode, ImportReport, ImportRequest, JobRecord, JobState,
    Workbench,
};
use tator_store::{LoadPolicy, Reader};

use super::cellar::small_limits;

/// An open workbench; its folder goes with it.
pub struct Workshop {
    pub workbench: Workbench,
    pub folder: tempfile::TempDir,
}

/// A dataset's name.
pub fn named(name: &str) -> DatasetName {
    name.parse().unwrap()
}

/// A copying import that guesses the format.
pub fn from(source: &Path, dataset: &str) -> ImportRequest {
    ImportRequest {
        source: source.to_owned(),
        images_dir: None,
        dataset: named(dataset),
        format: "auto".into(),
        mode: ImportMode::Copy,
        dry_run: false,
        task: None,
        split: None,
        one_based: false,
        existing: LoadPolicy::Keep,
    }
}

/// An export with its pictures.
pub fn to(out: &Path, dataset: &str, format: &str) -> ExportRequest {
    ExportRequest {
        dataset: named(dataset),
        format: format.into(),
        out: out.to_owned(),
        images: ExportImages::Copy,
        condition: None,
        padding: 0.0,
    }
}

impl Workshop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workbench = Workbench::open(&folder.path().join("workspace"), &small_limits()).unwrap();
        Self { workbench, folder }
    }

    pub fn reader(&self) -> &Reader {
        self.workbench.reader()
    }

    /// A place beside the workspace.
    pub fn place(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// An import that must end well.
    pub fn import(&self, request: ImportRequest) -> ImportReport {
        let job = self.workbench.start_import(request).unwrap();
        let done = self.ended(job);
        assert!(matches!(done.state, JobState::Done | JobState::Partly), "{}", done.message);
        serde_json::from_value(done.report.unwrap()).unwrap()
    }

    /// Why an import failed.
    pub fn import_fails(&self, request: ImportRequest) -> String {
        match self.workbench.start_import(request) {
            Err(error) => error.to_string(),
            Ok(job) => {
                let ended = self.ended(job);
                assert_eq!(ended.state, JobState::Failed, "{}", ended.message);
                ended.message
            }
        }
    }

    /// An export that must end well.
    pub fn export(&self, request: ExportRequest) -> ExportReport {
        let job = self.start_export(request).unwrap();
        let done = self.ended(job);
        assert!(matches!(done.state, JobState::Done | JobState::Partly), "{}", done.message);
        serde_json::from_value(done.report.unwrap()).unwrap()
    }

    pub fn start_export(&self, request: ExportRequest) -> Result<i64, Error> {
        self.workbench.start_export(request)
    }

    pub fn ended(&self, job: i64) -> JobRecord {
        self.workbench.wait_for(job, |_| ()).unwrap()
    }
}
