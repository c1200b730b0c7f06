//! Small grey pictures of images that may be copies of each other, kept by content in `cache/sketches`.

use std::collections::HashMap;
use std::fs;

use rayon::prelude::*;
use tator_domain::{DatasetName, ImageId};
use tator_learning::near::SKETCH;
use tator_store::{SeenPicture, write_whole};

use crate::error::Error;
use crate::jobs::Context;
use crate::pictures::original;

/// Bytes of a content hash.
const HASH: usize = 32;
/// Bytes of a sketch.
const BYTES: usize = SKETCH * SKETCH;
/// Pictures between two looks at the clock.
const PIECE: usize = 64;

pub(super) type Sketches = HashMap<ImageId, Vec<u8>>;

/// Sketches of these pictures; of those that cannot be read there is none.
pub(super) fn sketches(context: &Context, d: &DatasetName, wanted: &[&SeenPicture]) -> Result<Sketches, Error> {
    let path = context.writer.reader().folders().root().join("cache/sketches").join(format!("{d}.bin"));
    let bytes = fs::read(&path).unwrap_or_default();
    let rows = bytes.chunks_exact(HASH + BYTES).filter(|_| bytes.len().is_multiple_of(HASH + BYTES));
    let kept: HashMap<&[u8], &[u8]> = rows.map(|row| row.split_at(HASH)).collect();
    let hash = |picture: &SeenPicture| blake3::Hash::from_hex(&picture.content_hash).ok();
    let mut found = Sketches::new();
    let mut todo = Vec::new();
    for picture in wanted {
        match hash(picture).and_then(|hash| kept.get(hash.as_bytes().as_slice())) {
            Some(sketch) => {
                found.insert(picture.image_id, sketch.to_vec());
            }
            None => todo.push(*picture),
        }
    }
    let total = todo.len() as u64;
    for (at, piece) in todo.chunks(PIECE).enumerate() {
        context.progress("looking at possible copies", (at * PIECE) as u64, total)?;
        let drawn =
            piece.par_iter().filter_map(|picture| Some((picture.image_id, drawn(context, d, picture.image_id)?)));
        found.extend(drawn.collect::<Vec<_>>());
    }
    if !todo.is_empty() {
        let row = |picture: &&SeenPicture| {
            Some([hash(picture)?.as_bytes().as_slice(), found.get(&picture.image_id)?.as_slice()].concat())
        };
        keep(&path, &wanted.iter().filter_map(row).collect::<Vec<_>>().concat());
    }
    Ok(found)
}

fn drawn(context: &Context, d: &DatasetName, image: ImageId) -> Option<Vec<u8>> {
    tator_vision::sketch(&original(context.writer.reader(), d, image).ok()?.bytes, SKETCH).ok()
}

/// What cannot be kept costs time, nothing else.
fn keep(path: &std::path::Path, bytes: &[u8]) {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|e| e.to_string());
    if let Err(error) = made.and_then(|()| write_whole(path, bytes).map_err(|e| e.to_string())) {
        tracing::warn!(error, path = %path.display(), "sketches are not kept");
    }
}
