//! Colours of classes: apart from each other for colour-blind eyes, the same in every run.

/// Okabe and Ito's eight (black replaced by a violet that shows on dark photographs), then Tol's bright and muted.
/// Sources: Okabe & Ito 2008 "Color Universal Design"; Paul Tol's technical note SRON/EPS/TN/09-002.
const COLOURS: &[&str] = &[
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#9467ff", "#66ccee", "#228833",
    "#ee6677", "#aa3377", "#88ccee", "#44aa99", "#ddcc77", "#cc6677", "#882255", "#117733", "#999933", "#aa4499",
];

/// Colour of the class with this position, `#rrggbb`; repeats after twenty.
#[must_use]
pub fn class_colour(position: usize) -> &'static str {
    COLOURS[position % COLOURS.len()]
}
