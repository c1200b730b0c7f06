//! What pages and commands are told about datasets: plain rows, no engine.

use serde::{Deserialize, Serialize};
use tator_domain::{
    BoxId, Class, ClassId, CommentKind, DatasetName, Image, ImageBox, ImageId, ImageState, Split, Timestamp,
};

/// Whether the images lie in the workspace or where the person keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum ImageHome {
    /// Copied into `datasets/<name>/images`.
    Managed,
    /// Left in this folder, which is never written to.
    Linked {
        /// Absolute path of the folder.
        folder: std::path::PathBuf,
    },
}

/// One dataset as the list shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetSummary {
    /// Its name.
    pub name: DatasetName,
    /// Where its images lie.
    #[serde(flatten)]
    pub home: ImageHome,
    /// What its boxes are: `detect`, `segment` or `obb`.
    pub task: String,
    /// Images.
    pub images: u64,
    /// Boxes.
    pub boxes: u64,
    /// Living classes.
    pub classes: u64,
    /// Images by state, every state named, in the order of [`ImageState::ALL`].
    pub states: Vec<(ImageState, u64)>,
    /// Images by split, every split named, in the order of [`Split::ALL`].
    pub splits: Vec<(Split, u64)>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A class with how much there is of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassCount {
    /// The class.
    #[serde(flatten)]
    pub class: Class,
    /// Boxes of it.
    pub n_boxes: u64,
    /// Images with at least one.
    pub n_images: u64,
}

/// A page of images.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePage {
    /// The images by `image_id`.
    pub images: Vec<Image>,
    /// Ask for images after this one to go on; `None` at the end.
    pub next: Option<ImageId>,
}

/// How many images a filter leaves, by what can be filtered next.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Facets {
    /// Images that are meant.
    pub total: u64,
    /// By state.
    pub states: Vec<(ImageState, u64)>,
    /// By split.
    pub splits: Vec<(Split, u64)>,
    /// By class: images with at least one box of it, most first.
    pub classes: Vec<(ClassId, u64)>,
}

/// Where an image stands among those that are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Neighbours {
    /// 1-based place; 0 when the image is not among them.
    pub position: u64,
    /// How many there are.
    pub total: u64,
    /// The one before.
    pub previous: Option<ImageId>,
    /// The one after.
    pub next: Option<ImageId>,
    /// The nearest before that is neither reviewed, labelled nor skipped.
    pub previous_unreviewed: Option<ImageId>,
    /// The nearest after that is neither reviewed, labelled nor skipped.
    pub next_unreviewed: Option<ImageId>,
}

/// An image with all its boxes, and whether its edits can be undone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImageDetail {
    /// The image.
    pub image: Image,
    /// Its boxes by `box_id`.
    pub boxes: Vec<ImageBox>,
    /// The image's revision.
    pub revision: i64,
    /// Something can be undone.
    pub can_undo: bool,
    /// Something can be redone.
    pub can_redo: bool,
}

/// One change of a dataset in its history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its number; larger is later.
    pub change_id: i64,
    /// `edit`, `undo`, `redo`, `import`, `delete`, `bulk`.
    pub kind: String,
    /// What was done, in words.
    pub title: String,
    /// Who did it.
    pub author: String,
    /// The image, when it is one image's change.
    pub image_id: Option<ImageId>,
    /// When.
    pub at: Timestamp,
    /// Images it touched.
    pub n_images: u64,
    /// Boxes it touched.
    pub n_boxes: u64,
    /// `done`, `undone`, or `final` when it can no longer be undone.
    pub status: String,
}

/// Something in the trash.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trashed {
    /// Name of the entry in the trash, needed to restore it.
    pub entry: String,
    /// The dataset it was.
    pub name: DatasetName,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Images in it.
    pub images: u64,
    /// Boxes in it.
    pub boxes: u64,
}

/// One edit of an image.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum Edit {
    /// A new box.
    Add {
        /// The client's name for it, given back with its number.
        key: String,
        /// Its class.
        class_id: ClassId,
        /// Left edge.
        x: f64,
        /// Top edge.
        y: f64,
        /// Width.
        w: f64,
        /// Height.
        h: f64,
        /// Outline.
        #[serde(default)]
        polygon: Option<tator_domain::Polygon>,
        /// Turn in degrees.
        #[serde(default)]
        angle: Option<f64>,
        /// Trusted unless said otherwise.
        #[serde(default)]
        state: Option<tator_domain::BoxState>,
        /// A person took what a model proposed: `model:<name>`. The box is a person's choice as any other; who saw it
        /// first stays known until somebody changes it.
        #[serde(default)]
        origin: Option<tator_domain::Origin>,
    },
    /// Changes of a box; what is not named stays.
    Update {
        /// The box.
        box_id: BoxId,
        /// New class.
        #[serde(default)]
        class_id: Option<ClassId>,
        /// New left edge.
        #[serde(default)]
        x: Option<f64>,
        /// New top edge.
        #[serde(default)]
        y: Option<f64>,
        /// New width.
        #[serde(default)]
        w: Option<f64>,
        /// New height.
        #[serde(default)]
        h: Option<f64>,
        /// New outline.
        #[serde(default)]
        polygon: Option<tator_domain::Polygon>,
        /// New turn.
        #[serde(default)]
        angle: Option<f64>,
        /// New trust.
        #[serde(default)]
        state: Option<tator_domain::BoxState>,
    },
    /// The box goes.
    Delete {
        /// The box.
        box_id: BoxId,
    },
    /// The image's state. `reviewed` accepts the image: its drafts become trusted, and what it was sent back for is resolved.
    State {
        /// The new state.
        value: ImageState,
    },
    /// The image goes to another part of the dataset.
    Split {
        /// The new part.
        value: Split,
    },
    /// Something to say about the image.
    Comment {
        /// What.
        text: String,
        /// A remark unless said otherwise.
        #[serde(default)]
        kind: Option<CommentKind>,
        /// The point it is about, x and y.
        #[serde(default)]
        at: Option<[f64; 2]>,
        /// The box it is about.
        #[serde(default)]
        box_id: Option<BoxId>,
    },
    /// A comment is dealt with, or is open again.
    Resolve {
        /// The comment.
        comment_id: i64,
        /// Dealt with unless said otherwise.
        #[serde(default)]
        resolved: Option<bool>,
    },
    /// A tag comes onto the image or goes.
    Tag {
        /// The tag; kept in lower case.
        tag: String,
        /// It comes unless said otherwise.
        #[serde(default)]
        on: Option<bool>,
    },
}

/// Edits of one image that stand or fall together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditRequest {
    /// The revision the client saw.
    pub base_revision: i64,
    /// Made once by the client; the same again is a replay.
    pub client_id: String,
    /// The edits, in order.
    pub edits: Vec<Edit>,
}

/// The image after an edit, an undo or a redo.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EditAnswer {
    /// The image's revision.
    pub revision: i64,
    /// The image's state.
    pub state: ImageState,
    /// All its boxes by `box_id`.
    pub boxes: Vec<ImageBox>,
    /// Numbers of the boxes that were added, by the client's keys.
    pub ids: std::collections::BTreeMap<String, BoxId>,
    /// Something can be undone.
    pub can_undo: bool,
    /// Something can be redone.
    pub can_redo: bool,
}

/// What an edit comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum EditOutcome {
    /// It was made, or had been made before.
    Applied(EditAnswer),
    /// The same boxes were changed meanwhile; this is how the image stands.
    Conflict(EditAnswer),
}
