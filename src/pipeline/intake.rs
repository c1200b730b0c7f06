//! Intake: a source becomes images, boxes and classes of a dataset.
//!
//! Reading stages everything; the plan says what would happen to every image; only then are pictures copied (beside,
//! then renamed) and the rows taken over in one transaction. A dry run stops after the plan.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tator_domain::{BoxState, DatasetName, NewBox, NewClass, NewImage, Origin, Split};
use tator_store::{ImageHome, LoadDiff, LoadPolicy, Loader, NewFile};

use crate::error::Error;
use crate::formats::{self, ClassKey, Format, FoundBox, FoundImage, ImageKey, ReadOptions, Sink, Task};
use crate::jobs::{Context, JobId};
use crate::report::{Skipped, Tally};
use crate::source::Source;
use crate::workbench::Workbench;

/// Pictures that are hashed and copied between two looks at the clock.
const FILES_AT_ONCE: usize = 64;

/// Where the pictures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// Into the workspace.
    #[default]
    Copy,
    /// They stay where they are and are never written to.
    Link,
}

/// What is to be imported, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// A folder, a `.zip`, or a single file such as a COCO JSON.
    pub source: PathBuf,
    /// Folder of the pictures when they do not lie in the source.
    #[serde(default)]
    pub images_dir: Option<PathBuf>,
    /// The dataset; made when it is not there.
    pub dataset: DatasetName,
    /// Name of the format, or `auto`.
    #[serde(default = "auto")]
    pub format: String,
    /// Where the pictures go.
    #[serde(default)]
    pub mode: ImportMode,
    /// Only say what would happen.
    #[serde(default)]
    pub dry_run: bool,
    /// What YOLO rows mean: `detect`, `segment` or `obb`.
    #[serde(default)]
    pub task: Option<String>,
    /// Split of images for which the source names none.
    #[serde(default)]
    pub split: Option<Split>,
    /// Pascal VOC with 1-based inclusive pixels.
    #[serde(default)]
    pub one_based: bool,
    /// What happens to images that are there already.
    #[serde(default)]
    pub existing: LoadPolicy,
}

fn auto() -> String {
    "auto".to_owned()
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Images that came in or were brought up to date.
    pub images: u64,
    /// Boxes that came in.
    pub boxes: u64,
    /// Classes of the source.
    pub classes: u64,
    /// What was left out, and why.
    pub skipped: Vec<Skipped>,
    /// What was kept but deserves a look.
    pub warnings: Vec<Skipped>,
    /// How long it took.
    pub seconds: f64,
    /// The format it was read as.
    pub format: String,
    /// Why `auto` chose that format.
    pub recognised: Option<String>,
    /// Files in the source.
    pub files: u64,
    /// Images that the source speaks of.
    pub images_read: u64,
    /// Boxes that the source holds.
    pub boxes_read: u64,
    /// What changes in the dataset.
    pub diff: LoadDiff,
    /// Nothing was changed.
    pub dry_run: bool,
}

impl ImportReport {
    /// In one sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let left_out: u64 = self.skipped.iter().map(|s| s.count).sum();
        let rest = if left_out > 0 { format!("; {left_out} left out, see the report") } else { String::new() };
        let mut parts = Vec::new();
        match (self.dry_run, self.images + self.boxes) {
            (_, 0) => parts.push("nothing new".to_owned()),
            (true, _) => parts.push(format!("would bring in {} images and {} boxes", self.images, self.boxes)),
            (false, _) => parts.push(format!("brought in {} images and {} boxes", self.images, self.boxes)),
        }
        if self.diff.images_same > 0 {
            parts.push(format!("{} images unchanged", self.diff.images_same));
        }
        if self.diff.images_kept > 0 {
            parts.push(format!("{} kept as people left them", self.diff.images_kept));
        }
        format!("{}; read as {}{rest}", parts.join(", "), self.format)
    }

    /// Something was left out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.skipped.is_empty()
    }
}

impl Workbench {
    /// Asks for an import; the job says how it goes.
    ///
    /// # Errors
    /// What can be told at once: a source that is not there, an unknown format or task, linking an archive.
    #[expect(clippy::needless_pass_by_value, reason = "a request is handed over")]
    pub fn start_import(&self, request: ImportRequest) -> Result<JobId, Error> {
        if !request.source.exists() {
            return Err(Error::invalid("source", format!("{} does not exist", request.source.display())));
        }
        if request.format != "auto" {
            formats::find(&request.format)?;
        }
        read_options(&request)?;
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        let check = if request.dry_run { "check import of" } else { "import" };
        let title = format!("{check} {} into {}", request.source.display(), request.dataset);
        self.enqueue("import", title, &request.dataset, text)
    }

    /// Asks for the import that a dry run only looked at.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when the job is no dry run that ended well; as
    /// [`Workbench::start_import`], when the source has gone meanwhile.
    pub fn start_checked_import(&self, job_id: JobId) -> Result<JobId, Error> {
        let row = self.reader().job_rows()?.into_iter().find(|row| row.job_id == job_id);
        let row = row.ok_or_else(|| Error::NotFound(format!("job {job_id}")))?;
        let request: Option<ImportRequest> = serde_json::from_str(&row.request).ok().filter(|_| row.kind == "import");
        match request.filter(|request| request.dry_run && matches!(row.state.as_str(), "done" | "partly")) {
            Some(request) => self.start_import(ImportRequest { dry_run: false, ..request }),
            None => Err(Error::Conflict(format!("job {job_id} is no dry run that ended well"))),
        }
    }
}

fn read_options(request: &ImportRequest) -> Result<ReadOptions, Error> {
    let task = match request.task.as_deref() {
        None => None,
        Some("detect") => Some(Task::Detect),
        Some("segment") => Some(Task::Segment),
        Some("obb") => Some(Task::Obb),
        Some(other) => return Err(Error::invalid("task", format!("{other:?} is not known: detect, segment or obb"))),
    };
    Ok(ReadOptions { task, split: request.split, one_based: request.one_based })
}

/// Runs an import from the first file to the last row.
pub(crate) fn import(context: &Context, request: &ImportRequest) -> Result<ImportReport, Error> {
    let begun = Instant::now();
    context.progress("looking at the source", 0, 0)?;
    let source = match &request.images_dir {
        Some(images) => Source::with_images(&request.source, images)?,
        None => Source::at(&request.source)?,
    };
    let (format, recognised) = choose_format(&source, &request.format)?;
    context.log(&format!("reading {} as {}", source.name(), format.name()));
    let made = prepare_dataset(context, request, &source)?;
    let outcome = load(context, request, &source, format);
    // A dataset that was made for an import that came to nothing, or that was only a question, goes again.
    let keep = outcome.is_ok() && !request.dry_run;
    if made && !keep {
        context.writer.discard_dataset(&request.dataset)?;
    }
    let (diff, taken) = outcome?;
    let boxes = diff.boxes_new + diff.boxes_added;
    let mut report = ImportReport {
        images: diff.images_new + diff.images_replaced,
        boxes,
        classes: taken.classes,
        skipped: taken.skipped,
        warnings: taken.warnings,
        seconds: 0.0,
        format: format.name().to_owned(),
        recognised,
        files: source.entries().len() as u64,
        images_read: taken.images,
        boxes_read: taken.boxes,
        diff,
        dry_run: request.dry_run,
    };
    report.seconds = begun.elapsed().as_secs_f64();
    Ok(report)
}

fn choose_format(source: &Source, wanted: &str) -> Result<(&'static dyn Format, Option<String>), Error> {
    if wanted != "auto" {
        return Ok((formats::find(wanted)?, None));
    }
    for format in formats::FORMATS {
        if let Some(why) = format.recognise(source) {
            return Ok((*format, Some(why)));
        }
    }
    let known: Vec<_> = formats::FORMATS.iter().map(|f| f.name()).collect();
    let message = format!(
        "{} holds nothing that looks like labels or pictures; name the format if it does ({})",
        source.name(),
        known.join(", ")
    );
    Err(Error::invalid("source", message))
}

/// Makes the dataset when it is not there, and checks that its pictures can come from this source.
fn prepare_dataset(context: &Context, request: &ImportRequest, source: &Source) -> Result<bool, Error> {
    let pictures = request.images_dir.as_deref().unwrap_or(&request.source);
    if request.mode == ImportMode::Link && !pictures.is_dir() {
        let message = format!("only a folder can be linked; {} is none: copy instead", pictures.display());
        return Err(Error::invalid("mode", message));
    }
    let wanted = match request.mode {
        ImportMode::Copy => ImageHome::Managed,
        ImportMode::Link => {
            let folder = fs::canonicalize(pictures).map_err(Error::io(format!("opening {}", pictures.display())))?;
            ImageHome::Linked { folder }
        }
    };
    match context.writer.reader().dataset(&request.dataset) {
        Ok(known) if known.home == wanted => Ok(false),
        Ok(known) if source.images().next().is_none() && known.home != wanted => Ok(false),
        Ok(known) => Err(Error::invalid("mode", other_home(&known.home, &request.dataset))),
        Err(tator_store::Error::NotFound(_)) => {
            context.writer.create_dataset(&request.dataset, &wanted, request.task.as_deref().unwrap_or("detect"))?;
            Ok(true)
        }
        Err(error) => Err(error.into()),
    }
}

fn other_home(home: &ImageHome, dataset: &DatasetName) -> String {
    match home {
        ImageHome::Managed => {
            format!("dataset {dataset} keeps its pictures in the workspace: copy, or link into a new dataset")
        }
        ImageHome::Linked { folder } => {
            format!(
                "dataset {dataset} is linked to {}: import from that folder, or into a new dataset",
                folder.display()
            )
        }
    }
}

/// What reading came to.
struct Taken {
    images: u64,
    boxes: u64,
    classes: u64,
    skipped: Vec<Skipped>,
    warnings: Vec<Skipped>,
}

fn load(
    context: &Context,
    request: &ImportRequest,
    source: &Source,
    format: &dyn Format,
) -> Result<(LoadDiff, Taken), Error> {
    let loader = context.writer.loader(&request.dataset)?;
    let mut sink = Staging { context, loader, classes: 0, skipped: Tally::default(), warned: Tally::default() };
    for (item, reason) in source.left_out() {
        sink.skip(item, reason);
    }
    format.read(source, &read_options(request)?, &mut sink)?;
    let Staging { mut loader, classes, skipped, warned, .. } = sink;
    let taken = Taken {
        images: loader.n_images(),
        boxes: loader.n_boxes(),
        classes,
        skipped: skipped.into_lines(),
        warnings: warned.into_lines(),
    };
    context.progress("comparing with the dataset", 0, 0)?;
    let diff = loader.plan(request.existing)?;
    refuse_nothing(source, format, &taken)?;
    if request.dry_run {
        return Ok((diff, taken));
    }
    let files = loader.new_files()?;
    let hashes = take_files(context, request, source, &files)?;
    loader.hashes(&hashes)?;
    context.progress("taking the rows over", 0, 0)?;
    let title = format!("import of {} as {}", source.name(), format.name());
    let loaded = loader.commit(&title, "", request.mode == ImportMode::Copy)?;
    Ok((loaded.diff, taken))
}

/// An import that brings nothing is a failure, and says what stood in the way.
fn refuse_nothing(source: &Source, format: &dyn Format, taken: &Taken) -> Result<(), Error> {
    let lost: u64 = taken.skipped.iter().map(|s| s.count).sum();
    let nothing = taken.images == 0 || (taken.boxes == 0 && lost > 0 && format.name() != "images");
    if !nothing {
        return Ok(());
    }
    let mut message =
        format!("nothing to import: of {} files none gave a row as {}", source.entries().len(), format.name());
    if let Some(first) = taken.skipped.first() {
        message = format!("{message}; {lost} were left out, the first: {}: {}", first.item, first.reason);
    }
    Err(Error::invalid("source", message))
}

/// Hashes the pictures of new images, and copies them when they are to be managed.
fn take_files(
    context: &Context,
    request: &ImportRequest,
    source: &Source,
    files: &[NewFile],
) -> Result<Vec<(u32, String)>, Error> {
    let target = (request.mode == ImportMode::Copy)
        .then(|| context.writer.reader().folders().dataset(&request.dataset).join("images"));
    let stage = if target.is_some() { "copying pictures" } else { "hashing pictures" };
    let mut hashes = Vec::with_capacity(files.len());
    for chunk in files.chunks(FILES_AT_ONCE) {
        context.progress(stage, hashes.len() as u64, files.len() as u64)?;
        let done: Vec<_> =
            chunk.par_iter().map(|file| take_file(source, file, target.as_deref())).collect::<Result<_, _>>()?;
        hashes.extend(done);
    }
    Ok(hashes)
}

fn take_file(source: &Source, file: &NewFile, target: Option<&Path>) -> Result<(u32, String), Error> {
    let failed = || Error::io(format!("taking {}", file.file));
    let mut reader: Box<dyn Read> = match source.disk_path(&file.file) {
        Some(path) => Box::new(BufReader::with_capacity(1 << 18, File::open(path).map_err(failed())?)),
        None => source.open(&file.file)?,
    };
    let mut hasher = blake3::Hasher::new();
    match target {
        None => {
            hasher.update_reader(&mut reader).map_err(failed())?;
        }
        Some(folder) => {
            let place = folder.join(&file.path);
            let parent = place.parent().unwrap_or(folder);
            fs::create_dir_all(parent).map_err(failed())?;
            let mut aside = tempfile::NamedTempFile::new_in(parent).map_err(failed())?;
            let mut buffer = vec![0; 1 << 18];
            loop {
                let n = reader.read(&mut buffer).map_err(failed())?;
                if n == 0 {
                    break;
                }
                hasher.update(&buffer[..n]);
                aside.write_all(&buffer[..n]).map_err(failed())?;
            }
            aside.persist(&place).map_err(|e| failed()(e.error))?;
        }
    }
    Ok((file.key, hasher.finalize().to_hex().to_string()))
}

/// Stages what a format finds.
struct Staging<'a> {
    context: &'a Context,
    loader: Loader<'a>,
    classes: u64,
    skipped: Tally,
    warned: Tally,
}

impl Sink for Staging<'_> {
    fn class(&mut self, class: NewClass) -> Result<ClassKey, Error> {
        let key = self.loader.class(class);
        self.classes = self.classes.max(u64::from(key) + 1);
        Ok(key)
    }

    fn image(&mut self, found: FoundImage) -> Result<ImageKey, Error> {
        let new = NewImage {
            path: found.path,
            content_hash: String::new(),
            width: found.width,
            height: found.height,
            orientation: found.orientation,
            bytes: found.bytes,
            split: found.split,
            state: found.state,
            source_id: found.source_id,
            attributes: found.attributes,
        };
        Ok(self.loader.image(&new, found.file.as_deref().unwrap_or_default())?)
    }

    fn add_box(&mut self, image: ImageKey, found: FoundBox) -> Result<(), Error> {
        let new = NewBox {
            class_id: i32::try_from(found.class).unwrap_or(i32::MAX),
            rect: found.rect,
            polygon: found.polygon,
            angle: found.angle,
            mask: found.mask,
            area: found.area,
            is_crowd: found.is_crowd,
            origin: found.origin.unwrap_or(Origin::Import),
            state: found.state.unwrap_or(BoxState::Trusted),
            score: found.score,
            source_id: found.source_id,
            attributes: found.attributes,
        };
        Ok(self.loader.add_box(image, &new)?)
    }

    fn skip(&mut self, item: &str, reason: &str) {
        self.skipped.add(item, reason);
    }

    fn warn(&mut self, item: &str, message: &str) {
        self.warned.add(item, message);
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<(), Error> {
        self.context.progress("reading labels", done, total)
    }
}
