//! What the page of look-alikes shows.

use std::collections::HashMap;

use askama::Template;
use tator_domain::{BoxId, Class, ClassId, DatasetName, Image, ImageId, ImageState, PixelBox};
use tator_pipeline::embed::Encoder;
use tator_pipeline::{SimilarAnswer, SimilarTo};
use tator_store::{BoxPlace, EmbeddingOf, EmbeddingTable, ImageFilter};

use crate::addresses;
use crate::figures::filters;
use crate::page::Shell;
use crate::pages::sql::result::{Crop, crop};

/// Look-alikes of a page where nobody says how many: full rows at the usual widths.
pub const USUAL: usize = 60;

/// `/d/{dataset}/similar`
#[derive(Template)]
#[template(path = "similar/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// `/d/<dataset>`, for the tabs.
    pub base: String,
    /// The dataset.
    pub dataset: DatasetName,
    /// What is asked.
    pub wish: Wish,
    /// What it is asked about.
    pub asked: Option<Asked>,
    /// What was found.
    pub shown: Option<Shown>,
    /// What is embedded.
    pub tables: Vec<EmbeddingTable>,
    /// Encoders at hand.
    pub encoders: Vec<Encoder>,
    /// Why nothing was found.
    pub wrong: Option<String>,
}

/// A question as an address carries it.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Of what.
    pub to: Option<SimilarTo>,
    /// Among what.
    pub of: Option<EmbeddingOf>,
    /// Whose vectors.
    pub encoder: Option<String>,
    /// Only on these images.
    pub filter: ImageFilter,
    /// How many.
    pub k: usize,
}

impl Wish {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let rect = |r: &PixelBox| format!("{},{},{},{}", r.x, r.y, r.w, r.h);
        let mut pairs = match &self.to {
            None => Vec::new(),
            Some(SimilarTo::Image(id)) => vec![("image", id.to_string())],
            Some(SimilarTo::Box(id)) => vec![("box", id.to_string())],
            Some(SimilarTo::Region(region)) => {
                vec![("image", region.image_id.to_string()), ("rect", rect(&region.rect))]
            }
            Some(SimilarTo::Picture(number)) => vec![("picture", number.clone())],
            Some(SimilarTo::Text(words)) => vec![("text", words.clone())],
        };
        pairs.extend(self.settings());
        pairs
    }

    /// Among what, whose vectors and how many, without what is asked about.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        pairs.extend(self.of.map(|of| ("of", of.to_string())));
        pairs.extend(self.encoder.clone().map(|encoder| ("encoder", encoder)));
        pairs.extend(addresses::filter_pairs(&self.filter));
        if self.k != USUAL {
            pairs.push(("k", self.k.to_string()));
        }
        pairs
    }
}

/// What is asked about.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// In words: `Box 17`.
    pub title: String,
    /// The picture, on which a region can be drawn when it is one of the dataset.
    pub picture: Option<String>,
    /// The image and its size.
    pub image: Option<(ImageId, u32, u32)>,
    /// The part that is meant.
    pub rect: Option<PixelBox>,
    /// Where it opens.
    pub href: Option<String>,
}

impl Asked {
    /// An image, or a part of it.
    #[must_use]
    pub fn image(d: &DatasetName, image: &Image, rect: Option<PixelBox>) -> Self {
        let id = image.image_id;
        Self {
            title: if rect.is_some() { format!("A region of image {id}") } else { format!("Image {id}") },
            picture: Some(addresses::thumbnail(d, id, 1024)),
            image: Some((id, image.width, image.height)),
            rect,
            href: Some(addresses::label(d, id, None, &ImageFilter::default())),
        }
    }

    /// A box.
    #[must_use]
    pub fn boxed(d: &DatasetName, image: &Image, place: BoxPlace) -> Self {
        let href = addresses::label(d, place.image_id, Some(place.box_id), &ImageFilter::default());
        Self { title: format!("Box {}", place.box_id), href: Some(href), ..Self::image(d, image, Some(place.rect)) }
    }

    /// A picture that was uploaded.
    #[must_use]
    pub fn picture(d: &DatasetName, number: &str) -> Self {
        let picture = Some(format!("/api/v1/datasets/{d}/similar/pictures/{number}"));
        Self { title: "Your picture".to_owned(), picture, ..Self::default() }
    }

    /// Words.
    #[must_use]
    pub fn words(words: &str) -> Self {
        Self { title: format!("“{words}”"), ..Self::default() }
    }
}

/// Look-alikes.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The most alike first.
    pub cells: Vec<Cell>,
    /// How they were found, in words.
    pub how: String,
    /// An index is being built.
    pub building: bool,
    /// What cannot be found for lack of a vector, in words.
    pub without: Option<String>,
    /// Whose vectors.
    pub encoder: String,
    /// Their images in the gallery and the labeller.
    pub as_images: Option<(String, String)>,
}

/// One look-alike.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The image.
    pub image_id: ImageId,
    /// The box on it.
    pub box_id: Option<BoxId>,
    /// The whole picture, when no box is meant.
    pub picture: String,
    /// The box, cut out.
    pub crop: Option<Crop>,
    /// Name and colour of its class.
    pub class: Option<(String, String)>,
    /// How alike, 0 to 1.
    pub score: f32,
    /// Where it opens.
    pub href: String,
    /// Its own look-alikes.
    pub again: String,
}

impl Shown {
    /// From what the search tells.
    #[must_use]
    pub fn new(
        d: &DatasetName,
        answer: &SimilarAnswer,
        places: &HashMap<BoxId, BoxPlace>,
        (classes, filter): (&[Class], &ImageFilter),
    ) -> Self {
        let class = |id: ClassId| classes.iter().find(|c| c.class_id == id).map(|c| (c.name.clone(), c.colour.clone()));
        let cells = answer.results.iter().map(|one| {
            let to = one.box_id.map_or(SimilarTo::Image(one.image_id), SimilarTo::Box);
            let (of, encoder) = (Some(answer.of), Some(answer.encoder.clone()));
            let wish = Wish { to: Some(to), of, encoder, k: USUAL, filter: filter.clone() };
            Cell {
                image_id: one.image_id,
                box_id: one.box_id,
                picture: addresses::thumbnail(d, one.image_id, 384),
                crop: one.box_id.and_then(|id| places.get(&id)).map(|place| crop(d, place)),
                class: one.class_id.and_then(class),
                score: one.score,
                href: addresses::label(d, one.image_id, one.box_id, &ImageFilter::default()),
                again: address(d, &wish.pairs()),
            }
        });
        let images: Vec<ImageId> = answer.results.iter().map(|one| one.image_id).collect();
        Self {
            cells: cells.collect(),
            how: how_words(answer),
            building: answer.method.building,
            without: without_words(answer),
            encoder: answer.encoder.clone(),
            as_images: addresses::as_images(d, &images),
        }
    }
}

fn how_words(answer: &SimilarAnswer) -> String {
    let searched = crate::figures::grouped(answer.searched as u64);
    let found = match answer.method.name {
        "index" => format!("index, finds {:.1} % of the true ones", 100.0 * answer.method.recall),
        _ => "exact".to_owned(),
    };
    format!("{searched} {} searched in {:.1} ms · {found}", answer.of, answer.ms.search)
}

fn without_words(answer: &SimilarAnswer) -> Option<String> {
    let of = if answer.of == EmbeddingOf::Boxes { "Boxes" } else { "Images" };
    let count = crate::figures::grouped(answer.without_vector);
    let words = format!("{of} without a vector by {}, which cannot be found: {count}", answer.encoder);
    (answer.without_vector > 0).then_some(words)
}

fn address(d: &DatasetName, pairs: &[(&'static str, String)]) -> String {
    format!("/d/{d}/similar{}", addresses::query(pairs))
}

impl Page {
    /// The same question among images, or boxes: word, address, whether it is in hand.
    #[must_use]
    pub fn among(&self) -> Vec<(&'static str, String, bool)> {
        let now = self.now();
        let choice = |of: EmbeddingOf| {
            let wish = Wish { of: Some(of), encoder: None, ..self.wish.clone() };
            (of.as_str(), address(&self.dataset, &wish.pairs()), now == of)
        };
        EmbeddingOf::ALL.map(choice).into()
    }

    fn now(&self) -> EmbeddingOf {
        let usual = match self.wish.to {
            Some(SimilarTo::Box(_) | SimilarTo::Region(_)) => EmbeddingOf::Boxes,
            _ => EmbeddingOf::Images,
        };
        self.wish.of.unwrap_or(usual)
    }

    /// What is looked among, one of them.
    #[must_use]
    pub fn among_word(&self) -> &'static str {
        if self.now() == EmbeddingOf::Boxes { "box" } else { "image" }
    }

    /// Encoders whose vectors can be asked: name, address, whether it is in hand.
    #[must_use]
    pub fn askable(&self) -> Vec<(String, String, bool)> {
        let of = self.now();
        let used = self.shown.as_ref().map(|shown| shown.encoder.as_str()).or(self.wish.encoder.as_deref());
        let tables = self.tables.iter().filter(|table| table.meta.of == of);
        let choice = |table: &EmbeddingTable| {
            let name = table.meta.encoder.clone();
            let wish = Wish { encoder: Some(name.clone()), ..self.wish.clone() };
            (name.clone(), address(&self.dataset, &wish.pairs()), used == Some(name.as_str()))
        };
        tables.map(choice).collect()
    }

    /// Only among images in a state: word, address, whether it is in hand.
    #[must_use]
    pub fn states(&self) -> Vec<(String, String, bool)> {
        let choice = |state: Option<ImageState>| {
            let filter = ImageFilter { state, ..self.wish.filter.clone() };
            let word = state.map_or_else(|| "all images".to_owned(), |state| state.as_str().replace('_', " "));
            let wish = Wish { filter, ..self.wish.clone() };
            (word, address(&self.dataset, &wish.pairs()), self.wish.filter.state == state)
        };
        std::iter::once(None).chain(ImageState::ALL.iter().copied().map(Some)).map(choice).collect()
    }

    /// Hidden fields of a form that asks about something else.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        self.wish.settings()
    }

    /// Words that were asked.
    #[must_use]
    pub fn words(&self) -> &str {
        if let Some(SimilarTo::Text(words)) = &self.wish.to { words } else { "" }
    }

    /// An encoder at hand takes words.
    #[must_use]
    pub fn takes_words(&self) -> bool {
        self.encoders.iter().any(|encoder| encoder.words)
    }

    /// What is out of date, all together.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.tables.iter().map(|table| table.missing).sum()
    }
}
