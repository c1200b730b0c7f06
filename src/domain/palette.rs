//! Colours of classes: apart from each other for colour-blind eyes, the same in every run.

/// Okabe and Ito's eight (black replaced by a violet that shows on dark photographs), then those of Tol's bright and muted
/// that are not like one before, then each as far as may be from all before and from the last ten: farthest in OKLab,
/// also as red-blind and green-blind eyes see it, between lightness 0.46 and 0.9.
/// Sources: Okabe & Ito 2008 "Color Universal Design"; Paul Tol's technical note SRON/EPS/TN/09-002; Machado 2009.
const COLOURS: &[&str] = &[
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#9467ff", "#66ccee", "#228833",
    "#ee6677", "#aa3377", "#ddcc77", "#882255", "#999933", "#0339e7", "#33fcc3", "#e830ca", "#1494f1", "#b3a5c7",
    "#526202", "#742bb2", "#7a6d8d", "#25cf38", "#cc275e", "#ae8858", "#bcdef7", "#aeee8f", "#4cb491", "#3469e7",
    "#8699e2", "#625a39", "#901690", "#a569a3", "#fea15b", "#5d29cf", "#d44e4d", "#f2cce1", "#64fe6b", "#8dcba9",
    "#729a8a", "#c12edf", "#e664cc", "#0a6576", "#6d589e", "#d0a277", "#ebc811", "#b4321c", "#fba8f8", "#4d9718",
    "#01d7c5", "#0ea5a1", "#7f5e4e", "#c35eda", "#c9e3ab", "#5854c4", "#717fb2", "#90458f", "#f93675", "#d28b57",
    "#cb95d8", "#f8b4c0", "#6ed48d", "#a06523",
];

/// Colour of the class with this position, `#rrggbb`; repeats after sixty-four.
#[must_use]
pub fn class_colour(position: usize) -> &'static str {
    COLOURS[position % COLOURS.len()]
}

#[cfg(test)]
mod tests {
    use super::COLOURS;

    fn parts(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or_default()))
    }

    #[test]
    fn no_two_classes_look_alike_and_neighbours_least_of_all() {
        let far = |a: &str, b: &str| parts(a).iter().zip(parts(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        for (at, a) in COLOURS.iter().enumerate() {
            for b in &COLOURS[at + 1..] {
                assert!(far(a, b) > 24.0, "{a} {b}");
            }
            for b in COLOURS.iter().cycle().skip(at + 1).take(4) {
                assert!(far(a, b) > 48.0, "{a} {b}");
            }
        }
    }
}
