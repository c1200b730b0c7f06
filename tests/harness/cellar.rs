//! The store alone in a workspace of its own: no worker, no upkeep, so that every fold is the test's.

use std::path::Path;
use std::sync::Arc;

use tator_domain::{
    BoxState, DatasetName, ImageId, ImageState, NewBox, NewClass, NewImage, Origin, PixelBox, Polygon, Split,
    SystemClock,
};
use tator_store::{
    Edit, EditAnswer, EditOutcome, EditRequest, Error, ImageHome, Limits, LoadDiff, LoadPolicy, Loaded, Reader,
    Workspace, Writer,
};

/// An open store; [`Cellar::reopen`] is a restart.
pub struct Cellar {
    open: Option<(Writer, Workspace)>,
    folder: tempfile::TempDir,
}

/// The dataset that most tests use.
pub fn coins() -> DatasetName {
    "coins".parse().unwrap()
}

/// Limits that leave room for the tests beside.
pub fn small_limits() -> Limits {
    Limits { memory: "1GB".into(), temporary_disk: "2GB".into(), threads: 2 }
}

fn open(folder: &Path) -> (Writer, Workspace) {
    let workspace = Workspace::open(folder).unwrap();
    let writer = tator_store::open(&workspace, &small_limits(), Arc::new(SystemClock)).unwrap();
    (writer, workspace)
}

impl Cellar {
    /// An empty workspace with the dataset `coins`.
    pub fn new() -> Self {
        let cellar = Self::empty();
        cellar.writer().create_dataset(&coins(), &ImageHome::Managed, "detect").unwrap();
        cellar
    }

    /// An empty workspace.
    pub fn empty() -> Self {
        Self::of(tempfile::tempdir().unwrap())
    }

    /// The workspace in that folder.
    pub fn of(folder: tempfile::TempDir) -> Self {
        Self { open: Some(open(folder.path())), folder }
    }

    /// With `images` images of `boxes` boxes each, `a/0001.jpg` and so on.
    pub fn filled(images: usize, boxes: usize) -> Self {
        let cellar = Self::new();
        cellar.load(LoadPolicy::Keep, images, boxes, 0.0);
        cellar
    }

    pub fn writer(&self) -> &Writer {
        &self.open.as_ref().unwrap().0
    }

    pub fn reader(&self) -> &Reader {
        self.writer().reader()
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Closes the store; files may be changed before [`Cellar::reopen`].
    pub fn close(&mut self) {
        self.open = None;
    }

    /// The folder of a store that is closed, for a test that opens it in its own way.
    pub fn into_folder(mut self) -> tempfile::TempDir {
        self.close();
        self.folder
    }

    pub fn reopen(&mut self) {
        self.open = None;
        self.open = Some(open(self.folder.path()));
    }

    /// Loads a plain grid of boxes; `shift` moves all of them, as if the source had changed.
    pub fn load(&self, policy: LoadPolicy, images: usize, boxes: usize, shift: f64) -> Loaded {
        let mut loader = self.writer().loader(&coins()).unwrap();
        stage_grid(&mut loader, images, boxes, shift);
        loader.plan(policy).unwrap();
        loader.commit("import of a grid", "tester", false).unwrap()
    }

    /// What such a load would do.
    pub fn plan(&self, policy: LoadPolicy, images: usize, boxes: usize, shift: f64) -> LoadDiff {
        let mut loader = self.writer().loader(&coins()).unwrap();
        stage_grid(&mut loader, images, boxes, shift);
        loader.plan(policy).unwrap()
    }

    /// Loads one image with a box of every kind that the tables can hold.
    pub fn load_every_kind(&self) -> ImageId {
        let mut loader = self.writer().loader(&coins()).unwrap();
        let class = i32::try_from(loader.class(NewClass {
            name: "weird ünïcode \"name\"".into(),
            supercategory: Some("money".into()),
            source_id: Some("17".into()),
        }));
        let attributes = Some(r#"{"licence":3,"a":[1,null,"ü"]}"#.to_owned());
        let image =
            NewImage { attributes: attributes.clone(), source_id: Some("900".into()), ..image("every/kind.jpg") };
        let key = loader.image(&image, "").unwrap();
        for new in every_kind(class.unwrap(), attributes) {
            loader.add_box(key, &new).unwrap();
        }
        loader.plan(LoadPolicy::Keep).unwrap();
        loader.commit("import of every kind", "tester", false).unwrap();
        let page = self.reader().images(&coins(), &tator_store::ImageFilter::default(), None, 10_000).unwrap();
        page.images.iter().find(|i| i.path == "every/kind.jpg").unwrap().image_id
    }

    /// An edit that must be taken.
    pub fn edit(&self, image: ImageId, client: &str, edits: Vec<Edit>) -> EditAnswer {
        let base = self.reader().image(&coins(), image).unwrap().revision;
        applied(self.try_edit(image, base, client, edits).unwrap())
    }

    pub fn try_edit(&self, id: ImageId, base: i64, client: &str, edits: Vec<Edit>) -> Result<EditOutcome, Error> {
        let request = EditRequest { base_revision: base, client_id: client.to_owned(), edits };
        self.writer().edit(&coins(), id, &request, "tester")
    }

    pub fn undo(&self, image: ImageId, client: &str) -> EditAnswer {
        applied(self.writer().undo(&coins(), image, client, "tester").unwrap())
    }

    pub fn redo(&self, image: ImageId, client: &str) -> EditAnswer {
        applied(self.writer().redo(&coins(), image, client, "tester").unwrap())
    }
}

/// The answer of an edit that was taken.
pub fn applied(outcome: EditOutcome) -> EditAnswer {
    match outcome {
        EditOutcome::Applied(answer) => answer,
        EditOutcome::Conflict(answer) => panic!("a conflict: {answer:?}"),
    }
}

/// A new box of the first class.
pub fn add(key: &str, x: f64, y: f64, w: f64, h: f64) -> Edit {
    Edit::Add { key: key.to_owned(), class_id: 1, x, y, w, h, polygon: None, angle: None, state: None, origin: None }
}

/// A box moves to another left edge.
pub fn move_to(box_id: i64, x: f64) -> Edit {
    Edit::Update {
        box_id,
        x: Some(x),
        class_id: None,
        y: None,
        w: None,
        h: None,
        polygon: None,
        angle: None,
        state: None,
    }
}

/// A box gets another class.
pub fn reclass(box_id: i64, class_id: i32) -> Edit {
    let class_id = Some(class_id);
    Edit::Update { box_id, class_id, x: None, y: None, w: None, h: None, polygon: None, angle: None, state: None }
}

pub fn delete(box_id: i64) -> Edit {
    Edit::Delete { box_id }
}

/// A labelled image of 100 × 80 pixels.
pub fn image(path: &str) -> NewImage {
    NewImage {
        path: path.to_owned(),
        content_hash: String::new(),
        width: 100,
        height: 80,
        orientation: 1,
        bytes: 1234,
        split: Split::Train,
        state: ImageState::Labelled,
        source_id: None,
        attributes: None,
    }
}

fn stage_grid(loader: &mut tator_store::Loader<'_>, images: usize, boxes: usize, shift: f64) {
    let names = ["penny", "crown", "farthing"];
    let keys = names.map(|name| loader.class(NewClass { name: name.to_owned(), ..NewClass::default() }));
    for i in 1..=images {
        let key = loader.image(&image(&format!("a/{i:04}.jpg")), "").unwrap();
        for b in 0..boxes {
            let rect = PixelBox { x: b as f64 * 3.0 + shift, y: (i % 50) as f64 + 1.0 / 3.0, w: 10.1, h: 7.7 };
            let class = i32::try_from(keys[b % keys.len()]).unwrap();
            loader.add_box(key, &NewBox::plain(class, rect, Origin::Import)).unwrap();
        }
    }
}

/// Numbers that do not survive being written in decimal by a careless program.
fn every_kind(class: i32, attributes: Option<String>) -> Vec<NewBox> {
    let rect = PixelBox { x: 0.1 + 0.2, y: 1.0 / 3.0, w: 2.0_f64.sqrt(), h: std::f64::consts::PI };
    let plain = NewBox::plain(class, rect, Origin::Import);
    let ring = |o: f64| vec![[o, o / 3.0], [o + 5.1, o], [o + 2.0 / 7.0, o + 4.4]];
    vec![
        plain.clone(),
        NewBox { polygon: Some(Polygon { rings: vec![ring(1.1), ring(20.0 / 3.0)] }), ..plain.clone() },
        NewBox { angle: Some(33.3 / 7.0), ..plain.clone() },
        NewBox { mask: Some("`b1_2mT<M=\\'\"".into()), area: Some(12.345_678_9), is_crowd: true, ..plain.clone() },
        NewBox { origin: Origin::Model("run_7".into()), state: BoxState::Draft, score: Some(0.1), ..plain.clone() },
        NewBox { source_id: Some("4294967296".into()), attributes, ..plain },
    ]
}
