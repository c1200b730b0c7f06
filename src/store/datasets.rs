//! Datasets: made, put into the trash, taken out again; their schema brought up to date.

use std::fs;

use duckdb::params;
use serde::{Deserialize, Serialize};
use tator_domain::DatasetName;

use crate::reader::Reader;
use crate::summary::ImageHome;
use crate::workspace::write_whole;
use crate::writer::Writer;
use crate::{Error, queries};

/// Version of the tables' layout; a workspace of a later one is refused, of an earlier one migrated.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// `datasets/<name>/dataset.toml`: what a dataset is, readable without the working set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DatasetFile {
    pub schema_version: u32,
    pub name: DatasetName,
    pub task: String,
    pub created_at: i64,
    pub home: ImageHome,
}

/// Makes Tator's own tables, and checks that the workspace is not newer than this program.
pub(crate) fn prepare(reader: &Reader) -> Result<(), Error> {
    reader.engine.with(|c| {
        let query = queries::SCHEMA_TATOR;
        c.execute_batch(query.sql).map_err(query.failed())?;
        let found: Option<String> = c
            .query_row("SELECT max(value) FROM tator.meta WHERE key = 'schema_version'", [], |row| row.get(0))
            .map_err(query.failed())?;
        let Some(found) = found else {
            let version = SCHEMA_VERSION.to_string();
            c.execute("INSERT INTO tator.meta VALUES ('schema_version', ?)", [version]).map_err(query.failed())?;
            return Ok(());
        };
        let found = found.parse().unwrap_or(u32::MAX);
        if found > SCHEMA_VERSION {
            return Err(Error::TooNew { what: "the workspace".into(), found, known: SCHEMA_VERSION });
        }
        Ok(())
    })
}

/// Has DuckDB take into every index what its log held.
///
/// After a kill the log is replayed, but an index that nothing has touched yet only keeps a note of what it missed. A
/// checkpoint then throws the note away with the log, and from there on the index does not find those rows: queries by
/// image miss boxes that are there (DuckDB 1.5.6). Binding a change of the table brings its indexes up to date; this one
/// changes nothing.
pub(crate) fn wake_indexes(reader: &Reader) -> Result<(), Error> {
    reader.engine.with(|c| {
        let mut statement = c.prepare("SELECT DISTINCT schema_name, table_name FROM duckdb_indexes()")?;
        let tables = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        for table in tables.collect::<Result<Vec<_>, _>>()? {
            c.execute_batch(&format!("DELETE FROM \"{}\".\"{}\" WHERE false", table.0, table.1))?;
        }
        Ok(())
    })
}

impl Writer {
    /// Makes an empty dataset.
    ///
    /// # Errors
    /// [`Error::Exists`]; [`Error::Invalid`] when a linked folder is not there.
    pub fn create_dataset(&self, name: &DatasetName, home: &ImageHome, task: &str) -> Result<(), Error> {
        if !["detect", "segment", "obb"].contains(&task) {
            return Err(Error::Invalid(format!("task {task:?} is not known: detect, segment or obb")));
        }
        if let ImageHome::Linked { folder } = home
            && !folder.is_dir()
        {
            return Err(Error::Invalid(format!("{} is not a folder", folder.display())));
        }
        if self.reader.dataset(name).is_ok() {
            return Err(Error::Exists(format!("dataset {name}")));
        }
        let file = DatasetFile {
            schema_version: SCHEMA_VERSION,
            name: name.clone(),
            task: task.to_owned(),
            created_at: self.clock.now(),
            home: home.clone(),
        };
        self.write_dataset_file(&file)?;
        self.add_dataset(&file, [1, 1, 1, 1])
    }

    /// Writes `dataset.toml` and makes the folders around it.
    pub(crate) fn write_dataset_file(&self, file: &DatasetFile) -> Result<(), Error> {
        let folder = self.reader.folders.dataset(&file.name);
        let images = folder.join("images");
        fs::create_dir_all(&images).map_err(Error::io(format!("making {}", images.display())))?;
        let text = toml::to_string(file).map_err(|e| Error::Invalid(format!("dataset.toml: {e}")))?;
        write_whole(&folder.join("dataset.toml"), text.as_bytes())
    }

    /// Adds the tables and the row of a dataset; `next` are the first free image, box, class and change numbers.
    pub(crate) fn add_dataset(&self, file: &DatasetFile, next: [i64; 4]) -> Result<(), Error> {
        let home = serde_json::to_string(&file.home).map_err(|e| Error::Invalid(e.to_string()))?;
        self.change(|state| {
            let query = queries::SCHEMA_DATASET;
            state.connection.execute_batch(&query.of(&file.name)).map_err(query.failed())?;
            for query in [queries::SCHEMA_PEOPLE, queries::SCHEMA_EXPLORE] {
                state.connection.execute_batch(&query.of(&file.name)).map_err(query.failed())?;
            }
            let query = queries::INSERT_DATASET;
            let values =
                params![file.name.as_str(), file.task, home, file.created_at, next[0], next[1], next[2], next[3]];
            state.connection.execute(query.sql, values).map_err(query.failed())?;
            Ok(())
        })
    }

    /// Removes a dataset that holds no image: one that was made for something that came to nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are images in it: deleting goes through the trash.
    pub fn discard_dataset(&self, name: &DatasetName) -> Result<(), Error> {
        if self.reader.dataset(name)?.images > 0 {
            return Err(Error::Invalid(format!("dataset {name} is not empty")));
        }
        self.drop_dataset(name)?;
        for folder in [self.reader.folders.dataset(name), self.reader.folders.tables_of(name)] {
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(Error::io(format!("removing {}", folder.display())))?;
            }
        }
        Ok(())
    }

    /// Takes the tables and the row of a dataset out of the working set.
    pub(crate) fn drop_dataset(&self, name: &DatasetName) -> Result<(), Error> {
        self.change(|state| {
            state.connection.execute_batch(&format!("DROP SCHEMA IF EXISTS \"{name}\" CASCADE"))?;
            let query = queries::DELETE_DATASET;
            state.connection.execute(query.sql, [name.as_str()]).map_err(query.failed())?;
            state.drop_numbers(name);
            Ok(())
        })
    }
}
