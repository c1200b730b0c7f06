//! Other programs: Python with the packages that read our tables, when this machine has it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Runs a script of `tests/python` with the standard library alone; `None` with the reason on stderr without Python.
pub fn plain(script: &str, arguments: &[&Path]) -> Option<serde_json::Value> {
    run(Path::new("python3"), script, arguments)
}

/// The same with `pylance`, `duckdb` and `pycocotools` beside it.
pub fn with_packages(script: &str, arguments: &[&Path]) -> Option<serde_json::Value> {
    run(environment()?, script, arguments)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python")
}

/// The interpreter that `setup.sh` makes once; `None` when it cannot.
fn environment() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let make = || {
        let output = Command::new("bash").arg(folder().join("setup.sh")).output();
        match output {
            Ok(done) if done.status.success() => Some(String::from_utf8_lossy(&done.stdout).trim().into()),
            Ok(done) => {
                eprintln!("skipped: tests/python/setup.sh: {}", String::from_utf8_lossy(&done.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("skipped: tests/python/setup.sh: {error}");
                None
            }
        }
    };
    MADE.get_or_init(make).as_deref()
}

fn run(python: &Path, script: &str, arguments: &[&Path]) -> Option<serde_json::Value> {
    let output = match Command::new(python).arg(folder().join(script)).args(arguments).output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: {}: {error}", python.display());
            return None;
        }
    };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}: {err}");
    Some(serde_json::from_str(&out).unwrap_or_else(|error| panic!("{script}: {error}: {out}{err}")))
}
