//! What the page of the named versions shows.

use askama::Template;
use tator_domain::DatasetName;
use tator_store::NamedVersion;

use crate::figures::filters;
use crate::page::Shell;

/// `/d/{dataset}/versions`
#[derive(Template)]
#[template(path = "versions/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Newest first.
    pub versions: Vec<NamedVersion>,
    /// Where the dataset's tables lie.
    pub folder: String,
    /// The name in the form.
    pub wished: String,
    /// What was wrong with that name, if anything.
    pub wrong: Option<String>,
}

impl Page {
    /// How Python opens the newest version, or the one that is about to get a name.
    #[must_use]
    pub fn python(&self) -> String {
        let name = self.versions.first().map_or("NAME", |version| version.name.as_str());
        format!(
            "import duckdb, lance\n\nboxes = lance.dataset(\"{}/boxes.lance\", version=\"{name}\").to_table()\nduckdb.sql(\"SELECT class_id, count(*) FROM boxes GROUP BY 1\").show()",
            self.folder.replace('\\', "\\\\").replace('"', "\\\"")
        )
    }
}
