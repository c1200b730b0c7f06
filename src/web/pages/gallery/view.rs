//! What the gallery shows: pictures with their boxes, and how many of which kind there are.

use std::collections::HashMap;

use askama::Template;
use tator_domain::{BoxId, Class, ClassId, DatasetName, Image, ImageBox, ImageId};
use tator_store::{ClassCount, CommentCounts, CommentFilter, Facets, ImageFilter, ImagePage};

use crate::addresses;
use crate::figures::filters;
use crate::outlines::{Outlines, outlines};
use crate::page::Shell;

/// Pictures in one piece: full rows at every width the slider offers (2, 3, 4, 5, 6, 8, 10, 12 in a row).
pub const PIECE: usize = 120;
/// Classes the panel lists; further ones are searched.
pub const LISTED_CLASSES: usize = 60;
/// Tags the panel lists.
pub const LISTED_TAGS: usize = 30;

/// `/d/{dataset}/gallery`
#[derive(Template)]
#[template(path = "gallery/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Images that are meant.
    pub total: u64,
    /// The first piece.
    pub piece: Piece,
    /// The page begins in the middle, after this image.
    pub after: Option<ImageId>,
    /// What can be chosen.
    pub panel: Panel,
    /// The choices that are made, each with the address that takes it back.
    pub chosen: Vec<(String, String)>,
    /// The filter, for the forms and addresses.
    pub filter: ImageFilter,
    /// The choice as a statement.
    pub statement: String,
    /// What is wrong with the condition, if anything.
    pub wrong: Option<String>,
}

impl Page {
    /// The statement on the SQL page.
    #[must_use]
    pub fn sql_address(&self) -> String {
        addresses::sql(Some(&self.dataset), &self.statement)
    }

    /// The gallery with this filter from its first image.
    #[must_use]
    pub fn start(&self) -> String {
        addresses::gallery(&self.dataset, &self.filter)
    }

    /// The page that makes work packages of these images.
    #[must_use]
    pub fn as_packages(&self) -> String {
        format!("{}{}", addresses::work(&self.dataset), addresses::query(&addresses::filter_pairs(&self.filter)))
    }

    /// The filter's parts but for one, for hidden fields of a form.
    #[must_use]
    pub fn others(&self, field: &str) -> Vec<(&'static str, String)> {
        addresses::filter_pairs(&self.filter).into_iter().filter(|(key, _)| *key != field).collect()
    }

    /// Something is chosen.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.filter != ImageFilter::default()
    }
}

/// `/d/{dataset}/gallery/_rows`
#[derive(Template)]
#[template(path = "gallery/_rows.html")]
pub struct Rows {
    /// The next piece.
    pub piece: Piece,
}

/// `/d/{dataset}/gallery/_classes`
#[derive(Template)]
#[template(path = "gallery/_classes.html")]
pub struct Classes {
    /// Classes to choose from.
    pub panel: Panel,
}

/// Some pictures in a row.
pub struct Piece {
    /// The address this piece comes from, so that it can be fetched again after it was let go.
    pub address: String,
    /// The pictures.
    pub cells: Vec<Cell>,
    /// The address of the next piece.
    pub next: Option<String>,
}

impl Piece {
    /// The page that begins with the next piece, for those without scripts.
    #[must_use]
    pub fn next_page(&self) -> Option<String> {
        self.next.as_ref().map(|address| address.replacen("/_rows", "", 1))
    }

    /// A piece from what the store tells.
    #[must_use]
    pub fn new(
        dataset: &DatasetName,
        filter: &ImageFilter,
        after: Option<ImageId>,
        page: &ImagePage,
        boxes: &[ImageBox],
        classes: &[Class],
    ) -> Self {
        let colours: HashMap<ClassId, &str> = classes.iter().map(|c| (c.class_id, c.colour.as_str())).collect();
        let mut by_image: HashMap<ImageId, Vec<ImageBox>> = HashMap::new();
        for one in boxes {
            by_image.entry(one.image_id).or_default().push(one.clone());
        }
        let colour = |class: ClassId| (*colours.get(&class).unwrap_or(&"#ffffff")).to_owned();
        let cells = page.images.iter().map(|image| {
            let own = by_image.get(&image.image_id).map_or(&[][..], Vec::as_slice);
            Cell::new(dataset, filter, image, outlines(own, colour))
        });
        Self {
            address: addresses::gallery_rows(dataset, filter, after),
            cells: cells.collect(),
            next: page.next.map(|last| addresses::gallery_rows(dataset, filter, Some(last))),
        }
    }
}

/// One picture.
pub struct Cell {
    /// The image.
    pub image: Image,
    /// Its file's name without the folders.
    pub name: String,
    /// Where it opens: the labeller, among the same images.
    pub href: String,
    /// Address of the thumbnail.
    pub picture: String,
    /// Its boxes.
    pub outlines: Outlines,
}

impl Cell {
    fn new(dataset: &DatasetName, filter: &ImageFilter, image: &Image, outlines: Outlines) -> Self {
        let chosen: Option<BoxId> = None;
        Self {
            name: image.path.rsplit('/').next().unwrap_or_default().to_owned(),
            href: addresses::label(dataset, image.image_id, chosen, filter),
            picture: addresses::thumbnail(dataset, image.image_id, 384),
            outlines,
            image: image.clone(),
        }
    }

    /// The state as words.
    #[must_use]
    pub fn state_words(&self) -> String {
        self.image.state.as_str().replace('_', " ")
    }

    /// `3 boxes`
    #[must_use]
    pub fn boxes_words(&self) -> String {
        match self.image.n_boxes {
            0 => "no boxes".to_owned(),
            1 => "1 box".to_owned(),
            n => format!("{n} boxes"),
        }
    }
}

/// Everything that can be chosen next, with counts.
#[derive(Default)]
pub struct Panel {
    /// By state.
    pub states: Vec<Choice>,
    /// By split.
    pub splits: Vec<Choice>,
    /// By open comments.
    pub comments: Vec<Choice>,
    /// By tag, most used first.
    pub tags: Vec<Choice>,
    /// By class, most images first.
    pub classes: Vec<Choice>,
    /// Living classes in all.
    pub n_classes: usize,
}

/// One choice of the panel.
pub struct Choice {
    /// Key of the state or split; empty for a class.
    pub key: &'static str,
    /// What people read.
    pub name: String,
    /// Colour of the class.
    pub colour: Option<String>,
    /// Images it would leave; `None` when it was not counted.
    pub n: Option<u64>,
    /// Where choosing it, or taking it back, leads.
    pub href: String,
    /// It is chosen.
    pub on: bool,
}

impl Panel {
    /// The panel from what the store tells.
    #[must_use]
    pub fn new(dataset: &DatasetName, filter: &ImageFilter, facets: &Facets, classes: &[Class]) -> Self {
        let go = |filter: ImageFilter| addresses::gallery(dataset, &filter);
        let states = facets.states.iter().map(|(state, n)| {
            let on = filter.state == Some(*state);
            let href = go(ImageFilter { state: (!on).then_some(*state), ..filter.clone() });
            Choice { key: state.as_str(), name: state.as_str().replace('_', " "), colour: None, n: Some(*n), href, on }
        });
        let splits = facets.splits.iter().map(|(split, n)| {
            let on = filter.split == Some(*split);
            let href = go(ImageFilter { split: (!on).then_some(*split), ..filter.clone() });
            let name = if split.as_str() == "none" { "no split" } else { split.as_str() };
            Choice { key: split.as_str(), name: name.to_owned(), colour: None, n: Some(*n), href, on }
        });
        let counts: HashMap<ClassId, u64> = facets.classes.iter().copied().collect();
        let mut listed: Vec<&Class> = classes.iter().filter(|class| !class.retired).collect();
        let n_classes = listed.len();
        listed.sort_by_key(|class| {
            let n = counts.get(&class.class_id).copied().unwrap_or(0);
            (filter.class != Some(class.class_id), std::cmp::Reverse(n), class.class_id)
        });
        listed.truncate(LISTED_CLASSES);
        let listed = listed.into_iter().map(|class| {
            Choice::class(dataset, filter, class, Some(counts.get(&class.class_id).copied().unwrap_or(0)))
        });
        let (states, splits) = (states.collect(), splits.collect());
        Self { states, splits, classes: listed.collect(), n_classes, ..Self::default() }
    }

    /// The panel with what people said: open comments, and tags with how many images have each.
    #[must_use]
    pub fn said(
        mut self,
        dataset: &DatasetName,
        filter: &ImageFilter,
        comments: CommentCounts,
        tags: &[(String, u64)],
    ) -> Self {
        let choice = |on, next, name: &str, n| Choice {
            key: "",
            name: name.to_owned(),
            colour: None,
            n: Some(n),
            href: addresses::gallery(dataset, &next),
            on,
        };
        let kinds = [
            (CommentFilter::SentBack, "sent back", comments.sent_back),
            (CommentFilter::Open, "open comments", comments.open),
        ];
        let comments = kinds.into_iter().filter(|(which, _, n)| *n > 0 || filter.comments == Some(*which));
        let comments = comments.map(|(which, name, n)| {
            let on = filter.comments == Some(which);
            choice(on, ImageFilter { comments: (!on).then_some(which), ..filter.clone() }, name, n)
        });
        self.comments = comments.collect();
        let tags = tags.iter().map(|(tag, n)| {
            let on = filter.tag.as_ref() == Some(tag);
            choice(on, ImageFilter { tag: (!on).then(|| tag.clone()), ..filter.clone() }, tag, *n)
        });
        self.tags = tags.collect();
        self
    }

    /// Only classes, as a search found them; numbers are images with the class, whatever else is chosen.
    #[must_use]
    pub fn found(dataset: &DatasetName, filter: &ImageFilter, found: &[ClassCount]) -> Self {
        let classes = found.iter().map(|count| Choice::class(dataset, filter, &count.class, Some(count.n_images)));
        Self { classes: classes.collect(), ..Self::default() }
    }
}

impl Choice {
    fn class(dataset: &DatasetName, filter: &ImageFilter, class: &Class, n: Option<u64>) -> Self {
        let on = filter.class == Some(class.class_id);
        let next = ImageFilter { class: (!on).then_some(class.class_id), ..filter.clone() };
        let href = addresses::gallery(dataset, &next);
        Self { key: "", name: class.name.clone(), colour: Some(class.colour.clone()), n, href, on }
    }

    /// Choosing it would leave nothing.
    #[must_use]
    pub fn is_barren(&self) -> bool {
        self.n == Some(0) && !self.on
    }
}

/// The parts of a filter in words, each with the address of the gallery without it.
#[must_use]
pub fn chosen(dataset: &DatasetName, filter: &ImageFilter, classes: &[Class]) -> Vec<(String, String)> {
    let without = |next: ImageFilter| addresses::gallery(dataset, &next);
    let mut parts = Vec::new();
    if let Some(state) = filter.state {
        parts.push((state.as_str().replace('_', " "), without(ImageFilter { state: None, ..filter.clone() })));
    }
    if let Some(split) = filter.split {
        parts.push((format!("split {split}"), without(ImageFilter { split: None, ..filter.clone() })));
    }
    if let Some(id) = filter.class {
        let name =
            classes.iter().find(|class| class.class_id == id).map_or_else(|| format!("class {id}"), |c| c.name.clone());
        parts.push((name, without(ImageFilter { class: None, ..filter.clone() })));
    }
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        parts.push((format!("path has “{text}”"), without(ImageFilter { text: None, ..filter.clone() })));
    }
    if let Some(tag) = filter.tag.clone() {
        parts.push((format!("tag {tag}"), without(ImageFilter { tag: None, ..filter.clone() })));
    }
    if let Some(which) = filter.comments {
        let words = if which == CommentFilter::SentBack { "sent back" } else { "open comments" };
        parts.push((words.to_owned(), without(ImageFilter { comments: None, ..filter.clone() })));
    }
    if let Some(package) = filter.package {
        parts.push((format!("package {package}"), without(ImageFilter { package: None, ..filter.clone() })));
    }
    if let Some(condition) = filter.condition.as_deref().filter(|text| !text.trim().is_empty()) {
        parts.push((condition.to_owned(), without(ImageFilter { condition: None, ..filter.clone() })));
    }
    parts
}
