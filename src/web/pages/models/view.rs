//! What the page of the models shows.

use askama::Template;
use tator_pipeline::assist::SlotStatus;
use tator_pipeline::models::Entry;
use tator_pipeline::{AssistStatus, ModelInfo, ModelsStatus};

use crate::figures::{filters, percent};
use crate::page::Shell;

/// `/models`
#[derive(Template)]
#[template(path = "models/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// Models at hand and to be had.
    pub status: ModelsStatus,
    /// What the models are doing.
    pub now: Now,
    /// What went wrong with the last form, if anything.
    pub wrong: Option<String>,
}

/// `/models/_predictors`: images kept ready, memory and hits, asked for every few seconds.
#[derive(Template)]
#[template(path = "models/_predictors.html")]
pub struct Predictors {
    /// What the models are doing.
    pub now: Now,
}

/// What the models are doing at this moment.
pub struct Now(pub AssistStatus);

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// Memory, in the unit of its setting.
fn memory(bytes: u64) -> String {
    match bytes {
        0..0x4000_0000 => format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

/// Milliseconds as people read them.
fn time(ms: f64) -> String {
    match ms {
        m if m < 10.0 => format!("{m:.1} ms"),
        m if m < 10_000.0 => format!("{m:.0} ms"),
        m => format!("{:.1} s", m / 1e3),
    }
}

impl Page {
    /// What a task is called here.
    #[must_use]
    pub fn task_words(&self, task: &str) -> &'static str {
        match task {
            "segment" => "outlines",
            "embed" => "likeness",
            "detect" => "boxes",
            "text_detect" => "boxes by words",
            _ => "captions",
        }
    }

    /// Bytes of a model at hand.
    #[must_use]
    pub fn size_of(&self, model: &ModelInfo) -> String {
        size(model.bytes)
    }

    /// Length of one of its files.
    #[must_use]
    pub fn length(&self, bytes: &u64) -> String {
        size(*bytes)
    }

    /// A model to be had, more or less.
    #[must_use]
    pub fn about(&self, entry: &Entry) -> String {
        size(entry.bytes())
    }

    /// Models of the catalogue that are not at hand in this workspace.
    #[must_use]
    pub fn to_be_had(&self) -> Vec<&'static Entry> {
        let here = |entry: &&Entry| self.status.models.iter().any(|m| m.name == entry.name && m.problem.is_none());
        self.status.catalogue.iter().filter(|entry| !here(entry)).collect()
    }

    /// Which setting chooses a model of this task, if one does.
    #[must_use]
    pub fn setting(&self, task: &str) -> Option<&'static str> {
        match task {
            "segment" => Some("segmenter"),
            "embed" => Some("embedder"),
            _ => None,
        }
    }

    /// Times of a model: what, at first, later.
    #[must_use]
    pub fn times(&self, model: &ModelInfo) -> Vec<(&'static str, String, String)> {
        let Some(tried) = &model.tried else { return Vec::new() };
        let picture = ("picture", time(tried.cold_ms), time(tried.warm_ms));
        let answer = tried.decode_cold_ms.zip(tried.decode_ms).map(|(cold, warm)| ("answer", time(cold), time(warm)));
        [Some(picture), answer].into_iter().flatten().collect()
    }

    /// Opening, in words.
    #[must_use]
    pub fn opening(&self, model: &ModelInfo) -> Option<String> {
        model.load_ms.or(model.tried.as_ref().map(|tried| tried.load_ms)).map(time)
    }

    /// What computes a model, when that is known.
    #[must_use]
    pub fn runs_on<'m>(&self, model: &'m ModelInfo) -> Option<&'m str> {
        model.provider.or(model.tried.as_ref().map(|tried| tried.provider))
    }

    /// The budget in mebibytes.
    #[must_use]
    pub fn mebibytes(&self) -> usize {
        self.now.0.settings.bytes >> 20
    }

    /// How many images a tab may keep ready: number, words, and whether it is set so.
    #[must_use]
    pub fn slot_choices(&self) -> Vec<(u8, &'static str, bool)> {
        let choices = [(1, "the current one"), (2, "and the next"), (3, "and the one before")];
        choices.map(|(n, words)| (n, words, n == self.now.0.settings.slots)).to_vec()
    }

    /// What may compute: key, words, and whether it is set so.
    #[must_use]
    pub fn provider_choices(&self) -> Vec<(&'static str, &'static str, bool)> {
        use tator_pipeline::models::ProviderWish as P;
        let set = self.now.0.settings.provider;
        let choices = [
            ("auto", "a GPU if there is one", P::Auto),
            ("cpu", "the processor", P::Cpu),
            ("cuda", "a GPU (CUDA)", P::Cuda),
        ];
        choices.map(|(key, words, wish)| (key, words, wish == set)).to_vec()
    }
}

impl Now {
    /// Figures in a row: name and value.
    #[must_use]
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        let (used, hits) = (&self.0.memory, &self.0.hits);
        let rate = hits.rate.map_or_else(|| "no click yet".to_owned(), |_| percent(hits.hit, hits.hit + hits.miss));
        vec![
            ("Ready at the click", rate),
            ("Clicks", format!("{} ready, {} waited", hits.hit, hits.miss)),
            ("Kept", format!("{} of {}", memory(used.slots_bytes as u64), memory(used.budget_bytes as u64))),
            ("Tator", memory(used.process_bytes)),
            ("Free", format!("{} of {}", memory(used.free_bytes), memory(used.total_bytes))),
        ]
    }

    /// How much of the budget is taken, in percent.
    #[must_use]
    pub fn share(&self) -> usize {
        (self.0.memory.slots_bytes * 100 / self.0.memory.budget_bytes.max(1)).min(100)
    }

    /// The image of a slot: its file's name, or its number.
    #[must_use]
    pub fn image(&self, slot: &SlotStatus) -> String {
        let name = slot.path.as_deref().and_then(|path| path.rsplit(['/', '\\']).next());
        name.map_or_else(|| format!("image {}", slot.image_id), str::to_owned)
    }

    /// What the image is to somebody.
    #[must_use]
    pub fn role(&self, slot: &SlotStatus) -> &'static str {
        slot.role.word()
    }

    /// Where it is labelled.
    #[must_use]
    pub fn label(&self, slot: &SlotStatus) -> String {
        format!("/d/{}/label?image={}", slot.dataset, slot.image_id)
    }

    /// Bytes of its encoding.
    #[must_use]
    pub fn bytes(&self, slot: &SlotStatus) -> String {
        if slot.bytes == 0 { String::new() } else { memory(slot.bytes as u64) }
    }

    /// How long encoding took.
    #[must_use]
    pub fn took(&self, slot: &SlotStatus) -> String {
        slot.encode_ms.map(time).unwrap_or_default()
    }

    /// Width and height of the picture.
    #[must_use]
    pub fn sides(&self, slot: &SlotStatus) -> String {
        slot.width.zip(slot.height).map(|(width, height)| format!("{width} × {height}")).unwrap_or_default()
    }
}
