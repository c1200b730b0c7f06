//! The vocabulary: identifiers, geometry, records and states that every room speaks.
//!
//! No I/O, no heavy dependency. Values that cross a room are made here once.
//!
//! | word | means |
//! |---|---|
//! | dataset | a named set of images with their classes and boxes |
//! | image | one picture, known by its relative path and content hash |
//! | box | an axis-aligned rectangle on an image, with a class and perhaps a polygon or an angle |
//! | class | what a box shows; never deleted, only retired into another |
//! | state | how far a person has come with an image, or whether a box is trusted |
//! | origin | who made a box: a person, an import, or a model run |
//! | revision | how often an image's labels have changed |

mod boxes;
mod classes;
mod clock;
mod geometry;
mod images;
mod names;
mod orientation;
mod palette;
mod people;
mod rle;

pub use boxes::{BoxState, ImageBox, NewBox, Origin};
pub use classes::{Class, NewClass, class_called, living_classes};
pub use clock::{Clock, SystemClock, Timestamp};
pub use geometry::{PixelBox, Polygon, Ring, iou};
pub use images::{Image, ImageState, NewImage, Split};
pub use names::{BadName, DatasetName, RunName};
pub use orientation::Orientation;
pub use palette::class_colour;
pub use people::{CommentKind, PackageKind, PersonName, plain_words};
pub use rle::{BadRle, Rle};

/// Number of an image, unique in its dataset and never reused.
pub type ImageId = i64;
/// Number of a box, unique in its dataset and never reused.
pub type BoxId = i64;
/// Number of a class, unique in its dataset and never reused.
pub type ClassId = i32;
