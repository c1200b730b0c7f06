//! Two heads side by side.

use std::collections::HashMap;

use askama::Template;
use tator_domain::DatasetName;
use tator_pipeline::heads::{HeadDifference, HeadRun, Heads};

use super::view::{RunPage, options};
use crate::figures::grouped;
use crate::page::Shell;

/// A class of two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRow {
    /// Its name.
    pub name: String,
    /// F1 of the first.
    pub a: Option<String>,
    /// F1 of the second.
    pub b: Option<String>,
    /// What the first has more.
    pub more: Option<f64>,
}

/// `/d/{dataset}/train/compare`
#[derive(Template)]
#[template(path = "train/compare.html")]
pub struct ComparePage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The first.
    pub a: RunPage,
    /// The second.
    pub b: RunPage,
    /// On the test boxes of both.
    pub difference: Option<HeadDifference>,
    /// Class by class.
    pub rows: Vec<PairRow>,
    /// Options that differ: what, first, second.
    pub options: Vec<(String, String, String)>,
}

impl ComparePage {
    /// Two runs side by side.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        (a, b): (HeadRun, HeadRun),
        difference: Option<HeadDifference>,
        heads: &Heads,
    ) -> Self {
        let rows = pair_rows(&a, &b);
        let (of_a, of_b) = (options(&a), options(&b));
        let mut keys: Vec<&String> = of_a.iter().chain(&of_b).map(|(key, _)| key).collect();
        keys.sort();
        keys.dedup();
        let value = |of: &[(String, String)], key: &str| {
            of.iter().find(|(other, _)| other == key).map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
        };
        let mut differing: Vec<(String, String, String)> = keys
            .into_iter()
            .map(|key| (key.clone(), value(&of_a, key), value(&of_b, key)))
            .filter(|one| one.1 != one.2)
            .collect();
        if a.encoder != b.encoder {
            differing.insert(0, ("encoder".into(), a.encoder.clone(), b.encoder.clone()));
        }
        if a.data.hash != b.data.hash {
            differing.push(("boxes".into(), grouped(a.data.boxes as u64), grouped(b.data.boxes as u64)));
        }
        let page = |run| {
            RunPage::new(shell.clone(), dataset.clone(), run, (String::new(), HashMap::new()), heads.clone(), None)
        };
        let (a, b) = (page(a), page(b));
        Self { shell, dataset, a, b, difference, rows, options: differing }
    }

    /// Whether one is better, in words.
    #[must_use]
    pub fn verdict(&self) -> String {
        let Some(HeadDifference { boxes, accuracy }) = self.difference else {
            return "They were tested on different boxes, so their figures cannot be compared box by box.".into();
        };
        let interval = format!("{:+.3} [{:+.3}, {:+.3}]", accuracy.value, accuracy.low, accuracy.high);
        let (a, b) = (&self.a.run.name, &self.b.run.name);
        let judged = match (accuracy.low > 0.0, accuracy.high < 0.0) {
            (true, _) => format!("{a} is better than {b}"),
            (_, true) => format!("{b} is better than {a}"),
            _ => "Neither is better for certain".to_owned(),
        };
        let common = if boxes as u64 == self.a.run.parts.test.boxes as u64 { "" } else { " that both were tested on" };
        format!("{judged}: accuracy differs by {interval} on {} boxes{common}.", grouped(boxes as u64))
    }
}

fn pair_rows(a: &HeadRun, b: &HeadRun) -> Vec<PairRow> {
    let f1 = |run: &HeadRun, name: &str| {
        let at = run.classes.iter().position(|class| class.name == name && class.class_id.is_some())?;
        run.metrics.per_class.get(at).filter(|figures| figures.support > 0).map(|figures| figures.f1)
    };
    let names = a.classes.iter().chain(&b.classes).filter(|class| class.class_id.is_some());
    let mut seen: Vec<&str> = Vec::new();
    for class in names {
        if !seen.contains(&class.name.as_str()) {
            seen.push(&class.name);
        }
    }
    let row = |name: &str| {
        let (own, other) = (f1(a, name), f1(b, name));
        let text = |value: Option<f64>| value.map(|value| format!("{value:.3}"));
        PairRow { name: name.to_owned(), a: text(own), b: text(other), more: own.zip(other).map(|(a, b)| a - b) }
    };
    seen.into_iter().map(row).collect()
}
