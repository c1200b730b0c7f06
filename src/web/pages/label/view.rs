//! What the labeller's page is given; everything else it asks of the API.

use askama::Template;
use serde_json::{Value, json};
use tator_domain::{DatasetName, ImageId};
use tator_store::ClassCount;

use crate::page::Shell;

/// Classes the page carries; further ones are searched by name.
pub const CARRIED_CLASSES: usize = 1200;

/// `/d/{dataset}/label`
#[derive(Template)]
#[template(path = "label/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The image to begin with; 0 when there is none.
    pub image_id: ImageId,
    /// What the scripts are told, as JSON that is safe inside an element.
    pub config: String,
}

impl Page {
    /// The page with `classes` to carry; `filter` as it stands in addresses, without `?`.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        workspace: &str,
        filter: &str,
        image_id: Option<ImageId>,
        classes: &[ClassCount],
    ) -> Self {
        let carried: Vec<&ClassCount> = classes.iter().take(CARRIED_CLASSES).collect();
        let config = json!({
            "dataset": dataset,
            "workspace": workspace,
            "filter": filter,
            "image_id": image_id,
            "classes": carried,
            "more_classes": classes.len() > CARRIED_CLASSES,
        });
        Self { shell, dataset, image_id: image_id.unwrap_or_default(), config: inside_an_element(&config) }
    }
}

/// JSON in which no text can end the element it stands in.
fn inside_an_element(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_cannot_end_the_element_it_is_told_in() {
        let text = inside_an_element(&json!({"name": "</script><b>&amp;"}));
        assert!(!text.contains(['<', '>', '&']));
        assert_eq!(serde_json::from_str::<Value>(&text).expect("still JSON")["name"], "</script><b>&amp;");
    }
}
