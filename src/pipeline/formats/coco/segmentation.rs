//! The value of `segmentation` in all its spellings.

use tator_domain::{Polygon, Ring};

use super::json::{BadJson, Cursor};

/// The outline or mask, as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Segmentation {
    /// None, or an empty one.
    #[default]
    Missing,
    /// Rings of three points or more, and how many were less.
    Rings(Polygon, usize),
    /// A mask with compressed counts.
    Compressed([u32; 2], String),
    /// A mask with a list of counts.
    Counts([u32; 2], Vec<u32>),
    /// Something else.
    Odd,
}

impl Segmentation {
    /// Reads the value of `segmentation`.
    pub fn read(c: &mut Cursor<'_>) -> Result<Self, BadJson> {
        match c.peek() {
            Some(b'[') => read_rings(c),
            Some(b'{') => read_rle(c),
            Some(b'n') => c.raw().map(|_| Self::Missing),
            _ => c.raw().map(|_| Self::Odd),
        }
    }
}

/// A list of rings, or, as VIA writes it, one ring without a list around it.
fn read_rings(c: &mut Cursor<'_>) -> Result<Segmentation, BadJson> {
    let mut polygon = Polygon::default();
    let (mut dropped, mut odd) = (0, false);
    let mut flat = Vec::new();
    c.array(|c| {
        match c.peek() {
            Some(b'[') => {
                let mut numbers = Vec::with_capacity(64);
                match (c.numbers(&mut numbers)?, ring_of(&numbers)) {
                    (true, Some(ring)) => polygon.rings.push(ring),
                    _ => dropped += 1,
                }
            }
            Some(b'-' | b'0'..=b'9') => flat.push(c.number()?),
            _ => {
                c.raw()?;
                odd = true;
            }
        }
        Ok(())
    })?;
    if !flat.is_empty() {
        match ring_of(&flat) {
            Some(ring) => polygon.rings.push(ring),
            None => dropped += 1,
        }
    }
    Ok(match (odd, polygon.rings.is_empty(), dropped) {
        (true, ..) => Segmentation::Odd,
        (_, true, 0) => Segmentation::Missing,
        _ => Segmentation::Rings(polygon, dropped),
    })
}

fn ring_of(numbers: &[f64]) -> Option<Ring> {
    if numbers.len() < 6 || !numbers.len().is_multiple_of(2) {
        return None;
    }
    let mut ring = Vec::with_capacity(numbers.len() / 2);
    let mut at = 0;
    while at < numbers.len() {
        let (x, y) = (numbers[at], numbers[at + 1]);
        if !(x.is_finite() && y.is_finite()) {
            return None;
        }
        ring.push([x, y]);
        at += 2;
    }
    Some(ring)
}

fn read_rle(c: &mut Cursor<'_>) -> Result<Segmentation, BadJson> {
    let (mut size, mut text, mut counts) = (Vec::new(), None, None);
    c.object(|key, c| {
        match (&*key, c.peek()) {
            ("size", Some(b'[')) => drop(c.numbers(&mut size)?),
            ("counts", Some(b'"')) => text = Some(c.string()?.into_owned()),
            ("counts", Some(b'[')) => {
                let mut numbers = Vec::new();
                counts = c.numbers(&mut numbers)?.then_some(numbers);
            }
            _ => drop(c.raw()?),
        }
        Ok(())
    })?;
    let size: Option<Vec<u32>> = size.iter().map(|v| whole_number(*v)).collect();
    let Some([height, width]) = size.and_then(|s| <[u32; 2]>::try_from(s).ok()) else { return Ok(Segmentation::Odd) };
    let counts = counts.and_then(|all| all.iter().map(|v| whole_number(*v)).collect::<Option<Vec<u32>>>());
    Ok(match (text, counts) {
        (Some(text), _) => Segmentation::Compressed([height, width], text),
        (None, Some(counts)) => Segmentation::Counts([height, width], counts),
        (None, None) => Segmentation::Odd,
    })
}

fn whole_number(value: f64) -> Option<u32> {
    (value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value)).then_some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_outline_is_read() {
        let of = |text: &str| Segmentation::read(&mut Cursor::new(text)).unwrap();
        let ring = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]];
        assert_eq!(of("[[0,0,4,0,4,4]]"), Segmentation::Rings(Polygon::from_ring(ring.clone()), 0));
        assert_eq!(of("[0,0,4,0,4,4]"), Segmentation::Rings(Polygon::from_ring(ring.clone()), 0));
        assert_eq!(of("[[0,0,4,0,4,4],[1,2,3,4]]"), Segmentation::Rings(Polygon::from_ring(ring), 1));
        assert_eq!(of("[]"), Segmentation::Missing);
        assert_eq!(of("null"), Segmentation::Missing);
        assert_eq!(of(r#"{"size":[2,3],"counts":[6]}"#), Segmentation::Counts([2, 3], vec![6]));
        assert_eq!(of(r#"{"size":[2,3],"counts":"6"}"#), Segmentation::Compressed([2, 3], "6".to_owned()));
        assert_eq!(of(r#"{"size":[2],"counts":"6"}"#), Segmentation::Odd);
        assert_eq!(of("[{}]"), Segmentation::Odd);
        assert_eq!(of("7"), Segmentation::Odd);
    }
}
