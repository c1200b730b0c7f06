//! How numbers, sizes and times are written for people.

use tator_domain::Timestamp;

/// Digits in groups of three: `118,287`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of a whole as percent, never rounded to 0 or 100 when it is neither.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0 %".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        _ if part >= whole => "100 %".to_owned(),
        s if s < 1.0 => "<1 %".to_owned(),
        s if s > 99.0 => ">99 %".to_owned(),
        s => format!("{s:.0} %"),
    }
}

/// Words as a sentence: a capital at the beginning, where a command only puts them behind a colon.
#[must_use]
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Seconds as people say them: `4 s`, `2 min 5 s`, `1 h 12 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".to_owned();
    }
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A moment in UTC as `2026-11-22T07:16:06Z`, for `<time datetime>`.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let seconds = at.div_euclid(1_000_000);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The same for reading: `2026-11-22 07:16 UTC`. Pages show it in the reader's own zone where scripts run.
#[must_use]
pub fn moment_text(at: Timestamp) -> String {
    let text = moment(at);
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// Year, month and day of a day counted from 1970-01-01. Howard Hinnant, "chrono-compatible low-level date algorithms".
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The same as filters of templates.
pub mod filters {
    use askama::{Result, Values};

    /// `{{ n|count }}`: digits in groups.
    #[askama::filter_fn]
    pub fn count(number: &u64, _: &dyn Values) -> Result<String> {
        Ok(super::grouped(*number))
    }

    /// `{{ seconds|duration }}`.
    #[askama::filter_fn]
    pub fn duration(seconds: &f64, _: &dyn Values) -> Result<String> {
        Ok(super::duration(*seconds))
    }

    /// `{{ at|moment }}`: for the `datetime` attribute.
    #[askama::filter_fn]
    pub fn moment(at: &i64, _: &dyn Values) -> Result<String> {
        Ok(super::moment(*at))
    }

    /// `{{ at|moment_text }}`: for reading.
    #[askama::filter_fn]
    pub fn moment_text(at: &i64, _: &dyn Values) -> Result<String> {
        Ok(super::moment_text(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital() {
        assert_eq!(["", "nobody said", "ähnlich", "IoU 0.5"].map(sentence), ["", "Nobody said", "Ähnlich", "IoU 0.5"]);
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(
            ["0", "999", "1,000", "118,287", "10,000,000"],
            [0, 999, 1000, 118_287, 10_000_000].map(grouped).each_ref().map(String::as_str)
        );
    }

    #[test]
    fn a_share_that_is_not_whole_never_reads_as_whole() {
        assert_eq!(percent(999, 1000), ">99 %");
        assert_eq!(percent(1, 1000), "<1 %");
        assert_eq!(percent(0, 0), "0 %");
        assert_eq!(percent(7, 7), "100 %");
    }

    #[test]
    fn moments_are_the_calendars() {
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!(moment(951_782_400_000_000), "2000-02-29T00:00:00Z");
        assert_eq!(moment(1_795_331_766_000_000), "2026-11-22T07:16:06Z");
        assert_eq!(moment_text(-1_000_000), "1969-12-31 23:59 UTC");
    }

    #[test]
    fn durations_are_said_as_people_say_them() {
        assert_eq!(
            [duration(3.12), duration(59.0), duration(125.0), duration(4320.0), duration(f64::NAN)],
            ["3.1 s", "59 s", "2 min 5 s", "1 h 12 min", "unknown"]
        );
    }
}
