//! Maps of a dataset's vectors: two coordinates for each, made by a job, asked by pages and joined in SQL.
//!
//! The places of all maps lie in one table; a view `map_<encoder>_<of>_<method>` shows those of one.

use arrow::array::{Array, AsArray, Float32Array, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use duckdb::params;
use serde::Serialize;
use tator_domain::{BoxId, DatasetName, ImageId, Timestamp};

use crate::columns::column;
use crate::reader::{Reader, batches, find_dataset};
use crate::writer::Writer;
use crate::{Error, guard, queries};

/// A map as its row has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapRecord {
    /// Its name; the view `map_<name>` has its places.
    pub map: String,
    /// The encoder of its vectors.
    pub encoder: String,
    /// `images` or `boxes`.
    pub of: String,
    /// `umap` or `pca`.
    pub method: String,
    /// How many points there are.
    pub points: u64,
    /// Fingerprint of the encoder.
    pub fingerprint: String,
    /// What it was made with, as JSON.
    pub parameters: String,
    /// When, microseconds since 1970.
    pub made_at: Timestamp,
}

/// The points of a map by image and box, column by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapPoints {
    /// The image of each point.
    pub image_ids: Vec<ImageId>,
    /// The box of each point; empty for a map of images.
    pub box_ids: Vec<BoxId>,
    /// Across.
    pub x: Vec<f32>,
    /// Up.
    pub y: Vec<f32>,
}

/// What an expression says about each point.
#[derive(Debug, Clone, PartialEq)]
pub enum MapValues {
    /// Numbers; not a number where there is none.
    Numbers(Vec<f32>),
    /// Words, the most frequent first, and for each point which; `u32::MAX` where there is none.
    Words(Vec<String>, Vec<u32>),
}

impl MapRecord {
    /// The name of a map: letters, digits and `_`, so that its view can be written without quotes.
    #[must_use]
    pub fn name(encoder: &str, of: &str, method: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        format!("{}_{of}_{method}", encoder.chars().map(plain).collect::<String>())
    }
}

impl Writer {
    /// Keeps a map, instead of the one of that name before.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; when the working set cannot be written.
    pub fn put_map(&self, d: &DatasetName, record: &MapRecord, points: &MapPoints) -> Result<(), Error> {
        self.reader.dataset(d)?;
        // A connection of its own: a million rows must not hold up the next edit.
        let connection = self.reader.engine.connect()?;
        connection.execute_batch("BEGIN TRANSACTION")?;
        for query in [queries::DELETE_MAP, queries::DELETE_MAP_POINTS] {
            connection.execute(&query.of(d), [&record.map]).map_err(query.failed())?;
        }
        let mut appender = connection.appender_to_db("map_points", d.as_str())?;
        for (at, image_id) in points.image_ids.iter().enumerate() {
            let box_id = points.box_ids.get(at);
            appender.append_row(params![record.map, image_id, box_id, points.x[at], points.y[at]])?;
        }
        appender.flush()?;
        drop(appender);
        let (query, count) = (queries::INSERT_MAP, points.image_ids.len() as u64);
        let MapRecord { map, encoder, of, method, fingerprint, parameters, made_at, .. } = record;
        let values = params![map, encoder, of, method, count, fingerprint, parameters, made_at];
        connection.execute(&query.of(d), values).map_err(query.failed())?;
        let view = format!(
            "CREATE OR REPLACE VIEW \"{d}\".\"map_{map}\" AS SELECT image_id, box_id, x, y FROM \"{d}\".map_points WHERE map = '{map}'"
        );
        connection.execute_batch(&view)?;
        connection.execute_batch("COMMIT")?;
        self.reader.engine.bump_version();
        Ok(())
    }
}

impl Reader {
    /// The maps of a dataset, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn maps(&self, d: &DatasetName) -> Result<Vec<MapRecord>, Error> {
        let query = queries::SELECT_MAPS;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map([], |row| {
                Ok(MapRecord {
                    map: row.get("map")?,
                    encoder: row.get("encoder")?,
                    of: row.get("of")?,
                    method: row.get("method")?,
                    points: row.get::<_, i64>("points")?.unsigned_abs(),
                    fingerprint: row.get("fingerprint")?,
                    parameters: row.get("parameters")?,
                    made_at: row.get("made_us")?,
                })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    fn known_map(&self, d: &DatasetName, map: &str) -> Result<MapRecord, Error> {
        let found = self.maps(d)?.into_iter().find(|record| record.map == map);
        found.ok_or_else(|| Error::NotFound(format!("map {map} of {d}")))
    }

    /// The points of a map.
    ///
    /// # Errors
    /// [`Error::NotFound`] for dataset or map.
    pub fn map_points(&self, d: &DatasetName, map: &str) -> Result<MapPoints, Error> {
        let (query, of_boxes) = (queries::SELECT_MAP_POINTS, self.known_map(d, map)?.of == "boxes");
        let found = self.engine.with(|c| batches(c, &query, &query.of(d), [map]))?;
        let mut points = MapPoints::default();
        for batch in &found {
            points.image_ids.extend(column::<Int64Array>(batch, "image_id")?.values());
            if of_boxes {
                points.box_ids.extend(column::<Int64Array>(batch, "box_id")?.values());
            }
            points.x.extend(column::<Float32Array>(batch, "x")?.values());
            points.y.extend(column::<Float32Array>(batch, "y")?.values());
        }
        Ok(points)
    }

    /// What an expression of a person says about each point, in the order of [`Reader::map_points`].
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Sql`] for an expression that is refused or wrong; [`Error::TimedOut`].
    pub fn map_values(&self, d: &DatasetName, map: &str, expression: &str) -> Result<MapValues, Error> {
        let wanted = usize::try_from(self.known_map(d, map)?.points).unwrap_or(usize::MAX);
        let query = queries::SELECT_MAP_VALUES;
        self.engine.with(|c| {
            guard::check_expression(c, expression)?;
            let sql = query.of_where(d, expression);
            let found = guard::read_only(c, guard::CONDITION_SECONDS, || batches(c, &query, &sql, [map]))?;
            if found.iter().map(RecordBatch::num_rows).sum::<usize>() != wanted {
                return Err(Error::Sql(
                    "the expression gives one value for all points: leave out count, sum and their like".into(),
                ));
            }
            values(&found)
        })
    }
}

fn values(found: &[RecordBatch]) -> Result<MapValues, Error> {
    let columns: Vec<_> = found.iter().map(|batch| batch.column(0)).collect();
    let kind = columns.first().map_or(DataType::Float64, |column| column.data_type().clone());
    if kind.is_numeric() {
        let mut numbers = Vec::new();
        for column in columns {
            let column = cast(column, &DataType::Float64)?;
            let column = column.as_primitive::<Float64Type>();
            numbers.extend(column.iter().map(|value| value.map_or(f32::NAN, |value| value as f32)));
        }
        return Ok(MapValues::Numbers(numbers));
    }
    let mut texts = Vec::new();
    for column in columns {
        let refused =
            |_| Error::Sql(format!("a point cannot be coloured by {kind}: use a number, a word or a yes or no"));
        let column = cast(column, &DataType::Utf8).map_err(refused)?;
        texts.extend(column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
    }
    Ok(words(&texts))
}

/// Words by how often they stand there, equals by the alphabet.
fn words(texts: &[Option<String>]) -> MapValues {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    texts.iter().flatten().for_each(|text| *counts.entry(text).or_default() += 1);
    let mut order: Vec<(&str, usize)> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let place: std::collections::HashMap<&str, u32> =
        order.iter().enumerate().map(|(at, (word, _))| (*word, u32::try_from(at).unwrap_or(u32::MAX))).collect();
    let codes = texts.iter().map(|text| text.as_deref().map_or(u32::MAX, |text| place[text])).collect();
    MapValues::Words(order.iter().map(|(word, _)| (*word).to_owned()).collect(), codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_needs_no_quotes() {
        assert_eq!(MapRecord::name("DINOv3-small.onnx", "boxes", "umap"), "dinov3_small_onnx_boxes_umap");
    }

    #[test]
    fn the_most_frequent_word_is_the_first() {
        let texts = ["b", "a", "b", "c"].map(|text| Some(text.to_owned()));
        let told = words(&[&texts[..], &[None]].concat());
        assert_eq!(told, MapValues::Words(vec!["b".into(), "a".into(), "c".into()], vec![0, 1, 0, 2, u32::MAX]));
    }
}
