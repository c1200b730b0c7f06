//! `tator calibrate`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tator_domain::{DatasetName, RunName};
use tator_pipeline::calibrate::{Labels, Options};
use tator_pipeline::{CalibrateRequest, Workbench};

use super::job::follow;
use super::workspace::absolute;
use super::{Ending, WorkspaceFlag};

/// How the test is kept apart.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// A third part from 1,000 labelled images with 10,000 objects on, each fifth in turn below
    Auto,
    /// A third part, opened once
    Split,
    /// Each fifth in turn
    Nested,
}

#[derive(Args)]
#[command(after_help = "Examples:
  tator calibrate --dataset coins --run fast_1
  tator calibrate --dataset coins --run fast_1 --iou 0.75 --seed 7 --json
  tator calibrate --dataset coins --run fast_1 --head head-3
  tator calibrate --dataset coins --run fast_1 --seen \"yolox=split = 'train'\" --fp-cap 0.2

Learns from the labelled images of the run which candidates to believe, and tests that on images that no part of it
has seen: on a third part from 1,000 labelled images with 10,000 objects on, by turns with fewer. It is promoted only
when its F1 there is better than that of every model alone and of their union by more than the interval. The tables
are coins.scores_<calibration>, coins.features_<calibration> and coins.missed_<calibration>; `tator apply` puts
accepted candidates on unlabelled images.")]
pub(super) struct Calibrate {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// The run of `tator prepass` whose candidates are judged
    #[arg(long, value_name = "NAME")]
    run: RunName,
    /// What the calibration is to be called: letters a-z, digits and _
    #[arg(long, value_name = "NAME")]
    name: Option<RunName>,
    /// Overlap with an object from which on it is found
    #[arg(long, value_name = "IOU", default_value_t = 0.5)]
    iou: f64,
    /// Least recall of a threshold, if it can be reached
    #[arg(long, value_name = "RECALL", default_value_t = 0.6)]
    recall_floor: f64,
    /// Most wrong ones per right one; any number without it
    #[arg(long, value_name = "RATIO")]
    fp_cap: Option<f64>,
    /// Decides the parts and all chance
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Other ways of growing trees that are tried, at most 7
    #[arg(long, value_name = "N", default_value_t = 0)]
    sweep: usize,
    /// Most trees
    #[arg(long, value_name = "N")]
    trees: Option<u32>,
    /// Greatest depth of a tree
    #[arg(long, value_name = "N")]
    depth: Option<u32>,
    /// How the test is kept apart: a third part once, each fifth in turn, or whichever the number of images and objects asks for
    #[arg(long, value_enum, default_value_t = Protocol::Auto)]
    protocol: Protocol,
    /// Let the trees begin at the share of right candidates, not at a regression on what each look says
    #[arg(long)]
    no_start: bool,
    /// Let every candidate of an object count as right in training, not the best alone
    #[arg(long)]
    many_to_one: bool,
    /// Images a model was trained on, as SQL condition: their truth is not used; may be given for each model
    #[arg(long, value_name = "MODEL=SQL")]
    seen: Vec<String>,
    /// Candidates of which no model scores a box as high are not looked at
    #[arg(long, value_name = "SCORE", default_value_t = 0.05)]
    floor: f64,
    /// Use the trees and thresholds of a package (`tator apply --save-recipe`), and try them on the truth there is
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// An image encoder that looks at crops of the candidates: how they look becomes features
    #[arg(long, value_name = "MODEL")]
    encoder: Option<String>,
    /// A class head, by number or name, that is asked about the same crops; of this dataset or another with the same classes
    #[arg(long, value_name = "HEAD")]
    head: Option<String>,
    /// Leave out features whose names begin like this; may be given several times
    #[arg(long, value_name = "PREFIX")]
    without: Vec<String>,
    /// Probability from which on a candidate that is not accepted is for people to decide on
    #[arg(long, value_name = "P", default_value_t = 0.1)]
    queue_from: f64,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Calibrate) -> anyhow::Result<Ending> {
    let mut seen = BTreeMap::new();
    for told in &command.seen {
        let (model, condition) =
            told.split_once('=').context("--seen needs MODEL=CONDITION, such as yolox=\"split = 'train'\"")?;
        seen.insert(model.trim().to_owned(), condition.trim().to_owned());
    }
    let mut usual = Options::default();
    usual.parameters.rounds = command.trees.unwrap_or(usual.parameters.rounds);
    usual.parameters.max_depth = command.depth.unwrap_or(usual.parameters.max_depth);
    usual.parameters.seed = (command.seed % (1 << 31)) as u32;
    let (split_from, split_truths) = match command.protocol {
        Protocol::Auto => (usual.split_from, usual.split_truths),
        Protocol::Split => (0, 0),
        Protocol::Nested => (usize::MAX, usize::MAX),
    };
    let options = Options {
        split_from,
        split_truths,
        iou: command.iou,
        recall_floor: command.recall_floor,
        wrong_per_right: command.fp_cap,
        labels: if command.many_to_one { Labels::ManyToOne } else { Labels::OneToOne },
        start: !command.no_start,
        sweep: command.sweep,
        seed: command.seed,
        ..usual
    };
    let request = CalibrateRequest {
        name: command.name.clone(),
        options,
        seen,
        queue_from: command.queue_from,
        floor: command.floor,
        recipe: command.recipe.as_deref().map(absolute).transpose()?,
        encoder: command.encoder.clone(),
        head: command.head.clone(),
        without: command.without.clone(),
        ..CalibrateRequest::new(command.dataset.clone(), command.run.clone())
    };
    let start = |bench: &Workbench, request| Ok(bench.start_calibration(request)?.0);
    let door = format!("/api/v1/datasets/{}/calibrations", command.dataset);
    follow(&command.workspace.workspace, &door, request, start, command.json)
}
