//! A job's report as tables: numbers first, then what was left out and why.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::figures::grouped;

/// What a job has to say at its end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Numbers and words: `images`, `118,287`.
    pub figures: Vec<(String, String)>,
    /// What was left out, by reason, most frequent first.
    pub skipped: Vec<Skipped>,
    /// How many things were left out in all.
    pub n_skipped: usize,
    /// What an import changes, when the dataset had data before: words and number.
    pub changes: Vec<(String, String)>,
    /// Lists that are neither: a name and its items.
    pub lists: Vec<(String, Vec<String>)>,
}

/// Things left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Why.
    pub reason: String,
    /// How many.
    pub n: u64,
    /// Some of them.
    pub examples: Vec<String>,
}

/// Things named for each reason.
const EXAMPLES: usize = 8;
/// Things shown of a list.
const LISTED: usize = 100;

impl Report {
    /// Reads the report that the command line prints as JSON; unknown keys are shown as they are.
    #[must_use]
    pub fn read(report: &Value) -> Self {
        let mut found = Self::default();
        let Value::Object(keys) = report else { return found };
        for (key, value) in keys {
            match (key.as_str(), value) {
                ("skipped", Value::Array(items)) => found.read_skipped(items),
                ("diff" | "changes", Value::Object(parts)) => {
                    found.changes = parts.iter().map(|(name, n)| (words(name), figure(n))).collect();
                }
                (_, Value::Array(items)) if items.is_empty() => {}
                // Told as bars.
                ("stages", Value::Array(_)) => {}
                (_, Value::Array(items)) => {
                    found.lists.push((words(key), items.iter().take(LISTED).map(figure).collect()));
                }
                (_, Value::Object(parts)) => {
                    found
                        .figures
                        .extend(parts.iter().map(|(name, n)| (format!("{} {}", words(key), words(name)), figure(n))));
                }
                (_, Value::Null) => {}
                ("seconds", Value::Number(n)) => {
                    found.figures.push(("time".into(), crate::figures::duration(n.as_f64().unwrap_or(f64::NAN))));
                }
                _ => found.figures.push((words(key), figure(value))),
            }
        }
        found
    }

    fn read_skipped(&mut self, items: &[Value]) {
        let mut by_reason: BTreeMap<&str, Skipped> = BTreeMap::new();
        for item in items {
            let text = |key| item.get(key).and_then(Value::as_str).unwrap_or_default();
            let n = item.get("count").and_then(Value::as_u64).unwrap_or(1);
            let of = by_reason.entry(text("reason")).or_insert_with(|| Skipped {
                reason: text("reason").to_owned(),
                n: 0,
                examples: vec![],
            });
            of.n += n;
            if of.examples.len() < EXAMPLES && !text("item").is_empty() {
                of.examples.push(text("item").to_owned());
            }
        }
        self.n_skipped = usize::try_from(by_reason.values().map(|one| one.n).sum::<u64>()).unwrap_or(usize::MAX);
        self.skipped = by_reason.into_values().collect();
        self.skipped.sort_by_key(|one| std::cmp::Reverse(one.n));
    }
}

fn words(key: &str) -> String {
    key.replace('_', " ")
}

fn figure(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(n) if n.is_f64() => format!("{:.3}", n.as_f64().unwrap_or(f64::NAN)),
        Value::Number(n) => n.as_u64().map_or_else(|| n.to_string(), grouped),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Object(parts) => parts
            .iter()
            .map(|(name, value)| format!("{} {}", words(name), figure(value)))
            .collect::<Vec<_>>()
            .join(" · "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_left_out_is_gathered_by_reason() {
        let report = Report::read(&json!({"images": 3000, "skipped": [
            {"item": "a.txt", "reason": "no image"}, {"item": "b.jpg", "reason": "cut short"}, {"item": "c.txt", "reason": "no image"}]}));
        assert_eq!(report.figures, [("images".to_owned(), "3,000".to_owned())]);
        assert_eq!(report.n_skipped, 3);
        assert_eq!(
            report.skipped[0],
            Skipped { reason: "no image".into(), n: 2, examples: vec!["a.txt".into(), "c.txt".into()] }
        );
    }

    #[test]
    fn an_unknown_key_is_shown_and_not_lost() {
        let report = Report::read(&json!({"nobody_knows": {"this": 1}, "dry_run": true}));
        assert_eq!(
            report.figures,
            [("nobody knows this".into(), "1".into()), ("dry run".to_owned(), "yes".to_owned())]
        );
    }
}
