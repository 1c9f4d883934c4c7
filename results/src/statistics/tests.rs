//! Against SciPy, NumPy and pandas (`tests/fixtures/samples.py`), and against what intervals promise.

use serde_json::Value;
use traipse_sweep::streams::{Philox, Purpose};

use super::bootstrap::Resamples;
use super::design::Design;
use super::limits::{Student, wilson};
use super::{Kind, Summarizer, Summary};

fn fixture(key: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../tests/fixtures/samples.json")).unwrap();
    all[key].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn close(found: Option<f64>, expected: &Value) {
    match (found, expected.as_f64()) {
        (None, None) => {}
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() <= 1e-11 * expected.abs().max(1e-3), "{found} is not {expected}");
        }
        _ => panic!("{found:?} is not {expected}"),
    }
}

fn crossed(i: u32, j: u32) -> Design {
    let level = |replicate: u32| (replicate / j, replicate % j);
    let (first, second) = (0..i * j).map(level).unzip();
    Design::Crossed { first, second }
}

#[test]
fn independent_runs_as_pandas_and_scipy_see_them() {
    for case in fixture("iid") {
        let found = Summarizer::new(Design::Iid).summarize(&numbers(&case["values"]), Kind::Number, None);
        let scalars = [
            ("mean", found.mean),
            ("sd", found.sd),
            ("sem", found.sem),
            ("median", found.median),
            ("q05", found.q05),
            ("q25", found.q25),
            ("q75", found.q75),
            ("q95", found.q95),
            ("min", found.min),
            ("max", found.max),
            ("geometric_mean", found.geometric_mean),
        ];
        for (name, value) in scalars {
            close(value, &case[name]);
        }
        for (name, limits) in [("t", found.t), ("log_t", found.log_t)] {
            close(limits.map(|limits| limits.0), &case[name][0]);
            close(limits.map(|limits| limits.1), &case[name][1]);
        }
        assert_eq!(found.bootstrap, None);
    }
}

#[test]
fn crossed_seeds_by_the_mean_squares_of_the_textbook() {
    for case in fixture("crossed") {
        let design = crossed(case["n_first"].as_u64().unwrap() as u32, case["n_second"].as_u64().unwrap() as u32);
        let found = Summarizer::new(design).summarize(&numbers(&case["values"]), Kind::Number, None);
        close(found.sem, &case["sem"]);
        close(found.t.map(|limits| limits.0), &case["t"][0]);
        close(found.t.map(|limits| limits.1), &case["t"][1]);
    }
}

#[test]
fn quantiles_of_t_as_scipy_has_them() {
    for pair in fixture("t_quantiles") {
        close(Some(Student::default().quantile(pair[0].as_f64().unwrap())), &pair[1]);
    }
}

#[test]
fn wilson_as_scipy_has_it() {
    for case in fixture("wilson") {
        let (k, n) = (case[0].as_f64().unwrap(), case[1].as_u64().unwrap() as usize);
        let (low, high) = wilson(k / n as f64, n);
        close(Some(low), &case[2]);
        close(Some(high), &case[3]);
    }
}

#[test]
fn one_run_has_a_mean_and_no_spread() {
    let found = Summarizer::new(Design::Iid).summarize(&[f64::NAN, 3.0], Kind::Number, None);
    assert_eq!((found.n_value, found.mean, found.median), (1, Some(3.0), Some(3.0)));
    assert_eq!((found.sd, found.sem, found.t, found.log_t), (None, None, None, None));
}

#[test]
fn no_value_says_nothing() {
    let resamples = Resamples::draw(0, 2, &Design::Iid);
    let found = Summarizer::new(Design::Iid).summarize(&[f64::NAN; 2], Kind::Number, resamples.as_ref());
    assert_eq!(found, Summary::default());
}

#[test]
fn truths_get_wilson_limits_and_no_logarithms() {
    let found = Summarizer::new(Design::Iid).summarize(&[1.0, 1.0, 0.0, 1.0, 1.0], Kind::Truth, None);
    assert_eq!((found.mean, found.t), (Some(0.8), Some(wilson(0.8, 5))));
    assert_eq!(found.geometric_mean, None);
}

/// Share of samples whose interval holds the true mean 0.
fn coverage(design: &Design, n: usize, mut sample: impl FnMut(u64) -> Vec<f64>) -> f64 {
    const SAMPLES: u64 = 4000;
    let mut summarizer = Summarizer::new(design.clone());
    let holds = (0..SAMPLES).filter(|&index| {
        let values = sample(index);
        assert_eq!(values.len(), n);
        let (low, high) = summarizer.summarize(&values, Kind::Number, None).t.unwrap();
        low <= 0.0 && 0.0 <= high
    });
    holds.count() as f64 / SAMPLES as f64
}

#[test]
fn t_covers_what_it_promises() {
    for n in [3, 5, 10] {
        let philox = Philox::new(11, Purpose::Bootstrap);
        let share = coverage(&Design::Iid, n, |index| {
            let mut draws = philox.at(index);
            (0..n).map(|_| draws.normal()).collect()
        });
        assert!((share - 0.95).abs() < 0.012, "n = {n}: {share}");
    }
}

#[test]
fn crossed_seeds_taken_as_independent_would_promise_too_much() {
    const LEVELS: usize = 6;
    let philox = Philox::new(12, Purpose::Bootstrap);
    let sample = |index| {
        let mut draws = philox.at(index);
        let first: Vec<f64> = (0..LEVELS).map(|_| draws.normal()).collect();
        let second: Vec<f64> = (0..LEVELS).map(|_| draws.normal()).collect();
        first.iter().flat_map(|a| second.iter().map(move |b| a + b)).map(|both| both + 0.5 * draws.normal()).collect()
    };
    let n = LEVELS * LEVELS;
    let share = coverage(&crossed(LEVELS as u32, LEVELS as u32), n, sample);
    assert!((0.93..0.99).contains(&share), "{share}");
    assert!(coverage(&Design::Iid, n, sample) < 0.75);
}

proptest::proptest! {
    #[test]
    fn statistics_lie_where_they_must(values in proptest::collection::vec(-1e6_f64..1e6, 1..40), gaps in 0_usize..3) {
        let mut column = values.clone();
        column.extend(std::iter::repeat_n(f64::NAN, gaps));
        let resamples = Resamples::draw(5, column.len(), &Design::Iid);
        let found = Summarizer::new(Design::Iid).summarize(&column, Kind::Number, resamples.as_ref());
        assert_eq!(found.n_value as usize, values.len());
        let order = [found.min, found.q05, found.q25, found.median, found.q75, found.q95, found.max].map(Option::unwrap);
        assert!(order.is_sorted(), "{order:?}");
        let (low, high, mean) = (order[0], order[6], found.mean.unwrap());
        assert!(low <= mean && mean <= high);
        if let Some(limits) = found.t {
            assert!(limits.0 <= mean && mean <= limits.1);
        }
        if let Some(limits) = found.bootstrap {
            let slack = 1e-9 * (high - low);
            assert!(low - slack <= limits.0 && limits.0 <= limits.1 && limits.1 <= high + slack);
        }
        assert_eq!(found.t.is_some(), values.len() > 1);
        assert_eq!(found.bootstrap.is_some(), values.len() > 1);
    }
}
