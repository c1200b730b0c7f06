//! Trying models and telling their family, on the stand-ins.

#![expect(clippy::print_stderr, reason = "a test that cannot be made says so")]

use std::path::{Path, PathBuf};

use super::*;
use crate::acceptance::accept;
use crate::runtime::runtime_library;

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models").join(model)
}

fn manifest(model: &str) -> Manifest {
    let text = std::fs::read_to_string(folder(model).join("model.toml")).expect("a manifest");
    Manifest::parse(&text).expect("a sound manifest")
}

/// Folder of each stand-in and the families its names fit.
const ALL: &[(&str, &[&str])] = &[
    ("sam1", &["sam1"]),
    ("sam1-multimask", &["sam1"]),
    ("sam1-hwc", &["sam1"]),
    ("edge-sam", &["edge_sam"]),
    ("efficient-sam", &["efficient_sam"]),
    ("sam-split", &["sam_split"]),
    ("sam2", &["sam2"]),
    ("sam2-community", &["sam2"]),
    ("sam2.1-community", &["sam2"]),
    ("sam3-tracker", &["sam3"]),
    ("sam3", &["sam3"]),
    ("sam3-full", &["sam3"]),
    ("sam3-usls", &["sam3"]),
    ("clip", &["clip", "siglip"]),
    ("siglip", &["siglip", "dinov3"]),
    ("dinov2", &["dinov2", "dinov3"]),
    ("dinov3", &["siglip", "dinov3"]),
    ("efficientnet", &["efficientnet"]),
    ("efficientnet-words", &["efficientnet"]),
    ("owl", &["owl"]),
    ("owl-v2", &["owl"]),
    ("grounding-dino", &["grounding_dino"]),
    ("grounding-dino-xal", &["grounding_dino"]),
    ("yolo-world", &["yolo_world"]),
    ("yoloe", &["yoloe"]),
    ("yoloe-26", &["yoloe"]),
];

#[test]
fn every_stand_in_is_accepted_and_its_family_told() {
    if runtime_library().is_err() {
        eprintln!("not tested: there is no ONNX Runtime");
        return;
    }
    for (model, families) in ALL {
        let (manifest, folder) = (manifest(model), folder(model));
        let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
        let found = accept(&parts).unwrap_or_else(|error| panic!("{model}: {error}"));
        assert!(found.load_ms > 0.0 && found.warm_ms > 0.0, "{model}: {found:?}");
        let files = manifest.files.values().map(|file| folder.join(&file.path));
        let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "onnx")).collect();
        let open = |path: &PathBuf| Network::open(path, &OpenOptions::default()).expect("it opens");
        let told = sniff(&files.iter().map(open).collect::<Vec<_>>()).unwrap_or_else(|| panic!("{model} is not known"));
        assert_eq!(&told.families, families, "{model}");
        for (part, at) in told.parts {
            assert_eq!(files[at], folder.join(&manifest.files[part].path), "{model}: {part}");
        }
    }
}

#[test]
fn a_model_of_another_family_is_refused() {
    if runtime_library().is_err() {
        return;
    }
    let folder = folder("sam1");
    for family in ["sam2", "efficient_sam", "sam_split", "clip"] {
        let manifest = Manifest { family: family.to_owned(), ..manifest("sam1") };
        let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
        assert!(accept(&parts).is_err(), "{family}");
    }
}
