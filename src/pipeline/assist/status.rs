//! What the assists are doing: for the overlay in the labeller and the page of the models.

use serde::Serialize;
use tator_domain::{DatasetName, ImageId};
use tator_vision::provider_notice;

use super::settings::AssistSettings;
use super::slots::{Role, Slot};
use super::tasks::Task;
use crate::workbench::Workbench;

/// Everything at once.
#[derive(Debug, Clone, Serialize)]
pub struct AssistStatus {
    /// Models at hand.
    pub models: Vec<ModelStatus>,
    /// The segmenter in use; `None` when there is none.
    pub segmenter: Option<String>,
    /// The image encoder in use.
    pub embedder: Option<String>,
    /// As set.
    pub settings: AssistSettings,
    /// Images with or waiting for an encoding.
    pub slots: Vec<SlotStatus>,
    /// In flight, and the last few that ended.
    pub tasks: Vec<Task>,
    /// Bytes.
    pub memory: Memory,
    /// How often the encoding was there.
    pub hits: Hits,
    /// What really computes, once a model is open.
    pub provider: Option<&'static str>,
    /// What a person should know about the provider.
    pub notice: Option<String>,
}

/// A model, shortly.
#[derive(Debug, Clone, Serialize)]
pub struct ModelStatus {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is for.
    pub task: &'static str,
    /// Its adapter.
    pub family: String,
    /// What computes it, when it is open.
    pub provider: Option<&'static str>,
    /// It is open.
    pub loaded: bool,
    /// How long opening took, in milliseconds.
    pub load_ms: Option<f64>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// One image's slot.
#[derive(Debug, Clone, Serialize)]
pub struct SlotStatus {
    /// Its dataset.
    pub dataset: DatasetName,
    /// Its number.
    pub image_id: ImageId,
    /// Its file, once it was read.
    pub path: Option<String>,
    /// What it is to whoever wants it most.
    pub role: Role,
    /// `waiting`, `encoding`, `ready` or `failed`.
    pub state: &'static str,
    /// Model of the encoding.
    pub model: Option<String>,
    /// Width of the upright picture.
    pub width: Option<u32>,
    /// Height of the upright picture.
    pub height: Option<u32>,
    /// Bytes in memory.
    pub bytes: usize,
    /// How long it took.
    pub encode_ms: Option<f64>,
    /// Clicks it answered.
    pub hits: u64,
    /// What went wrong.
    pub error: Option<String>,
}

/// Bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    /// Of the encodings.
    pub slots_bytes: usize,
    /// What they may take.
    pub budget_bytes: usize,
    /// Of this program; 0 where the system does not say.
    pub process_bytes: u64,
    /// Free on this machine.
    pub free_bytes: u64,
    /// Of this machine.
    pub total_bytes: u64,
}

/// How often the encoding was there when somebody clicked.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Hits {
    /// It was.
    pub hit: u64,
    /// It had to be made.
    pub miss: u64,
    /// Share of hits; `None` before the first click.
    pub rate: Option<f64>,
}

impl Workbench {
    /// What the assists are doing.
    #[must_use]
    pub fn assist_status(&self) -> AssistStatus {
        let shared = &self.open.assist.shared;
        let (models, open) = (shared.shelves.list(), shared.engines.list());
        let settings = shared.settings();
        let chosen = |task, name: Option<&String>| {
            shared.shelves.choose(task, name.map(String::as_str)).ok().map(|model| model.manifest.name)
        };
        let state = shared.lock();
        let running = state.running.as_ref().map(|(place, _)| place.clone());
        let slots = state.slots.list().into_iter().map(|(place, role, slot)| {
            let encoding = running.as_ref() == Some(&place);
            slot_status(place.dataset, place.image_id, role, slot, encoding)
        });
        let slots = slots.collect();
        let (hit, miss) = (state.slots.hits, state.slots.misses);
        let rate = (hit + miss > 0).then(|| hit as f64 / (hit + miss) as f64);
        let (process_bytes, free_bytes, total_bytes) = machine_memory();
        let memory = Memory {
            slots_bytes: state.slots.bytes(),
            budget_bytes: settings.bytes,
            process_bytes,
            free_bytes,
            total_bytes,
        };
        AssistStatus {
            models: models
                .iter()
                .map(|model| {
                    let open = open.iter().find(|(name, ..)| *name == model.manifest.name);
                    ModelStatus {
                        name: model.manifest.name.clone(),
                        title: model.title().to_owned(),
                        task: model.manifest.task.name(),
                        family: model.manifest.family.clone(),
                        provider: open.map(|(_, provider, _)| *provider),
                        loaded: open.is_some(),
                        load_ms: open.map(|(.., ms)| *ms),
                        problem: model.problem.clone(),
                    }
                })
                .collect(),
            segmenter: chosen(tator_vision::Task::Segment, settings.segmenter.as_ref()),
            embedder: chosen(tator_vision::Task::Embed, settings.embedder.as_ref()),
            slots,
            tasks: state.tasks.list(),
            memory,
            hits: Hits { hit, miss, rate },
            provider: open.first().map(|(_, provider, _)| *provider),
            notice: provider_notice(),
            settings,
        }
    }
}

fn slot_status(dataset: DatasetName, image_id: ImageId, role: Role, slot: Option<&Slot>, encoding: bool) -> SlotStatus {
    let (ready, error) = match slot {
        Some(Slot::Ready(kept)) => (Some(kept), None),
        Some(Slot::Failed(reason)) => (None, Some(reason.clone())),
        None => (None, None),
    };
    SlotStatus {
        dataset,
        image_id,
        path: ready.map(|kept| kept.path.clone()),
        role,
        state: match slot {
            Some(Slot::Ready(_)) => "ready",
            Some(Slot::Failed(_)) => "failed",
            None if encoding => "encoding",
            None => "waiting",
        },
        model: ready.map(|kept| kept.model.clone()),
        width: ready.map(|kept| kept.encoding.placement.width),
        height: ready.map(|kept| kept.encoding.placement.height),
        bytes: ready.map_or(0, |kept| kept.bytes),
        encode_ms: ready.map(|kept| kept.encode_ms),
        hits: ready.map_or(0, |kept| kept.hits),
        error,
    }
}

/// Resident bytes of this program, free and total bytes of the machine, as Linux tells them.
fn machine_memory() -> (u64, u64, u64) {
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
    };
    let own = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let all = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let get = |text: &str, name: &str| field(text, name).unwrap_or(0);
    (get(&own, "VmRSS:"), get(&all, "MemAvailable:"), get(&all, "MemTotal:"))
}
