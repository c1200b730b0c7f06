//! What the SQL page shows around a result.

use askama::Template;
use tator_domain::DatasetName;
use tator_pipeline::SavedQuery;

use super::result::{Cell, Outcome};
use super::starters::Starter;
use crate::addresses;
use crate::page::Shell;

/// `/sql`
#[derive(Template)]
#[template(path = "sql/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The statement in the editor.
    pub statement: String,
    /// The dataset whose images the numbers are, when it was chosen.
    pub dataset: Option<DatasetName>,
    /// What can be asked about.
    pub tables: Vec<TableView>,
    /// Statements kept in the workspace.
    pub saved: Vec<SavedQuery>,
    /// Names of the notebooks.
    pub notebooks: Vec<String>,
    /// Questions to begin with.
    pub starters: Vec<Starter>,
    /// What came of the statement, when it was run without scripts.
    pub outcome: Option<Outcome>,
}

/// A table of the schema panel.
pub struct TableView {
    /// `coins.boxes`
    pub name: String,
    /// Column and type.
    pub columns: Vec<(String, String)>,
    /// Open from the start: it belongs to the dataset in hand.
    pub open: bool,
}

impl Page {
    /// Address of a notebook.
    #[must_use]
    pub fn notebook(&self, name: &str) -> String {
        crate::pages::notebook::view::address(name)
    }

    /// The page with this statement in the editor.
    #[must_use]
    pub fn opening(&self, statement: &str) -> String {
        addresses::sql(self.dataset.as_ref(), statement)
    }

    /// The schema as JSON for completion: `{"coins.boxes": ["box_id", …]}`.
    #[must_use]
    pub fn schema_json(&self) -> String {
        let tables: serde_json::Map<String, serde_json::Value> = self
            .tables
            .iter()
            .map(|table| (table.name.clone(), table.columns.iter().map(|(name, _)| name.clone()).collect()))
            .collect();
        serde_json::Value::Object(tables).to_string()
    }
}
