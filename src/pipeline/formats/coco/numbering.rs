//! Which number a record gets in an exported file: its own foreign id where that is a number of its own, else ours.

use super::record::ForeignId;

/// The numbers of one array of one file.
#[derive(Debug, Default)]
pub struct Numbering {
    foreign: Vec<i64>,
    highest: i64,
}

impl Numbering {
    /// Announces a record; every record of the file must be announced before the first is numbered.
    pub fn announce(&mut self, source_id: Option<&str>, ours: i64) {
        self.highest = self.highest.max(ours);
        if let Some(number) = source_id.and_then(number_of) {
            self.highest = self.highest.max(number);
            self.foreign.push(number);
        }
    }

    /// Ends the announcements.
    pub fn close(&mut self) {
        self.foreign.sort_unstable();
    }

    /// The record's number, and whether its foreign id is a different one and must be written beside it.
    pub fn number(&mut self, source_id: Option<&str>, ours: i64) -> (i64, bool) {
        if let Some(number) = source_id.and_then(number_of)
            && self.times(number) == 1
        {
            return (number, false);
        }
        if self.times(ours) == 0 {
            return (ours, source_id.is_some());
        }
        self.highest += 1;
        (self.highest, source_id.is_some())
    }

    fn times(&self, number: i64) -> usize {
        let from = self.foreign.partition_point(|n| *n < number);
        self.foreign[from..].iter().take_while(|n| **n == number).take(2).count()
    }
}

fn number_of(text: &str) -> Option<i64> {
    match ForeignId::from_text(text) {
        // Above this, ids would run out; no tool writes such numbers.
        ForeignId::Number(number) if number.unsigned_abs() < 1 << 62 => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_numbers_are_kept_and_ours_step_aside() {
        let records = [(Some("7"), 1), (None, 7), (Some("x"), 2), (Some("9"), 3), (Some("9"), 4), (Some("007"), 5)];
        let mut numbering = Numbering::default();
        records.iter().for_each(|(source, ours)| numbering.announce(*source, *ours));
        numbering.close();
        let got: Vec<_> = records.iter().map(|(source, ours)| numbering.number(*source, *ours)).collect();
        assert_eq!(got, [(7, false), (10, false), (2, true), (3, true), (4, true), (5, true)]);
    }
}
