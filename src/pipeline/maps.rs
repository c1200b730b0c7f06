//! Maps: every vector of a dataset as a point, so that what is alike lies together.
//!
//! A map is made by a job out of the vectors of one encoder, by principal components or by UMAP, if wanted without what
//! the size of a box does to its vector. Its points are a table that SQL joins; making it again replaces it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tator_domain::{BoxId, Clock, DatasetName, PixelBox, SystemClock};
use tator_learning::project::{BoxSize, Pca, SizeBias, UmapOptions, umap};
use tator_learning::{Matrix, Watch};
use tator_store::{EmbeddingOf, EmbeddingTable, MapPoints, MapRecord, MapValues, Vectors};

use crate::error::Error;
use crate::jobs::{Context, JobId};
use crate::quality::refused;
use crate::workbench::Workbench;

/// How vectors become points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MapMethod {
    /// Neighbours stay together.
    #[default]
    Umap,
    /// The two directions in which vectors differ most.
    Pca,
}

impl MapMethod {
    /// The word in names and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Umap => "umap",
            Self::Pca => "pca",
        }
    }
}

/// A map to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MapRequest {
    /// The dataset.
    pub dataset: DatasetName,
    /// The encoder; the one with most vectors when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// Of images or of boxes.
    pub of: EmbeddingOf,
    /// How.
    #[serde(default)]
    pub method: MapMethod,
    /// Neighbours of a point that UMAP keeps together.
    #[serde(default = "usual_neighbours")]
    pub neighbours: usize,
    /// Takes out what the size and form of a box explain.
    #[serde(default)]
    pub size_bias: bool,
    /// The same seed gives the same map.
    #[serde(default)]
    pub seed: u64,
}

fn usual_neighbours() -> usize {
    15
}

impl MapRequest {
    /// A map with the usual options.
    #[must_use]
    pub fn new(dataset: DatasetName, of: EmbeddingOf, method: MapMethod) -> Self {
        Self { dataset, encoder: None, of, method, neighbours: usual_neighbours(), size_bias: false, seed: 0 }
    }
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MapReport {
    map: String,
    encoder: String,
    of: EmbeddingOf,
    method: MapMethod,
    points: u64,
    /// Points that were laid out; the others lie among them.
    laid_out: u64,
    /// Share of the variance that size and form explained, when they were taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_explained: Option<f64>,
    /// The table's name in SQL.
    table: String,
}

impl MapReport {
    pub fn summary(&self) -> String {
        format!("{} points; in SQL they are {}", self.points, self.table)
    }
}

/// The encoder that is wished for, or the one with most vectors; `None` when there are no vectors.
pub(crate) fn best_encoder(tables: &[EmbeddingTable], of: EmbeddingOf, wish: Option<&str>) -> Option<String> {
    let fitting =
        tables.iter().filter(|t| t.meta.of == of && t.rows > 0 && wish.is_none_or(|wish| t.meta.encoder == wish));
    fitting
        .max_by_key(|table| (table.rows, std::cmp::Reverse(&table.meta.encoder)))
        .map(|table| table.meta.encoder.clone())
}

impl Context {
    /// Makes a map and keeps it.
    pub(crate) fn project(&self, request: &MapRequest) -> Result<MapReport, Error> {
        let (d, reader) = (&request.dataset, self.writer.reader());
        let encoder = best_encoder(&reader.embedding_tables(d)?, request.of, request.encoder.as_deref());
        let encoder = encoder.ok_or_else(|| no_vectors(request))?;
        let vectors = reader.vectors(d, &encoder, request.of)?;
        if vectors.image_ids.is_empty() {
            return Err(no_vectors(request));
        }
        let watch = |done: usize, total: usize| self.progress("laying out", done as u64, total as u64).is_ok();
        let (data, size_explained) = self.unbiased(request, &vectors)?;
        let data = data.as_deref().unwrap_or(&vectors.data);
        let places = projected(Matrix::new(data, vectors.dims).map_err(refused)?, request, &watch)?;
        let map = MapRecord::name(&encoder, &request.of.to_string(), request.method.as_str());
        let options = UmapOptions::default();
        let laid_out = if request.method == MapMethod::Umap { places.len().min(options.most) } else { places.len() };
        let parameters = json!({
            "seed": request.seed, "neighbours": request.neighbours, "size_bias": request.size_bias, "laid_out": laid_out,
        });
        let record = MapRecord {
            map: map.clone(),
            encoder: encoder.clone(),
            of: request.of.to_string(),
            method: request.method.as_str().to_owned(),
            points: places.len() as u64,
            fingerprint: vectors.fingerprint.clone(),
            parameters: parameters.to_string(),
            made_at: SystemClock.now(),
        };
        let points = MapPoints {
            image_ids: vectors.image_ids.clone(),
            box_ids: vectors.box_ids.clone(),
            x: places.iter().map(|place| place[0]).collect(),
            y: places.iter().map(|place| place[1]).collect(),
        };
        self.check()?;
        self.writer.put_map(d, &record, &points)?;
        Ok(MapReport {
            table: format!("{d}.map_{map}"),
            map,
            encoder,
            of: request.of,
            method: request.method,
            points: record.points,
            laid_out: laid_out as u64,
            size_explained,
        })
    }

    /// Vectors without what the size of their boxes explains, when that is wished for, and how much it was.
    fn unbiased(&self, request: &MapRequest, vectors: &Vectors) -> Result<(Option<Vec<f32>>, Option<f64>), Error> {
        if !request.size_bias || request.of == EmbeddingOf::Images {
            return Ok((None, None));
        }
        let boxes = self.writer.reader().placed_boxes(&request.dataset)?;
        let sizes: HashMap<BoxId, BoxSize> = boxes.iter().map(|b| (b.box_id, size(&b.rect, b.size))).collect();
        let usual = BoxSize { box_sides: [1.0, 1.0], crop_sides: [1.0, 1.0] };
        let sizes: Vec<BoxSize> = vectors.box_ids.iter().map(|id| sizes.get(id).copied().unwrap_or(usual)).collect();
        let bias =
            SizeBias::fit(Matrix::new(&vectors.data, vectors.dims).map_err(refused)?, &sizes).map_err(refused)?;
        let mut data = vectors.data.clone();
        bias.remove(&mut data, &sizes).map_err(refused)?;
        Ok((Some(data), Some(bias.explained)))
    }
}

/// A box, and the square around it that encoders see, cut where the picture is smaller.
fn size(rect: &PixelBox, (width, height): (u32, u32)) -> BoxSize {
    let side = rect.w.max(rect.h) * 1.3;
    let crop_sides = [side.min(f64::from(width)), side.min(f64::from(height))];
    BoxSize { box_sides: [rect.w, rect.h], crop_sides }
}

fn projected(vectors: Matrix<'_>, request: &MapRequest, watch: Watch<'_>) -> Result<Vec<[f32; 2]>, Error> {
    use tator_learning::Rows;
    if request.method == MapMethod::Umap {
        let options = UmapOptions { neighbours: request.neighbours, seed: request.seed, ..UmapOptions::default() };
        return umap(vectors, &options, watch).map_err(refused);
    }
    if vectors.count() < 2 || vectors.dims() < 2 {
        return Ok(vec![[0.0, 0.0]; vectors.count()]);
    }
    let flat = Pca::fit(&vectors, 2, request.seed, watch).and_then(|pca| pca.transform(&vectors)).map_err(refused)?;
    Ok(flat.as_chunks::<2>().0.to_vec())
}

fn no_vectors(request: &MapRequest) -> Error {
    let whose = request.encoder.as_ref().map(|encoder| format!(" by {encoder}")).unwrap_or_default();
    Error::NoAnswer {
        code: "no_embeddings",
        message: format!("{} has no embeddings of {}{whose}", request.dataset, request.of),
        hint: "run `tator embed --dataset D --of boxes` or press Embed",
    }
}

impl Workbench {
    /// Starts making a map.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::NoAnswer`] without embeddings; [`Error::Invalid`].
    pub fn start_map(&self, request: &MapRequest) -> Result<JobId, Error> {
        let d = &request.dataset;
        self.reader().dataset(d)?;
        if !(2..=200).contains(&request.neighbours) {
            return Err(Error::invalid("neighbours", "between 2 and 200"));
        }
        let tables = self.reader().embedding_tables(d)?;
        if best_encoder(&tables, request.of, request.encoder.as_deref()).is_none() {
            return Err(no_vectors(request));
        }
        let text = serde_json::to_string(request).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue("map", format!("Map of the {} of {d}", request.of), d, text)
    }

    /// What an expression says about each point of a map.
    ///
    /// # Errors
    /// As [`tator_store::Reader::map_values`].
    pub fn map_values(&self, d: &DatasetName, map: &str, expression: &str) -> Result<MapValues, Error> {
        Ok(self.reader().map_values(d, map, expression)?)
    }
}
