//! Below a path of a site: no script asks for an address that begins at the root of the site.

use super::{files, text};

/// Places where a script says an address of ours without the path before it.
fn bare(script: &str) -> Vec<String> {
    let asks = [
        "fetch(",
        "location.assign(",
        "location.href = ",
        "open(\"POST\", ",
        "open(\"GET\", ",
        "import(",
        "EventSource(",
    ];
    let begins = |rest: &str| ["\"/", "`/", "'/"].iter().any(|quote| rest.starts_with(quote));
    let lines = script
        .lines()
        .filter(|line| asks.iter().any(|ask| line.match_indices(ask).any(|(at, _)| begins(&line[at + ask.len()..]))));
    lines.map(str::to_owned).collect()
}

#[test]
fn scripts_put_the_base_path_before_what_they_ask_for() {
    for path in files("assets/js", "js") {
        let name = path.to_string_lossy().into_owned();
        if !name.contains("/vendor/") {
            let found = bare(&text(&path));
            assert!(found.is_empty(), "{name}: write ours(\"/…\") from js/base.js: {found:?}");
        }
    }
}

#[test]
fn the_check_sees_a_bare_address() {
    assert_eq!(bare("await fetch(\"/jobs\")\nfetch(ours(\"/jobs\"))\nlocation.assign(`/d/${x}`)").len(), 2);
}
