//! What the page of the next images shows.

use askama::Template;
use serde_json::json;
use tator_domain::{DatasetName, ImageId};
use tator_pipeline::select::{Curve, FEWEST, Pick, SelectOptions, Selection, Simulation, Spread, Strategy};
use tator_store::ImageFilter;

use crate::addresses;
use crate::figures::{filters, grouped};
use crate::page::Shell;
use crate::pages::jobs::view::JobView;

/// What came of a choice.
pub enum Outcome {
    /// Images.
    Found(Selection),
    /// Something that has to be there first.
    Missing(String),
}

/// `/d/{dataset}/select`
#[derive(Template)]
#[template(path = "select/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Beginning of the addresses of the tabs.
    pub base: String,
    /// The tab in hand.
    pub tab: &'static str,
    /// The form as it stands.
    pub options: SelectOptions,
    /// What came of it; none before anything was asked.
    pub outcome: Option<Outcome>,
    /// The last replay.
    pub simulation: Option<Simulation>,
    /// The replay under way.
    pub job: Option<JobView>,
    /// Images have vectors.
    pub has_vectors: bool,
    /// Runs whose doubt can be asked for, newest first.
    pub runs: Vec<String>,
    /// What was wrong.
    pub wrong: Option<String>,
}

impl Page {
    /// A page.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        options: SelectOptions,
        outcome: Option<Outcome>,
        (simulation, job, has_vectors): (Option<Simulation>, Option<JobView>, bool),
        runs: Vec<String>,
        wrong: Option<String>,
    ) -> Self {
        let base = format!("/d/{dataset}");
        Self { shell, dataset, base, tab: "select", options, outcome, simulation, job, has_vectors, runs, wrong }
    }

    /// Every strategy with its words, and whether it is chosen.
    #[must_use]
    pub fn strategies(&self) -> Vec<(Strategy, bool)> {
        Strategy::ALL.map(|strategy| (strategy, strategy == self.options.strategy)).into()
    }

    /// The run in the form.
    #[must_use]
    pub fn is_run(&self, name: &str) -> bool {
        self.options.run.as_ref().is_some_and(|run| run.as_str() == name)
    }

    /// A small picture of an image.
    #[must_use]
    pub fn picture(&self, image: &ImageId) -> String {
        addresses::thumbnail(&self.dataset, *image, 256)
    }

    /// An image in the labeller, among the chosen ones.
    #[must_use]
    pub fn label(&self, pick: &Pick, selection: &Selection) -> String {
        addresses::label(&self.dataset, pick.image_id, None, &among(selection))
    }

    /// The chosen ones in the gallery.
    #[must_use]
    pub fn gallery(&self, selection: &Selection) -> String {
        addresses::gallery(&self.dataset, &among(selection))
    }

    /// What is known of the choice, in words.
    #[must_use]
    pub fn words(&self, selection: &Selection) -> String {
        let mut words =
            format!("{} of {} images that could be labelled", selection.picks.len(), grouped(selection.free as u64));
        if let Some(encoder) = &selection.encoder {
            words.push_str(&format!(" · vectors of {encoder}"));
        }
        if let Some(from) = &selection.doubt_from {
            words.push_str(&format!(" · doubt: {from}"));
        }
        words
    }

    /// The numbers of the chosen images, for the form that makes a package of them.
    #[must_use]
    pub fn numbers(&self, selection: &Selection) -> String {
        numbers(selection)
    }

    /// A name for their package.
    #[must_use]
    pub fn package_name(&self, selection: &Selection) -> String {
        format!("Next {} by {}", selection.picks.len(), selection.strategy)
    }

    /// The curves of a replay as JSON.
    #[must_use]
    pub fn curves(&self, simulation: &Simulation) -> String {
        let x: Vec<usize> =
            simulation.curves.first().map(|c| c.points.iter().map(|point| point.images).collect()).unwrap_or_default();
        let line = |curve: &Curve, of: fn(&tator_pipeline::select::Point) -> &Spread| {
            let spreads = || curve.points.iter().map(of);
            let ends: Option<(Vec<f64>, Vec<f64>)> = spreads().map(Spread::interval).collect();
            let (low, high) = ends.unzip();
            json!({ "name": curve.strategy, "values": spreads().map(|s| s.mean).collect::<Vec<_>>(), "low": low, "high": high })
        };
        let lines = |of| simulation.curves.iter().map(|curve| line(curve, of)).collect::<Vec<_>>();
        json!({ "images": x, "macro_f1": lines(|point| &point.macro_f1), "accuracy": lines(|point| &point.accuracy) })
            .to_string()
    }

    /// What a strategy gained over chance, in words: macro F1 and accuracy.
    #[must_use]
    pub fn gains(&self, curve: &Curve) -> Option<(String, String, &'static str)> {
        let gain = curve.gain.as_ref()?;
        let words = |spread: &Spread| match spread.interval() {
            Some((low, high)) => format!("{:+.3} [{low:+.3}, {high:+.3}]", spread.mean),
            None => format!("{:+.3}", spread.mean),
        };
        let verdict = match gain.macro_f1.interval() {
            Some((low, _)) if low > 0.0 => "better than chance",
            Some((_, high)) if high < 0.0 => "worse than chance",
            Some(_) => "no certain difference",
            None => "too few beginnings to tell",
        };
        Some((words(&gain.macro_f1), words(&gain.accuracy), verdict))
    }

    /// There are enough beginnings for intervals.
    #[must_use]
    pub fn has_intervals(&self, simulation: &Simulation) -> bool {
        simulation.options.seeds >= FEWEST
    }

    /// The quality at the end of a curve.
    #[must_use]
    pub fn end(&self, curve: &Curve) -> String {
        curve.points.last().map_or_else(String::new, |point| format!("{:.3}", point.macro_f1.mean))
    }

    /// How a replay was made, in words.
    #[must_use]
    pub fn replay_words(&self, simulation: &Simulation) -> String {
        let Simulation { pool_images, test_images, test_boxes, encoder, options, .. } = simulation;
        let (start, step) = (options.start.unwrap_or(0), options.step.unwrap_or(0));
        format!(
            "{} beginnings of {start} images, {step} more at a time out of {}; tested on {} boxes of {} images that stay held out; vectors of {encoder}; done in {}",
            options.seeds,
            grouped(*pool_images as u64),
            grouped(*test_boxes as u64),
            grouped(*test_images as u64),
            crate::figures::duration(simulation.seconds)
        )
    }
}

fn numbers(selection: &Selection) -> String {
    selection.picks.iter().map(|pick| pick.image_id.to_string()).collect::<Vec<_>>().join(",")
}

fn among(selection: &Selection) -> ImageFilter {
    let condition = (selection.picks.len() <= 400).then(|| format!("image_id IN ({})", numbers(selection)));
    ImageFilter { condition, ..ImageFilter::default() }
}
