//! Terms as detectors take them: short names of things, without filler words; and the list of prompts of a class.

use serde::{Deserialize, Serialize};

use super::Entry;

/// A longer term is a sentence, not a name.
const LONGEST: usize = 40;
/// What people and language models put before the thing.
const FILLERS: [&str; 14] = [
    "all kinds of ",
    "all types of ",
    "any kind of ",
    "any type of ",
    "kinds of ",
    "types of ",
    "including ",
    "such as ",
    "for example ",
    "e.g. ",
    "e.g ",
    "like ",
    "any ",
    "various ",
];
/// Marks of notes, lists and arrows: not of a name.
const FOREIGN: [char; 14] = ['(', ')', '[', ']', '{', '}', '<', '>', '→', '←', ':', '|', '"', '`'];

/// Where a prompt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// The name of the class.
    Class,
    /// A person's term.
    Base,
    /// A term that a language model added.
    Expanded,
}

impl PromptKind {
    /// As tables have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Base => "base",
            Self::Expanded => "expanded",
        }
    }
}

/// What a detector is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prompt {
    /// The words.
    pub text: String,
    /// Where they come from.
    pub kind: PromptKind,
}

/// The terms in a piece of text: divided at `;`, `,`, `/`, "and" and "or", without fillers, each once.
#[must_use]
pub fn clean(text: &str) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    for part in text.split([';', ',', '/', '\n']).flat_map(divide_at_words) {
        if let Some(term) = term(&part)
            && terms.iter().all(|other| !same(other, &term))
        {
            terms.push(term);
        }
    }
    terms
}

/// Divided at "and" and "or" that stand between blanks.
fn divide_at_words(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in text.split_whitespace() {
        if word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            if !part.is_empty() {
                part.push(' ');
            }
            part.push_str(word);
        }
    }
    parts
}

fn term(text: &str) -> Option<String> {
    let edges = |c: char| c.is_whitespace() || matches!(c, '.' | '\'' | '*' | '•' | '…' | '!' | '?');
    let mut rest = text.trim_matches(edges);
    while let Some(shorter) = FILLERS.iter().find_map(|filler| without(rest, filler)) {
        rest = shorter.trim_matches(edges);
    }
    let sound = !rest.is_empty() && rest.chars().count() <= LONGEST && rest.chars().any(char::is_alphanumeric);
    (sound && !rest.contains(FOREIGN) && !rest.contains("->") && !rest.contains("=>")).then(|| rest.to_owned())
}

fn without<'t>(text: &'t str, filler: &str) -> Option<&'t str> {
    let head = text.get(..filler.len())?;
    head.eq_ignore_ascii_case(filler).then(|| &text[filler.len()..])
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// The prompts of a class: its name with blanks, as it is, then a person's terms, then added ones; each once, and at most
/// `budget` beside the name (`None`: all).
#[must_use]
pub fn prompts(class: &str, entry: Option<&Entry>, budget: Option<usize>) -> Vec<Prompt> {
    let said =
        |texts: &[String], kind| texts.iter().map(|text| Prompt { text: text.clone(), kind }).collect::<Vec<_>>();
    let spoken = class.replace('_', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let names = said(&[spoken, class.to_owned()], PromptKind::Class);
    let words = entry.map(|entry| [said(&entry.terms, PromptKind::Base), said(&entry.expanded, PromptKind::Expanded)]);
    let mut list: Vec<Prompt> = Vec::new();
    let mut words_left = budget.unwrap_or(usize::MAX);
    for prompt in names.into_iter().chain(words.into_iter().flatten().flatten()) {
        if prompt.text.is_empty() || list.iter().any(|other| same(&other.text, &prompt.text)) {
            continue;
        }
        if prompt.kind != PromptKind::Class {
            if words_left == 0 {
                break;
            }
            words_left -= 1;
        }
        list.push(prompt);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_divided_and_freed_of_fillers() {
        assert_eq!(
            clean("All kinds of cars, such as sedan; SUV / pick-up and van or Van. "),
            ["cars", "sedan", "SUV", "pick-up", "van"]
        );
        assert_eq!(clean("sandy orange anorak"), ["sandy orange anorak"], "words within words divide nothing");
    }

    #[test]
    fn notes_and_sentences_are_no_terms() {
        assert!(clean("car (any colour)").is_empty());
        assert!(clean("note: cars").is_empty() && clean("a -> b").is_empty() && clean("...").is_empty());
        assert!(clean("a vehicle which people drive on roads every single day").is_empty());
        assert_eq!(clean("übergroßer Lastkraftwagen mit Anhänger 1"), ["übergroßer Lastkraftwagen mit Anhänger 1"]);
    }

    #[test]
    fn prompts_begin_with_the_name_and_keep_to_the_budget() {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let entry = Entry {
            name: "Fire_truck".into(),
            terms: words(&["Fire truck", "fire engine"]),
            expanded: words(&["pumper", "ladder truck"]),
        };
        let texts = |budget| {
            prompts("Fire_truck", Some(&entry), budget).into_iter().map(|p| (p.text, p.kind.name())).collect::<Vec<_>>()
        };
        let all = [
            ("Fire truck", "class"),
            ("Fire_truck", "class"),
            ("fire engine", "base"),
            ("pumper", "expanded"),
            ("ladder truck", "expanded"),
        ];
        assert_eq!(texts(None), all.map(|(text, kind)| (text.to_owned(), kind)));
        assert_eq!(texts(Some(2)).len(), 4);
        assert_eq!(texts(Some(0)).len(), 2);
        assert_eq!(prompts("car", None, Some(10)).len(), 1);
    }
}
