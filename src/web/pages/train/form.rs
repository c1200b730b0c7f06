//! The form of a training: what a person typed, and the same as options.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tator_pipeline::heads::{HeadOptions, Readiness};

/// What stands in the fields, as text.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Whose vectors.
    pub encoder: String,
    /// What it will be called.
    pub name: String,
    /// `logistic` or `mlp`.
    pub kind: String,
    /// Of the split.
    pub seed: String,
    /// How classes weigh; empty for the solver's usual.
    pub class_weights: String,
    /// A second round.
    pub hard_mining: Option<String>,
    /// Penalty of a logistic head.
    pub c: String,
    /// Its last iteration.
    pub max_iterations: String,
    /// Hidden layers of an MLP.
    pub hidden: String,
    /// Its epochs.
    pub epochs: String,
    /// Its dropout.
    pub dropout: String,
    /// Its label smoothing.
    pub label_smoothing: String,
    /// How much it mixes pairs of rows.
    pub mixup: String,
    /// γ of a focal loss; empty for none.
    pub focal_gamma: String,
    /// When the frequency of classes is taken out.
    pub logit_adjustment: String,
    /// A margin between classes.
    pub arcface: Option<String>,
    /// Boxes of a class are drawn together.
    pub contrastive: Option<String>,
    /// Every class is drawn equally often.
    pub balanced_sampler: Option<String>,
    /// Hidden layers are normalised.
    pub layer_norm: Option<String>,
    /// Held out.
    pub test: String,
    /// Watched with.
    pub validation: String,
    /// Fewest boxes of a class.
    pub min_per_class: String,
    /// Kinds of background.
    pub background: String,
    /// Changed copies of each training box.
    pub augment: String,
    /// Fit it.
    pub temperature: Option<String>,
    /// Use it at once.
    pub activate: Option<String>,
}

impl Form {
    /// The fields before anybody typed: what suits these data.
    #[must_use]
    pub fn usual(ready: &Readiness, has_active: bool) -> Self {
        let on = || Some("yes".to_owned());
        let text = |value: &str| value.to_owned();
        Self {
            encoder: ready.encoders.iter().find(|encoder| encoder.chosen).map(|e| e.name.clone()).unwrap_or_default(),
            name: String::new(),
            kind: text("logistic"),
            seed: tator_pipeline::heads::SEED.to_string(),
            class_weights: String::new(),
            hard_mining: None,
            c: String::new(),
            max_iterations: text("1000"),
            hidden: text("384, 192"),
            epochs: text("50"),
            dropout: text("0.1"),
            label_smoothing: text("0.1"),
            mixup: text("0.1"),
            focal_gamma: String::new(),
            logit_adjustment: String::new(),
            arcface: None,
            contrastive: None,
            balanced_sampler: None,
            layer_norm: None,
            test: text("0.2"),
            validation: text("0.1"),
            min_per_class: text("2"),
            background: text("2"),
            augment: text("0"),
            temperature: on(),
            activate: (!has_active).then(on).flatten(),
        }
    }

    /// The same as options; the error names the field.
    ///
    /// # Errors
    /// In words for the person.
    pub fn options(&self) -> Result<HeadOptions, String> {
        let mut recipe = Map::new();
        let kind = if self.kind == "mlp" { "mlp" } else { "logistic" };
        recipe.insert("kind".into(), kind.into());
        if !self.class_weights.is_empty() {
            recipe.insert("class_weights".into(), self.class_weights.as_str().into());
        }
        if self.hard_mining.is_some() {
            recipe.insert("hard_mining".into(), json!({}));
        }
        if kind == "mlp" {
            self.mlp(&mut recipe)?;
        } else {
            let own = [("c", "C", &self.c), ("max_iterations", "Iterations", &self.max_iterations)];
            put(&mut recipe, own)?;
        }
        let mut options = Map::new();
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        options.insert("encoder".into(), json!(given(&self.encoder)));
        options.insert("name".into(), json!(given(&self.name)));
        options.insert("recipe".into(), Value::Object(recipe));
        options.insert(
            "shares".into(),
            object([("test", "Test share", &self.test), ("validation", "Validation share", &self.validation)])?,
        );
        options.insert("background".into(), object([("kinds", "Kinds of background", &self.background)])?);
        options.insert("augment".into(), object([("copies", "Changed copies", &self.augment)])?);
        put(&mut options, [("seed", "Seed", &self.seed), ("min_per_class", "Fewest boxes", &self.min_per_class)])?;
        options.insert("temperature".into(), self.temperature.is_some().into());
        options.insert("activate".into(), self.activate.is_some().into());
        serde_json::from_value(Value::Object(options)).map_err(|error| format!("that cannot be: {error}"))
    }

    fn mlp(&self, recipe: &mut Map<String, Value>) -> Result<(), String> {
        let numbers = [
            ("epochs", "Epochs", &self.epochs),
            ("dropout", "Dropout", &self.dropout),
            ("label_smoothing", "Label smoothing", &self.label_smoothing),
            ("mixup", "Mixup", &self.mixup),
            ("focal_gamma", "Focal γ", &self.focal_gamma),
        ];
        put(recipe, numbers)?;
        recipe.insert("hidden".into(), json!(self.layers()?));
        if !self.logit_adjustment.is_empty() {
            recipe.insert("logit_adjustment".into(), self.logit_adjustment.as_str().into());
        }
        let losses = [("arcface", &self.arcface), ("contrastive", &self.contrastive)];
        recipe.extend(losses.into_iter().filter(|(_, on)| on.is_some()).map(|(key, _)| (key.to_owned(), json!({}))));
        recipe.insert("balanced_sampler".into(), self.balanced_sampler.is_some().into());
        recipe.insert("layer_norm".into(), self.layer_norm.is_some().into());
        Ok(())
    }

    fn layers(&self) -> Result<Vec<usize>, String> {
        let parts = self.hidden.split([',', ' ', ';']).filter(|part| !part.is_empty());
        let read = |part: &str| {
            part.parse().map_err(|_| format!("Hidden layers: {part:?} is no size; write for example 384, 192"))
        };
        parts.map(read).collect()
    }

    /// The kind is chosen.
    #[must_use]
    pub fn is_kind(&self, kind: &str) -> bool {
        self.kind == kind || (self.kind.is_empty() && kind == "logistic")
    }
}

/// A number; nothing when the field is empty.
fn number(label: &str, text: &str) -> Result<Option<Value>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Ok(Some(whole.into()));
    }
    let read = text.parse::<f64>().ok().filter(|value| value.is_finite());
    read.map(|value| Some(json!(value))).ok_or_else(|| format!("{label}: {text:?} is not a number"))
}

fn object<const N: usize>(fields: [(&str, &str, &String); N]) -> Result<Value, String> {
    let mut map = Map::new();
    put(&mut map, fields)?;
    Ok(Value::Object(map))
}

/// Puts the numbers of fields that are not empty.
fn put<const N: usize>(map: &mut Map<String, Value>, fields: [(&str, &str, &String); N]) -> Result<(), String> {
    for (key, label, text) in fields {
        map.extend(number(label, text)?.map(|value| (key.to_owned(), value)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_options() {
        let usual = Form::usual(&Readiness::default(), true);
        let options = usual.options().unwrap();
        assert_eq!(options, HeadOptions::default(), "the form as it comes is what nobody changed");
        let mlp = Form {
            kind: "mlp".into(),
            hidden: "64 32".into(),
            class_weights: "effective_number".into(),
            arcface: Some("yes".into()),
            augment: "2".into(),
            ..usual.clone()
        };
        let told = serde_json::to_value(mlp.options().unwrap()).unwrap();
        assert_eq!(told["recipe"]["hidden"], json!([64, 32]));
        assert_eq!(told["recipe"]["class_weights"], "effective_number");
        assert!(told["recipe"]["arcface"]["scale"] == 30.0 && told["recipe"]["contrastive"].is_null());
        assert_eq!(told["augment"]["copies"], 2);
        let wrong = Form { test: "a lot".into(), ..usual };
        assert_eq!(wrong.options().unwrap_err(), "Test share: \"a lot\" is not a number");
    }
}
