//! Decode, infer, write: three stages with belts between them, so that no model waits for a JPEG while there is another
//! core to decode it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tator_domain::DatasetName;
use tator_store::ToEmbed;
use tator_vision::{Embedder, Picture, Stop};

use super::Recipe;
use super::belt::Belt;
use super::tables::{OneImage, Table};
use crate::error::Error;
use crate::jobs::{Context, StageProgress};
use crate::report::Tally;

/// Pictures that go through the model together, and where several run side by side, that one takes: small at the end.
const BATCH: usize = 16;
const BATCH_OF_LANE: usize = 4;
/// Bytes of pictures between decoding and the model.
const BELT_BYTES: usize = 192 << 20;
/// Threads at the model, at least: one fits pictures into the frame while the other computes.
const AT_THE_MODEL: usize = 2;
/// Rows that are committed together, at most.
const COMMIT_ROWS: usize = 8_192;
/// How long finished rows wait for a commit, at most.
const COMMIT_AFTER: Duration = Duration::from_secs(5);
/// Commits after which pieces are joined.
const TIDY_AFTER: u32 = 48;

/// A cut picture on its way to the model.
struct Cut {
    table: usize,
    item: ToEmbed,
    picture: Picture,
}

/// What comes to the writer.
enum Outcome {
    Vectors(Vec<(usize, ToEmbed, Vec<f32>)>),
    Failed(usize, ToEmbed, String),
}

/// What the stages came to.
#[derive(Default)]
pub(super) struct Done {
    pub failed: Tally,
    pub seconds: f64,
    pub stages: Vec<StageProgress>,
    pub bottleneck: Option<String>,
}

/// What the threads share.
struct Line<'a> {
    context: &'a Context,
    d: &'a DatasetName,
    work: &'a [OneImage],
    recipes: Vec<Recipe>,
    next: AtomicUsize,
    stop: AtomicBool,
    model_stop: Stop,
    belt: Belt<Cut>,
    decoders: usize,
    at_the_model: usize,
    batch: usize,
    begun: Instant,
    /// Nanoseconds of work: decoding, at the model, writing.
    busy: [AtomicU64; 3],
    /// Things through: decoding, the model, written.
    through: [AtomicU64; 3],
}

/// Takes all work through the stages; rows that are finished when it is cancelled are kept.
pub(super) fn run(
    context: &Context,
    d: &DatasetName,
    embedder: &dyn Embedder,
    work: &[OneImage],
    tables: &mut [Table],
) -> Result<Done, Error> {
    let decoders = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let line = Line {
        context,
        d,
        work,
        recipes: tables.iter().map(|table| table.recipe).collect(),
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        model_stop: Stop::default(),
        belt: Belt::new(BELT_BYTES, decoders),
        decoders,
        at_the_model: embedder.lanes().max(AT_THE_MODEL),
        batch: if embedder.lanes() > 1 { BATCH_OF_LANE } else { BATCH },
        begun: Instant::now(),
        busy: Default::default(),
        through: Default::default(),
    };
    let (sender, receiver) = sync_channel(4);
    std::thread::scope(|scope| {
        for _ in 0..decoders {
            let (line, sender) = (&line, sender.clone());
            scope.spawn(move || line.decode_all(&sender));
        }
        for _ in 0..line.at_the_model {
            let (line, sender) = (&line, sender.clone());
            scope.spawn(move || line.infer_all(embedder, &sender));
        }
        drop(sender);
        let outcome = line.write_all(&receiver, tables);
        // Whatever ended it: nobody waits for anybody any more.
        drop(receiver);
        line.halt();
        outcome
    })
}

fn since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

impl Line<'_> {
    fn halt(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.model_stop.stop();
        self.belt.close();
    }

    fn worked(&self, stage: usize, begun: Instant, things: usize) {
        self.busy[stage].fetch_add(since(begun), Ordering::Relaxed);
        self.through[stage].fetch_add(things as u64, Ordering::Relaxed);
    }

    fn decode_all(&self, sender: &SyncSender<Outcome>) {
        while !self.stop.load(Ordering::Relaxed)
            && let Some(image) = self.work.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            let begun = Instant::now();
            let decoded = self.decode(image);
            self.worked(0, begun, image.items.len());
            let open = match decoded {
                Ok(picture) => self.cut_all(image, picture, sender),
                Err(why) => {
                    let mut items = image.items.iter();
                    items.all(|(table, item)| sender.send(Outcome::Failed(*table, *item, why.clone())).is_ok())
                }
            };
            if !open {
                break;
            }
        }
        self.belt.done();
    }

    fn decode(&self, image: &OneImage) -> Result<Picture, String> {
        self.context.assist.decode(self.d, image.image_id).map_err(|e| e.to_string())
    }

    /// Cuts what is wanted of a picture; the whole picture goes last and is not copied. False when nobody takes it.
    fn cut_all(&self, image: &OneImage, picture: Picture, sender: &SyncSender<Outcome>) -> bool {
        let mut whole = None;
        for (table, item) in &image.items {
            let Some((_, rect)) = item.boxed else {
                whole = Some((*table, *item));
                continue;
            };
            let begun = Instant::now();
            let cut = self.recipes[*table].cut(&picture, &rect);
            self.worked(0, begun, 0);
            let open = match cut {
                Ok(picture) => self.put(*table, *item, picture),
                Err(error) => sender.send(Outcome::Failed(*table, *item, error.to_string())).is_ok(),
            };
            if !open {
                return false;
            }
        }
        whole.is_none_or(|(table, item)| self.put(table, item, picture))
    }

    fn put(&self, table: usize, item: ToEmbed, picture: Picture) -> bool {
        let weight = picture.rgb.len();
        self.belt.put(Cut { table, item, picture }, weight)
    }

    fn infer_all(&self, embedder: &dyn Embedder, sender: &SyncSender<Outcome>) {
        loop {
            let cuts = self.belt.take(self.batch);
            // People first: their clicks wait for nothing.
            if cuts.is_empty() || !self.context.assist.wait_until_idle() {
                return;
            }
            let begun = Instant::now();
            let (places, pictures): (Vec<_>, Vec<_>) =
                cuts.into_iter().map(|cut| ((cut.table, cut.item), cut.picture)).unzip();
            let outcomes = match self.vectors(embedder, &pictures) {
                Ok(vectors) => {
                    let rows = places.into_iter().zip(vectors).map(|((table, item), vector)| (table, item, vector));
                    vec![Outcome::Vectors(rows.collect())]
                }
                // Which of them it is shows when each goes alone.
                Err(_) => places.into_iter().zip(&pictures).map(|(place, p)| self.alone(embedder, place, p)).collect(),
            };
            self.worked(1, begun, pictures.len());
            if outcomes.into_iter().any(|outcome| sender.send(outcome).is_err()) {
                return;
            }
        }
    }

    fn vectors(&self, embedder: &dyn Embedder, pictures: &[Picture]) -> Result<Vec<Vec<f32>>, String> {
        let guarded = AssertUnwindSafe(|| embedder.embed(pictures, &self.model_stop));
        let embedded = catch_unwind(guarded).map_err(|_| "the model broke off; the log says where".to_owned())?;
        let vectors = embedded.map_err(|e| e.to_string())?;
        if vectors.len() == pictures.len() { Ok(vectors) } else { Err("the model left pictures out".to_owned()) }
    }

    fn alone(&self, embedder: &dyn Embedder, (table, item): (usize, ToEmbed), picture: &Picture) -> Outcome {
        match self.vectors(embedder, std::slice::from_ref(picture)) {
            Ok(mut vectors) => Outcome::Vectors(vec![(table, item, vectors.pop().unwrap_or_default())]),
            Err(why) => Outcome::Failed(table, item, why),
        }
    }

    fn write_all(&self, receiver: &Receiver<Outcome>, tables: &mut [Table]) -> Result<Done, Error> {
        let total = self.work.iter().map(|image| image.items.len() as u64).sum();
        let (mut done, mut committed, mut commits) = (Done::default(), Instant::now(), 0);
        let mut seen = 0;
        let ended = loop {
            if let Err(cancelled) = self.tell(seen, total) {
                break Err(cancelled);
            }
            match receiver.recv_timeout(Duration::from_millis(200)) {
                Ok(outcome) => seen += take(tables, outcome, &mut done.failed),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            }
            let waiting = tables.iter().map(Table::waiting).sum::<usize>();
            if waiting >= COMMIT_ROWS || waiting > 0 && committed.elapsed() > COMMIT_AFTER {
                self.commit(tables)?;
                (committed, commits) = (Instant::now(), commits + 1);
                if commits % TIDY_AFTER == 0 {
                    self.tidy(tables)?;
                }
            }
        };
        self.commit(tables)?;
        ended?;
        done.seconds = self.begun.elapsed().as_secs_f64();
        (done.stages, done.bottleneck) = self.standing();
        Ok(done)
    }

    fn commit(&self, tables: &mut [Table]) -> Result<(), Error> {
        let (begun, waiting) = (Instant::now(), tables.iter().map(Table::waiting).sum());
        tables.iter_mut().try_for_each(|table| table.commit(self.context, self.d))?;
        self.worked(2, begun, waiting);
        Ok(())
    }

    fn tidy(&self, tables: &[Table]) -> Result<(), Error> {
        let begun = Instant::now();
        for table in tables {
            self.context.writer.tidy_embeddings(self.d, &table.meta.encoder, table.meta.of)?;
        }
        self.worked(2, begun, 0);
        Ok(())
    }

    fn tell(&self, seen: u64, total: u64) -> Result<(), Error> {
        self.context.progress("embedding", seen, total)?;
        let (stages, bottleneck) = self.standing();
        self.context.stages(stages, bottleneck);
        Ok(())
    }

    /// How busy each stage is, and which one the others wait for.
    fn standing(&self) -> (Vec<StageProgress>, Option<String>) {
        let elapsed = self.begun.elapsed().as_secs_f64().max(1e-9);
        let threads = [self.decoders as f64, self.at_the_model as f64, 1.0];
        let stage = |at: usize, name: &str| {
            let done = self.through[at].load(Ordering::Relaxed);
            let seconds = self.busy[at].load(Ordering::Relaxed) as f64 / 1e9 / threads[at];
            let images_per_s = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
            StageProgress { name: name.to_owned(), done, busy: (seconds / elapsed).min(1.0), images_per_s }
        };
        let stages = vec![stage(0, "decode"), stage(1, "infer"), stage(2, "write")];
        let starved = self.belt.starved_s() / elapsed / self.at_the_model as f64;
        let slowest = if stages[2].busy > 0.5 {
            "write"
        } else if starved > 0.3 {
            "decode"
        } else {
            "infer"
        };
        let known = self.through[1].load(Ordering::Relaxed) > 0;
        (stages, known.then(|| slowest.to_owned()))
    }
}

/// Hands an outcome to its table; gives how many things it was about.
fn take(tables: &mut [Table], outcome: Outcome, failed: &mut Tally) -> u64 {
    let mut fail = |table: &mut Table, item: ToEmbed, reason: String| {
        table.failed += 1;
        let what = item.boxed.map_or_else(
            || format!("image {}", item.image_id),
            |(box_id, _)| format!("box {box_id} of image {}", item.image_id),
        );
        failed.add(&what, &reason);
    };
    match outcome {
        Outcome::Failed(table, item, reason) => {
            fail(&mut tables[table], item, reason);
            1
        }
        Outcome::Vectors(rows) => {
            let n = rows.len() as u64;
            for (table, item, vector) in rows {
                let table = &mut tables[table];
                if let Err(reason) = table.take(item, &vector) {
                    fail(table, item, reason);
                }
            }
            n
        }
    }
}
