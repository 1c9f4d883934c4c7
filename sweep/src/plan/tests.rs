//! The plan against a plain expansion of small grids, and at sizes where nothing can be expanded.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::Plan;
use crate::columns::ColumnType;
use crate::ids::JobNumber;
use crate::rows::Cell;
use crate::settings::Streams;
use crate::spec::{Format, parse};

fn plan(text: &str) -> Plan {
    let spec = parse(text, Format::Toml, "test.toml").unwrap_or_else(|error| panic!("{error}"));
    Plan::new(Arc::new(spec)).unwrap()
}

/// A random grid: axes of these lengths over settings that take any count, seeds, and exclusions by value indices.
#[derive(Clone, Debug)]
struct Random {
    lengths: Vec<usize>,
    seeds: usize,
    rules: Vec<Vec<(usize, usize)>>,
    zip: bool,
}

const KEYS: [&str; 4] = ["data.train_limit", "train.batch_size", "train.epochs", "data.seed"];

impl Random {
    fn document(&self) -> String {
        let values = |axis: usize| (1..=self.lengths[axis]).collect::<Vec<_>>();
        let axes: serde_json::Map<_, _> =
            (0..self.lengths.len()).map(|axis| (KEYS[axis].to_owned(), json!(values(axis)))).collect();
        let exclude: Vec<serde_json::Map<_, _>> = self.rules.iter().map(|rule| self.rule(rule)).collect();
        let zip = if self.zip { json!([[KEYS[0], KEYS[1]]]) } else { json!([]) };
        json!({ "name": "r", "axes": axes, "grid": { "exclude": exclude, "zip": zip }, "replicates": { "seed": self.seeds } })
            .to_string()
    }

    fn rule(&self, rule: &[(usize, usize)]) -> serde_json::Map<String, serde_json::Value> {
        let entry = |&(axis, value): &(usize, usize)| {
            let axis = axis % self.lengths.len();
            (KEYS[axis].to_owned(), json!(value % self.lengths[axis] + 1))
        };
        rule.iter().map(entry).collect()
    }
}

fn random() -> impl Strategy<Value = Random> {
    let rule = proptest::collection::vec((0_usize..4, 0_usize..5), 1..4);
    (proptest::collection::vec(1_usize..6, 2..5), 1_usize..4, proptest::collection::vec(rule, 0..6), any::<bool>())
        .prop_map(|(mut lengths, seeds, rules, zip)| {
            if zip {
                lengths[1] = lengths[0];
            }
            Random { lengths, seeds, rules, zip }
        })
}

proptest! {
    /// Every job's settings, its exclusion and the exact count agree with a plain walk over all of them.
    #[test]
    fn it_equals_a_plain_expansion(random in random()) {
        let spec = match parse(&random.document(), Format::Json, "r") {
            Ok(spec) => spec,
            // Two zipped axes may be asked for values that never meet, and rules may leave nothing.
            Err(error) => {
                let fair = error.message.contains("matches no cell") || error.message.contains("nothing is left");
                prop_assert!(fair && error.key == "grid.exclude", "{error}");
                return Ok(());
            }
        };
        let plan = Plan::new(Arc::new(spec)).unwrap();
        let cells: usize = random.lengths.iter().skip(usize::from(random.zip)).product();
        prop_assert_eq!(plan.n_jobs(), (cells * random.seeds) as u64);
        let mut seen = BTreeSet::new();
        let mut n_excluded = 0;
        for job in (0..plan.n_jobs()).map(JobNumber) {
            let run = serde_json::to_value(plan.settings(job)).unwrap();
            let get = |key: &str| { let (a, b) = key.split_once('.').unwrap(); run[a][b].clone() };
            let values: Vec<u64> = KEYS[..random.lengths.len()].iter().map(|key| get(key).as_u64().unwrap()).collect();
            let place = plan.place(job);
            prop_assert_eq!(place.run, job.0);
            prop_assert_eq!(place.cell * random.seeds as u64 + u64::from(place.replicate), job.0);
            prop_assert_eq!(run["streams"]["seed"].as_u64(), Some(u64::from(place.replicate)));
            prop_assert!(seen.insert((values.clone(), place.replicate)), "{values:?} twice");
            let excluded = random.rules.iter().any(|rule| random.rule(rule).iter().all(|(key, json)| get(key) == *json));
            prop_assert_eq!(plan.is_excluded(job), excluded);
            n_excluded += u64::from(excluded);
        }
        prop_assert_eq!(plan.n_excluded(), n_excluded);
    }
}

#[test]
fn jobs_are_lexicographic_and_replicates_fastest() {
    let plan = plan(
        "name = 'a'\n[axes]\n'model.hidden' = [[], [8, 4]]\n'train.learning_rate' = [0.1, 1e-5]\n[replicates]\nseed = [7, 9]",
    );
    let labels: Vec<String> = (0..8).step_by(2).map(|job| plan.cell_label(JobNumber(job))).collect();
    let expected = [
        "hidden=none learning_rate=0.1",
        "hidden=none learning_rate=1e-5",
        "hidden=8-4 learning_rate=0.1",
        "hidden=8-4 learning_rate=1e-5",
    ];
    assert_eq!(labels, expected);
    assert_eq!(plan.settings(JobNumber(5)).streams, Streams { seed: 9, init_seed: 9, order_seed: 9, branch: 0 });
}

#[test]
fn seeds_cross_and_seed_alone_seeds_all() {
    let plan = plan("name = 'a'\n[replicates]\norder_seed = 2\ninit_seed = [5, 6]");
    let streams: Vec<Streams> = (0..4).map(|job| plan.settings(JobNumber(job)).streams).collect();
    let of = |init_seed, order_seed| Streams { seed: 0, init_seed, order_seed, branch: 0 };
    assert_eq!(streams, [of(5, 0), of(5, 1), of(6, 0), of(6, 1)]);
    assert_eq!(plan.cell_label(JobNumber(3)), "all");
    assert!(plan.axis_columns().is_empty());
}

#[test]
fn a_union_stands_block_after_block() {
    let text = "name = 'a'\n[[axes]]\n'train.epochs' = [1, 2]\n[[axes]]\n'train.steps' = [5, 6, 7]\n[[axes]]\n[grid]\nexclude = [{ 'train.steps' = 6 }]\n[replicates]\nseed = 2";
    let plan = plan(text);
    assert_eq!((plan.n_cells(), plan.n_jobs(), plan.n_excluded()), (6, 12, 2));
    let cells: Vec<Vec<Cell>> = (0..6).map(|cell| plan.axis_cells(JobNumber(2 * cell))).collect();
    assert_eq!(cells[1], [Cell::U64(2), Cell::Null]);
    assert_eq!(cells[3], [Cell::Null, Cell::U64(6)]);
    assert_eq!(cells[5], [Cell::U64(40), Cell::Null]);
    assert_eq!(plan.cell_label(JobNumber(6)), "steps=6");
    assert!(plan.is_excluded(JobNumber(6)) && plan.is_excluded(JobNumber(7)) && !plan.is_excluded(JobNumber(8)));
    let order: Vec<u64> = (0..12).map(|position| plan.job_at(position).0).collect();
    assert!(order[..4].iter().all(|&job| job < 4) && order[10..].iter().all(|&job| job >= 10), "{order:?}");
}

#[test]
fn columns_are_named_and_typed() {
    let text = "name = 'a'\n[axes]\n'data.seed' = [0, 1]\n'model.hidden' = [[8]]\n'train.batch_size' = [8, 'full']\n'train.momentum' = [0, 0.5]\n'model.bias' = [true]\n'data.train_limit' = [9]";
    let plan = plan(text);
    let columns = plan.axis_columns();
    let names: Vec<(&str, ColumnType, bool)> =
        columns.iter().map(|column| (column.name.as_str(), column.ty, column.nullable)).collect();
    let expected = [
        ("data.seed", ColumnType::U64, false),
        ("hidden", ColumnType::Utf8, false),
        ("hidden_list", ColumnType::ListU64, false),
        ("batch_size", ColumnType::Utf8, false),
        ("momentum", ColumnType::F64, false),
        ("bias", ColumnType::Bool, false),
        ("train_limit", ColumnType::U64, true),
    ];
    assert_eq!(names, expected);
    let cells = plan.axis_cells(JobNumber(plan.n_jobs() - 1));
    let expected = [
        Cell::U64(1),
        Cell::Utf8("8".into()),
        Cell::ListU64(vec![8]),
        Cell::Utf8("full".into()),
        Cell::F64(0.5),
        Cell::Bool(true),
        Cell::U64(9),
    ];
    assert_eq!(cells, expected);
}

#[test]
fn a_grid_of_ten_to_the_fifteen_is_as_small_as_any() {
    let text = "name = 'a'\n[axes]\n'data.seed' = { from = 1, to = 10000, step = 1 }\n'data.train_limit' = { from = 1, to = 10000, step = 1 }\n'train.epochs' = { from = 1, to = 1000, step = 1 }\n'train.momentum' = [0.0, 0.9]\n[grid]\nexclude = [{ 'train.epochs' = 7 }, { 'data.seed' = 3, 'train.momentum' = 0.9 }]\n[replicates]\nseed = 5000";
    let plan = plan(text);
    let n = 1_000_000_000_000_000;
    assert_eq!(plan.n_jobs(), n);
    // A thousandth, and a twenty-thousandth of the rest.
    assert_eq!(plan.n_excluded(), n / 1000 + (n - n / 1000) / 20_000);
    let job = plan.job_at(n / 3);
    assert_eq!(plan.position_of(job), n / 3);
    let run = plan.settings(JobNumber(n - 1));
    assert_eq!((run.data.seed, run.train.epochs, run.streams.order_seed), (10_000, Some(1000), 4999));
}

#[test]
fn a_thousand_exclusions_are_counted() {
    let rules: Vec<String> =
        (0..1000).map(|i| format!("{{ 'data.seed' = {}, 'train.epochs' = {} }}", i + 1, 1 + i * 7 % 1000)).collect();
    let text = format!(
        "name = 'a'\n[axes]\n'data.seed' = {{ from = 1, to = 1000, step = 1 }}\n'train.epochs' = {{ from = 1, to = 1000, step = 1 }}\n[grid]\nexclude = [{}]",
        rules.join(", ")
    );
    assert_eq!(plan(&text).n_excluded(), 1000);
}
