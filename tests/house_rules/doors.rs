//! Calls go down only, and each heavy library has one room: the manifests say so.

use std::collections::{BTreeMap, BTreeSet};

use super::text;

/// A room and the rooms below that it may call.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("store", &["domain"]),
    ("vision", &["domain"]),
    ("learning", &["domain"]),
    ("pipeline", &["domain", "store", "vision", "learning"]),
    ("web", &["domain", "store", "pipeline"]),
];

/// Libraries that one room alone may know.
const HEAVY: &[(&str, &[&str])] = &[
    ("store", &["duckdb", "lance", "lance-index", "arrow", "parquet"]),
    ("vision", &["image", "fast_image_resize", "ort", "tokenizers"]),
    ("learning", &["xgb"]),
    ("web", &["actix-web", "actix-multipart", "actix-htmx", "askama", "argon2"]),
    ("pipeline", &["zip", "quick-xml", "serde-saphyr", "csv"]),
];

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let parsed: toml::Table = text(manifest).parse().unwrap();
    let table = |value: Option<&toml::Value>| value.and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let mut found: BTreeSet<String> = table(parsed.get("dependencies")).keys().cloned().collect();
    for target in table(parsed.get("target")).values() {
        found.extend(table(target.get("dependencies")).keys().cloned());
    }
    found
}

fn manifests() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut all: BTreeMap<_, _> =
        ROOMS.iter().map(|(room, _)| (*room, dependencies(&format!("src/{room}/Cargo.toml")))).collect();
    all.insert("root", dependencies("Cargo.toml"));
    all
}

#[test]
fn every_room_is_in_the_table() {
    let workspace: toml::Table = text("Cargo.toml").parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let names: BTreeSet<_> = members.iter().map(|m| m.as_str().unwrap().trim_start_matches("src/")).collect();
    assert_eq!(names, ROOMS.iter().map(|(room, _)| *room).collect());
}

#[test]
fn rooms_call_only_the_rooms_below() {
    let manifests = manifests();
    for (room, below) in ROOMS {
        let ours: BTreeSet<&str> = manifests[room].iter().filter_map(|d| d.strip_prefix("tator-")).collect();
        assert_eq!(ours, below.iter().copied().collect(), "{room}");
    }
}

#[test]
fn the_vocabulary_depends_on_almost_nothing() {
    let known: BTreeSet<String> = ["serde", "thiserror"].map(str::to_owned).into();
    assert_eq!(dependencies("src/domain/Cargo.toml"), known);
}

#[test]
fn each_heavy_library_has_one_room() {
    let manifests = manifests();
    for (room, libraries) in HEAVY {
        for library in *libraries {
            let knowing: Vec<_> = manifests.iter().filter(|(_, d)| d.contains(*library)).map(|(r, _)| *r).collect();
            assert_eq!(knowing, [*room], "{library}");
        }
    }
}

#[test]
fn the_web_has_no_key_that_writes() {
    for path in super::files("src/web", "rs") {
        let source = text(&path);
        assert!(!source.contains("tator_store::Writer") && !source.contains("Writer::"), "{}", path.display());
        assert!(!source.contains("include_str!(\"../../queries"), "{} has SQL text", path.display());
    }
}

#[test]
fn versions_stand_once_in_the_root() {
    for (room, _) in ROOMS {
        let manifest: toml::Table = text(format!("src/{room}/Cargo.toml")).parse().unwrap();
        for kind in ["dependencies", "dev-dependencies"] {
            for (name, value) in manifest.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
                assert_eq!(value.get("workspace"), Some(&true.into()), "{room}: {name}");
            }
        }
    }
}
