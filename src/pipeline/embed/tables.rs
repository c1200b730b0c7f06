//! What a job does to each table: its plan, the rows that wait for a commit, and what came of it.

use tator_domain::{DatasetName, ImageId};
use tator_store::{EmbeddingMeta, EmbeddingOf, EmbeddingPlan, NewEmbeddings, ToEmbed};
use tator_vision::Surroundings;

use super::{Recipe, TableReport};
use crate::error::Error;
use crate::jobs::Context;
use crate::models::Model;

/// One table of the job.
pub(super) struct Table {
    pub meta: EmbeddingMeta,
    pub recipe: Recipe,
    pub plan: EmbeddingPlan,
    pending: NewEmbeddings,
    written: u64,
    removed: u64,
    pub failed: u64,
}

/// What is to be made of one image: for each item the number of its table.
pub(super) struct OneImage {
    pub image_id: ImageId,
    pub items: Vec<(usize, ToEmbed)>,
}

impl Table {
    /// Looks what is to be done. Without a wish boxes are cut as the table has it.
    pub fn plan(
        context: &Context,
        d: &DatasetName,
        model: &Model,
        of: EmbeddingOf,
        (padding, around): (Option<f64>, Option<Surroundings>),
    ) -> Result<Self, Error> {
        let reader = context.writer.reader();
        let encoder = &model.manifest.name;
        let known = reader.embedding_meta(d, encoder, of)?;
        let kept = known
            .as_ref()
            .filter(|_| padding.is_none() && around.is_none())
            .and_then(|meta| Recipe::parse(&meta.recipe));
        let recipe = kept.map_or_else(|| Recipe::of(of, padding, around), Ok)?;
        let meta = EmbeddingMeta {
            encoder: encoder.clone(),
            fingerprint: model.manifest.fingerprint(),
            of,
            recipe: recipe.words(),
            dims: known.map_or(0, |meta| meta.dims),
        };
        let plan = reader.embedding_plan(d, &meta)?;
        let pending = NewEmbeddings::default();
        Ok(Self { meta, recipe, plan, pending, written: 0, removed: 0, failed: 0 })
    }

    /// Rows of what is gone go first: whatever happens later, nobody finds them.
    pub fn remove_gone(&mut self, context: &Context, d: &DatasetName) -> Result<(), Error> {
        if !self.plan.gone.is_empty() {
            context.writer.remove_embeddings(d, &self.meta, &self.plan.gone)?;
            self.removed = self.plan.gone.len() as u64;
        }
        Ok(())
    }

    /// Takes a vector; says why when it is none.
    pub fn take(&mut self, item: ToEmbed, vector: &[f32]) -> Result<(), String> {
        // The first vector of a new table says how long they are.
        let begins = self.written == 0 && self.pending.items.is_empty() && self.plan.current == 0;
        if vector.is_empty() || !(begins || self.meta.dims == vector.len()) {
            return Err(format!("the model gave {} numbers, not {}", vector.len(), self.meta.dims));
        }
        if !vector.iter().all(|value| value.is_finite()) {
            return Err("the model gave a number that is none".to_owned());
        }
        self.meta.dims = vector.len();
        self.pending.items.push(item);
        self.pending.data.extend_from_slice(vector);
        Ok(())
    }

    /// Rows that wait.
    pub fn waiting(&self) -> usize {
        self.pending.items.len()
    }

    /// Commits what waits.
    pub fn commit(&mut self, context: &Context, d: &DatasetName) -> Result<(), Error> {
        if self.pending.items.is_empty() {
            return Ok(());
        }
        let new = std::mem::take(&mut self.pending);
        let anew = self.plan.anew && self.written == 0;
        context.writer.add_embeddings(d, &self.meta, &new, anew)?;
        self.written += new.items.len() as u64;
        Ok(())
    }

    pub fn report(&self) -> TableReport {
        TableReport {
            of: self.meta.of,
            recipe: self.meta.recipe.clone(),
            dims: self.meta.dims,
            embedded: self.written,
            unchanged: self.plan.current,
            removed: self.removed,
            failed: self.failed,
        }
    }
}

/// What is to be done, image by image, so that each picture is decoded once.
pub(super) fn work_of(tables: &[Table]) -> Vec<OneImage> {
    let mut items: Vec<(usize, ToEmbed)> = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        items.extend(table.plan.todo.iter().map(|item| (number, *item)));
    }
    items.sort_by_key(|(number, item)| (item.image_id, *number, item.id()));
    let images = items.chunk_by(|a, b| a.1.image_id == b.1.image_id);
    images.map(|items| OneImage { image_id: items[0].1.image_id, items: items.to_vec() }).collect()
}
