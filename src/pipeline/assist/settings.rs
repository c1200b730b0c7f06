//! How the assists are set: few things, kept in `assist.toml` of the workspace.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tator_vision::{ProviderWish, Task};

use crate::error::Error;
use crate::workbench::Workbench;

const FILE: &str = "assist.toml";

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssistSettings {
    /// Images a tab keeps ready: 1 the current one, 2 the next one too, 3 the one before too.
    pub slots: u8,
    /// Bytes that encodings may take in memory.
    pub bytes: usize,
    /// Encode before somebody clicks.
    pub preload: bool,
    /// The segmenter; the one its manifest prefers when nothing is chosen.
    pub segmenter: Option<String>,
    /// The image encoder.
    pub embedder: Option<String>,
    /// What is to compute.
    pub provider: ProviderWish,
}

impl Default for AssistSettings {
    fn default() -> Self {
        let provider = ProviderWish::Auto;
        Self { slots: 3, bytes: 512 << 20, preload: true, segmenter: None, embedder: None, provider }
    }
}

/// A change of some of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssistChange {
    /// See [`AssistSettings::slots`].
    pub slots: Option<u8>,
    /// See [`AssistSettings::bytes`].
    pub bytes: Option<usize>,
    /// See [`AssistSettings::preload`].
    pub preload: Option<bool>,
    /// See [`AssistSettings::segmenter`]; empty for the preferred one.
    pub segmenter: Option<String>,
    /// See [`AssistSettings::embedder`]; empty for the preferred one.
    pub embedder: Option<String>,
    /// See [`AssistSettings::provider`].
    pub provider: Option<ProviderWish>,
}

impl AssistSettings {
    /// What the workspace has; a file that cannot be read is said in the log and not used.
    pub(crate) fn load(workspace: &Path) -> Self {
        let Ok(text) = std::fs::read_to_string(workspace.join(FILE)) else { return Self::default() };
        toml::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, "{FILE} is not used");
            Self::default()
        })
    }
}

impl Workbench {
    /// Changes settings at once and for the next start.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value out of range or a model that is not there.
    pub fn change_assist(&self, change: AssistChange) -> Result<(), Error> {
        let shared = &self.open.assist.shared;
        let mut settings = shared.settings();
        if let Some(slots) = change.slots {
            if !(1..=3).contains(&slots) {
                return Err(Error::invalid("slots", "1, 2 or 3"));
            }
            settings.slots = slots;
        }
        if let Some(bytes) = change.bytes {
            if bytes < 16 << 20 {
                return Err(Error::invalid("bytes", "at least 16 MiB: one encoding takes up to 16"));
            }
            settings.bytes = bytes;
        }
        settings.preload = change.preload.unwrap_or(settings.preload);
        settings.provider = change.provider.unwrap_or(settings.provider);
        for (wish, place, task) in [
            (change.segmenter, &mut settings.segmenter, Task::Segment),
            (change.embedder, &mut settings.embedder, Task::Embed),
        ] {
            if let Some(name) = wish {
                *place = (!name.is_empty()).then_some(name);
                shared.shelves.choose(task, place.as_deref())?;
            }
        }
        let text = toml::to_string(&settings).map_err(|e| Error::invalid("settings", e.to_string()))?;
        tator_store::write_whole(&self.reader().folders().root().join(FILE), text.as_bytes())?;
        let mut state = shared.lock();
        let another = settings.segmenter != state.settings.segmenter || settings.provider != state.settings.provider;
        if another {
            state.slots.clear();
            shared.engines.close();
            shared.finders.close();
        }
        state.settings = settings;
        shared.wanted_changed(&state);
        Ok(())
    }
}
