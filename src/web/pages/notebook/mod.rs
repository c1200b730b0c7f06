//! Notebooks: Markdown with SQL that runs where it stands.

#[cfg(test)]
mod samples;
pub(super) mod view;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use tator_domain::DatasetName;
use tator_pipeline::{Notebook, Workbench};

use super::visit::{Bench, Visit, html, see};
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::page::Section;
use view::{ListPage, Page, address};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::get("/notebooks", |route| route.to(list)),
        Door::post("/notebooks", |route| route.to(make)),
        Door::get("/notebooks/{name}", |route| route.to(page)),
        Door::post("/notebooks/{name}", |route| route.to(write)),
        Door::post("/notebooks/{name}/blocks/{block}", |route| route.to(write_block)),
        Door::post("/notebooks/{name}/delete", |route| route.to(delete)),
    ]
}

/// What a new notebook begins with: a question about the dataset in hand.
fn first(name: &str, dataset: Option<&DatasetName>) -> String {
    let statement = match dataset {
        Some(d) => format!(
            "-- Boxes of each class\nSELECT c.name AS class, count(*) AS boxes\nFROM {d}.boxes JOIN {d}.classes c USING (class_id)\n\
             GROUP BY 1 ORDER BY 2 DESC"
        ),
        None => "-- A statement\nSELECT 1 AS one".to_owned(),
    };
    of_statements(name, "Words, and SQL that runs where it stands.", &[statement])
}

/// A notebook out of statements, each with its question as the first line: `-- How many boxes`.
pub(super) fn of_statements(title: &str, words: &str, statements: &[String]) -> String {
    let block = |text: &String| {
        let (question, sql) = text.split_once('\n').unwrap_or(("", text));
        let question = question.trim_start_matches("--").trim();
        format!("## {question}\n\n```sql {question}\n{}\n```\n", sql.trim_end())
    };
    let blocks: Vec<String> = statements.iter().map(block).collect();
    format!("# {title}\n\n{words}\n\n{}", blocks.join("\n"))
}

/// Keeps a notebook that was made of something, and gives its address, at which every block runs at once.
pub(super) fn kept(bench: &Workbench, name: &str, text: &str) -> Result<String, tator_pipeline::Error> {
    Ok(format!("{}?run=all", address(&bench.new_notebook(name, text)?.name)))
}

async fn list(bench: Bench, visit: Visit) -> WebResult<HttpResponse> {
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Sql, None)?;
        Ok::<_, tator_pipeline::Error>(ListPage { names: bench.notebooks()?, shell })
    });
    html(&page.await?)
}

async fn page(bench: Bench, visit: Visit, name: web::Path<String>) -> WebResult<HttpResponse> {
    let page = blocking(move || {
        let shell = visit.shell(&bench, Section::Sql, None)?;
        Ok::<_, tator_pipeline::Error>(Page::new(shell, &bench.notebook(&name)?))
    });
    html(&page.await?)
}

/// A name for a new notebook.
#[derive(Deserialize)]
struct New {
    name: String,
}

async fn make(bench: Bench, visit: Visit, new: web::Form<New>) -> WebResult<HttpResponse> {
    let kept: Notebook = blocking(move || {
        let (name, known) = (new.name.trim(), bench.reader().dataset_names()?);
        let at_hand = visit.recent().filter(|name| known.contains(name)).or(known.first());
        bench.new_notebook(name, &first(name, at_hand))
    })
    .await?;
    Ok(see(&address(&kept.name)))
}

/// The whole notebook as text.
#[derive(Deserialize)]
struct Text {
    text: String,
}

async fn write(bench: Bench, name: web::Path<String>, form: web::Form<Text>) -> WebResult<HttpResponse> {
    let back = see(&address(&name));
    blocking(move || {
        bench.notebook(&name)?;
        bench.save_notebook(&name, &form.text.replace("\r\n", "\n"))
    })
    .await?;
    Ok(back)
}

/// One statement.
#[derive(Deserialize)]
struct Block {
    q: String,
}

async fn write_block(
    bench: Bench,
    path: web::Path<(String, usize)>,
    form: web::Form<Block>,
) -> WebResult<HttpResponse> {
    let (name, block) = path.into_inner();
    let back = see(&format!("{}#block-{block}", address(&name)));
    let kept = blocking(move || {
        let text = bench.notebook(&name)?.with_block(block, &form.q);
        text.map(|text| bench.save_notebook(&name, &text)).transpose()
    });
    match kept.await? {
        Some(_) => Ok(back),
        None => Err(WebError::not_found("this block of the notebook")),
    }
}

async fn delete(bench: Bench, name: web::Path<String>) -> WebResult<HttpResponse> {
    blocking(move || bench.delete_notebook(&name)).await?;
    Ok(see("/notebooks"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_become_headings_and_names_of_blocks() {
        let statements = ["-- How many boxes\nSELECT count(*)\nFROM d.boxes\n".to_owned()];
        let text = of_statements("A title", "Words.", &statements);
        assert_eq!(
            text,
            "# A title\n\nWords.\n\n## How many boxes\n\n```sql How many boxes\nSELECT count(*)\nFROM d.boxes\n```\n"
        );
    }
}
