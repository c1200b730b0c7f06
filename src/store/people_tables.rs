//! Tags, comments, packages and decisions about findings beside the published tables: `tables/<dataset>/people/*.parquet`, written anew by every
//! fold and read when the working set is rebuilt. They are small; a Lance table each would cost more than it gives.

use std::fs::{self, File};
use std::path::PathBuf;

use tator_domain::DatasetName;

use crate::filter::quote_text;
use crate::reader::{self, Reader};
use crate::writer::Writer;
use crate::{Error, queries};

const TABLES: [&str; 5] = ["tags", "comments", "packages", "package_images", "quality_decisions"];

/// Gives datasets of an older Tator the tables they do not have yet.
pub(crate) fn prepare(reader: &Reader) -> Result<(), Error> {
    reader.engine.with(|c| {
        for dataset in reader::dataset_rows(c)? {
            for query in [queries::SCHEMA_PEOPLE, queries::SCHEMA_EXPLORE] {
                c.execute_batch(&query.of(&dataset.name)).map_err(query.failed())?;
            }
        }
        Ok(())
    })
}

impl Writer {
    fn people_file(&self, dataset: &DatasetName, table: &str) -> PathBuf {
        self.reader.folders().tables_of(dataset).join("people").join(format!("{table}.parquet"))
    }

    /// Writes what people said and shared beside the tables.
    pub(crate) fn save_people(&self, dataset: &DatasetName) -> Result<(), Error> {
        let connection = self.reader.engine.connect()?;
        for table in TABLES {
            let path = self.people_file(dataset, table);
            let aside = path.with_extension("part");
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(Error::io(format!("making {}", folder.display())))?;
            }
            let target = quote_text(&aside.to_string_lossy());
            let sql = format!("COPY (FROM \"{dataset}\".{table}) TO {target} (FORMAT parquet, COMPRESSION zstd)");
            connection.execute_batch(&sql)?;
            let settle = || File::open(&aside)?.sync_all().and_then(|()| fs::rename(&aside, &path));
            settle().map_err(Error::io(format!("writing {}", path.display())))?;
        }
        Ok(())
    }

    /// Reads them back into a dataset that was rebuilt.
    pub(crate) fn load_people(&self, dataset: &DatasetName) -> Result<(), Error> {
        self.change(|state| {
            for table in TABLES {
                let path = self.people_file(dataset, table);
                if path.is_file() {
                    let source = quote_text(&path.to_string_lossy());
                    let sql = format!("INSERT INTO \"{dataset}\".{table} BY NAME FROM read_parquet({source})");
                    state.connection.execute_batch(&sql)?;
                }
            }
            Ok(())
        })
    }
}
