//! Every page and fragment is rendered with every sample and read back: tags close, ids are unique, controls have
//! names, nothing is inline that the content security policy refuses, and names with HTML in them stay text.

use std::collections::{HashMap, HashSet};

use askama::Template;

use crate::page::Sample;

const VOID: [&str; 8] = ["meta", "link", "img", "input", "hr", "br", "use", "path"];

/// One tag of a page.
#[derive(Debug)]
pub(crate) struct Tag {
    pub name: String,
    pub attributes: HashMap<String, String>,
    /// Names of the elements around it.
    pub inside: Vec<String>,
    /// Visible text up to the next tag.
    pub text: String,
}

/// The opening tags of a page in order; panics when a tag is not closed or closes another.
pub(crate) fn read(page: &str, html: &str) -> Vec<Tag> {
    let mut open: Vec<String> = Vec::new();
    let mut tags: Vec<Tag> = Vec::new();
    let mut rest = html.strip_prefix("<!doctype html>").unwrap_or(html);
    while let Some(at) = rest.find('<') {
        if let Some(last) = tags.last_mut() {
            last.text.push_str(rest[..at].trim());
        }
        let end =
            at + end_of_tag(&rest[at..]).unwrap_or_else(|| panic!("{page}: a tag is not closed: {:.80}", &rest[at..]));
        let inner = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name.trim()), "{page}: </{name}> closes another, before {rest:.80}");
            continue;
        }
        let name: String = inner.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        assert!(!name.is_empty(), "{page}: a < in the text is not escaped, before {rest:.80}");
        let closed = inner.ends_with('/') || VOID.contains(&name.as_str());
        tags.push(Tag {
            attributes: attributes(&inner[name.len()..]),
            name: name.clone(),
            inside: open.clone(),
            text: String::new(),
        });
        if !closed {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{page}: not closed: {open:?}");
    tags
}

/// Where the tag's `>` is; one inside quotes is text.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            _ => {}
        }
    }
    None
}

fn attributes(mut text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let end = text.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(text.len());
        if end == 0 {
            return found;
        }
        let (name, after) = text.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            None => ("", after),
            Some(quoted) => {
                let quote = quoted.chars().next().filter(|c| "\"'".contains(*c)).expect("values are quoted");
                quoted[1..].split_once(quote).expect("the quote ends")
            }
        };
        assert!(found.insert(name.to_owned(), value.to_owned()).is_none(), "the attribute {name} stands twice");
        text = after;
    }
}

fn check(page: &str, html: &str) {
    let tags = read(page, html);
    let mut ids = HashSet::new();
    for tag in &tags {
        if let Some(id) = tag.attributes.get("id") {
            assert!(ids.insert(id.as_str()), "{page}: the id {id} stands twice");
        }
    }
    let labels: HashSet<&str> =
        tags.iter().filter(|t| t.name == "label").filter_map(|t| t.attributes.get("for").map(String::as_str)).collect();
    for (at, tag) in tags.iter().enumerate() {
        for key in ["aria-labelledby", "aria-describedby"] {
            assert!(
                tag.attributes.get(key).is_none_or(|id| ids.contains(id.as_str())),
                "{page}: {key} points nowhere: {tag:?}"
            );
        }
        let inline =
            tag.attributes.keys().find(|key| *key == "style" || (key.starts_with("on")) || key.starts_with("hx-on"));
        assert!(inline.is_none(), "{page}: inline {inline:?}");
        let data = tag.attributes.get("type").is_some_and(|kind| kind == "application/json");
        let script = tag.name == "script" && !data && !tag.attributes.contains_key("src");
        assert!(tag.name != "style" && !script, "{page}: inline {}", tag.name);
        assert!(tag.name != "img" || tag.attributes.contains_key("alt"), "{page}: a picture without words");
        check_name(page, &tags, at, &labels);
    }
    // The samples have names such as `<b>bold</b>`; templates use <b> only as a place that scripts fill.
    let became_html = tags.iter().any(|tag| tag.name == "b" && !tag.text.is_empty()) || html.contains("<script>");
    assert!(!became_html, "{page}: a name became HTML");
}

/// A control is named by a label or an `aria-label`, a button by its text as well.
fn check_name(page: &str, tags: &[Tag], at: usize, labels: &HashSet<&str>) {
    let tag = &tags[at];
    let kind = tag.attributes.get("type").map_or("", String::as_str);
    let named = tag.attributes.contains_key("aria-label")
        || tag.attributes.contains_key("title")
        || tag.attributes.get("id").is_some_and(|id| labels.contains(id.as_str()));
    match tag.name.as_str() {
        "input" if kind == "hidden" => {}
        "input" | "select" | "textarea" => {
            assert!(
                named || tag.inside.iter().any(|outer| outer == "label"),
                "{page}: a control without a label: {tag:?}"
            );
        }
        "button" | "a" => {
            let within = tags[at..]
                .iter()
                .take_while(|other| std::ptr::eq(*other, tag) || other.inside.len() > tag.inside.len());
            let hidden = tag.attributes.contains_key("aria-hidden");
            assert!(
                named || hidden || within.flat_map(|t| t.text.chars()).any(char::is_alphanumeric),
                "{page}: nameless {tag:?}"
            );
        }
        _ => {}
    }
}

fn every<T: Sample + Template>(name: &str, drawn: &mut Vec<(String, String)>) {
    for (word, sample) in T::samples() {
        let html = sample.render().expect("a page renders");
        drawn.push((format!("{name} ({word})"), html));
    }
}

/// Every page and fragment with every sample.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut drawn = Vec::new();
    every::<super::datasets::view::Page>("datasets", &mut drawn);
    every::<super::overview::view::Page>("overview", &mut drawn);
    every::<super::import::view::Page>("import", &mut drawn);
    every::<super::gallery::view::Page>("gallery", &mut drawn);
    every::<super::gallery::view::Rows>("gallery rows", &mut drawn);
    every::<super::gallery::view::Classes>("gallery classes", &mut drawn);
    every::<super::label::view::Page>("label", &mut drawn);
    every::<super::work::view::Page>("work", &mut drawn);
    every::<super::sql::view::Page>("sql", &mut drawn);
    every::<super::sql::result::Answer>("sql result", &mut drawn);
    every::<super::notebook::view::ListPage>("notebooks", &mut drawn);
    every::<super::notebook::view::Page>("notebook", &mut drawn);
    every::<super::train::view::Page>("train", &mut drawn);
    every::<super::train::view::RunPage>("train run", &mut drawn);
    every::<super::train::pair::ComparePage>("train compare", &mut drawn);
    every::<super::train::cell::BoxesPage>("train boxes", &mut drawn);
    every::<super::select::view::Page>("select", &mut drawn);
    every::<super::similar::view::Page>("similar", &mut drawn);
    every::<super::prelabel::view::Page>("prelabel", &mut drawn);
    every::<super::prelabel::view::FieldsPart>("prelabel fields", &mut drawn);
    every::<super::prelabel::view::RecipePart>("prelabel recipe", &mut drawn);
    every::<super::prelabel::view::EstimatePart>("prelabel estimate", &mut drawn);
    every::<super::prelabel::view::RunPage>("prelabel run", &mut drawn);
    every::<super::prelabel::recall::RecallPart>("prelabel recall", &mut drawn);
    every::<super::prelabel::compare::ComparePage>("prelabel compare", &mut drawn);
    every::<super::prelabel::view::FoundPage>("prelabel found", &mut drawn);
    every::<super::prelabel::view::DraftsPage>("prelabel drafts", &mut drawn);
    every::<super::calibrate::view_list::ListPage>("calibrate", &mut drawn);
    every::<super::calibrate::ceiling::CeilingPart>("calibrate ceiling", &mut drawn);
    every::<super::calibrate::view::FiguresPage>("calibrate figures", &mut drawn);
    every::<super::calibrate::view::ThresholdsPage>("calibrate thresholds", &mut drawn);
    every::<super::calibrate::view::ExamplesPart>("calibrate examples", &mut drawn);
    every::<super::calibrate::view::ErrorsPage>("calibrate errors", &mut drawn);
    every::<super::calibrate::view::CandidatePage>("calibrate candidate", &mut drawn);
    every::<super::calibrate::view::ReviewPage>("calibrate review", &mut drawn);
    every::<super::calibrate::view_list::ApplyPage>("calibrate apply", &mut drawn);
    every::<super::calibrate::view_list::ComparePage>("calibrate compare", &mut drawn);
    every::<super::map::view::Page>("map", &mut drawn);
    every::<super::quality::view::Page>("quality", &mut drawn);
    every::<super::models::view::Page>("models", &mut drawn);
    every::<super::models::view::Predictors>("models predictors", &mut drawn);
    every::<super::jobs::view::Page>("jobs", &mut drawn);
    every::<super::jobs::view::List>("jobs list", &mut drawn);
    every::<super::jobs::view::JobPage>("job", &mut drawn);
    every::<super::jobs::view::Progress>("job progress", &mut drawn);
    every::<super::jobs::view::Badge>("jobs badge", &mut drawn);
    every::<super::history::view::Page>("history", &mut drawn);
    every::<super::glossary::view::Page>("glossary", &mut drawn);
    every::<super::trash::view::Page>("trash", &mut drawn);
    every::<super::help::view::Page>("help", &mut drawn);
    every::<super::help::view::Keys>("help keys", &mut drawn);
    drawn
}

#[test]
fn every_page_is_well_formed_with_every_sample() {
    for (page, html) in all() {
        check(&page, &html);
    }
}

#[test]
#[should_panic(expected = "a control without a label")]
fn the_check_sees_a_control_without_a_label() {
    check("here", "<form><input type=\"text\" name=\"a\"></form>");
}

#[test]
#[should_panic(expected = "a name became HTML")]
fn the_check_sees_a_name_that_became_html() {
    check("here", "<p>A class <b>bold</b></p>");
}

#[test]
#[should_panic(expected = "closes another")]
fn the_check_sees_a_tag_that_is_not_closed() {
    check("here", "<div><p>words</div>");
}

#[test]
#[should_panic(expected = "stands twice")]
fn the_check_sees_an_id_twice() {
    check("here", "<p id=\"a\"></p><p id=\"a\"></p>");
}
