//! A tree of files in memory, for tests.

use std::io::{Cursor, Read};

use super::{Entry, Listing, Tree};
use crate::error::Error;

#[derive(Debug)]
struct Memory(Vec<Vec<u8>>);

pub(super) fn list(files: Vec<(String, Vec<u8>)>) -> Listing {
    let entries = files.iter().map(|(path, bytes)| Entry { path: path.clone(), bytes: bytes.len() as u64 }).collect();
    let bytes = files.into_iter().map(|(_, bytes)| bytes).collect();
    Listing { tree: Box::new(Memory(bytes)), entries, left_out: Vec::new() }
}

impl Tree for Memory {
    fn open(&self, number: usize, _entry: &Entry) -> Result<Box<dyn Read + Send + '_>, Error> {
        Ok(Box::new(Cursor::new(self.0[number].as_slice())))
    }
}
