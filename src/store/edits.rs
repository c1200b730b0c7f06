//! Edits of one image: applied in one transaction, replayed without effect, undone from their record.

use std::collections::{BTreeMap, BTreeSet};

use duckdb::{Connection, params};
use serde::{Deserialize, Serialize};
use tator_domain::{
    BoxId, BoxState, Class, ClassId, DatasetName, Image, ImageBox, ImageId, ImageState, NewBox, Origin, PixelBox, Split,
};

use crate::Error;
use crate::edit_rows::{drop_redo, insert_change, update_image, write_boxes};
use crate::exact_json;
use crate::notes::{self, NoteChange, Speaker};
use crate::queries;
use crate::reader::{self, boxes_on, image_record};
use crate::summary::{Edit, EditAnswer, EditOutcome, EditRequest};
use crate::writer::{Writer, WriterState, find_class};

/// What one change of an image did: enough to take it back, to do it again, and to answer a replay.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub before: Vec<ImageBox>,
    pub after: Vec<ImageBox>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_before: Option<ImageState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_after: Option<ImageState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_before: Option<Split>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_after: Option<Split>,
    #[serde(default)]
    pub ids: BTreeMap<String, BoxId>,
    #[serde(default, skip_serializing_if = "NoteChange::is_nothing")]
    pub notes: NoteChange,
}

impl Record {
    /// What takes this back.
    fn reverse(&mut self) {
        std::mem::swap(&mut self.before, &mut self.after);
        std::mem::swap(&mut self.state_before, &mut self.state_after);
        std::mem::swap(&mut self.split_before, &mut self.split_after);
        std::mem::swap(&mut self.notes.before, &mut self.notes.after);
    }
}

/// A change of an image as its row has it.
pub(crate) struct PastChange {
    pub change_id: i64,
    pub kind: String,
    pub revision: i64,
    pub client_id: String,
    pub record: String,
    pub status: String,
}

/// An image while it is being changed.
struct Draft {
    image: Image,
    past: Vec<PastChange>,
    boxes: BTreeMap<BoxId, ImageBox>,
}

/// What an undo or a redo looks for and leaves.
struct Direction {
    kind: &'static str,
    from: &'static str,
    to: &'static str,
    nothing: &'static str,
}

const UNDO: Direction = Direction { kind: "undo", from: "done", to: "undone", nothing: "there is nothing to undo" };
const REDO: Direction = Direction { kind: "redo", from: "undone", to: "done", nothing: "there is nothing to redo" };

impl Writer {
    /// Makes edits of one image, all or none, and gives the image as it then stands.
    ///
    /// A request whose `client_id` was seen before changes nothing and gets the answer it got. One made on an old
    /// revision is merged when nothing it touches has changed since, and is a [`EditOutcome::Conflict`] otherwise.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the image, [`Error::Invalid`] for edits that make no sense.
    pub fn edit(
        &self,
        d: &DatasetName,
        id: ImageId,
        request: &EditRequest,
        author: &str,
    ) -> Result<EditOutcome, Error> {
        let adds = request.edits.iter().filter(|e| matches!(e, Edit::Add { .. })).count();
        if adds > 0 {
            self.change(|state| state.stock_box_ids(d, i64::try_from(adds).unwrap_or(i64::MAX)))?;
        }
        self.change(|state| {
            let draft = Draft::load(&state.connection, d, id)?;
            if let Some(seen) = draft.past.iter().find(|c| c.client_id == request.client_id) {
                return draft.replay(seen).map(EditOutcome::Applied);
            }
            if draft.clashes(request)? {
                return Ok(EditOutcome::Conflict(draft.answer(BTreeMap::new())));
            }
            let classes = state.classes(d)?;
            let mut record = make_record(state, d, &draft, &classes, &request.edits)?;
            let who = Speaker { author, image_id: id, now: self.clock.now() };
            record.notes = notes::change_of(state, d, &who, &request.edits)?;
            let change =
                NewChange { kind: "edit", title: title_of(&request.edits), client_id: &request.client_id, author };
            self.commit(state, d, draft, record, &change).map(EditOutcome::Applied)
        })
    }

    /// Takes back the latest edit of an image that stands.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is nothing to undo.
    pub fn undo(&self, d: &DatasetName, id: ImageId, client_id: &str, author: &str) -> Result<EditOutcome, Error> {
        self.step(d, id, client_id, author, &UNDO)
    }

    /// Makes again the edit that was taken back last.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is nothing to redo.
    pub fn redo(&self, d: &DatasetName, id: ImageId, client_id: &str, author: &str) -> Result<EditOutcome, Error> {
        self.step(d, id, client_id, author, &REDO)
    }

    fn step(
        &self,
        d: &DatasetName,
        id: ImageId,
        client_id: &str,
        author: &str,
        way: &Direction,
    ) -> Result<EditOutcome, Error> {
        self.change(|state| {
            let draft = Draft::load(&state.connection, d, id)?;
            if let Some(seen) = draft.past.iter().find(|c| c.client_id == client_id && !client_id.is_empty()) {
                return draft.replay(seen).map(EditOutcome::Applied);
            }
            let mut open = draft.past.iter().filter(|c| c.kind == "edit" && c.status == way.from);
            // Newest first: the latest that stands is undone, the earliest of those undone in a row is redone.
            let target = if way.kind == "undo" { open.next() } else { open.next_back() };
            let target = target.ok_or_else(|| Error::Invalid(way.nothing.into()))?;
            let mut record = parse_record(&target.record)?;
            if way.kind == "undo" {
                record.reverse();
            }
            record.ids.clear();
            let query = queries::UPDATE_CHANGE_STATUS;
            let mut statement = state.connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
            statement.execute(params![way.to, target.change_id]).map_err(query.failed())?;
            drop(statement);
            let title = format!("{} of change {}", way.kind, target.change_id);
            let change = NewChange { kind: way.kind, title, client_id, author };
            self.commit(state, d, draft, record, &change).map(EditOutcome::Applied)
        })
    }

    /// Writes the rows, the image's new revision and the change.
    fn commit(
        &self,
        state: &mut WriterState,
        d: &DatasetName,
        mut draft: Draft,
        record: Record,
        change: &NewChange<'_>,
    ) -> Result<EditAnswer, Error> {
        let now = self.clock.now();
        write_boxes(&state.connection, d, &record, now)?;
        record.notes.write(&state.connection, d, draft.image.image_id)?;
        for gone in &record.before {
            draft.boxes.remove(&gone.box_id);
        }
        draft.boxes.extend(record.after.iter().map(|b| (b.box_id, b.clone())));
        draft.image.revision += 1;
        draft.image.state = record.state_after.unwrap_or(draft.image.state);
        draft.image.split = record.split_after.unwrap_or(draft.image.split);
        draft.image.n_boxes = u32::try_from(draft.boxes.len()).unwrap_or(u32::MAX);
        update_image(&state.connection, d, &draft.image, now)?;
        if change.kind == "edit" {
            drop_redo(&state.connection, d, &draft.past)?;
        }
        let change_id = state.next_change_id(d)?;
        insert_change(&state.connection, d, change_id, change, &draft.image, &record, now)?;
        state.touch(d, (draft.image.image_id, draft.image.image_id))?;
        let ids = record.ids;
        (draft.image.revision, draft.past) = (draft.image.revision, draft.past_after(change));
        Ok(draft.answer(ids))
    }
}

/// A change on its way into the history.
pub(crate) struct NewChange<'a> {
    pub kind: &'static str,
    pub title: String,
    pub client_id: &'a str,
    pub author: &'a str,
}

impl Draft {
    fn load(connection: &Connection, d: &DatasetName, id: ImageId) -> Result<Self, Error> {
        reader::find_dataset(connection, d)?;
        let image = image_record(connection, d, id)?;
        let boxes = boxes_on(connection, d, id)?.into_iter().map(|b| (b.box_id, b)).collect();
        Ok(Self { image, past: past_changes(connection, d, id)?, boxes })
    }

    fn answer(&self, ids: BTreeMap<String, BoxId>) -> EditAnswer {
        let edits = |status: &str| self.past.iter().any(|c| c.kind == "edit" && c.status == status);
        EditAnswer {
            revision: self.image.revision,
            state: self.image.state,
            boxes: self.boxes.values().cloned().collect(),
            ids,
            can_undo: edits("done"),
            can_redo: edits("undone"),
        }
    }

    /// The answer that the change `seen` got: later changes are taken back in memory.
    fn replay(&self, seen: &PastChange) -> Result<EditAnswer, Error> {
        let mut boxes = self.boxes.clone();
        let mut state = self.image.state;
        for later in self.past.iter().filter(|c| c.revision > seen.revision) {
            let record = parse_record(&later.record)?;
            for made in &record.after {
                boxes.remove(&made.box_id);
            }
            boxes.extend(record.before.into_iter().map(|b| (b.box_id, b)));
            state = record.state_before.unwrap_or(state);
        }
        let mut answer = self.answer(parse_record(&seen.record)?.ids);
        answer.revision = seen.revision;
        answer.state = state;
        answer.boxes = boxes.into_values().collect();
        Ok(answer)
    }

    /// Whether something the request touches has changed since its base revision.
    fn clashes(&self, request: &EditRequest) -> Result<bool, Error> {
        if request.base_revision == self.image.revision {
            return Ok(false);
        }
        if request.base_revision > self.image.revision {
            return Ok(true);
        }
        let mut touched = BTreeSet::new();
        let (mut state_changed, mut split_changed, mut known) = (false, false, 0);
        for later in self.past.iter().filter(|c| c.revision > request.base_revision) {
            let record = parse_record(&later.record)?;
            touched.extend(record.before.iter().chain(&record.after).map(|b| b.box_id));
            state_changed |= record.state_after.is_some();
            split_changed |= record.split_after.is_some();
            known += 1;
        }
        // A revision without a record here was a bulk change: it may have touched anything.
        let unknown = self.image.revision - request.base_revision > known;
        Ok(request.edits.iter().any(|edit| match edit {
            Edit::Add { .. } | Edit::Comment { .. } | Edit::Resolve { .. } | Edit::Tag { .. } => false,
            Edit::Update { box_id, .. } | Edit::Delete { box_id } => {
                touched.contains(box_id) || (unknown && !self.boxes.contains_key(box_id))
            }
            Edit::State { value } => state_changed && *value != self.image.state,
            Edit::Split { value } => split_changed && *value != self.image.split,
        }))
    }

    /// The history as it stands after `change`, as far as an answer needs it.
    fn past_after(&mut self, change: &NewChange<'_>) -> Vec<PastChange> {
        let mut past = std::mem::take(&mut self.past);
        match change.kind {
            "edit" => {
                past.retain(|c| c.status != "undone");
                past.insert(0, PastChange::standing());
            }
            "undo" => {
                if let Some(c) = past.iter_mut().find(|c| c.kind == "edit" && c.status == "done") {
                    c.status = "undone".into();
                }
            }
            _ => {
                if let Some(c) = past.iter_mut().rfind(|c| c.kind == "edit" && c.status == "undone") {
                    c.status = "done".into();
                }
            }
        }
        past
    }
}

impl PastChange {
    fn standing() -> Self {
        Self {
            change_id: 0,
            kind: "edit".into(),
            revision: 0,
            client_id: String::new(),
            record: String::new(),
            status: "done".into(),
        }
    }
}

/// Whether an image's edits can be undone and redone.
pub(crate) fn undo_state(c: &Connection, d: &DatasetName, id: ImageId) -> Result<(bool, bool), Error> {
    let past = past_changes(c, d, id)?;
    let edits = |status: &str| past.iter().any(|c| c.kind == "edit" && c.status == status);
    Ok((edits("done"), edits("undone")))
}

fn past_changes(connection: &Connection, d: &DatasetName, id: ImageId) -> Result<Vec<PastChange>, Error> {
    let query = queries::SELECT_CHANGES_BY_IMAGE;
    let mut statement = connection.prepare_cached(&query.of(d)).map_err(query.failed())?;
    let rows = statement.query_map([id], |row| {
        Ok(PastChange {
            change_id: row.get("change_id")?,
            kind: row.get("kind")?,
            revision: row.get::<_, Option<i64>>("revision")?.unwrap_or_default(),
            client_id: row.get::<_, Option<String>>("client_id")?.unwrap_or_default(),
            record: row.get::<_, Option<String>>("record")?.unwrap_or_default(),
            status: row.get("status")?,
        })
    });
    let mut past: Vec<PastChange> = rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())?;
    past.sort_unstable_by_key(|c| std::cmp::Reverse(c.change_id));
    Ok(past)
}

fn parse_record(text: &str) -> Result<Record, Error> {
    exact_json::parse(text).map_err(|e| Error::Invalid(format!("a change's record is damaged: {e}")))
}

fn title_of(edits: &[Edit]) -> String {
    let count = |is: fn(&Edit) -> bool| edits.iter().filter(|e| is(e)).count();
    let parts = [
        (count(|e| matches!(e, Edit::Add { .. })), "added"),
        (count(|e| matches!(e, Edit::Update { .. })), "changed"),
        (count(|e| matches!(e, Edit::Delete { .. })), "deleted"),
    ];
    let mut said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, verb)| format!("{n} {verb}")).collect();
    if let Some(Edit::State { value }) = edits.iter().rfind(|e| matches!(e, Edit::State { .. })) {
        said.push(format!("state {value}"));
    }
    said.extend(
        edits.iter().filter_map(|e| if let Edit::Split { value } = e { Some(format!("split {value}")) } else { None }),
    );
    said.extend(edits.iter().filter_map(notes::words_of));
    said.join(", ")
}

/// Works the edits out on a copy of the image's boxes; nothing is written yet.
fn make_record(
    state: &mut WriterState,
    d: &DatasetName,
    draft: &Draft,
    classes: &[Class],
    edits: &[Edit],
) -> Result<Record, Error> {
    if edits.is_empty() {
        return Err(Error::Invalid("there are no edits in the request".into()));
    }
    let mut boxes = draft.boxes.clone();
    let mut record = Record::default();
    let mut touched = BTreeSet::new();
    for edit in edits {
        match edit {
            Edit::Add { key, class_id, x, y, w, h, polygon, angle, state: trust, origin } => {
                let box_id = state.next_box_id(d)?;
                let mut new = NewBox::plain(
                    living_class(classes, d, *class_id)?,
                    placed(&draft.image, PixelBox { x: *x, y: *y, w: *w, h: *h }, *angle)?,
                    origin.clone().unwrap_or(Origin::Human),
                );
                if new.origin == Origin::Import {
                    return Err(Error::Invalid("an edit's box is a person's or a model's, not an import's".into()));
                }
                (new.polygon, new.angle) = (polygon.clone(), *angle);
                new.state = trust.unwrap_or(BoxState::Trusted);
                boxes.insert(box_id, new.numbered(box_id, draft.image.image_id));
                touched.insert(box_id);
                record.ids.insert(key.clone(), box_id);
            }
            Edit::Update { box_id, class_id, x, y, w, h, polygon, angle, state: trust } => {
                let old = boxes.get(box_id).ok_or_else(|| no_such_box(*box_id, &draft.image))?;
                let mut new = old.clone();
                if let Some(class_id) = class_id {
                    new.class_id = living_class(classes, d, *class_id)?;
                }
                let rect = PixelBox {
                    x: x.unwrap_or(old.rect.x),
                    y: y.unwrap_or(old.rect.y),
                    w: w.unwrap_or(old.rect.w),
                    h: h.unwrap_or(old.rect.h),
                };
                if rect != old.rect {
                    new.rect = placed(&draft.image, rect, angle.or(old.angle))?;
                    // The outline belonged to the old place.
                    (new.polygon, new.mask, new.area) = (None, None, None);
                }
                if let Some(outline) = polygon {
                    // What the source said of the old outline holds no longer.
                    (new.polygon, new.mask, new.area) = (Some(outline.clone()), None, None);
                }
                new.angle = angle.or(new.angle);
                new.state = trust.unwrap_or(BoxState::Trusted);
                // Whoever only accepts or doubts what a model made has not made it.
                let is_same = |a: &ImageBox, b: &ImageBox| {
                    (a.class_id, a.rect, &a.polygon, a.angle) == (b.class_id, b.rect, &b.polygon, b.angle)
                };
                if !(matches!(old.origin, Origin::Model(_)) && is_same(old, &new)) {
                    new.origin = Origin::Human;
                }
                boxes.insert(*box_id, new);
                touched.insert(*box_id);
            }
            Edit::Delete { box_id } => {
                boxes.remove(box_id).ok_or_else(|| no_such_box(*box_id, &draft.image))?;
                touched.insert(*box_id);
            }
            Edit::State { value } => {
                record.state_before = Some(draft.image.state);
                record.state_after = Some(*value);
                if *value == ImageState::Reviewed {
                    touched.extend(trust_all(&mut boxes));
                }
            }
            Edit::Split { value } => {
                record.split_before = Some(draft.image.split);
                record.split_after = Some(*value);
            }
            Edit::Comment { .. } | Edit::Resolve { .. } | Edit::Tag { .. } => {}
        }
    }
    record.before = touched.iter().filter_map(|id| draft.boxes.get(id).cloned()).collect();
    record.after = touched.iter().filter_map(|id| boxes.get(id).cloned()).collect();
    Ok(record)
}

/// Whoever accepts an image accepts its drafts; gives the boxes that were drafts.
fn trust_all(boxes: &mut BTreeMap<BoxId, ImageBox>) -> Vec<BoxId> {
    let drafts = boxes.values_mut().filter(|b| b.state == BoxState::Draft);
    let trust = |b: &mut ImageBox| {
        b.state = BoxState::Trusted;
        b.box_id
    };
    drafts.map(trust).collect()
}

fn no_such_box(box_id: BoxId, image: &Image) -> Error {
    Error::Invalid(format!("box {box_id} is not on image {} at revision {}", image.image_id, image.revision))
}

/// A class that takes boxes: a retired one sends to its successor, so that no edit is ever lost to a merge.
fn living_class(classes: &[Class], d: &DatasetName, id: ClassId) -> Result<ClassId, Error> {
    let mut class = find_class(classes, d, id)?;
    for _ in 0..classes.len() {
        match class.retired_into {
            Some(next) => class = find_class(classes, d, next)?,
            None => break,
        }
    }
    Ok(class.class_id)
}

/// A rectangle that a person drew, cut at the image's edge; a turned one may hang over.
fn placed(image: &Image, rect: PixelBox, angle: Option<f64>) -> Result<PixelBox, Error> {
    let (width, height) = (f64::from(image.width), f64::from(image.height));
    let kept = if angle.unwrap_or_default() == 0.0 && rect.is_valid() { rect.clipped(width, height) } else { rect };
    if kept.is_valid() && kept.w > 0.0 && kept.h > 0.0 {
        return Ok(kept);
    }
    let PixelBox { x, y, w, h } = rect;
    Err(Error::Invalid(format!("a box at {x}, {y} of {w} × {h} has no area on an image of {width} × {height} pixels")))
}
