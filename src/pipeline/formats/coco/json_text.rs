//! JSON and XML numbers and strings on their way out: the same text for the same value, every bit kept.

/// Appends `raw` without the white space between its tokens.
pub fn push_compact(raw: &str, out: &mut String) {
    if !holds_byte(raw, |b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
        out.push_str(raw);
        return;
    }
    let mut in_string = false;
    let mut escaped = false;
    for c in raw.chars() {
        if in_string || !matches!(c, ' ' | '\t' | '\n' | '\r') {
            out.push(c);
        }
        in_string ^= c == '"' && !escaped;
        escaped = in_string && c == '\\' && !escaped;
    }
}

fn holds_byte(text: &str, wanted: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && !wanted(bytes[at]) {
        at += 1;
    }
    at < bytes.len()
}

/// Appends `text` as a JSON string.
pub fn push_string(text: &str, out: &mut String) {
    out.push('"');
    if !holds_byte(text, |b| matches!(b, b'"' | b'\\' | 0..=0x1f)) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends the shortest text that reads back as the same number; whole numbers without a fraction.
pub fn push_number(value: f64, out: &mut String) {
    // Most coordinates have at most three decimals. A quotient is rounded correctly, so if it is the value, those
    // decimals read back as the value; and no shorter text can, because two decimal texts of up to 15 digits never
    // share a double. `-0.0` must keep its sign and takes the long way.
    let thousandths = (value * 1000.0).round();
    let magnitude = thousandths.abs();
    if magnitude < 1e15 && thousandths / 1000.0 == value && (value != 0.0 || value.is_sign_positive()) {
        if value < 0.0 {
            out.push('-');
        }
        return push_thousandths(magnitude as u64, out);
    }
    use std::fmt::Write as _;
    let written = write!(out, "{value:?}");
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

fn push_thousandths(mut value: u64, out: &mut String) {
    let mut decimals = 3;
    while decimals > 0 && value.is_multiple_of(10) {
        value /= 10;
        decimals -= 1;
    }
    let mut digits = [b'0'; 24];
    let mut at = digits.len();
    let mut written = 0;
    while value > 0 || written <= decimals {
        if written == decimals && decimals > 0 {
            at -= 1;
            digits[at] = b'.';
        }
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        written += 1;
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::super::json::Cursor;
    use super::*;

    #[test]
    fn numbers_are_exact_and_come_back_shortest() {
        for value in [0.1, 285.840_000_000_000_03, 5e-324, 1e300, -0.0, 7.0, 9_007_199_254_740_993.0] {
            let mut text = String::new();
            push_number(value, &mut text);
            assert_eq!(Cursor::new(&text).number().unwrap().to_bits(), value.to_bits(), "{text}");
        }
    }

    #[test]
    fn the_quick_way_writes_what_the_standard_library_writes() {
        let step = (0..20_000).map(|i| f64::from(i) * 0.0625 - 300.0);
        let decimals = (0..20_000).map(|i| f64::from(i * 37) / 1000.0);
        for value in step.chain(decimals).chain([-0.001, 0.0005, 1e12, 1e15, 999_999_999_999.999, 0.1 + 0.2]) {
            let mut text = String::new();
            push_number(value, &mut text);
            let long = format!("{value:?}");
            let want = long.strip_suffix(".0").unwrap_or(&long);
            assert!(text == want || text == long, "{text} instead of {long}");
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn strings_come_back_whatever_they_hold() {
        for text in ["", "a\"b\\c\n\u{1}\t", "Köln 🪙", "\u{7f}\u{2028}"] {
            let mut out = String::new();
            push_string(text, &mut out);
            assert_eq!(Cursor::new(&out).string().unwrap(), text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
