//! The workbench: one handle to everything that can be done with a workspace. It owns the only key that writes.

use std::path::Path;
use std::sync::Arc;

use tator_domain::{Class, ClassId, DatasetName, ImageId, NewClass, SystemClock};
use tator_store::{
    EditOutcome, EditRequest, ImageHome, Limits, LockNote, NamedVersion, Reader, TableHealth, Trashed, Workspace,
    Writer,
};

use crate::assist::Assist;
use crate::error::Error;
use crate::jobs::Queue;
use crate::upkeep::Upkeep;

/// An open workspace with its worker; cheap to clone, closed when the last clone goes.
#[derive(Clone)]
pub struct Workbench {
    pub(crate) open: Arc<Open>,
}

/// What the clones share. Fields are dropped in order: the worker stops before the store closes.
pub(crate) struct Open {
    pub jobs: Queue,
    pub assist: Assist,
    upkeep: Upkeep,
    pub writer: Arc<Writer>,
    workspace: std::sync::Mutex<Workspace>,
}

impl Workbench {
    /// Opens a workspace, making it when it is not there.
    ///
    /// # Errors
    /// [`tator_store::Error::Locked`] when another Tator holds it; what the store says otherwise.
    pub fn open(folder: &Path, limits: &Limits) -> Result<Self, Error> {
        let workspace = Workspace::open(folder)?;
        let writer = Arc::new(tator_store::open(&workspace, limits, Arc::new(SystemClock))?);
        let assist = Assist::start(Arc::clone(&writer));
        let jobs = Queue::start(Arc::clone(&writer), Arc::clone(&assist.shared))?;
        let upkeep = Upkeep::start(Arc::clone(&writer));
        Ok(Self { open: Arc::new(Open { jobs, assist, upkeep, writer, workspace: std::sync::Mutex::new(workspace) }) })
    }

    /// Says in the lock file who holds the workspace.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn announce(&self, note: &LockNote) -> Result<(), Error> {
        let mut workspace = self.open.workspace.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(workspace.announce(note)?)
    }

    /// Reads the working set.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        self.open.writer.reader()
    }

    /// Makes edits of one image; see [`Writer::edit`].
    ///
    /// # Errors
    /// As [`Writer::edit`].
    #[expect(clippy::needless_pass_by_value, reason = "a request is handed over")]
    pub fn edit(&self, d: &DatasetName, id: ImageId, request: EditRequest, author: &str) -> Result<EditOutcome, Error> {
        self.open.upkeep.note_edit();
        Ok(self.open.writer.edit(d, id, &request, author)?)
    }

    /// Takes back the latest edit of an image.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is nothing to undo.
    pub fn undo(&self, d: &DatasetName, id: ImageId, client_id: &str, author: &str) -> Result<EditOutcome, Error> {
        self.open.upkeep.note_edit();
        self.open.writer.undo(d, id, client_id, author).map_err(nothing_there)
    }

    /// Makes the edit again that was taken back last.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is nothing to redo.
    pub fn redo(&self, d: &DatasetName, id: ImageId, client_id: &str, author: &str) -> Result<EditOutcome, Error> {
        self.open.upkeep.note_edit();
        self.open.writer.redo(d, id, client_id, author).map_err(nothing_there)
    }

    /// Makes a class, or gives the living one of that name.
    ///
    /// # Errors
    /// As [`Writer::add_class`].
    pub fn add_class(&self, d: &DatasetName, name: &str) -> Result<Class, Error> {
        Ok(self.open.writer.add_class(d, &NewClass { name: name.to_owned(), ..NewClass::default() })?)
    }

    /// Gives a class another name.
    ///
    /// # Errors
    /// As [`Writer::rename_class`].
    pub fn rename_class(&self, d: &DatasetName, id: ClassId, name: &str) -> Result<Class, Error> {
        Ok(self.open.writer.rename_class(d, id, name, "")?)
    }

    /// Merges a class into another; gives how many boxes moved.
    ///
    /// # Errors
    /// As [`Writer::merge_class`].
    pub fn merge_class(&self, d: &DatasetName, from: ClassId, into: ClassId, author: &str) -> Result<u64, Error> {
        Ok(self.open.writer.merge_class(d, from, into, author)?)
    }

    /// Makes an empty dataset.
    ///
    /// # Errors
    /// As [`Writer::create_dataset`].
    #[expect(clippy::needless_pass_by_value, reason = "the home is handed over")]
    pub fn create_dataset(&self, d: &DatasetName, home: ImageHome, task: &str) -> Result<(), Error> {
        Ok(self.open.writer.create_dataset(d, &home, task)?)
    }

    /// Moves a dataset into the trash.
    ///
    /// # Errors
    /// As [`Writer::delete_dataset`].
    pub fn delete_dataset(&self, d: &DatasetName) -> Result<Trashed, Error> {
        Ok(self.open.writer.delete_dataset(d)?)
    }

    /// How the published tables of a dataset stand.
    ///
    /// # Errors
    /// As [`Writer::table_health`].
    pub fn table_health(&self, d: &DatasetName) -> Result<Vec<(String, TableHealth)>, Error> {
        Ok(self.open.writer.table_health(d)?)
    }

    /// Publishes a dataset and names the version of its tables.
    ///
    /// # Errors
    /// As [`Writer::name_version`].
    pub fn name_version(&self, d: &DatasetName, name: &str) -> Result<NamedVersion, Error> {
        Ok(self.open.writer.name_version(d, name)?)
    }

    /// The named versions of a dataset, newest first.
    ///
    /// # Errors
    /// As [`Writer::named_versions`].
    pub fn named_versions(&self, d: &DatasetName) -> Result<Vec<NamedVersion>, Error> {
        Ok(self.open.writer.named_versions(d)?)
    }

    /// What is in the trash.
    ///
    /// # Errors
    /// When the trash cannot be listed.
    pub fn trash(&self) -> Result<Vec<Trashed>, Error> {
        Ok(self.reader().trash()?)
    }

    /// Takes a dataset out of the trash.
    ///
    /// # Errors
    /// As [`Writer::restore_dataset`].
    pub fn restore_dataset(&self, entry: &str) -> Result<DatasetName, Error> {
        Ok(self.open.writer.restore_dataset(entry)?)
    }

    /// Takes back a change of many images.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it cannot be taken back now.
    pub fn undo_change(&self, d: &DatasetName, change_id: i64, author: &str) -> Result<(), Error> {
        self.open.writer.undo_change(d, change_id, author).map_err(nothing_there)
    }

    /// Makes a change of many images again.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it cannot be made now.
    pub fn redo_change(&self, d: &DatasetName, change_id: i64, author: &str) -> Result<(), Error> {
        self.open.writer.redo_change(d, change_id, author).map_err(nothing_there)
    }
}

/// The request is fine, the state is not.
pub(crate) fn nothing_there(error: tator_store::Error) -> Error {
    match error {
        tator_store::Error::Invalid(message) => Error::Conflict(message),
        other => other.into(),
    }
}
