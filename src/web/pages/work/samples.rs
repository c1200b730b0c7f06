//! Work as the page may meet it.

use tator_domain::PackageKind;
use tator_store::{CommentCounts, ImageFilter, Package, PackageState};

use super::view::{Page, Wish};
use crate::page::{Sample, Section, Shell};

fn package(package_id: i64, state: PackageState, holder: Option<&str>) -> Package {
    Package {
        package_id,
        name: ["Night <b>shots</b> & rain", "First look 1", "First look 2"][package_id as usize % 3].into(),
        kind: if package_id % 2 == 0 { PackageKind::Review } else { PackageKind::Label },
        author: "Zoë \"Z\" <i>".into(),
        made_at: 1_795_331_000_000_000,
        images: 118_287,
        done: 12_001 * package_id.unsigned_abs(),
        state,
        claimed_by: holder.map(str::to_owned),
        active_at: holder.map(|_| 1_795_331_000_000_000),
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let packages = vec![
            package(1, PackageState::Free, None),
            package(2, PackageState::Claimed, Some("human")),
            package(3, PackageState::Claimed, Some("A rather long name <b> of somebody who is here")),
            package(4, PackageState::Expired, Some("Bob")),
            package(5, PackageState::Done, Some("Bob")),
            package(6, PackageState::Closed, None),
        ];
        let page = |packages, counts, wish| {
            let shell = Shell::sample(Section::Work, Some("coins"));
            Self::new(shell, "coins".parse().expect("a valid name"), packages, counts, wish)
        };
        let wish = Wish {
            title: "Rain & \"night\"".into(),
            every: "x".into(),
            filter: ImageFilter { text: Some("<b>".into()), tag: Some("night".into()), ..ImageFilter::default() },
            wrong: Some("every \"x\": invalid <digit>".into()),
        };
        vec![
            ("empty", page(vec![], (CommentCounts::default(), 0), Wish::default())),
            ("usual", page(packages, (CommentCounts { open: 12, sent_back: 1 }, 1234), wish)),
        ]
    }
}
