//! `tator models`

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tator_pipeline::{AddRequest, PullRequest, Workbench};

use super::job::follow;
use super::workspace::{Opened, absolute, open};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Examples:
  tator models list                                       what is here, and what can be had
  tator models pull mobilesam                             a small segmenter, 45 MB
  tator models pull dinov3-s16 --accept-licence           after reading the licence that it names
  tator models add my-sam/ --name my-sam                  ONNX files of one's own; the family is told by their inputs
  tator models verify                                     every hash, and whether each does what it should

Nothing is fetched but by `pull`. A mirror of the hub: --endpoint https://mirror.example.org, or TATOR_HUB.")]
pub(super) struct Models {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Models at hand, and models that can be fetched
    List(List),
    /// Fetch a model into the workspace; goes on where an earlier try broke off
    Pull(Pull),
    /// Copy a model out of a folder: one with a model.toml, or bare ONNX files
    Add(Add),
    /// Read every file, compare its hash, and try the model on made-up pictures
    Verify(Verify),
}

#[derive(Args)]
struct List {
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Args)]
struct Pull {
    /// A name of the catalogue
    name: String,
    /// Fetch from here instead of the addresses' own scheme and host
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The licence was read and is accepted
    #[arg(long)]
    accept_licence: bool,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Args)]
struct Add {
    /// The folder; it is only read
    folder: PathBuf,
    /// Its name here (without model.toml the folder's)
    #[arg(long)]
    name: Option<String>,
    /// Its family, where the names of inputs and outputs fit several
    #[arg(long)]
    family: Option<String>,
    /// Licence of the weights
    #[arg(long)]
    licence: Option<String>,
    /// Where the files come from
    #[arg(long)]
    source: Option<String>,
    /// Take the place of a model of that name
    #[arg(long)]
    replace: bool,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Args)]
struct Verify {
    /// One model; all without it
    name: Option<String>,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Models) -> anyhow::Result<Ending> {
    match &command.what {
        What::List(command) => list(command),
        What::Pull(command) => pull(command),
        What::Add(command) => add(command),
        What::Verify(command) => verify(command),
    }
}

/// What the workbench, here or in a server, says about models.
pub(super) fn status(opened: &Opened) -> anyhow::Result<Value> {
    Ok(match opened {
        Opened::Here(bench) => serde_json::to_value(bench.models_status())?,
        Opened::There(server) => server.get("/api/v1/models")?,
    })
}

fn list(command: &List) -> anyhow::Result<Ending> {
    let status = status(&open(&command.workspace.workspace)?)?;
    if command.json {
        answer(&status.to_string());
        return Ok(Ending::Done);
    }
    for model in status["models"].as_array().into_iter().flatten() {
        answer(&line(model));
    }
    let here = |name: &Value| status["models"].as_array().into_iter().flatten().any(|model| model["name"] == *name);
    let others = status["catalogue"].as_array().into_iter().flatten().filter(|entry| !here(&entry["name"]));
    for (n, entry) in others.enumerate() {
        if n == 0 {
            answer("\nto be had with `tator models pull NAME`:");
        }
        let files = entry["files"].as_array().into_iter().flatten();
        let bytes: u64 = files.filter_map(|file| file["size"].as_u64().or(file["about"].as_u64())).sum();
        let accept = if entry["accept"] == true { ", to be accepted" } else { "" };
        answer(&format!(
            "{:22} {:8} {:>9}  {}{accept}",
            text(entry, "name"),
            text(entry, "task"),
            megabytes(bytes),
            text(entry, "licence")
        ));
    }
    Ok(Ending::Done)
}

/// A model at hand on one line.
pub(super) fn line(model: &Value) -> String {
    let mark = if model["active"] == true { "*" } else { " " };
    let bytes = megabytes(model["bytes"].as_u64().unwrap_or(0));
    let end = model["problem"].as_str().map(|problem| format!("  PROBLEM: {problem}")).unwrap_or_default();
    format!(
        "{mark} {:20} {:8} {bytes:>9}  {} · {}{end}",
        text(model, "name"),
        text(model, "task"),
        text(model, "family"),
        text(model, "licence")
    )
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn pull(command: &Pull) -> anyhow::Result<Ending> {
    let request = PullRequest {
        name: command.name.clone(),
        // A server that does the work has another environment.
        endpoint: command.endpoint.clone().or_else(|| std::env::var("TATOR_HUB").ok()),
        accept_licence: command.accept_licence,
    };
    let start = |bench: &Workbench, request: PullRequest| Ok(bench.start_pull(&request)?);
    follow(&command.workspace.workspace, "/api/v1/models/pull", request, start, command.json)
}

fn add(command: &Add) -> anyhow::Result<Ending> {
    let request = AddRequest {
        folder: absolute(&command.folder)?,
        name: command.name.clone(),
        family: command.family.clone(),
        licence: command.licence.clone(),
        source: command.source.clone(),
        replace: command.replace,
    };
    let added = match open(&command.workspace.workspace)? {
        Opened::Here(bench) => serde_json::to_value(bench.add_model(&request)?)?,
        Opened::There(server) => {
            server.post("/api/v1/models/add", &serde_json::to_value(&request).context("writing the request")?)?
        }
    };
    tell(&format!(
        "{} is there: family {}, checked",
        text(&added["manifest"], "name"),
        text(&added["manifest"], "family")
    ));
    if command.json {
        answer(&added.to_string());
    }
    Ok(Ending::Done)
}

fn verify(command: &Verify) -> anyhow::Result<Ending> {
    let request = json!({ "name": command.name });
    let start = |bench: &Workbench, _| Ok(bench.start_verify(command.name.as_deref())?);
    follow(&command.workspace.workspace, "/api/v1/models/verify", request, start, command.json)
}
