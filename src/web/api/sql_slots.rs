//! How many statements of people run at once: few, so that labelling never waits for an analyst.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tator_store::SqlCancel;
use tokio::sync::{Semaphore, TryAcquireError};

use crate::error::{WebError, WebResult, blocking};

/// The places for statements and the queue before them.
#[derive(Debug)]
pub struct SqlSlots {
    at_once: usize,
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for SqlSlots {
    fn default() -> Self {
        Self::new(3, 12)
    }
}

impl SqlSlots {
    /// `at_once` may run while `queue` wait.
    #[must_use]
    pub fn new(at_once: usize, queue: usize) -> Self {
        Self { at_once, running: Arc::new(Semaphore::new(at_once)), waiting: Semaphore::new(queue) }
    }

    /// Statements that run now.
    #[must_use]
    pub fn n_running(&self) -> usize {
        self.at_once.saturating_sub(self.running.available_permits())
    }

    /// Runs a statement when its turn comes; its place is free again when it has really ended. A visitor who goes away
    /// meanwhile stops it.
    ///
    /// # Errors
    /// Busy, when the queue is full; else what the statement fails with.
    pub async fn run<T, F>(&self, stop: &Stop, statement: F) -> WebResult<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, tator_store::Error> + Send + 'static,
    {
        let answer = self.run_in_turn(stop, statement).await;
        stop.ended.store(true, Ordering::SeqCst);
        answer
    }

    async fn run_in_turn<T, F>(&self, stop: &Stop, statement: F) -> WebResult<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, tator_store::Error> + Send + 'static,
    {
        let place = self.waiting.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits | TryAcquireError::Closed => {
                WebError::busy("too many statements are waiting already")
                    .hint("wait for one to end, or stop one on its page")
            }
        })?;
        let slot = Arc::clone(&self.running).acquire_owned().await.map_err(|error| WebError::broken(&error))?;
        drop(place);
        let _stop_when_gone = stop.when_gone();
        let ended = Arc::clone(&stop.ended);
        blocking(move || {
            let answer = statement();
            ended.store(true, Ordering::SeqCst);
            drop(slot);
            answer
        })
        .await
    }
}

/// Stops one statement, and knows when it has ended.
#[derive(Clone, Default)]
pub struct Stop {
    cancel: SqlCancel,
    ended: Arc<AtomicBool>,
}

impl Stop {
    /// What the store listens to.
    pub(crate) fn cancel(&self) -> SqlCancel {
        self.cancel.clone()
    }

    /// Held by whoever waits for the statement: dropped before its end (the connection is gone), it stops it.
    pub(super) fn when_gone(&self) -> StopWhenGone {
        StopWhenGone(self.clone())
    }
}

/// See [`Stop::when_gone`].
pub(super) struct StopWhenGone(Stop);

impl Drop for StopWhenGone {
    fn drop(&mut self) {
        if self.0.ended.load(Ordering::SeqCst) {
            return;
        }
        let stop = self.0.clone();
        // An interrupt that comes between two steps of a statement is lost, so it is repeated until the end.
        std::thread::spawn(move || {
            while !stop.ended.load(Ordering::SeqCst) {
                stop.cancel.cancel();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::mpsc;

    use super::*;

    #[actix_web::test]
    async fn a_full_queue_is_told_and_the_rest_gets_its_turn() {
        let slots = Rc::new(SqlSlots::new(1, 1));
        let (release, held) = mpsc::channel::<()>();
        let one = Rc::clone(&slots);
        let running =
            actix_web::rt::spawn(async move { one.run(&Stop::default(), move || Ok(held.recv().is_ok())).await });
        while slots.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let other = Rc::clone(&slots);
        let waiting = actix_web::rt::spawn(async move { other.run(&Stop::default(), || Ok(2)).await });
        while slots.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = slots.run(&Stop::default(), || Ok(3)).await.unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code), (503, "busy"));
        release.send(()).unwrap();
        assert!(running.await.unwrap().unwrap());
        assert_eq!(waiting.await.unwrap().unwrap(), 2);
    }
}
