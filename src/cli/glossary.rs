//! `tator glossary`

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tator_domain::DatasetName;
use tator_pipeline::glossary::BUDGET;
use tator_pipeline::{ExpandRequest, Glossary};

use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Examples:
  tator glossary list                                       the library
  tator glossary show --dataset street                      words and prompts of each class
  tator glossary set --dataset street words.txt             lines such as `car: automobile, sedan`, or JSON; `-` reads stdin
  tator glossary set --dataset street --use common          take words over from the library
  tator glossary set --name vehicles words.json             into the library
  tator glossary expand --dataset street --dry-run          words from the language model that was named

No language model is asked until one is named, on the page of the glossary or with TATOR_LANGUAGE_URL.")]
pub(super) struct GlossaryCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Glossaries of the library
    List(List),
    /// The words of a dataset, or of a glossary of the library
    Show(Show),
    /// Give a dataset or the library a glossary, in any spelling
    Set(Set),
    /// Ask the language model that was named for more words
    Expand(Expand),
}

#[derive(Args)]
struct List {
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

/// A dataset's glossary, or one of the library.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The dataset's own
    #[arg(long)]
    dataset: Option<DatasetName>,
    /// One of the library
    #[arg(long)]
    name: Option<String>,
}

#[derive(Args)]
struct Show {
    #[command(flatten)]
    whose: Whose,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Args)]
struct Set {
    #[command(flatten)]
    whose: Whose,
    /// A file with the words; `-` reads them from stdin
    #[arg(required_unless_present = "use")]
    file: Option<PathBuf>,
    /// Take the words over from this glossary of the library
    #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "name"])]
    r#use: Option<String>,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Args)]
struct Expand {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// New words of a class, at most
    #[arg(long, default_value_t = BUDGET)]
    budget: usize,
    /// Only show them
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &GlossaryCommand) -> anyhow::Result<Ending> {
    match &command.what {
        What::List(list) => show_library(list),
        What::Show(show) => show_words(show),
        What::Set(set) => set_words(set),
        What::Expand(expand) => more_words(expand),
    }
}

fn show_library(command: &List) -> anyhow::Result<Ending> {
    let listed = match open_existing(&command.workspace.workspace)? {
        Opened::Here(bench) => json!({ "glossaries": bench.glossary_library()? }),
        Opened::There(server) => server.get("/api/v1/glossaries")?,
    };
    if command.json {
        answer(&listed.to_string());
        return Ok(Ending::Done);
    }
    for glossary in listed["glossaries"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let name = glossary["name"].as_str().unwrap_or_default();
        let own = if glossary["built_in"] == true { "  comes with Tator" } else { "" };
        answer(&format!("{name}  {} classes, {} words{own}", glossary["classes"], glossary["terms"]));
    }
    Ok(Ending::Done)
}

fn show_words(command: &Show) -> anyhow::Result<Ending> {
    let opened = open_existing(&command.workspace.workspace)?;
    let words = match (&opened, &command.whose.dataset, &command.whose.name) {
        (Opened::Here(bench), Some(d), _) => serde_json::to_value(bench.dataset_words(d, Some(BUDGET))?)?,
        (Opened::There(server), Some(d), _) => server.get(&format!("/api/v1/datasets/{d}/glossary"))?,
        (Opened::Here(bench), None, name) => {
            serde_json::to_value(bench.shelved_glossary(name.as_deref().unwrap_or_default())?)?
        }
        (Opened::There(server), None, name) => {
            server.get(&format!("/api/v1/glossaries/{}", name.as_deref().unwrap_or_default()))?
        }
    };
    if command.json {
        answer(&words.to_string());
        return Ok(Ending::Done);
    }
    let classes = words["classes"].as_array().or(words["class"].as_array());
    for class in classes.map(Vec::as_slice).unwrap_or_default() {
        let listed = |key: &str| {
            let list = class[key].as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        };
        let (terms, expanded) = (listed("terms"), listed("expanded"));
        let more = if expanded.is_empty() { String::new() } else { format!("  + {expanded}") };
        answer(&format!("{}: {terms}{more}", class["name"].as_str().unwrap_or_default()));
    }
    for name in words["unknown"].as_array().map(Vec::as_slice).unwrap_or_default() {
        tell(&format!("words for {name} are kept and not used: the dataset has no such class"));
    }
    Ok(Ending::Done)
}

fn set_words(command: &Set) -> anyhow::Result<Ending> {
    let opened = open_existing(&command.workspace.workspace)?;
    let done = match (&command.r#use, &command.whose.dataset) {
        (Some(name), Some(dataset)) => {
            let added = match &opened {
                Opened::Here(bench) => json!({ "added": bench.take_over_glossary(dataset, name)? }),
                Opened::There(server) => {
                    server.post(&format!("/api/v1/datasets/{dataset}/glossary/use"), &json!({ "name": name }))?
                }
            };
            tell(&format!("{} new words from {name}", added["added"]));
            added
        }
        _ => keep(&opened, command)?,
    };
    if command.json {
        answer(&done.to_string());
    }
    Ok(Ending::Done)
}

fn keep(opened: &Opened, command: &Set) -> anyhow::Result<Value> {
    let glossary = Glossary::read(&text_of(command)?)?;
    let name = command.whose.name.as_deref().unwrap_or_default();
    let body = serde_json::to_value(&glossary)?;
    match (opened, &command.whose.dataset) {
        (Opened::Here(bench), Some(dataset)) => bench.set_glossary(dataset, &glossary)?,
        (Opened::Here(bench), None) => bench.shelve_glossary(name, &glossary)?,
        (Opened::There(server), Some(dataset)) => {
            server.post(&format!("/api/v1/datasets/{dataset}/glossary"), &body)?;
        }
        (Opened::There(server), None) => {
            server.post(&format!("/api/v1/glossaries/{name}"), &body)?;
        }
    }
    tell(&format!("{} words for {} classes", glossary.len(), glossary.class.len()));
    Ok(json!({ "classes": glossary.class.len(), "terms": glossary.len() }))
}

fn text_of(command: &Set) -> anyhow::Result<String> {
    let path = command.file.clone().unwrap_or_default();
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading words from stdin")?;
        return Ok(text);
    }
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

fn more_words(command: &Expand) -> anyhow::Result<Ending> {
    let Expand { dataset, budget, dry_run, .. } = command;
    let done = match open_existing(&command.workspace.workspace)? {
        Opened::Here(bench) => {
            let request = ExpandRequest { classes: None, budget: Some(*budget), dry_run: *dry_run };
            serde_json::to_value(bench.expand_glossary(dataset, &request)?)?
        }
        Opened::There(server) => {
            let body = json!({ "budget": budget, "dry_run": dry_run });
            server.post(&format!("/api/v1/datasets/{dataset}/glossary/expand"), &body)?
        }
    };
    for class in done["classes"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let terms = class["terms"].as_array().map(Vec::as_slice).unwrap_or_default();
        let terms = terms.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
        tell(&format!("{}: {terms}", class["name"].as_str().unwrap_or_default()));
    }
    tell(&format!("{} new words from {}", done["added"], done["host"].as_str().unwrap_or_default()));
    if command.json {
        answer(&done.to_string());
    }
    Ok(Ending::Done)
}
