//! Any history of edits, undos and redos ends where a list in memory says it ends.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tator_store::Edit;

use crate::harness::cellar::{Cellar, add, coins, delete, move_to};
use crate::harness::rows::{assert_same, tables};
use crate::store::published;

#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Move(usize, u8),
    Delete(usize),
    Undo,
    Redo,
    Restart,
    Fold,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..80_u8).prop_map(Step::Add),
        3 => (0..8_usize, 0..80_u8).prop_map(|(n, x)| Step::Move(n, x)),
        2 => (0..8_usize).prop_map(Step::Delete),
        3 => Just(Step::Undo),
        2 => Just(Step::Redo),
        1 => Just(Step::Restart),
        1 => Just(Step::Fold),
    ];
    prop::collection::vec(step, 1..24)
}

/// Left edges by number, as they should be, with what can be undone and redone.
#[derive(Default)]
struct Model {
    now: BTreeMap<i64, f64>,
    past: Vec<BTreeMap<i64, f64>>,
    future: Vec<BTreeMap<i64, f64>>,
}

impl Model {
    fn commit(&mut self, new: BTreeMap<i64, f64>) {
        self.past.push(std::mem::replace(&mut self.now, new));
        self.future.clear();
    }

    fn nth(&self, n: usize) -> Option<i64> {
        self.now.keys().nth(n % self.now.len().max(1)).copied()
    }
}

fn make(cellar: &Cellar, model: &mut Model, n: usize, edit: Edit, change: impl FnOnce(&mut BTreeMap<i64, f64>, i64)) {
    let answer = cellar.edit(1, &format!("edit{n}"), vec![edit]);
    let mut new = model.now.clone();
    change(&mut new, answer.ids.get("n").copied().unwrap_or_default());
    model.commit(new);
}

fn take(cellar: &mut Cellar, model: &mut Model, n: usize, step: &Step) {
    match step {
        Step::Add(x) => {
            let x = f64::from(*x);
            make(cellar, model, n, add("n", x, 1.0, 5.0, 5.0), |boxes, id| {
                boxes.insert(id, x);
            });
        }
        Step::Move(which, x) => {
            let Some(id) = model.nth(*which) else { return };
            make(cellar, model, n, move_to(id, f64::from(*x)), |boxes, _| {
                boxes.insert(id, f64::from(*x));
            });
        }
        Step::Delete(which) => {
            let Some(id) = model.nth(*which) else { return };
            make(cellar, model, n, delete(id), |boxes, _| {
                boxes.remove(&id);
            });
        }
        Step::Undo => match model.past.pop() {
            Some(before) => {
                cellar.undo(1, &format!("undo{n}"));
                model.future.push(std::mem::replace(&mut model.now, before));
            }
            None => assert!(cellar.writer().undo(&coins(), 1, &format!("undo{n}"), "").is_err()),
        },
        Step::Redo => match model.future.pop() {
            Some(after) => {
                cellar.redo(1, &format!("redo{n}"));
                model.past.push(std::mem::replace(&mut model.now, after));
            }
            None => assert!(cellar.writer().redo(&coins(), 1, &format!("redo{n}"), "").is_err()),
        },
        Step::Restart => cellar.reopen(),
        Step::Fold => {
            cellar.writer().fold(&coins()).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_history_ends_where_it_should_and_is_published_so(steps in steps()) {
        let mut cellar = Cellar::filled(5, 0);
        cellar.load_every_kind();
        let mut model = Model::default();
        for (n, step) in steps.iter().enumerate() {
            take(&mut cellar, &mut model, n, step);
            let detail = cellar.reader().image(&coins(), 1).unwrap();
            let found: BTreeMap<i64, f64> = detail.boxes.iter().map(|b| (b.box_id, b.rect.x)).collect();
            prop_assert_eq!(&found, &model.now, "after step {} of {:?}", n, steps);
            prop_assert_eq!((detail.can_undo, detail.can_redo), (!model.past.is_empty(), !model.future.is_empty()));
        }
        cellar.writer().fold(&coins()).unwrap();
        assert_same(&published(&cellar), &tables(cellar.reader(), &coins()), "published");
    }
}
