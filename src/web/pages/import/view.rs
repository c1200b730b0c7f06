//! What the page that brings data in shows.

use askama::Template;

use crate::page::Shell;

/// `/datasets/new`
#[derive(Template)]
#[template(path = "import/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// What the form holds: what was typed, or what was asked for in the address.
    pub form: Form,
    /// Field and words when the form came back.
    pub wrong: Option<(String, String)>,
    /// Formats that can be read: value and words.
    pub formats: &'static [(&'static str, &'static str)],
}

/// Fields of an import by path.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Form {
    /// The dataset to import into; a new name makes a new one.
    pub dataset: String,
    /// Folder, zip or COCO file on this machine.
    pub source: String,
    /// Folder that an empty dataset is linked to; empty for a managed one.
    pub folder: String,
    /// Folder of the images, where the source is a file of labels.
    pub images_dir: String,
    /// `auto` or the name of a format.
    pub format: String,
    /// `copy` or `link`.
    pub mode: String,
    /// `detect`, `segment`, `obb`, or empty for what the source says.
    pub task: String,
    /// Split for images that come without one.
    pub split: String,
    /// `keep` what people made, or `replace` what was imported before.
    pub existing: String,
    /// Class numbers start at 1.
    pub one_based: Option<String>,
    /// Only say what would happen.
    pub dry_run: Option<String>,
}

/// Formats the form offers.
pub const FORMATS: &[(&str, &str)] = &[
    ("auto", "Find out"),
    ("yolo", "YOLO (Ultralytics, Darknet)"),
    ("coco", "COCO (also Roboflow, CVAT)"),
    ("voc", "Pascal VOC"),
    ("images", "Images only"),
    ("parquet", "Parquet (Tator's own)"),
];

impl Page {
    /// The page with a form.
    #[must_use]
    pub fn new(shell: Shell, form: Form, wrong: Option<(String, String)>) -> Self {
        Self { shell, form, wrong, formats: FORMATS }
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(name, _)| name == field).map(|(_, words)| words.as_str())
    }

    /// What is wrong with no field of the form in particular.
    #[must_use]
    pub fn wrong_elsewhere(&self) -> Option<&str> {
        let fields = ["dataset", "source", "images_dir", "folder"];
        self.wrong.as_ref().filter(|(name, _)| !fields.contains(&name.as_str())).map(|(_, words)| words.as_str())
    }
}
