//! A file for each image: one thread reads ahead, all cores make what is to be written, one thread writes.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rayon::prelude::*;
use tator_domain::{Image, ImageBox};

use super::{Batch, Labels, WriteReport};
use crate::error::Error;
use crate::output::Output;

/// Batches that may wait to be written; more would only take memory.
const AHEAD: usize = 2;

/// What a format makes of one image.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Path and bytes; `None` when nothing is known of the image.
    pub file: Option<(String, Vec<u8>)>,
    /// Boxes in it.
    pub boxes: u64,
    /// As [`WriteReport::left_out`].
    pub left_out: Vec<(String, String)>,
}

/// Writes the sheet of every image, in the order of the images, and counts.
pub(super) fn write_sheets(
    labels: &dyn Labels,
    out: &mut dyn Output,
    report: &mut WriteReport,
    make: &(dyn Fn(&Image, &[ImageBox]) -> Sheet + Sync),
) -> Result<(), Error> {
    let (ahead, read) = sync_channel(AHEAD);
    let (made, files) = sync_channel(AHEAD);
    let (reading, writing) = std::thread::scope(|scope| {
        scope.spawn(move || make_sheets(&read, &made, report, make));
        let writer = scope.spawn(move || files.into_iter().try_for_each(|files| out.files(files)));
        // A refused batch means that the writer has failed, and the writer says why.
        let reading = labels.for_each_batch(&mut |batch| ahead.send(batch).map_err(|_| Error::Cancelled));
        drop(ahead);
        (reading, writer.join())
    });
    writing.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    reading
}

/// Turns batches into files until there are no more, or nobody takes them.
fn make_sheets(
    batches: &Receiver<Batch>,
    made: &SyncSender<Vec<(String, Vec<u8>)>>,
    report: &mut WriteReport,
    make: &(dyn Fn(&Image, &[ImageBox]) -> Sheet + Sync),
) {
    for batch in batches {
        let sheets: Vec<Sheet> = batch.par_iter().map(|(image, boxes)| make(image, boxes)).collect();
        let mut files = Vec::with_capacity(sheets.len());
        for sheet in sheets {
            report.images += 1;
            report.boxes += sheet.boxes;
            report.left_out.extend(sheet.left_out);
            files.extend(sheet.file);
        }
        if made.send(files).is_err() {
            return;
        }
    }
}
