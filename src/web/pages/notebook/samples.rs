//! Notebooks as the pages may meet them.

use tator_pipeline::Notebook;

use super::view::{ListPage, Page};
use crate::page::{Sample, Section, Shell};

impl Sample for ListPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("empty", Self { shell: Shell::empty_sample(Section::Sql), names: vec![] }),
            (
                "usual",
                Self {
                    shell: Shell::sample(Section::Sql, None),
                    names: vec!["fast_1_c1".into(), "Größte Bilder 2".into()],
                },
            ),
        ]
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |name: &str, text: &str| {
            Self::new(Shell::sample(Section::Sql, None), &Notebook { name: name.into(), text: text.into() })
        };
        vec![
            ("nothing to run", page("words", "Only words.")),
            (
                "usual",
                page(
                    "fast_1_c1",
                    "# A title with <b>&amp;</b>\n\nWords and `code <i>`.\n\n- one\n- two\n\n| a | b |\n\n```sql a <name> & \"more\"\nSELECT '</textarea>' FROM coins.boxes\n```\n\n## Second\n\n```sql\nSELECT 2\n```\n",
                ),
            ),
        ]
    }
}
