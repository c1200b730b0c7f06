//! The queue and its one worker.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tator_domain::{Clock, DatasetName, SystemClock};
use tator_store::{JobRow, Writer};

use super::record::{JobId, JobProgress, JobRecord, JobState, Meter, StageProgress};
use super::{Done, KINDS};
use crate::error::Error;
use crate::workbench::Workbench;

/// Jobs that wait or run, and the thread that does them.
pub(crate) struct Queue {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    writer: Arc<Writer>,
    assist: Arc<crate::assist::Shared>,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<JobId>,
    live: BTreeMap<JobId, Live>,
    next_id: JobId,
    closing: bool,
}

/// A job that is not over.
struct Live {
    row: JobRow,
    meter: Meter,
    cancelled: Arc<AtomicBool>,
}

/// What a running job sees of the outside.
pub(crate) struct Context {
    pub writer: Arc<Writer>,
    pub assist: Arc<crate::assist::Shared>,
    shared: Arc<Shared>,
    job_id: JobId,
    cancelled: Arc<AtomicBool>,
}

impl Context {
    /// Tells how far the job is.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the person gave up waiting.
    pub fn progress(&self, stage: &str, done: u64, total: u64) -> Result<(), Error> {
        self.check()?;
        if let Some(live) = self.shared.lock().live.get_mut(&self.job_id) {
            live.meter.set(stage, done, total);
        }
        Ok(())
    }

    /// Tells how busy stages are that work at the same time, and which one the others wait for.
    pub fn stages(&self, stages: Vec<StageProgress>, bottleneck: Option<String>) {
        if let Some(live) = self.shared.lock().live.get_mut(&self.job_id) {
            live.meter.set_stages(stages, bottleneck);
        }
    }

    /// Stops when the person gave up waiting.
    pub fn check(&self) -> Result<(), Error> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Adds a line to the job's log.
    pub fn log(&self, line: &str) {
        tracing::info!(job = self.job_id, "{line}");
        if let Some(live) = self.shared.lock().live.get_mut(&self.job_id) {
            live.row.log.push_str(line);
            live.row.log.push('\n');
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, row: &JobRow) {
        if let Err(error) = self.writer.put_job(row) {
            tracing::error!(job = row.job_id, %error, "the row of a job could not be written");
        }
    }
}

impl Queue {
    /// Starts the worker; jobs that were under way when the program died are marked.
    pub fn start(writer: Arc<Writer>, assist: Arc<crate::assist::Shared>) -> Result<Self, Error> {
        let rows = writer.reader().job_rows()?;
        let next_id = rows.iter().map(|r| r.job_id).max().unwrap_or(0) + 1;
        for row in rows.into_iter().filter(|r| !JobState::parse(&r.state).is_over()) {
            let message =
                "interrupted: the program ended before the job did. Nothing of it is half done; resume runs it again"
                    .into();
            discard_unfilled(&writer, &row)?;
            writer.put_job(&JobRow { state: JobState::Interrupted.as_str().into(), message, ..row })?;
        }
        let state = Mutex::new(State { next_id, ..State::default() });
        let shared = Arc::new(Shared { writer, assist, state, wake: Condvar::new() });
        let worker = Arc::clone(&shared);
        let thread = std::thread::spawn(move || work(&worker));
        Ok(Self { shared, thread: Some(thread) })
    }

    fn enqueue(
        &self,
        kind: &str,
        title: String,
        dataset: Option<&DatasetName>,
        request: String,
    ) -> Result<JobId, Error> {
        let mut state = self.shared.lock();
        let job_id = state.next_id;
        state.next_id += 1;
        let row = JobRow {
            job_id,
            kind: kind.to_owned(),
            title,
            dataset: dataset.map(ToString::to_string),
            request,
            state: JobState::Queued.as_str().into(),
            message: String::new(),
            report: None,
            log: String::new(),
            created_at: SystemClock.now(),
            started_at: None,
            finished_at: None,
        };
        self.shared.writer.put_job(&row)?;
        state.live.insert(job_id, Live { row, meter: Meter::new("waiting", 0), cancelled: Arc::default() });
        state.waiting.push_back(job_id);
        self.shared.wake.notify_one();
        Ok(job_id)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        for live in state.live.values() {
            live.cancelled.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An import makes its dataset before its rows: when it was cut off in between, the empty dataset goes again.
fn discard_unfilled(writer: &Writer, row: &JobRow) -> Result<(), Error> {
    let (Some(started_at), Some(name)) = (row.started_at, row.dataset.as_deref().and_then(|d| d.parse().ok())) else {
        return Ok(());
    };
    if let Ok(dataset) = writer.reader().dataset(&name)
        && row.kind == "import"
        && dataset.created_at >= started_at
        && (dataset.images, dataset.classes) == (0, 0)
    {
        writer.discard_dataset(&name)?;
    }
    Ok(())
}

fn work(shared: &Arc<Shared>) {
    loop {
        let mut state = shared.lock();
        let job_id = loop {
            if state.closing {
                return;
            }
            match state.waiting.pop_front() {
                Some(job_id) => break job_id,
                None => state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let Some(live) = state.live.get_mut(&job_id) else { continue };
        live.row.state = JobState::Running.as_str().into();
        live.row.started_at = Some(SystemClock.now());
        live.meter = Meter::new("starting", 0);
        let (row, cancelled) = (live.row.clone(), Arc::clone(&live.cancelled));
        drop(state);
        shared.save(&row);
        let context = Context {
            writer: Arc::clone(&shared.writer),
            assist: Arc::clone(&shared.assist),
            shared: Arc::clone(shared),
            job_id,
            cancelled,
        };
        let outcome = run(&context, &row);
        finish(shared, job_id, outcome);
    }
}

/// A panic in a job is a failed job, not a dead worker.
fn run(context: &Context, row: &JobRow) -> Result<Done, Error> {
    context.check()?;
    let kind = KINDS.iter().find(|k| k.name == row.kind);
    let kind = kind.ok_or_else(|| Error::invalid("kind", format!("{} is no kind of job", row.kind)))?;
    let guarded = std::panic::AssertUnwindSafe(|| (kind.run)(context, &row.request));
    std::panic::catch_unwind(guarded)
        .unwrap_or_else(|_| Err(Error::Conflict("the job broke off; the log of the program says where".into())))
}

fn finish(shared: &Shared, job_id: JobId, outcome: Result<Done, Error>) {
    let mut state = shared.lock();
    let Some(mut row) = state.live.get(&job_id).map(|live| live.row.clone()) else { return };
    row.finished_at = Some(SystemClock.now());
    let (end, message) = match outcome {
        Ok(done) => {
            row.report = Some(done.report.to_string());
            (if done.partly { JobState::Partly } else { JobState::Done }, done.message)
        }
        Err(Error::Cancelled) if state.closing => {
            (JobState::Interrupted, "interrupted: the program was stopped".into())
        }
        Err(Error::Cancelled) => (JobState::Cancelled, super::words_of_cancel(&row.kind).into()),
        Err(error) => (JobState::Failed, error.to_string()),
    };
    row.state = end.as_str().into();
    row.message = message;
    shared.save(&row);
    state.live.remove(&job_id);
}

impl Workbench {
    pub(crate) fn enqueue(&self, kind: &str, title: String, d: &DatasetName, request: String) -> Result<JobId, Error> {
        self.open.jobs.enqueue(kind, title, Some(d), request)
    }

    /// A job that is about no dataset.
    pub(crate) fn enqueue_alone(&self, kind: &str, title: String, request: String) -> Result<JobId, Error> {
        self.open.jobs.enqueue(kind, title, None, request)
    }

    /// All jobs, newest first.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub fn jobs(&self) -> Result<Vec<JobRecord>, Error> {
        let rows = self.reader().job_rows()?;
        let state = self.open.jobs.shared.lock();
        let told = rows.into_iter().map(|row| match state.live.get(&row.job_id) {
            Some(live) => JobRecord::from_row(live.row.clone(), live.meter.progress()),
            None => JobRecord::from_row(row, JobProgress::default()),
        });
        Ok(told.collect())
    }

    /// How many jobs wait or run.
    #[must_use]
    pub fn jobs_in_flight(&self) -> usize {
        self.open.jobs.shared.lock().live.len()
    }

    /// One job.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn job(&self, job_id: JobId) -> Result<JobRecord, Error> {
        if let Some(live) = self.open.jobs.shared.lock().live.get(&job_id) {
            return Ok(JobRecord::from_row(live.row.clone(), live.meter.progress()));
        }
        let found = self.jobs()?.into_iter().find(|job| job.job_id == job_id);
        found.ok_or_else(|| Error::NotFound(format!("job {job_id}")))
    }

    /// Stops a job; one that waits never begins.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is over.
    pub fn cancel_job(&self, job_id: JobId) -> Result<(), Error> {
        let state = self.open.jobs.shared.lock();
        if let Some(live) = state.live.get(&job_id) {
            live.cancelled.store(true, Ordering::Relaxed);
            return Ok(());
        }
        drop(state);
        let job = self.job(job_id)?;
        Err(Error::Conflict(format!("job {job_id} is over: {}", job.state.as_str())))
    }

    /// Asks again for what an ended job was asked; gives the new job.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it ended well or is still at work.
    pub fn resume_job(&self, job_id: JobId) -> Result<JobId, Error> {
        let row = self.reader().job_rows()?.into_iter().find(|row| row.job_id == job_id);
        let row = row.ok_or_else(|| Error::NotFound(format!("job {job_id}")))?;
        let state = JobState::parse(&row.state);
        if !matches!(state, JobState::Interrupted | JobState::Cancelled | JobState::Failed) {
            return Err(Error::Conflict(format!("job {job_id} is {}: there is nothing to resume", state.as_str())));
        }
        let dataset = row.dataset.as_deref().and_then(|d| d.parse().ok());
        let again = self.open.jobs.enqueue(&row.kind, row.title.clone(), dataset.as_ref(), row.request.clone())?;
        self.open.writer.put_job(&JobRow { message: format!("{} · resumed as job {again}", row.message), ..row })?;
        Ok(again)
    }

    /// Waits until a job is over.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn wait_for(&self, job_id: JobId, mut watch: impl FnMut(&JobRecord)) -> Result<JobRecord, Error> {
        loop {
            let job = self.job(job_id)?;
            if job.state.is_over() {
                return Ok(job);
            }
            watch(&job);
            std::thread::sleep(std::time::Duration::from_millis(60));
        }
    }
}
