//! Shows every image to every pass that has not seen it, several groups of images at once: a thread takes a group, reads
//! and decodes it and shows it to all passes, while others do so with theirs, so that no core waits for another. What they
//! find is kept in the order of the groups, whoever is done first. Groups have members that never change, so that a run
//! that goes on after a kill shows a model the same pictures side by side, and gets the same answer to the last bit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tator_domain::{DatasetName, ImageId};
use tator_store::ImageRow;
use tator_vision::{Picture, Stop, decode_upright};

use super::cache::{Hash, Kept, PassCache};
use super::looks::{About, Found, Pass};
use super::pace::Pace;
use crate::error::Error;
use crate::jobs::Context;
use crate::pictures::original;

/// Images that are shown together.
const GROUP: usize = 8;
/// Threads that take groups, at most.
const MOST_LANES: usize = 8;
/// Bytes of decoded pictures, more or less: few threads where pictures are large.
const PICTURE_BYTES: u64 = 1 << 30;
/// Groups between two syncs of what was found.
const SYNC_EVERY: usize = 32;

/// What became of the images.
pub(super) struct Looked {
    /// BLAKE3 of each image's bytes; `None` where they could not be read, or are not those of the import.
    pub hashes: Vec<Option<Hash>>,
    /// Why a pass has nothing on an image, by image and pass; what is not in here was looked at.
    pub missing: HashMap<(usize, usize), Missing>,
    pub pace: Pace,
}

/// Why there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// The picture or the model broke.
    Failed(String),
    /// A pass that it builds on broke.
    Skipped(String),
}

/// What was found on a group, by place of the image and pass.
#[derive(Default)]
struct Findings {
    number: usize,
    hashes: Vec<Option<Hash>>,
    kept: Vec<(usize, Hash, Kept)>,
    missing: Vec<((usize, usize), Missing)>,
}

/// How many groups are looked at at the same time.
pub(super) fn lanes(images: &[ImageRow]) -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let bytes = |image: &ImageRow| 3 * u64::from(image.width) * u64::from(image.height);
    let group = images.iter().map(bytes).max().unwrap_or(0).max(1) * GROUP as u64;
    let fit = usize::try_from(PICTURE_BYTES / group).unwrap_or(MOST_LANES);
    // One reads while the other looks, whatever the pictures.
    fit.clamp(2, cores.clamp(2, MOST_LANES))
}

/// Images that give every lane something to do.
pub(super) fn enough(images: &[ImageRow]) -> usize {
    GROUP * lanes(images)
}

/// Looks at images with all passes.
pub(super) fn look_over(
    context: &Context,
    d: &DatasetName,
    images: &[ImageRow],
    passes: &[Pass],
    caches: &mut [PassCache],
) -> Result<Looked, Error> {
    let lanes = lanes(images).min(images.len().div_ceil(GROUP)).max(1);
    let line = Line {
        context,
        d,
        images,
        passes,
        seen: seen_by_all(caches),
        caches: Mutex::new(caches),
        pace: Mutex::new(Pace::new(passes, lanes)),
        next: AtomicUsize::new(0),
        given_up: AtomicBool::new(false),
        stop: Stop::default(),
    };
    let (mut hashes, mut missing) = (vec![None; images.len()], HashMap::new());
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..lanes {
            let (line, sender) = (&line, sender.clone());
            scope.spawn(move || line.look(&sender));
        }
        drop(sender);
        let ended = line.keep_all(&receiver, &mut hashes, &mut missing);
        // Whatever ended it: nobody goes on for nothing.
        line.given_up.store(true, Ordering::Relaxed);
        line.stop.stop();
        ended
    })?;
    line.caches().iter().try_for_each(PassCache::sync)?;
    let pace = line.pace.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Looked { hashes, missing, pace })
}

/// Images that no pass has to see again.
fn seen_by_all(caches: &[PassCache]) -> HashSet<Hash> {
    let Some((first, others)) = caches.split_first() else { return HashSet::new() };
    first.hashes().filter(|hash| others.iter().all(|cache| cache.has(hash))).copied().collect()
}

/// What the threads share.
struct Line<'a> {
    context: &'a Context,
    d: &'a DatasetName,
    images: &'a [ImageRow],
    passes: &'a [Pass],
    seen: HashSet<Hash>,
    caches: Mutex<&'a mut [PassCache]>,
    pace: Mutex<Pace>,
    /// The group that is taken next.
    next: AtomicUsize,
    given_up: AtomicBool,
    stop: Stop,
}

/// Pictures of a group that can be shown, with the places of their images.
#[derive(Default)]
struct Shown {
    places: Vec<usize>,
    hashes: Vec<Hash>,
    pictures: Vec<Picture>,
}

/// What each pass found on each picture so far; `None` where it broke.
type Before = Vec<Vec<Option<Vec<Found>>>>;

impl<'a> Line<'a> {
    fn caches(&self) -> MutexGuard<'_, &'a mut [PassCache]> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was found, group by group, as far as all groups before are done.
    fn keep_all(
        &self,
        found: &Receiver<Result<Findings, Error>>,
        hashes: &mut [Option<Hash>],
        missing: &mut HashMap<(usize, usize), Missing>,
    ) -> Result<(), Error> {
        let (mut waiting, mut next) = (BTreeMap::new(), 0);
        self.tell(0)?;
        for findings in found {
            let findings = findings?;
            waiting.insert(findings.number, findings);
            while let Some(findings) = waiting.remove(&next) {
                let first = next * GROUP;
                hashes[first..first + findings.hashes.len()].copy_from_slice(&findings.hashes);
                missing.extend(findings.missing);
                self.keep(&findings.kept)?;
                next += 1;
                self.tell(first + findings.hashes.len())?;
                if next % SYNC_EVERY == 0 {
                    self.caches().iter().try_for_each(PassCache::sync)?;
                }
            }
        }
        Ok(())
    }

    fn keep(&self, kept: &[(usize, Hash, Kept)]) -> Result<(), Error> {
        if kept.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let mut caches = self.caches();
        kept.iter().try_for_each(|(pass, hash, kept)| caches[*pass].put(hash, kept))?;
        self.pace().wrote(kept.len(), begun.elapsed().as_secs_f64());
        Ok(())
    }

    fn tell(&self, done: usize) -> Result<(), Error> {
        self.context.progress("looking at images", done as u64, self.images.len() as u64)?;
        let pace = self.pace();
        self.context.stages(pace.stages(), pace.bottleneck());
        Ok(())
    }

    /// Takes one group after another, until there are none or somebody gave up.
    fn look(&self, sender: &Sender<Result<Findings, Error>>) {
        while !self.given_up.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(group) = self.images.chunks(GROUP).nth(number) else { return };
            let found = self.group(number, group);
            let failed = found.is_err();
            // Nobody receives any more: the job was given up.
            if sender.send(found).is_err() || failed {
                return;
            }
        }
    }

    fn group(&self, number: usize, group: &[ImageRow]) -> Result<Findings, Error> {
        let mut findings = Findings { number, ..Findings::default() };
        let begun = Instant::now();
        let shown = self.read_group(group, &mut findings);
        self.pace().read(group.len(), begun.elapsed().as_secs_f64());
        let mut before: Before = vec![Vec::new(); shown.pictures.len()];
        for pass in 0..self.passes.len() {
            self.context.check()?;
            // People first: their clicks wait for nothing.
            if !self.context.assist.wait_until_idle() {
                return Err(Error::Cancelled);
            }
            self.pass(pass, &shown, &mut findings, &mut before)?;
        }
        Ok(findings)
    }

    /// Reads, hashes and, where somebody has to see them, decodes the images of a group.
    fn read_group(&self, group: &[ImageRow], findings: &mut Findings) -> Shown {
        let bytes: Vec<Result<(Vec<u8>, Hash), String>> = group.iter().map(|image| self.read(image.image_id)).collect();
        let is_seen =
            |one: &Result<(Vec<u8>, Hash), String>| one.as_ref().is_ok_and(|(_, hash)| self.seen.contains(hash));
        let all_seen = bytes.iter().all(|one| one.is_err() || is_seen(one));
        let mut shown = Shown::default();
        for (offset, one) in bytes.into_iter().enumerate() {
            let place = findings.number * GROUP + offset;
            findings.hashes.push(one.as_ref().ok().map(|(_, hash)| *hash));
            let picture = match one {
                Ok(_) if all_seen => continue,
                Ok((bytes, hash)) => decode_upright(&bytes)
                    .map(|picture| (hash, picture))
                    .map_err(|e| format!("the picture cannot be read: {e}")),
                Err(why) => Err(why),
            };
            match picture {
                Ok((hash, picture)) => {
                    shown.places.push(place);
                    shown.hashes.push(hash);
                    shown.pictures.push(picture);
                }
                Err(why) => {
                    let each = (0..self.passes.len()).map(|pass| ((place, pass), Missing::Failed(why.clone())));
                    findings.missing.extend(each);
                }
            }
        }
        shown
    }

    fn read(&self, id: ImageId) -> Result<(Vec<u8>, Hash), String> {
        let found = original(self.context.writer.reader(), self.d, id).map_err(|e| e.to_string())?;
        Ok((found.bytes, *found.hash.as_bytes()))
    }

    /// Shows a group to a pass, unless it has seen all of it.
    fn pass(&self, number: usize, shown: &Shown, findings: &mut Findings, before: &mut Before) -> Result<(), Error> {
        let pass = &self.passes[number];
        let known: Vec<bool> = {
            let caches = self.caches();
            shown.hashes.iter().map(|hash| caches[number].has(hash)).collect()
        };
        let mut answers: Vec<Option<Result<Kept, Missing>>> = vec![None; shown.pictures.len()];
        if known.iter().any(|known| !known) {
            let broken = |at: usize| pass.needs_before && before[at].iter().any(Option::is_none);
            let at: Vec<usize> = (0..shown.pictures.len()).filter(|at| !broken(*at)).collect();
            for skipped in (0..shown.pictures.len()).filter(|at| broken(*at)) {
                answers[skipped] = Some(Err(Missing::Skipped("a source that it builds on failed here".into())));
            }
            let begun = Instant::now();
            let seen = self.show(pass, shown, &at, before)?;
            self.pace().looked(number, seen.len(), begun.elapsed().as_secs_f64());
            at.into_iter().zip(seen).for_each(|(at, answer)| answers[at] = Some(answer));
        }
        for (at, answer) in answers.into_iter().enumerate() {
            let (place, hash) = (shown.places[at], &shown.hashes[at]);
            // What was kept before counts, also where its group had to be shown again.
            let found = match (known[at], answer) {
                (true, _) | (_, None) => self.caches()[number].get(hash)?.map(|kept| kept.found),
                (false, Some(Ok(kept))) => {
                    let found = kept.found.clone();
                    findings.kept.push((number, *hash, kept));
                    Some(found)
                }
                (false, Some(Err(missing))) => {
                    findings.missing.push(((place, number), missing));
                    None
                }
            };
            before[at].push(found);
        }
        Ok(())
    }

    /// What a pass finds; when the pictures together fail, one at a time.
    fn show(
        &self,
        pass: &Pass,
        shown: &Shown,
        at: &[usize],
        before: &Before,
    ) -> Result<Vec<Result<Kept, Missing>>, Error> {
        let about =
            |at: &usize| About { content_hash: &self.images[shown.places[*at]].content_hash, before: &before[*at] };
        let all: Vec<About<'_>> = at.iter().map(about).collect();
        let chosen: Vec<Picture>;
        let pictures = if at.len() == shown.pictures.len() {
            &shown.pictures
        } else {
            chosen = at.iter().map(|at| shown.pictures[*at].clone()).collect();
            &chosen
        };
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let begun = Instant::now();
        if let Ok(found) = self.guarded(pass, pictures, &all)? {
            let ms = begun.elapsed().as_secs_f64() * 1e3 / pictures.len() as f64;
            return Ok(found.into_iter().map(|found| Ok(Kept { found, ms })).collect());
        }
        let one = |(picture, about): (&Picture, &About<'_>)| {
            let begun = Instant::now();
            let found = self.guarded(pass, std::slice::from_ref(picture), std::slice::from_ref(about))?;
            let ms = begun.elapsed().as_secs_f64() * 1e3;
            Ok(found.map(|mut all| Kept { found: all.pop().unwrap_or_default(), ms }).map_err(Missing::Failed))
        };
        pictures.iter().zip(&all).map(one).collect()
    }

    /// An answer for every picture, or why there is none. A panic of a model is a failed image, not a failed run; being
    /// stopped is neither.
    fn guarded(
        &self,
        pass: &Pass,
        pictures: &[Picture],
        about: &[About<'_>],
    ) -> Result<Result<Vec<Vec<Found>>, String>, Error> {
        let looked = catch_unwind(AssertUnwindSafe(|| pass.look.look(pictures, about, &self.stop)));
        match looked {
            Err(_) => Ok(Err(format!("{} broke off; the log of the program says where", pass.source))),
            Ok(Err(Error::Cancelled | Error::Superseded)) => Err(Error::Cancelled),
            Ok(Err(error)) => Ok(Err(error.to_string())),
            Ok(Ok(found)) if found.len() == pictures.len() => Ok(Ok(found)),
            Ok(Ok(found)) => {
                Ok(Err(format!("{} answered for {} of {} pictures", pass.source, found.len(), pictures.len())))
            }
        }
    }
}
