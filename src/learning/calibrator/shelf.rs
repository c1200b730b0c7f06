//! Trees that were grown before: the same rows, parameters and seed give the same trees, so they need not grow again.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::boost::{Columns, Format, Model, Parameters, Step};

/// Where grown trees are kept, by a name that says what they were grown on.
pub trait Shelf {
    /// What is kept under that name.
    fn get(&self, key: &str) -> Option<Vec<u8>>;
    /// Keeps something under that name; when that fails it has to be made again, nothing worse.
    fn put(&self, key: &str, bytes: &[u8]);
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoShelf;

impl Shelf for NoShelf {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, _: &str, _: &[u8]) {}
}

/// What stands before the trees.
#[derive(Serialize, Deserialize)]
struct Head {
    rounds: u32,
    curve: Vec<Step>,
}

/// Trees with their number and the losses on the way.
pub(super) type Grown = (Model, u32, Vec<Step>);

/// The name of trees: columns, rows, targets, rows kept aside, parameters.
pub(super) fn key(
    columns: &str,
    (rows, targets): (&[usize], &[f32]),
    aside: Option<(&[usize], &[f32])>,
    parameters: &Parameters,
) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tator trees 1").update(columns.as_bytes());
    for (rows, targets) in [Some((rows, targets)), aside].into_iter().flatten() {
        hasher.update(&(rows.len() as u64).to_le_bytes());
        for (row, target) in rows.iter().zip(targets) {
            hasher.update(&(*row as u64).to_le_bytes()).update(&target.to_le_bytes());
        }
    }
    hasher.update(serde_json::to_string(parameters).unwrap_or_default().as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// The name of columns.
pub(super) fn name_of(columns: &Columns<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, column) in columns.names().iter().zip(columns.slices()) {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        for part in column.chunks(4096) {
            let bytes: Vec<u8> = part.iter().flat_map(|value| value.to_le_bytes()).collect();
            hasher.update(&bytes);
        }
    }
    hasher.finalize().to_hex().to_string()
}

pub(super) fn find(shelf: &dyn Shelf, key: &str, names: &[String]) -> Option<Grown> {
    let bytes = shelf.get(key)?;
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (head, trees) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let model = Model::from_bytes(trees).ok()?;
    (model.names() == names).then_some((model, head.rounds, head.curve))
}

pub(super) fn keep(shelf: &dyn Shelf, key: &str, grown: &mut Grown) -> Result<(), Error> {
    let head = Head { rounds: grown.1, curve: grown.2.clone() };
    let head = serde_json::to_vec(&head).map_err(|e| Error::invalid("curve", e.to_string()))?;
    let trees = grown.0.to_bytes(Format::Ubj)?;
    let bytes = [&(head.len() as u64).to_le_bytes()[..], &head, &trees].concat();
    shelf.put(key, &bytes);
    Ok(())
}
