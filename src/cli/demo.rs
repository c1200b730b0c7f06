//! `tator demo`

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use tator_domain::DatasetName;
use tator_pipeline::{ImportMode, ImportRequest, Workbench};
use tator_store::LoadPolicy;

use super::job::conclude;
use super::progress::Bar;
use super::serve::{self, Serve};
use super::{Ending, tell};
use crate::config::Config;

#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    serve: Serve,
    /// Folder of the demo dataset
    #[arg(long, value_name = "FOLDER", hide = true)]
    source: Option<PathBuf>,
}

pub(super) fn run(command: &Demo) -> anyhow::Result<Ending> {
    let config = Config::load(&command.serve.workspace.workspace)?;
    let workbench = serve::open(&command.serve, &config)?;
    let name: DatasetName = "demo".parse().context("the demo's name")?;
    if workbench.reader().dataset(&name).is_err() {
        import_demo(&workbench, name, &find_demo(command.source.as_ref())?)?;
    }
    serve::serve_workbench(&command.serve, &config, workbench)
}

/// The demo lies in the project's folder, or beside the installed program.
fn find_demo(given: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../share/tator/demo")));
    let places = given.cloned().into_iter().chain([PathBuf::from("datasets/demo")]).chain(beside);
    for place in places {
        if place.join("data.yaml").is_file() {
            return Ok(std::path::absolute(place)?);
        }
    }
    bail!("the demo dataset is not here: run this in the project's folder, where datasets/demo lies")
}

fn import_demo(workbench: &Workbench, dataset: DatasetName, source: &std::path::Path) -> anyhow::Result<()> {
    tell("importing the demo dataset");
    let bar = Bar::new();
    let job = workbench.start_import(ImportRequest {
        source: source.to_owned(),
        images_dir: None,
        dataset,
        format: "yolo".into(),
        mode: ImportMode::Copy,
        dry_run: false,
        task: None,
        split: None,
        one_based: false,
        existing: LoadPolicy::Keep,
    })?;
    let job = workbench.wait_for(job, |job| bar.show(job, None))?;
    drop(bar);
    conclude(&job, false).map(|_| ())
}
