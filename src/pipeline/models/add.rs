//! Taking a model from a folder of this machine: one with a `model.toml`, or bare ONNX files, whose family is told by the
//! names of their inputs and outputs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tator_vision::{
    Acceptance, Manifest, ModelFile, Network, OpenOptions, ProviderWish, Sniffed, is_plain_name, sniff,
};

use super::shelf::{aside, put_in_place};
use super::{hash_file, read_model};
use crate::error::Error;
use crate::workbench::Workbench;

/// What is to be added.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddRequest {
    /// Absolute path of the folder.
    pub folder: PathBuf,
    /// Its name here, when there is no manifest.
    pub name: Option<String>,
    /// Its family, when names alone cannot tell.
    pub family: Option<String>,
    /// Licence of the weights.
    pub licence: Option<String>,
    /// Where they come from.
    pub source: Option<String>,
    /// Takes the place of a model of that name.
    pub replace: bool,
}

/// A model that was added.
#[derive(Debug, Serialize)]
pub struct Added {
    /// What it is.
    pub manifest: Manifest,
    /// Where it lies now.
    pub folder: PathBuf,
    /// What trying it showed.
    pub tried: Acceptance,
}

impl Workbench {
    /// Copies a model into the workspace after looking whether it is what it says; the source is only read.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a folder without a model, a wrong hash or a family that cannot be told; [`Error::Conflict`]
    /// when the name is taken; what goes wrong when it is tried.
    pub fn add_model(&self, request: &AddRequest) -> Result<Added, Error> {
        let shelves = &self.open.assist.shared.shelves;
        let manifest = match read_model(&request.folder, false) {
            Some(model) => Manifest { name: request.name.clone().unwrap_or(model.manifest.name), ..model.manifest },
            None => described(request)?,
        };
        if !is_plain_name(&manifest.name) {
            return Err(Error::invalid("name", format!("{:?}: letters, digits, '.', '-' and '_' only", manifest.name)));
        }
        let target = shelves.own().join(&manifest.name);
        if target.exists() && !request.replace {
            return Err(Error::Conflict(format!(
                "a model {} is there already; say --replace (replace in the API) or give another name",
                manifest.name
            )));
        }
        let gathered = aside(shelves, &format!("add-{}", manifest.name))?;
        let done = copied(&manifest, &request.folder, &gathered).and_then(|()| {
            let tried = super::try_model(&manifest, &gathered, ProviderWish::Auto)?;
            put_in_place(&manifest, &gathered, &target)?;
            Ok(tried)
        });
        let tried = done.inspect_err(|_| drop(fs::remove_dir_all(&gathered)))?;
        self.open.assist.shared.tried.note(&manifest.name, tried.clone());
        Ok(Added { manifest, folder: target, tried })
    }
}

/// Copies every file and looks whether the copy is what the manifest says.
fn copied(manifest: &Manifest, from: &Path, to: &Path) -> Result<(), Error> {
    for file in manifest.files.values() {
        let (source, copy) = (from.join(&file.path), to.join(&file.path));
        fs::copy(&source, &copy).map_err(Error::io(format!("copying {}", source.display())))?;
        let found = hash_file(&copy, |_| ())?;
        if found != file.sha256 {
            let text = format!("its sha256 is {found}, the manifest says {}: get the file again", file.sha256);
            return Err(Error::invalid(source.display().to_string(), text));
        }
    }
    Ok(())
}

/// A manifest for bare files.
fn described(request: &AddRequest) -> Result<Manifest, Error> {
    let folder = &request.folder;
    if folder.join("model.toml").is_file() {
        return Err(Error::invalid(
            "folder",
            format!("{}: its model.toml cannot be read; the log says why", folder.display()),
        ));
    }
    let names = onnx_files(folder)?;
    let open = |name: &String| {
        Network::open(&folder.join(name), &OpenOptions { provider: ProviderWish::Cpu, ..OpenOptions::default() })
    };
    let networks = names.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let told = sniff(&networks).ok_or_else(|| {
        let seen: Vec<_> =
            names.iter().zip(&networks).map(|(name, network)| format!("{name}: {}", network.signature())).collect();
        Error::invalid("folder", format!("these files are no model of a known family; {}", seen.join("; ")))
    })?;
    let family = chosen_family(request, &told)?;
    let usual = folder.file_name().map(|name| name.to_string_lossy().to_lowercase().replace(' ', "-"));
    let name = request.name.clone().or(usual).unwrap_or_default();
    Ok(Manifest {
        title: None,
        files: described_files(folder, &names, &told, &family)?,
        task: tator_vision::family(&family).map_or(tator_vision::Task::Segment, tator_vision::Family::task),
        family,
        licence: request.licence.clone().unwrap_or_else(|| "not stated".to_owned()),
        source: request.source.clone().unwrap_or_else(|| "added from a folder".to_owned()),
        credit: None,
        input_size: None,
        prefer: None,
        dimensions: None,
        mean: None,
        std: None,
        classes: Vec::new(),
        notes: None,
        name,
    })
}

fn onnx_files(folder: &Path) -> Result<Vec<String>, Error> {
    let listing = fs::read_dir(folder).map_err(Error::io(format!("listing {}", folder.display())))?;
    let names = listing.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".onnx")).collect();
    names.sort();
    if names.is_empty() {
        return Err(Error::invalid("folder", format!("{} has neither a model.toml nor .onnx files", folder.display())));
    }
    Ok(names)
}

fn chosen_family(request: &AddRequest, told: &Sniffed) -> Result<String, Error> {
    match (&request.family, &told.families[..]) {
        (None, [one]) => Ok((*one).to_owned()),
        (Some(name), _) if tator_vision::family(name).is_some() => Ok(name.clone()),
        (Some(name), _) => {
            let known: Vec<_> = tator_vision::FAMILIES.iter().map(|family| family.name).collect();
            Err(Error::invalid("family", format!("there is no adapter for {name:?}; known: {}", known.join(", "))))
        }
        (None, several) => {
            Err(Error::invalid("family", format!("the files fit {}: say which (--family)", several.join(" and "))))
        }
    }
}

/// The files by part, and weights that lie beside a graph: those whose names begin with the graph's.
fn described_files(
    folder: &Path,
    names: &[String],
    told: &Sniffed,
    family: &str,
) -> Result<BTreeMap<String, ModelFile>, Error> {
    let mut files = BTreeMap::new();
    for (part, at) in &told.parts {
        let name = &names[*at];
        let graph = name.trim_end_matches(".onnx");
        let beside = fs::read_dir(folder).map_err(Error::io(format!("listing {}", folder.display())))?;
        let beside = beside.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let data = beside.filter(|other| {
            other != name
                && other
                    .strip_prefix(graph)
                    .is_some_and(|rest| matches!(rest, ".onnx_data" | ".onnx.data" | ".data" | "_data.bin"))
        });
        for (n, path) in std::iter::once(name.clone()).chain(data).enumerate() {
            let key = if n == 0 { (*part).to_owned() } else { format!("{part}_data") };
            let size = fs::metadata(folder.join(&path)).map_err(Error::io(format!("reading {path}")))?.len();
            files.insert(key, ModelFile { sha256: hash_file(&folder.join(&path), |_| ())?, path, size });
        }
    }
    // What goes with words: how they are cut into tokens, and perhaps a matrix into the space of the pictures.
    let takes = |part: &str| {
        tator_vision::family(family)
            .is_some_and(|family| family.parts.iter().any(|p| p.trim_start_matches('?') == part))
    };
    for (part, name) in [("tokenizer", "tokenizer.json"), ("vocab", "vocab.txt"), ("map", "map.npy")] {
        let path = folder.join(name);
        if let Some(meta) = fs::metadata(&path).ok().filter(|meta| meta.is_file() && takes(part)) {
            let sha256 = hash_file(&path, |_| ())?;
            files.insert(part.to_owned(), ModelFile { path: name.to_owned(), sha256, size: meta.len() });
        }
    }
    Ok(files)
}
