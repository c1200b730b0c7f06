//! Shows every image to every pass that has not seen it: bounded stages, decode ahead of the models, what they find kept at
//! once. Images go in groups whose members never change, so that a run that goes on after a kill shows a model the same
//! pictures side by side, and gets the same answer to the last bit.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use rayon::prelude::*;
use tator_domain::{DatasetName, ImageId};
use tator_store::{ImageRow, Reader};
use tator_vision::{Picture, Stop, decode_upright};

use super::cache::{Hash, Kept, PassCache};
use super::looks::{About, Found, Pass};
use super::pace::Pace;
use crate::error::Error;
use crate::jobs::Context;

/// Images that are shown together.
const GROUP: usize = 8;
/// Groups that are decoded ahead.
const AHEAD: usize = 2;
/// Groups between two syncs of what was found.
const SYNC_EVERY: usize = 32;

/// What became of the images.
pub(super) struct Looked {
    /// BLAKE3 of each image's bytes; `None` where they could not be read.
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

/// An image on its way to the models.
struct Ready {
    hash: Option<Hash>,
    /// `Ok(None)` when nobody has to see it.
    picture: Result<Option<Picture>, String>,
}

/// A group, and how long its images took to read.
struct Group {
    first: usize,
    images: Vec<Ready>,
    seconds: f64,
}

/// Looks at images with all passes.
pub(super) fn look_over(
    context: &Context,
    d: &DatasetName,
    images: &[ImageRow],
    passes: &[Pass],
    caches: &mut [PassCache],
) -> Result<Looked, Error> {
    let mut work = Work {
        passes,
        looked: Looked {
            hashes: vec![None; images.len()],
            missing: HashMap::new(),
            pace: Pace::new(passes, images.len()),
        },
        stop: Stop::default(),
    };
    let seen_by_all = |caches: &[PassCache]| -> std::collections::HashSet<Hash> {
        let Some((first, others)) = caches.split_first() else { return std::collections::HashSet::new() };
        first.hashes().filter(|hash| others.iter().all(|cache| cache.has(hash))).copied().collect()
    };
    let done = seen_by_all(caches);
    let reader = context.writer.reader();
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        scope.spawn(move || {
            for (number, group) in images.chunks(GROUP).enumerate() {
                // Nobody receives any more: the job was given up.
                if sender.send(read_group(reader, d, number * GROUP, group, &done)).is_err() {
                    return;
                }
            }
        });
        work.all(context, images, &receiver, caches)
    })?;
    caches.iter().try_for_each(PassCache::sync)?;
    Ok(work.looked)
}

/// Reads, hashes and, where somebody has to see them, decodes the images of a group.
fn read_group(
    reader: &Reader,
    d: &DatasetName,
    first: usize,
    group: &[ImageRow],
    done: &std::collections::HashSet<Hash>,
) -> Group {
    let begun = Instant::now();
    let bytes: Vec<Result<(Vec<u8>, Hash), String>> =
        group.par_iter().map(|image| read(reader, d, image.image_id)).collect();
    let is_done = |one: &Result<(Vec<u8>, Hash), String>| one.as_ref().is_ok_and(|(_, hash)| done.contains(hash));
    let all_done = bytes.iter().all(|one| one.is_err() || is_done(one));
    let ready = |one: Result<(Vec<u8>, Hash), String>| match one {
        Err(error) => Ready { hash: None, picture: Err(error) },
        Ok((_, hash)) if all_done => Ready { hash: Some(hash), picture: Ok(None) },
        Ok((bytes, hash)) => {
            let picture = decode_upright(&bytes).map(Some).map_err(|e| format!("the picture cannot be read: {e}"));
            Ready { hash: Some(hash), picture }
        }
    };
    let images = bytes.into_par_iter().map(ready).collect();
    Group { first, images, seconds: begun.elapsed().as_secs_f64() }
}

fn read(reader: &Reader, d: &DatasetName, id: ImageId) -> Result<(Vec<u8>, Hash), String> {
    let path: PathBuf = reader.image_file(d, id).map_err(|e| e.to_string())?.path;
    let bytes = std::fs::read(&path).map_err(|e| format!("reading {}: {e}", path.display()))?;
    let hash = *blake3::hash(&bytes).as_bytes();
    Ok((bytes, hash))
}

struct Work<'p> {
    passes: &'p [Pass],
    looked: Looked,
    stop: Stop,
}

/// Pictures of a group that can be shown, with the places of their images.
struct Shown {
    places: Vec<usize>,
    hashes: Vec<Hash>,
    pictures: Vec<Picture>,
}

impl Work<'_> {
    fn all(
        &mut self,
        context: &Context,
        images: &[ImageRow],
        groups: &Receiver<Group>,
        caches: &mut [PassCache],
    ) -> Result<(), Error> {
        let total = images.len() as u64;
        let mut done = 0;
        loop {
            let waited = Instant::now();
            let Ok(group) = groups.recv() else { return Ok(()) };
            self.looked.pace.read(group.images.len(), group.seconds, waited.elapsed().as_secs_f64());
            context.progress("looking at images", done, total)?;
            // People first: their clicks wait for nothing.
            if !context.assist.wait_until_idle() {
                return Err(Error::Cancelled);
            }
            let (first, n) = (group.first, group.images.len() as u64);
            self.group(context, images, group, caches)?;
            done += n;
            context.progress("looking at images", done, total)?;
            context.detail(self.looked.pace.told());
            if (first / GROUP) % SYNC_EVERY == SYNC_EVERY - 1 {
                caches.iter().try_for_each(PassCache::sync)?;
            }
        }
    }

    fn group(
        &mut self,
        context: &Context,
        images: &[ImageRow],
        group: Group,
        caches: &mut [PassCache],
    ) -> Result<(), Error> {
        let mut shown = Shown { places: Vec::new(), hashes: Vec::new(), pictures: Vec::new() };
        for (offset, ready) in group.images.into_iter().enumerate() {
            let place = group.first + offset;
            self.looked.hashes[place] = ready.hash;
            match (ready.hash, ready.picture) {
                (Some(hash), Ok(Some(picture))) => {
                    shown.places.push(place);
                    shown.hashes.push(hash);
                    shown.pictures.push(picture);
                }
                (_, Ok(_)) => {}
                (_, Err(error)) => {
                    for pass in 0..self.passes.len() {
                        self.looked.missing.insert((place, pass), Missing::Failed(error.clone()));
                    }
                }
            }
        }
        let mut before: Vec<Vec<Option<Vec<Found>>>> = vec![Vec::new(); shown.pictures.len()];
        for (number, cache) in caches.iter_mut().enumerate() {
            context.check()?;
            self.pass(number, images, &shown, cache, &mut before)?;
        }
        Ok(())
    }

    /// Shows a group to a pass, unless it has seen all of it.
    fn pass(
        &mut self,
        number: usize,
        images: &[ImageRow],
        shown: &Shown,
        cache: &mut PassCache,
        before: &mut [Vec<Option<Vec<Found>>>],
    ) -> Result<(), Error> {
        let pass = &self.passes[number];
        let known: Vec<bool> = shown.hashes.iter().map(|hash| cache.has(hash)).collect();
        let mut answers: Vec<Option<Result<Kept, Missing>>> = vec![None; shown.pictures.len()];
        if known.iter().any(|known| !known) {
            let broken = |at: usize| pass.needs_before && before[at].iter().any(Option::is_none);
            let at: Vec<usize> = (0..shown.pictures.len()).filter(|at| !broken(*at)).collect();
            for skipped in (0..shown.pictures.len()).filter(|at| broken(*at)) {
                answers[skipped] = Some(Err(Missing::Skipped("a source that it builds on failed here".into())));
            }
            let begun = Instant::now();
            let seen = self.show(pass, images, shown, &at, before)?;
            self.looked.pace.looked(number, seen.len(), begun.elapsed().as_secs_f64());
            at.into_iter().zip(seen).for_each(|(at, answer)| answers[at] = Some(answer));
        }
        let (writing, mut kept_now) = (Instant::now(), 0);
        for (at, answer) in answers.into_iter().enumerate() {
            let place = shown.places[at];
            // What was kept before counts, also where its group had to be shown again.
            let found = match (known[at], answer) {
                (true, _) | (_, None) => cache.get(&shown.hashes[at])?.map(|kept| kept.found),
                (false, Some(Ok(kept))) => {
                    cache.put(&shown.hashes[at], &kept)?;
                    kept_now += 1;
                    Some(kept.found)
                }
                (false, Some(Err(missing))) => {
                    self.looked.missing.insert((place, number), missing);
                    None
                }
            };
            before[at].push(found);
        }
        if kept_now > 0 {
            self.looked.pace.wrote(kept_now, writing.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// What a pass finds; when the pictures together fail, one at a time.
    fn show(
        &self,
        pass: &Pass,
        images: &[ImageRow],
        shown: &Shown,
        at: &[usize],
        before: &[Vec<Option<Vec<Found>>>],
    ) -> Result<Vec<Result<Kept, Missing>>, Error> {
        let about = |at: &usize| About { content_hash: &images[shown.places[*at]].content_hash, before: &before[*at] };
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
