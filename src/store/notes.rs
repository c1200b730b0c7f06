//! What people say about an image: comments and tags. They come and go by edits of the image, so that they are kept,
//! merged, undone and written into the history as boxes are.

use duckdb::{Connection, params};
use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, CommentKind, DatasetName, ImageId, ImageState, Timestamp, plain_words};

use crate::reader::{self, Reader};
use crate::summary::Edit;
use crate::writer::WriterState;
use crate::{Error, queries};

/// Longest comment, in characters.
const LONGEST_COMMENT: usize = 4000;
/// Longest tag, in characters.
const LONGEST_TAG: usize = 60;

/// A comment on an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number, never reused.
    pub comment_id: i64,
    /// The image.
    pub image_id: ImageId,
    /// Why it was written.
    pub kind: CommentKind,
    /// What it says.
    pub text: String,
    /// The point it is about, in pixels of the upright image.
    #[serde(rename = "at")]
    pub pin: Option<[f64; 2]>,
    /// The box it is about; the box may be gone.
    pub box_id: Option<BoxId>,
    /// Who wrote it.
    pub author: String,
    /// When, microseconds since 1970.
    pub written_at: Timestamp,
    /// Who dealt with it; nobody while it is open.
    pub resolved_by: Option<String>,
    /// When it was dealt with.
    pub resolved_at: Option<Timestamp>,
}

/// A tag on an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// The word, in lower case.
    pub tag: String,
    /// Who put it there.
    pub author: String,
    /// When, microseconds since 1970.
    pub tagged_at: Timestamp,
}

/// Everything said about an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notes {
    /// Oldest first.
    pub comments: Vec<Comment>,
    /// In order of the alphabet.
    pub tags: Vec<Tag>,
}

/// Images with comments that nobody has dealt with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CommentCounts {
    /// Images with an open comment.
    pub open: u64,
    /// Those that a reviewer sent back.
    pub sent_back: u64,
}

/// What an edit did to comments and tags: the rows it took out, and those it put in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NoteChange {
    pub before: Notes,
    pub after: Notes,
}

impl NoteChange {
    pub fn is_nothing(&self) -> bool {
        self == &Self::default()
    }

    fn between(mut old: Notes, mut new: Notes) -> Self {
        let (had, has) = (old.clone(), new.clone());
        old.comments.retain(|c| !has.comments.contains(c));
        old.tags.retain(|t| !has.tags.contains(t));
        new.comments.retain(|c| !had.comments.contains(c));
        new.tags.retain(|t| !had.tags.contains(t));
        Self { before: old, after: new }
    }

    /// Takes the rows of `before` out and puts those of `after` in.
    pub fn write(&self, c: &Connection, d: &DatasetName, image: ImageId) -> Result<(), Error> {
        for gone in &self.before.comments {
            run(c, d, &queries::DELETE_COMMENT, params![gone.comment_id])?;
        }
        for gone in &self.before.tags {
            run(c, d, &queries::DELETE_TAG, params![image, gone.tag])?;
        }
        for new in &self.after.comments {
            insert_comment(c, d, new)?;
        }
        for new in &self.after.tags {
            run(c, d, &queries::INSERT_TAG, params![image, new.tag, new.author, new.tagged_at])?;
        }
        Ok(())
    }
}

/// Who says something, about which image, and when.
pub(crate) struct Speaker<'a> {
    pub author: &'a str,
    pub image_id: ImageId,
    pub now: Timestamp,
}

/// Works out what the edits do to comments and tags; nothing is written yet.
pub(crate) fn change_of(
    state: &mut WriterState,
    d: &DatasetName,
    who: &Speaker<'_>,
    edits: &[Edit],
) -> Result<NoteChange, Error> {
    let concerns = |e: &Edit| match e {
        Edit::State { value } => *value == ImageState::Reviewed,
        Edit::Comment { .. } | Edit::Resolve { .. } | Edit::Tag { .. } => true,
        Edit::Add { .. } | Edit::Update { .. } | Edit::Delete { .. } | Edit::Split { .. } => false,
    };
    if !edits.iter().any(concerns) {
        return Ok(NoteChange::default());
    }
    let known = notes_on(&state.connection, d, who.image_id)?;
    let mut notes = known.clone();
    for edit in edits {
        match edit {
            Edit::Comment { text, kind, at, box_id } => {
                let comment_id = state.next_change_id(d)?;
                let kind = kind.unwrap_or(CommentKind::Note);
                notes.comments.push(who.comment(comment_id, kind, text, *at, *box_id)?);
            }
            Edit::Resolve { comment_id, resolved } => {
                let found = notes.comments.iter_mut().find(|c| c.comment_id == *comment_id);
                let found = found.ok_or_else(|| {
                    Error::Invalid(format!("comment {comment_id} is not on image {}: it was taken back", who.image_id))
                })?;
                who.resolve(found, resolved.unwrap_or(true));
            }
            Edit::Tag { tag, on } => who.tag(&mut notes.tags, tag, on.unwrap_or(true))?,
            Edit::State { value: ImageState::Reviewed } => {
                let sent_back = |c: &&mut Comment| c.kind == CommentKind::SentBack;
                notes.comments.iter_mut().filter(sent_back).for_each(|c| who.resolve(c, true));
            }
            _ => {}
        }
    }
    Ok(NoteChange::between(known, notes))
}

impl Speaker<'_> {
    fn comment(
        &self,
        comment_id: i64,
        kind: CommentKind,
        text: &str,
        pin: Option<[f64; 2]>,
        box_id: Option<BoxId>,
    ) -> Result<Comment, Error> {
        let text = text.trim();
        let visible = !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
        if text.is_empty() || text.chars().count() > LONGEST_COMMENT || !visible {
            return Err(Error::Invalid(format!("a comment has 1 to {LONGEST_COMMENT} visible characters")));
        }
        if pin.is_some_and(|at| !at.iter().all(|v| v.is_finite())) {
            return Err(Error::Invalid("a comment is pinned to a point of two finite numbers".into()));
        }
        Ok(Comment {
            comment_id,
            image_id: self.image_id,
            kind,
            text: text.to_owned(),
            pin,
            box_id,
            author: self.author.to_owned(),
            written_at: self.now,
            resolved_by: None,
            resolved_at: None,
        })
    }

    /// Whoever dealt with it first stays named.
    fn resolve(&self, comment: &mut Comment, resolved: bool) {
        if resolved == comment.resolved_at.is_some() {
            return;
        }
        comment.resolved_by = resolved.then(|| self.author.to_owned());
        comment.resolved_at = resolved.then_some(self.now);
    }

    fn tag(&self, tags: &mut Vec<Tag>, tag: &str, on: bool) -> Result<(), Error> {
        let tag = plain_words(tag, LONGEST_TAG)
            .ok_or_else(|| Error::Invalid(format!("a tag has 1 to {LONGEST_TAG} visible characters")))?
            .to_lowercase();
        let known = tags.iter().any(|t| t.tag == tag);
        if !on {
            tags.retain(|t| t.tag != tag);
        } else if !known {
            tags.push(Tag { tag, author: self.author.to_owned(), tagged_at: self.now });
        }
        Ok(())
    }
}

/// What an edit says, for the history.
pub(crate) fn words_of(edit: &Edit) -> Option<String> {
    let short = |text: &str| {
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() > 60 { line.chars().take(59).chain(['…']).collect() } else { line }
    };
    match edit {
        Edit::Comment { text, kind: Some(CommentKind::SentBack), .. } => Some(format!("sent back: {}", short(text))),
        Edit::Comment { text, .. } => Some(format!("comment: {}", short(text))),
        Edit::Resolve { resolved: Some(false), .. } => Some("comment opened again".to_owned()),
        Edit::Resolve { .. } => Some("comment resolved".to_owned()),
        Edit::Tag { tag, on: Some(false) } => Some(format!("tag {} taken off", short(tag))),
        Edit::Tag { tag, .. } => Some(format!("tag {}", short(tag))),
        _ => None,
    }
}

fn run(c: &Connection, d: &DatasetName, query: &queries::Query, values: impl duckdb::Params) -> Result<(), Error> {
    let mut statement = c.prepare_cached(&query.of(d)).map_err(query.failed())?;
    statement.execute(values).map_err(query.failed())?;
    Ok(())
}

fn insert_comment(c: &Connection, d: &DatasetName, new: &Comment) -> Result<(), Error> {
    let [x, y] = new.pin.map_or([None, None], |[x, y]| [Some(x), Some(y)]);
    let values = params![
        new.comment_id,
        new.image_id,
        new.kind.as_str(),
        new.text,
        x,
        y,
        new.box_id,
        new.author,
        new.written_at,
        new.resolved_by,
        new.resolved_at
    ];
    run(c, d, &queries::INSERT_COMMENT, values)
}

/// Everything said about an image.
pub(crate) fn notes_on(c: &Connection, d: &DatasetName, image: ImageId) -> Result<Notes, Error> {
    let query = queries::SELECT_COMMENTS;
    let mut statement = c.prepare_cached(&query.of(d)).map_err(query.failed())?;
    let rows = statement.query_map([image], |row| {
        let point = (row.get::<_, Option<f64>>("x")?, row.get::<_, Option<f64>>("y")?);
        Ok(Comment {
            comment_id: row.get("comment_id")?,
            image_id: row.get("image_id")?,
            kind: row.get::<_, String>("kind")?.parse().unwrap_or(CommentKind::Note),
            text: row.get("text")?,
            pin: point.0.zip(point.1).map(|(x, y)| [x, y]),
            box_id: row.get("box_id")?,
            author: row.get("author")?,
            written_at: row.get("at_us")?,
            resolved_by: row.get("resolved_by")?,
            resolved_at: row.get("resolved_us")?,
        })
    });
    let comments: Result<Vec<Comment>, _> = rows.map_err(query.failed())?.collect();
    let mut comments = comments.map_err(query.failed())?;
    comments.sort_unstable_by_key(|comment| comment.comment_id);
    Ok(Notes { comments, tags: tags_on(c, d, image)? })
}

fn tags_on(c: &Connection, d: &DatasetName, image: ImageId) -> Result<Vec<Tag>, Error> {
    let query = queries::SELECT_TAGS;
    let mut statement = c.prepare_cached(&query.of(d)).map_err(query.failed())?;
    let rows = statement.query_map([image], |row| {
        Ok(Tag { tag: row.get("tag")?, author: row.get("author")?, tagged_at: row.get("at_us")? })
    });
    let tags: Result<Vec<Tag>, _> = rows.map_err(query.failed())?.collect();
    let mut tags = tags.map_err(query.failed())?;
    tags.sort_unstable_by(|a, b| a.tag.cmp(&b.tag));
    Ok(tags)
}

impl Reader {
    /// Comments and tags of an image.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn notes(&self, dataset: &DatasetName, image: ImageId) -> Result<Notes, Error> {
        self.engine.with(|c| {
            reader::find_dataset(c, dataset)?;
            reader::image_record(c, dataset, image)?;
            notes_on(c, dataset, image)
        })
    }

    /// The tags of a dataset that hold `search`, most used first, with how many images have each.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn tags(&self, dataset: &DatasetName, search: &str, limit: usize) -> Result<Vec<(String, u64)>, Error> {
        let query = queries::COUNT_TAGS;
        self.engine.with(|c| {
            reader::find_dataset(c, dataset)?;
            let mut statement = c.prepare(&query.of(dataset)).map_err(query.failed())?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![search.to_lowercase(), limit], |row| {
                Ok((row.get("tag")?, row.get::<_, i64>("n")?.unsigned_abs()))
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// How many images have comments that nobody has dealt with.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn comment_counts(&self, dataset: &DatasetName) -> Result<CommentCounts, Error> {
        let query = queries::COUNT_COMMENTS;
        self.engine.with(|c| {
            reader::find_dataset(c, dataset)?;
            let mut statement = c.prepare(&query.of(dataset)).map_err(query.failed())?;
            let counted = statement.query_row([], |row| {
                let n = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
                Ok(CommentCounts { open: n("open")?, sent_back: n("sent_back")? })
            });
            counted.map_err(query.failed())
        })
    }
}
