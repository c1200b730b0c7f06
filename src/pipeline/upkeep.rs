//! Upkeep: publishes changes when people pause, empties old trash, and publishes a last time at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tator_store::Writer;

/// A pause in editing after which changes are published.
const IDLE: Duration = Duration::from_secs(4);
/// The longest that changes wait while people go on editing.
const LONGEST: Duration = Duration::from_secs(120);

/// The thread that looks after the tables.
pub(crate) struct Upkeep {
    began: Instant,
    last_edit: Arc<AtomicU64>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub fn start(writer: Arc<Writer>) -> Self {
        let (stop, stopped) = channel::<()>();
        let began = Instant::now();
        let last_edit = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&last_edit);
        let thread = std::thread::spawn(move || {
            if let Err(error) = writer.purge_trash() {
                tracing::warn!(%error, "old trash could not be emptied");
            }
            let mut last_fold = Instant::now();
            while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                let idle = began.elapsed().saturating_sub(Duration::from_millis(seen.load(Ordering::Relaxed)));
                if idle >= IDLE || last_fold.elapsed() >= LONGEST {
                    fold_all(&writer);
                    last_fold = Instant::now();
                }
            }
            fold_all(&writer);
            save_histories(&writer);
        });
        Self { began, last_edit, stop: Some(stop), thread: Some(thread) }
    }

    /// Somebody is editing: the next fold waits for a pause.
    pub fn note_edit(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_edit.store(now, Ordering::Relaxed);
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What undo needs lies beside the tables, should the working set be lost.
fn save_histories(writer: &Writer) {
    for dataset in writer.reader().dataset_names().unwrap_or_default() {
        if let Err(error) = writer.save_history(&dataset) {
            tracing::warn!(%dataset, %error, "the history could not be written beside the tables");
        }
    }
}

/// A fold that fails is tried again at the next pause; the working set has everything meanwhile.
fn fold_all(writer: &Writer) {
    let datasets = match writer.reader().datasets() {
        Ok(datasets) => datasets,
        Err(error) => return tracing::warn!(%error, "datasets could not be listed for publishing"),
    };
    for dataset in datasets {
        let name = dataset.name;
        let published =
            writer.needs_fold(&name).and_then(|needed| if needed { writer.fold(&name).map(Some) } else { Ok(None) });
        match published {
            Ok(Some(report)) => tracing::info!(dataset = %name, images = report.images, ms = report.ms, "published"),
            Ok(None) => {}
            Err(error) => tracing::warn!(dataset = %name, %error, "changes could not be published, they wait"),
        }
    }
}
