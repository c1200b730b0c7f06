//! Export: one moment of a dataset, written in the format of another tool, whole or not at all.

use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{Class, DatasetName, Image, ImageBox};
use tator_store::{ImageFilter, Snapshot};

use crate::error::Error;
use crate::formats::{self, BATCH, Batch, Format, Labels, WriteOptions};
use crate::jobs::{Context, JobId};
use crate::output::{self, Output};
use crate::report::{Skipped, Tally};
use crate::workbench::Workbench;

/// What happens to the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportImages {
    /// They are copied into the output.
    #[default]
    Copy,
    /// They are hard-linked where the file system allows it, else copied.
    Link,
    /// They are left out.
    None,
}

/// What is to be written, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    /// The dataset.
    pub dataset: DatasetName,
    /// Name of the format.
    pub format: String,
    /// A folder, or a `.zip`, that does not exist yet.
    pub out: PathBuf,
    /// What happens to the pictures.
    #[serde(default)]
    pub images: ExportImages,
    /// SQL condition over `images`, with `boxes` and `classes` in sub-queries.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Margin around each crop, as a share of the box's longer side; for the format `crops`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub padding: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &f64) -> bool {
    *n == 0.0
}

/// Beyond this a crop shows more of everything else than of its box.
const MOST_PADDING: f64 = 4.0;

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportReport {
    /// Images in the output.
    pub images: u64,
    /// Boxes in the output.
    pub boxes: u64,
    /// Classes in the output.
    pub classes: u64,
    /// What this format cannot hold, and pictures that are missing.
    pub skipped: Vec<Skipped>,
    /// How long it took.
    pub seconds: f64,
    /// The format.
    pub format: String,
    /// Where it lies.
    pub out: String,
}

impl Workbench {
    /// Asks for an export; the job says how it goes.
    ///
    /// # Errors
    /// What can be told at once: an unknown format or dataset, a condition that is refused, an output that exists.
    #[expect(clippy::needless_pass_by_value, reason = "a request is handed over")]
    pub fn start_export(&self, request: ExportRequest) -> Result<JobId, Error> {
        formats::find(&request.format)?;
        if !(0.0..=MOST_PADDING).contains(&request.padding) {
            return Err(Error::invalid("padding", format!("{} is not between 0 and {MOST_PADDING}", request.padding)));
        }
        self.reader().dataset(&request.dataset)?;
        let filter = filter_of(&request);
        self.reader().images(&request.dataset, &filter, None, 1)?;
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        let title = format!("export {} as {} to {}", request.dataset, request.format, request.out.display());
        self.enqueue("export", title, &request.dataset, text)
    }
}

fn filter_of(request: &ExportRequest) -> ImageFilter {
    ImageFilter { condition: request.condition.clone(), ..ImageFilter::default() }
}

/// Runs an export from the snapshot to the rename.
pub(crate) fn export(context: &Context, request: &ExportRequest) -> Result<ExportReport, Error> {
    let begun = Instant::now();
    let format = formats::find(&request.format)?;
    context.progress("taking a snapshot", 0, 0)?;
    let snapshot = context.writer.snapshot(&request.dataset, &filter_of(request))?;
    let mut out = output::create(&request.out)?;
    let labels = Export { snapshot: &snapshot, context, options: WriteOptions { padding: request.padding } };
    context.progress("writing labels", 0, 0)?;
    let written = format.write(&labels, out.as_mut())?;
    let mut left_out = Tally::default();
    for (item, reason) in &written.left_out {
        left_out.add(item, reason);
    }
    if request.images != ExportImages::None {
        place_pictures(context, request, format, &snapshot, out.as_mut(), &mut left_out)?;
    }
    out.finish()?;
    Ok(ExportReport {
        images: written.images,
        boxes: written.boxes,
        classes: written.classes,
        skipped: left_out.into_lines(),
        seconds: begun.elapsed().as_secs_f64(),
        format: format.name().to_owned(),
        out: request.out.display().to_string(),
    })
}

fn place_pictures(
    context: &Context,
    request: &ExportRequest,
    format: &dyn Format,
    snapshot: &Snapshot,
    out: &mut dyn Output,
    left_out: &mut Tally,
) -> Result<(), Error> {
    let link = request.images == ExportImages::Link;
    let mut done = 0;
    snapshot.for_each_image(&mut |image| {
        let Some(place) = format.image_path(&image) else { return Ok(()) };
        done += 1;
        context.progress("placing pictures", done, 0)?;
        match picture_of(context, &request.dataset, &image)? {
            Ok(path) => out.place(&place, &path, link),
            Err(why) => {
                left_out.add(&image.path, why);
                Ok(())
            }
        }
    })
}

/// Where the picture of an image lies, or why it cannot be had.
fn picture_of(context: &Context, d: &DatasetName, image: &Image) -> Result<Result<PathBuf, &'static str>, Error> {
    match context.writer.reader().image_file(d, image.image_id) {
        Ok(file) if file.path.is_file() => Ok(Ok(file.path)),
        Ok(_) => Ok(Err("the picture is not where it was imported from")),
        Err(tator_store::Error::NotFound(_)) => Ok(Err("its labels came without a picture")),
        Err(error) => Err(error.into()),
    }
}

/// A snapshot as a format sees it; cancelling is noticed at every image.
struct Export<'a> {
    snapshot: &'a Snapshot,
    context: &'a Context,
    options: WriteOptions,
}

impl Labels for Export<'_> {
    fn dataset(&self) -> &str {
        self.snapshot.dataset().as_str()
    }

    fn classes(&self) -> &[Class] {
        self.snapshot.classes()
    }

    fn for_each(&self, each: &mut dyn FnMut(&Image, &[ImageBox]) -> Result<(), Error>) -> Result<(), Error> {
        let mut done = 0;
        self.snapshot.for_each(&mut |image, boxes| {
            done += 1;
            self.tell(done)?;
            each(&image, &boxes)
        })
    }

    fn options(&self) -> WriteOptions {
        self.options
    }

    fn picture(&self, image: &Image) -> Result<Result<PathBuf, &'static str>, Error> {
        picture_of(self.context, self.snapshot.dataset(), image)
    }

    fn for_each_image(&self, each: &mut dyn FnMut(&Image) -> Result<(), Error>) -> Result<(), Error> {
        let mut done = 0;
        self.snapshot.for_each_image(&mut |image| {
            done += 1;
            self.tell(done)?;
            each(&image)
        })
    }

    fn for_each_batch(&self, each: &mut dyn FnMut(Batch) -> Result<(), Error>) -> Result<(), Error> {
        let (mut done, mut batch) = (0, Batch::new());
        self.snapshot.for_each(&mut |image, boxes| {
            done += 1;
            self.tell(done)?;
            batch.push((image, boxes));
            if batch.len() < BATCH { Ok(()) } else { each(std::mem::take(&mut batch)) }
        })?;
        if batch.is_empty() { Ok(()) } else { each(batch) }
    }
}

impl Export<'_> {
    fn tell(&self, done: u64) -> Result<(), Error> {
        if done.is_multiple_of(256) { self.context.progress("writing labels", done, 0) } else { Ok(()) }
    }
}
