//! YOLO in the layouts of Ultralytics, Roboflow, CVAT, Label Studio and Darknet: boxes, outlines, oriented boxes.
//!
//! One reader, three writers. What a row means is declared (`--task`, or our own `data.yaml`), never guessed. An empty
//! label file is a confirmed negative; a missing one says nothing.

mod description;
mod labels;
mod numbers;
mod oriented;
mod read;
mod rows;
mod sets;
mod write;

#[cfg(test)]
mod real_sets;
#[cfg(test)]
mod tests;

pub(super) use write::upright;

use tator_domain::Image;

use super::{Format, Labels, ReadOptions, Sink, Task, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::Source;

/// `yolo`: boxes.
pub const DETECT: Yolo = Yolo { name: "yolo", task: Task::Detect, summary: "YOLO: a text file of boxes per picture" };
/// `yolo-seg`: outlines.
pub const SEGMENT: Yolo = Yolo { name: "yolo-seg", task: Task::Segment, summary: "YOLO with outlines" };
/// `yolo-obb`: oriented boxes.
pub const OBB: Yolo = Yolo { name: "yolo-obb", task: Task::Obb, summary: "YOLO with oriented boxes" };

/// Label files that `auto` looks into.
const SAMPLED: usize = 50;

/// One of the three kinds of rows.
#[derive(Debug)]
pub struct Yolo {
    name: &'static str,
    task: Task,
    summary: &'static str,
}

impl Format for Yolo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn recognise(&self, source: &Source) -> Option<String> {
        // The three read alike, so only one of them answers.
        if self.task == Task::Detect { recognise(source) } else { None }
    }

    fn read(&self, source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
        // `yolo-seg` and `yolo-obb` declare the task by their name; `yolo` reads any and asks when it matters.
        let named = (self.task != Task::Detect).then_some(self.task);
        read::read(source, &ReadOptions { task: options.task.or(named), ..options.clone() }, sink)
    }

    fn image_path(&self, image: &Image) -> Option<String> {
        Some(write::image_path(image))
    }

    fn write(&self, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
        write::write(self.task, labels, out)
    }
}

/// A description, or label files beside pictures whose rows are YOLO's.
fn recognise(source: &Source) -> Option<String> {
    let about = description::find(source);
    match about {
        Ok(about) if !about.classes.is_empty() && (about.file.ends_with("aml") || about.file.ends_with(".yml")) => {
            return Some(format!("{} names {} classes", about.file, about.classes.len()));
        }
        Ok(about) if about.file.ends_with(".data") => return Some(format!("{} describes a Darknet set", about.file)),
        Err(error) if error.to_string().contains("several data sets") => return Some(error.to_string()),
        _ => {}
    }
    let images: Vec<&str> = source.images().map(|e| e.path.as_str()).collect();
    let files = labels::pair(source, &images, &[]).ok()?;
    let paired: Vec<&str> = files.of_image.iter().flatten().copied().chain(files.orphans).collect();
    let mut rows = 0;
    for label in paired.iter().take(SAMPLED) {
        let Some(line) = sets::first_line(source, label) else { continue };
        let numbers = line.split_whitespace().skip(1).map(str::parse::<f64>);
        let is_row = labels::looks_like_row(&line);
        if !is_row || !numbers.flatten().all(|v| (-0.01..=1.01).contains(&v)) {
            return None;
        }
        rows += 1;
    }
    (rows > 0).then(|| format!("{} label files such as {} hold rows of YOLO", paired.len(), paired[0]))
}
