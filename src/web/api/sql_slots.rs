//! How many statements of people run at once: few, so that labelling never waits for an analyst.

use std::sync::Arc;

use tator_store::SqlCancel;
use tokio::sync::{Semaphore, TryAcquireError};

use crate::error::{WebError, WebResult, blocking};

/// The places for statements and the queue before them.
#[derive(Debug)]
pub struct SqlSlots {
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
        Self { running: Arc::new(Semaphore::new(at_once)), waiting: Semaphore::new(queue) }
    }

    /// Runs a statement when its turn comes. When the visitor goes away meanwhile, it is stopped through `cancel`; its
    /// place is free again when it has really ended.
    ///
    /// # Errors
    /// Busy, when the queue is full; else what the statement fails with.
    pub async fn run<T, F>(&self, cancel: SqlCancel, statement: F) -> WebResult<T>
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
        let mut stop_when_gone = CancelOnDrop::new(cancel);
        let answer = blocking(move || {
            let answer = statement();
            drop(slot);
            answer
        })
        .await;
        stop_when_gone.ended();
        answer
    }
}

/// Held by whoever waits for a statement: dropped before the end (the connection is gone), it stops the statement.
pub(super) struct CancelOnDrop(Option<SqlCancel>);

impl CancelOnDrop {
    pub(super) fn new(cancel: SqlCancel) -> Self {
        Self(Some(cancel))
    }

    /// Nothing is left to stop.
    pub(super) fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(cancel) = &self.0 {
            cancel.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::rc::Rc;
    use std::sync::mpsc;

    use super::*;

    #[actix_web::test]
    async fn a_full_queue_is_told_and_the_rest_gets_its_turn() {
        let slots = Rc::new(SqlSlots::new(1, 1));
        let (release, held) = mpsc::channel::<()>();
        let one = Rc::clone(&slots);
        let running =
            actix_web::rt::spawn(async move { one.run(SqlCancel::default(), move || Ok(held.recv().is_ok())).await });
        while slots.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let other = Rc::clone(&slots);
        let waiting = actix_web::rt::spawn(async move { other.run(SqlCancel::default(), || Ok(2)).await });
        while slots.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = slots.run(SqlCancel::default(), || Ok(3)).await.unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code), (503, "busy"));
        release.send(()).unwrap();
        assert!(running.await.unwrap().unwrap());
        assert_eq!(waiting.await.unwrap().unwrap(), 2);
    }
}
