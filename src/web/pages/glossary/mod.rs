//! The words of a dataset: what detectors that understand words are asked for, class by class.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::{ClassId, DatasetName};
use tator_pipeline::glossary::{BUDGET, Entry, clean};
use tator_pipeline::{ExpandRequest, Glossary, LanguageChange, Workbench};

use super::visit::{Bench, Visit, form_again, html, see};
use crate::addresses::query;
use crate::door::Door;
use crate::error::{WebResult, blocking};
use crate::page::Section;
use view::Page;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/d/{dataset}/glossary", |route| route.to(page)),
        Door::post("/d/{dataset}/glossary", |route| route.to(keep)),
        Door::post("/d/{dataset}/glossary/read", |route| route.to(read)),
        Door::post("/d/{dataset}/glossary/use", |route| route.to(take_over)),
        Door::post("/d/{dataset}/glossary/shelve", |route| route.to(shelve)),
        Door::post("/d/{dataset}/glossary/expand", |route| route.to(expand)),
        Door::post("/d/{dataset}/glossary/language", |route| route.to(language)),
    ]
}

/// What happened, on coming back from a form.
#[derive(Deserialize, Default)]
struct Told {
    told: Option<String>,
}

async fn page(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    told: web::Query<Told>,
) -> WebResult<HttpResponse> {
    let told = told.into_inner().told.filter(|told| told.chars().count() <= 200);
    html(&drawn(bench, visit, dataset.into_inner(), told, None).await?)
}

/// What was wrong with a form, and what stood in it.
struct Wrong {
    words: String,
    pasted: String,
}

async fn drawn(
    bench: Bench,
    visit: Visit,
    dataset: DatasetName,
    told: Option<String>,
    wrong: Option<Wrong>,
) -> WebResult<Page> {
    blocking(move || {
        let words = bench.dataset_words(&dataset, Some(BUDGET))?;
        let (library, language) = (bench.glossary_library()?, bench.language_settings());
        let shell = visit.shell(&bench, Section::Prelabel, Some(&dataset))?;
        let (wrong, pasted) = wrong.map_or((None, String::new()), |wrong| (Some(wrong.words), wrong.pasted));
        Ok::<_, tator_pipeline::Error>(Page { shell, dataset, words, library, language, told, wrong, pasted })
    })
    .await
}

/// Does something and comes back: with what happened, or with the form as it was and what was wrong.
async fn answered(
    bench: Bench,
    visit: Visit,
    dataset: DatasetName,
    pasted: String,
    work: impl FnOnce(&Workbench, &DatasetName) -> Result<String, tator_pipeline::Error> + Send + 'static,
) -> WebResult<HttpResponse> {
    let (own, of) = (bench.clone(), dataset.clone());
    match blocking(move || work(&own, &of)).await {
        Ok(told) => Ok(see(&format!("/d/{dataset}/glossary{}", query(&[("told", told)])))),
        Err(error) if error.code == "not_found" => Err(error),
        Err(error) => {
            let wrong = Wrong { words: error.to_string(), pasted };
            form_again(&drawn(bench, visit, dataset, None, Some(wrong)).await?)
        }
    }
}

/// The table of the page: `terms_<class>` and `expanded_<class>`.
async fn keep(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Vec<(String, String)>>,
) -> WebResult<HttpResponse> {
    let fields = form.into_inner();
    answered(bench, visit, dataset.into_inner(), String::new(), move |bench, d| {
        let classes = bench.reader().class_list(d)?;
        let before = bench.glossary(d)?;
        let field = |kind: &str, class: ClassId| {
            let name = format!("{kind}_{class}");
            fields.iter().find(|(key, _)| *key == name).map(|(_, text)| clean(text))
        };
        // What the page does not show stays as it was: words for classes that the dataset does not have.
        let shown = |entry: &Entry| classes.iter().any(|class| !class.retired && same(&before, entry, &class.name));
        let mut glossary = Glossary { class: before.class.iter().filter(|entry| !shown(entry)).cloned().collect() };
        for class in classes.iter().filter(|class| !class.retired) {
            let old = before.entry(&class.name).cloned().unwrap_or_default();
            let terms = field("terms", class.class_id).unwrap_or(old.terms);
            let expanded = field("expanded", class.class_id).unwrap_or(old.expanded);
            if !terms.is_empty() || !expanded.is_empty() {
                glossary.add(Entry { name: class.name.clone(), terms, expanded });
            }
        }
        bench.set_glossary(d, &glossary)?;
        Ok(format!("Kept: {} words", glossary.len()))
    })
    .await
}

/// The entry is the one for this class.
fn same(glossary: &Glossary, entry: &Entry, class: &str) -> bool {
    glossary.entry(class) == Some(entry)
}

/// Words in any spelling.
#[derive(Deserialize)]
struct Pasted {
    text: String,
}

async fn read(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Pasted>,
) -> WebResult<HttpResponse> {
    let text = form.into_inner().text;
    answered(bench, visit, dataset.into_inner(), text.clone(), move |bench, d| {
        let (new, mut glossary) = (Glossary::read(&text)?, bench.glossary(d)?);
        let before = glossary.len();
        new.class.into_iter().for_each(|entry| glossary.add(entry));
        bench.set_glossary(d, &glossary)?;
        Ok(format!("{} new words", glossary.len().saturating_sub(before)))
    })
    .await
}

/// A glossary of the library.
#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn take_over(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Named>,
) -> WebResult<HttpResponse> {
    let name = form.into_inner().name;
    answered(bench, visit, dataset.into_inner(), String::new(), move |bench, d| {
        let added = bench.take_over_glossary(d, &name)?;
        Ok(format!("{added} new words from {name}"))
    })
    .await
}

async fn shelve(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<Named>,
) -> WebResult<HttpResponse> {
    let name = form.into_inner().name.trim().to_owned();
    answered(bench, visit, dataset.into_inner(), String::new(), move |bench, d| {
        bench.shelve_glossary(&name, &bench.glossary(d)?)?;
        Ok(format!("{name} is in the library"))
    })
    .await
}

async fn expand(bench: Bench, visit: Visit, dataset: web::Path<DatasetName>) -> WebResult<HttpResponse> {
    answered(bench, visit, dataset.into_inner(), String::new(), move |bench, d| {
        let done = bench.expand_glossary(d, &ExpandRequest::default())?;
        Ok(format!("{} new words from {}: look through them before they are used", done.added, done.host))
    })
    .await
}

async fn language(
    bench: Bench,
    visit: Visit,
    dataset: web::Path<DatasetName>,
    form: web::Form<LanguageChange>,
) -> WebResult<HttpResponse> {
    let change = form.into_inner();
    answered(bench, visit, dataset.into_inner(), String::new(), move |bench, _| {
        let settings = bench.change_language(change)?;
        Ok(settings.host().map_or_else(
            || "No language model is asked".to_owned(),
            |host| format!("{host} is asked when you press the button"),
        ))
    })
    .await
}
