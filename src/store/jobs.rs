//! Job rows: what was asked, how it went, kept over restarts.

use duckdb::params;
use serde::Serialize;
use tator_domain::Timestamp;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, queries};

/// A job as its row has it; states and payloads are the pipeline's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRow {
    /// Its number.
    pub job_id: i64,
    /// What kind of job.
    pub kind: String,
    /// What it does, in words.
    pub title: String,
    /// The dataset it works on.
    pub dataset: Option<String>,
    /// What was asked, as JSON: enough to run it again.
    pub request: String,
    /// How it stands.
    pub state: String,
    /// The last word about it.
    pub message: String,
    /// What came out, as JSON.
    pub report: Option<String>,
    /// Lines of its log.
    pub log: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Reader {
    /// All jobs, newest first.
    ///
    /// # Errors
    /// When the working set cannot be read.
    pub fn job_rows(&self) -> Result<Vec<JobRow>, Error> {
        let query = queries::SELECT_JOBS;
        self.engine.with(|c| {
            let mut statement = c.prepare(query.sql).map_err(query.failed())?;
            let rows = statement.query_map([], |row| {
                Ok(JobRow {
                    job_id: row.get("job_id")?,
                    kind: row.get("kind")?,
                    title: row.get("title")?,
                    dataset: row.get("dataset")?,
                    request: row.get("request")?,
                    state: row.get("state")?,
                    message: row.get("message")?,
                    report: row.get("report")?,
                    log: row.get("log")?,
                    created_at: row.get("created_us")?,
                    started_at: row.get("started_us")?,
                    finished_at: row.get("finished_us")?,
                })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }
}

impl Writer {
    /// Writes a job's row as it stands.
    ///
    /// # Errors
    /// When the working set refuses.
    pub fn put_job(&self, job: &JobRow) -> Result<(), Error> {
        self.change(|state| {
            let (delete, insert) = (queries::DELETE_JOB, queries::UPSERT_JOB);
            state.connection.execute(delete.sql, [job.job_id]).map_err(delete.failed())?;
            let values = params![
                job.job_id,
                job.kind,
                job.title,
                job.dataset,
                job.request,
                job.state,
                job.message,
                job.report,
                job.log,
                job.created_at,
                job.started_at,
                job.finished_at
            ];
            state.connection.execute(insert.sql, values).map_err(insert.failed())?;
            Ok(())
        })
    }
}
