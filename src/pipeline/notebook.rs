//! Notebooks: Markdown files `notebooks/<name>.md` in the workspace, in which blocks of SQL have names. Any editor opens
//! them, and so does any page that shows Markdown.

use serde::Serialize;

use crate::error::Error;
use crate::notebooks::{self, LONGEST_NAME};
use crate::workbench::Workbench;

const ENDING: &str = "md";
const FENCE: &str = "```";

/// A part of a notebook, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotebookPart {
    /// Markdown.
    Words(String),
    /// A statement with its name, which may be empty.
    Sql {
        /// What stands behind the fence: ```` ```sql errors by class ````.
        name: String,
        /// The statement.
        sql: String,
    },
}

/// A notebook as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notebook {
    /// Name of its file, without the ending.
    pub name: String,
    /// The Markdown.
    pub text: String,
}

impl Notebook {
    /// Words and statements one after the other. A fence that nobody closes goes on to the end.
    #[must_use]
    pub fn parts(&self) -> Vec<NotebookPart> {
        let (mut parts, mut words, mut block) = (Vec::new(), Vec::new(), None::<(String, Vec<&str>)>);
        for line in self.text.lines() {
            match (&mut block, line.trim_start().strip_prefix(FENCE)) {
                (None, Some(info)) if is_sql(info) => {
                    push_words(&mut parts, &mut words);
                    block = Some((info.trim()[3..].trim().to_owned(), Vec::new()));
                }
                (Some(_), Some(rest)) if rest.trim().is_empty() => {
                    let (name, lines) = block.take().unwrap_or_default();
                    parts.push(NotebookPart::Sql { name, sql: lines.join("\n") });
                }
                (Some((_, lines)), _) => lines.push(line),
                (None, _) => words.push(line),
            }
        }
        if let Some((name, lines)) = block {
            parts.push(NotebookPart::Sql { name, sql: lines.join("\n") });
        }
        push_words(&mut parts, &mut words);
        parts
    }

    /// The same notebook with another statement in one of its blocks, counted from 0.
    #[must_use]
    pub fn with_block(&self, number: usize, statement: &str) -> Option<String> {
        let mut parts = self.parts();
        let blocks = parts.iter_mut().filter_map(|part| match part {
            NotebookPart::Sql { sql, .. } => Some(sql),
            NotebookPart::Words(_) => None,
        });
        *blocks.into_iter().nth(number)? = statement.replace("\r\n", "\n").trim_end().to_owned();
        Some(markdown(&parts))
    }
}

fn is_sql(info: &str) -> bool {
    let info = info.trim();
    info.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("sql"))
        && info[3..].chars().next().is_none_or(char::is_whitespace)
}

fn push_words(parts: &mut Vec<NotebookPart>, words: &mut Vec<&str>) {
    let text = words.join("\n").trim_matches('\n').to_owned();
    words.clear();
    if !text.trim().is_empty() {
        parts.push(NotebookPart::Words(text));
    }
}

/// Parts as Markdown.
#[must_use]
pub fn markdown(parts: &[NotebookPart]) -> String {
    let text = parts.iter().map(|part| match part {
        NotebookPart::Words(words) => format!("{words}\n"),
        NotebookPart::Sql { name, sql } => {
            let fence = format!("{FENCE}sql {name}");
            format!("{}\n{sql}\n{FENCE}\n", fence.trim_end())
        }
    });
    text.collect::<Vec<_>>().join("\n")
}

impl Workbench {
    /// Names of the notebooks.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn notebooks(&self) -> Result<Vec<String>, Error> {
        Ok(notebooks::kept(self, ENDING)?.into_iter().map(|(name, _)| name).collect())
    }

    /// A notebook.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for what can be no name.
    pub fn notebook(&self, name: &str) -> Result<Notebook, Error> {
        notebooks::checked_name(name)?;
        let found = notebooks::kept(self, ENDING)?.into_iter().find(|(other, _)| other == name);
        let (name, text) = found.ok_or_else(|| Error::NotFound(format!("the notebook {name:?}")))?;
        Ok(Notebook { name, text })
    }

    /// Keeps a notebook; one of the same name is replaced.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is no file name everywhere, and for nothing to keep; [`Error::Store`].
    pub fn save_notebook(&self, name: &str, text: &str) -> Result<Notebook, Error> {
        notebooks::keep(self, (name, ENDING), text)?;
        Ok(Notebook { name: name.to_owned(), text: text.to_owned() })
    }

    /// Keeps a new notebook under a name that is free: the wished one, else with a number behind it.
    ///
    /// # Errors
    /// As [`Workbench::save_notebook`].
    pub fn new_notebook(&self, wished: &str, text: &str) -> Result<Notebook, Error> {
        let taken = self.notebooks()?;
        let short: String = wished.chars().take(LONGEST_NAME - 5).collect();
        let names = std::iter::once(short.clone()).chain((2..).map(|n| format!("{short} {n}")));
        let free = names.into_iter().find(|name| !taken.contains(name)).unwrap_or(short);
        self.save_notebook(&free, text)
    }

    /// Deletes a notebook and gives it back, so that it can be kept again.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for what can be no name; [`Error::Io`] when the disk refuses.
    pub fn delete_notebook(&self, name: &str) -> Result<Notebook, Error> {
        let text = notebooks::forget(self, (name, ENDING), "notebook")?;
        Ok(Notebook { name: name.to_owned(), text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_store::Limits;

    fn notebook(text: &str) -> Notebook {
        Notebook { name: "n".into(), text: text.into() }
    }

    #[test]
    fn words_and_statements_come_in_their_order() {
        let text = "# Title\n\nWords with `code`.\n\n```sql by class\nSELECT 1\n  , 2\n```\n\n```python\nno\n```\nEnd\n\n```sql\nSELECT 3\n```\n";
        let parts = notebook(text).parts();
        assert_eq!(
            parts,
            [
                NotebookPart::Words("# Title\n\nWords with `code`.".into()),
                NotebookPart::Sql { name: "by class".into(), sql: "SELECT 1\n  , 2".into() },
                NotebookPart::Words("```python\nno\n```\nEnd".into()),
                NotebookPart::Sql { name: String::new(), sql: "SELECT 3".into() },
            ]
        );
        assert_eq!(notebook(&markdown(&parts)).parts(), parts, "written and read again it is the same");
    }

    #[test]
    fn a_fence_that_is_not_closed_and_no_fence_are_both_read() {
        assert_eq!(
            notebook("```sql\nSELECT 1").parts(),
            [NotebookPart::Sql { name: String::new(), sql: "SELECT 1".into() }]
        );
        assert_eq!(notebook("```sqlite\nx\n```").parts(), [NotebookPart::Words("```sqlite\nx\n```".into())]);
        assert_eq!(notebook("").parts(), []);
    }

    #[test]
    fn one_block_changes_and_nothing_else() {
        let changed = notebook("a\n\n```sql x\nSELECT 1\n```\n\nb\n\n```sql y\nSELECT 2\n```\n");
        assert_eq!(
            changed.with_block(1, "SELECT 9\r\n").unwrap(),
            "a\n\n```sql x\nSELECT 1\n```\n\nb\n\n```sql y\nSELECT 9\n```\n"
        );
        assert_eq!(changed.with_block(2, "SELECT 9"), None);
    }

    #[test]
    fn a_notebook_is_a_plain_file_beside_statements() {
        let folder = tempfile::tempdir().unwrap();
        let bench = Workbench::open(folder.path(), &Limits::default()).unwrap();
        bench.save_query("n", "SELECT 1").unwrap();
        assert_eq!(bench.new_notebook("n", "# one").unwrap().name, "n");
        assert_eq!(bench.new_notebook("n", "# two").unwrap().name, "n 2");
        assert_eq!(std::fs::read_to_string(folder.path().join("notebooks/n.md")).unwrap(), "# one");
        assert_eq!(bench.notebooks().unwrap(), ["n", "n 2"]);
        assert_eq!(bench.saved_queries().unwrap().len(), 1);
        assert!(matches!(bench.notebook("../n"), Err(Error::Invalid { .. })));
        bench.delete_notebook("n").unwrap();
        assert!(matches!(bench.notebook("n"), Err(Error::NotFound(_))));
    }
}
