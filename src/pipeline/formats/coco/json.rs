//! A strict JSON cursor over one record.
//!
//! serde_json as this workspace builds it may read a float one step off its text, and COCO boxes must come back bit
//! for bit (products.md C35). The standard library's `parse::<f64>` is exact, so numbers are read here; strings with
//! escapes go to serde_json.

use std::borrow::Cow;

/// How deep arrays and objects may be nested in one record.
const MAX_DEPTH: u32 = 128;

/// Text that is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadJson {
    /// Byte at which it goes wrong, from the start of the record.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// A place in a record.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Cursor<'a> {
    /// The start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    fn bad<T>(&self, what: &'static str) -> Result<T, BadJson> {
        Err(BadJson { at: self.at, what })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space, without taking it.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte > b' ' || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                self.at = at;
                return Some(byte);
            }
            at += 1;
        }
        self.at = at;
        None
    }

    fn expect(&mut self, wanted: u8, what: &'static str) -> Result<(), BadJson> {
        if self.take(wanted) { Ok(()) } else { self.bad(what) }
    }

    fn take(&mut self, wanted: u8) -> bool {
        match self.peek() {
            Some(found) if found == wanted => {
                self.at += 1;
                true
            }
            _ => false,
        }
    }

    /// Nothing but white space is left.
    pub fn end(&mut self) -> Result<(), BadJson> {
        if self.peek().is_none() { Ok(()) } else { self.bad("text after the end of the record") }
    }

    fn deeper(&mut self) -> Result<(), BadJson> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.bad("nested too deeply") } else { Ok(()) }
    }

    /// An object: `each` gets every key and must take its value.
    pub fn object(
        &mut self,
        mut each: impl FnMut(Cow<'a, str>, &mut Self) -> Result<(), BadJson>,
    ) -> Result<(), BadJson> {
        self.expect(b'{', "an object was expected")?;
        self.deeper()?;
        if !self.take(b'}') {
            loop {
                let key = self.string()?;
                self.expect(b':', "a colon is missing")?;
                each(key, self)?;
                if self.take(b'}') {
                    break;
                }
                self.expect(b',', "a comma or a closing brace is missing")?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// An array: `each` must take one value a call.
    pub fn array(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), BadJson>) -> Result<(), BadJson> {
        self.expect(b'[', "an array was expected")?;
        self.deeper()?;
        if !self.take(b']') {
            loop {
                each(self)?;
                if self.take(b']') {
                    break;
                }
                self.expect(b',', "a comma or a closing bracket is missing")?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// A number as it is written. `NaN` and `Infinity`, which Python writes, count as numbers here.
    pub fn number_text(&mut self) -> Result<&'a str, BadJson> {
        self.peek();
        let end = number_end(self.text.as_bytes(), self.at);
        let end = end.or_else(|| self.python_number());
        match end {
            Some(end) => {
                let text = &self.text[self.at..end];
                self.at = end;
                Ok(text)
            }
            None => self.bad("a number was expected"),
        }
    }

    fn python_number(&self) -> Option<usize> {
        let rest = &self.text[self.at..];
        ["NaN", "Infinity", "-Infinity"].iter().find(|n| rest.starts_with(**n)).map(|n| self.at + n.len())
    }

    /// Appends the numbers of an array; `false` when it held something else as well.
    pub fn numbers(&mut self, into: &mut Vec<f64>) -> Result<bool, BadJson> {
        self.expect(b'[', "an array was expected")?;
        let mut plain = true;
        if self.take(b']') {
            return Ok(true);
        }
        loop {
            match self.peek() {
                Some(b'-' | b'0'..=b'9' | b'N' | b'I') => into.push(self.number()?),
                _ => {
                    self.raw()?;
                    plain = false;
                }
            }
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(plain);
                }
                _ => return self.bad("a comma or a closing bracket is missing"),
            }
        }
    }

    /// A number, exact to the last bit.
    pub fn number(&mut self) -> Result<f64, BadJson> {
        let text = self.number_text()?;
        text.parse().or_else(|_| self.bad("a number was expected"))
    }

    /// A string.
    pub fn string(&mut self) -> Result<Cow<'a, str>, BadJson> {
        self.expect(b'"', "a string was expected")?;
        let start = self.at;
        let mut escaped = false;
        let bytes = self.text.as_bytes();
        loop {
            if self.at >= bytes.len() {
                return self.bad("a string has no end");
            }
            match bytes[self.at] {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 2;
                }
                0..=0x1f => return self.bad("a control character in a string"),
                _ => self.at += 1,
            }
        }
        self.at += 1;
        if !escaped {
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        match serde_json::from_str(&self.text[start - 1..self.at]) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => self.bad("an escape in a string is damaged"),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<(), BadJson> {
        self.peek();
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        self.bad("a value was expected")
    }

    /// Takes `null` if it is next.
    pub fn null(&mut self) -> bool {
        self.peek() == Some(b'n') && self.word("null").is_ok()
    }

    /// Any value, checked, as it is written.
    pub fn raw(&mut self) -> Result<&'a str, BadJson> {
        self.peek();
        let start = self.at;
        match self.byte() {
            Some(b'{') => self.object(|_, c| c.raw().map(drop))?,
            Some(b'[') => self.array(|c| c.raw().map(drop))?,
            Some(b'"') => self.string().map(drop)?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            Some(b'-' | b'0'..=b'9') => self.number_text().map(drop)?,
            _ => return self.bad("a value was expected"),
        }
        Ok(&self.text[start..self.at])
    }
}

/// End of the number that begins at `from`, by the grammar of RFC 8259:
/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, and nothing that would go on with it.
fn number_end(text: &[u8], from: usize) -> Option<usize> {
    let at = |i: usize| if i < text.len() { text[i] } else { 0 };
    let digits = |mut i: usize| {
        while i < text.len() && text[i].is_ascii_digit() {
            i += 1;
        }
        i
    };
    let start = from + usize::from(at(from) == b'-');
    let mut end = digits(start);
    if end == start || (end > start + 1 && at(start) == b'0') {
        return None;
    }
    if at(end) == b'.' {
        let fraction = end + 1;
        end = digits(fraction);
        if end == fraction {
            return None;
        }
    }
    if matches!(at(end), b'e' | b'E') {
        let exponent = end + 1 + usize::from(matches!(at(end + 1), b'+' | b'-'));
        end = digits(exponent);
        if end == exponent {
            return None;
        }
    }
    let goes_on = matches!(at(end), b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.');
    if goes_on { None } else { Some(end) }
}

#[cfg(test)]
mod tests {
    use super::super::json_text::push_compact;
    use super::*;

    #[test]
    fn numbers_follow_the_grammar() {
        for good in ["0", "-0", "12", "1.50", "-3e5", "1E+2", "0.1e-7"] {
            assert!(number_end(good.as_bytes(), 0) == Some(good.len()), "{good}");
        }
        for bad in ["", "-", "01", "1.", ".5", "1e", "+1", "1e+", "0x1", "1-2"] {
            assert!(number_end(bad.as_bytes(), 0).is_none(), "{bad}");
        }
    }

    #[test]
    fn raw_values_are_checked_and_made_compact() {
        let text = "{ \"a b\" : [ 1 , \"x \\\" y\" , null , {} ] }";
        let raw = Cursor::new(text).raw().unwrap();
        let mut out = String::new();
        push_compact(raw, &mut out);
        assert_eq!(out, "{\"a b\":[1,\"x \\\" y\",null,{}]}");
        for bad in ["{\"a\":}", "[1,]", "{\"a\" 1}", "[1", "\"x", "tru", "{a:1}", "\"\\q\""] {
            assert!(Cursor::new(bad).raw().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bomb_of_brackets_is_refused() {
        assert_eq!(Cursor::new(&"[".repeat(100_000)).raw().unwrap_err().what, "nested too deeply");
    }
}
