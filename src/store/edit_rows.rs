//! The rows that an edit of one image writes.

use duckdb::{Connection, params};
use tator_domain::{DatasetName, Image, ImageBox, PixelBox};

use crate::columns::flat_rings;
use crate::edits::{NewChange, PastChange, Record};
use crate::{Error, exact_json, queries};

/// Brings the rows from `before` to `after`: changed in place where only plain columns differ.
pub(crate) fn write_boxes(connection: &Connection, d: &DatasetName, record: &Record, now: i64) -> Result<(), Error> {
    for gone in &record.before {
        let kept = record.after.iter().find(|b| b.box_id == gone.box_id);
        match kept {
            Some(new) if in_place(gone, new) => update_row(connection, d, new, now)?,
            Some(new) => {
                delete_row(connection, d, gone)?;
                insert_row(connection, d, new, now)?;
            }
            None => delete_row(connection, d, gone)?,
        }
    }
    let is_new = |b: &&ImageBox| !record.before.iter().any(|old| old.box_id == b.box_id);
    record.after.iter().filter(is_new).try_for_each(|b| insert_row(connection, d, b, now))
}

fn in_place(old: &ImageBox, new: &ImageBox) -> bool {
    old.polygon == new.polygon
        && old.angle == new.angle
        && old.mask == new.mask
        && old.area == new.area
        && old.score == new.score
        && old.source_id == new.source_id
        && old.attributes == new.attributes
}

fn update_row(connection: &Connection, d: &DatasetName, b: &ImageBox, now: i64) -> Result<(), Error> {
    let query = queries::UPDATE_BOX;
    let mut statement = connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
    let PixelBox { x, y, w, h } = b.rect;
    let values = params![b.class_id, x, y, w, h, b.origin.to_string(), b.state.as_str(), now, b.image_id, b.box_id];
    statement.execute(values).map_err(query.failed())?;
    Ok(())
}

fn delete_row(connection: &Connection, d: &DatasetName, b: &ImageBox) -> Result<(), Error> {
    let query = queries::DELETE_BOX;
    let mut statement = connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
    statement.execute(params![b.image_id, b.box_id]).map_err(query.failed())?;
    Ok(())
}

fn insert_row(connection: &Connection, d: &DatasetName, b: &ImageBox, now: i64) -> Result<(), Error> {
    let query = queries::INSERT_BOX;
    let mut statement = connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
    let polygon = b.polygon.as_ref().map(|p| serde_json::to_string(&flat_rings(p)).unwrap_or_default());
    let PixelBox { x, y, w, h } = b.rect;
    let (origin, state) = (b.origin.to_string(), b.state.as_str());
    let values = params![
        b.box_id,
        b.image_id,
        b.class_id,
        x,
        y,
        w,
        h,
        polygon,
        b.angle,
        b.mask,
        b.area,
        b.is_crowd,
        origin,
        state,
        b.score,
        b.source_id,
        b.attributes,
        now,
        now
    ];
    statement.execute(values).map_err(query.failed())?;
    Ok(())
}

pub(crate) fn update_image(connection: &Connection, d: &DatasetName, image: &Image, now: i64) -> Result<(), Error> {
    let query = queries::UPDATE_IMAGE_AFTER_EDIT;
    let mut statement = connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
    let (state, split) = (image.state.as_str(), image.split.as_str());
    let values = params![state, split, image.revision, image.n_boxes, now, image.image_id];
    statement.execute(values).map_err(query.failed())?;
    Ok(())
}

/// A new edit after an undo: what was undone can no longer be done again.
pub(crate) fn drop_redo(connection: &Connection, d: &DatasetName, past: &[PastChange]) -> Result<(), Error> {
    let query = queries::UPDATE_CHANGE_STATUS;
    for undone in past.iter().filter(|c| c.kind == "edit" && c.status == "undone") {
        let mut statement = connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
        statement.execute(params!["dropped", undone.change_id]).map_err(query.failed())?;
    }
    Ok(())
}

pub(crate) fn insert_change(
    connection: &Connection,
    d: &DatasetName,
    change_id: i64,
    change: &NewChange<'_>,
    image: &Image,
    record: &Record,
    now: i64,
) -> Result<(), Error> {
    let query = queries::INSERT_CHANGE;
    let text = exact_json::write(record).map_err(|e| Error::Invalid(format!("writing the change's record: {e}")))?;
    let n_boxes = i64::try_from(record.before.len().max(record.after.len())).unwrap_or(i64::MAX);
    let status = if change.kind == "edit" { "done" } else { "final" };
    let values = params![
        change_id,
        change.kind,
        change.title,
        change.author,
        image.image_id,
        image.revision,
        change.client_id,
        text,
        1,
        n_boxes,
        status,
        now
    ];
    let mut statement = connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
    statement.execute(values).map_err(query.failed())?;
    Ok(())
}
