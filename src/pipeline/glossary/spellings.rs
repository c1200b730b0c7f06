//! The ways in which people write glossaries down, all of them read without asking which one it is:
//! JSON (`{"car": ["automobile"]}`, `{"car": "automobile, sedan"}`, or a list of objects), our own TOML, or lines such as
//! `car -> automobile, sedan`, `car: …`, `car = …`, `car - …` and `car (…)`.

use serde_json::Value;

use super::terms::clean;
use super::{Entry, Glossary};
use crate::error::Error;

/// Names under which an entry of a list may hold its class.
const LABELS: [&str; 3] = ["label", "class", "name"];
/// And its words.
const WORDS: [&str; 4] = ["synonyms", "terms", "values", "list"];

/// Reads a glossary in any spelling; entries of one class are put together.
///
/// # Errors
/// [`Error::Invalid`] when nothing in the text is an entry.
pub(super) fn read(text: &str) -> Result<Glossary, Error> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let own = toml::from_str::<Glossary>(text).ok().filter(|own| !own.class.is_empty());
    let entries = match (own, serde_json::from_str::<Value>(text)) {
        (Some(own), _) => own.class.iter().map(tidied).collect(),
        (None, Ok(json)) => from_json(&json),
        (None, Err(error)) if text.starts_with(['{', '[']) && !text.starts_with("[[") => {
            return Err(Error::invalid("glossary", format!("it begins like JSON, but is none: {error}")));
        }
        (None, Err(_)) => text.lines().filter_map(from_line).collect(),
    };
    let mut glossary = Glossary::default();
    entries.into_iter().for_each(|entry| glossary.add(entry));
    if glossary.class.is_empty() && !text.is_empty() {
        let text = "nothing in it is an entry; write lines such as `car: automobile, sedan`, or JSON {\"car\": [\"automobile\"]}";
        return Err(Error::invalid("glossary", text));
    }
    Ok(glossary)
}

fn tidied(entry: &Entry) -> Entry {
    let terms = entry.terms.iter().flat_map(|term| clean(term)).collect();
    let expanded = entry.expanded.iter().flat_map(|term| clean(term)).collect();
    Entry { name: entry.name.trim().to_owned(), terms, expanded }
}

fn from_json(json: &Value) -> Vec<Entry> {
    match json {
        Value::Object(classes) => classes.iter().map(|(name, words)| entry(name, &terms_of(words))).collect(),
        Value::Array(list) => list.iter().filter_map(from_item).collect(),
        _ => Vec::new(),
    }
}

fn from_item(item: &Value) -> Option<Entry> {
    let find = |keys: &[&str]| keys.iter().find_map(|key| item.get(key));
    let name = find(&LABELS)?.as_str()?;
    Some(entry(name, &find(&WORDS).map(terms_of).unwrap_or_default()))
}

fn terms_of(words: &Value) -> Vec<String> {
    match words {
        Value::String(text) => clean(text),
        Value::Array(list) => list.iter().filter_map(Value::as_str).flat_map(clean).collect(),
        _ => Vec::new(),
    }
}

fn entry(name: &str, terms: &[String]) -> Entry {
    Entry { name: name.trim().to_owned(), terms: terms.to_vec(), expanded: Vec::new() }
}

/// One line; the first mark that stands between two words decides.
fn from_line(line: &str) -> Option<Entry> {
    let line = line.trim().trim_start_matches(['*', '•']).trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let split = [" -> ", "->", " → ", ":", "=", " - ", " – "].iter().find_map(|mark| line.split_once(mark));
    let bracketed = || line.strip_suffix(')')?.split_once('(');
    let (name, words) = split.or_else(bracketed)?;
    let name = name.trim().trim_matches(['"', '\'', '`']).trim();
    (!name.is_empty() && !words.trim().is_empty()).then(|| entry(name, &clean(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str, name: &str) -> Vec<String> {
        let glossary = read(text).expect("a glossary");
        glossary.entry(name).map(|entry| entry.terms.clone()).unwrap_or_default()
    }

    #[test]
    fn every_spelling_says_the_same() {
        for text in [
            r#"{"light_vehicle": ["car", "sedan"], "boat": []}"#,
            r#"{"light_vehicle": "car, sedan"}"#,
            r#"[{"label": "light_vehicle", "synonyms": ["car", "sedan"]}]"#,
            r#"[{"class": "light_vehicle", "terms": "car; sedan"}]"#,
            r#"[{"name": "light_vehicle", "values": ["car", "sedan"]}, {"name": 3}]"#,
            r#"[{"name": "light_vehicle", "list": ["car or sedan"]}]"#,
            "light_vehicle -> car, sedan",
            "light_vehicle: car / sedan\n\n# a remark\n",
            "light_vehicle = car and sedan.",
            "light_vehicle - car, sedan",
            "light_vehicle (car, sedan)",
            "* light_vehicle: car\n* Light Vehicle: sedan, CAR",
            "[[class]]\nname = \"light_vehicle\"\nterms = [\"car\", \"sedan\"]\n",
        ] {
            assert_eq!(terms(text, "Light-Vehicle"), ["car", "sedan"], "{text}");
        }
    }

    #[test]
    fn a_hyphen_within_a_word_divides_nothing() {
        assert_eq!(terms("motor-bike: two-wheeler, e-bike", "motorbike"), ["two-wheeler", "e-bike"]);
    }

    #[test]
    fn what_is_none_is_said_to_be_none() {
        assert!(read("car").is_err());
        assert!(read("{\"car\": [").is_err_and(|error| error.to_string().contains("JSON")));
        assert!(read("").is_ok_and(|glossary| glossary.class.is_empty()));
    }
}
