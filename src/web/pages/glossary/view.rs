//! What the page of the words shows.

use askama::Template;
use tator_domain::DatasetName;
use tator_pipeline::glossary::ClassWords;
use tator_pipeline::{DatasetWords, LanguageSettings, Shelved};

use crate::page::Shell;

/// `/d/{dataset}/glossary`
#[derive(Template)]
#[template(path = "glossary/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Every class with its words.
    pub words: DatasetWords,
    /// What can be taken over.
    pub library: Vec<Shelved>,
    /// Who may be asked for more.
    pub language: LanguageSettings,
    /// What happened.
    pub told: Option<String>,
    /// What was wrong.
    pub wrong: Option<String>,
    /// What was pasted and could not be read.
    pub pasted: String,
}

impl Page {
    /// Prompts in all.
    #[must_use]
    pub fn prompts(&self) -> usize {
        self.words.classes.iter().map(|class| class.prompts.len()).sum()
    }

    /// Words as they stand in a field.
    #[must_use]
    pub fn joined(words: &[String]) -> String {
        words.join(", ")
    }

    /// The prompts of a class on one line.
    #[must_use]
    pub fn asked(class: &ClassWords) -> String {
        class.prompts.iter().map(|prompt| prompt.text.as_str()).collect::<Vec<_>>().join(" · ")
    }
}
