//! A run from the command line: what it finds, how it says so, and that it says the same again.

use std::fs;

use serde_json::json;

use super::{has_runtime, imported, same_tables, sql, table_bytes, tator};

#[test]
fn a_run_gathers_what_two_models_see_under_the_classes_of_the_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = imported(folder.path(), 10, 10);
    if !has_runtime(&workspace) {
        return;
    }
    let done = tator(&workspace, &["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--json"]);
    let report = done.expect(0).json();
    assert_eq!((&report["run"], &report["images"]), (&json!("two_1"), &json!(10)), "{report}");
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("driver's cab"), "what has no counterpart is told: {warnings}");
    let seen = sql(
        &workspace,
        "SELECT k.name, count(*), min(c.n_sources), min(c.score) FROM seen.candidates_two_1 c JOIN seen.classes k USING (class_id) WHERE c.n_sources = 2 GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(
        (&seen[0][..3], &seen[1][..3]),
        (&[json!("Rot"), json!(10), json!(2)][..], &[json!("blue"), json!(5), json!(2)][..])
    );
    let passes = sql(&workspace, "SELECT source_run, count(*) FROM seen.atoms_two_1 GROUP BY 1 ORDER BY 1");
    let passes: Vec<_> = passes.iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(passes, ["stand-in-nanodet:full", "stand-in-yolox:full", "stand-in-yolox:windows"]);
    let states = sql(&workspace, "SELECT status, count(*) FROM seen.run_images_two_1 GROUP BY 1");
    assert_eq!(states, [vec![json!("done"), json!(30)]]);
    let bridge = sql(
        &workspace,
        "SELECT count(*) FROM seen.candidate_atoms_two_1 m JOIN seen.atoms_two_1 a USING (atom_id, image_id) JOIN seen.candidates_two_1 c USING (candidate_id, image_id) WHERE a.class_id <> c.class_id OR m.iou < 0.6",
    );
    assert_eq!(bridge[0][0], 0);
}

#[test]
fn a_second_run_gives_the_same_bytes_with_and_without_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = imported(folder.path(), 12, 12);
    if !has_runtime(&workspace) {
        return;
    }
    let run = |name: &str| {
        let recipe = recipe.to_str().unwrap();
        tator(&workspace, &["prepass", "--dataset", "seen", "--recipe", recipe, "--run", name, "--json"])
            .expect(0)
            .json()
    };
    run("cold");
    let warm = run("warm");
    fs::remove_dir_all(workspace.join("cache/prepass")).unwrap();
    run("cold_again");
    same_tables(&table_bytes(&workspace, "cold"), &table_bytes(&workspace, "warm"));
    same_tables(&table_bytes(&workspace, "cold"), &table_bytes(&workspace, "cold_again"));
    let looked =
        warm["stages"].as_array().unwrap().iter().filter(|stage| stage["name"].as_str().unwrap().contains(':'));
    assert!(looked.clone().all(|stage| stage["done"] == 0) && looked.count() == 3, "nobody is asked twice: {warm}");
}

#[test]
fn a_picture_that_cannot_be_read_is_failed_there_and_nothing_else_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = imported(folder.path(), 12, 12);
    if !has_runtime(&workspace) {
        return;
    }
    let picture = super::picture(&workspace, "003.bmp");
    fs::write(&picture, b"BM no picture").unwrap();
    let recipe = recipe.to_str().unwrap();
    let report = tator(&workspace, &["prepass", "--dataset", "seen", "--recipe", recipe, "--json"]).expect(4).json();
    assert_eq!((&report["failed_images"], report["skipped"].as_array().unwrap().len()), (&json!(1), 3), "{report}");
    let states = sql(
        &workspace,
        "SELECT status, count(*), count(error), sum(n_atoms) FROM seen.run_images_two_1 GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(
        (&states[0][..3], &states[1][0], &states[1][1]),
        (&[json!("done"), json!(33), json!(0)][..], &json!("failed"), &json!(3))
    );
    let candidates = sql(&workspace, "SELECT count(DISTINCT image_id) FROM seen.candidates_two_1");
    assert_eq!(candidates[0][0], 11);
    // A failure is not kept as nothing found: when the picture is whole again, it is looked at.
    fs::write(&picture, super::bitmap(&super::things(3))).unwrap();
    let again = tator(&workspace, &["prepass", "--dataset", "seen", "--recipe", recipe, "--json"]).expect(0).json();
    assert_eq!(sql(&workspace, "SELECT count(DISTINCT image_id) FROM seen.candidates_two_2")[0][0], 12, "{again}");
}

#[test]
fn a_picture_that_changed_since_it_was_imported_is_failed_there() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = imported(folder.path(), 12, 12);
    if !has_runtime(&workspace) {
        return;
    }
    let run = |name: &str| {
        tator(
            &workspace,
            &["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", name, "--json"],
        )
    };
    run("before").expect(0);
    // A picture of its size whose things lie elsewhere, which the cache knows: what is found is not what lies on this one.
    let changed = super::picture(&workspace, "003.bmp");
    fs::write(&changed, super::bitmap(&super::things(4))).unwrap();
    let report = run("after").expect(4).json();
    assert_eq!((&report["failed_images"], report["skipped"].as_array().unwrap().len()), (&json!(1), 3), "{report}");
    assert!(report["skipped"].to_string().contains("changed since it was imported"), "{report}");
    let states =
        sql(&workspace, "SELECT status, count(*), sum(n_atoms) FROM seen.run_images_after GROUP BY 1 ORDER BY 1");
    assert_eq!(
        (&states[0][..2], &states[1]),
        (&[json!("done"), json!(33)][..], &vec![json!("failed"), json!(3), json!(0)])
    );
    assert_eq!(sql(&workspace, "SELECT count(DISTINCT image_id) FROM seen.candidates_after")[0][0], 11);
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = imported(folder.path(), 2, 2);
    if !has_runtime(&workspace) {
        return;
    }
    let refused = |text: &str, says: &str| {
        fs::write(&recipe, text).unwrap();
        let answer =
            tator(&workspace, &["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap()]).expect(1);
        assert!(answer.stderr.contains(says), "{says}: {answer:?}");
    };
    refused("[[detectors]]\nmodel = 'stand-in-yolox'\nscroe = 1", "scroe");
    refused("[[detectors]]\nmodel = 'nobody'", "nobody");
    refused("[[detectors]]\nmodel = 'stand-in-yolox'\n[classes]\nred = 'green'", "green");
    refused("[[detectors]]\nmodel = 'stand-in-yolox'\n[classes]\nblue = ''", "no class of stand-in-yolox");
    let bad =
        tator(&workspace, &["prepass", "--dataset", "seen", "--recipe", "fast", "--where", "nothing > 1"]).expect(1);
    assert!(bad.stderr.contains("nothing"), "{bad:?}");
    tator(&workspace, &["prepass", "--dataset", "seen", "--resume"]).expect(1);
    assert!(
        !workspace.join("tables/seen/runs").exists()
            || fs::read_dir(workspace.join("tables/seen/runs")).unwrap().count() == 0
    );
}
