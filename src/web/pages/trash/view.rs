//! What the trash shows.

use askama::Template;
use tator_domain::Timestamp;
use tator_store::Trashed;

use crate::addresses::encoded;
use crate::figures::filters;
use crate::page::Shell;

/// How long a deleted dataset is kept.
pub const KEPT_DAYS: i64 = 30;
const DAY: i64 = 86_400_000_000;

/// `/trash`
#[derive(Template)]
#[template(path = "trash/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// Latest first.
    pub entries: Vec<Entry>,
    /// What went wrong with the last try to restore, if anything.
    pub wrong: Option<String>,
}

/// A deleted dataset.
pub struct Entry {
    /// What it was.
    pub thing: Trashed,
    /// Whole days until it goes for good.
    pub days_left: i64,
    /// The name is taken again, so that it comes back under another.
    pub taken: bool,
}

impl Page {
    /// The page from what the store tells, at this moment.
    #[must_use]
    pub fn new(shell: Shell, mut things: Vec<Trashed>, now: Timestamp, wrong: Option<String>) -> Self {
        things.sort_by_key(|thing| std::cmp::Reverse(thing.deleted_at));
        let entries = things.into_iter().map(|thing| Entry {
            days_left: (KEPT_DAYS - (now - thing.deleted_at) / DAY).clamp(0, KEPT_DAYS),
            taken: shell.datasets.contains(&thing.name),
            thing,
        });
        Self { entries: entries.collect(), shell, wrong }
    }
}

impl Entry {
    /// The address that brings it back.
    #[must_use]
    pub fn restore(&self) -> String {
        format!("/trash/{}/restore", encoded(&self.thing.entry))
    }

    /// How much of its time is left, in percent.
    #[must_use]
    pub fn share_left(&self) -> i64 {
        self.days_left * 100 / KEPT_DAYS
    }
}
