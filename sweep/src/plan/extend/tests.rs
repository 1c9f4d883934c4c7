//! Extended plans against plans that had everything from the start, over random grids; and what is refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::ids::JobNumber;
use crate::plan::JobKind;
use crate::spec::{Format, Groups, parse};

/// The last is an axis of some specs and a setting of the base of others.
const KEYS: [&str; 4] = ["data.train_limit", "train.batch_size", "train.epochs", "data.seed"];
const OVER: [&str; 6] = [KEYS[0], KEYS[1], KEYS[2], KEYS[3], "seed", "branch"];

/// Values of an axis, each with the step that brings it.
type Axis = Vec<(u64, usize)>;

/// A spec that grew in steps: which values, seeds and products each step has.
#[derive(Clone, Debug)]
struct Growing {
    /// By product and axis, in the order of the last spec.
    products: Vec<Vec<Axis>>,
    /// The step that brings a product, none but the first product's being 0.
    born: Vec<usize>,
    seeds: Axis,
    branches: [u32; 3],
    rules: Vec<Vec<(usize, u64)>>,
    zip: bool,
    balanced: bool,
    compare: Vec<(usize, usize, Option<u32>)>,
}

/// Values 1 to n in some order; the first of them is there from the start.
fn values(n: std::ops::Range<usize>) -> impl Strategy<Value = Axis> {
    proptest::collection::vec(0_usize..3, n)
        .prop_flat_map(|steps| {
            let numbered: Axis = (1..).zip(steps).collect();
            Just(numbered).prop_shuffle()
        })
        .prop_map(|mut values| {
            values[0].1 = 0;
            values
        })
}

fn growing() -> impl Strategy<Value = Growing> {
    let product = proptest::collection::vec(values(1..4), 2..5);
    let rule = proptest::collection::btree_map(0_usize..4, 1_u64..4, 1..3).prop_map(|rule| rule.into_iter().collect());
    let compare = (0_usize..3, 0_usize..6, proptest::option::of(1_u32..6));
    (
        proptest::collection::vec((product, 0_usize..3), 1..3),
        values(1..4),
        [1_u32..3, 0_u32..2, 0_u32..2],
        proptest::collection::vec(rule, 0..3),
        any::<bool>(),
        any::<bool>(),
        proptest::collection::vec(compare, 0..3),
    )
        .prop_map(|(products, seeds, branches, rules, zip, balanced, compare)| {
            let (mut products, mut born): (Vec<Vec<Axis>>, Vec<usize>) = products.into_iter().unzip();
            born[0] = 0;
            if zip {
                products.iter_mut().for_each(|axes| axes[1] = axes[0].clone());
            }
            let branches = [branches[0], branches[0] + branches[1], branches[0] + branches[1] + branches[2]];
            Growing { products, born, seeds, branches, rules, zip, balanced, compare }
        })
}

impl Growing {
    /// The spec at a step; none where the grid itself is refused.
    fn spec(&self, step: usize) -> Option<SweepSpec> {
        let at = |values: &[(u64, usize)]| -> Vec<u64> {
            values.iter().filter(|(_, born)| *born <= step).map(|(value, _)| *value).collect()
        };
        let products: Vec<Json> = self
            .products
            .iter()
            .zip(&self.born)
            .filter(|(_, born)| **born <= step)
            .map(|(axes, _)| {
                Json::Object(axes.iter().zip(KEYS).map(|(axis, key)| (key.to_owned(), json!(at(axis)))).collect())
            })
            .collect();
        let entry = |&(axis, value): &(usize, u64)| (KEYS[axis].to_owned(), json!(value));
        let matches = |rule: &&Vec<(usize, u64)>| {
            let has = |axes: &Vec<Axis>| {
                rule.iter().all(|(axis, value)| axes.get(*axis).is_some_and(|axis| at(axis).contains(value)))
            };
            self.products.iter().zip(&self.born).any(|(axes, born)| *born <= step && has(axes))
        };
        let rules: Vec<Json> =
            self.rules.iter().filter(matches).map(|rule| Json::Object(rule.iter().map(entry).collect())).collect();
        let zip = if self.zip { json!([[KEYS[0], KEYS[1]]]) } else { json!([]) };
        let order = if self.balanced { "balanced" } else { "grid" };
        let document = json!({ "name": "r", "axes": products, "grid": { "exclude": rules, "zip": zip },
            "replicates": { "seed": at(&self.seeds) }, "execution": { "order": order } });
        let mut spec = parse(&document.to_string(), Format::Json, "r").ok()?;
        spec.n_branches = self.branches[step];
        let compare = |&(kind, over, max_pairs): &(usize, usize, Option<u32>)| {
            let groups = [Groups::Pairs, Groups::Neighbours, Groups::All][kind];
            let max_pairs = max_pairs.filter(|_| groups == Groups::Pairs);
            Compare { groups, over: OVER[over].to_owned(), max_pairs, ..Compare::default() }
        };
        spec.compare = self.compare.iter().map(compare).collect();
        Some(spec)
    }

    /// The specs of all steps; comparisons that one of them refuses are dropped.
    fn specs(&self) -> Option<Vec<Arc<SweepSpec>>> {
        let mut specs: Vec<SweepSpec> = (0..3).map(|step| self.spec(step)).collect::<Option<_>>()?;
        for at in (0..self.compare.len()).rev() {
            let alone = |spec: &SweepSpec| SweepSpec { compare: vec![spec.compare[at].clone()], ..spec.clone() };
            if specs.iter().any(|spec| Plan::new(Arc::new(alone(spec))).is_err()) {
                specs.iter_mut().for_each(|spec| _ = spec.compare.remove(at));
            }
        }
        let specs: Vec<Arc<SweepSpec>> = specs.into_iter().map(Arc::new).collect();
        specs.iter().all(|spec| Plan::new(Arc::clone(spec)).is_ok()).then_some(specs)
    }
}

/// Everything canonical is as in a plan of the spec alone, and numbers and positions are bijections.
fn equals_a_fresh_one(plan: &Plan, fresh: &Plan) -> Result<(), TestCaseError> {
    let positions: Vec<u64> = (0..plan.n_jobs()).map(|job| plan.position_of(JobNumber(job))).collect();
    prop_assert!((0..plan.n_jobs()).all(|job| plan.job_at(positions[job as usize]) == JobNumber(job)));
    let runs: BTreeSet<u64> = plan.run_jobs().into_iter().flatten().collect();
    let comparisons: BTreeSet<u64> = plan.comparison_jobs().into_iter().flatten().collect();
    prop_assert!(runs.iter().all(|&job| plan.kind(JobNumber(job)) == JobKind::Run));
    prop_assert!(runs.is_disjoint(&comparisons) && (runs.len() + comparisons.len()) as u64 == plan.n_jobs());
    let mut met = BTreeSet::new();
    for run in 0..fresh.n_run_jobs() {
        let (job, own) = (plan.job_of_run(run), JobNumber(run));
        prop_assert!(met.insert(job.0));
        prop_assert_eq!(plan.place(job), fresh.place(own));
        prop_assert_eq!(plan.settings(job), fresh.settings(own));
        prop_assert_eq!(plan.is_excluded(job), fresh.is_excluded(own));
        prop_assert_eq!(plan.axis_cells(job), fresh.axis_cells(own));
        let groups: Vec<Option<u64>> = plan.groups_of(job).into_iter().map(|job| plan.comparison_of(job)).collect();
        let expected: Vec<Option<u64>> = fresh.groups_of(own).into_iter().map(|job| fresh.comparison_of(job)).collect();
        prop_assert_eq!(groups, expected);
    }
    prop_assert_eq!(&met, &runs);
    let mut made = BTreeSet::new();
    for comparison in 0..fresh.comparison_jobs().into_iter().flatten().count() as u64 {
        let (job, own) = (plan.job_of_comparison(comparison), fresh.job_of_comparison(comparison));
        let Some(group) = fresh.group(own) else {
            prop_assert_eq!(plan.group(job), None);
            continue;
        };
        let members: Vec<JobNumber> = group.members.iter().map(|run| plan.job_of_run(run.0)).collect();
        prop_assert_eq!(plan.group(job), Some(crate::plan::Group { compare: group.compare, members }));
        prop_assert_eq!(plan.comparison_place(job), fresh.comparison_place(own));
        prop_assert!(made.insert(job.0));
    }
    let all: BTreeSet<u64> = comparisons.into_iter().filter(|&job| plan.group(JobNumber(job)).is_some()).collect();
    prop_assert_eq!(&made, &all);
    prop_assert_eq!(all.len() as u64, plan.n_comparisons());
    Ok(())
}

/// What was there keeps its number, its position and its settings; a comparison with the same members keeps its number.
fn keeps_what_was(before: &Plan, after: &Plan) -> Result<(), TestCaseError> {
    let extension = after.extension().unwrap();
    prop_assert_eq!(extension.first_new().0, before.n_jobs());
    for job in (0..before.n_jobs()).map(JobNumber) {
        prop_assert_eq!(after.position_of(job), before.position_of(job));
        prop_assert_eq!(after.kind(job), before.kind(job));
        if before.kind(job) == JobKind::Run {
            prop_assert_eq!(after.settings(job), before.settings(job));
            let kept = extension.of(job) == Carried::Kept;
            prop_assert_eq!(kept, !before.is_excluded(job));
        } else if let (Some(was), Some(is)) = (before.group(job), after.group(job)) {
            prop_assert_eq!(was.members, is.members);
            prop_assert_eq!(extension.of(job), Carried::Kept);
        }
    }
    let old: BTreeSet<(usize, Vec<JobNumber>)> = before
        .comparison_jobs()
        .into_iter()
        .flatten()
        .filter_map(|job| before.group(JobNumber(job)))
        .map(|group| (group.compare, group.members))
        .collect();
    // Two comparisons that ask for the same may take each other's groups; such specs are rare, and correct all the same.
    let compare = &after.spec().compare;
    let distinct = (0..compare.len()).all(|at| !compare[..at].contains(&compare[at]));
    for job in after.comparison_jobs().into_iter().flatten().map(JobNumber).filter(|_| distinct) {
        let Some(group) = after.group(job) else { continue };
        let is_old = old.contains(&(group.compare, group.members));
        prop_assert_eq!(is_old, job.0 < before.n_jobs());
    }
    let counts = extension.counts();
    prop_assert_eq!((counts.n_kept, counts.n_again), (before.n_runs(), 0));
    prop_assert_eq!(counts.n_kept + counts.n_new, after.n_runs());
    prop_assert_eq!(counts.n_comparisons_kept + counts.n_comparisons_new, after.n_comparisons());
    Ok(())
}

proptest! {
    #[test]
    fn an_extended_plan_equals_one_that_had_all_from_the_start(growing in growing()) {
        let Some(specs) = growing.specs() else { return Ok(()) };
        let fresh: Vec<Plan> = specs.iter().map(|spec| Plan::new(Arc::clone(spec)).unwrap()).collect();
        let mut plan = fresh[0].clone();
        for larger in &fresh[1..] {
            let extended = match plan.extended(larger) {
                Ok(extended) => extended,
                Err(error) => {
                    // A rule that met nothing before may exclude what a later product has twice, or be none of the first.
                    prop_assert!(error.key == "grid.exclude" && !growing.rules.is_empty(), "{error}");
                    return Ok(());
                }
            };
            equals_a_fresh_one(&extended, larger)?;
            keeps_what_was(&plan, &extended)?;
            plan = extended;
        }
        let again = Plan::of_history(&specs).unwrap();
        prop_assert_eq!(again.n_jobs(), plan.n_jobs());
        prop_assert!(again.earlier().eq(&specs[..2]));
    }
}

fn plan(text: &str) -> Plan {
    let spec = parse(text, Format::Toml, "test.toml").unwrap_or_else(|error| panic!("{error}"));
    Plan::new(Arc::new(spec)).unwrap()
}

const BASE: &str = "name = 'a'\n[train]\nepochs = 10\n[axes]\n'train.learning_rate' = [0.1, 0.3]\n'train.momentum' = [0.0, 0.9]\n[replicates]\nseed = 2\n";

#[test]
fn what_is_new_is_a_product_an_axis() {
    let larger = plan(&BASE.replace("[0.1, 0.3]", "[0.01, 0.1, 0.3]").replace("seed = 2", "seed = 5"));
    let extended = plan(BASE).extended(&larger).unwrap();
    // New rates at all seeds, then new seeds at the old rates.
    assert_eq!(extended.run_jobs(), [0..8, 8..30]);
    let new: Vec<u64> = extended.layers.stretches.iter().map(|stretch| stretch.n_jobs).collect();
    assert_eq!(new, [8, 10, 12]);
    assert_eq!(extended.place(JobNumber(0)).run, 10);
    let counts = extended.extension().unwrap().counts();
    assert_eq!((counts.n_kept, counts.n_again, counts.n_new), (8, 0, 22));
}

#[test]
fn an_axis_may_be_added_where_the_base_stood() {
    let larger = plan(&BASE.replace("[replicates]", "'train.epochs' = [5, 10]\n[replicates]"));
    let extended = plan(BASE).extended(&larger).unwrap();
    assert_eq!(extended.extension().unwrap().counts().n_kept, 8);
    assert_eq!(extended.place(JobNumber(1)).cell, 1);
    assert_eq!(extended.settings(JobNumber(1)), plan(BASE).settings(JobNumber(1)));
}

#[test]
fn other_settings_train_all_again() {
    let rows: [(&str, &str); 4] = [
        ("epochs = 10", "epochs = 20"),
        ("epochs = 10", "epochs = 10\nweight_decay = 0.1"),
        ("[replicates]", "[snapshots]\nat = 'every 2 epochs'\n[replicates]"),
        ("[replicates]", "[probes.layers]\n[replicates]"),
    ];
    for (was, is) in rows {
        let extended =
            plan(BASE).extended(&plan(&BASE.replace(was, is))).unwrap_or_else(|error| panic!("{is}: {error}"));
        let counts = extended.extension().unwrap().counts();
        assert_eq!((counts.n_kept, counts.n_again, counts.n_new), (0, 8, 0), "{is}");
    }
    let more = BASE.replace("[replicates]", "[execution]\nmax_attempts = 9\n[replicates]");
    let counts = plan(BASE).extended(&plan(&more)).unwrap().extension().unwrap().counts();
    assert_eq!((counts.n_kept, counts.n_again), (8, 0));
}

#[test]
fn the_pairs_of_new_seeds_are_new() {
    let text = format!(
        "{BASE}[[compare]]\npairs_over = 'seed'\nprobe = 'distance'\n[[compare]]\nall_over = 'seed'\nprobe = 'distance'\n"
    );
    let before = plan(&text);
    let extended = before.extended(&plan(&text.replace("seed = 2", "seed = 3"))).unwrap();
    let extension = extended.extension().unwrap();
    let counts = extension.counts();
    assert_eq!((counts.n_comparisons_kept, counts.n_comparisons_again, counts.n_comparisons_new), (4, 0, 12));
    assert_eq!((counts.n_newly_compared, counts.n_new), (8, 4));
    assert!(extension.newly_compares(JobNumber(0)));
    let of_all = before.groups_of(JobNumber(0))[1];
    assert_eq!((extended.group(of_all), extension.of(of_all)), (None, Carried::Gone));
}

#[test]
fn what_takes_away_is_refused_with_what_was_and_is() {
    let rows: [(&str, &str, &str, &str); 10] = [
        ("name = 'a'", "name = 'b'", "name", "it was a and is b"),
        ("[0.1, 0.3]", "[0.3, 1.0]", "train.learning_rate", "it was 0.1 and is one of 0.3; 1"),
        ("'train.momentum' = [0.0, 0.9]", "", "train.momentum", "it was 0.9 and is 0"),
        ("seed = 2", "seed = [0, 7]", "replicates.seed", "it was 1"),
        ("seed = 2", "init_seed = 2", "replicates.init_seed", "it was seed and is init_seed"),
        ("seed = 2", "seed = 2\norder_seed = 2", "replicates.order_seed", "it was seed and is order_seed"),
        ("epochs = 10", "epochs = 5", "train.epochs", "it was 10 and is 5"),
        ("[train]", "[data]\ntrain_limit = 100\n[train]", "data.train_limit", "it was null and is 100"),
        ("[replicates]", "[grid]\nexclude = [{ 'train.momentum' = 0.9 }]\n[replicates]", "grid.exclude", "left out"),
        (
            "[replicates]",
            "[grid]\nzip = [['train.learning_rate', 'train.momentum']]\n[replicates]",
            "grid.zip",
            "together",
        ),
    ];
    for (was, is, key, message) in rows {
        let error = plan(BASE).extended(&plan(&BASE.replace(was, is))).expect_err(is);
        assert_eq!(error.key, key, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn cells_that_were_excluded_may_come_in() {
    let excluded = BASE.replace("[replicates]", "[grid]\nexclude = [{ 'train.momentum' = 0.9 }]\n[replicates]");
    let extended = plan(&excluded).extended(&plan(BASE)).unwrap();
    let extension = extended.extension().unwrap();
    assert_eq!(extended.n_jobs(), 8);
    assert_eq!((extension.of(JobNumber(0)), extension.of(JobNumber(2))), (Carried::Kept, Carried::New));
    assert_eq!((extension.counts().n_kept, extension.counts().n_new), (4, 4));
}

#[test]
fn products_that_share_cells_do_not_become_one() {
    let union = "name = 'a'\n[[axes]]\n'train.momentum' = [0.0, 0.5]\n[[axes]]\n'train.momentum' = [0.5, 0.9]\n";
    let error = plan(union).extended(&plan("name = 'a'\n[axes]\n'train.momentum' = [0.0, 0.5, 0.9]\n")).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}
