//! Our Parquet comes back whole, a damaged one is refused; CSV leaves in good order.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use tator_domain::Split;

use super::collect::{Collected, Written, collect, round_trip, write};
use super::csv::Csv;
use super::parquet::Parquet;
use super::sample_labels::{self, Holds};
use super::{Format as _, ReadOptions};
use crate::error::Error;
use crate::source::Source;

fn read(out: &Written) -> Result<Collected, Error> {
    let source = Source::of_files(out.files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())));
    assert!(Parquet.recognise(&source).is_some());
    collect(&Parquet, &source, &ReadOptions::default())
}

fn some_labels() -> super::collect::FixedLabels {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = sample_labels::labels(Holds::PARQUET);
    let drawn = std::iter::repeat_with(|| strategy.new_tree(&mut runner).unwrap().current());
    let mut many = drawn.take(50);
    many.find(|labels| labels.images.iter().map(|(_, b)| b.len()).sum::<usize>() > 5).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn c35_parquet_keeps_every_bit(labels in sample_labels::labels(Holds::PARQUET)) {
        let back = round_trip(&Parquet, &labels, &ReadOptions::default()).unwrap();
        prop_assert_eq!(&back.skipped, &Vec::new());
        sample_labels::assert_same(&back.labels(), &labels, Holds::PARQUET);
        prop_assert_eq!(write(&Parquet, &labels).unwrap().0, write(&Parquet, &labels).unwrap().0);
    }
}

#[test]
fn a_changed_or_truncated_table_is_refused_before_a_row_is_read() {
    let (whole, report) = write(&Parquet, &some_labels()).unwrap();
    assert_eq!(report.left_out, []);
    for name in ["boxes.parquet", "images.parquet", "classes.parquet"] {
        let mut cut = whole.clone();
        cut.files.get_mut(name).unwrap().pop();
        let error = read(&cut).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("bytes"), "{error}");
        let mut flipped = whole.clone();
        flipped.files.get_mut(name).unwrap()[40] ^= 1;
        let error = read(&flipped).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("damaged"), "{error}");
        // Without a manifest the file itself must show the damage.
        cut.files.remove("manifest.json");
        assert!(read(&cut).unwrap_err().to_string().contains(name));
    }
}

#[test]
fn a_newer_layout_is_refused() {
    let (mut out, _) = write(&Parquet, &some_labels()).unwrap();
    let newer = out.text("manifest.json").replace("\"schema_version\": 1", "\"schema_version\": 2");
    out.files.insert("manifest.json".to_owned(), newer.into_bytes());
    assert!(read(&out).unwrap_err().to_string().contains("newer Tator"));
}

#[test]
fn tables_without_a_manifest_are_taken_with_a_warning() {
    let labels = some_labels();
    let (mut out, _) = write(&Parquet, &labels).unwrap();
    out.files.remove("manifest.json");
    let found = read(&out).unwrap();
    assert_eq!(found.images.len(), labels.images.len());
    assert!(found.warned.iter().any(|(item, _)| item == "manifest.json"));
}

#[test]
fn csv_has_a_row_for_every_box_and_no_formulas() {
    let mut labels = some_labels();
    labels.classes[0].name = "=1+1".to_owned();
    labels.images[0].0.path = "a,\"b\".jpg".to_owned();
    labels.images[0].0.split = Split::Val;
    let (out, report) = write(&Csv, &labels).unwrap();
    let mut rows = ::csv::Reader::from_reader(out.files["boxes.csv"].as_slice());
    let column = rows.headers().unwrap().iter().position(|h| h == "class").unwrap();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len() as u64, report.boxes);
    assert!(rows.iter().all(|row| !row[column].starts_with('=')));
    let wanted: Vec<_> = labels.images.iter().flat_map(|(i, boxes)| boxes.iter().map(move |b| (i, b))).collect();
    for (row, (image, one)) in rows.iter().zip(wanted) {
        assert_eq!((&row[1], row[6].parse::<f64>().unwrap()), (image.path.as_str(), one.rect.x));
        assert_eq!(&row[column] == "'=1+1", one.class_id == 1);
    }
    let images = ::csv::Reader::from_reader(out.files["images.csv"].as_slice()).records().count();
    assert_eq!(images, labels.images.len());
}

#[test]
fn csv_is_for_export_only() {
    let source = Source::of_files([("boxes.csv", Vec::new())]);
    let Err(error) = collect(&Csv, &source, &ReadOptions::default()) else { panic!("CSV was read") };
    assert!(error.to_string().contains("export only"));
    assert_eq!(Csv.recognise(&source), None);
}
