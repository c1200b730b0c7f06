//! `tator train`

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use tator_domain::DatasetName;
use tator_pipeline::heads::{AugmentOptions, BackgroundOptions, HeadOptions, TrainHeadRequest};

use super::job::follow;
use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Examples:
  tator train head --dataset coins --encoder efficientnet-lite0                 logistic, every default
  tator train head --dataset coins --kind mlp --hidden 384,192 --label-smoothing 0.1 --activate
  tator train head --dataset coins --augment 2 --kind mlp --arcface              two changed copies of each training box, and a margin
  tator train list --dataset coins                                              what was trained, and how good it is
  tator train activate head-3 --dataset coins                                   Auto class asks it from now on

A head learns from vectors: `tator embed --dataset coins --of boxes` makes them, once for all heads.")]
pub(super) struct Train {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Train a class head on the vectors of labelled boxes
    Head(Box<Head>),
    /// Heads that were trained, the newest first
    List(List),
    /// Have Auto class ask this head; `none` lets it ask the neighbours again
    Activate(Activate),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Logistic,
    Mlp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Weights {
    None,
    Balanced,
    EffectiveNumber,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Adjustment {
    None,
    Train,
    Infer,
    Both,
}

#[derive(Args)]
struct Head {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// Whose vectors; the chosen encoder, or the one with most of them
    #[arg(long, value_name = "MODEL")]
    encoder: Option<String>,
    /// Multinomial logistic regression, or a small multilayer perceptron
    #[arg(long, value_enum, default_value = "logistic")]
    kind: Kind,
    /// Of the split and of all chance: the same seed gives the same bytes
    #[arg(long, default_value_t = tator_pipeline::heads::SEED)]
    seed: u64,
    /// What it is called
    #[arg(long)]
    name: Option<String>,
    /// How classes weigh against each other
    #[arg(long, value_enum)]
    class_weights: Option<Weights>,
    /// Inverse strength of the penalty (logistic); without it the best of 1, 10, 100 and 1000 on the validation part
    #[arg(long, value_name = "C")]
    c: Option<f64>,
    /// Sizes of the hidden layers (mlp)
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    hidden: Vec<usize>,
    /// Passes over the data at most (mlp)
    #[arg(long)]
    epochs: Option<usize>,
    /// Share of the truth that is spread over all classes (mlp)
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// Train with a margin between classes, and tell cosines: ArcFace (mlp)
    #[arg(long)]
    arcface: bool,
    /// Draw boxes of a class together: a supervised contrastive loss beside (mlp)
    #[arg(long)]
    contrastive: bool,
    /// When the frequency of classes is taken out (mlp)
    #[arg(long, value_enum)]
    logit_adjustment: Option<Adjustment>,
    /// A second round in which wrong and doubtful boxes weigh more
    #[arg(long)]
    hard_mining: bool,
    /// Changed copies of each training box (mirrored, other light, turned, noisy), more of rare classes; never tested on
    #[arg(long, value_name = "COPIES", default_value_t = 0)]
    augment: usize,
    /// Any other option of the solver, such as dropout=0.2, tolerance=1e-5 or arcface='{"margin":0.3}'
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Share of the images that is held out and looked at once
    #[arg(long, value_name = "SHARE")]
    test: Option<f64>,
    /// Share of the images that training is watched with
    #[arg(long, value_name = "SHARE")]
    validation: Option<f64>,
    /// Classes with fewer boxes are left out
    #[arg(long, value_name = "BOXES", default_value_t = 2)]
    min_per_class: usize,
    /// Hidden kinds of background, out of crops beside all boxes; 0 for none
    #[arg(long, value_name = "KINDS", default_value_t = 2)]
    background: usize,
    /// Leave the temperature at 1
    #[arg(long)]
    no_temperature: bool,
    /// Auto class uses it as soon as it is trained
    #[arg(long)]
    activate: bool,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Args)]
struct List {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Args)]
struct Activate {
    /// Its number, such as head-3, or none
    run: String,
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Train) -> anyhow::Result<Ending> {
    match &command.what {
        What::Head(head) => train(head),
        What::List(list) => show_list(list),
        What::Activate(activate) => put_to_work(activate),
    }
}

fn train(head: &Head) -> anyhow::Result<Ending> {
    let request = TrainHeadRequest { dataset: head.dataset.clone(), options: head.options()? };
    let door = format!("/api/v1/datasets/{}/heads", head.dataset);
    let start = |bench: &tator_pipeline::Workbench, request: TrainHeadRequest| Ok(bench.start_train_head(&request)?);
    follow(&head.workspace.workspace, &door, request, start, head.json)
}

impl Head {
    fn options(&self) -> anyhow::Result<HeadOptions> {
        let mut options = HeadOptions {
            encoder: self.encoder.clone(),
            name: self.name.clone(),
            seed: self.seed,
            min_per_class: self.min_per_class,
            background: BackgroundOptions { kinds: self.background, ..BackgroundOptions::default() },
            augment: AugmentOptions { copies: self.augment, ..AugmentOptions::default() },
            temperature: !self.no_temperature,
            activate: self.activate,
            recipe: serde_json::from_value(self.recipe()?).context("an option of the solver is not known to it")?,
            ..HeadOptions::default()
        };
        options.shares.test = self.test.unwrap_or(options.shares.test);
        options.shares.validation = self.validation.unwrap_or(options.shares.validation);
        Ok(options)
    }

    fn recipe(&self) -> anyhow::Result<Value> {
        let mut recipe = Map::new();
        recipe.insert("kind".into(), word(&self.kind));
        let given = [
            ("class_weights", self.class_weights.as_ref().map(word)),
            ("c", self.c.map(Value::from)),
            ("hidden", (!self.hidden.is_empty()).then(|| json!(self.hidden))),
            ("epochs", self.epochs.map(Value::from)),
            ("label_smoothing", self.label_smoothing.map(Value::from)),
            ("arcface", self.arcface.then(|| json!({}))),
            ("contrastive", self.contrastive.then(|| json!({}))),
            ("logit_adjustment", self.logit_adjustment.as_ref().map(word)),
            ("hard_mining", self.hard_mining.then(|| json!({}))),
        ];
        recipe.extend(given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        for pair in &self.set {
            let (key, value) = pair.split_once('=').with_context(|| format!("--set {pair}: write KEY=VALUE"))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            recipe.insert(key.to_owned(), value);
        }
        Ok(Value::Object(recipe))
    }
}

/// A choice as it stands in JSON.
fn word(choice: &impl ValueEnum) -> Value {
    let name = choice.to_possible_value().map(|value| value.get_name().replace('-', "_"));
    name.map_or(Value::Null, Value::from)
}

fn show_list(list: &List) -> anyhow::Result<Ending> {
    let found = match open_existing(&list.workspace.workspace)? {
        Opened::Here(bench) => serde_json::to_value(bench.heads(&list.dataset)?)?,
        Opened::There(server) => server.get(&format!("/api/v1/datasets/{}/heads", list.dataset))?,
    };
    if list.json {
        answer(&found.to_string());
        return Ok(Ending::Done);
    }
    let heads = found["heads"].as_array().map(Vec::as_slice).unwrap_or_default();
    if heads.is_empty() {
        tell(&format!("no head was trained on {} yet; `tator train head` does", list.dataset));
    }
    for head in heads {
        let text = |key: &str| head[key].as_str().unwrap_or_default();
        let mark = if head["active"] == true { "  active" } else { "" };
        answer(&format!(
            "{}  {}  accuracy {:.3}, macro F1 {:.3} on {} boxes{mark}",
            text("id"),
            text("name"),
            head["accuracy"].as_f64().unwrap_or(f64::NAN),
            head["macro_f1"].as_f64().unwrap_or(f64::NAN),
            head["test_boxes"]
        ));
    }
    Ok(Ending::Done)
}

fn put_to_work(activate: &Activate) -> anyhow::Result<Ending> {
    let run = Some(activate.run.as_str()).filter(|run| *run != "none");
    match open_existing(&activate.workspace.workspace)? {
        Opened::Here(bench) => bench.activate_head(&activate.dataset, run)?,
        Opened::There(server) => {
            server.post(&format!("/api/v1/datasets/{}/heads/active", activate.dataset), &json!({ "run": run }))?;
        }
    }
    tell(&match run {
        Some(run) => format!("Auto class of {} asks {run}", activate.dataset),
        None => format!("Auto class of {} asks the neighbours", activate.dataset),
    });
    Ok(Ending::Done)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tator_learning::head::{ArcFace, Contrastive, LogitAdjustment, Recipe};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        what: What,
    }

    fn options(line: &str) -> anyhow::Result<HeadOptions> {
        let What::Head(head) = Line::try_parse_from(line.split(' '))?.what else { anyhow::bail!("not a head") };
        head.options()
    }

    #[test]
    fn options_reach_the_recipe() {
        let made = options(
            "x head --dataset d --kind mlp --hidden 384,192 --class-weights effective-number --set dropout=0.2",
        )
        .unwrap();
        let Recipe::Mlp(mlp) = made.recipe else { panic!("an MLP was asked for") };
        assert_eq!((mlp.hidden, mlp.dropout), (vec![384, 192], 0.2));
        assert_eq!(options("x head --dataset d").unwrap(), HeadOptions::default());
        let line = r#"x head --dataset d --kind mlp --arcface --augment 3 --logit-adjustment both --set contrastive={"weight":0.5}"#;
        let made = options(line).unwrap();
        let Recipe::Mlp(mlp) = made.recipe else { panic!("an MLP was asked for") };
        assert_eq!((mlp.arcface, made.augment.copies), (Some(ArcFace::default()), 3));
        assert_eq!(mlp.contrastive, Some(Contrastive { weight: 0.5, ..Contrastive::default() }));
        assert_eq!(mlp.logit_adjustment, LogitAdjustment::Both);
    }

    #[test]
    fn an_option_of_the_other_solver_is_refused() {
        assert!(options("x head --dataset d --hidden 9").is_err());
        assert!(options("x head --dataset d --arcface").is_err());
        assert!(options("x head --dataset d --set dropout").is_err());
    }
}
