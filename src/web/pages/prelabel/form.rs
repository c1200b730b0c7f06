//! A recipe as a form: what most people set, the same for all models. What a form cannot say stays as the text has it.

use tator_pipeline::Model;
use tator_pipeline::prepass::{
    Calibrate, DetectorRecipe, FusionRecipe, Merge, Mode, Recipe, SimilarityRecipe, Strategy, WindowRecipe,
};

/// What the form shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields {
    /// Detectors at hand and those the recipe names.
    pub models: Vec<Choice>,
    /// Settings of models differ: what the form says goes for all.
    pub differ: bool,
    /// Least score.
    pub score: f32,
    /// Most boxes.
    pub most: usize,
    /// Look at the whole image.
    pub full: bool,
    /// Look at windows.
    pub windows: bool,
    /// Side of a window; empty for automatic.
    pub side: String,
    /// Share that windows have in common.
    pub overlap: f64,
    /// How windows are put together.
    pub merge: Merge,
    /// Look for classes by their words.
    pub text: bool,
    /// Look for look-alikes.
    pub similarity: bool,
    /// Which examples.
    pub strategy: Strategy,
    /// Look-alikes are looked for where nobody saw anything, too.
    pub alike_windows: bool,
    /// How boxes become candidates.
    pub mode: Mode,
    /// From which overlap on.
    pub iou: f64,
    /// How scores are compared.
    pub calibrate: Calibrate,
}

/// A model that may look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Its name on pages.
    pub title: String,
    /// It looks.
    pub chosen: bool,
    /// Why it cannot.
    pub problem: Option<String>,
}

/// A choice of a list: key, words, chosen.
pub type Entry = (&'static str, &'static str, bool);

fn entries<T: PartialEq + Copy>(all: &[(T, &'static str, &'static str)], chosen: T) -> Vec<Entry> {
    all.iter().map(|(value, key, words)| (*key, *words, *value == chosen)).collect()
}

const MERGES: &[(Merge, &str, &str)] = &[
    (Merge::GreedyNmm, "greedy_nmm", "grow over neighbours"),
    (Merge::Nms, "nms", "keep the best (NMS)"),
    (Merge::Nmm, "nmm", "grow over chains (NMM)"),
    (Merge::SoftNms, "soft_nms", "lower scores (Soft-NMS)"),
    (Merge::None, "none", "keep all"),
];
const MODES: &[(Mode, &str, &str)] = &[
    (Mode::Primary, "primary", "box of the best"),
    (Mode::Weighted, "weighted", "mean box, best score"),
    (Mode::Wbf, "wbf", "weighted boxes fusion"),
];
const SCALES: &[(Calibrate, &str, &str)] = &[
    (Calibrate::Platt, "platt", "a sigmoid per source"),
    (Calibrate::Isotonic, "isotonic", "rising steps per source"),
    (Calibrate::None, "none", "as they are"),
];
const STRATEGIES: &[(Strategy, &str, &str)] =
    &[(Strategy::Diverse, "diverse", "diverse"), (Strategy::Top, "top", "top"), (Strategy::Random, "random", "random")];

impl Fields {
    /// What a recipe says, among the models at hand.
    #[must_use]
    pub fn of(recipe: &Recipe, models: &[Model]) -> Self {
        let all = recipe.detectors.iter().any(|one| one.model == "*");
        let named = |name: &str| recipe.detectors.iter().any(|one| one.model == name);
        let choice = |model: &Model| Choice {
            name: model.manifest.name.clone(),
            title: model.title().to_owned(),
            chosen: named(&model.manifest.name) || (all && model.problem.is_none()),
            problem: model.problem.clone(),
        };
        let mut choices: Vec<Choice> = models.iter().map(choice).collect();
        let missing =
            recipe.detectors.iter().filter(|one| one.model != "*" && !choices.iter().any(|c| c.name == one.model));
        let missing: Vec<Choice> = missing
            .map(|one| Choice {
                name: one.model.clone(),
                title: one.model.clone(),
                chosen: true,
                problem: Some("it is not at hand".into()),
            })
            .collect();
        choices.extend(missing);
        let first = recipe.detectors.first().cloned().unwrap_or_else(usual_detector);
        let alike =
            |one: &DetectorRecipe| DetectorRecipe { model: String::new(), classes: Default::default(), ..one.clone() };
        let windows = first.windows.clone().unwrap_or_else(usual_windows);
        Self {
            models: choices,
            differ: recipe.detectors.iter().any(|one| alike(one) != alike(&first)),
            score: first.score,
            most: first.most,
            full: first.full,
            windows: first.windows.is_some(),
            side: windows.side.map(|side| side.to_string()).unwrap_or_default(),
            overlap: windows.overlap,
            merge: windows.merge,
            text: recipe.text.is_some(),
            similarity: recipe.similarity.is_some(),
            strategy: recipe.similarity.as_ref().map_or(Strategy::Diverse, |one| one.strategy),
            alike_windows: recipe.similarity.as_ref().is_some_and(|one| one.windows),
            mode: recipe.fusion.mode,
            iou: recipe.fusion.iou,
            calibrate: recipe.fusion.calibrate,
        }
    }

    /// How windows may be put together.
    #[must_use]
    pub fn merges(&self) -> Vec<Entry> {
        entries(MERGES, self.merge)
    }

    /// What candidates may be.
    #[must_use]
    pub fn modes(&self) -> Vec<Entry> {
        entries(MODES, self.mode)
    }

    /// How scores may be compared.
    #[must_use]
    pub fn scales(&self) -> Vec<Entry> {
        entries(SCALES, self.calibrate)
    }

    /// Which boxes may be examples.
    #[must_use]
    pub fn strategies(&self) -> Vec<Entry> {
        entries(STRATEGIES, self.strategy)
    }
}

fn usual_detector() -> DetectorRecipe {
    DetectorRecipe {
        model: "*".into(),
        score: 0.1,
        most: 100,
        nms: None,
        across_classes: false,
        every_class: false,
        full: true,
        windows: None,
        classes: Default::default(),
    }
}

fn usual_windows() -> WindowRecipe {
    let (merge, metric) = (Merge::GreedyNmm, tator_pipeline::prepass::Metric::Ios);
    WindowRecipe { side: Some(640), overlap: 0.2, merge, metric, threshold: 0.5, across_classes: false }
}

fn usual_similarity() -> SimilarityRecipe {
    SimilarityRecipe {
        encoder: None,
        strategy: Strategy::Diverse,
        score: 0.7,
        least: 0.6,
        count: 3,
        most: 12,
        same_image: true,
        dataset: true,
        windows: false,
    }
}

/// A form as it was sent: names and values, names more than once.
pub struct Sent(pub Vec<(String, String)>);

impl Sent {
    /// The first value of a name that is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.trim().is_empty()).map(|(_, value)| value.trim())
    }

    /// A value that can be read.
    #[must_use]
    pub fn read<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    fn key<T: Copy>(&self, name: &str, all: &[(T, &'static str, &'static str)], usual: T) -> T {
        let wanted = self.get(name);
        all.iter().find(|(_, key, _)| Some(*key) == wanted).map_or(usual, |(value, ..)| *value)
    }

    /// The recipe of the text with what the fields say.
    #[must_use]
    pub fn recipe(&self, text: &Recipe, models: &[Model]) -> Recipe {
        let chosen = self.all("model");
        let usable: Vec<&str> =
            models.iter().filter(|model| model.problem.is_none()).map(|model| model.manifest.name.as_str()).collect();
        let every =
            !usable.is_empty() && usable.iter().all(|name| chosen.contains(name)) && chosen.len() == usable.len();
        let pattern = text.detectors.first().cloned().unwrap_or_else(usual_detector);
        let had_star = text.detectors.iter().any(|one| one.model == "*");
        let detector = |name: &str| {
            let known = text.detectors.iter().find(|one| one.model == name);
            let base =
                known.cloned().unwrap_or_else(|| DetectorRecipe { classes: Default::default(), ..pattern.clone() });
            self.detector(DetectorRecipe { model: name.to_owned(), ..base })
        };
        let detectors =
            if every && had_star { vec![detector("*")] } else { chosen.iter().map(|one| detector(one)).collect() };
        let similarity = self.get("similarity").map(|_| {
            let known = text.similarity.clone().unwrap_or_else(usual_similarity);
            let windows = self.get("alike_windows").is_some();
            SimilarityRecipe { strategy: self.key("strategy", STRATEGIES, known.strategy), windows, ..known }
        });
        let fusion = FusionRecipe {
            mode: self.key("mode", MODES, text.fusion.mode),
            iou: self.read("iou").unwrap_or(text.fusion.iou),
            calibrate: self.key("calibrate", SCALES, text.fusion.calibrate),
            ..text.fusion.clone()
        };
        let words = self.get("text").map(|_| text.text.clone().unwrap_or_default());
        Recipe { detectors, text: words, similarity, fusion, ..text.clone() }
    }

    fn detector(&self, known: DetectorRecipe) -> DetectorRecipe {
        let windows = self.get("windows").map(|_| {
            let base = known.windows.clone().unwrap_or_else(usual_windows);
            WindowRecipe {
                side: self.read("side"),
                overlap: self.read("overlap").unwrap_or(base.overlap),
                merge: self.key("merge", MERGES, base.merge),
                ..base
            }
        });
        DetectorRecipe {
            score: self.read("score").unwrap_or(known.score),
            most: self.read("most").unwrap_or(known.most),
            full: self.get("full").is_some(),
            windows,
            ..known
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        Sent(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn what_the_form_cannot_say_stays() {
        let text = "name = 'night'\nseed = 7\n[[detectors]]\nmodel = 'a'\nnms = 0.4\n[detectors.classes]\ncar = 'auto'\n[classes]\ncat = ''\n";
        let recipe = Recipe::parse(text).unwrap();
        let form = sent(&[("model", "a"), ("model", "b"), ("score", "0.2"), ("full", "on"), ("mode", "wbf")]);
        let changed = form.recipe(&recipe, &[]);
        assert_eq!((changed.name.as_str(), changed.seed), ("night", 7));
        assert_eq!(changed.detectors.len(), 2);
        assert_eq!((changed.detectors[0].nms, changed.detectors[0].score), (Some(0.4), 0.2));
        assert_eq!(changed.detectors[0].classes["car"], "auto");
        assert!(changed.detectors[1].classes.is_empty());
        assert!(changed.text.is_none() && sent(&[("text", "on")]).recipe(&recipe, &[]).text.is_some());
        assert_eq!((changed.fusion.mode, changed.classes["cat"].as_str()), (Mode::Wbf, ""));
    }

    #[test]
    fn fields_and_text_say_the_same() {
        let recipe = Recipe::parse(Recipe::preset("thorough").unwrap()).unwrap();
        let fields = Fields::of(&recipe, &[]);
        assert!(fields.windows && fields.similarity && !fields.differ);
        assert_eq!(fields.side, "640");
        let named = Recipe::parse("[[detectors]]\nmodel = 'gone'\n[[detectors]]\nmodel = 'b'\nscore = 0.3").unwrap();
        let fields = Fields::of(&named, &[]);
        assert!(fields.differ && fields.models[0].problem.is_some());
    }
}
