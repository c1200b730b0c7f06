//! Classes of a model as classes of the dataset: by the recipe's table, by name, by name as people vary it, by the name of
//! a class that was merged. What has no counterpart is told, never dropped in silence.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use tator_domain::{Class, ClassId, living_classes};

use crate::error::Error;

/// How a class of a model found its class of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The recipe says so.
    Table,
    /// They have the same name.
    Name,
    /// They have the same name but for case, spaces, `_` and `-`.
    Spelling,
    /// A class that had this name was merged into it.
    Merged,
    /// The recipe leaves it out.
    LeftOut,
    /// It has no counterpart.
    Unmapped,
}

/// A class of a model and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapped {
    /// As the model names it.
    pub model_class: String,
    /// The class of the dataset.
    pub class_id: Option<ClassId>,
    /// Its name.
    pub class: Option<String>,
    /// Why.
    pub how: How,
}

/// A name without case, and with one space for `_`, `-` and any number of spaces.
fn spelled(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c == '_' || c == '-').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Classes by name; a name that two of them have decides nothing.
type ByName<'a> = HashMap<String, Option<&'a Class>>;

fn by_name<'a>(named: impl Iterator<Item = (String, &'a Class)>) -> ByName<'a> {
    let mut all = ByName::new();
    for (name, class) in named {
        let is_same = |known: &&Class| known.class_id == class.class_id;
        all.entry(name).and_modify(|known| *known = known.filter(is_same)).or_insert(Some(class));
    }
    all
}

/// Names of a dataset: as they are written, and as people vary them.
struct Names<'a> {
    plain: ByName<'a>,
    varied: ByName<'a>,
}

impl<'a> Names<'a> {
    fn new(named: &[(&'a Class, &'a Class)]) -> Self {
        Self {
            plain: by_name(named.iter().map(|(of, class)| (of.name.clone(), *class))),
            varied: by_name(named.iter().map(|(of, class)| (spelled(&of.name), *class))),
        }
    }

    fn plainly(&self, name: &str) -> Option<&'a Class> {
        self.plain.get(name).copied().flatten()
    }

    fn varied(&self, name: &str) -> Option<&'a Class> {
        self.varied.get(&spelled(name)).copied().flatten()
    }
}

/// Maps the classes of a model. `tables` are asked in their order; some class must have a counterpart when `needed`.
///
/// # Errors
/// [`Error::Invalid`] for a table that names a class that the dataset has not, and when no class at all has a counterpart.
pub fn map_classes(
    model: &str,
    names: &[String],
    classes: &[Class],
    tables: &[&BTreeMap<String, String>],
    needed: bool,
) -> Result<Vec<Mapped>, Error> {
    let today = living_classes(classes);
    let now = |class: &Class| today.get(&class.class_id).and_then(|id| classes.iter().find(|c| c.class_id == *id));
    let all = classes.iter().filter_map(|class| Some((class, now(class)?)));
    let (gone, living): (Vec<_>, Vec<_>) = all.partition(|(class, _)| class.retired);
    let (ours, merged) = (Names::new(&living), Names::new(&gone));
    let one = |name: &String| {
        let said = tables.iter().find_map(|table| table.get(name));
        let (class, how) = match said {
            Some(target) if target.is_empty() => (None, How::LeftOut),
            Some(target) => {
                let class = ours.plainly(target).or_else(|| merged.plainly(target)).ok_or_else(|| {
                    let text = format!("{name:?} is to be {target:?}, which is no class of the dataset");
                    Error::invalid("classes", text)
                })?;
                (Some(class), How::Table)
            }
            // What lives comes before what a class of that name became.
            None => match (ours.plainly(name), ours.varied(name)) {
                (Some(class), _) => (Some(class), How::Name),
                (None, Some(class)) => (Some(class), How::Spelling),
                (None, None) => match merged.plainly(name).or_else(|| merged.varied(name)) {
                    Some(class) => (Some(class), How::Merged),
                    None => (None, How::Unmapped),
                },
            },
        };
        let (class_id, class) = class.map(|class| (class.class_id, class.name.clone())).unzip();
        Ok(Mapped { model_class: name.clone(), class_id, class, how })
    };
    let mapped = names.iter().map(one).collect::<Result<Vec<_>, Error>>()?;
    if needed && mapped.iter().all(|one| one.class_id.is_none()) {
        let few = |names: Vec<&str>| names.into_iter().take(8).collect::<Vec<_>>().join(", ");
        let (theirs, ours) = (names.iter().map(String::as_str).collect(), living.iter().map(|(c, _)| c.name.as_str()));
        let text = format!(
            "no class of {model} ({}…) is one of the dataset ({}…): say which under [classes], as model class = \"dataset class\"",
            few(theirs),
            few(ours.collect())
        );
        return Err(Error::invalid("classes", text));
    }
    Ok(mapped)
}

/// Names in a table that no model has: probably misspelt.
pub(super) fn unknown_names(table: &BTreeMap<String, String>, known: &[&[String]]) -> Vec<String> {
    table.keys().filter(|name| !known.iter().any(|names| names.contains(name))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(class_id: ClassId, name: &str) -> Class {
        Class {
            class_id,
            name: name.into(),
            supercategory: None,
            colour: "#000000".into(),
            source_id: None,
            retired: false,
            retired_into: None,
        }
    }

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }

    fn table(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    }

    #[test]
    fn a_table_says_more_than_a_name_and_a_name_more_than_a_spelling() {
        let classes = [class(1, "car"), class(2, "Traffic_Light"), class(3, "vehicle"), class(4, "traffic light")];
        let table = table(&[("truck", "vehicle"), ("dog", ""), ("car", "vehicle")]);
        let found = map_classes(
            "m",
            &names(&["car", "truck", "dog", "traffic light", "TRAFFIC-light", "cat"]),
            &classes,
            &[&table],
            true,
        )
        .unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.class_id, one.how)).collect();
        let wanted = [
            (Some(3), How::Table),
            (Some(3), How::Table),
            (None, How::LeftOut),
            (Some(4), How::Name),
            // Two classes are spelled so.
            (None, How::Unmapped),
            (None, How::Unmapped),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_class_that_was_merged_leads_to_what_it_became() {
        let merged = |class_id, name: &str, into| Class { retired: true, retired_into: into, ..class(class_id, name) };
        let classes = [
            class(1, "sofa"),
            merged(2, "chair", Some(3)),
            merged(3, "arm-chair", Some(1)),
            merged(4, "Dog", Some(5)),
            class(5, "animal"),
            class(6, "dog"),
            merged(7, "bed", None),
            merged(8, "cup", Some(1)),
            merged(9, "cup", Some(5)),
        ];
        let table = table(&[("seat", "chair")]);
        let asked = names(&["chair", "Arm Chair", "Dog", "bed", "cup", "seat"]);
        let found = map_classes("m", &asked, &classes, &[&table], true).unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.class.as_deref(), one.how)).collect();
        let wanted = [
            (Some("sofa"), How::Merged),
            (Some("sofa"), How::Merged),
            // A class that lives comes first.
            (Some("dog"), How::Spelling),
            (None, How::Unmapped),
            // One cup became a sofa, another one an animal.
            (None, How::Unmapped),
            (Some("sofa"), How::Table),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_table_must_name_real_classes_and_something_must_fit() {
        let classes = [class(1, "car")];
        let wrong = map_classes("m", &names(&["car"]), &classes, &[&table(&[("car", "lorry")])], true).unwrap_err();
        assert!(wrong.to_string().contains("lorry"), "{wrong}");
        let nothing = map_classes("m", &names(&["cat"]), &classes, &[], true).unwrap_err().to_string();
        assert!(nothing.contains("cat") && nothing.contains("car"), "{nothing}");
        let retired = [Class { retired: true, ..class(1, "cat") }, class(2, "dog")];
        assert!(map_classes("m", &names(&["cat"]), &retired, &[], true).is_err());
        assert!(map_classes("m", &names(&["cat"]), &retired, &[], false).unwrap()[0].class_id.is_none());
        assert_eq!(unknown_names(&table(&[("cta", "cat")]), &[&names(&["cat"])]), ["cta"]);
    }
}
