//! What the pages of notebooks show.

use askama::Template;
use tator_domain::DatasetName;
use tator_pipeline::{Notebook, NotebookPart};

use crate::addresses::{self, encoded};
use crate::page::Shell;

/// Address of a notebook.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/notebooks/{}", encoded(name))
}

/// `/notebooks`
#[derive(Template)]
#[template(path = "notebook/list.html")]
pub struct ListPage {
    /// Around the content.
    pub shell: Shell,
    /// Names of the notebooks.
    pub names: Vec<String>,
}

impl ListPage {
    /// Address of one of them.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        address(name)
    }
}

/// `/notebooks/{name}`
#[derive(Template)]
#[template(path = "notebook/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// Its name.
    pub name: String,
    /// The Markdown.
    pub text: String,
    /// Words and statements in their order.
    pub parts: Vec<Shown>,
}

/// A part as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A heading, from 1.
    Heading(usize, Vec<Piece>),
    /// A paragraph.
    Paragraph(Vec<Piece>),
    /// A list.
    List(Vec<Vec<Piece>>),
    /// Anything that is not to be formatted.
    Plain(String),
    /// A statement.
    Sql {
        /// Its place among the statements.
        number: usize,
        /// What it is called.
        name: String,
        /// The statement.
        sql: String,
        /// The same on the SQL page.
        href: String,
        /// Lines of the editor.
        rows: usize,
    },
}

/// Words within a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The words.
    pub text: String,
    /// Code.
    pub code: bool,
}

impl Page {
    /// A notebook as a page.
    #[must_use]
    pub fn new(shell: Shell, notebook: &Notebook) -> Self {
        let mut parts = Vec::new();
        let mut number = 0;
        for part in notebook.parts() {
            match part {
                NotebookPart::Words(words) => parts.extend(formatted(&words)),
                NotebookPart::Sql { name, sql } => {
                    let dataset: Option<&DatasetName> = shell.datasets.iter().find(|d| sql.contains(&format!("{d}.")));
                    let name = if name.is_empty() { format!("Statement {}", number + 1) } else { name };
                    let (href, rows) = (addresses::sql(dataset, &sql), sql.lines().count().clamp(2, 24));
                    parts.push(Shown::Sql { number, name, sql, href, rows });
                    number += 1;
                }
            }
        }
        Self { name: notebook.name.clone(), text: notebook.text.clone(), parts, shell }
    }

    /// Its address.
    #[must_use]
    pub fn at(&self) -> String {
        address(&self.name)
    }

    /// Statements in it.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.parts.iter().filter(|part| matches!(part, Shown::Sql { .. })).count()
    }

    /// The notebook says itself what it is called.
    #[must_use]
    pub fn has_title(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Shown::Heading(1, _)))
    }
}

/// Headings, lists and paragraphs; whatever else Markdown has is shown as it is written.
fn formatted(words: &str) -> Vec<Shown> {
    words.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).flat_map(paragraph).collect()
}

fn paragraph(text: &str) -> Vec<Shown> {
    if text.starts_with("```") || text.starts_with('|') {
        return vec![Shown::Plain(text.to_owned())];
    }
    let item = |line: &str| line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map(pieces);
    if let Some(items) = text.lines().map(item).collect::<Option<Vec<_>>>() {
        return vec![Shown::List(items)];
    }
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let level = first.chars().take_while(|c| *c == '#').count();
    match first[level..].strip_prefix(' ').filter(|_| (1..=6).contains(&level)) {
        Some(title) => [Shown::Heading(level, pieces(title))].into_iter().chain(formatted(rest)).collect(),
        None => vec![Shown::Paragraph(pieces(&text.replace('\n', " ")))],
    }
}

/// What stands between backticks is code.
fn pieces(line: &str) -> Vec<Piece> {
    let parts = line.split('`').enumerate();
    parts
        .map(|(at, text)| Piece { text: text.to_owned(), code: at % 2 == 1 })
        .filter(|piece| !piece.text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_headings_paragraphs_and_lists() {
        let plain = |text: &str| vec![Piece { text: text.into(), code: false }];
        assert_eq!(
            formatted("# Title\nunder it\n\nTwo\nlines\n\n- a\n- b\n\n| a | b |"),
            [
                Shown::Heading(1, plain("Title")),
                Shown::Paragraph(plain("under it")),
                Shown::Paragraph(plain("Two lines")),
                Shown::List(vec![plain("a"), plain("b")]),
                Shown::Plain("| a | b |".into()),
            ]
        );
        assert_eq!(pieces("a `b` c")[1], Piece { text: "b".into(), code: true });
        assert_eq!(formatted("#hash"), [Shown::Paragraph(plain("#hash"))]);
    }
}
