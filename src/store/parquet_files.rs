//! The published Parquet layout of a dataset: three tables and a manifest that any program can read.
//!
//! ```text
//! manifest.json     {"layout":"tator-detection","schema_version":1,"dataset":…,"files":[{"name","rows","bytes","blake3"}]}
//! classes.parquet   one row a class
//! images.parquet    one row an image, sorted by image_id
//! boxes.parquet     one row a box, sorted by image_id, then box_id
//! images/…          the pictures by their path, when they are exported too
//! ```
//!
//! Boxes are in pixels of the upright image (EXIF orientation applied); the origin is the top-left corner of the
//! top-left pixel and pixel *i* covers `[i, i + 1)`. Compression is zstd, row groups hold up to 122,880 rows (DuckDB's
//! own size; small groups read ten times slower), the same labels give the same bytes.
//!
//! | classes | type | |
//! |---|---|---|
//! | class_id | INTEGER | |
//! | name | VARCHAR | unique |
//! | supercategory | VARCHAR, null | |
//! | colour | VARCHAR | `#rrggbb` |
//! | source_id | VARCHAR, null | id in the file it was imported from |
//!
//! | images | type | |
//! |---|---|---|
//! | image_id | BIGINT | |
//! | path | VARCHAR | below `images/`, with `/` |
//! | content_hash | VARCHAR | BLAKE3 of the file, empty when it was not at hand |
//! | width, height | INTEGER | pixels of the upright image |
//! | orientation | INTEGER | EXIF 1 to 8, already applied to width and height |
//! | bytes | BIGINT | size of the file, 0 when it was not at hand |
//! | split | VARCHAR | `train`, `val`, `test`, `none` |
//! | state | VARCHAR | `unlabelled`, `in_progress`, `labelled`, `reviewed`, `skipped`; labelled without boxes is a confirmed negative |
//! | revision | BIGINT | how often its labels had changed |
//! | n_boxes | INTEGER | |
//! | source_id | VARCHAR, null | |
//! | attributes | VARCHAR, null | JSON object |
//!
//! | boxes | type | |
//! |---|---|---|
//! | box_id | BIGINT | |
//! | image_id | BIGINT | |
//! | class_id | INTEGER | |
//! | x, y, w, h | DOUBLE | left, top, width, height in pixels |
//! | polygon | `DOUBLE[][][]`, null | rings of `[x, y]` |
//! | angle | DOUBLE, null | clockwise degrees about the centre; x, y, w, h are the box before the turn |
//! | mask | VARCHAR, null | compressed COCO RLE counts over the whole image |
//! | area | DOUBLE, null | as the source gave it, square pixels |
//! | is_crowd | BOOLEAN | |
//! | origin | VARCHAR | `human`, `import`, `model:<run>` |
//! | state | VARCHAR | `draft`, `trusted` |
//! | score | DOUBLE, null | 0 to 1 |
//! | source_id | VARCHAR, null | |
//! | attributes | VARCHAR, null | JSON object |
//!
//! In DuckDB: `SELECT c.name, count(*) FROM 'boxes.parquet' b JOIN 'classes.parquet' c USING (class_id) GROUP BY 1`.
//!
//! The reader finds columns by name, accepts any numeric type that holds the values, and takes these defaults for
//! columns that are missing: no hash, orientation 1, split `none`, state `labelled` or `trusted`, origin `import`.

mod columns;
mod manifest;
mod read;
pub(crate) mod write;

#[cfg(test)]
mod tests;

pub use manifest::{Manifest, ManifestFile};
pub use read::{Received, read_boxes, read_classes, read_images};
pub use write::{LayoutWriter, WrittenFile};

/// The newest version of the layout that this program reads, and the one it writes.
pub const SCHEMA_VERSION: u32 = 1;
/// One row a class.
pub const CLASSES_FILE: &str = "classes.parquet";
/// One row an image.
pub const IMAGES_FILE: &str = "images.parquet";
/// One row a box.
pub const BOXES_FILE: &str = "boxes.parquet";
/// Counts and hashes of the others.
pub const MANIFEST_FILE: &str = "manifest.json";
