//! What the work of a dataset shows.

use askama::Template;
use tator_domain::{DatasetName, ImageState, PackageKind};
use tator_store::{CommentCounts, CommentFilter, ImageFilter, Package, PackageState};

use crate::addresses;
use crate::figures::filters;
use crate::page::Shell;

/// `/d/{dataset}/work`
#[derive(Template)]
#[template(path = "work/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// What is worked on, then what is free, then what is done, then what is put away.
    pub packages: Vec<Row>,
    /// Images with open comments.
    pub comments: CommentCounts,
    /// Images that new packages would be made of.
    pub meant: u64,
    /// The form as it was filled in.
    pub wish: Wish,
}

/// The form for new packages.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Name of the packages.
    pub title: String,
    /// Images in one, as it was typed.
    pub every: String,
    /// The images.
    pub filter: ImageFilter,
    /// What was wrong with it.
    pub wrong: Option<String>,
}

/// One package.
pub struct Row {
    /// How it stands.
    pub package: Package,
    /// It is this person's.
    pub mine: bool,
    dataset: DatasetName,
}

impl Page {
    /// The page from what the store tells; `counts` are open comments and the images that are meant.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        packages: Vec<Package>,
        (comments, meant): (CommentCounts, u64),
        wish: Wish,
    ) -> Self {
        let me = shell.me.name();
        let row = |package: Package| Row {
            mine: package.state == PackageState::Claimed && package.claimed_by.as_deref() == Some(&me),
            dataset: dataset.clone(),
            package,
        };
        let mut packages: Vec<Row> = packages.into_iter().map(row).collect();
        packages.sort_by_key(Row::rank);
        Self { shell, dataset, packages, comments, meant, wish }
    }

    /// Images a reviewer sent back, in the labeller.
    #[must_use]
    pub fn sent_back(&self) -> String {
        addresses::labeller(&self.dataset, &with_comments(CommentFilter::SentBack))
    }

    /// Images with open comments, in the gallery.
    #[must_use]
    pub fn open_comments(&self) -> String {
        addresses::gallery(&self.dataset, &with_comments(CommentFilter::Open))
    }

    /// Images that are labelled and nobody has reviewed, in the labeller.
    #[must_use]
    pub fn to_review(&self) -> String {
        let filter = ImageFilter { state: Some(ImageState::Labelled), ..ImageFilter::default() };
        addresses::labeller(&self.dataset, &filter)
    }

    /// There is a package that nobody has.
    #[must_use]
    pub fn has_free(&self, kind: &str) -> bool {
        let free =
            |p: &Package| matches!(p.state, PackageState::Free | PackageState::Expired) && p.kind.as_str() == kind;
        self.packages.iter().any(|row| (free(&row.package) || row.mine) && row.package.kind.as_str() == kind)
    }

    /// The filter's parts, for hidden fields.
    #[must_use]
    pub fn filter(&self) -> Vec<(&'static str, String)> {
        addresses::filter_pairs(&self.wish.filter)
    }
}

fn with_comments(which: CommentFilter) -> ImageFilter {
    ImageFilter { comments: Some(which), ..ImageFilter::default() }
}

impl Row {
    fn rank(&self) -> (u8, i64) {
        let rank = match self.package.state {
            PackageState::Claimed if self.mine => 0,
            PackageState::Claimed => 1,
            PackageState::Free | PackageState::Expired => 2,
            PackageState::Done => 3,
            PackageState::Closed => 4,
        };
        (rank, self.package.package_id)
    }

    /// The labeller with its images alone.
    #[must_use]
    pub fn label(&self) -> String {
        addresses::package(&self.dataset, self.package.package_id)
    }

    /// The gallery with its images alone.
    #[must_use]
    pub fn gallery(&self) -> String {
        let filter = ImageFilter { package: Some(self.package.package_id), ..ImageFilter::default() };
        addresses::gallery(&self.dataset, &filter)
    }

    /// Where one of its forms posts to.
    #[must_use]
    pub fn post(&self, what: &str) -> String {
        format!("{}/{}/{what}", addresses::work(&self.dataset), self.package.package_id)
    }

    /// What is to be done, in words.
    #[must_use]
    pub fn kind_words(&self) -> &'static str {
        match self.package.kind {
            PackageKind::Label => "label",
            PackageKind::Review => "review",
        }
    }

    /// How it stands, in words.
    #[must_use]
    pub fn state_words(&self) -> &'static str {
        match self.package.state {
            PackageState::Free => "free",
            PackageState::Claimed => "in work",
            PackageState::Expired => "free, left behind",
            PackageState::Done => "done",
            PackageState::Closed => "closed",
        }
    }

    /// It can be claimed.
    #[must_use]
    pub fn is_free(&self) -> bool {
        matches!(self.package.state, PackageState::Free | PackageState::Expired)
    }

    /// Somebody else has it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.package.state == PackageState::Claimed && !self.mine
    }

    /// It was put away.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.package.state == PackageState::Closed
    }

    /// How much of it is finished, in percent.
    #[must_use]
    pub fn share(&self) -> u64 {
        (self.package.done * 100).checked_div(self.package.images).unwrap_or(0)
    }
}
