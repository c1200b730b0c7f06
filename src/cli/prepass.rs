//! `tator prepass`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::{PrepassRequest, Recipe, Workbench};

use super::job::follow;
use super::{Ending, WorkspaceFlag};

#[derive(Args)]
#[command(after_help = "Examples:
  tator prepass --dataset coins --recipe fast
  tator prepass --dataset coins --recipe thorough --sample 50
  tator prepass --dataset coins --recipe my.toml --run night_shift --where \"state = 'unlabelled'\"
  tator prepass --dataset coins --resume

A recipe is TOML; `tator prepass --print-recipe fast` prints one to begin with. The run's tables are coins.atoms_<run>, \
coins.candidates_<run>, coins.candidate_atoms_<run> and coins.run_images_<run>. An image on which a model fails is marked \
there, and the exit code is 4.")]
pub(super) struct Prepass {
    /// The dataset
    #[arg(long, required_unless_present = "print_recipe")]
    dataset: Option<DatasetName>,
    /// A preset (fast, thorough) or a file
    #[arg(long, value_name = "FILE|PRESET", required_unless_present_any = ["resume", "print_recipe"])]
    recipe: Option<String>,
    /// SQL condition over images, with boxes and classes in sub-queries
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Only so many of the images, drawn by the recipe's seed
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// What the run is to be called: letters a-z, digits and _
    #[arg(long, value_name = "NAME")]
    run: Option<RunName>,
    /// Go on with a run that was cut off: the one called --run, or the latest
    #[arg(long, conflicts_with_all = ["recipe", "condition", "sample"])]
    resume: bool,
    /// Print a preset and end
    #[arg(long, value_name = "PRESET")]
    print_recipe: Option<String>,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Prepass) -> anyhow::Result<Ending> {
    if let Some(name) = &command.print_recipe {
        super::answer(Recipe::preset(name).with_context(|| unknown_preset(name))?.trim_end());
        return Ok(Ending::Done);
    }
    let dataset = command.dataset.clone().context("which dataset?")?;
    let recipe = command.recipe.as_deref().map(recipe_text).transpose()?.unwrap_or_default();
    let request = PrepassRequest {
        run: command.run.clone(),
        condition: command.condition.clone(),
        sample: command.sample,
        resume: command.resume,
        ..PrepassRequest::new(dataset.clone(), recipe)
    };
    let start = |bench: &Workbench, request| Ok(bench.start_prepass(request)?.0);
    let door = format!("/api/v1/datasets/{dataset}/runs");
    follow(&command.workspace.workspace, &door, request, start, command.json)
}

/// The text of a preset or of a file.
fn recipe_text(wish: &str) -> anyhow::Result<String> {
    if let Some(preset) = Recipe::preset(wish) {
        return Ok(preset.to_owned());
    }
    let path: PathBuf = Path::new(wish).to_owned();
    std::fs::read_to_string(&path).with_context(|| format!("{}; {}", unknown_preset(wish), path.display()))
}

fn unknown_preset(name: &str) -> String {
    let known: Vec<&str> = tator_pipeline::prepass::PRESETS.iter().map(|(name, _)| *name).collect();
    format!("{name} is neither a preset ({}) nor a file that can be read", known.join(", "))
}
