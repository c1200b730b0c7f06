//! Charts that need no script: bars of counts, and an interval on a common scale.

use tator_pipeline::calibrate::ScoreTable;

/// Bars of a histogram.
pub const BARS: usize = 50;

/// Counts of one bar: right, wrong, without truth.
type Bar = (u64, u64, u64);

/// A stack of right over wrong, and beside it those without truth, each with its place in a picture of 500 by 100.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Bars: x, y of right, height of right, y of wrong, height of wrong, words.
    pub bars: Vec<(usize, f64, f64, f64, f64, String)>,
    /// Outline of those without truth.
    pub open: String,
    /// Right, wrong and open in all.
    pub totals: (u64, u64, u64),
}

/// Candidates of all classes by probability.
#[must_use]
pub fn histogram(table: &ScoreTable) -> Histogram {
    let mut all = [(0, 0, 0); BARS];
    for (bin, right, wrong, open) in table.classes.iter().flat_map(|class| &class.bins) {
        let at = usize::try_from(*bin).unwrap_or(0) * BARS / 1000;
        let bar: &mut Bar = &mut all[at.min(BARS - 1)];
        *bar = (bar.0 + right, bar.1 + wrong, bar.2 + open);
    }
    let most = all.iter().map(|bar| bar.0 + bar.1).max().unwrap_or(0).max(1);
    let most_open = all.iter().map(|bar| bar.2).max().unwrap_or(0).max(1);
    let root = |part: u64, whole: u64| (part as f64 / whole as f64).sqrt() * 96.0;
    let bar = |(at, (right, wrong, _)): (usize, &Bar)| {
        let whole = root(right + wrong, most);
        let share = if right + wrong == 0 { 0.0 } else { *right as f64 / (right + wrong) as f64 };
        let (high, low) = (whole * share, whole * (1.0 - share));
        let (from, to) = (at as f64 / BARS as f64, (at + 1) as f64 / BARS as f64);
        let words = format!("{from:.2} to {to:.2}: {right} right, {wrong} wrong");
        (at * 10, 100.0 - whole, high, 100.0 - low, low, words)
    };
    let open = all.iter().enumerate().map(|(at, bar)| {
        let y = 100.0 - root(bar.2, most_open);
        format!("{}{} {y:.1}H{}", if at == 0 { 'M' } else { 'L' }, at * 10, at * 10 + 10)
    });
    Histogram {
        bars: all.iter().enumerate().map(bar).collect(),
        open: open.collect(),
        totals: all.iter().fold((0, 0, 0), |sum, bar| (sum.0 + bar.0, sum.1 + bar.1, sum.2 + bar.2)),
    }
}

/// Raw scores of one source: its name, candidates, and the path of its twenty bars in a picture of 100 by 24.
pub fn raw(counts: &[(String, i32, u64)]) -> Vec<(String, u64, String)> {
    let by_source = counts.chunk_by(|a, b| a.0 == b.0);
    let line = |bars: &[(String, i32, u64)]| {
        let most = bars.iter().map(|bar| bar.2).max().unwrap_or(1).max(1);
        let path = bars.iter().map(|(_, at, n)| {
            let high = (*n as f64 / most as f64).sqrt() * 22.0;
            format!("M{} 24v-{high:.1}h4v{high:.1}z", at * 5)
        });
        (bars[0].0.clone(), bars.iter().map(|bar| bar.2).sum(), path.collect())
    };
    by_source.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_pipeline::calibrate::ClassScores;

    #[test]
    fn bars_hold_every_candidate() {
        let bins = vec![(-1, 1, 0, 0), (0, 1, 1, 0), (999, 3, 0, 7), (1000, 1, 0, 0)];
        let class = ClassScores {
            class_id: 1,
            name: String::new(),
            colour: String::new(),
            least: None,
            truths: 9,
            duplicates: 0,
            bins,
        };
        let found = histogram(&ScoreTable { queue_from: 0.1, iou: 0.5, classes: vec![class] });
        assert_eq!(found.totals, (6, 1, 7));
        assert_eq!(found.bars.len(), BARS);
        let last = &found.bars[BARS - 1];
        assert!((last.2 - 96.0).abs() < 1e-9 && last.4 == 0.0, "{last:?}");
    }

    #[test]
    fn each_source_has_its_bars() {
        let counts = [("a".to_owned(), 0, 4), ("a".to_owned(), 19, 1), ("b".to_owned(), 3, 9)];
        let found = raw(&counts);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].1, found[1].1), (5, 9));
        assert_eq!(found[1].2, "M15 24v-22.0h4v22.0z");
    }
}
