//! Tables as rows of text, for comparing.

use tator_domain::DatasetName;
use tator_store::{Reader, SqlRequest};

/// The rows of a statement as JSON text, one a line.
pub fn rows(reader: &Reader, sql: &str) -> Vec<String> {
    let request = SqlRequest { limit: 1_000_000, seconds: 60, ..SqlRequest::new(sql) };
    let answer = reader.sql(&request).unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert!(!answer.truncated, "{sql} gave too many rows");
    answer.rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect()
}

/// The one number of a statement.
pub fn number(reader: &Reader, sql: &str) -> i64 {
    let found = rows(reader, sql);
    found[0].trim_matches(['[', ']']).parse().unwrap_or_else(|_| panic!("{sql}: {found:?}"))
}

/// Everything that is published of a dataset, whole rows in order.
pub fn tables(reader: &Reader, d: &DatasetName) -> Vec<String> {
    let all = [("images", "image_id"), ("boxes", "image_id, box_id"), ("classes", "class_id")];
    all.iter().flat_map(|(table, order)| rows(reader, &format!("FROM {d}.{table} ORDER BY {order}"))).collect()
}

/// What a format carries from dataset to dataset, under names instead of numbers: images with path, split, state and
/// size, and boxes with class and these columns.
pub fn carried(reader: &Reader, d: &DatasetName, box_columns: &str) -> Vec<String> {
    let images = format!("SELECT path, split, state, width, height FROM {d}.images ORDER BY path");
    let boxes = format!(
        "SELECT i.path, c.name, {box_columns} FROM {d}.boxes b JOIN {d}.images i USING (image_id)
         JOIN {d}.classes c USING (class_id) ORDER BY ALL"
    );
    let classes = format!("SELECT name FROM {d}.classes WHERE NOT retired ORDER BY class_id");
    [images, boxes, classes].iter().flat_map(|sql| rows(reader, sql)).collect()
}

/// The first row that differs, for a message that can be read.
pub fn assert_same(left: &[String], right: &[String], what: &str) {
    let differs = left.iter().zip(right).find(|(a, b)| a != b);
    assert_eq!(differs, None, "{what}");
    assert_eq!(left.len(), right.len(), "{what}: rows");
}
