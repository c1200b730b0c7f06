//! The walk: in through every format, out through every format, and nothing changes on the way.

mod archives;
mod complaints;
mod originals;
mod real_sets;
mod repeatable;
mod round_trips;
