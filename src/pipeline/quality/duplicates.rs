//! Images that are the same, or nearly, and those among them that are in different parts of the dataset.
//!
//! Exact ones have the same bytes. Whether others are copies is seen by laying them on each other, which is asked of pairs
//! whose fingerprints are close or whose embeddings are almost equal. An image is named once, with the image before it
//! that is most alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use tator_domain::{ImageId, Split};
use tator_learning::near::{Gallery, close_fingerprints, near_duplicates, overlay};
use tator_learning::{Matrix, Watch};
use tator_store::{DuplicatePair, Finding, PictureFigures, SeenPicture, Vectors};

use super::about;
use super::sketches::Sketches;
use crate::error::Error;

/// Bits in which fingerprints of copies differ at most, where there is nothing else to go by.
const COPY: u32 = 6;
/// Bits in which those of cut copies may differ. Of two other pictures as few differ in one pair of some hundred.
const CUT: u32 = 20;
/// With more images than these, all pairs are too many: fingerprints find copies that differ in few bits only.
const MOST_COMPARED: usize = 40_000;
/// How well copies fit: whole ones of real photographs, brighter by a third, come to 0.945 at least and differ in 8 bits,
const WHOLE: (u32, f32) = (8, 0.93);
/// cut ones come to 0.99 and differ in more. Other pictures rarely come to 0.7, garments in the middle of theirs to 0.92.
const PART: f32 = 0.96;
/// A picture of so little contrast has no fingerprint to speak of.
const FLAT: f64 = 0.03;
/// Most pairs that are kept or looked at.
const MOST: usize = 200_000;

/// Gives sketches of pictures.
type Draw<'a> = &'a dyn Fn(&[&SeenPicture]) -> Result<Sketches, Error>;

/// All pairs; `likeness` is the cosine above which embeddings are almost equal.
pub(super) fn pairs(
    pictures: &[SeenPicture],
    vectors: Option<&Vectors>,
    likeness: f32,
    draw: Draw<'_>,
    watch: Watch<'_>,
) -> Result<Vec<DuplicatePair>, Error> {
    let mut found = BTreeMap::<(usize, usize), DuplicatePair>::new();
    for (first, second) in exact(pictures) {
        let pair = pair(&pictures[first], &pictures[second]);
        found.insert((first, second), DuplicatePair { is_exact: true, ..pair });
    }
    let mut possible = by_fingerprint(pictures);
    for (places, cosine) in by_embedding(pictures, vectors, likeness, watch)? {
        match found.get_mut(&places) {
            Some(pair) => pair.cosine = Some(cosine),
            None => {
                let new = || pair(&pictures[places.0], &pictures[places.1]);
                possible.entry(places).or_insert_with(new).cosine = Some(cosine);
            }
        }
    }
    possible.retain(|places, _| !found.contains_key(places));
    let asked: BTreeSet<usize> = possible.keys().flat_map(|(first, second)| [*first, *second]).collect();
    let asked: Vec<&SeenPicture> = asked.into_iter().map(|at| &pictures[at]).collect();
    let sketches = draw(&asked)?;
    let seen = possible.into_par_iter().filter_map(|(places, pair)| Some((places, laid(pair, &sketches)?)));
    found.extend(seen.collect::<Vec<_>>());
    Ok(found.into_values().collect())
}

/// The pair with how well it fits, if it is one.
fn laid(pair: DuplicatePair, sketches: &Sketches) -> Option<DuplicatePair> {
    let fit = sketches.get(&pair.first).zip(sketches.get(&pair.second)).map(|(one, other)| overlay(one, other));
    let differs_little = |most: u32| pair.bits.is_some_and(|bits| bits <= most);
    let least = if differs_little(WHOLE.0) { WHOLE.1 } else { PART };
    let is_copy = fit.map_or(differs_little(COPY), |fit| fit >= least);
    is_copy.then_some(DuplicatePair { overlay: fit, ..pair })
}

/// Pairs of places that may be copies, with what is known of them.
type Possible = BTreeMap<(usize, usize), DuplicatePair>;

fn by_fingerprint(pictures: &[SeenPicture]) -> Possible {
    let known: Vec<usize> = (0..pictures.len()).filter(|at| print(&pictures[*at]).is_some()).collect();
    let prints: Vec<u64> = known.iter().filter_map(|at| print(&pictures[*at])).collect();
    let reach = if known.len() > MOST_COMPARED { COPY + 1 } else { CUT };
    let mut close = close_fingerprints(&prints, reach);
    close.sort_by_key(|(first, second, bits)| (*bits, *first, *second));
    let of = |(first, second, _): (usize, usize, u32)| {
        let (first, second) = (known[first], known[second]);
        ((first, second), pair(&pictures[first], &pictures[second]))
    };
    close.into_iter().take(MOST).map(of).collect()
}

/// Places of pictures whose embeddings are almost equal, with their cosine.
fn by_embedding(
    pictures: &[SeenPicture],
    vectors: Option<&Vectors>,
    likeness: f32,
    watch: Watch<'_>,
) -> Result<Vec<((usize, usize), f32)>, Error> {
    let Some(vectors) = vectors.filter(|vectors| !vectors.image_ids.is_empty()) else { return Ok(Vec::new()) };
    let places: HashMap<ImageId, usize> = pictures.iter().enumerate().map(|(at, p)| (p.image_id, at)).collect();
    let gallery = Gallery::new(Matrix::new(&vectors.data, vectors.dims).map_err(super::refused)?);
    let alike = near_duplicates(&gallery, likeness, MOST, watch).map_err(super::refused)?;
    let place = |row: usize| places.get(&vectors.image_ids[row]).copied();
    let both = alike.pairs.iter().filter_map(|near| {
        let (one, other) = (place(near.first)?, place(near.second)?);
        Some(((one.min(other), one.max(other)), near.score))
    });
    Ok(both.collect())
}

fn print(picture: &SeenPicture) -> Option<u64> {
    let figures: &PictureFigures = picture.figures.as_ref()?.as_ref().ok()?;
    (figures.contrast > FLAT).then_some(figures.fingerprint)
}

fn pair(first: &SeenPicture, second: &SeenPicture) -> DuplicatePair {
    let bits = print(first).zip(print(second)).map(|(a, b)| (a ^ b).count_ones());
    let parts = [first.split, second.split];
    let is_leak = first.split != second.split && !parts.contains(&Split::None);
    DuplicatePair {
        first: first.image_id,
        second: second.image_id,
        is_exact: first.content_hash == second.content_hash && !first.content_hash.is_empty(),
        cosine: None,
        bits,
        overlay: None,
        is_leak,
    }
}

/// Images with the bytes of another, each with the first that has them, and across parts with the first of each part.
fn exact(pictures: &[SeenPicture]) -> Vec<(usize, usize)> {
    let mut same = HashMap::<&str, Vec<usize>>::new();
    for (at, picture) in pictures.iter().enumerate().filter(|(_, picture)| !picture.content_hash.is_empty()) {
        same.entry(&picture.content_hash).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for copies in same.into_values().filter(|copies| copies.len() > 1) {
        for (at, copy) in copies.iter().enumerate().skip(1) {
            let before = &copies[..at];
            let other_part = before.iter().find(|other| pictures[**other].split != pictures[*copy].split);
            pairs.push((before[0], *copy));
            pairs.extend(other_part.map(|other| (*other, *copy)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// What a person is shown: leaks first of all, and every image once as the one too many.
pub(super) fn findings(pictures: &[SeenPicture], pairs: &[DuplicatePair]) -> Vec<Finding> {
    let splits: HashMap<ImageId, Split> = pictures.iter().map(|p| (p.image_id, p.split)).collect();
    let split = |image: ImageId| splits.get(&image).copied().unwrap_or(Split::None);
    let mut best = HashMap::<(bool, ImageId), (f64, &DuplicatePair)>::new();
    for pair in pairs {
        let score = likeness(pair);
        let one_too_many = other_of(pair, split(pair.second)).1;
        let known = best.entry((pair.is_leak, one_too_many)).or_insert((score, pair));
        if (score, std::cmp::Reverse(pair.first)) > (known.0, std::cmp::Reverse(known.1.first)) {
            *known = (score, pair);
        }
    }
    let mut found: Vec<Finding> = best
        .into_values()
        .map(|(score, pair)| {
            let (image, other) = other_of(pair, split(pair.second));
            let kind = match (pair.is_leak, pair.is_exact) {
                (true, _) => "leak",
                (false, true) => "exact_duplicate",
                (false, false) => "near_duplicate",
            };
            let finding = about(kind, image, score, words(pair, split(image), split(other)));
            Finding { key: format!("{kind}:{image}:{other}"), other_id: Some(other), ..finding }
        })
        .collect();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

/// The image to keep and the one too many: of a leak the one to learn from, else the later.
fn other_of(pair: &DuplicatePair, second: Split) -> (ImageId, ImageId) {
    if pair.is_leak && second != Split::Train { (pair.second, pair.first) } else { (pair.first, pair.second) }
}

fn likeness(pair: &DuplicatePair) -> f64 {
    let by_bits = pair.bits.map(|bits| 1.0 - f64::from(bits) / 64.0);
    if pair.is_exact { 2.0 } else { pair.overlay.map(f64::from).or(by_bits).unwrap_or(0.0) }
}

fn words(pair: &DuplicatePair, one: Split, other: Split) -> String {
    let mut said = Vec::new();
    if pair.is_leak {
        said.push(format!("in {one} and in {other}"));
    }
    if pair.is_exact {
        said.push("the same bytes".to_owned());
    } else {
        said.extend(pair.overlay.map(|fit| format!("laid on each other {:.1} % alike", 100.0 * fit)));
        said.extend(pair.cosine.map(|cosine| format!("embeddings {:.1} % alike", 100.0 * cosine)));
        said.extend(pair.bits.map(|bits| format!("fingerprints differ in {bits} of 63 bits")));
    }
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use tator_learning::near::SKETCH;
    use tator_store::EmbeddingOf;

    use super::*;

    fn picture(image_id: ImageId, hash: &str, split: Split, fingerprint: u64) -> SeenPicture {
        let figures = PictureFigures { contrast: 0.2, fingerprint, ..PictureFigures::default() };
        SeenPicture { image_id, content_hash: hash.into(), size: (64, 48), split, figures: Some(Ok(figures)) }
    }

    fn vectors(rows: &[[f32; 2]]) -> Vectors {
        Vectors {
            encoder: "e".into(),
            fingerprint: String::new(),
            of: EmbeddingOf::Images,
            recipe: String::new(),
            dims: 2,
            image_ids: (1..=rows.len() as i64).collect(),
            box_ids: vec![],
            keys: vec![0; rows.len()],
            data: rows.concat(),
        }
    }

    /// Greys of a picture that is like no other.
    fn greys(seed: u64) -> Vec<u8> {
        let cells = (0..SKETCH * SKETCH).map(|at| (at / SKETCH / 4 * 8 + at % SKETCH / 4) as u64);
        cells.map(|cell| (tator_learning::hash(seed, cell) >> 56) as u8).collect()
    }

    fn draw(of: impl Fn(ImageId) -> Option<u64>) -> impl Fn(&[&SeenPicture]) -> Result<Sketches, Error> {
        move |wanted| Ok(wanted.iter().filter_map(|p| Some((p.image_id, greys(of(p.image_id)?)))).collect())
    }

    #[test]
    fn copies_near_copies_and_leaks_are_told_apart() {
        let pictures = [
            picture(1, "a", Split::Train, 0),
            picture(2, "a", Split::Train, 0),
            picture(3, "b", Split::Train, u64::MAX),
            picture(4, "c", Split::Test, u64::MAX ^ 5),
            picture(5, "d", Split::Train, 0xffff_0000_ffff_0000),
            picture(6, "e", Split::Train, 0x0f0f_0f0f_0f0f_0f0f),
        ];
        let draw = draw(|image| Some([1, 1, 3, 3, 5, 5][image as usize - 1]));
        let near = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [-1.0, 0.1], [-1.0, 0.1]];
        let pairs = pairs(&pictures, Some(&vectors(&near)), 0.95, &draw, &|_, _| true).unwrap();
        let found: Vec<_> =
            findings(&pictures, &pairs).into_iter().map(|f| (f.kind, f.image_id, f.other_id.unwrap())).collect();
        let wanted = [("exact_duplicate", 1, 2), ("leak", 4, 3), ("near_duplicate", 5, 6)];
        assert_eq!(found, wanted.map(|(kind, one, other)| (kind.to_owned(), one, other)));
        let without = super::pairs(&pictures, None, 0.95, &draw, &|_, _| true).unwrap();
        assert_eq!(without.len(), 2, "without embeddings the fingerprints speak: {without:?}");
    }

    #[test]
    fn what_does_not_fit_is_no_copy_whatever_fingerprints_and_embeddings_say() {
        let pictures = [picture(1, "a", Split::None, 0), picture(2, "b", Split::None, 3)];
        let alike = vectors(&[[1.0, 0.0], [1.0, 0.0]]);
        let unlike = draw(|image| Some(image as u64));
        assert_eq!(pairs(&pictures, Some(&alike), 0.95, &unlike, &|_, _| true).unwrap(), []);
        let gone = draw(|_| None);
        let told = pairs(&pictures, Some(&alike), 0.95, &gone, &|_, _| true).unwrap();
        assert_eq!(told.len(), 1, "of files that are gone the fingerprints are left: {told:?}");
    }

    #[test]
    fn of_many_copies_each_is_named_once() {
        let pictures: Vec<SeenPicture> = (1..=5).map(|id| picture(id, "same", Split::None, 7)).collect();
        let pairs = pairs(&pictures, None, 0.95, &draw(|_| Some(1)), &|_, _| true).unwrap();
        let found = findings(&pictures, &pairs);
        assert_eq!(
            found.iter().map(|f| (f.image_id, f.other_id.unwrap())).collect::<Vec<_>>(),
            [(1, 2), (1, 3), (1, 4), (1, 5)]
        );
    }
}
