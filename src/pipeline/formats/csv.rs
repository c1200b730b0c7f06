//! CSV, out only: `boxes.csv` with one row a box and `images.csv` with one row an image (RFC 4180, UTF-8).
//!
//! `boxes.csv`: `image_id, path, split, box_id, class_id, class, x, y, w, h, angle, score, area, is_crowd, origin,
//! state, source_id`; `images.csv`: `image_id, path, width, height, split, state, n_boxes, source_id`. Boxes are in
//! pixels of the upright image. A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return would be a
//! formula to a spreadsheet and gets a `'` in front (OWASP, "CSV Injection").

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{Seek as _, Write};

use csv::{QuoteStyle, Writer, WriterBuilder};
use tator_domain::{Image, ImageBox};
use tempfile::SpooledTempFile;

use super::coco::json_text::push_number;
use super::{Format, Labels, ReadOptions, Sink, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::Source;

/// Bytes of a file that stay in memory.
const SPOOL: usize = 16 << 20;

const BOX_COLUMNS: [&str; 17] = [
    "image_id",
    "path",
    "split",
    "box_id",
    "class_id",
    "class",
    "x",
    "y",
    "w",
    "h",
    "angle",
    "score",
    "area",
    "is_crowd",
    "origin",
    "state",
    "source_id",
];
const IMAGE_COLUMNS: [&str; 8] = ["image_id", "path", "width", "height", "split", "state", "n_boxes", "source_id"];

/// CSV for spreadsheets.
#[derive(Debug)]
pub struct Csv;

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn summary(&self) -> &'static str {
        "CSV for spreadsheets, one row a box; export only"
    }

    fn recognise(&self, _source: &Source) -> Option<String> {
        None
    }

    fn read(&self, source: &Source, _options: &ReadOptions, _sink: &mut dyn Sink) -> Result<(), Error> {
        Err(Error::invalid(source.name(), "CSV is for export only; import YOLO, COCO, Pascal VOC or Parquet"))
    }

    fn image_path(&self, _image: &Image) -> Option<String> {
        None
    }

    fn write(&self, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
        let names: HashMap<i32, &str> = labels.classes().iter().map(|c| (c.class_id, c.name.as_str())).collect();
        let mut report = WriteReport { classes: names.len() as u64, ..WriteReport::default() };
        let (mut images, mut boxes) = (table(&IMAGE_COLUMNS)?, table(&BOX_COLUMNS)?);
        let mut outlines = 0u64;
        labels.for_each(&mut |image, on_image| {
            images.write_record(image_row(image)).map_err(failed)?;
            report.images += 1;
            for one in on_image {
                let class = names.get(&one.class_id).copied().unwrap_or_default();
                let row = box_row(image, one, class);
                boxes.write_record(row.iter().map(|field| field.as_bytes())).map_err(failed)?;
                report.boxes += 1;
                outlines += u64::from(one.polygon.is_some() || one.mask.is_some());
            }
            Ok(())
        })?;
        if outlines > 0 {
            report.left_out.push((format!("{outlines} outlines and masks"), "CSV holds boxes only".to_owned()));
        }
        put(out, "images.csv", images)?;
        put(out, "boxes.csv", boxes)?;
        Ok(report)
    }
}

fn failed(error: csv::Error) -> Error {
    Error::io("writing a temporary file")(error.into())
}

fn table(columns: &[&str]) -> Result<Writer<SpooledTempFile>, Error> {
    let mut builder = WriterBuilder::new();
    builder.quote_style(QuoteStyle::Necessary).terminator(csv::Terminator::CRLF);
    let mut writer = builder.from_writer(SpooledTempFile::new(SPOOL));
    writer.write_record(columns).map_err(failed)?;
    Ok(writer)
}

fn put(out: &mut dyn Output, path: &str, table: Writer<SpooledTempFile>) -> Result<(), Error> {
    let written = table.into_inner().map_err(|e| Error::io("writing a temporary file")(e.into_error()));
    let mut file = written?;
    out.file(path, &mut |to: &mut dyn Write| {
        file.rewind()
            .and_then(|()| std::io::copy(&mut file, to))
            .map(drop)
            .map_err(Error::io(format!("writing {path}")))
    })
}

/// A text that no spreadsheet takes for a formula.
fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn number(value: Option<f64>) -> Cow<'static, str> {
    let mut text = String::new();
    if let Some(value) = value {
        push_number(value, &mut text);
    }
    Cow::Owned(text)
}

fn image_row(image: &Image) -> [String; 8] {
    [
        image.image_id.to_string(),
        guarded(&image.path).into_owned(),
        image.width.to_string(),
        image.height.to_string(),
        image.split.to_string(),
        image.state.to_string(),
        image.n_boxes.to_string(),
        guarded(image.source_id.as_deref().unwrap_or_default()).into_owned(),
    ]
}

fn box_row<'a>(image: &'a Image, one: &'a ImageBox, class: &'a str) -> [Cow<'a, str>; 17] {
    [
        Cow::Owned(image.image_id.to_string()),
        guarded(&image.path),
        Cow::Borrowed(image.split.as_str()),
        Cow::Owned(one.box_id.to_string()),
        Cow::Owned(one.class_id.to_string()),
        guarded(class),
        number(Some(one.rect.x)),
        number(Some(one.rect.y)),
        number(Some(one.rect.w)),
        number(Some(one.rect.h)),
        number(one.angle),
        number(one.score),
        number(one.area),
        Cow::Borrowed(if one.is_crowd { "true" } else { "false" }),
        guarded_owned(&one.origin.to_string()),
        Cow::Borrowed(one.state.as_str()),
        guarded(one.source_id.as_deref().unwrap_or_default()),
    ]
}

fn guarded_owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(guarded(text).into_owned())
}
