//! A small XML file as a tree. Entities other than the five of XML itself are refused, so nothing can expand.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};

/// Deepest nesting of an annotation file; real ones have five levels.
const MAX_DEPTH: usize = 32;

/// An element without its attributes, which VOC does not use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Name of the tag.
    pub name: String,
    /// Text directly inside, trimmed by [`Element::text`].
    content: String,
    /// Elements inside, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// Children of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// Text of the first child of that name, trimmed; `None` when there is none or it is empty.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(Self::text).filter(|t| !t.is_empty())
    }

    /// Text directly inside, trimmed.
    pub fn text(&self) -> &str {
        self.content.trim()
    }

    /// Number in the first child of that name.
    pub fn number_of(&self, name: &str) -> Option<f64> {
        self.text_of(name).and_then(|t| t.parse().ok())
    }
}

/// Reads a whole file.
///
/// # Errors
/// Why it is no XML that we take, in words that are the same for every file with the same trouble.
pub fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|_| "the XML is damaged".to_owned())? {
            Event::Start(tag) => {
                if open.len() > MAX_DEPTH {
                    return Err("the XML is nested too deeply".to_owned());
                }
                open.push(Element { name: tag.name().0.to_owned(), ..Element::default() });
            }
            Event::Empty(tag) => {
                close(&mut open, Some(Element { name: tag.name().0.to_owned(), ..Element::default() }));
            }
            Event::End(_) => {
                let done = if open.len() > 1 { open.pop() } else { None };
                close(&mut open, done);
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => append(&mut open, &resolve(&reference)?),
            Event::DocType(declared) if declared.contains(['[', '&']) || declared.contains("ENTITY") => {
                return Err("the XML declares entities, which is refused".to_owned());
            }
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match (open.len(), open.pop().and_then(|mut top| top.children.pop())) {
        (1, Some(root)) => Ok(root),
        (1, None) => Err("the XML is empty".to_owned()),
        _ => Err("the XML ends too early".to_owned()),
    }
}

fn close(open: &mut [Element], done: Option<Element>) {
    if let (Some(parent), Some(done)) = (open.last_mut(), done) {
        parent.children.push(done);
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.content.push_str(text);
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => return Ok(character.to_string()),
        Ok(None) => {}
        Err(_) => return Err("the XML is damaged".to_owned()),
    }
    let known = resolve_xml_entity(reference);
    known.map(str::to_owned).ok_or_else(|| "the XML uses entities of its own, which is refused".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_escapes_are_read() {
        let root = parse("<?xml version='1.0'?><a> <b>x &amp; &#xe9; <![CDATA[<y>]]> </b><c/></a>\n").unwrap();
        assert_eq!(root.text_of("b"), Some("x & é <y>"));
        assert_eq!(root.text_of("c"), None);
        assert!(root.child("c").is_some());
    }

    #[test]
    fn an_entity_bomb_is_refused() {
        let bomb = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><annotation>&b;</annotation>";
        assert_eq!(parse(bomb).unwrap_err(), "the XML declares entities, which is refused");
        assert!(parse("<a>&xxe;</a>").unwrap_err().contains("entities of its own"));
        let outside = "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a>x</a>";
        assert_eq!(parse(outside).unwrap().text(), "x");
    }

    #[test]
    fn damaged_files_are_refused() {
        for bad in ["", "<a>", "<a><b></a></b>", "</a>", "<a", "plain", "<a>&#xffffffff;</a>"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&"<a>".repeat(100)).unwrap_err().contains("deeply"));
    }
}
