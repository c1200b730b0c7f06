//! Beside XGBoost in Python: its answers on small data, made by `tests/learning/boost.py`.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Error;
use crate::fixtures::{assert_close, numbers, read, rows};

struct Data {
    names: Vec<String>,
    columns: Vec<Vec<f32>>,
    right: Vec<f32>,
    train: usize,
}

impl Data {
    fn of(fixture: &Value) -> Self {
        let cells = fixture["rows"].as_array().unwrap();
        let width = cells[0].as_array().unwrap().len();
        let column =
            |at: usize| cells.iter().map(|row| row[at].as_f64().map_or(f32::NAN, |cell| cell as f32)).collect();
        Self {
            names: (0..width).map(|at| format!("column <{at}>")).collect(),
            columns: (0..width).map(column).collect(),
            right: numbers(&fixture["right"]).into_iter().map(|right| right as f32).collect(),
            train: fixture["train"].as_u64().unwrap() as usize,
        }
    }

    fn table(&self) -> Columns<'_> {
        Columns::new(&self.names, self.columns.iter().map(Vec::as_slice).collect()).unwrap()
    }

    fn trained(&self, parameters: &Parameters) -> Trained {
        let (table, all) = (self.table(), (0..self.right.len()).collect::<Vec<_>>());
        let sample = |rows: std::ops::Range<usize>| Sample {
            columns: &table,
            rows: &all[rows.clone()],
            targets: &self.right[rows],
            weights: &[],
            margins: &[],
        };
        train(&sample(0..self.train), Some(&sample(self.train..all.len())), parameters, &mut |_| true).unwrap()
    }

    fn tune_rows(&self) -> Vec<usize> {
        (self.train..self.right.len()).collect()
    }
}

fn parameters(case: &Value, names: &[String]) -> Parameters {
    let signs = case["monotone"].as_array().into_iter().flatten().zip(names);
    let bound = signs.filter_map(|(sign, name)| match sign.as_i64() {
        Some(1) => Some((name.clone(), Direction::Up)),
        Some(-1) => Some((name.clone(), Direction::Down)),
        _ => None,
    });
    Parameters {
        rounds: case["rounds"].as_u64().unwrap() as u32,
        early_stop: 10,
        max_depth: 4,
        eta: 0.1,
        subsample: 1.0,
        colsample: 1.0,
        gamma: 0.1,
        alpha: 0.1,
        max_bin: 64,
        balance: case["balance"].as_bool().unwrap(),
        monotone: bound.collect(),
        ..Parameters::default()
    }
}

#[test]
fn models_are_those_of_python() {
    let fixture = read("boost.json");
    let data = Data::of(&fixture);
    for case in fixture["cases"].as_array().unwrap() {
        let trained = data.trained(&parameters(case, &data.names));
        assert_eq!(u64::from(trained.rounds), case["best"].as_u64().unwrap());
        let curve = |of: &dyn Fn(&Step) -> f64| trained.curve.iter().map(of).collect::<Vec<_>>();
        assert_close("train loss", &curve(&|step| step.train), &numbers(&case["train"]), 1e-5);
        assert_close("tune loss", &curve(&|step| step.tune.unwrap()), &numbers(&case["tune"]), 1e-5);
        let margins = trained.model.margins(&data.table(), &data.tune_rows()).unwrap();
        assert_close("margins", &margins, &numbers(&case["margins"]), 1e-5);
        let reasons = trained.model.contributions(&data.table(), &data.tune_rows()[..10]).unwrap();
        for (ours, theirs) in reasons.iter().zip(rows(&case["contributions"])) {
            assert_close("contributions", ours, &theirs, 1e-4);
        }
        for importance in trained.model.importances().unwrap() {
            let at = data.names.iter().position(|name| *name == importance.name).unwrap();
            let theirs = case["gains"][format!("f{at}")].as_f64().unwrap_or(0.0);
            assert!((importance.gain - theirs).abs() <= 1e-3 * theirs.max(1.0), "{importance:?} {theirs}");
        }
    }
}

#[test]
fn contributions_add_up_to_the_margin() {
    let data = Data::of(&read("boost.json"));
    let model = data.trained(&Parameters { rounds: 30, ..Parameters::default() }).model;
    let (table, rows) = (data.table(), data.tune_rows());
    let margins = model.margins(&table, &rows).unwrap();
    let sums: Vec<f64> = model.contributions(&table, &rows).unwrap().iter().map(|row| row.iter().sum()).collect();
    assert_close("sums", &sums, &margins, 1e-4);
    let probabilities = model.predict(&table, &rows).unwrap();
    assert!(probabilities.iter().all(|one| (0.0..=1.0).contains(one)));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_files_open_again() {
    let data = Data::of(&read("boost.json"));
    let options = Parameters { rounds: 25, ..Parameters::default() };
    let (mut first, mut second) = (data.trained(&options).model, data.trained(&options).model);
    let mut other = data.trained(&Parameters { seed: 43, ..options }).model;
    for format in [Format::Ubj, Format::Json] {
        let bytes = first.to_bytes(format).unwrap();
        assert_eq!(bytes, second.to_bytes(format).unwrap());
        assert_ne!(bytes, other.to_bytes(format).unwrap());
        let mut again = Model::from_bytes(&bytes).unwrap();
        assert_eq!(again.names(), data.names);
        let (table, rows) = (data.table(), data.tune_rows());
        assert_eq!(again.margins(&table, &rows).unwrap(), first.margins(&table, &rows).unwrap());
        assert_eq!(again.to_bytes(format).unwrap(), bytes);
    }
}

#[test]
fn a_bound_column_never_lowers_the_answer() {
    let data = Data::of(&read("boost.json"));
    let monotone = [(data.names[0].clone(), Direction::Up), (data.names[2].clone(), Direction::Down)].into();
    let model = data.trained(&Parameters { rounds: 60, monotone, ..Parameters::default() }).model;
    let steps: Vec<f32> = (-30..30).map(|step| step as f32 / 10.0).collect();
    for (at, sign) in [(0, 1.0), (2, -1.0)] {
        let columns: Vec<Vec<f32>> =
            (0..6).map(|column| if column == at { steps.clone() } else { vec![0.1; steps.len()] }).collect();
        let table = Columns::new(&data.names, columns.iter().map(Vec::as_slice).collect()).unwrap();
        let margins = model.margins(&table, &(0..steps.len()).collect::<Vec<_>>()).unwrap();
        assert!(margins.windows(2).all(|pair| sign * (pair[1] - pair[0]) >= -1e-6), "{margins:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let data = Data::of(&read("boost.json"));
    let (table, all) = (data.table(), (0..10).collect::<Vec<_>>());
    let alike = Sample { columns: &table, rows: &all, targets: &[1.0; 10], weights: &[], margins: &[] };
    let said = train(&alike, None, &Parameters::default(), &mut |_| true).unwrap_err().to_string();
    assert!(said.contains("nothing to tell apart"), "{said}");
    let short = Sample { targets: &[1.0; 9], ..alike };
    assert!(train(&short, None, &Parameters::default(), &mut |_| true).is_err());
    assert!(Parameters { eta: 0.0, ..Parameters::default() }.check().is_err());
    assert!(Parameters { max_depth: 99, ..Parameters::default() }.check().is_err());
    assert!(matches!(Model::from_bytes(b"PK\x03\x04"), Err(Error::Artefact(_))));
    assert!(matches!(Model::from_bytes(b"{\"learner\":{}}"), Err(Error::Artefact(_))));
    let model = data.trained(&Parameters { rounds: 3, ..Parameters::default() }).model;
    let renamed: Vec<String> = (0..6).map(|at| format!("other {at}")).collect();
    let other = Columns::new(&renamed, data.columns.iter().map(Vec::as_slice).collect()).unwrap();
    let said = model.margins(&other, &all).unwrap_err().to_string();
    assert!(said.contains("column <0>"), "{said}");
    assert!(Columns::new(&data.names, vec![&data.columns[0][..]]).is_err());
}

#[test]
fn trees_begin_at_given_margins_and_add_to_them() {
    let data = Data::of(&read("boost.json"));
    let (table, all) = (data.table(), (0..data.train).collect::<Vec<_>>());
    let targets = &data.right[..data.train];
    let parameters = Parameters { rounds: 1, balance: false, eta: 0.01, subsample: 1.0, ..Parameters::default() };
    let known: Vec<f32> = targets.iter().map(|right| if *right > 0.5 { 4.0 } else { -4.0 }).collect();
    let sample = Sample { columns: &table, rows: &all, targets, weights: &[], margins: &known };
    let trained = train(&sample, None, &parameters, &mut |_| true).unwrap();
    // One small tree cannot know so much: the margins do.
    assert!(trained.curve[0].train < 0.02, "{:?}", trained.curve);
    let adds = trained.model.margins(&table, &all).unwrap();
    assert!(adds.iter().all(|add| add.abs() < 0.1), "{adds:?}");
    let short = Sample { margins: &known[1..], ..sample };
    assert!(train(&short, None, &parameters, &mut |_| true).is_err());
}

#[test]
fn a_listener_that_has_enough_stops_the_work() {
    let data = Data::of(&read("boost.json"));
    let (table, all) = (data.table(), (0..data.train).collect::<Vec<_>>());
    let sample = Sample { columns: &table, rows: &all, targets: &data.right[..data.train], weights: &[], margins: &[] };
    let stopped = train(&sample, None, &Parameters::default(), &mut |step| step.round < 3);
    assert!(matches!(stopped, Err(Error::Stopped)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn gathered_rows_keep_their_cells(cells in proptest::collection::vec(-1e3f32..1e3, 12), picks in proptest::collection::vec(0usize..4, 0..9)) {
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let table = Columns::new(&names, cells.chunks(4).collect()).unwrap();
        let wanted: Vec<f32> = picks.iter().flat_map(|row| (0..3).map(|column| cells[column * 4 + row]).collect::<Vec<_>>()).collect();
        prop_assert_eq!(table.gather(&picks), wanted);
    }
}
