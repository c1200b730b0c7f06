//! What every page carries: the rail, the dataset in hand and the jobs in flight.

use tator_domain::DatasetName;

use crate::author::Author;

/// A page's place in the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// All datasets, one of them, and importing.
    Datasets,
    /// Pictures of a dataset.
    Gallery,
    /// The labeller.
    Label,
    /// Packages, and what waits for somebody.
    Work,
    /// Questions in SQL.
    Sql,
    /// The data seen through embeddings: map, look-alikes, quality, what to label next.
    Explore,
    /// Class heads.
    Train,
    /// Candidates of detectors, text prompts and look-alikes.
    Prelabel,
    /// Which candidates deserve a person's time.
    Calibrate,
    /// Models at hand and to be had, and what they keep ready.
    Models,
    /// Long work.
    Jobs,
    /// Changes of a dataset.
    History,
    /// What was deleted.
    Trash,
    /// Keys.
    Help,
}

impl Section {
    /// The word in addresses, icons and the body's `data-section`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Datasets => "datasets",
            Self::Gallery => "gallery",
            Self::Label => "label",
            Self::Work => "work",
            Self::Sql => "sql",
            Self::Explore => "explore",
            Self::Train => "train",
            Self::Prelabel => "prelabel",
            Self::Calibrate => "calibrate",
            Self::Models => "models",
            Self::Jobs => "jobs",
            Self::History => "history",
            Self::Trash => "trash",
            Self::Help => "help",
        }
    }

    /// The word people read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Datasets => "Datasets",
            Self::Gallery => "Gallery",
            Self::Label => "Label",
            Self::Work => "Work",
            Self::Sql => "SQL",
            Self::Explore => "Explore",
            Self::Train => "Train",
            Self::Prelabel => "Prelabel",
            Self::Calibrate => "Calibrate",
            Self::Models => "Models",
            Self::Jobs => "Jobs",
            Self::History => "History",
            Self::Trash => "Trash",
            Self::Help => "Help",
        }
    }

    /// Where this page of a dataset is; `None` when there has to be a dataset and there is none.
    #[must_use]
    pub fn address(self, dataset: Option<&DatasetName>) -> Option<String> {
        match self {
            Self::Gallery
            | Self::Label
            | Self::Work
            | Self::Train
            | Self::Prelabel
            | Self::Calibrate
            | Self::History => dataset.map(|name| format!("/d/{name}/{}", self.key())),
            // The first of its pages; the others hang beside it as tabs.
            Self::Explore => dataset.map(|name| format!("/d/{name}/map")),
            Self::Sql => Some(dataset.map_or_else(|| "/sql".to_owned(), |name| format!("/sql?dataset={name}"))),
            _ => Some(format!("/{}", self.key())),
        }
    }
}

/// One entry of the rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailEntry {
    /// The word under the icon.
    pub name: &'static str,
    /// The icon's name in `assets/icons/icons.svg`.
    pub icon: &'static str,
    /// Where it leads; `None` while there is no dataset.
    pub href: Option<String>,
    /// The page stands behind this door.
    pub current: bool,
}

/// What surrounds the content of a page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Which entry of the rail is lit.
    pub section: Section,
    /// The dataset the page is about.
    pub dataset: Option<DatasetName>,
    /// Every dataset, for the picker.
    pub datasets: Vec<DatasetName>,
    /// The dataset that was in hand last: where the rail leads on pages that are about none.
    pub recent: Option<DatasetName>,
    /// Jobs that are queued or running.
    pub jobs_in_flight: u64,
    /// What computes the models that are open.
    pub provider: Option<&'static str>,
    /// A GPU was wished for and is not used.
    pub notice: bool,
    /// Who looks at the page.
    pub me: Author,
    /// The page's own address, to come back to.
    pub here: String,
}

/// What the rail shows, from top to bottom.
const RAIL: [Section; 13] = [
    Section::Datasets,
    Section::Gallery,
    Section::Label,
    Section::Work,
    Section::Sql,
    Section::Explore,
    Section::Train,
    Section::Prelabel,
    Section::Calibrate,
    Section::Models,
    Section::Jobs,
    Section::History,
    Section::Trash,
];

impl Shell {
    /// The address of a file under `assets/`, with its content in the address so that browsers may keep it for ever.
    #[must_use]
    pub fn asset(&self, path: &str) -> String {
        crate::assets::url(path)
    }

    /// The page's name, for the window's title.
    #[must_use]
    pub fn title(&self) -> String {
        let name = self.section.name();
        self.dataset.as_ref().map_or_else(|| name.to_owned(), |dataset| format!("{name} · {dataset}"))
    }

    /// The page belongs to the section with this key.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        self.section.key() == key
    }

    /// The page is about this dataset.
    #[must_use]
    pub fn in_hand(&self, name: &DatasetName) -> bool {
        self.dataset.as_ref() == Some(name)
    }

    /// This page of another dataset, or that dataset's own page.
    #[must_use]
    pub fn same_page_of(&self, name: &DatasetName) -> String {
        let same = match self.section {
            Section::Gallery
            | Section::Label
            | Section::Work
            | Section::Explore
            | Section::Train
            | Section::Prelabel
            | Section::Calibrate
            | Section::History
            | Section::Sql => self.section.address(Some(name)),
            _ => None,
        };
        same.unwrap_or_else(|| format!("/d/{name}"))
    }

    /// The jobs in flight, in words.
    #[must_use]
    pub fn jobs_words(&self) -> String {
        match self.jobs_in_flight {
            1 => "1 job running".to_owned(),
            n => format!("{} jobs running", crate::figures::grouped(n)),
        }
    }

    /// The entries of the rail.
    #[must_use]
    pub fn rail(&self) -> Vec<RailEntry> {
        let dataset = self.dataset.as_ref().or(self.recent.as_ref()).or(self.datasets.first());
        RAIL.iter()
            .map(|section| RailEntry {
                name: section.name(),
                icon: section.key(),
                href: section.address(dataset),
                current: *section == self.section,
            })
            .collect()
    }
}

/// Values a page has to be able to show: nothing yet, the usual, and what nobody expects.
#[cfg(test)]
pub(crate) trait Sample: askama::Template + Sized {
    /// The values with a word for each, which becomes a file name in previews.
    fn samples() -> Vec<(&'static str, Self)>;
}

#[cfg(test)]
impl Shell {
    /// A shell for samples.
    pub(crate) fn sample(section: Section, dataset: Option<&str>) -> Self {
        let name = |text: &str| text.parse().expect("a sample name is valid");
        Self {
            section,
            dataset: dataset.map(name),
            datasets: ["coins", "demo", "windmills_2024"].into_iter().map(name).collect(),
            recent: Some(name("coins")),
            jobs_in_flight: 1,
            provider: Some("CPU"),
            notice: true,
            me: Author::default(),
            here: "/d/coins/label?image=7&text=%3Cb%3E".into(),
        }
    }

    /// A shell of a workspace that has nothing in it.
    pub(crate) fn empty_sample(section: Section) -> Self {
        let (me, here) = (Author::default(), "/datasets".to_owned());
        Self {
            section,
            dataset: None,
            datasets: vec![],
            recent: None,
            jobs_in_flight: 0,
            provider: None,
            notice: false,
            me,
            here,
        }
    }
}
