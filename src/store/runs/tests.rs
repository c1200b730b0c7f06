use std::sync::Arc;

use serde_json::json;
use tator_domain::{DatasetName, PixelBox, RunName, SystemClock};

use super::*;
use crate::{Column, ImageHome, Limits, SqlRequest, Workspace};

fn open(folder: &Path) -> (Writer, Workspace) {
    let workspace = Workspace::open(folder).unwrap();
    let limits = Limits { memory: "1GB".into(), temporary_disk: "1GB".into(), threads: 1 };
    (crate::open(&workspace, &limits, Arc::new(SystemClock)).unwrap(), workspace)
}

fn coins() -> DatasetName {
    "coins".parse().unwrap()
}

fn name(text: &str) -> RunName {
    text.parse().unwrap()
}

fn atom(atom_id: i64, image_id: i64) -> Atom {
    Atom {
        atom_id,
        image_id,
        class_id: 3,
        rect: PixelBox { x: 1.5, y: 2.0, w: 3.0, h: 4.0 },
        score: Some(0.5),
        calibrated: None,
        stage: "detector".into(),
        source: "yolox".into(),
        source_run: "yolox:full".into(),
        window_index: None,
        prompt: None,
        prompt_kind: None,
        exemplar_box_id: None,
        model_class: "coin".into(),
    }
}

fn candidate(candidate_id: i64, image_id: i64) -> Candidate {
    Candidate {
        candidate_id,
        image_id,
        class_id: 3,
        rect: PixelBox { x: 1.5, y: 2.0, w: 3.0, h: 4.0 },
        score: Some(0.5),
        score_source: "raw".into(),
        source: "yolox".into(),
        sources: vec!["nano".into(), "yolox".into()],
        n_atoms: 2,
        n_sources: 2,
    }
}

fn image(image_id: i64) -> RunImage {
    RunImage {
        image_id,
        content_hash: "ab".into(),
        stage: "detector".into(),
        source_run: "yolox:full".into(),
        status: "done".into(),
        error: None,
        n_atoms: 1,
        ms: Some(1.25),
    }
}

fn write(writer: &Writer, run: &str) {
    let draft = writer.begin_run(&coins(), RunKind::Prepass, &name(run)).unwrap();
    let mut tables = PrepassTables::new(&draft).unwrap();
    for id in 1..=3 {
        let member = Member { candidate_id: id, atom_id: id, image_id: id, iou: 1.0 };
        tables.add(vec![image(id)], vec![atom(id, id)], vec![candidate(id, id)], vec![member]).unwrap();
    }
    assert_eq!(tables.finish().unwrap(), (3, 3));
    writer.publish_run(draft, &json!({ "recipe": "fast" })).unwrap();
}

fn count(writer: &Writer, table: &str) -> Result<i64, Error> {
    let answer = writer.reader().sql(&SqlRequest::new(format!("SELECT count(*) AS n FROM coins.{table}")))?;
    Ok(answer.rows[0][0].as_i64().unwrap())
}

fn filled(folder: &Path) -> (Writer, Workspace) {
    let (writer, workspace) = open(folder);
    writer.create_dataset(&coins(), &ImageHome::Managed, "detect").unwrap();
    write(&writer, "fast_1");
    (writer, workspace)
}

#[test]
fn rows_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _workspace) = filled(folder.path());
    let reader = writer.reader();
    let run = name("fast_1");
    assert_eq!(reader.run_atoms(&coins(), &run, 2..=3).unwrap(), [atom(2, 2), atom(3, 3)]);
    assert_eq!(reader.run_candidates(&coins(), &run, 1..=1).unwrap(), [candidate(1, 1)]);
    assert_eq!(reader.run_images(&coins(), &run, 3..=9).unwrap(), [image(3)]);
    assert_eq!(reader.run_members(&coins(), &run, 0..=9).unwrap().len(), 3);
    assert_eq!(reader.run_entry(&coins(), RunKind::Prepass, &run).unwrap().record["recipe"], "fast");
}

#[test]
fn what_a_calibration_suppresses_is_none_of_its_candidates() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _workspace) = filled(folder.path());
    let draft = writer.begin_run(&coins(), RunKind::Calibration, &name("fast_1_c1")).unwrap();
    let big = |numbers: &[i64]| Column::Big(numbers.iter().copied().map(Some).collect());
    let mut scores = draft.table("scores").unwrap();
    let columns = vec![
        ("candidate_id", big(&[1, 2, 3])),
        ("image_id", big(&[1, 2, 3])),
        ("class_id", Column::Int(vec![Some(3); 3])),
        ("score", Column::Double(vec![Some(0.9), Some(0.8), Some(0.7)])),
        ("kept", Column::Flag(vec![Some(true), Some(false), Some(true)])),
    ];
    scores.write(columns).unwrap();
    scores.finish().unwrap();
    for table in ["features", "missed"] {
        let mut other = draft.table(table).unwrap();
        other.write(vec![("image_id", big(&[1]))]).unwrap();
        other.finish().unwrap();
    }
    writer.publish_run(draft, &json!({ "run": "fast_1" })).unwrap();
    let told = writer.reader().calibration_scores(&coins(), &name("fast_1_c1"), 1..=3).unwrap();
    assert_eq!(told, [(1, 0.9), (3, 0.7)]);
}

#[test]
fn a_run_without_rows_has_tables() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _workspace) = filled(folder.path());
    let draft = writer.begin_run(&coins(), RunKind::Prepass, &name("empty")).unwrap();
    PrepassTables::new(&draft).unwrap().finish().unwrap();
    writer.publish_run(draft, &json!({})).unwrap();
    assert_eq!(count(&writer, "atoms_empty").unwrap(), 0);
}

#[test]
fn an_unfinished_run_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _workspace) = filled(folder.path());
    let draft = writer.begin_run(&coins(), RunKind::Prepass, &name("half")).unwrap();
    let _tables = PrepassTables::new(&draft).unwrap();
    assert_eq!(writer.reader().run_names(&coins(), RunKind::Prepass).unwrap(), [name("fast_1")]);
    assert!(count(&writer, "atoms_half").is_err());
}

#[test]
fn views_follow_the_folders_over_a_move_of_the_workspace() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(&folder.path().join("here")));
    std::fs::rename(folder.path().join("here"), folder.path().join("there")).unwrap();
    let (writer, workspace) = open(&folder.path().join("there"));
    assert_eq!(count(&writer, "candidates_fast_1").unwrap(), 3);
    drop((writer, workspace));
    std::fs::remove_dir_all(folder.path().join("there/tables/coins/runs/fast_1")).unwrap();
    let (writer, _workspace) = open(&folder.path().join("there"));
    assert!(count(&writer, "candidates_fast_1").is_err());
    assert!(writer.reader().schema().is_ok());
}

#[test]
fn a_deleted_run_comes_back_from_the_trash() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _workspace) = filled(folder.path());
    let gone = writer.delete_run(&coins(), RunKind::Prepass, &name("fast_1")).unwrap();
    assert!(count(&writer, "atoms_fast_1").is_err());
    assert!(writer.reader().trash().unwrap().is_empty(), "a run is no dataset");
    assert_eq!(writer.reader().trashed_runs().unwrap(), std::slice::from_ref(&gone));
    writer.restore_run(&gone.entry).unwrap();
    assert_eq!(count(&writer, "atoms_fast_1").unwrap(), 3);
    assert!(writer.reader().trashed_runs().unwrap().is_empty());
}

#[test]
fn a_name_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _workspace) = filled(folder.path());
    let again = writer.begin_run(&coins(), RunKind::Prepass, &name("fast_1")).unwrap_err();
    assert!(matches!(again, Error::Exists(_)), "{again}");
}

#[test]
fn the_same_rows_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _workspace) = filled(folder.path());
    write(&writer, "fast_2");
    let root = folder.path().join("tables/coins/runs");
    for file in ["images", "atoms", "candidates", "candidate_atoms"] {
        let read = |run: &str| std::fs::read(root.join(run).join(format!("{file}.parquet"))).unwrap();
        assert!(read("fast_1") == read("fast_2"), "{file}");
    }
}
