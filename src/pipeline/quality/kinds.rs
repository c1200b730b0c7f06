//! What can be wrong with a dataset: every kind of finding, what it asks a person, and what its fix does.

use tator_domain::{BoxState, Origin, Split};
use tator_store::{Edit, Finding};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Two images; the fix concerns the other one.
    Pair,
    /// An image.
    Picture,
    /// A box.
    Box,
    /// A place where a box is missing.
    Place,
}

/// What a fix does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repair {
    /// Tags the image, or of two the other one.
    Tag(&'static str),
    /// Moves the other image to the split of the first.
    Join,
    /// Gives the box the class that fits better.
    Relabel,
    /// Moves the box to where it would fit better.
    Move,
    /// Deletes the box.
    Delete,
    /// Makes the box a draft, so that somebody looks at it in the labeller.
    Draft,
    /// Takes the box that a model saw, as a proposal is taken in the labeller.
    Add,
}

/// A kind of finding.
#[derive(Debug)]
pub struct Kind {
    /// Its word in tables and addresses; never changes.
    pub name: &'static str,
    /// What people read.
    pub title: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// What the fix does, in words.
    pub fix: &'static str,
    /// What it is about.
    pub subject: Subject,
    repair: Repair,
}

/// Every kind, in the order of the page.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "wrong_class",
        title: "Likely wrong class",
        question: "Heads that never saw this image, and the boxes that look most like this one, name another class.",
        fix: "Relabel",
        subject: Subject::Box,
        repair: Repair::Relabel,
    },
    Kind {
        name: "missing",
        title: "Missing boxes",
        question: "A detector is sure of an object here, the image is finished, and no box covers it.",
        fix: "Add the box",
        subject: Subject::Place,
        repair: Repair::Add,
    },
    Kind {
        name: "misplaced",
        title: "Misplaced boxes",
        question: "A detector sees the same object, but elsewhere or larger or smaller.",
        fix: "Move it",
        subject: Subject::Box,
        repair: Repair::Move,
    },
    Kind {
        name: "unconfirmed",
        title: "Seen by no detector",
        question: "The detectors of the run looked at this image and saw nothing at this box.",
        fix: "Make it a draft",
        subject: Subject::Box,
        repair: Repair::Draft,
    },
    Kind {
        name: "outlier",
        title: "Unlike its class",
        question: "This box looks unlike the others of its class.",
        fix: "Make it a draft",
        subject: Subject::Box,
        repair: Repair::Draft,
    },
    Kind {
        name: "overlap",
        title: "Drawn twice",
        question: "Two boxes of one class cover the same object.",
        fix: "Delete this one",
        subject: Subject::Box,
        repair: Repair::Delete,
    },
    Kind {
        name: "conflict",
        title: "Two classes, one place",
        question: "Two boxes of different classes cover the same object.",
        fix: "Delete this one",
        subject: Subject::Box,
        repair: Repair::Delete,
    },
    Kind {
        name: "outside",
        title: "Beyond the picture",
        question: "The box reaches beyond the edge of its picture.",
        fix: "Cut it at the edge",
        subject: Subject::Box,
        repair: Repair::Move,
    },
    Kind {
        name: "tiny",
        title: "Specks",
        question: "The box is a few pixels wide or high: a slip of the pointer, perhaps.",
        fix: "Delete it",
        subject: Subject::Box,
        repair: Repair::Delete,
    },
    Kind {
        name: "geometry",
        title: "Odd shape for its class",
        question: "Its size or shape is far from what boxes of its class have.",
        fix: "Make it a draft",
        subject: Subject::Box,
        repair: Repair::Draft,
    },
    Kind {
        name: "leak",
        title: "Leaks between splits",
        question: "The same picture, or nearly, is in two parts of the dataset: what is learnt from one is asked in the other.",
        fix: "Move the right one to the left one’s split",
        subject: Subject::Pair,
        repair: Repair::Join,
    },
    Kind {
        name: "exact_duplicate",
        title: "Exact duplicates",
        question: "Two images are the same, byte by byte.",
        fix: "Tag the right one “duplicate”",
        subject: Subject::Pair,
        repair: Repair::Tag("duplicate"),
    },
    Kind {
        name: "near_duplicate",
        title: "Near duplicates",
        question: "Two images show almost the same.",
        fix: "Tag the right one “duplicate”",
        subject: Subject::Pair,
        repair: Repair::Tag("duplicate"),
    },
    Kind {
        name: "unreadable",
        title: "Cannot be read",
        question: "The file of this image is gone or damaged.",
        fix: "Tag it “unreadable”",
        subject: Subject::Picture,
        repair: Repair::Tag("unreadable"),
    },
    Kind {
        name: "blurry",
        title: "Blurry",
        question: "There is hardly any fine detail in this picture.",
        fix: "Tag it “blurry”",
        subject: Subject::Picture,
        repair: Repair::Tag("blurry"),
    },
    Kind {
        name: "dark",
        title: "Dark",
        question: "This picture is much darker than the others.",
        fix: "Tag it “dark”",
        subject: Subject::Picture,
        repair: Repair::Tag("dark"),
    },
    Kind {
        name: "bright",
        title: "Overexposed",
        question: "This picture is much brighter than the others.",
        fix: "Tag it “bright”",
        subject: Subject::Picture,
        repair: Repair::Tag("bright"),
    },
    Kind {
        name: "flat",
        title: "Without contrast",
        question: "There is next to nothing to be told apart in this picture.",
        fix: "Tag it “flat”",
        subject: Subject::Picture,
        repair: Repair::Tag("flat"),
    },
    Kind {
        name: "odd_size",
        title: "Odd size",
        question: "The size or shape of this picture is unlike the others.",
        fix: "Tag it “odd-size”",
        subject: Subject::Picture,
        repair: Repair::Tag("odd-size"),
    },
];

/// The kind of that name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// The image that the fix changes and its edits; `None` when the finding lacks what the fix needs. `split` is the
    /// one of the image that the finding is about.
    pub(super) fn repair(&self, finding: &Finding, split: Split) -> Option<(i64, Vec<Edit>)> {
        let image = if self.subject == Subject::Pair { finding.other_id? } else { finding.image_id };
        let edit = match self.repair {
            Repair::Tag(tag) => Edit::Tag { tag: tag.to_owned(), on: Some(true) },
            Repair::Join => Edit::Split { value: split },
            Repair::Delete => Edit::Delete { box_id: finding.box_id? },
            Repair::Add => {
                let (rect, class_id) = (finding.rect?, finding.suggested_class_id?);
                let (x, y, w, h) = (rect.x, rect.y, rect.w, rect.h);
                Edit::Add {
                    key: "missing".into(),
                    class_id,
                    x,
                    y,
                    w,
                    h,
                    polygon: None,
                    angle: None,
                    state: None,
                    // Looks of older versions did not keep whose sighting it was.
                    origin: Some(Origin::Model(finding.run.clone()?)),
                }
            }
            Repair::Draft => self.update(finding, Some(BoxState::Draft))?,
            Repair::Relabel | Repair::Move => self.update(finding, None)?,
        };
        Some((image, vec![edit]))
    }

    /// What accepts the box that the fix made a draft; `None` where the fix makes none.
    pub(super) fn acceptance(&self, finding: &Finding) -> Option<Edit> {
        (self.repair == Repair::Draft).then(|| self.update(finding, Some(BoxState::Trusted)))?
    }

    fn update(&self, finding: &Finding, state: Option<BoxState>) -> Option<Edit> {
        let relabelled = if self.repair == Repair::Relabel { Some(finding.suggested_class_id?) } else { None };
        let moved = if self.repair == Repair::Move { Some(finding.suggested_rect?) } else { None };
        Some(Edit::Update {
            box_id: finding.box_id?,
            class_id: relabelled,
            x: moved.map(|rect| rect.x),
            y: moved.map(|rect| rect.y),
            w: moved.map(|rect| rect.w),
            h: moved.map(|rect| rect.h),
            polygon: None,
            angle: None,
            state,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_domain::PixelBox;

    #[test]
    fn every_kind_has_a_fix_and_a_name_of_its_own() {
        let rect = Some(PixelBox { x: 1.0, y: 2.0, w: 3.0, h: 4.0 });
        for kind in KINDS {
            let finding = Finding {
                key: "k".into(),
                kind: kind.name.into(),
                image_id: 1,
                box_id: Some(2),
                other_id: Some(3),
                class_id: Some(4),
                suggested_class_id: Some(5),
                rect,
                suggested_rect: rect,
                run: Some("night".into()),
                score: 1.0,
                why: String::new(),
            };
            let (image, edits) = kind.repair(&finding, Split::Test).unwrap();
            assert_eq!((image, edits.len()), (if kind.subject == Subject::Pair { 3 } else { 1 }, 1), "{}", kind.name);
            assert_eq!(KINDS.iter().filter(|other| other.name == kind.name).count(), 1);
            assert_eq!(kind.acceptance(&finding).is_some(), kind.fix == "Make it a draft", "{}", kind.name);
        }
    }
}
