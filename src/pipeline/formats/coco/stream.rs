//! Splits a COCO file into its records without loading it.
//!
//! The file is one object; the elements of its arrays (`images`, `annotations`, …) come one by one as text, every
//! other value as a whole. Only as much as one record is in memory.

use std::io::Read;
use std::ops::Range;

/// Size of one read; a record may be larger.
const CHUNK: usize = 1 << 18;
/// No record of a real file comes near this; a bomb does.
const MAX_RECORD: usize = 256 << 20;

/// Why a file could not be split.
#[derive(Debug)]
pub enum BadStream {
    /// The file could not be read on.
    Io(std::io::Error),
    /// It is not the JSON that was expected.
    Json {
        /// Byte in the file.
        at: u64,
        /// What is wrong there.
        what: &'static str,
    },
}

/// One record, or one value that is no array.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Key of the top-level object it belongs to.
    pub key: &'a str,
    /// It is an element of the array under that key.
    pub element: bool,
    /// Byte in the file at which it begins.
    pub at: u64,
    /// The record.
    pub text: &'a str,
}

/// Reads a file record by record.
#[derive(Debug)]
pub struct Parts<R> {
    reader: R,
    /// Bytes that were read, up to `filled`; what lies behind is room for the next read.
    buffer: Vec<u8>,
    filled: usize,
    at: usize,
    /// Bytes of the file before the buffer.
    before: u64,
    key: String,
    place: Place,
    finished: bool,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    FirstKey,
    AfterValue,
    FirstElement,
    AfterElement,
}

impl<R: Read> Parts<R> {
    /// Begins at the start of `reader`.
    pub fn new(reader: R) -> Self {
        let (buffer, key) = (vec![0; 2 * CHUNK], String::new());
        Self { reader, buffer, filled: 0, at: 0, before: 0, key, place: Place::Start, finished: false }
    }

    /// The next part; `None` at the end of the file.
    pub fn next_part(&mut self) -> Result<Option<Part<'_>>, BadStream> {
        loop {
            let found = match self.place {
                Place::Start => self.open()?,
                Place::FirstKey => self.key_or_end(false)?,
                Place::AfterValue => self.key_or_end(true)?,
                Place::FirstElement => self.element_or_end(false)?,
                Place::AfterElement => self.element_or_end(true)?,
            };
            match found {
                Step::Part(range, element) => return self.part(range, element).map(Some),
                Step::On => {}
                Step::End => return Ok(None),
            }
        }
    }

    fn part(&self, range: Range<usize>, element: bool) -> Result<Part<'_>, BadStream> {
        let at = self.before + range.start as u64;
        match std::str::from_utf8(&self.buffer[range]) {
            Ok(text) => Ok(Part { key: &self.key, element, at, text }),
            Err(e) => Err(BadStream::Json { at: at + e.valid_up_to() as u64, what: "the text is not UTF-8" }),
        }
    }

    fn open(&mut self) -> Result<Step, BadStream> {
        self.fill(3)?;
        if self.buffer[..self.filled].starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        self.expect(b'{', "the file is not a JSON object")?;
        self.place = Place::FirstKey;
        Ok(Step::On)
    }

    fn key_or_end(&mut self, after_value: bool) -> Result<Step, BadStream> {
        match self.peek()? {
            Some(b'}') => {
                self.at += 1;
                return match self.peek()? {
                    None => Ok(Step::End),
                    Some(_) => self.bad("text after the end of the object"),
                };
            }
            Some(b',') if after_value => self.at += 1,
            Some(_) if after_value => return self.bad("a comma or a closing brace is missing"),
            _ => {}
        }
        self.read_key()?;
        if self.peek()? == Some(b'[') {
            self.at += 1;
            self.place = Place::FirstElement;
            return Ok(Step::On);
        }
        self.place = Place::AfterValue;
        Ok(Step::Part(self.value()?, false))
    }

    fn read_key(&mut self) -> Result<(), BadStream> {
        if self.peek()? != Some(b'"') {
            return self.bad("a key was expected");
        }
        let range = self.value()?;
        let Ok(key) = serde_json::from_slice(&self.buffer[range]) else { return self.bad("a key is damaged") };
        self.key = key;
        self.expect(b':', "a colon is missing")
    }

    fn element_or_end(&mut self, after_element: bool) -> Result<Step, BadStream> {
        match self.peek()? {
            Some(b']') => {
                self.at += 1;
                self.place = Place::AfterValue;
                return Ok(Step::On);
            }
            Some(b',') if after_element => self.at += 1,
            Some(_) if after_element => return self.bad("a comma or a closing bracket is missing"),
            _ => {}
        }
        self.place = Place::AfterElement;
        Ok(Step::Part(self.value()?, true))
    }

    /// Takes one value; its range in the buffer.
    fn value(&mut self) -> Result<Range<usize>, BadStream> {
        let first = self.peek()?;
        self.drop_taken();
        let start = self.at;
        let mut end = start;
        match first {
            Some(b'{' | b'[') => self.container_end(&mut end)?,
            Some(b'"') => self.string_end(&mut end)?,
            Some(b',' | b':' | b'}' | b']') | None => return self.bad("a value was expected"),
            Some(_) => self.scalar_end(&mut end)?,
        }
        self.at = end;
        Ok(start..end)
    }

    // The next two see every byte of a file. They index plain slices, because iterators and `get` cost a call a byte
    // where this crate is built for quick rebuilds.
    fn container_end(&mut self, end: &mut usize) -> Result<(), BadStream> {
        let mut depth = 0u32;
        let mut in_string = false;
        let mut at = *end;
        loop {
            let bytes = &self.buffer[..self.filled];
            while at < bytes.len() {
                let byte = bytes[at];
                at += 1;
                if in_string {
                    match byte {
                        b'"' => in_string = false,
                        b'\\' => at += 1,
                        _ => {}
                    }
                    continue;
                }
                match STRUCTURE[byte as usize] {
                    0 => {}
                    1 => depth += 1,
                    2 => {
                        depth -= 1;
                        if depth == 0 {
                            *end = at;
                            return Ok(());
                        }
                    }
                    _ => in_string = true,
                }
            }
            self.more()?;
        }
    }

    /// `end` is at the opening quote before, after the closing quote afterwards.
    fn string_end(&mut self, end: &mut usize) -> Result<(), BadStream> {
        let mut at = *end + 1;
        loop {
            let bytes = &self.buffer[..self.filled];
            while at < bytes.len() {
                let byte = bytes[at];
                at += 1;
                match byte {
                    b'"' => {
                        *end = at;
                        return Ok(());
                    }
                    b'\\' => at += 1,
                    _ => {}
                }
            }
            self.more()?;
        }
    }

    fn scalar_end(&mut self, end: &mut usize) -> Result<(), BadStream> {
        loop {
            while let Some(byte) = self.buffer[..self.filled].get(*end) {
                if matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r') {
                    return Ok(());
                }
                *end += 1;
            }
            self.more()?;
        }
    }

    /// The next byte that is not white space, without taking it; `None` at the end of the file.
    fn peek(&mut self) -> Result<Option<u8>, BadStream> {
        loop {
            while let Some(byte) = self.buffer[..self.filled].get(self.at) {
                if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                    return Ok(Some(*byte));
                }
                self.at += 1;
            }
            if self.finished {
                return Ok(None);
            }
            self.drop_taken();
            self.read_chunk()?;
        }
    }

    fn expect(&mut self, wanted: u8, what: &'static str) -> Result<(), BadStream> {
        match self.peek()? {
            Some(found) if found == wanted => {
                self.at += 1;
                Ok(())
            }
            None => self.truncated(),
            Some(_) => self.bad(what),
        }
    }

    fn drop_taken(&mut self) {
        // Moving the rest costs as much as it is long, so it waits until the taken part is the larger one.
        if self.at > CHUNK && self.at * 2 > self.filled {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.before += self.at as u64;
            self.filled -= self.at;
            self.at = 0;
        }
    }

    fn fill(&mut self, bytes: usize) -> Result<(), BadStream> {
        while self.filled < bytes && !self.finished {
            self.read_chunk()?;
        }
        Ok(())
    }

    fn more(&mut self) -> Result<(), BadStream> {
        if self.finished {
            return self.truncated();
        }
        if self.filled - self.at > MAX_RECORD {
            return self.bad("one record is larger than 256 MB");
        }
        self.read_chunk()
    }

    fn read_chunk(&mut self) -> Result<(), BadStream> {
        if self.buffer.len() - self.filled < CHUNK {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.filled..self.filled + CHUNK;
        let read = loop {
            match self.reader.read(&mut self.buffer[room.clone()]) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(BadStream::Io)?,
            }
        };
        self.filled += read;
        self.finished = read == 0;
        Ok(())
    }

    fn bad<T>(&self, what: &'static str) -> Result<T, BadStream> {
        Err(BadStream::Json { at: self.before + self.at as u64, what })
    }

    fn truncated<T>(&self) -> Result<T, BadStream> {
        Err(BadStream::Json { at: self.before + self.filled as u64, what: "the file ends too early" })
    }
}

/// What a step of the walk found.
enum Step {
    Part(Range<usize>, bool),
    On,
    End,
}

/// 1 opens, 2 closes, 3 is a quote.
const STRUCTURE: [u8; 256] = {
    let mut table = [0; 256];
    table[b'{' as usize] = 1;
    table[b'[' as usize] = 1;
    table[b'}' as usize] = 2;
    table[b']' as usize] = 2;
    table[b'"' as usize] = 3;
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte a read, so that every boundary is met.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            into[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn parts(text: &str) -> Result<Vec<(String, bool, String)>, BadStream> {
        let mut parts = Parts::new(Drip(text.as_bytes()));
        let mut all = Vec::new();
        while let Some(part) = parts.next_part()? {
            assert!(text[part.at as usize..].starts_with(part.text));
            all.push((part.key.to_owned(), part.element, part.text.to_owned()));
        }
        Ok(all)
    }

    #[test]
    fn records_come_one_by_one_whatever_the_reads_are() {
        let text =
            "\u{feff} { \"info\" : {\"a\":[1]}, \"images\":[ {\"f\":\"}]\\\"\"} , 2 ],\"none\":[], \"x\":null } \n";
        let got = parts(text).unwrap();
        let got: Vec<_> = got.iter().map(|(k, e, t)| (k.as_str(), *e, t.as_str())).collect();
        let want = [
            ("info", false, "{\"a\":[1]}"),
            ("images", true, "{\"f\":\"}]\\\"\"}"),
            ("images", true, "2"),
            ("x", false, "null"),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let text = "{\"images\":[{\"id\":1,\"n\":\"a\"},{\"id\":2}],\"annotations\":[],\"v\":1}";
        assert_eq!(parts(text).unwrap().len(), 3);
        for cut in 0..text.len() {
            assert!(parts(&text[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_not_an_object_of_records_is_refused() {
        for bad in ["", "[]", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":[1 2]}", "{\"a\":[1,]}", "{} {}", "{1:2}"] {
            assert!(parts(bad).is_err(), "{bad}");
        }
    }
}
