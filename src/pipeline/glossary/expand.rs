//! Words from a language model: asked for when somebody presses the button, cleaned as a person's are, and shown before
//! they are used.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tator_domain::{ClassId, DatasetName};

use super::terms::clean;
use super::{BUDGET, Entry, Glossary, endpoint};
use crate::error::Error;
use crate::workbench::Workbench;

/// Classes of one question; more make small models forget some.
const AT_ONCE: usize = 20;

const SYSTEM: &str = "You help an open-vocabulary object detector. For every class you are given, list short English names \
    under which the same kind of object may be found in a picture: synonyms, common subtypes, everyday names. No parts of \
    the object, no wider groups, no adjectives alone, no explanations. Answer with nothing but a JSON object that has each \
    class name as a key and a list of strings as its value.";

/// What is to be expanded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExpandRequest {
    /// These classes alone; all without it.
    pub classes: Option<Vec<ClassId>>,
    /// New words of a class, at most.
    pub budget: Option<usize>,
    /// Only show them.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expanded {
    /// New words by class.
    pub classes: Vec<NewWords>,
    /// New words in all.
    pub added: usize,
    /// Who was asked.
    pub host: String,
    /// Whether they are in the dataset's glossary now.
    pub kept: bool,
}

/// New words for a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewWords {
    /// The class.
    pub name: String,
    /// Words it did not have.
    pub terms: Vec<String>,
}

impl Workbench {
    /// Asks the named language model for more words. They go into the dataset's glossary as `expanded`, beside a person's.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no language model is named; [`Error::ModelFailed`] with what its server says, and then the
    /// glossary stands as it was.
    pub fn expand_glossary(&self, d: &DatasetName, request: &ExpandRequest) -> Result<Expanded, Error> {
        let settings = self.language_settings();
        let mut glossary = self.glossary(d)?;
        let wanted = |id: ClassId| request.classes.as_ref().is_none_or(|classes| classes.contains(&id));
        let classes = self.reader().class_list(d)?;
        let names: Vec<String> = classes
            .into_iter()
            .filter(|class| !class.retired && wanted(class.class_id))
            .map(|class| class.name)
            .collect();
        if names.is_empty() {
            return Err(Error::invalid("classes", "there is no class to find words for"));
        }
        let before = glossary.clone();
        for group in names.chunks(AT_ONCE) {
            let answer = endpoint::ask(&settings, SYSTEM, &question(group, &before))?;
            let budget = request.budget.unwrap_or(BUDGET);
            for (name, terms) in proposals(&answer, group)? {
                glossary.add(Entry { name, terms: Vec::new(), expanded: terms.into_iter().take(budget).collect() });
            }
        }
        let classes: Vec<NewWords> = names.iter().filter_map(|name| new_words(name, &before, &glossary)).collect();
        let kept = !request.dry_run && !classes.is_empty();
        if kept {
            self.set_glossary(d, &glossary)?;
        }
        let added = classes.iter().map(|class| class.terms.len()).sum();
        Ok(Expanded { classes, added, host: settings.host().unwrap_or_default(), kept })
    }
}

fn question(names: &[String], known: &Glossary) -> String {
    let line = |name: &String| {
        let terms = known.entry(name).map(|entry| entry.terms.join(", ")).filter(|terms| !terms.is_empty());
        terms.map_or_else(|| name.clone(), |terms| format!("{name} (known already: {terms})"))
    };
    format!("Classes:\n{}", names.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Words of an answer, for the classes that were asked about: JSON, in a fence or bare, or any spelling of a glossary.
fn proposals(answer: &str, names: &[String]) -> Result<Vec<(String, Vec<String>)>, Error> {
    let text = answer.rsplit_once("</think>").map_or(answer, |(_, rest)| rest);
    let braced = text.find('{').zip(text.rfind('}')).and_then(|(from, to)| text.get(from..=to));
    let json = braced.filter(|json| serde_json::from_str::<Value>(json).is_ok());
    let said = Glossary::read(json.unwrap_or(text)).map_err(|_| {
        Error::ModelFailed(format!("the language model did not answer with words: {:.120}", text.trim()))
    })?;
    let of = |name: &String| {
        let entry = said.entry(name)?;
        let terms = entry.terms.iter().chain(&entry.expanded).flat_map(|term| clean(term)).collect();
        Some((name.clone(), terms))
    };
    Ok(names.iter().filter_map(of).collect())
}

fn new_words(name: &str, before: &Glossary, after: &Glossary) -> Option<NewWords> {
    let known = before.entry(name).map(|entry| entry.expanded.as_slice()).unwrap_or_default();
    let terms = after.entry(name)?.expanded.iter().filter(|term| !known.contains(term)).cloned().collect::<Vec<_>>();
    (!terms.is_empty()).then(|| NewWords { name: name.to_owned(), terms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_however_they_are_wrapped() {
        let names = ["light_vehicle".to_owned(), "boat".to_owned()];
        for answer in [
            r#"{"light_vehicle": ["car", "such as sedan"], "tree": ["oak"]}"#,
            "<think>cars {…}</think>```json\n{\"Light vehicle\": \"car, sedan\"}\n```",
            "Here you are:\nlight_vehicle: car, sedan\n",
        ] {
            let found = proposals(answer, &names).expect("words");
            assert_eq!(found, [("light_vehicle".to_owned(), vec!["car".to_owned(), "sedan".to_owned()])], "{answer}");
        }
        assert!(proposals("I cannot help with that.", &names).is_err());
    }

    #[test]
    fn what_is_known_is_said_in_the_question() {
        let known = Glossary::read("car: sedan").expect("a line");
        assert_eq!(question(&["car".into(), "boat".into()], &known), "Classes:\ncar (known already: sedan)\nboat");
    }
}
