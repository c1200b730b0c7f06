//! What the program can do is written down.

use super::{files, root, text};

fn written() -> String {
    text("README.md") + &text("src/README.md")
}

/// The commands a person sees, as the help lists them.
fn commands() -> Vec<String> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tator")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let list = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let names = list.take_while(|line| line.starts_with("  ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_room_begins_by_saying_what_it_is() {
    let rooms = files("src", "rs").into_iter().filter(|path| path.ends_with("lib.rs"));
    for path in rooms {
        assert!(text(&path).starts_with("//!"), "{}", path.display());
    }
}

#[test]
fn every_command_is_in_the_readme() {
    let (commands, written) = (commands(), written());
    assert!(commands.len() >= 7, "{commands:?}");
    for command in commands {
        assert!(written.contains(&format!("tator {command}")), "tator {command} is not written down");
    }
}

#[test]
fn every_format_is_in_the_readme() {
    let written = written();
    for format in tator_pipeline::formats::FORMATS {
        assert!(written.contains(&format!("`{}`", format.name())), "`{}` is not written down", format.name());
    }
}

#[test]
fn every_page_is_in_the_readme() {
    let written = written().to_lowercase();
    for entry in std::fs::read_dir(root().join("src/web/pages")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let page = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(written.contains(&page), "the page {page} is not written down");
        }
    }
}
