//! A box on an image, and who made it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{BadName, BoxId, ClassId, ImageId, PixelBox, Polygon, names::text_enum};

text_enum! {
    /// Whether a box counts as truth.
    pub enum BoxState {
        /// Proposed; not truth yet.
        Draft = "draft",
        /// A person stands behind it.
        Trusted = "trusted",
    }
}

/// Who made a box.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A person, in the labeller or by a bulk edit.
    Human,
    /// A file that was imported.
    Import,
    /// A model, in the run of that name.
    Model(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Human => f.write_str("human"),
            Self::Import => f.write_str("import"),
            Self::Model(run) => write!(f, "model:{run}"),
        }
    }
}

impl FromStr for Origin {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text {
            "human" => Ok(Self::Human),
            "import" => Ok(Self::Import),
            _ => match text.strip_prefix("model:") {
                Some(run) if !run.is_empty() => Ok(Self::Model(run.to_owned())),
                _ => Err(BadName::new("origin", text, "human, import or model:<run>")),
            },
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One box as it stands in the working set, and as the API gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageBox {
    /// Its number in the dataset.
    pub box_id: BoxId,
    /// The image it is on.
    pub image_id: ImageId,
    /// What it shows.
    pub class_id: ClassId,
    /// Where it is, in pixels of the upright image.
    #[serde(flatten)]
    pub rect: PixelBox,
    /// Outline of the object, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polygon: Option<Polygon>,
    /// Clockwise turn of an oriented box about its centre, in degrees; `rect` is then the box before the turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub angle: Option<f64>,
    /// Mask as compressed COCO RLE (`counts` string) over the whole image, when a polygon cannot hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// Area given by the source, in square pixels; COCO evaluation sorts objects by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<f64>,
    /// A crowd region: ignored by evaluation, left out of YOLO.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_crowd: bool,
    /// Who made it.
    pub origin: Origin,
    /// Whether it counts as truth.
    pub state: BoxState,
    /// Confidence of the model that proposed it, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Foreign id, given back on export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// Further keys of the source as a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
}

/// A box on its way in: everything but its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBox {
    /// What it shows.
    pub class_id: ClassId,
    /// Where it is.
    pub rect: PixelBox,
    /// Outline, if known.
    pub polygon: Option<Polygon>,
    /// Turn in degrees, as [`ImageBox::angle`].
    pub angle: Option<f64>,
    /// Mask, as [`ImageBox::mask`].
    pub mask: Option<String>,
    /// Area given by the source.
    pub area: Option<f64>,
    /// A crowd region.
    pub is_crowd: bool,
    /// Who made it.
    pub origin: Origin,
    /// Whether it counts as truth.
    pub state: BoxState,
    /// Confidence of the model that proposed it.
    pub score: Option<f64>,
    /// Foreign id.
    pub source_id: Option<String>,
    /// Further keys as a JSON object.
    pub attributes: Option<String>,
}

impl NewBox {
    /// A trusted, plain rectangle.
    #[must_use]
    pub fn plain(class_id: ClassId, rect: PixelBox, origin: Origin) -> Self {
        Self {
            class_id,
            rect,
            polygon: None,
            angle: None,
            mask: None,
            area: None,
            is_crowd: false,
            origin,
            state: BoxState::Trusted,
            score: None,
            source_id: None,
            attributes: None,
        }
    }

    /// The box with its numbers.
    #[must_use]
    pub fn numbered(self, box_id: BoxId, image_id: ImageId) -> ImageBox {
        ImageBox {
            box_id,
            image_id,
            class_id: self.class_id,
            rect: self.rect,
            polygon: self.polygon,
            angle: self.angle,
            mask: self.mask,
            area: self.area,
            is_crowd: self.is_crowd,
            origin: self.origin,
            state: self.state,
            score: self.score,
            source_id: self.source_id,
            attributes: self.attributes,
        }
    }
}
