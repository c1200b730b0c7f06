//! Crops of candidates on their way through an encoder: each picture is decoded once, as many at a time as pay off, and what
//! was made of it is kept, so that a job that was cut off goes on, and another head costs seconds.

use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use tator_domain::{ClassId, DatasetName};
use tator_store::{DeskCandidate, FeatureTable};
use tator_vision::{Embedder, Picture, Stop};

use super::appearance::Appearance;
use super::shelf::trim;
use crate::embed::Recipe;
use crate::error::Error;
use crate::heads::{Eyes, Kept, Key};
use crate::jobs::Context;

/// Crops that go through the encoder together, few enough that the last ones keep all lanes busy.
const BATCH: usize = 16;
/// Bytes of vectors that may lie there after a calibration: some 800,000 of 1,280 numbers.
const MOST_BYTES: u64 = 4 << 30;
/// Vectors that are kept of a picture.
const MOST_KEPT: usize = 4_096;

/// What threads share.
struct Line<'a> {
    context: &'a Context,
    d: &'a DatasetName,
    candidates: &'a [DeskCandidate],
    /// Rows of each image.
    images: Vec<Range<usize>>,
    appearance: &'a Appearance,
    embedder: &'a dyn Embedder,
    recipe: Recipe,
    /// Length of a vector.
    dims: usize,
    next: AtomicUsize,
    over: AtomicBool,
    stop: Stop,
}

/// Rows of an image and their columns, or why there are none.
type Looked = (Range<usize>, Result<Vec<f32>, Error>);

/// The columns of how candidates look; where a picture cannot be read they are empty, and the number of such pictures is told.
pub(super) fn columns(
    context: &Context,
    d: &DatasetName,
    appearance: &Appearance,
    candidates: &[DeskCandidate],
) -> Result<(FeatureTable, usize), Error> {
    context.progress("opening the encoder", 0, 0)?;
    let embedder = appearance.encoder(&context.assist)?;
    let starts: Vec<usize> = (0..candidates.len())
        .filter(|at| *at == 0 || candidates[at - 1].image_id != candidates[*at].image_id)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([candidates.len()]);
    let line = Line {
        context,
        d,
        candidates,
        images: starts.iter().copied().zip(ends).map(|(from, to)| from..to).collect(),
        appearance,
        embedder: embedder.as_ref(),
        recipe: appearance.cut()?,
        dims: dims_of(embedder.as_ref())?,
        next: AtomicUsize::new(0),
        over: AtomicBool::new(false),
        stop: Stop::default(),
    };
    let names = appearance.names();
    let mut table = FeatureTable { columns: vec![vec![f32::NAN; candidates.len()]; names.len()], names };
    let failed = line.run(&mut table)?;
    trim(&line.folder(), MOST_BYTES);
    Ok((table, failed))
}

/// Some encoders know how long their vectors are from the first picture on only.
fn dims_of(embedder: &dyn Embedder) -> Result<usize, Error> {
    if let Some(dims) = embedder.dimension() {
        return Ok(dims);
    }
    let vectors = embedder.embed(&[Picture::filled(32, 32, [127; 3])], &Stop::default())?;
    Ok(vectors.first().map_or(0, Vec::len))
}

impl Line<'_> {
    fn run(&self, table: &mut FeatureTable) -> Result<usize, Error> {
        let (sender, receiver) = sync_channel::<Looked>(4);
        let (total, width) = (self.images.len() as u64, table.names.len());
        std::thread::scope(|scope| {
            // One more than the lanes, so that a picture is decoded while others are looked at.
            for _ in 0..=self.embedder.lanes() {
                let sender = sender.clone();
                scope.spawn(move || self.look_at_all(&sender));
            }
            drop(sender);
            let (mut done, mut failed, mut first) = (0, 0, None);
            let ended = loop {
                if let Err(cancelled) = self.context.progress("looking at crops", done, total) {
                    break Err(cancelled);
                }
                let Ok((rows, looked)) = receiver.recv() else { break Ok(()) };
                done += 1;
                match looked {
                    Ok(cells) => {
                        for (row, cells) in rows.zip(cells.chunks_exact(width)) {
                            table.columns.iter_mut().zip(cells).for_each(|(column, cell)| column[row] = *cell);
                        }
                    }
                    Err(Error::Cancelled) => break Err(Error::Cancelled),
                    Err(error) => {
                        failed += 1;
                        first.get_or_insert_with(|| error.to_string());
                        let image = self.candidates[rows.start].image_id;
                        self.context.log(&format!("crops of image {image} are not looked at: {error}"));
                    }
                }
            };
            self.over.store(true, Ordering::Relaxed);
            self.stop.stop();
            drop(receiver);
            ended?;
            match first {
                _ if done < total => Err(Error::Cancelled),
                Some(why) if failed == self.images.len() => {
                    Err(Error::invalid("encoder", format!("the crops of no image could be looked at: {why}")))
                }
                _ => Ok(failed),
            }
        })
    }

    fn look_at_all(&self, sender: &SyncSender<Looked>) {
        while !self.over.load(Ordering::Relaxed)
            && let Some(rows) = self.images.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            // People first: their clicks wait for nothing.
            if !self.context.assist.wait_until_idle() {
                return;
            }
            let guarded = AssertUnwindSafe(|| self.look(rows.clone()));
            let broken = |_| Err(Error::ModelFailed("the model broke off; the log says where".to_owned()));
            let looked = catch_unwind(guarded).unwrap_or_else(broken);
            if sender.send((rows.clone(), looked)).is_err() {
                return;
            }
        }
    }

    /// Where vectors are kept; it may be deleted at any time.
    fn folder(&self) -> PathBuf {
        self.context.writer.reader().folders().root().join("cache").join("crops")
    }

    /// The columns of one image's candidates.
    fn look(&self, rows: Range<usize>) -> Result<Vec<f32>, Error> {
        let here = &self.candidates[rows];
        let (reader, image) = (self.context.writer.reader(), here[0].image_id);
        let content = reader.image_file(self.d, image)?.content_hash;
        let print = &self.appearance.note.fingerprint;
        let (recipe, dims) = (self.recipe, self.dims);
        let eyes = Eyes { fingerprint: print, embedder: self.embedder, dims, recipe };
        let keys: Vec<Key> = here.iter().map(|one| eyes.key(&content, &one.rect, &[])).collect();
        let model = blake3::hash(print.as_bytes()).to_hex();
        let name = if content.is_empty() { format!("{}-{image}", self.d) } else { content };
        let path = self.folder().join(&model[..16]).join(&name[..name.len().min(2)]).join(format!("{name}.bin"));
        let mut kept = Kept::of(path, dims);
        // A place that two classes are seen at is one crop.
        let mut asked = HashSet::new();
        let missing: Vec<usize> =
            (0..here.len()).filter(|at| !kept.has(&keys[*at..=*at]) && asked.insert(keys[*at])).collect();
        if !missing.is_empty() {
            let picture = self.context.assist.decode(self.d, image)?;
            for some in missing.chunks(BATCH) {
                let crops = some.iter().map(|at| recipe.cut(&picture, &here[*at].rect));
                let vectors = self.embedder.embed(&crops.collect::<Result<Vec<_>, _>>()?, &self.stop)?;
                kept.add(some.iter().map(|at| keys[*at]).zip(vectors));
            }
        }
        let vectors: Vec<f32> = keys.iter().flat_map(|key| kept.used(key).to_vec()).collect();
        if vectors.len() != dims * here.len() || !vectors.iter().all(|number| number.is_finite()) {
            return Err(Error::ModelFailed(format!(
                "{} gave no vector of {dims} numbers",
                self.appearance.note.encoder
            )));
        }
        kept.keep_others(MOST_KEPT);
        kept.write();
        let classes: Vec<ClassId> = here.iter().map(|one| one.class_id).collect();
        self.appearance.rows(&classes, &vectors)
    }
}
