//! `tator doctor`

use anyhow::bail;
use clap::Args;
use serde_json::Value;
use tator_domain::DatasetName;
use tator_pipeline::Workbench;
use tator_store::{ImageFilter, ImageHome};

use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, models};

#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

/// Images whose files are looked at in one page.
const PAGE: usize = 2000;

pub(super) fn run(command: &Doctor) -> anyhow::Result<Ending> {
    answer(&format!("tator      {}", env!("CARGO_PKG_VERSION")));
    answer(&format!("workspace  {}", command.workspace.workspace.display()));
    let opened = open_existing(&command.workspace.workspace)?;
    let models = models::status(&opened)?;
    show_models(&models);
    let bench = match opened {
        Opened::Here(bench) => bench,
        Opened::There(server) => {
            let datasets = server.datasets()?;
            let n = datasets["datasets"].as_array().map_or(0, Vec::len);
            answer(&format!(
                "held       by the server at {}, which answers; it has {n} {}. Stop it to have every file looked at",
                server.url(),
                if n == 1 { "dataset" } else { "datasets" }
            ));
            return Ok(Ending::Done);
        }
    };
    let mut troubles = models["models"].as_array().into_iter().flatten().filter(|m| !m["problem"].is_null()).count();
    for dataset in bench.reader().datasets()? {
        answer(&format!(
            "dataset    {}: {} images, {} boxes, {} classes",
            dataset.name, dataset.images, dataset.boxes, dataset.classes
        ));
        if let ImageHome::Linked { folder } = &dataset.home
            && !folder.is_dir()
        {
            answer(&format!("  trouble  the linked folder {} is not there", folder.display()));
            troubles += 1;
            continue;
        }
        troubles += look_at_files(&bench, &dataset.name)?;
        for (table, health) in bench.table_health(&dataset.name)? {
            answer(&format!(
                "  {table:8} version {}, {} rows, {} deleted, {} fragments",
                health.version, health.rows, health.deleted_rows, health.fragments
            ));
        }
    }
    if troubles > 0 {
        bail!("{troubles} things need a look");
    }
    answer("all is in order");
    Ok(Ending::Done)
}

/// The runtime and what it computes on, and the models at hand.
fn show_models(status: &Value) {
    let runtime = &status["runtime"];
    let text = |key: &str| runtime[key].as_str().unwrap_or_default().to_owned();
    if runtime["problem"].is_null() {
        answer(&format!("runtime    {} (tested with ONNX Runtime {})", text("library"), text("wanted")));
        answer(&format!("  CUDA     {}", text("cuda_words")));
    } else {
        answer(&format!("runtime    none: {}", text("problem")));
    }
    let list = status["models"].as_array().map(Vec::as_slice).unwrap_or_default();
    for model in list {
        answer(&format!("model    {}", models::line(model)));
    }
    if list.is_empty() {
        answer("models     none; `tator models list` says what can be had");
    }
}

fn look_at_files(bench: &Workbench, dataset: &DatasetName) -> anyhow::Result<usize> {
    let (mut after, mut missing) = (None, 0);
    loop {
        let page = bench.reader().images(dataset, &ImageFilter::default(), after, PAGE)?;
        for image in page.images {
            match bench.reader().image_file(dataset, image.image_id) {
                Ok(file) if !file.path.is_file() => {
                    missing += 1;
                    if missing <= 5 {
                        answer(&format!("  trouble  the picture {} is gone", file.path.display()));
                    }
                }
                _ => {}
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(missing);
        }
    }
}
