//! Lists every file under `assets/`, so that the program carries them: it needs no folder beside it to run.

use std::path::{Path, PathBuf};
use std::{env, fmt::Write, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../../assets");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("assets.rs");
    let mut files = Vec::new();
    list(&root, &mut files)?;
    files.sort();
    let mut text = String::from("const EMBEDDED: &[(&str, &[u8])] = &[\n");
    for file in files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        writeln!(text, "    ({name:?}, include_bytes!({:?})),", file.canonicalize()?).map_err(io::Error::other)?;
    }
    text.push_str("];\n");
    // Written only when it changed, so that nothing is rebuilt for nothing.
    if fs::read_to_string(&out).ok().as_deref() != Some(&text) {
        fs::write(&out, text)?;
    }
    Ok(())
}

/// All files but notes for developers; the folders are watched so that a new file is noticed.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name == "pictures" {
            // Pictures of the README: no page shows them.
            continue;
        }
        if path.is_dir() {
            list(&path, files)?;
        } else if !name.starts_with('.') && name != "README.md" {
            files.push(path);
        }
    }
    Ok(())
}
