//! Changes that reach beyond one image, and their undo: imports, merged and renamed classes, drafts.
//!
//! A change keeps the rows it takes out (`before`) in `removed_*`; its undo keeps the rows it had put in (`after`)
//! there, so that redo swaps them back.

use duckdb::params;
use serde::{Deserialize, Serialize};
use tator_domain::{Class, ClassId, DatasetName};

use crate::Error;
use crate::load::LoadRecord;
use crate::queries::{self, Query};
use crate::writer::{Writer, WriterState, checked_class_name, find_class};

/// What a merge did.
#[derive(Debug, Serialize, Deserialize)]
struct MergeRecord {
    from: ClassId,
    into: ClassId,
}

/// What a class was called before and after.
#[derive(Debug, Serialize, Deserialize)]
struct RenameRecord {
    class_id: ClassId,
    before: String,
    after: String,
}

/// A bulk change as its row has it.
pub(crate) struct BulkChange {
    pub change_id: i64,
    kind: String,
    title: String,
    record: String,
    status: String,
    image_id: Option<i64>,
    n_images: i64,
    n_boxes: i64,
}

impl Writer {
    /// Gives a class another name; the history takes it back.
    ///
    /// # Errors
    /// [`Error::Exists`] when another living class has it; [`Error::NotFound`]; [`Error::Invalid`] for a bad name.
    pub fn rename_class(&self, d: &DatasetName, class_id: ClassId, name: &str, author: &str) -> Result<Class, Error> {
        let (after, now) = (checked_class_name(name)?, self.clock.now());
        self.change(|state| {
            let class = find_class(&state.classes(d)?, d, class_id)?.clone();
            if class.name == after {
                return Ok(class);
            }
            set_class_name(state, d, class_id, &after)?;
            let title = format!("renamed class {} to {after}", class.name);
            let record = RenameRecord { class_id, before: class.name.clone(), after: after.clone() };
            let record = serde_json::to_string(&record).map_err(|e| Error::Invalid(e.to_string()))?;
            let change_id = state.next_change_id(d)?;
            log(state, d, change_id, ("rename", &title, author), &record, (0, 0), ("done", now))?;
            Ok(Class { name: after, ..class })
        })
    }

    /// Merges class `from` into `into`: its boxes move, it is retired with a redirect. Gives how many boxes moved.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when the two are the same or one is retired.
    pub fn merge_class(&self, d: &DatasetName, from: ClassId, into: ClassId, author: &str) -> Result<u64, Error> {
        let now = self.clock.now();
        self.change(|state| {
            let classes = state.classes(d)?;
            let (old, new) = (find_class(&classes, d, from)?, find_class(&classes, d, into)?);
            if from == into || old.retired || new.retired {
                return Err(Error::Invalid(format!(
                    "{:?} cannot be merged into {:?}: both must be living and different",
                    old.name, new.name
                )));
            }
            let change_id = state.next_change_id(d)?;
            let moved = run(state, d, &queries::KEEP_BOXES_OF_CLASS, params![change_id, from])?;
            let on_images = count_kept_images(state, d, change_id)?;
            run(state, d, &queries::MOVE_BOXES_OF_CLASS, params![into, now, from, change_id])?;
            run(state, d, &queries::UPDATE_CLASS_RETIRED, params![true, into, from])?;
            after_swap(state, d, change_id, now)?;
            let record =
                serde_json::to_string(&MergeRecord { from, into }).map_err(|e| Error::Invalid(e.to_string()))?;
            let title = format!("merged class {} into {}", old.name, new.name);
            let reach = (on_images, i64::try_from(moved).unwrap_or(i64::MAX));
            log(state, d, change_id, ("merge", &title, author), &record, reach, ("done", now))?;
            state.forget(d);
            Ok(moved)
        })
    }

    /// Takes back a change: one of many images, or the latest edit of one image.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when it is undone already, or later edits rest on it.
    pub fn undo_change(&self, d: &DatasetName, change_id: i64, author: &str) -> Result<(), Error> {
        self.swap(d, change_id, author, true)
    }

    /// Makes a change of many images again.
    ///
    /// # Errors
    /// As [`Writer::undo_change`].
    pub fn redo_change(&self, d: &DatasetName, change_id: i64, author: &str) -> Result<(), Error> {
        self.swap(d, change_id, author, false)
    }

    /// The image of a change that is one image's edit and next in turn; `None` for other kinds.
    fn edited_image(&self, d: &DatasetName, change_id: i64, undo: bool) -> Result<Option<i64>, Error> {
        self.change(|state| {
            let change = find_change(state, d, change_id)?;
            let Some(image_id) = change.image_id.filter(|_| change.kind == "edit") else { return Ok(None) };
            let (which, status) = if undo { ("max", "done") } else { ("min", "undone") };
            let sql = format!(
                "SELECT {which}(change_id) FROM \"{d}\".changes WHERE image_id = ? AND kind = 'edit' AND status = '{status}'"
            );
            let turn: Option<i64> = state.connection.query_row(&sql, [image_id], |row| row.get(0))?;
            if turn == Some(change_id) {
                return Ok(Some(image_id));
            }
            Err(Error::Invalid(format!("change {change_id} is {}, or other edits of image {image_id} come first", change.status)))
        })
    }

    fn swap(&self, d: &DatasetName, change_id: i64, author: &str, undo: bool) -> Result<(), Error> {
        let now = self.clock.now();
        if let Some(image_id) = self.edited_image(d, change_id, undo)? {
            let step = if undo { self.undo(d, image_id, "", author) } else { self.redo(d, image_id, "", author) };
            return step.map(|_| ());
        }
        self.change(|state| {
            let change = find_change(state, d, change_id)?;
            let (wanted, left, verb) = if undo { ("done", "undone", "undo") } else { ("undone", "done", "redo") };
            if change.status != wanted {
                return Err(Error::Invalid(format!("change {change_id} cannot be {verb}ne: it is {}", change.status)));
            }
            match change.kind.as_str() {
                "import" => swap_import(state, d, &change, undo, now)?,
                "merge" => swap_merge(state, d, &change, undo, now)?,
                "tweak" => crate::tweaks::swap(state, d, &change, undo, now)?,
                "drafts" => crate::drafts::swap(state, d, &change, undo, now)?,
                "rename" => swap_rename(state, d, &change, undo)?,
                other => {
                    return Err(Error::Invalid(format!("change {change_id} is an {other}: it cannot be {verb}ne")));
                }
            }
            run(state, d, &queries::UPDATE_CHANGE_STATUS, params![left, change_id])?;
            let title = format!("{verb} of change {change_id}: {}", change.title);
            let own = state.next_change_id(d)?;
            let reach = (change.n_images, change.n_boxes);
            let record = serde_json::json!({ "of": change_id }).to_string();
            log(state, d, own, (verb, &title, author), &record, reach, ("final", now))?;
            state.forget(d);
            Ok(())
        })
    }
}

pub(crate) fn run<P: duckdb::Params>(
    state: &WriterState,
    d: &DatasetName,
    query: &Query,
    values: P,
) -> Result<u64, Error> {
    Ok(state.connection.execute(&query.of(d), values).map_err(query.failed())? as u64)
}

/// What stands in the history: kind, title, author; how many images and boxes; status and time.
pub(crate) fn log(
    state: &WriterState,
    d: &DatasetName,
    change_id: i64,
    (kind, title, author): (&str, &str, &str),
    record: &str,
    (n_images, n_boxes): (i64, i64),
    (status, now): (&str, i64),
) -> Result<(), Error> {
    let none: Option<i64> = None;
    let nobody = None::<String>;
    let values = params![change_id, kind, title, author, none, none, nobody, record, n_images, n_boxes, status, now];
    run(state, d, &queries::INSERT_CHANGE, values)?;
    Ok(())
}

fn find_change(state: &WriterState, d: &DatasetName, change_id: i64) -> Result<BulkChange, Error> {
    let query = queries::SELECT_CHANGE;
    let mut statement = state.connection.prepare(&query.of(d)).map_err(query.failed())?;
    let found = statement.query_row([change_id], |row| {
        Ok(BulkChange {
            change_id: row.get("change_id")?,
            kind: row.get("kind")?,
            title: row.get("title")?,
            record: row.get::<_, Option<String>>("record")?.unwrap_or_default(),
            status: row.get("status")?,
            image_id: row.get("image_id")?,
            n_images: row.get("n_images")?,
            n_boxes: row.get("n_boxes")?,
        })
    });
    match found {
        Err(duckdb::Error::QueryReturnedNoRows) => Err(Error::NotFound(format!("change {change_id} of {d}"))),
        other => other.map_err(query.failed()),
    }
}

pub(crate) fn parse<'a, T: Deserialize<'a>>(change: &'a BulkChange) -> Result<T, Error> {
    serde_json::from_str(&change.record)
        .map_err(|e| Error::Invalid(format!("the record of change {} is damaged: {e}", change.change_id)))
}

fn swap_import(
    state: &mut WriterState,
    d: &DatasetName,
    change: &BulkChange,
    undo: bool,
    now: i64,
) -> Result<(), Error> {
    let record: LoadRecord = parse(change)?;
    let id = change.change_id;
    let (first, last) = (record.first_image_id, record.last_image_id);
    if undo {
        let query = queries::COUNT_LATER_EDITS;
        let mut statement = state.connection.prepare(&query.of(d)).map_err(query.failed())?;
        let later: i64 = statement.query_row(params![id, first, last], |row| row.get("n")).map_err(query.failed())?;
        drop(statement);
        if later > 0 {
            let text = format!(
                "people have made {later} edits on these images since: undo those first, or delete the dataset"
            );
            return Err(Error::Invalid(text));
        }
    }
    // The undo keeps what the import put in and brings back what it took out; the redo does the reverse.
    let (keep, restore) = if undo { ("after", "before") } else { ("before", "after") };
    if undo {
        run(state, d, &queries::KEEP_BOXES_IN_RANGE, params![id, keep, record.first_box_id, record.last_box_id])?;
        run(state, d, &queries::DELETE_BOXES_IN_RANGE, params![record.first_box_id, record.last_box_id])?;
        run(state, d, &queries::KEEP_IMAGES_IN_RANGE, params![id, keep, first, last])?;
        run(state, d, &queries::DELETE_IMAGES_IN_RANGE, params![first, last])?;
        run(state, d, &queries::RESTORE_BOXES, params![id, restore])?;
    } else {
        let replaced = format!(
            "DELETE FROM \"{d}\".boxes WHERE box_id IN (SELECT box_id FROM \"{d}\".removed_boxes WHERE change_id = {id} AND side = '{keep}')"
        );
        state.connection.execute_batch(&replaced)?;
        run(state, d, &queries::RESTORE_BOXES, params![id, restore])?;
        run(state, d, &queries::RESTORE_IMAGES, params![id, restore])?;
    }
    after_swap(state, d, id, now)?;
    state.touch(d, (first, last))?;
    if !undo {
        run(state, d, &queries::FORGET_KEPT, params![id, restore])?;
        run(state, d, &queries::FORGET_KEPT_IMAGES, params![id, restore])?;
    }
    Ok(())
}

fn swap_merge(
    state: &mut WriterState,
    d: &DatasetName,
    change: &BulkChange,
    undo: bool,
    now: i64,
) -> Result<(), Error> {
    let MergeRecord { from, into } = parse(change)?;
    let (here, there) = if undo { (into, from) } else { (from, into) };
    run(state, d, &queries::MOVE_BOXES_OF_CLASS, params![there, now, here, change.change_id])?;
    run(state, d, &queries::UPDATE_CLASS_RETIRED, params![!undo, (!undo).then_some(into), from])?;
    after_swap(state, d, change.change_id, now)
}

fn swap_rename(state: &mut WriterState, d: &DatasetName, change: &BulkChange, undo: bool) -> Result<(), Error> {
    let RenameRecord { class_id, before, after } = parse(change)?;
    let (here, there) = if undo { (after, before) } else { (before, after) };
    let classes = state.classes(d)?;
    let class = find_class(&classes, d, class_id)?;
    if class.name != here {
        return Err(Error::Invalid(format!("the class is called {:?} by now: rename it instead", class.name)));
    }
    set_class_name(state, d, class_id, &there)
}

/// Two living classes never share a name.
fn set_class_name(state: &mut WriterState, d: &DatasetName, class_id: ClassId, name: &str) -> Result<(), Error> {
    if state.classes(d)?.iter().any(|c| c.name == name && !c.retired && c.class_id != class_id) {
        return Err(Error::Exists(format!("class \"{name}\"")));
    }
    run(state, d, &queries::UPDATE_CLASS_NAME, params![name, class_id])?;
    state.touch(d, (0, -1))?;
    state.forget(d);
    Ok(())
}

/// Images with boxes that a change has kept.
pub(crate) fn count_kept_images(state: &WriterState, d: &DatasetName, change_id: i64) -> Result<i64, Error> {
    let query = queries::COUNT_KEPT_IMAGES;
    let mut statement = state.connection.prepare(&query.of(d)).map_err(query.failed())?;
    statement.query_row([change_id], |row| row.get("n")).map_err(query.failed())
}

/// New revisions and counts, and a place in the queue of what is to be published.
pub(crate) fn after_swap(state: &mut WriterState, d: &DatasetName, change_id: i64, now: i64) -> Result<(), Error> {
    run(state, d, &queries::UPDATE_TOUCHED_IMAGES, params![now, change_id])?;
    state.touch(d, (0, -1))?;
    let seq = state.last_seq();
    run(state, d, &queries::TOUCH_IMAGES, params![seq, change_id])?;
    Ok(())
}
