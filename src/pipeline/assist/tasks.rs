//! What the models are doing, for the overlay: everything in flight and the last few things that ended.

use std::collections::VecDeque;
use std::time::Instant;

use serde::Serialize;
use tator_domain::ImageId;

/// Ended tasks that stay in sight.
const REMEMBERED: usize = 12;

/// One thing a model does for a person.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    /// Counts up.
    pub id: u64,
    /// `encode`, `decode`, `classify`, `learn`.
    pub kind: &'static str,
    /// In words.
    pub label: String,
    /// The image it is about.
    pub image_id: Option<ImageId>,
    /// How it stands.
    pub state: TaskState,
    /// How long it has run, or ran, in milliseconds.
    pub ms: f64,
    /// What went wrong.
    pub error: Option<String>,
    #[serde(skip)]
    begun: Instant,
}

/// How a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// At work.
    Running,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
    /// Given up for something newer.
    Superseded,
}

/// The list.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    list: VecDeque<Task>,
    last: u64,
}

impl Tasks {
    pub fn begin(&mut self, kind: &'static str, label: String, image_id: Option<ImageId>) -> u64 {
        self.last += 1;
        let (state, begun) = (TaskState::Running, Instant::now());
        self.list.push_back(Task { id: self.last, kind, label, image_id, state, ms: 0.0, error: None, begun });
        while self.list.len() > REMEMBERED && self.list.front().is_some_and(|task| task.state != TaskState::Running) {
            self.list.pop_front();
        }
        self.last
    }

    pub fn end(&mut self, id: u64, state: TaskState, error: Option<String>) {
        if let Some(task) = self.list.iter_mut().find(|task| task.id == id) {
            task.ms = task.begun.elapsed().as_secs_f64() * 1e3;
            task.state = state;
            task.error = error;
        }
    }

    /// Oldest first, with the time so far of what runs.
    pub fn list(&self) -> Vec<Task> {
        let mut list: Vec<Task> = self.list.iter().cloned().collect();
        for task in list.iter_mut().filter(|task| task.state == TaskState::Running) {
            task.ms = task.begun.elapsed().as_secs_f64() * 1e3;
        }
        list
    }
}
