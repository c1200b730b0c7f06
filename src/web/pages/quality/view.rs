//! What the quality page shows.

use askama::Template;
use tator_domain::{Class, ClassId, DatasetName, PixelBox};
use tator_pipeline::quality::{KINDS, Kind, Subject};
use tator_store::{Decided, FindingCount, ImageFilter, OpenFinding};

use crate::addresses;
use crate::figures::filters;
use crate::page::Shell;

/// `/d/{dataset}/quality`
#[derive(Template)]
#[template(path = "quality/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Which of the exploring pages it is.
    pub tab: &'static str,
    /// `/d/{dataset}`.
    pub base: String,
    /// Every kind that was found.
    pub kinds: Vec<Listed>,
    /// What waits, of one kind; `None` before the first look.
    pub queue: Option<Queue>,
    /// Runs whose sightings can be compared.
    pub runs: Vec<String>,
    /// What was wrong with a request.
    pub wrong: Option<String>,
}

/// A kind in the list.
pub struct Listed {
    /// The kind.
    pub kind: &'static Kind,
    /// How many wait.
    pub waiting: u64,
    /// How many were found.
    pub found: u64,
    /// It is the one shown.
    pub current: bool,
}

/// Findings of one kind.
pub struct Queue {
    /// The kind.
    pub kind: &'static Kind,
    /// The findings.
    pub cards: Vec<Card>,
    /// What was decided last.
    pub decided: Vec<Said>,
    /// How many wait in all.
    pub waiting: u64,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// Where the page before begins.
    pub previous: Option<u64>,
}

/// A finding as a card.
pub struct Card {
    /// Its key.
    pub key: String,
    /// Why it was found.
    pub why: String,
    /// Path of the image.
    pub path: String,
    /// Its pictures, one or two.
    pub pictures: Vec<Evidence>,
    /// The class it has.
    pub class: Option<Named>,
    /// The class that fits better, or that of the other box.
    pub other_class: Option<Named>,
    /// Between the two: from one to the other, or both.
    pub arrow: &'static str,
    /// The labeller, with the box chosen.
    pub label: String,
    /// It has a fix.
    pub fixable: bool,
}

/// A class by name and colour.
#[derive(Clone)]
pub struct Named {
    /// What it is called.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
}

/// A picture with what is to be seen on it.
pub struct Evidence {
    /// Address of the picture.
    pub picture: String,
    /// What it is, in words.
    pub words: String,
    /// The part that is shown: `x y w h` in pixels of the image.
    pub window: String,
    /// Width of the whole.
    pub width: u32,
    /// Height of the whole.
    pub height: u32,
    /// Boxes on it: the one in question, another, and where it would fit better.
    pub marks: Vec<(&'static str, PixelBox)>,
}

/// A decision.
pub struct Said {
    /// The finding.
    pub key: String,
    /// `kept`, `fixed`, `skipped`, the first two perhaps `, and taken back`.
    pub words: &'static str,
    /// Which image, or which box.
    pub about: String,
    /// The labeller.
    pub label: String,
    /// Who and when.
    pub author: String,
    /// When.
    pub at: i64,
    /// It was taken back in the history: there is nothing to take back.
    pub taken_back: bool,
}

impl Page {
    /// The page of a dataset.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        counts: &[FindingCount],
        queue: Option<Queue>,
        runs: Vec<String>,
        wrong: Option<String>,
    ) -> Self {
        let shown = queue.as_ref().map(|queue| queue.kind.name);
        let listed = |kind: &'static Kind| {
            let count = counts.iter().find(|count| count.kind == kind.name)?;
            let (waiting, found) = (count.waiting, count.found);
            Some(Listed { kind, waiting, found, current: shown == Some(kind.name) })
        };
        let kinds = KINDS.iter().filter_map(listed).collect();
        Self { base: format!("/d/{dataset}"), shell, dataset, tab: "quality", kinds, queue, runs, wrong }
    }
}

impl Queue {
    /// Findings as cards; `page` is where it begins, how many it may have, and how many wait.
    #[must_use]
    pub fn new(
        d: &DatasetName,
        kind: &'static Kind,
        found: &[OpenFinding],
        decided: &[Decided],
        classes: &[Class],
        (after, cards, waiting): (u64, u64, u64),
    ) -> Self {
        let end = after + found.len() as u64;
        Self {
            kind,
            cards: found.iter().map(|open| card(d, kind, open, classes)).collect(),
            decided: decided.iter().map(|decided| said(d, decided)).collect(),
            waiting,
            next: (end < waiting).then_some(end),
            previous: (after > 0).then(|| after.saturating_sub(cards)),
        }
    }
}

fn card(d: &DatasetName, kind: &Kind, open: &OpenFinding, classes: &[Class]) -> Card {
    let finding = &open.finding;
    let named = |id: Option<ClassId>| {
        let class = classes.iter().find(|class| Some(class.class_id) == id)?;
        Some(Named { name: class.name.clone(), colour: class.colour.clone() })
    };
    let opened =
        if kind.subject == Subject::Pair { finding.other_id.unwrap_or(finding.image_id) } else { finding.image_id };
    Card {
        key: finding.key.clone(),
        // A number and its sign stay on one line.
        why: finding.why.replace(" %", "\u{a0}%"),
        path: open.path.clone(),
        pictures: pictures(d, kind, open),
        class: named(finding.class_id),
        other_class: named(
            finding.suggested_class_id.or(open.other_class_id.filter(|id| Some(*id) != finding.class_id)),
        ),
        arrow: if finding.suggested_class_id.is_some() && finding.class_id.is_some() { "→" } else { "·" },
        label: addresses::label(d, opened, finding.box_id, &ImageFilter::default()),
        fixable: kind.name != "outside" || finding.suggested_rect.is_some(),
    }
}

fn pictures(d: &DatasetName, kind: &Kind, open: &OpenFinding) -> Vec<Evidence> {
    let (finding, (width, height)) = (&open.finding, open.size);
    if kind.subject == Subject::Pair {
        let one = |id: i64, words: &str| Evidence {
            picture: addresses::thumbnail(d, id, 384),
            words: words.to_owned(),
            window: "0 0 4 3".into(),
            width: 4,
            height: 3,
            marks: vec![],
        };
        let other = finding.other_id.unwrap_or(finding.image_id);
        return vec![one(finding.image_id, &open.path), one(other, open.other_path.as_deref().unwrap_or_default())];
    }
    let marks = [("mark", finding.rect), ("other", open.other_rect), ("better", finding.suggested_rect)];
    let marks: Vec<_> = marks.into_iter().filter_map(|(kind, rect)| Some((kind, rect?))).collect();
    let whole = PixelBox { x: 0.0, y: 0.0, w: f64::from(width), h: f64::from(height) };
    let window = marks.first().map_or(whole, |(_, first)| {
        let all = marks.iter().fold(*first, |all, (_, rect)| union(&all, rect));
        // What surrounds an object says what it is.
        let margin = (all.w.max(all.h) * 0.6).max(12.0);
        let (right, bottom) = (all.right() + margin, all.bottom() + margin);
        let (left, top) = ((all.x - margin).max(all.x.min(0.0)), (all.y - margin).max(all.y.min(0.0)));
        PixelBox::from_corners(left, top, right.min(all.right().max(whole.w)), bottom.min(all.bottom().max(whole.h)))
    });
    let size = if marks.is_empty() { 512 } else { 1024 };
    vec![Evidence {
        picture: addresses::thumbnail(d, finding.image_id, size),
        words: open.path.clone(),
        window: format!("{:.1} {:.1} {:.1} {:.1}", window.x, window.y, window.w, window.h),
        width,
        height,
        marks,
    }]
}

fn union(a: &PixelBox, b: &PixelBox) -> PixelBox {
    PixelBox::from_corners(a.x.min(b.x), a.y.min(b.y), a.right().max(b.right()), a.bottom().max(b.bottom()))
}

fn said(d: &DatasetName, decided: &Decided) -> Said {
    let words = match (decided.decision.as_str(), decided.taken_back) {
        ("fix", true) => "fixed, and taken back",
        ("fix", false) => "fixed",
        ("keep", true) => "kept, and taken back",
        ("keep", false) => "kept",
        _ => "skipped",
    };
    let about = decided.box_id.map_or_else(|| format!("image {}", decided.image_id), |id| format!("box {id}"));
    Said {
        key: decided.key.clone(),
        words,
        about,
        label: addresses::label(d, decided.image_id, decided.box_id, &ImageFilter::default()),
        author: decided.author.clone(),
        at: decided.decided_at,
        taken_back: decided.taken_back,
    }
}
