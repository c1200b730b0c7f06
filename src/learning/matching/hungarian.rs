//! The assignment problem by shortest augmenting paths with potentials (Jonker and Volgenant 1987), in O(n³).

use super::Match;

/// More than any sum of overlaps, so that one more pair is worth more than better pairs.
const PER_PAIR: f64 = 1e4;

/// For each row its column, or none; a pair needs a gain. As many pairs as possible, then the greatest sum of gains.
pub(super) fn assign(gains: &[Vec<Option<f64>>]) -> Vec<Option<Match>> {
    let (n_rows, n_columns) = (gains.len(), gains.first().map_or(0, Vec::len));
    // Each row has a column of its own that stands for "none", so that every row can be assigned.
    let cost = |row: usize, column: usize| match gains[row].get(column) {
        Some(Some(gain)) => -(PER_PAIR + gain),
        Some(None) => PER_PAIR,
        None => 0.0,
    };
    let columns = shortest_paths(n_rows, n_columns + n_rows, cost);
    let found = |(row, column): (usize, usize)| {
        let gain = gains[row].get(column).copied().flatten()?;
        Some(Match { truth: column, iou: gain })
    };
    columns.into_iter().enumerate().map(found).collect()
}

/// For each row the column that makes the sum of costs least; at least as many columns as rows.
fn shortest_paths(n_rows: usize, n_columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    // Rows and columns count from 1 here; column 0 is where the search for a new row begins.
    let (mut of_row, mut of_column) = (vec![0.0; n_rows + 1], vec![0.0; n_columns + 1]);
    let mut row_of = vec![0; n_columns + 1];
    for row in 1..=n_rows {
        row_of[0] = row;
        let (mut least, mut used) = (vec![f64::INFINITY; n_columns + 1], vec![false; n_columns + 1]);
        let mut from = vec![0; n_columns + 1];
        let mut column = 0;
        while row_of[column] != 0 {
            used[column] = true;
            let (here, mut delta, mut next) = (row_of[column], f64::INFINITY, 0);
            for other in (1..=n_columns).filter(|other| !used[*other]) {
                let reduced = cost(here - 1, other - 1) - of_row[here] - of_column[other];
                if reduced < least[other] {
                    (least[other], from[other]) = (reduced, column);
                }
                if least[other] < delta {
                    (delta, next) = (least[other], other);
                }
            }
            for other in 0..=n_columns {
                if used[other] {
                    of_row[row_of[other]] += delta;
                    of_column[other] -= delta;
                } else {
                    least[other] -= delta;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
    }
    let mut columns = vec![0; n_rows];
    (1..=n_columns).filter(|column| row_of[*column] != 0).for_each(|column| columns[row_of[column] - 1] = column - 1);
    columns
}
