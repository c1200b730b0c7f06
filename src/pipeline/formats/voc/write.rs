//! Writes `Annotations/`, `ImageSets/Main/` and `labelmap.txt`, the same bytes for the same labels.

use std::collections::{BTreeMap, HashMap};

use quick_xml::escape::escape;
use tator_domain::{Image, ImageBox, ImageState, Split};

use super::object;
use crate::error::Error;
use crate::formats::matching::{base_name, stem};
use crate::formats::spread::{Sheet, write_sheets};
use crate::formats::{Labels, WriteReport};
use crate::output::Output;

/// Writes everything but the pictures.
pub fn write(labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
    let names: HashMap<i32, &str> = labels.classes().iter().map(|c| (c.class_id, c.name.as_str())).collect();
    let (dataset, shared) = (labels.dataset(), shared_stems(labels)?);
    let mut report = WriteReport { classes: names.len() as u64, ..WriteReport::default() };
    let mut lists: BTreeMap<Split, String> = BTreeMap::new();
    labels.for_each_image(&mut |image| {
        if image.split != Split::None {
            let list = lists.entry(image.split).or_default();
            list.push_str(xml_name(image, &shared));
            list.push('\n');
        }
        Ok(())
    })?;
    write_sheets(labels, out, &mut report, &|image, boxes| sheet(dataset, &names, &shared, image, boxes))?;
    for (split, list) in lists {
        write_text(out, &format!("ImageSets/Main/{split}.txt"), &list)?;
    }
    let mut map = String::from("# label:color_rgb:parts:actions\n");
    labels.classes().iter().for_each(|c| map.push_str(&format!("{}:{}::\n", one_line(&c.name), rgb(&c.colour))));
    write_text(out, "labelmap.txt", &map)?;
    Ok(report)
}

/// The XML of an image. One without objects says that there are none, so an image that nobody has looked at gets none.
fn sheet(
    dataset: &str,
    names: &HashMap<i32, &str>,
    shared: &HashMap<String, u32>,
    image: &Image,
    boxes: &[ImageBox],
) -> Sheet {
    let mut sheet = Sheet::default();
    if boxes.is_empty() && !matches!(image.state, ImageState::Labelled | ImageState::Reviewed) {
        return sheet;
    }
    let xml = annotation(dataset, image, boxes, names, &mut sheet);
    sheet.file = Some((format!("Annotations/{}.xml", xml_name(image, shared)), xml.into_bytes()));
    sheet
}

fn write_text(out: &mut dyn Output, path: &str, text: &str) -> Result<(), Error> {
    out.file(path, &mut |to| to.write_all(text.as_bytes()).map_err(Error::io(format!("writing {path}"))))
}

/// Stems that several images share, so that their XML files need the extension too; with the count as it grows.
fn shared_stems(labels: &dyn Labels) -> Result<HashMap<String, u32>, Error> {
    let mut count: HashMap<String, u32> = HashMap::new();
    labels.for_each_image(&mut |image| {
        *count.entry(stem(&image.path).to_lowercase()).or_default() += 1;
        Ok(())
    })?;
    count.retain(|_, n| *n > 1);
    Ok(count)
}

fn xml_name<'a>(image: &'a Image, shared: &HashMap<String, u32>) -> &'a str {
    let name = stem(&image.path);
    if shared.contains_key(&name.to_lowercase()) { &image.path } else { name }
}

fn annotation(
    dataset: &str,
    image: &Image,
    boxes: &[ImageBox],
    names: &HashMap<i32, &str>,
    sheet: &mut Sheet,
) -> String {
    let mut xml = String::from("<annotation>\n");
    xml.push_str("  <folder>JPEGImages</folder>\n");
    xml.push_str(&format!("  <filename>{}</filename>\n", escape(base_name(&image.path))));
    xml.push_str(&format!("  <source><database>{}</database></source>\n", escape(dataset)));
    let (width, height) = (image.width, image.height);
    xml.push_str(&format!("  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>\n"));
    let segmented = u8::from(boxes.iter().any(|b| b.polygon.is_some()));
    xml.push_str(&format!("  <segmented>{segmented}</segmented>\n"));
    for one in boxes {
        let item = || format!("{} box {}", image.path, one.box_id);
        let Some(name) = names.get(&one.class_id) else {
            sheet.left_out.push((item(), "its class does not exist".to_owned()));
            continue;
        };
        let left_out = object::write(one, name, &mut xml);
        sheet.left_out.extend(left_out.into_iter().map(|reason| (item(), reason.to_owned())));
        sheet.boxes += 1;
    }
    xml.push_str("</annotation>\n");
    xml
}

fn one_line(name: &str) -> String {
    name.split(['\n', '\r']).collect::<Vec<_>>().join(" ")
}

/// `#0a0b0c` as `10,11,12`.
fn rgb(colour: &str) -> String {
    let part = |at: usize| colour.get(at..at + 2).and_then(|h| u8::from_str_radix(h, 16).ok()).unwrap_or(0);
    format!("{},{},{}", part(1), part(3), part(5))
}
