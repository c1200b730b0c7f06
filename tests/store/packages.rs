//! Work packages: claimed by one at a time, given back, free again after a while, there after a restart and a loss.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tator_domain::{Clock, ImageState, PackageKind};
use tator_store::{CLAIM_IDLE_MICROS, Edit, Error, ImageFilter, NewPackages, Package, PackageState, Workspace, Writer};

use crate::harness::cellar::{Cellar, coins, small_limits};

/// A clock that stands until it is moved.
#[derive(Default)]
struct Stopped(AtomicI64);

impl Clock for Stopped {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn new(name: &str, kind: PackageKind, every: Option<usize>) -> NewPackages {
    NewPackages { name: name.to_owned(), kind, filter: ImageFilter::default(), every }
}

fn one(writer: &Writer, id: i64, now: i64) -> Package {
    writer.reader().packages(&coins(), now).unwrap().into_iter().find(|p| p.package_id == id).unwrap()
}

/// A store with 7 labelled images under a clock of the test's.
fn with_clock() -> (tempfile::TempDir, Workspace, Writer, Arc<Stopped>) {
    let folder = tempfile::tempdir().unwrap();
    let mut cellar = Cellar::of(folder);
    cellar.writer().create_dataset(&coins(), &tator_store::ImageHome::Managed, "detect").unwrap();
    cellar.load(tator_store::LoadPolicy::Keep, 7, 0, 0.0);
    cellar.close();
    let folder = cellar.into_folder();
    let clock = Arc::new(Stopped(AtomicI64::new(1_000_000)));
    let workspace = Workspace::open(folder.path()).unwrap();
    let writer = tator_store::open(&workspace, &small_limits(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    (folder, workspace, writer, clock)
}

#[test]
fn packages_are_claimed_one_after_the_other_and_run_out() {
    let (_folder, _workspace, writer, clock) = with_clock();
    let d = coins();
    let made = writer.create_packages(&d, &new("Look", PackageKind::Review, Some(3)), "Zoë").unwrap();
    assert_eq!(made, [1, 2, 3]);
    let names: Vec<_> = made.iter().map(|id| (one(&writer, *id, 0).name, one(&writer, *id, 0).images)).collect();
    assert_eq!(names, [("Look 1".into(), 3), ("Look 2".into(), 3), ("Look 3".into(), 1)]);
    let next = |who: &str| writer.claim_next(&d, None, who).unwrap().map(|p| p.package_id);
    assert_eq!(
        (next("Ann"), next("Ann"), next("Bob"), next("Cy"), next("Dee")),
        (Some(1), Some(1), Some(2), Some(3), None)
    );
    assert!(matches!(writer.claim(&d, 1, "Bob"), Err(Error::Invalid(why)) if why.contains("Ann")));
    assert!(writer.release(&d, 1, "Bob", false).is_err());
    assert_eq!(writer.release(&d, 1, "Bob", true).unwrap().state, PackageState::Free);
    assert_eq!(next("Bob"), Some(2), "who has one goes on with it");

    clock.0.fetch_add(CLAIM_IDLE_MICROS - 1, Ordering::SeqCst);
    writer.note_activity(&d, 2, "Bob").unwrap();
    writer.note_activity(&d, 3, "Bob").unwrap();
    clock.0.fetch_add(2, Ordering::SeqCst);
    let now = clock.now();
    assert_eq!(
        (one(&writer, 2, now).state, one(&writer, 3, now).state),
        (PackageState::Claimed, PackageState::Expired)
    );
    assert_eq!(writer.claim(&d, 3, "Dee").unwrap().claimed_by.as_deref(), Some("Dee"));
}

#[test]
fn a_package_is_done_when_its_images_are_and_survives_everything() {
    let mut cellar = Cellar::filled(4, 0);
    let d = coins();
    let few = ImageFilter { condition: Some("image_id <= 2".into()), ..ImageFilter::default() };
    let wish = NewPackages { filter: few, ..new("Few", PackageKind::Review, None) };
    assert_eq!(cellar.writer().create_packages(&d, &wish, "Zoë").unwrap(), [1]);
    cellar.writer().claim(&d, 1, "Ann").unwrap();
    for image in [1, 2] {
        assert!(one(cellar.writer(), 1, 0).done < 2);
        cellar.edit(image, &format!("e{image}"), vec![Edit::State { value: ImageState::Reviewed }]);
    }
    assert_eq!(one(cellar.writer(), 1, 0).state, PackageState::Done);
    let in_it = ImageFilter { package: Some(1), ..ImageFilter::default() };
    let walked = cellar.reader().neighbours(&d, 1, &in_it).unwrap();
    assert_eq!((walked.total, walked.next), (2, Some(2)));
    let before = one(cellar.writer(), 1, 0);
    cellar.writer().fold(&d).unwrap();
    cellar.close();
    std::fs::remove_file(cellar.path().join("live.duckdb")).unwrap();
    cellar.reopen();
    assert_eq!(one(cellar.writer(), 1, 0), before);
    assert_eq!(cellar.writer().close_package(&d, 1, true).unwrap().state, PackageState::Closed);
    assert_eq!(cellar.writer().create_packages(&d, &new("More", PackageKind::Label, None), "Zoë").unwrap(), [2]);
}

#[test]
fn packages_of_nothing_or_of_too_many_are_refused() {
    let cellar = Cellar::filled(3, 0);
    let none = ImageFilter { text: Some("nowhere".into()), ..ImageFilter::default() };
    for wish in [
        new(" ", PackageKind::Label, None),
        NewPackages { filter: none, ..new("a", PackageKind::Label, None) },
        NewPackages {
            filter: ImageFilter { condition: Some("1; DROP TABLE x".into()), ..ImageFilter::default() },
            ..new("a", PackageKind::Label, None)
        },
    ] {
        assert!(cellar.writer().create_packages(&coins(), &wish, "Zoë").is_err(), "{wish:?}");
    }
    assert_eq!(cellar.reader().packages(&coins(), 0).unwrap(), []);
}
