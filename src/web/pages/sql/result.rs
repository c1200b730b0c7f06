//! A result as a table with pictures where numbers mean pictures.

use std::collections::HashMap;

use askama::Template;
use serde_json::Value;
use tator_domain::{BoxId, DatasetName, ImageId, PixelBox};
use tator_store::{BoxPlace, ImageFilter};

use crate::addresses;
use crate::figures::grouped;

/// `POST /sql/_result`, and the lower half of the page when it was asked without scripts.
#[derive(Template)]
#[template(path = "sql/_result.html")]
pub struct Answer {
    /// What came of it; `None` before anything was asked.
    pub outcome: Option<Outcome>,
}

/// What came of a statement.
pub enum Outcome {
    /// A table.
    Table(Table),
    /// A refusal or a mistake.
    Failed(Failure),
}

/// A result.
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// Rows in pages of [`PAGE_ROWS`].
    pub pages: Vec<Vec<Vec<Cell>>>,
    /// Rows returned.
    pub n_rows: usize,
    /// There are more.
    pub truncated: bool,
    /// Milliseconds in the database.
    pub ms: f64,
    /// The dataset whose images the numbers are; `None` when it is not known.
    pub dataset: Option<DatasetName>,
    /// All images of the result in the gallery and the labeller, when they are known and few enough for an address.
    pub as_images: Option<(String, String)>,
}

/// Rows shown at a time.
pub const PAGE_ROWS: usize = 100;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as DuckDB says it.
    pub kind: String,
    /// Numbers stand at the right.
    pub numeric: bool,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// SQL NULL.
    Null,
    /// A number, written as it came.
    Number(String),
    /// A text.
    Text(String),
    /// A list, a struct or another thing, as JSON.
    Nested(String),
    /// An image: number, picture, labeller.
    Image(ImageId, String, String),
    /// A box: number, its place on the picture when known, labeller.
    Box(BoxId, Option<Crop>, String),
}

/// A part of a picture, drawn by an SVG that looks at it through a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Crop {
    /// Address of the whole picture.
    pub picture: String,
    /// The window in pixels of the upright image: `x y w h`.
    pub window: String,
    /// Width of the whole in pixels.
    pub width: u32,
    /// Height of the whole in pixels.
    pub height: u32,
    /// The box in pixels.
    pub rect: PixelBox,
}

/// A statement that did not come to a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// Line and column in the statement, from 1, when they are known.
    pub place: Option<(usize, usize)>,
}

impl Table {
    /// A table out of what the store answers. `places` tells where boxes are.
    #[must_use]
    pub fn new(
        columns: Vec<(String, String)>,
        rows: &[Vec<Value>],
        truncated: bool,
        ms: f64,
        dataset: Option<DatasetName>,
        places: &HashMap<BoxId, BoxPlace>,
    ) -> Self {
        let columns: Vec<Column> =
            columns.into_iter().map(|(name, kind)| Column { numeric: is_numeric(&kind), name, kind }).collect();
        let image_at = columns.iter().position(|column| column.name == "image_id");
        let draw = |row: &Vec<Value>| -> Vec<Cell> {
            let image = image_at.and_then(|at| row.get(at)).and_then(Value::as_i64);
            columns
                .iter()
                .zip(row)
                .map(|(column, value)| cell(column, value, image, dataset.as_ref(), places))
                .collect()
        };
        let pages = rows.chunks(PAGE_ROWS).map(|some| some.iter().map(draw).collect()).collect();
        let as_images = dataset.as_ref().zip(image_at).and_then(|(name, at)| as_images(name, rows, at));
        Self { pages, n_rows: rows.len(), columns, truncated, ms, dataset, as_images }
    }

    /// How much came, and how much of it there is.
    #[must_use]
    pub fn rows_words(&self) -> String {
        let n = grouped(self.n_rows as u64);
        match (self.truncated, self.n_rows) {
            (true, _) => format!("First {n} rows of more"),
            (false, 1) => "1 row".to_owned(),
            (false, _) => format!("{n} rows"),
        }
    }

    /// The result has numbers of images or boxes but no dataset to find them in.
    #[must_use]
    pub fn wants_dataset(&self) -> bool {
        self.dataset.is_none() && self.columns.iter().any(|c| matches!(c.name.as_str(), "image_id" | "box_id"))
    }

    /// Time in the database in words.
    #[must_use]
    pub fn time_words(&self) -> String {
        if self.ms < 1000.0 { format!("{:.0} ms", self.ms.max(1.0)) } else { format!("{:.2} s", self.ms / 1000.0) }
    }
}

impl Column {
    /// Values are numbers of images: wide enough for a picture.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        matches!(self.name.as_str(), "image_id" | "box_id")
    }
}

/// Which boxes of a result have to be looked up before [`Table::new`].
#[must_use]
pub fn boxes_named(columns: &[(String, String)], rows: &[Vec<Value>]) -> Vec<BoxId> {
    let Some(at) = columns.iter().position(|(name, _)| name == "box_id") else { return vec![] };
    rows.iter().filter_map(|row| row.get(at).and_then(Value::as_i64)).collect()
}

fn is_numeric(kind: &str) -> bool {
    let kind = kind.to_ascii_uppercase();
    !kind.contains('[')
        && ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "REAL"]
            .iter()
            .any(|number| kind.trim_start_matches('U').starts_with(number))
}

fn cell(
    column: &Column,
    value: &Value,
    image: Option<ImageId>,
    dataset: Option<&DatasetName>,
    places: &HashMap<BoxId, BoxPlace>,
) -> Cell {
    match (value, dataset) {
        (Value::Null, _) => Cell::Null,
        (Value::Number(number), Some(name)) if column.name == "image_id" => {
            number.as_i64().map_or_else(|| Cell::Number(number.to_string()), |id| image_cell(name, id))
        }
        (Value::Number(number), Some(name)) if column.name == "box_id" => number
            .as_i64()
            .and_then(|id| box_cell(name, id, image, places.get(&id)))
            .unwrap_or_else(|| Cell::Number(number.to_string())),
        (Value::Number(number), _) => Cell::Number(number.to_string()),
        (Value::String(text), _) if column.numeric => Cell::Number(text.clone()),
        (Value::String(text), _) => Cell::Text(text.clone()),
        (Value::Bool(truth), _) => Cell::Text(truth.to_string()),
        (nested, _) => Cell::Nested(nested.to_string()),
    }
}

fn image_cell(dataset: &DatasetName, id: ImageId) -> Cell {
    let href = addresses::label(dataset, id, None, &ImageFilter::default());
    Cell::Image(id, addresses::thumbnail(dataset, id, 192), href)
}

fn box_cell(dataset: &DatasetName, id: BoxId, image: Option<ImageId>, place: Option<&BoxPlace>) -> Option<Cell> {
    let image = place.map(|place| place.image_id).or(image)?;
    let href = addresses::label(dataset, image, Some(id), &ImageFilter::default());
    Some(Cell::Box(id, place.map(|place| crop(dataset, place)), href))
}

/// A window a little larger than the box, never smaller than a few pixels.
#[must_use]
pub fn crop(dataset: &DatasetName, place: &BoxPlace) -> Crop {
    let PixelBox { x, y, w, h } = place.rect;
    let margin = (w.max(h) * 0.25).max(6.0);
    let window = format!("{:.1} {:.1} {:.1} {:.1}", x - margin, y - margin, w + 2.0 * margin, h + 2.0 * margin);
    Crop {
        picture: addresses::thumbnail(dataset, place.image_id, 1024),
        window,
        width: place.width,
        height: place.height,
        rect: place.rect,
    }
}

fn as_images(dataset: &DatasetName, rows: &[Vec<Value>], at: usize) -> Option<(String, String)> {
    let ids: Vec<ImageId> = rows.iter().filter_map(|row| row.get(at).and_then(Value::as_i64)).collect();
    addresses::as_images(dataset, &ids)
}

/// Finds where in the statement DuckDB points: it quotes a line after `LINE n:` and puts a caret beneath it.
#[must_use]
pub fn place_of_error(message: &str, statement: &str) -> Option<(usize, usize)> {
    let mut lines = message.lines();
    let quoted = lines.by_ref().find(|line| line.starts_with("LINE "))?;
    let caret = lines.next()?.find('^')?;
    let (head, _) = quoted.split_once(": ")?;
    let number: usize = head.strip_prefix("LINE ")?.parse().ok()?;
    let line = statement.lines().nth(number.checked_sub(1)?)?;
    // A long line is cut to "...middle...": what stands at the caret is looked for in the whole line.
    let at_caret: String = quoted.chars().skip(caret).take_while(|c| *c != '.').take(24).collect();
    let plain = caret.checked_sub(head.len() + 2)?;
    let shown = quoted.chars().skip(head.len() + 2).collect::<String>();
    let column =
        if shown == line { plain } else { line.find(at_caret.trim_end()).map(|at| line[..at].chars().count())? };
    Some((number, column + 1))
}

/// The dataset that a statement reads from, when it names just one of them.
#[must_use]
pub fn dataset_of(statement: &str, known: &[DatasetName]) -> Option<DatasetName> {
    let lower = statement.to_lowercase();
    let mut named = known.iter().filter(|name| mentions(&lower, name.as_str()));
    match (named.next(), named.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => None,
    }
}

/// The text has `name.` and what stands before it is no part of a word.
fn mentions(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    [format!("{name}."), format!("\"{name}\".")]
        .iter()
        .any(|word| text.match_indices(word.as_str()).any(|(at, _)| !text[..at].ends_with(is_word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names() -> Vec<DatasetName> {
        ["coins", "oins", "demo"].into_iter().map(|name| name.parse().expect("a valid name")).collect()
    }

    #[test]
    fn the_caret_of_an_error_is_found_in_the_statement() {
        let sql = "SELECT *\nFORM coins.images";
        let message = "Parser Error: syntax error at or near \"coins\"\n\nLINE 2: FORM coins.images\n             ^";
        assert_eq!(place_of_error(message, sql), Some((2, 6)));
        assert_eq!(place_of_error("Out of Memory", sql), None);
    }

    #[test]
    fn the_caret_of_a_cut_line_is_found_by_its_words() {
        let sql = format!("SELECT {} misspelt FROM t", "a, ".repeat(60));
        let message = "Binder Error\n\nLINE 1: ...a, a, misspelt FROM t\n                 ^";
        assert_eq!(place_of_error(message, &sql), Some((1, 1 + sql.find("misspelt").expect("it is there"))));
    }

    #[test]
    fn a_statement_belongs_to_the_one_dataset_it_names() {
        assert_eq!(dataset_of("SELECT * FROM Coins.images", &names()).map(|n| n.to_string()), Some("coins".into()));
        assert_eq!(dataset_of("SELECT * FROM coins.images, demo.images", &names()), None);
        assert_eq!(dataset_of("SELECT 1", &names()), None);
    }

    #[test]
    fn without_a_dataset_an_image_is_only_a_number() {
        let columns = vec![("image_id".to_owned(), "BIGINT".to_owned())];
        let table = Table::new(columns.clone(), &[vec![json!(7)]], false, 1.0, None, &HashMap::new());
        assert_eq!(table.pages[0][0][0], Cell::Number("7".into()));
        let table = Table::new(columns, &[vec![json!(7)]], false, 1.0, Some(names()[0].clone()), &HashMap::new());
        assert!(matches!(&table.pages[0][0][0], Cell::Image(7, _, href) if href == "/d/coins/label?image=7"));
    }

    #[test]
    fn the_cut_is_announced() {
        let table = Table::new(
            vec![("n".into(), "BIGINT".into())],
            &vec![vec![json!(1)]; 1000],
            true,
            1.0,
            None,
            &HashMap::new(),
        );
        assert_eq!(table.rows_words(), "First 1,000 rows of more");
        assert_eq!(table.pages.len(), 10);
    }
}
