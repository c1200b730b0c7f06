//! One `<object>` of an annotation file, from and to a box.
//!
//! `pose`, `truncated`, `difficult` and `occluded` are kept in the box's attributes unless they say nothing
//! (`Unspecified`, 0); so are CVAT's `<attributes>`, of which `rotation` is the angle. Right and bottom edges are
//! sums, and a sum may lose the last bit of a side: then the exact sides stand in `<tator>` beside the edges.

use quick_xml::escape::escape;
use tator_domain::{ImageBox, PixelBox, Polygon};

use super::xml::Element;
use crate::formats::coco::json::Cursor;
use crate::formats::coco::json_text::{push_number, push_string};

/// Elements that an object always has in files of ours, with the value that says nothing.
const FLAGS: &[(&str, &str)] = &[("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0"), ("occluded", "0")];
/// Elements that are read for what they are.
const KNOWN: &[&str] = &["name", "bndbox", "polygon", "attributes", "tator", "deleted"];

/// A box as the file has it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    /// Name of its class.
    pub name: String,
    /// Where it is.
    pub rect: PixelBox,
    /// Its outline.
    pub polygon: Option<Polygon>,
    /// Degrees clockwise about the centre.
    pub angle: Option<f64>,
    /// Flags and further attributes as a JSON object.
    pub attributes: Option<String>,
    /// What deserves a look.
    pub warnings: Vec<String>,
}

/// Reads an object.
///
/// # Errors
/// Why it is left out.
pub fn read(element: &Element, one_based: bool) -> Result<Object, String> {
    let name = element.text_of("name").ok_or("it has no name")?.to_owned();
    let mut object = Object { name, ..Object::default() };
    // The original VOC counts pixels from 1 and means the last pixel, not its far edge.
    let shift = if one_based { 1.0 } else { 0.0 };
    object.polygon = element.child("polygon").map(|p| outline(p, shift)).transpose()?;
    object.rect = match (element.child("bndbox"), object.polygon.as_ref().and_then(Polygon::bounds)) {
        (Some(edges), _) => rect(edges, element.child("tator"), shift, &mut object.warnings)?,
        (None, Some(bounds)) => bounds,
        (None, None) => return Err("it has neither a box nor an outline".to_owned()),
    };
    if object.rect.w == 0.0 || object.rect.h == 0.0 {
        return Err("its box has no area".to_owned());
    }
    read_attributes(element, &mut object);
    Ok(object)
}

fn rect(edges: &Element, exact: Option<&Element>, shift: f64, warnings: &mut Vec<String>) -> Result<PixelBox, String> {
    let number = |name: &str| edges.number_of(name).filter(|v| v.is_finite());
    let all = (number("xmin"), number("ymin"), number("xmax"), number("ymax"));
    let (Some(x0), Some(y0), Some(x1), Some(y1)) = all else {
        return Err("its box is not four finite numbers".to_owned());
    };
    let (x0, y0) = (x0 - shift, y0 - shift);
    if x1 < x0 || y1 < y0 {
        warnings.push("its edges were the wrong way round; they are put in order".to_owned());
    }
    let mut rect = PixelBox::from_corners(x0, y0, x1, y1);
    let side = |name: &str| exact.and_then(|e| e.number_of(name)).filter(|v| v.is_finite() && *v >= 0.0);
    if let (Some(w), Some(h)) = (side("w"), side("h"))
        && (x0 + w, y0 + h) == (x1, y1)
    {
        (rect.w, rect.h) = (w, h);
    }
    Ok(rect)
}

/// `<x1>`, `<y1>`, `<x2>` … in any order of elements.
fn outline(polygon: &Element, shift: f64) -> Result<Polygon, String> {
    let number = |axis: char, i: usize| polygon.number_of(&format!("{axis}{i}")).filter(|v| v.is_finite());
    let points = (1..).map_while(|i| Some([number('x', i)? - shift, number('y', i)? - shift]));
    let ring: Vec<[f64; 2]> = points.collect();
    if ring.len() < 3 {
        return Err("its outline has fewer than three points".to_owned());
    }
    Ok(Polygon::from_ring(ring))
}

fn read_attributes(element: &Element, object: &mut Object) {
    let mut json = String::new();
    for child in element.children.iter().filter(|c| !KNOWN.contains(&c.name.as_str())) {
        let says_nothing = FLAGS.iter().any(|(name, value)| child.name == *name && child.text() == *value);
        if !child.children.is_empty() {
            object.warnings.push(format!("the element {} is not kept", child.name));
        } else if !says_nothing && !child.text().is_empty() {
            push_member(&child.name, child.text(), &mut json);
        }
    }
    for attribute in element.all("attributes").flat_map(|a| a.all("attribute")) {
        let (name, value) = (attribute.text_of("name").unwrap_or_default(), attribute.text_of("value"));
        match (name, value.and_then(|v| v.parse::<f64>().ok()).filter(|v| v.is_finite())) {
            ("", _) => object.warnings.push("an attribute without name is not kept".to_owned()),
            ("rotation", Some(angle)) => object.angle = Some(angle),
            _ => push_member(name, value.unwrap_or_default(), &mut json),
        }
    }
    object.attributes = (!json.is_empty()).then(|| format!("{{{json}}}"));
}

fn push_member(name: &str, text: &str, json: &mut String) {
    if !json.is_empty() {
        json.push(',');
    }
    push_string(name, json);
    json.push(':');
    // XML knows only text; what looks exactly like a JSON number or truth value becomes one.
    let number = text.parse::<f64>().ok().filter(|v| v.is_finite() && written(*v) == text);
    if number.is_some() || matches!(text, "true" | "false") {
        json.push_str(text);
    } else {
        push_string(text, json);
    }
}

fn written(value: f64) -> String {
    let mut text = String::new();
    push_number(value, &mut text);
    text
}

/// Appends a box as an object; what VOC cannot hold is returned.
pub fn write(one: &ImageBox, class: &str, xml: &mut String) -> Vec<&'static str> {
    let mut left_out = Vec::new();
    xml.push_str("  <object>\n");
    push_text("    ", "name", class, xml);
    let attributes = flat_attributes(one.attributes.as_deref());
    if attributes.is_none() {
        left_out.push("its attributes are not a JSON object");
    }
    let attributes = attributes.unwrap_or_default();
    for (flag, nothing) in FLAGS {
        let value = attributes.iter().find(|(name, _)| name == flag).map_or(*nothing, |(_, value)| value);
        push_text("    ", flag, value, xml);
    }
    push_box(&one.rect, xml);
    push_polygon(one, xml, &mut left_out);
    push_attributes(one.angle, &attributes, xml);
    xml.push_str("  </object>\n");
    if one.mask.is_some() {
        left_out.push("VOC boxes hold no masks");
    }
    if one.is_crowd {
        left_out.push("VOC has no crowds; it is written as an ordinary box");
    }
    if one.score.is_some() {
        left_out.push("VOC boxes hold no scores");
    }
    left_out
}

fn push_text(indent: &str, name: &str, text: &str, xml: &mut String) {
    // Control characters cannot stand in XML 1.0 at all.
    let sound: String = text.chars().filter(|c| *c >= ' ' || matches!(c, '\t' | '\n')).collect();
    xml.push_str(&format!("{indent}<{name}>{}</{name}>\n", escape(sound.as_str())));
}

fn push_box(rect: &PixelBox, xml: &mut String) {
    let (right, bottom) = (rect.right(), rect.bottom());
    xml.push_str("    <bndbox>\n");
    for (name, value) in [("xmin", rect.x), ("ymin", rect.y), ("xmax", right), ("ymax", bottom)] {
        push_text("      ", name, &written(value), xml);
    }
    xml.push_str("    </bndbox>\n");
    if right - rect.x != rect.w || bottom - rect.y != rect.h {
        xml.push_str(&format!("    <tator><w>{}</w><h>{}</h></tator>\n", written(rect.w), written(rect.h)));
    }
}

fn push_polygon(one: &ImageBox, xml: &mut String, left_out: &mut Vec<&'static str>) {
    match one.polygon.as_ref().map(|p| p.rings.as_slice()) {
        None | Some([]) => {}
        Some([ring]) => {
            xml.push_str("    <polygon>\n");
            for (i, [x, y]) in ring.iter().enumerate() {
                let n = i + 1;
                xml.push_str(&format!("      <x{n}>{}</x{n}>\n      <y{n}>{}</y{n}>\n", written(*x), written(*y)));
            }
            xml.push_str("    </polygon>\n");
        }
        Some(_) => left_out.push("VOC holds one outline a box, not several"),
    }
}

fn push_attributes(angle: Option<f64>, attributes: &[(String, String)], xml: &mut String) {
    let is_flag = |name: &str| FLAGS.iter().any(|(flag, _)| *flag == name);
    let own = attributes.iter().filter(|(name, _)| !(is_flag(name) || name == "rotation" && angle.is_some()));
    let mut all: Vec<(&str, &str)> = own.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let turned = angle.map(written);
    all.extend(turned.as_deref().map(|value| ("rotation", value)));
    if all.is_empty() {
        return;
    }
    xml.push_str("    <attributes>\n");
    for (name, value) in all {
        xml.push_str("      <attribute>\n");
        push_text("        ", "name", name, xml);
        push_text("        ", "value", value, xml);
        xml.push_str("      </attribute>\n");
    }
    xml.push_str("    </attributes>\n");
}

/// The members of a box's attributes as text, those of a nested `attributes` among them; `None` when damaged.
fn flat_attributes(json: Option<&str>) -> Option<Vec<(String, String)>> {
    let mut flat = Vec::new();
    let Some(json) = json else { return Some(flat) };
    members(json, &mut |name, raw| {
        if name == "attributes" && raw.starts_with('{') {
            members(raw, &mut |name, raw| {
                flat.push((name.to_owned(), plain(raw)));
                Some(())
            })?;
        } else if !name.starts_with("tator_") {
            flat.push((name.to_owned(), plain(raw)));
        }
        Some(())
    })?;
    Some(flat)
}

fn members(json: &str, each: &mut dyn FnMut(&str, &str) -> Option<()>) -> Option<()> {
    let mut sound = true;
    let mut cursor = Cursor::new(json);
    cursor
        .object(|name, c| {
            sound &= each(&name, c.raw()?).is_some();
            Ok(())
        })
        .ok()?;
    (sound && cursor.end().is_ok()).then_some(())
}

/// A JSON value as text: strings without their quotes.
fn plain(raw: &str) -> String {
    Cursor::new(raw).string().map_or_else(|_| raw.to_owned(), std::borrow::Cow::into_owned)
}
