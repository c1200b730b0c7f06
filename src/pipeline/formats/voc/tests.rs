//! What a VOC folder may hold, and that it comes back unchanged.

use std::path::Path;

use proptest::prelude::*;
use tator_domain::{ImageState, PixelBox, Split};

use super::Voc;
use crate::formats::collect::{Collected, collect, picture, round_trip, write};
use crate::formats::sample_labels::{self, Holds};
use crate::formats::{Format as _, ReadOptions};
use crate::source::Source;

fn annotation(size: (u32, u32), objects: &str) -> Vec<u8> {
    let (w, h) = size;
    format!(
        "<annotation><filename>stale.jpg</filename><size><width>{w}</width><height>{h}</height><depth>3</depth></size>\
         {objects}</annotation>"
    )
    .into_bytes()
}

fn object(name: &str, edges: [&str; 4], more: &str) -> String {
    let [x0, y0, x1, y1] = edges;
    format!(
        "<object><name>{name}</name>{more}<bndbox><ymax>{y1}</ymax><xmin>{x0}</xmin><ymin>{y0}</ymin>\
         <xmax>{x1}</xmax></bndbox></object>"
    )
}

fn read(files: &[(&str, Vec<u8>)]) -> Collected {
    let source = Source::of_files(files.iter().map(|(path, bytes)| (*path, bytes.clone())));
    collect(&Voc, &source, &ReadOptions::default()).unwrap()
}

#[test]
fn edges_start_at_zero_unless_the_original_pixels_are_asked_for() {
    let xml = annotation((100, 80), &object("coin", ["11", "21.5", "30", "40"], ""));
    let source = Source::of_files([("Annotations/a.xml", xml)]);
    let rect = |one_based| {
        let options = ReadOptions { one_based, ..ReadOptions::default() };
        collect(&Voc, &source, &options).unwrap().boxes[0].1.rect
    };
    assert_eq!(rect(false), PixelBox { x: 11.0, y: 21.5, w: 19.0, h: 18.5 });
    assert_eq!(rect(true), PixelBox { x: 10.0, y: 20.5, w: 20.0, h: 19.5 });
}

#[test]
fn flags_that_say_something_are_kept() {
    let flags = "<pose>Left</pose><truncated>0</truncated><difficult>1</difficult><occluded>0</occluded>\
        <attributes><attribute><name>colour</name><value>red &amp; blue</value></attribute>\
        <attribute><name>rotation</name><value>12.5</value></attribute></attributes>\
        <part><name>head</name><bndbox/></part>";
    let found = read(&[("a.xml", annotation((9, 9), &object("dog", ["1", "2", "3", "4"], flags)))]);
    let one = &found.boxes[0].1;
    assert_eq!(one.attributes.as_deref(), Some(r#"{"pose":"Left","difficult":1,"colour":"red & blue"}"#));
    assert_eq!(one.angle, Some(12.5));
    assert!(found.warned.iter().any(|(item, m)| item == "a.xml object 1" && m.contains("part")));
}

#[test]
fn c32_the_base_name_of_the_xml_finds_the_picture_not_the_stale_filename() {
    let xml = || annotation((9, 9), "");
    let found = read(&[
        ("VOC/Annotations/a.xml", xml()),
        ("VOC/Annotations/sub/a.xml", xml()),
        ("VOC/Annotations/c.jpg.xml", xml()),
        ("VOC/Annotations/c.png.xml", xml()),
        ("VOC/JPEGImages/a.jpg", picture(9, 9)),
        ("VOC/JPEGImages/sub/a.png", picture(9, 9)),
        ("VOC/JPEGImages/c.jpg", picture(9, 9)),
        ("VOC/JPEGImages/c.png", picture(9, 9)),
        ("VOC/JPEGImages/stale.jpg", picture(9, 9)),
        ("VOC/ImageSets/Main/val.txt", b"a\nsub/a 1\n".to_vec()),
        ("VOC/ImageSets/Main/trainval.txt", b"a\nsub/a\nc.jpg\n".to_vec()),
        ("VOC/ImageSets/Main/coin_val.txt", b"a -1\n".to_vec()),
    ]);
    let all: Vec<_> = found.images.iter().map(|i| (i.path.as_str(), i.split, i.state)).collect();
    let want = [
        ("a.jpg", Split::Val, ImageState::Labelled),
        ("c.jpg", Split::Train, ImageState::Labelled),
        ("c.png", Split::None, ImageState::Labelled),
        ("sub/a.png", Split::Val, ImageState::Labelled),
        ("stale.jpg", Split::None, ImageState::Unlabelled),
    ];
    assert_eq!(all, want);
}

#[test]
fn a_size_of_zero_comes_from_the_picture_and_a_wrong_one_is_refused() {
    let files = [
        ("a.xml", annotation((0, 0), "")),
        ("a.jpg", picture(30, 20)),
        ("b.xml", annotation((31, 20), "")),
        ("b.jpg", picture(30, 20)),
    ];
    let found = read(&files);
    assert_eq!((found.images[0].width, found.images[0].height), (30, 20));
    // The picture is sound, so it stays, but nobody has labelled it.
    assert_eq!((found.images[1].path.as_str(), found.images[1].state), ("b.jpg", ImageState::Unlabelled));
    assert_eq!(found.skipped[0], ("b.xml".to_owned(), "its size differs from the size of its picture".to_owned()));
}

#[test]
fn entity_bombs_and_damaged_files_are_left_out_by_name() {
    let bomb = "<!DOCTYPE a [<!ENTITY x \"haha\"><!ENTITY y \"&x;&x;\">]><annotation>&y;</annotation>";
    let whole = String::from_utf8(annotation((9, 9), &object("a", ["1", "2", "3", "4"], ""))).unwrap();
    let found = read(&[
        ("bomb.xml", bomb.as_bytes().to_vec()),
        ("cut.xml", whole.as_bytes()[..whole.len() - 13].to_vec()),
        ("good.xml", whole.clone().into_bytes()),
        ("other.xml", b"<annotations/>".to_vec()),
    ]);
    assert_eq!((found.images.len(), found.boxes.len()), (1, 1));
    let reasons: Vec<_> = found.skipped.iter().map(|(item, reason)| (item.as_str(), reason.as_str())).collect();
    let want = [
        ("bomb.xml", "the XML declares entities, which is refused"),
        ("cut.xml", "the XML ends too early"),
        ("other.xml", "the XML is no Pascal VOC annotation"),
    ];
    assert_eq!(reasons, want);
}

#[test]
fn c38_a_negative_has_an_xml_and_an_unlabelled_image_has_none() {
    let found = read(&[("a.xml", annotation((9, 9), "")), ("a.jpg", picture(9, 9)), ("b.jpg", picture(9, 9))]);
    let (written, _) = write(&Voc, &found.labels()).unwrap();
    assert!(written.files.contains_key("Annotations/a.xml") && !written.files.contains_key("Annotations/b.xml"));
    let back = round_trip(&Voc, &found.labels(), &ReadOptions::default()).unwrap();
    let states: Vec<_> = back.images.iter().map(|i| (i.path.as_str(), i.state)).collect();
    assert_eq!(states, [("a.jpg", ImageState::Labelled), ("b.jpg", ImageState::Unlabelled)]);
}

#[test]
fn c37_what_voc_cannot_hold_is_named() {
    let mut labels = read(&[("a.xml", annotation((9, 9), &object("a", ["1", "2", "3", "4"], "")))]).labels();
    let one = &mut labels.images[0].1[0];
    one.is_crowd = true;
    one.mask = Some("Q1".to_owned());
    let report = write(&Voc, &labels).unwrap().1;
    let reasons: Vec<_> = report.left_out.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["VOC boxes hold no masks", "VOC has no crowds; it is written as an ordinary box"]);
    assert_eq!(report.boxes, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn c35_import_of_an_export_is_what_was_exported(labels in sample_labels::labels(Holds::VOC)) {
        let back = round_trip(&Voc, &labels, &ReadOptions::default()).unwrap();
        prop_assert_eq!(&back.skipped, &Vec::new());
        sample_labels::assert_same(&back.labels(), &labels, Holds::VOC);
        prop_assert_eq!(back.class_names(), ["coin", "a & b: <c>", "Münze"]);
        prop_assert_eq!(write(&Voc, &labels).unwrap().0, write(&Voc, &labels).unwrap().0);
    }

    #[test]
    fn damaged_bytes_never_panic(at in 0..300usize, byte: u8) {
        let mut xml = annotation((9, 9), &object("a", ["1", "2", "3", "4"], "<pose>x &amp; y</pose>"));
        let length = xml.len();
        xml[at % length] = byte;
        let _ = collect(&Voc, &Source::of_files([("a.xml", xml)]), &ReadOptions::default());
    }
}

#[test]
fn bccd_is_read_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets/bccd");
    if !root.exists() {
        return;
    }
    // Counted without an XML parser: every object of these files has one xmin.
    let (mut objects, mut flat) = (0, 0);
    for entry in std::fs::read_dir(root.join("BCCD/Annotations")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        objects += text.matches("<xmin>").count();
        let value = |block: &str, tag: &str| block.split(tag).nth(1).unwrap().split('<').next().unwrap().to_owned();
        let is_flat = |b: &&str| value(b, "<xmin>") == value(b, "<xmax>") || value(b, "<ymin>") == value(b, "<ymax>");
        flat += text.split("<bndbox>").skip(1).filter(is_flat).count();
    }
    let found = collect(&Voc, &Source::at(&root).unwrap(), &ReadOptions::default()).unwrap();
    assert_eq!((found.images.len(), found.classes.len()), (364, 3));
    assert_eq!(found.boxes.len(), objects - flat);
    assert_eq!(found.skipped.len(), flat);
    assert!(found.images.iter().all(|i| i.file.is_some() && i.split != Split::None));
    let back = round_trip(&Voc, &found.labels(), &ReadOptions::default()).unwrap();
    sample_labels::assert_same(&back.labels(), &found.labels(), Holds::VOC);
    assert!(Voc.recognise(&Source::at(&root).unwrap()).is_some());
}
