//! Few rows fall into islands that nothing binds to each other, and springs then push them apart without end: how far is
//! chance and says nothing. They are moved together as they stand, each in its own direction, until a strait is left.

/// More rows are bound to each other, and looking at every pair would take long.
const FEW: usize = 1_000;
/// A way longer than so many usual ways to the nearest other parts islands.
const APART: f32 = 6.0;
/// Rounds of moving, and how far towards the middle each goes.
const ROUNDS: usize = 400;
const STEP: f32 = 0.98;

/// Rows of one island, around its middle.
struct Island {
    rows: Vec<usize>,
    middle: [f32; 2],
    reach: f32,
}

fn far(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn middle(places: &[[f32; 2]], rows: &[usize]) -> [f32; 2] {
    let sum = |axis: usize| rows.iter().map(|row| places[*row][axis]).sum::<f32>() / rows.len().max(1) as f32;
    [sum(0), sum(1)]
}

/// The same places with islands moved together.
pub(super) fn together(mut places: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    if places.len() > FEW || places.len() < 4 {
        return places;
    }
    let mut islands = islands(&places);
    let all: Vec<usize> = (0..places.len()).collect();
    let centre = middle(&places, &all);
    let strait = islands.iter().map(|island| island.reach).sum::<f32>() / islands.len().max(1) as f32 * 0.6;
    for _ in 0..ROUNDS {
        for at in 0..islands.len() {
            let to = [0, 1].map(|axis| centre[axis] + (islands[at].middle[axis] - centre[axis]) * STEP);
            let free = islands.iter().enumerate().all(|(other, island)| {
                let room = islands[at].reach + island.reach + strait;
                // Nearer than that already: then at least no nearer.
                other == at || far(to, island.middle) >= room.min(far(islands[at].middle, island.middle))
            });
            if free {
                islands[at].middle = to;
            }
        }
    }
    for island in &islands {
        let from = middle(&places, &island.rows);
        for row in &island.rows {
            for axis in 0..2 {
                places[*row][axis] += island.middle[axis] - from[axis];
            }
        }
    }
    places
}

/// Rows that a chain of short ways joins, the shortest ways first to be taken (Prim).
fn islands(places: &[[f32; 2]]) -> Vec<Island> {
    let nearest = |row: usize| {
        let others = places.iter().enumerate().filter(|(other, _)| *other != row);
        others.map(|(_, place)| far(places[row], *place)).fold(f32::INFINITY, f32::min)
    };
    let mut ways: Vec<f32> = (0..places.len()).map(nearest).collect();
    ways.sort_by(f32::total_cmp);
    let most = (ways[ways.len() / 2] * APART).max(f32::MIN_POSITIVE);
    let (mut island_of, mut count) = (vec![usize::MAX; places.len()], 0);
    for first in 0..places.len() {
        if island_of[first] != usize::MAX {
            continue;
        }
        let mut waiting = vec![first];
        island_of[first] = count;
        while let Some(row) = waiting.pop() {
            for other in 0..places.len() {
                if island_of[other] == usize::MAX && far(places[row], places[other]) <= most {
                    island_of[other] = count;
                    waiting.push(other);
                }
            }
        }
        count += 1;
    }
    let island = |number: usize| {
        let rows: Vec<usize> = (0..places.len()).filter(|row| island_of[*row] == number).collect();
        let middle = middle(places, &rows);
        let reach = rows.iter().map(|row| far(places[*row], middle)).fold(0.0, f32::max);
        Island { rows, middle, reach }
    };
    (0..count).map(island).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three rings of 20 rows, a hundred apart.
    fn clumps() -> Vec<[f32; 2]> {
        let at = |n: usize| {
            let [x, y]: [f32; 2] = [[0.0, 0.0], [100.0, 10.0], [-20.0, 90.0]][n % 3];
            let turn = (n / 3) as f32 * std::f32::consts::TAU / 20.0;
            [x + turn.cos(), y + turn.sin()]
        };
        (0..60).map(at).collect()
    }

    #[test]
    fn islands_come_together_as_they_stand() {
        let (before, after) = (clumps(), together(clumps()));
        let wide = |places: &[[f32; 2]]| {
            let all = places.iter().flat_map(|a| places.iter().map(|b| far(*a, *b)));
            all.fold(0.0, f32::max)
        };
        assert!(wide(&after) < wide(&before) / 5.0, "{} {}", wide(&before), wide(&after));
        for a in 0..60 {
            for b in 0..60 {
                let (was, is) = (far(before[a], before[b]), far(after[a], after[b]));
                if a % 3 == b % 3 {
                    assert!((was - is).abs() < 1e-3, "an island keeps its shape");
                } else {
                    assert!(is > 0.5, "islands stay apart: {is}");
                }
            }
        }
    }

    #[test]
    fn what_hangs_together_stays() {
        let chain: Vec<[f32; 2]> = (0..50).map(|n| [n as f32, (n as f32 * 0.3).sin()]).collect();
        assert_eq!(together(chain.clone()), chain);
        assert_eq!(together(vec![[1.0, 1.0]; 9]), vec![[1.0, 1.0]; 9]);
    }
}
