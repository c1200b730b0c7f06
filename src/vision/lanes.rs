//! Sessions of one file that run side by side, each on its share of the cores.
//!
//! A run on all cores waits at the end of every operation for the slowest of its threads, and what comes before and after
//! it (decoding, scaling, reading outputs) happens on one core. Where nobody waits for a single answer, as many runs as
//! there are cores leave none idle. Each session has weights of its own, so that a large network keeps one lane.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use ort::session::Session;

/// Weights of all lanes of a network together, at most.
const MOST_BYTES: u64 = 512 << 20;
/// Lanes of a network, at most: beyond, memory is what they wait for.
const MOST_LANES: usize = 8;

/// How many runs at once, and on how many threads each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) lanes: usize,
    /// 0 lets ONNX Runtime choose.
    pub(crate) threads: usize,
}

impl Plan {
    /// One run at a time, on so many threads.
    pub(crate) fn alone(threads: usize) -> Self {
        Self { lanes: 1, threads }
    }

    /// As many runs at once as the cores and the weights allow.
    pub(crate) fn many(cores: usize, weights: u64) -> Self {
        let fit = usize::try_from(MOST_BYTES / weights.max(1)).unwrap_or(MOST_LANES);
        match cores.min(MOST_LANES).min(fit) {
            0 | 1 => Self::alone(0),
            lanes => Self { lanes, threads: cores / lanes },
        }
    }
}

/// Bytes of a network: its file, and what lies beside it that is no network (weights in files of their own).
pub(crate) fn weights(file: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let beside = file.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let is_data = |path: &Path| path.extension().is_none_or(|ending| ending != "onnx" && ending != "toml");
    size(file) + beside.map(|entry| entry.path()).filter(|path| is_data(path)).map(|path| size(&path)).sum::<u64>()
}

/// The sessions, and which of them have nothing to do.
pub(crate) struct Lanes {
    sessions: Vec<Mutex<Session>>,
    free: Mutex<Vec<usize>>,
    freed: Condvar,
}

impl Lanes {
    pub(crate) fn new(sessions: Vec<Session>) -> Self {
        let free = (0..sessions.len()).rev().collect();
        Self { sessions: sessions.into_iter().map(Mutex::new).collect(), free: Mutex::new(free), freed: Condvar::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Runs something on a session of its own, as soon as one has nothing to do.
    pub(crate) fn run<R>(&self, run: impl FnOnce(&mut Session) -> R) -> R {
        let lane = self.enter();
        let mut session = self.sessions[lane.number].lock().unwrap_or_else(PoisonError::into_inner);
        run(&mut session)
    }

    fn free(&self) -> MutexGuard<'_, Vec<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Lane<'_> {
        let mut free = self.free();
        loop {
            if let Some(number) = free.pop() {
                return Lane { lanes: self, number };
            }
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A session that is taken; given back however its run ends.
struct Lane<'l> {
    lanes: &'l Lanes,
    number: usize,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.lanes.free().push(self.number);
        self.lanes.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_shared_out_and_large_networks_keep_one_lane() {
        let plan = |cores, megabytes: u64| {
            let Plan { lanes, threads } = Plan::many(cores, megabytes << 20);
            (lanes, threads)
        };
        assert_eq!(plan(2, 10), (2, 1));
        assert_eq!(plan(16, 10), (8, 2));
        assert_eq!(plan(6, 10), (6, 1));
        assert_eq!(plan(16, 200), (2, 8));
        assert_eq!(plan(16, 400), (1, 0), "it has all threads");
        assert_eq!(plan(1, 10), (1, 0));
    }
}
