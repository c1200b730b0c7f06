//! Named versions outlive compaction and clean-up.

use tator_store::Error;

use crate::harness::cellar::{Cellar, add, coins};
use crate::harness::python;

#[test]
fn a_named_version_is_kept_through_clean_up() {
    let cellar = Cellar::filled(30, 2);
    cellar.writer().name_version(&coins(), "first").unwrap();
    let named = cellar.writer().named_versions(&coins()).unwrap();
    assert_eq!((named[0].name.as_str(), named[0].images, named[0].boxes), ("first", 30, 60));
    let mut compacted = false;
    for n in 0..30_u32 {
        cellar.edit(i64::from(n % 30) + 1, &format!("c{n}"), vec![add("n", f64::from(n), 1.0, 5.0, 5.0)]);
        compacted |= cellar.writer().fold(&coins()).unwrap().compacted;
    }
    assert!(compacted, "the test means to see a clean-up");
    assert_eq!(cellar.writer().named_versions(&coins()).unwrap(), named);
    let folder = cellar.reader().folders().tables_of(&coins());
    if let Some(seen) = python::with_packages("open_tables.py", &[&folder, "first".as_ref()]) {
        assert_eq!((&seen["versions"]["first"], &seen["boxes"]), (&60.into(), &90.into()));
    }
}

#[test]
fn a_version_has_one_plain_name() {
    let cellar = Cellar::filled(1, 1);
    cellar.writer().name_version(&coins(), "v1").unwrap();
    assert!(matches!(cellar.writer().name_version(&coins(), "v1"), Err(Error::Exists(_))));
    for bad in ["", "a b", "../x", "ü", "-x", &"x".repeat(61)] {
        assert!(matches!(cellar.writer().name_version(&coins(), bad), Err(Error::Invalid(_))), "{bad:?}");
    }
    cellar.edit(1, "c", vec![add("n", 1.0, 1.0, 5.0, 5.0)]);
    let second = cellar.writer().name_version(&coins(), "v2").unwrap();
    assert_eq!((second.images, second.boxes), (1, 2), "what was edited is published first");
    let names: Vec<_> =
        cellar.writer().named_versions(&coins()).unwrap().into_iter().map(|v| (v.name, v.boxes)).collect();
    assert_eq!(names, [("v2".to_owned(), 2), ("v1".to_owned(), 1)]);
}
