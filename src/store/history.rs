//! The history beside the published tables: so that undo outlives the working set.
//!
//! `tables/<dataset>/history/*.parquet` is written when a dataset goes to the trash and when the program ends. It is
//! read when the working set is rebuilt; changes of images that have moved on since it was written become final.

use std::path::PathBuf;

use tator_domain::DatasetName;

use crate::Error;
use crate::filter::quote_text;
use crate::writer::Writer;

/// The tables that hold what undo needs.
const TABLES: [&str; 3] = ["changes", "removed_images", "removed_boxes"];

impl Writer {
    fn history_file(&self, dataset: &DatasetName, table: &str) -> PathBuf {
        self.reader.folders().tables_of(dataset).join("history").join(format!("{table}.parquet"))
    }

    /// Writes the history of a dataset beside its published tables.
    ///
    /// # Errors
    /// When the disk refuses; an older history then stands.
    pub fn save_history(&self, dataset: &DatasetName) -> Result<(), Error> {
        let connection = self.reader.engine.connect()?;
        for table in TABLES {
            let path = self.history_file(dataset, table);
            let aside = path.with_extension("part");
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(Error::io(format!("making {}", folder.display())))?;
            }
            let target = quote_text(&aside.to_string_lossy());
            let sql = format!("COPY (FROM \"{dataset}\".{table}) TO {target} (FORMAT parquet, COMPRESSION zstd)");
            connection.execute_batch(&sql)?;
            std::fs::rename(&aside, &path).map_err(Error::io(format!("writing {}", path.display())))?;
        }
        Ok(())
    }

    /// Reads the history back into a dataset that was rebuilt.
    pub(crate) fn load_history(&self, dataset: &DatasetName) -> Result<(), Error> {
        let files = TABLES.map(|table| (table, self.history_file(dataset, table)));
        if !files.iter().all(|(_, path)| path.is_file()) {
            return Ok(());
        }
        self.change(|state| {
            for (table, path) in &files {
                let source = quote_text(&path.to_string_lossy());
                let sql = format!("INSERT INTO \"{dataset}\".{table} BY NAME FROM read_parquet({source})");
                state.connection.execute_batch(&sql)?;
            }
            state.connection.execute_batch(&format!(
                "UPDATE \"{dataset}\".changes SET status = 'final' WHERE image_id IN (
                     SELECT i.image_id FROM \"{dataset}\".images i
                     JOIN (SELECT image_id, max(revision) AS known FROM \"{dataset}\".changes GROUP BY image_id) c USING (image_id)
                     WHERE i.revision <> c.known)"
            ))?;
            Ok(())
        })
    }
}
