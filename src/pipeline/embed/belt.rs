//! A belt between two stages: it holds so many bytes and no more, and knows how long each side waited.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Things on their way, each with its weight.
pub(super) struct Belt<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    budget: usize,
    /// Nanoseconds that takers waited for something to come.
    starved: AtomicU64,
}

struct State<T> {
    things: VecDeque<(T, usize)>,
    weight: usize,
    /// Threads that may still put something on it.
    givers: usize,
    /// Givers that wait for room.
    waiting: usize,
    closed: bool,
}

impl<T> Belt<T> {
    /// A belt for `budget` bytes, on which `givers` threads put things.
    pub fn new(budget: usize, givers: usize) -> Self {
        let state = State { things: VecDeque::new(), weight: 0, givers, waiting: 0, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), budget, starved: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something on it, when there is room; false when nobody takes any more.
    pub fn put(&self, thing: T, weight: usize) -> bool {
        let mut state = self.lock();
        // One thing that is heavier than the belt still has to get through.
        if !state.closed && state.weight > 0 && state.weight + weight > self.budget {
            // Takers that wait for more have to know that no more comes before they take.
            state.waiting += 1;
            self.changed.notify_all();
            while !state.closed && state.weight > 0 && state.weight + weight > self.budget {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.waiting -= 1;
        }
        if state.closed {
            return false;
        }
        state.weight += weight;
        state.things.push_back((thing, weight));
        self.changed.notify_all();
        true
    }

    /// A giver has nothing more.
    pub fn done(&self) {
        self.lock().givers -= 1;
        self.changed.notify_all();
    }

    /// Ends it for both sides.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.things.clear();
        self.changed.notify_all();
    }

    /// As many as `most`, waiting until they are there, the belt is full, or no more come; empty at the end.
    pub fn take(&self, most: usize) -> Vec<T> {
        let begun = Instant::now();
        let mut state = self.lock();
        let is_enough = |s: &State<T>| {
            s.things.len() >= most || !s.things.is_empty() && (s.waiting > 0 || s.weight >= self.budget / 2)
        };
        while !state.closed && state.givers > 0 && !is_enough(&state) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some((thing, weight)) = state.things.pop_front()
        {
            state.weight -= weight;
            taken.push(thing);
        }
        drop(state);
        self.changed.notify_all();
        self.starved.fetch_add(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        taken
    }

    /// Seconds that takers waited, all together.
    pub fn starved_s(&self) -> f64 {
        self.starved.load(Ordering::Relaxed) as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_things_do_not_wait_for_takers_that_wait_for_more() {
        let belt = Belt::new(10, 2);
        let got = std::thread::scope(|scope| {
            // Too light to be half a belt, and then too heavy to fit beside what lies there.
            for n in 0..2 {
                let belt = &belt;
                scope.spawn(move || {
                    [3, 9].into_iter().for_each(|weight| assert!(belt.put(n, weight)));
                    belt.done();
                });
            }
            let mut got = 0;
            loop {
                match belt.take(16).len() {
                    0 => return got,
                    some => got += some,
                }
            }
        });
        assert_eq!(got, 4);
    }

    #[test]
    fn everything_comes_through_in_order_and_the_weight_is_bounded() {
        let belt = Belt::new(10, 1);
        let got = std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..100).for_each(|n| assert!(belt.put(n, 4)));
                belt.done();
            });
            let mut got = Vec::new();
            loop {
                let some = belt.take(3);
                assert!(some.len() <= 3);
                if some.is_empty() {
                    return got;
                }
                got.extend(some);
            }
        });
        assert_eq!(got, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn something_too_heavy_still_gets_through_and_a_closed_belt_takes_nothing() {
        let belt = Belt::new(10, 1);
        assert!(belt.put(1, 1_000));
        assert_eq!(belt.take(5), [1]);
        belt.close();
        assert!(!belt.put(2, 1));
        assert!(belt.take(1).is_empty());
    }
}
