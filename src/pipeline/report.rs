//! What is left out of an import or an export, counted in full and named in part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Items that are named for each reason; the rest are counted.
const NAMED: usize = 50;

/// Something that was left out, or the rest of those with the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// What, as the person knows it.
    pub item: String,
    /// Why.
    pub reason: String,
    /// How many this line stands for, when it is more than one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u64,
}

fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(n: &u64) -> bool {
    *n == 1
}

/// Gathers what is left out without growing with it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    by_reason: BTreeMap<String, (u64, Vec<String>)>,
}

impl Tally {
    pub fn add(&mut self, item: &str, reason: &str) {
        let known = match self.by_reason.get_mut(reason) {
            Some(known) => known,
            None => self.by_reason.entry(reason.to_owned()).or_default(),
        };
        known.0 += 1;
        if known.1.len() < NAMED {
            known.1.push(item.to_owned());
        }
    }

    pub fn into_lines(self) -> Vec<Skipped> {
        let mut lines = Vec::new();
        for (reason, (n, named)) in self.by_reason {
            let rest = n - named.len() as u64;
            lines.extend(named.into_iter().map(|item| Skipped { item, reason: reason.clone(), count: 1 }));
            if rest > 0 {
                lines.push(Skipped { item: format!("… and {rest} more"), reason, count: rest });
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_counted_though_not_every_one_is_named() {
        let mut tally = Tally::default();
        for n in 0..NAMED + 7 {
            tally.add(&format!("{n}.txt"), "no image");
        }
        let lines = tally.into_lines();
        assert_eq!(lines.len(), NAMED + 1);
        assert_eq!(lines.iter().map(|l| l.count).sum::<u64>(), NAMED as u64 + 7);
    }
}
