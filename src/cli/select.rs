//! `tator select`

use clap::Args;
use serde_json::{Value, json};
use tator_domain::{DatasetName, RunName};
use tator_pipeline::select::{SelectOptions, SimulateOptions, SimulateRequest, Strategy};

use super::job::follow;
use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(after_help = "Examples:
  tator select --dataset coins --strategy k-centre --n 20             images least like the labelled ones
  tator select --dataset coins --strategy uncertainty --n 20 --package \"Week 12\"
  tator select --dataset coins --simulate --seeds 5 --json            what each strategy would have brought

k-centre, k-means and hybrid look at vectors: `tator embed --dataset coins --of images` makes them. uncertainty, hybrid and \
balance ask the active head (`tator train head --activate`) or the candidates of a run.")]
pub(super) struct Select {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// k-centre, k-means, uncertainty, hybrid, balance or random
    #[arg(long, default_value = "k-centre")]
    strategy: Strategy,
    /// How many images
    #[arg(long, default_value_t = 10)]
    n: usize,
    /// The same seed gives the same images
    #[arg(long, default_value_t = tator_pipeline::heads::SEED)]
    seed: u64,
    /// Whose vectors; the active head's, the chosen one's, or the one with most of them
    #[arg(long, value_name = "MODEL")]
    encoder: Option<String>,
    /// Take a detector's doubt from this run's candidates
    #[arg(long, conflicts_with = "simulate")]
    run: Option<RunName>,
    /// Make a work package of this name out of them
    #[arg(long, value_name = "NAME", conflicts_with = "simulate")]
    package: Option<String>,
    /// Replay the labelled images instead: quality against labels for every strategy, with intervals over the seeds
    #[arg(long)]
    simulate: bool,
    /// Beginnings of the replay; of fewer than three there are no intervals
    #[arg(long, default_value_t = 5, requires = "simulate")]
    seeds: usize,
    /// Images that the replay begins with
    #[arg(long, requires = "simulate")]
    start: Option<usize>,
    /// Images it chooses at a time
    #[arg(long, requires = "simulate")]
    step: Option<usize>,
    /// How often it chooses
    #[arg(long, default_value_t = 6, requires = "simulate")]
    rounds: usize,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Select) -> anyhow::Result<Ending> {
    if command.simulate {
        return simulate(command);
    }
    let found = match open_existing(&command.workspace.workspace)? {
        Opened::Here(bench) => {
            let options = command.options();
            match &command.package {
                None => serde_json::to_value(bench.select(&command.dataset, &options)?)?,
                Some(name) => {
                    let (selection, package) = bench.select_package(&command.dataset, &options, Some(name), "")?;
                    let mut found = serde_json::to_value(selection)?;
                    found["package_id"] = package.into();
                    found
                }
            }
        }
        Opened::There(server) => {
            let mut body = serde_json::to_value(command.options())?;
            if let Some(name) = &command.package {
                body["package"] = json!(name);
            }
            server.post(&format!("/api/v1/datasets/{}/select", command.dataset), &body)?
        }
    };
    if command.json {
        answer(&found.to_string());
    } else {
        show(&found);
    }
    Ok(Ending::Done)
}

impl Select {
    fn options(&self) -> SelectOptions {
        let (encoder, run) = (self.encoder.clone(), self.run.clone());
        SelectOptions { strategy: self.strategy, n: self.n, seed: self.seed, encoder, run }
    }
}

fn show(found: &Value) {
    let picks = found["picks"].as_array().map(Vec::as_slice).unwrap_or_default();
    for pick in picks {
        let doubt = pick["doubt"].as_f64().map_or_else(String::new, |doubt| format!("  {doubt:.3}"));
        answer(&format!("{}  {}{doubt}", pick["image_id"], pick["path"].as_str().unwrap_or_default()));
    }
    let of = format!("{} of {} images that could be labelled", picks.len(), found["free"]);
    let from = found["doubt_from"].as_str().map_or_else(String::new, |from| format!("; doubt: {from}"));
    tell(&format!("{of}{from}"));
    if found["free"] == 0 {
        tell("  every image is labelled, skipped or in an open package; --simulate replays the labelled ones");
    }
    if let Some(package) = found["package_id"].as_i64() {
        tell(&format!("package {package} waits for somebody to claim it"));
    }
    for note in [found["note"].as_str()].into_iter().flatten() {
        tell(note);
    }
    match found["without_vector"].as_u64() {
        None | Some(0) => {}
        Some(n) => tell(&format!("{n} images have no vector and were not looked at: `tator embed --of images`")),
    }
}

fn simulate(command: &Select) -> anyhow::Result<Ending> {
    let options = SimulateOptions {
        encoder: command.encoder.clone(),
        seeds: command.seeds,
        start: command.start,
        step: command.step,
        rounds: command.rounds,
        seed: command.seed,
        ..SimulateOptions::default()
    };
    let request = SimulateRequest { dataset: command.dataset.clone(), options };
    let door = format!("/api/v1/datasets/{}/simulations", command.dataset);
    let start = |bench: &tator_pipeline::Workbench, request: SimulateRequest| Ok(bench.start_simulate(&request)?);
    follow(&command.workspace.workspace, &door, request, start, command.json)
}
