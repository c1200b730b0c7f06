//! `tator versions`

use clap::Args;
use serde_json::{Value, json};
use tator_domain::DatasetName;

use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(after_help = "Examples:
  tator versions --dataset coins --name before-training-3
  tator versions --dataset coins

A named version is opened by its name, for example in Python with the package pylance:
  lance.dataset(\"workspace/tables/coins/boxes.lance\", version=\"before-training-3\")")]
pub(super) struct Versions {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// Give the present state this name; without it the named versions are listed
    #[arg(long)]
    name: Option<String>,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Versions) -> anyhow::Result<Ending> {
    let opened = open_existing(&command.workspace.workspace)?;
    let Some(name) = &command.name else {
        let listed = list(&opened, &command.dataset)?;
        return Ok(show_list(command, &listed));
    };
    let named = named(&opened, &command.dataset, name)?;
    tell(&format!("named {name}: {}", sizes(&named)));
    if command.json {
        answer(&named.to_string());
    }
    Ok(Ending::Done)
}

fn door(dataset: &DatasetName) -> String {
    format!("/api/v1/datasets/{dataset}/versions")
}

fn list(opened: &Opened, dataset: &DatasetName) -> anyhow::Result<Value> {
    Ok(match opened {
        Opened::Here(bench) => json!({ "versions": bench.named_versions(dataset)? }),
        Opened::There(server) => server.get(&door(dataset))?,
    })
}

fn named(opened: &Opened, dataset: &DatasetName, name: &str) -> anyhow::Result<Value> {
    Ok(match opened {
        Opened::Here(bench) => serde_json::to_value(bench.name_version(dataset, name)?)?,
        Opened::There(server) => server.post(&door(dataset), &json!({ "name": name }))?,
    })
}

fn show_list(command: &Versions, listed: &Value) -> Ending {
    if command.json {
        answer(&listed.to_string());
        return Ending::Done;
    }
    let versions = listed["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if versions.is_empty() {
        tell(&format!("no version of {} has a name yet; --name NAME gives it one", command.dataset));
    }
    for version in versions {
        answer(&format!("{}  {}", version["name"].as_str().unwrap_or_default(), sizes(version)));
    }
    Ending::Done
}

fn sizes(version: &Value) -> String {
    format!("{} images, {} boxes", version["images"], version["boxes"])
}
