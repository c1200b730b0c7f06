//! From a recipe to the passes that a run makes.

use std::collections::BTreeMap;

use tator_domain::DatasetName;

use super::classes::unknown_names;
use super::looks::Pass;
use super::recipe::Recipe;
use super::{detectors, similarity, text};
use crate::assist::Shared;
use crate::error::Error;

/// What a run does.
pub(super) struct Plan {
    /// The recipe with every model named.
    pub recipe: Recipe,
    pub passes: Vec<Pass>,
    /// What the person should know before looking at results.
    pub warnings: Vec<String>,
}

/// Opens the models of a recipe.
pub(super) fn plan(shared: &Shared, d: &DatasetName, recipe: &Recipe) -> Result<Plan, Error> {
    let recipe = detectors::expand(recipe, &shared.shelves.list())?;
    let classes = shared.writer.reader().class_list(d)?;
    let mut warnings = Vec::new();
    let mut passes = detectors::passes(shared, &recipe, &classes)?;
    match text::passes(shared, &recipe, &crate::glossary::of_dataset(shared.writer.reader(), d)?, &classes)? {
        Ok(more) => passes.extend(more),
        Err(why) => warnings.push(why),
    }
    if recipe.similarity.is_some() {
        match similarity::pass(shared, d, &recipe, &classes, &passes)? {
            Ok(pass) => passes.push(pass),
            Err(why) => warnings.push(why),
        }
        if passes.iter().all(|pass| pass.labels.iter().all(|label| label.class_id.is_none())) {
            // Detectors that only say where something is are of no use without it.
            let text = format!("no class of any model is one of the dataset; {}", warnings.join("; "));
            return Err(Error::invalid("classes", text));
        }
    }
    if passes.is_empty() {
        return Err(Error::invalid(
            "recipe",
            format!("nothing is left to look at the images: {}", warnings.join("; ")),
        ));
    }
    misspelt(&recipe, &passes, &mut warnings);
    unmapped(&passes, &mut warnings);
    Ok(Plan { recipe, passes, warnings })
}

/// Names in the tables of classes that no model has.
fn misspelt(recipe: &Recipe, passes: &[Pass], warnings: &mut Vec<String>) {
    let names = |pass: &Pass| pass.classes.iter().map(|one| one.model_class.clone()).collect::<Vec<_>>();
    let known: Vec<Vec<String>> = passes.iter().map(names).collect();
    let known: Vec<&[String]> = known.iter().map(Vec::as_slice).collect();
    for name in unknown_names(&recipe.classes, &known) {
        warnings.push(format!("[classes] names {name:?}, which no model of the recipe knows"));
    }
    for detector in &recipe.detectors {
        let own = passes.iter().filter(|pass| *pass.source == *detector.model).map(names).collect::<Vec<_>>();
        let own: Vec<&[String]> = own.iter().map(Vec::as_slice).collect();
        for name in unknown_names(&detector.classes, &own) {
            warnings.push(format!("classes of {} name {name:?}, which it does not know", detector.model));
        }
    }
}

/// Classes of models that no class of the dataset stands for, once for each model.
fn unmapped(passes: &[Pass], warnings: &mut Vec<String>) {
    let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pass in passes {
        let left = pass.classes.iter().filter(|one| one.how == super::How::Unmapped);
        told.insert(&pass.source, left.map(|one| one.model_class.as_str()).collect());
    }
    for (model, names) in told.into_iter().filter(|(_, names)| !names.is_empty()) {
        let few = names.iter().take(12).copied().collect::<Vec<_>>().join(", ");
        let more = if names.len() > 12 { ", …" } else { "" };
        warnings
            .push(format!("{} classes of {model} are none of the dataset and are left out: {few}{more}", names.len()));
    }
}
