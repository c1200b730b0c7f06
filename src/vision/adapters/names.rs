//! Class names of detectors: what the manifest says, what Ultralytics writes into a file, and how a DETR's slots map.

use super::Parts;
use crate::model_error::ModelError;
use crate::network::Network;

/// The names of a detector's classes, in the order of its outputs. Those of the manifest win over those in the file; a
/// detector that counts its classes differently is refused, for every label would be wrong.
pub(super) fn class_names(
    parts: &Parts<'_>,
    network: &Network,
    count: Option<usize>,
) -> Result<Vec<String>, ModelError> {
    let own = || network.metadata("names").and_then(dictionary);
    let said = Some(&parts.manifest.classes).filter(|names| !names.is_empty()).cloned().or_else(own);
    match (said, count) {
        (Some(names), Some(count)) => {
            let expected = format!("it has {} class names, so it scores as many classes, not {count}", names.len());
            parts.demand(network, names.len() == count, &expected)?;
            Ok(names)
        }
        (Some(names), None) => Ok(names),
        (None, Some(count)) => Ok((0..count).map(|class| format!("class {class}")).collect()),
        (None, None) => Err(unnamed(parts)),
    }
}

/// Nothing says how many classes there are.
pub(super) fn unnamed(parts: &Parts<'_>) -> ModelError {
    let family = &parts.manifest.family;
    ModelError::Manifest(format!("the {family} file does not name its classes: list them as `classes = [...]`"))
}

/// How a DETR's slots of scores stand for classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slots {
    /// One a class.
    Plain,
    /// One a class, and a last one for "nothing".
    BackgroundLast,
    /// COCO's category ids, with gaps.
    CocoIds,
}

/// COCO's category ids that no category has, of 0 to 90.
const COCO_GAPS: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

impl Slots {
    /// The class of a slot, if it stands for one.
    pub(super) fn class(self, slot: usize, count: usize) -> Option<usize> {
        match self {
            Self::Plain => Some(slot),
            Self::BackgroundLast => Some(slot).filter(|slot| slot + 1 < count),
            Self::CocoIds if COCO_GAPS.contains(&slot) || slot > 90 => None,
            Self::CocoIds => Some(slot - COCO_GAPS.iter().filter(|gap| **gap < slot).count()),
        }
    }
}

/// Names and slots of a DETR with `slots` scores a query. 91 of them are COCO's ids (RF-DETR's checkpoints) unless the
/// manifest names 90 or 91 classes; one more than there are names is the background.
pub(super) fn detr_names(
    parts: &Parts<'_>,
    network: &Network,
    slots: Option<usize>,
) -> Result<(Vec<String>, Slots), ModelError> {
    let named = parts.manifest.classes.len();
    match slots {
        Some(91) if named == 80 => Ok((parts.manifest.classes.clone(), Slots::CocoIds)),
        Some(91) if named == 0 => Ok((COCO.iter().map(|name| (*name).to_owned()).collect(), Slots::CocoIds)),
        Some(count) if named + 1 == count => Ok((parts.manifest.classes.clone(), Slots::BackgroundLast)),
        count => Ok((class_names(parts, network, count)?, Slots::Plain)),
    }
}

/// COCO's eighty categories in the order of their ids.
pub(super) const COCO: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

/// Python's way of writing `{0: 'person', 1: "driver's cab"}` or `['person', …]`, numbered from 0 without a gap.
pub(super) fn dictionary(text: &str) -> Option<Vec<String>> {
    let mut reader = Reader { rest: text.trim() };
    let has_keys = reader.take('{');
    if !has_keys && !reader.take('[') {
        return None;
    }
    let mut names = Vec::new();
    while !reader.take('}') && !reader.take(']') {
        let key = if has_keys { reader.number()? } else { names.len() };
        if key != names.len() || has_keys && !reader.take(':') {
            return None;
        }
        names.push(reader.quoted()?);
        if !reader.take(',') && !reader.rest.starts_with(['}', ']']) {
            return None;
        }
    }
    (reader.rest.is_empty() && !names.is_empty()).then_some(names)
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn take(&mut self, sign: char) -> bool {
        let found = self.rest.strip_prefix(sign).map(str::trim_start);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn number(&mut self) -> Option<usize> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit())?;
        let number = self.rest[..end].parse().ok();
        self.rest = self.rest[end..].trim_start();
        number
    }

    fn quoted(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let mut signs = self.rest[1..].char_indices();
        let mut name = String::new();
        loop {
            match signs.next()? {
                (at, sign) if sign == quote => {
                    self.rest = self.rest[1 + at + 1..].trim_start();
                    return Some(name);
                }
                (_, '\\') => name.extend(escape(&mut signs)?),
                (_, sign) => name.push(sign),
            }
        }
    }
}

fn escape(signs: &mut std::str::CharIndices<'_>) -> Option<Option<char>> {
    let code = |signs: &mut std::str::CharIndices<'_>, digits| {
        let hex: String = signs.by_ref().take(digits).map(|(_, sign)| sign).collect();
        u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32)
    };
    Some(Some(match signs.next()?.1 {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'x' => code(signs, 2)?,
        'u' => code(signs, 4)?,
        'U' => code(signs, 8)?,
        '\n' => return Some(None),
        sign => sign,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_python_writes_them() {
        let names = dictionary(r#"{0: 'person', 1: "driver's cab", 2: 'a, b: {c}', 3: 'caf\xe9 \u2603 \'x\' \\'}"#);
        assert_eq!(names.expect("four"), ["person", "driver's cab", "a, b: {c}", "café ☃ 'x' \\"]);
        assert_eq!(dictionary("['a', 'b',]").expect("two"), ["a", "b"]);
        for bad in ["", "{}", "{1: 'a'}", "{0: 'a' 1: 'b'}", "{0: 'a'", "{0: 'a'} x", "{0: a}", "{0: 'a\\"] {
            assert_eq!(dictionary(bad), None, "{bad}");
        }
    }

    #[test]
    fn coco_ids_have_gaps() {
        assert_eq!(Slots::CocoIds.class(1, 91), Some(0));
        assert_eq!(Slots::CocoIds.class(13, 91), Some(11));
        assert_eq!(Slots::CocoIds.class(90, 91), Some(79));
        assert_eq!(Slots::CocoIds.class(12, 91), None);
        assert_eq!((0..91).filter(|slot| Slots::CocoIds.class(*slot, 91).is_some()).count(), COCO.len());
        assert_eq!(Slots::BackgroundLast.class(3, 4), None);
    }
}
