//! Look-alikes end to end: things that no detector sees are found by what labelled boxes of other images look like, with the
//! box they look like; the same every time, also after a kill.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{BLUE, RED, SIZE, Thing, bitmap, has_runtime, same_tables, sql, table_bytes, tator, things};

/// Neither of the stand-ins for detectors sees it.
const GREEN: [u8; 3] = [10, 250, 10];
/// Too dark for them, and like red all the same.
const DARK: [u8; 3] = [150, 5, 5];
const LABELLED: u32 = 4;
const IMAGES: u32 = 9;

fn green(n: u32) -> Thing {
    ([185 + 5 * (n % 9), 20 + 6 * (n % 5), 60, 60], GREEN)
}

/// As the pictures of the other tests, with a green thing on each; the first few have all things as labels.
fn imported(folder: &Path, more: &[Thing]) -> std::path::PathBuf {
    let (workspace, source) = (folder.join("w"), folder.join("source"));
    fs::create_dir_all(source.join("images")).unwrap();
    fs::create_dir_all(source.join("labels")).unwrap();
    let (width, height) = (f64::from(SIZE.0), f64::from(SIZE.1));
    for n in 0..IMAGES {
        let own = [things(n), vec![green(n)]].concat();
        let all: Vec<Thing> = own.iter().chain(more).copied().collect();
        fs::write(source.join(format!("images/{n:03}.bmp")), bitmap(&all)).unwrap();
        let line = |(rect, colour): &Thing| {
            let [x, y, w, h] = rect.map(f64::from);
            let class = [BLUE, RED, GREEN].iter().position(|known| known == colour).unwrap();
            format!("{class} {} {} {} {}\n", (x + w / 2.0) / width, (y + h / 2.0) / height, w / width, h / height)
        };
        if n < LABELLED {
            fs::write(source.join(format!("labels/{n:03}.txt")), own.iter().map(line).collect::<String>()).unwrap();
        }
    }
    fs::write(source.join("data.yaml"), "path: .\ntrain: images\nnames: [blue, Rot, leaf]\n").unwrap();
    tator(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    workspace
}

fn recipe(detector: &str, similarity: &str) -> String {
    format!(
        "name = \"alike\"\n[[detectors]]\nmodel = \"stand-in-yolox\"\nscore = 0.2\n{detector}\n[similarity]\nencoder = \
         \"stand-in-efficientnet\"\n{similarity}\n[fusion]\niou = 0.6\ncalibrate = \"none\"\n"
    )
}

fn run(workspace: &Path, text: &str, name: &str) -> serde_json::Value {
    let file = workspace.with_extension("toml");
    fs::write(&file, text).unwrap();
    let answer = tator(
        workspace,
        &["prepass", "--dataset", "seen", "--recipe", file.to_str().unwrap(), "--run", name, "--json"],
    );
    answer.expect(0).json()
}

/// How many of the green things of images without labels a candidate of their class covers by half, and how many such
/// candidates there are.
fn leaves(workspace: &Path, name: &str) -> (usize, usize) {
    let rows = sql(
        workspace,
        &format!(
            "SELECT i.path, c.x, c.y, c.w, c.h FROM seen.candidates_{name} c JOIN seen.images i USING (image_id) \
             JOIN seen.classes k USING (class_id) WHERE k.name = 'leaf' AND i.state = 'unlabelled' ORDER BY ALL"
        ),
    );
    let covers = |n: u32| {
        rows.iter().any(|row| {
            let [x, y, w, h] = [1, 2, 3, 4].map(|at| row[at].as_f64().unwrap());
            let ([gx, gy, gw, gh], _) = green(n);
            let (gx, gy, gw, gh) = (f64::from(gx), f64::from(gy), f64::from(gw), f64::from(gh));
            let across = (x + w).min(gx + gw) - x.max(gx);
            let down = (y + h).min(gy + gh) - y.max(gy);
            let both = across.max(0.0) * down.max(0.0);
            row[0].as_str().unwrap().ends_with(&format!("{n:03}.bmp")) && both / (w * h + gw * gh - both) >= 0.5
        })
    };
    ((LABELLED..IMAGES).filter(|n| covers(*n)).count(), rows.len())
}

const RED_IS_ROT: &str = "[classes]\nred = \"Rot\"";

#[test]
fn windows_find_what_no_detector_sees_and_say_which_box_it_looks_like() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &[]);
    if !has_runtime(&workspace) {
        return;
    }
    for strategy in ["top", "random", "diverse"] {
        let wish = format!("strategy = \"{strategy}\"\nscore = 0.93\nwindows = true");
        run(&workspace, &recipe(RED_IS_ROT, &wish), strategy);
        let (found, told) = leaves(&workspace, strategy);
        assert_eq!(found, (IMAGES - LABELLED) as usize, "{strategy}: every leaf is found");
        assert!(told <= 2 * found, "{strategy}: {told} candidates for {found} leaves");
        // Where it comes from: a labelled box of the same class on another image, by its number.
        let strange = sql(
            &workspace,
            &format!(
                "SELECT count(*), count(*) FILTER (a.exemplar_box_id IS NULL OR b.class_id <> a.class_id OR b.image_id = a.image_id \
                 OR b.state <> 'trusted'), count(DISTINCT a.source_run), any_value(a.source_run), any_value(a.stage) \
                 FROM seen.atoms_{strategy} a JOIN seen.classes k USING (class_id) LEFT JOIN seen.boxes b ON b.box_id = a.exemplar_box_id \
                 WHERE k.name = 'leaf'"
            ),
        );
        assert!(strange[0][0].as_u64().unwrap() >= found as u64);
        assert_eq!(
            strange[0][1..],
            [json!(0), json!(1), json!("stand-in-efficientnet:windows"), json!("similarity")],
            "{strategy}"
        );
    }
    // Windows alone: nobody has to have looked before.
    let alone = recipe("", "score = 0.93\nwindows = true\nsame_image = false");
    let alone = alone.replace("[[detectors]]\nmodel = \"stand-in-yolox\"\nscore = 0.2\n", "");
    run(&workspace, &alone, "alone");
    assert_eq!(leaves(&workspace, "alone").0, (IMAGES - LABELLED) as usize);
}

#[test]
fn a_detector_that_knows_none_of_the_classes_says_where_and_examples_say_what() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &[]);
    if !has_runtime(&workspace) {
        return;
    }
    let nothing = "[classes]\nred = \"\"\nblue = \"\"";
    let report = run(&workspace, &recipe(nothing, "score = 0.95"), "named");
    let named = sql(
        &workspace,
        "SELECT k.name, count(*), count(DISTINCT c.image_id), any_value(c.source) FROM seen.candidates_named c JOIN seen.classes k USING (class_id) GROUP BY 1 ORDER BY 1",
    );
    let told: Vec<_> = named.iter().map(|row| (row[0].as_str().unwrap(), row[2].as_u64().unwrap())).collect();
    assert_eq!(told, [("Rot", u64::from(IMAGES)), ("blue", u64::from(IMAGES.div_ceil(2)))], "{report}");
    assert!(named.iter().all(|row| row[3] == "stand-in-efficientnet"));
    // The vectors of the table serve as those made on the spot do.
    tator(&workspace, &["embed", "--dataset", "seen", "--model", "stand-in-efficientnet", "--of", "boxes"]).expect(0);
    run(&workspace, &recipe(nothing, "score = 0.95"), "by_table");
    let places = |run: &str| {
        sql(
            &workspace,
            &format!("SELECT image_id, class_id, round(x), round(y) FROM seen.candidates_{run} ORDER BY ALL"),
        )
    };
    assert_eq!(places("named"), places("by_table"));
}

#[test]
fn what_one_image_shows_surely_is_looked_for_elsewhere_on_it() {
    let folder = tempfile::tempdir().unwrap();
    // Low enough for no thing to be in the way.
    let dark = [230, 130, 80, 60];
    let workspace = imported(folder.path(), &[(dark, DARK)]);
    if !has_runtime(&workspace) {
        return;
    }
    let wish = "score = 0.95\nwindows = true\ndataset = false\nleast = 0.5";
    run(&workspace, &recipe(RED_IS_ROT, wish), "here");
    let odd = sql(
        &workspace,
        "SELECT count(DISTINCT c.image_id), count(a.exemplar_box_id) FROM seen.candidates_here c JOIN seen.candidate_atoms_here m USING (candidate_id, image_id) \
         JOIN seen.atoms_here a USING (atom_id, image_id) JOIN seen.classes k ON k.class_id = c.class_id \
         WHERE k.name = 'Rot' AND c.x > 200 AND c.y > 100 AND a.stage = 'similarity'",
    );
    // On every other picture the blue thing covers it.
    assert!(odd[0][0].as_u64().unwrap() >= u64::from(IMAGES / 2), "{odd:?}");
    assert_eq!(odd[0][1], 0, "what is no box of the dataset has no number");
}

#[test]
fn the_same_comes_again_with_and_without_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &[]);
    if !has_runtime(&workspace) {
        return;
    }
    let text = recipe(RED_IS_ROT, "strategy = \"random\"\nscore = 0.93\nwindows = true");
    run(&workspace, &text, "cold");
    let warm = run(&workspace, &text, "warm");
    let looked =
        warm["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == "stand-in-efficientnet:windows");
    assert_eq!(looked.unwrap()["done"], 0, "{warm}");
    fs::remove_dir_all(workspace.join("cache/prepass")).unwrap();
    run(&workspace, &text, "again");
    same_tables(&table_bytes(&workspace, "cold"), &table_bytes(&workspace, "warm"));
    same_tables(&table_bytes(&workspace, "cold"), &table_bytes(&workspace, "again"));
    // Another seed, other examples: what was kept of the first is not taken for it.
    let other = run(&workspace, &format!("seed = 7\n{text}"), "other");
    let looked =
        other["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == "stand-in-efficientnet:windows");
    assert_eq!(looked.unwrap()["done"], json!(IMAGES), "{other}");
}
