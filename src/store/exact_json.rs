//! JSON that gives back every number bit for bit.
//!
//! `serde_json` reads a few decimals in a million one step off (its `float_roundtrip` feature would rebuild every crate
//! that names it). Such a number is kept as a marked text; all others stay plain, so that people can query them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

/// No text of ours begins with this control character.
const MARK: char = '\u{1}';

/// A value as JSON.
pub(crate) fn write(value: &impl Serialize) -> serde_json::Result<String> {
    let mut tree = serde_json::to_value(value)?;
    visit(&mut tree, &mark);
    serde_json::to_string(&tree)
}

/// A value from what [`write`] wrote.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut tree: Value = serde_json::from_str(text)?;
    visit(&mut tree, &unmark);
    serde_json::from_value(tree)
}

fn visit(value: &mut Value, change: &dyn Fn(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|field| visit(field, change)),
        leaf => change(leaf),
    }
}

fn mark(leaf: &mut Value) {
    let Some(number) = leaf.as_f64().filter(|_| leaf.is_f64()) else { return };
    let text = leaf.to_string();
    let survives = serde_json::from_str::<f64>(&text).is_ok_and(|read| read.to_bits() == number.to_bits());
    if !survives {
        *leaf = Value::String(format!("{MARK}{text}"));
    }
}

fn unmark(leaf: &mut Value) {
    let exact = leaf.as_str().and_then(|text| text.strip_prefix(MARK)?.parse().ok()).and_then(Number::from_f64);
    if let Some(number) = exact {
        *leaf = Value::Number(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_bit_for_bit() {
        let mut state = 1_u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (state >> 11) as f64 / (1_u64 << 40) as f64;
            let read: Vec<f64> = parse(&write(&vec![number]).unwrap()).unwrap();
            assert_eq!(read[0].to_bits(), number.to_bits(), "{number}");
        }
    }

    #[test]
    fn texts_and_whole_numbers_stay_what_they_are() {
        assert_eq!(write(&("12.5", 3, 0.25)).unwrap(), "[\"12.5\",3,0.25]");
    }
}
