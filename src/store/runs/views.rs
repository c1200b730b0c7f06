//! Views over the files of runs. They hold absolute paths, so a workspace that was moved needs them made anew.

use tator_domain::{DatasetName, RunName};

use super::RunKind;
use crate::filter::quote_text;
use crate::{Error, Writer, queries};

impl Writer {
    /// Makes the views of every run of every dataset anew; those whose files are gone go.
    pub(crate) fn refresh_views(&self) -> Result<(), Error> {
        for d in self.reader.dataset_names()? {
            self.drop_views(&d, |_| true)?;
            for kind in RunKind::ALL {
                for name in self.reader.run_names(&d, kind)? {
                    // A run whose file was damaged from outside must not keep the workspace from opening.
                    if let Err(error) = self.make_views(&d, kind, &name) {
                        tracing::warn!(dataset = %d, run = %name, %error, "the tables of a run cannot be read");
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes the views of a run.
    pub(super) fn make_views(&self, d: &DatasetName, kind: RunKind, name: &RunName) -> Result<(), Error> {
        let folder = self.reader.run_folder(d, kind, name);
        self.change(|state| {
            for (file, view) in kind.tables() {
                let path = folder.join(format!("{file}.parquet"));
                if path.is_file() {
                    let source = quote_text(&path.to_string_lossy());
                    state.connection.execute_batch(&format!(
                        "CREATE OR REPLACE VIEW \"{d}\".\"{view}_{name}\" AS SELECT * FROM read_parquet({source})"
                    ))?;
                }
            }
            Ok(())
        })
    }

    /// Takes the views of one run away.
    pub(super) fn drop_run_views(&self, d: &DatasetName, kind: RunKind, name: &RunName) -> Result<(), Error> {
        let ours: Vec<String> = kind.tables().iter().map(|(_, view)| format!("{view}_{name}")).collect();
        self.drop_views(d, |view| ours.iter().any(|one| one == view))
    }

    fn drop_views(&self, d: &DatasetName, goes: impl Fn(&str) -> bool) -> Result<(), Error> {
        let query = queries::SELECT_RUN_VIEWS;
        self.change(|state| {
            let mut statement = state.connection.prepare(query.sql).map_err(query.failed())?;
            let names = statement.query_map([d.as_str()], |row| row.get::<_, String>("view_name"));
            let names: Vec<String> =
                names.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())?;
            for name in names.iter().filter(|name| goes(name)) {
                state.connection.execute_batch(&format!("DROP VIEW IF EXISTS \"{d}\".\"{name}\""))?;
            }
            Ok(())
        })
    }
}
