//! The rows of a label file: `class` and then numbers, whose meaning the task declares.

use std::collections::HashSet;

use tator_domain::{PixelBox, Polygon};

use super::super::Task;
use super::numbers::{point_from_unit, span_from_unit};
use super::oriented;

/// How far outside 0 to 1 a number may lie; Ultralytics allows the same.
const SLACK: f64 = 0.01;

/// What a label file holds.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Rows that could be read.
    pub boxes: Vec<Row>,
    /// Line and reason of those that could not.
    pub bad: Vec<(usize, &'static str)>,
    /// Line and message of those that are kept but deserve a look.
    pub odd: Vec<(usize, &'static str)>,
    /// The first line whose meaning depends on a task that nobody declared, with its number of columns.
    pub undeclared: Option<(usize, usize)>,
}

/// One object, in pixels of the upright image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Line in the file, from 1.
    pub line: usize,
    /// Number of its class in the list of names.
    pub class: usize,
    /// Where it is.
    pub rect: PixelBox,
    /// Outline, or the four corners of an oriented box.
    pub polygon: Option<Polygon>,
    /// Clockwise turn in degrees.
    pub angle: Option<f64>,
    /// A number behind the shape, as prediction dumps have it.
    pub score: Option<f64>,
}

/// What is known before the rows are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    /// What the person or the description declared.
    pub task: Option<Task>,
    /// The description speaks of keypoints, which follow the box.
    pub keypoints: bool,
    /// Size of the upright image.
    pub width: f64,
    /// Size of the upright image.
    pub height: f64,
}

/// Reads a label file; a bad row costs itself alone.
pub(super) fn parse(text: &str, meaning: Meaning) -> Rows {
    let mut rows = Rows::default();
    let mut seen = HashSet::new();
    let mut numbers = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if !read_numbers(line, &mut numbers) {
            rows.bad.push((line_number, "not a row of numbers"));
            continue;
        }
        if numbers.len() > 5 && meaning.task.is_none() {
            rows.undeclared.get_or_insert((line_number, numbers.len()));
            continue;
        }
        match parse_row(&numbers, meaning) {
            Err(reason) => rows.bad.push((line_number, reason)),
            Ok((mut row, remark)) => {
                row.line = line_number;
                rows.odd.extend(remark.map(|r| (line_number, r)));
                if !seen.insert(line) {
                    rows.odd.push((line_number, "the same row stands here twice"));
                }
                rows.boxes.push(row);
            }
        }
    }
    rows
}

fn read_numbers(line: &str, numbers: &mut Vec<f64>) -> bool {
    numbers.clear();
    for token in line.split_whitespace() {
        match token.parse::<f64>() {
            Ok(number) if number.is_finite() => numbers.push(number),
            _ => return false,
        }
    }
    true
}

type Parsed = Result<(Row, Option<&'static str>), &'static str>;

fn parse_row(numbers: &[f64], meaning: Meaning) -> Parsed {
    let (class, shape) = numbers.split_first().ok_or("an empty row")?;
    if *class < 0.0 || class.fract() != 0.0 || *class > 1e9 {
        return Err("the class is not a whole number from 0");
    }
    let class = *class as usize;
    match (meaning.task.unwrap_or(Task::Detect), shape.len()) {
        (_, 4) => plain(class, shape, meaning),
        (Task::Detect, 5) => scored(plain(class, &shape[..4], meaning), shape[4]),
        (Task::Detect, n) if meaning.keypoints && n > 5 => plain(class, &shape[..4], meaning),
        (Task::Detect, n) if n >= 6 && n % 2 == 0 => bounds(class, shape, meaning),
        (Task::Segment, n) if n >= 6 && n % 2 == 0 => outline(class, shape, meaning),
        (Task::Obb, 8) => corners(class, shape, meaning),
        (Task::Obb, 9) => scored(corners(class, &shape[..8], meaning), shape[8]),
        (Task::Detect, _) => Err("a box has 5 numbers: class, centre x, centre y, width, height"),
        (Task::Segment, _) => Err("an outline has a class and at least three pairs of numbers"),
        (Task::Obb, _) => Err("an oriented box has 9 numbers: class and four corners"),
    }
}

fn check_range(numbers: &[f64]) -> Result<(), &'static str> {
    if numbers.iter().all(|v| (-SLACK..=1.0 + SLACK).contains(v)) {
        return Ok(());
    }
    if numbers.iter().any(|v| *v > 2.0) {
        return Err("the numbers look like pixels; YOLO rows hold fractions of the picture's size");
    }
    Err("a number lies more than 1 % outside 0 to 1")
}

fn plain(class: usize, shape: &[f64], meaning: Meaning) -> Parsed {
    let &[cx, cy, w, h] = shape else { return Err("a box has 5 numbers") };
    if w <= 0.0 || h <= 0.0 {
        return Err("the box has no area");
    }
    check_range(shape)?;
    let (x, w_pixels) = span_from_unit(cx, w, meaning.width);
    let (y, h_pixels) = span_from_unit(cy, h, meaning.height);
    if w_pixels <= 0.0 || h_pixels <= 0.0 {
        return Err("the box lies outside the picture");
    }
    let sticks_out = |c: f64, s: f64| c - s / 2.0 < -SLACK || c + s / 2.0 > 1.0 + SLACK;
    let remark = (sticks_out(cx, w) || sticks_out(cy, h)).then_some(STICKS_OUT);
    let rect = PixelBox { x, y, w: w_pixels, h: h_pixels };
    Ok((Row { line: 0, class, rect, polygon: None, angle: None, score: None }, remark))
}

fn scored(parsed: Parsed, last: f64) -> Parsed {
    let (mut row, remark) = parsed?;
    if (0.0..=1.0).contains(&last) {
        row.score = Some(last);
        return Ok((row, remark));
    }
    Ok((row, remark.or(Some("the last number is no confidence and was left out"))))
}

/// As Ultralytics does, the range is asked of the box around the points: corners of real sets stick out.
fn check_points(shape: &[f64]) -> Result<Option<&'static str>, &'static str> {
    let range = |from: usize| {
        let axis = shape.iter().skip(from).step_by(2);
        axis.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
    };
    let ((x0, x1), (y0, y1)) = (range(0), range(1));
    check_range(&[f64::midpoint(x0, x1), f64::midpoint(y0, y1), x1 - x0, y1 - y0])?;
    let sticks_out = x0.min(y0) < -SLACK || x1.max(y1) > 1.0 + SLACK;
    Ok(sticks_out.then_some(STICKS_OUT))
}

/// Remark on what reaches far beyond the picture.
const STICKS_OUT: &str = "reaches more than 1 % beyond the picture";

fn ring(shape: &[f64], meaning: Meaning) -> Result<Vec<[f64; 2]>, &'static str> {
    let point = |p: &[f64]| [point_from_unit(p[0], meaning.width), point_from_unit(p[1], meaning.height)];
    let mut ring: Vec<[f64; 2]> = shape.chunks_exact(2).map(point).collect();
    ring.dedup();
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    if ring.len() < 3 { Err("the outline has fewer than three different points") } else { Ok(ring) }
}

fn outline(class: usize, shape: &[f64], meaning: Meaning) -> Parsed {
    let remark = check_points(shape)?;
    let polygon = Polygon::from_ring(ring(shape, meaning)?);
    let rect = polygon.bounds().unwrap_or_default();
    if rect.w <= 0.0 || rect.h <= 0.0 {
        return Err("the outline has no area");
    }
    Ok((Row { line: 0, class, rect, polygon: Some(polygon), angle: None, score: None }, remark))
}

/// A polygon in a set that was declared to hold boxes: its bounds, as Ultralytics takes it.
fn bounds(class: usize, shape: &[f64], meaning: Meaning) -> Parsed {
    let (row, _) = outline(class, shape, meaning)?;
    Ok((Row { polygon: None, ..row }, Some("an outline was read as the box around it, as the task is detect")))
}

fn corners(class: usize, shape: &[f64], meaning: Meaning) -> Parsed {
    let remark = check_points(shape)?;
    let mut corners = [[0.0; 2]; 4];
    for (corner, pair) in corners.iter_mut().zip(shape.chunks_exact(2)) {
        *corner = [pair[0] * meaning.width, pair[1] * meaning.height];
    }
    let polygon = Polygon::from_ring(corners.to_vec());
    if polygon.area() <= 0.0 {
        return Err("the oriented box has no area");
    }
    let (rect, angle) = oriented::from_corners(&corners);
    Ok((Row { line: 0, class, rect, polygon: Some(polygon), angle: Some(angle), score: None }, remark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, task: Option<Task>) -> Rows {
        parse(text, Meaning { task, keypoints: false, width: 100.0, height: 200.0 })
    }

    #[test]
    fn rows_survive_crlf_tabs_blank_lines_and_a_class_with_a_point() {
        let rows = read("0 0.5 0.5 0.2 0.1\r\n\r\n1.0\t0.5\t0.5\t0.5\t0.5  \r\n", None);
        assert_eq!(rows.boxes.len(), 2);
        assert_eq!(rows.boxes[0].rect, PixelBox { x: 40.0, y: 90.0, w: 20.0, h: 20.0 });
        assert_eq!((rows.boxes[1].class, rows.boxes[1].line), (1, 3));
    }

    #[test]
    fn a_bad_row_costs_itself_alone_and_is_named() {
        let text = "0 0.5 0.5 0.2 0.1\nx 1 2 3 4\n0 0.5 0.5\n0 1.5 0.5 0.1 0.1\n0 0.5 0.5 0 0.1\n-1 0.5 0.5 0.1 0.1\n\
                    0.5 0.5 0.5 0.1 0.1\n0 nan 0.5 0.1 0.1\n0 320 240 20 20";
        let rows = read(text, None);
        assert_eq!(rows.boxes.len(), 1);
        let lines: Vec<usize> = rows.bad.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(rows.bad.iter().any(|(_, reason)| reason.contains("pixels")));
    }

    #[test]
    fn one_percent_of_excess_is_cut_off_and_more_is_refused() {
        let rows = read("0 1.005 0.5 0.01 0.1\n0 1.02 0.5 0.1 0.1\n0 0.1 0.5 0.4 0.1", None);
        assert_eq!(rows.boxes.len(), 2);
        assert!((rows.boxes[0].rect.right() - 100.0).abs() < 1e-9);
        assert_eq!(rows.bad, [(2, "a number lies more than 1 % outside 0 to 1")]);
        assert_eq!(rows.boxes[1].rect.x, 0.0);
        assert_eq!(rows.odd.len(), 1);
    }

    #[test]
    fn nine_numbers_mean_what_the_task_declares() {
        let text = "3 0.1 0.1 0.5 0.1 0.5 0.2 0.1 0.2";
        assert_eq!(read(text, None).undeclared, Some((1, 9)));
        let outline = &read(text, Some(Task::Segment)).boxes[0];
        assert!(outline.angle.is_none() && outline.polygon.is_some());
        let oriented = &read(text, Some(Task::Obb)).boxes[0];
        assert!(oriented.angle.is_some_and(|a| a.abs() < 1e-9));
        assert!((oriented.rect.w - 40.0).abs() < 1e-9);
        let detected = &read(text, Some(Task::Detect)).boxes[0];
        assert!(detected.polygon.is_none());
    }

    #[test]
    fn the_same_row_twice_is_kept_and_mentioned() {
        let rows = read("0 0.5 0.5 0.2 0.1\n0 0.5 0.5 0.2 0.1\n", None);
        assert_eq!((rows.boxes.len(), rows.odd.len()), (2, 1));
    }

    #[test]
    fn an_outline_loses_its_closing_point_and_needs_three() {
        let rows = read("0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.1\n0 0.1 0.1 0.5 0.1 0.1 0.1", Some(Task::Segment));
        let rings = rows.boxes[0].polygon.as_ref().map(|p| p.rings[0].len());
        assert_eq!((rows.boxes.len(), rings), (1, Some(3)));
        assert_eq!(rows.bad.len(), 1);
    }

    #[test]
    fn a_prediction_keeps_its_confidence() {
        assert_eq!(read("0 0.5 0.5 0.2 0.1 0.75", Some(Task::Detect)).boxes[0].score, Some(0.75));
        assert_eq!(read("0 0.5 0.5 0.2 0.1 0.75", None).undeclared, Some((1, 6)));
    }
}
