//! What the map's page shows.

use askama::Template;
use tator_domain::{DatasetName, Timestamp};
use tator_store::{EmbeddingTable, MapRecord};

use crate::figures::{filters, grouped};
use crate::page::Shell;

/// Expressions that are offered to colour by: of boxes, and of both.
const OF_BOXES: &[(&str, &str)] = &[
    ("class", "Class"),
    ("origin", "Origin"),
    ("score", "Score"),
    ("sqrt(box_area)", "Box size"),
    ("ln(aspect)", "Box aspect"),
    ("suspicion", "Suspicion of a wrong class"),
    ("outlier", "Unlike its class"),
];
const OF_ALL: &[(&str, &str)] = &[
    ("split", "Split"),
    ("image_state", "State of the image"),
    ("n_boxes", "Boxes on the image"),
    ("sharpness", "Sharpness"),
    ("brightness", "Brightness"),
];

/// `/d/{dataset}/map`
#[derive(Template)]
#[template(path = "map/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Which of the exploring pages it is.
    pub tab: &'static str,
    /// `/d/{dataset}`.
    pub base: String,
    /// All maps, the newest first.
    pub maps: Vec<MapRecord>,
    /// The one that is shown.
    pub shown: Option<Shown>,
    /// Vectors that a map can be made of: value and words.
    pub vectors: Vec<(String, String)>,
    /// What was wrong with a form.
    pub wrong: Option<String>,
}

/// The map that is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its name.
    pub map: String,
    /// `images` or `boxes`.
    pub of: String,
    /// How many points.
    pub points: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// Points that the springs laid out, when not all of them were.
    pub laid_out: Option<u64>,
    /// What to colour by: expression and words.
    pub colours: Vec<(&'static str, &'static str)>,
}

impl Shown {
    /// What the page needs of a map.
    #[must_use]
    pub fn of(record: &MapRecord) -> Self {
        let parameters: serde_json::Value = serde_json::from_str(&record.parameters).unwrap_or_default();
        let laid_out = parameters["laid_out"].as_u64().filter(|laid_out| *laid_out < record.points);
        let own = if record.of == "boxes" { OF_BOXES } else { &[] };
        Self {
            map: record.map.clone(),
            of: record.of.clone(),
            points: record.points,
            made_at: record.made_at,
            laid_out,
            colours: [own, OF_ALL].concat(),
        }
    }
}

impl Page {
    /// The page of some maps.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        maps: Vec<MapRecord>,
        shown: Option<Shown>,
        tables: &[EmbeddingTable],
        wrong: Option<String>,
    ) -> Self {
        let vector = |table: &EmbeddingTable| {
            let (encoder, of) = (&table.meta.encoder, table.meta.of);
            (format!("{encoder}/{of}"), format!("{} {of} by {encoder}", grouped(table.rows)))
        };
        let vectors = tables.iter().filter(|table| table.rows > 0).map(vector).collect();
        Self { base: format!("/d/{dataset}"), shell, dataset, tab: "map", maps, shown, vectors, wrong }
    }

    /// The map is the one that is shown.
    #[must_use]
    pub fn is_shown(&self, map: &str) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.map == map)
    }
}
