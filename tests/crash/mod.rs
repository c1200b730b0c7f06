//! Promise 1: what was acknowledged survives `kill -9`.

mod annotator;
mod chance;
mod kill_loop;
mod leftovers;
