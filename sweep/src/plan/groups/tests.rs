//! Comparisons against a plain enumeration of small grids, and at sizes where nothing can be enumerated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::spec::{Compare, Format, Groups, parse};

const KEYS: [&str; 4] = ["data.train_limit", "train.batch_size", "train.epochs", "data.seed"];
const SEEDS: [&str; 4] = ["seed", "init_seed", "order_seed", "branch"];

/// Kind, axis, most pairs, and wanted values of keys, by number.
type Asked = (usize, usize, Option<u32>, Vec<(usize, usize)>);

/// A random grid of one or two products, seeds, branches and exclusions, with comparisons.
#[derive(Clone, Debug)]
struct Random {
    products: Vec<Vec<usize>>,
    seeds: [usize; 3],
    branches: u32,
    rules: Vec<Vec<(usize, usize)>>,
    zip: bool,
    balanced: bool,
    compare: Vec<Asked>,
}

impl Random {
    fn document(&self) -> String {
        let products: Vec<Value> = self
            .products
            .iter()
            .map(|lengths| {
                let axis = |(at, n): (usize, &usize)| (KEYS[at].to_owned(), json!((1..=*n).collect::<Vec<_>>()));
                Value::Object(lengths.iter().enumerate().map(axis).collect())
            })
            .collect();
        let entry = |&(axis, value): &(usize, usize)| (KEYS[axis].to_owned(), json!(value + 1));
        let rules: Vec<Value> = self.rules.iter().map(|rule| Value::Object(rule.iter().map(entry).collect())).collect();
        let zip = if self.zip { json!([[KEYS[0], KEYS[1]]]) } else { json!([]) };
        let seeds: serde_json::Map<String, Value> =
            (0..3).filter(|&at| self.seeds[at] > 0).map(|at| (SEEDS[at].to_owned(), json!(self.seeds[at]))).collect();
        let order = if self.balanced { "balanced" } else { "grid" };
        json!({ "name": "r", "axes": products, "grid": { "exclude": rules, "zip": zip }, "replicates": seeds,
            "execution": { "order": order } })
        .to_string()
    }

    /// None where the grid itself is refused.
    fn spec(&self) -> Option<SweepSpec> {
        let mut spec = parse(&self.document(), Format::Json, "r").ok()?;
        spec.n_branches = self.branches;
        let compare = |(kind, over, max_pairs, wanted): &Asked| {
            let mut conditions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for (key, value) in wanted {
                let all = [KEYS, SEEDS].concat();
                conditions.entry(all[*key].to_owned()).or_default().push(json!(value + usize::from(*key < 4)));
            }
            let groups = [Groups::Pairs, Groups::Neighbours, Groups::All][*kind];
            let max_pairs = max_pairs.filter(|_| groups == Groups::Pairs);
            let over = [KEYS, SEEDS].concat()[*over].to_owned();
            Compare { groups, over, wanted: conditions.into_iter().collect(), max_pairs, ..Compare::default() }
        };
        spec.compare = self.compare.iter().map(compare).collect();
        Some(spec)
    }
}

fn random() -> impl Strategy<Value = Random> {
    let product = proptest::collection::vec(1_usize..5, 2..5);
    let rule = proptest::collection::btree_map(0_usize..4, 0_usize..4, 1..4)
        .prop_map(|rule| rule.into_iter().collect::<Vec<_>>());
    let wanted = proptest::collection::vec((0_usize..8, 0_usize..4), 0..5);
    let compare = (0_usize..3, 0_usize..8, proptest::option::of(0_u32..9), wanted);
    (
        proptest::collection::vec(product, 1..3),
        [0_usize..4, 0_usize..3, 0_usize..3],
        1_u32..4,
        proptest::collection::vec(rule, 0..5),
        any::<bool>(),
        any::<bool>(),
        proptest::collection::vec(compare, 1..4),
    )
        .prop_map(|(mut products, mut seeds, branches, rules, zip, balanced, compare)| {
            if seeds == [0; 3] {
                seeds[0] = 1;
            }
            if zip {
                products.iter_mut().for_each(|lengths| lengths[1] = lengths[0]);
            }
            Random { products, seeds, branches, rules, zip, balanced, compare }
        })
}

/// All digits of a run by name, the block's number among them, and what is equal for zipped axes.
fn digits(random: &Random, plan: &Plan, run: u64) -> BTreeMap<&'static str, u64> {
    let settings = serde_json::to_value(plan.settings(JobNumber(run))).unwrap();
    let (block, _) = plan.locate(JobNumber(run));
    let mut digits = BTreeMap::from([("block", block.first_job)]);
    let product = plan.grid.blocks.iter().position(|other| other.first_job == block.first_job).unwrap();
    for key in &KEYS[..random.products[product].len()] {
        let (section, field) = key.split_once('.').unwrap();
        digits.insert(key, settings[section][field].as_u64().unwrap());
    }
    let mut replicate = u64::from(plan.place(JobNumber(run)).replicate);
    let sizes = [random.seeds[0], random.seeds[1], random.seeds[2], random.branches as usize];
    for (key, n) in SEEDS.iter().zip(sizes).rev().filter(|(_, n)| *n > 0) {
        digits.insert(key, replicate % n as u64);
        replicate /= n as u64;
    }
    digits
}

type Sets = BTreeSet<(usize, Vec<u64>)>;

/// The groups of a comparison by a walk over all runs; of capped pairs all that might be made.
fn enumerated(random: &Random, plan: &Plan) -> Sets {
    let mut sets = BTreeSet::new();
    for (at, compare) in plan.spec().compare.iter().enumerate() {
        let over = compare.over.as_str();
        let mut by_rest: BTreeMap<BTreeMap<&str, u64>, Vec<(u64, u64)>> = BTreeMap::new();
        for run in 0..plan.n_run_jobs() {
            let mut rest = digits(random, plan, run);
            let is_wanted = |(key, values): &(String, Vec<Value>)| {
                let base = serde_json::to_value(&plan.spec().base).unwrap();
                let value = rest.get(key.as_str()).map(|value| json!(value)).or_else(|| {
                    let (section, field) = key.split_once('.')?;
                    base[section].get(field).cloned()
                });
                value.is_some_and(|value| values.contains(&value))
            };
            let wanted = compare.wanted.iter().all(is_wanted);
            let Some(value) = rest.remove(over).filter(|_| wanted) else { continue };
            if random.zip && (over == KEYS[0] || over == KEYS[1]) {
                rest.remove(KEYS[0]);
                rest.remove(KEYS[1]);
            }
            by_rest.entry(rest).or_default().push((value, run));
        }
        for mut runs in by_rest.into_values() {
            runs.sort_unstable();
            let runs: Vec<u64> = runs.into_iter().map(|(_, run)| run).collect();
            let left = |run: &u64| !plan.is_excluded(JobNumber(*run));
            match compare.groups {
                Groups::All => {
                    let left: Vec<u64> = runs.iter().copied().filter(left).collect();
                    if left.len() >= 2 {
                        sets.insert((at, left));
                    }
                }
                _ => {
                    for (i, a) in runs.iter().enumerate() {
                        let most = if compare.groups == Groups::Neighbours { 1 } else { runs.len() };
                        for b in runs[i + 1..].iter().take(most).filter(|b| left(a) && left(b)) {
                            sets.insert((at, vec![*a, *b]));
                        }
                    }
                }
            }
        }
    }
    sets
}

/// Every number once, with its group, its members' view of it, its place.
fn numbered(plan: &Plan) -> Sets {
    let mut sets = BTreeSet::new();
    let mut of_run: BTreeMap<JobNumber, Vec<JobNumber>> = BTreeMap::new();
    for job in (plan.n_run_jobs()..plan.n_jobs()).map(JobNumber) {
        assert_eq!((plan.kind(job), plan.position_of(job), plan.job_at(job.0)), (JobKind::Comparison, job.0, job));
        let group = plan.group(job);
        assert_eq!(plan.is_excluded(job), group.is_none());
        let place = plan.comparison_place(job);
        let Some(group) = group else {
            assert_eq!(place, None);
            continue;
        };
        let place = place.unwrap();
        assert_eq!(place.comparison, job.0 - plan.n_run_jobs());
        assert_eq!(place.cell, plan.place(group.members[0]).cell);
        let seeds: BTreeSet<u64> = group.members.iter().map(|run| plan.settings(*run).streams.seed).collect();
        assert_eq!(place.seed, (seeds.len() == 1).then(|| *seeds.first().unwrap()));
        assert!(group.members.windows(2).all(|pair| pair[0] < pair[1]));
        for member in &group.members {
            of_run.entry(*member).or_default().push(job);
        }
        let members = group.members.iter().map(|member| member.0).collect();
        assert!(sets.insert((group.compare, members)), "{job:?} twice");
    }
    for run in (0..plan.n_run_jobs()).map(JobNumber) {
        assert_eq!(plan.groups_of(run), of_run.remove(&run).unwrap_or_default(), "{run:?}");
    }
    sets
}

proptest! {
    #[test]
    fn it_equals_a_plain_enumeration(random in random()) {
        let Some(mut spec) = random.spec() else { return Ok(()) };
        let capped = spec.compare.iter().any(|compare| compare.max_pairs.is_some());
        let plan = match Plan::new(Arc::new(spec.clone())) {
            Ok(plan) => plan,
            Err(error) => {
                // Refused exactly where a comparison compares nothing.
                let compare = std::mem::take(&mut spec.compare);
                let plan = Plan::new(Arc::new(spec.clone())).unwrap();
                let mut whole = (*plan.spec().as_ref()).clone();
                whole.compare = compare;
                let blank = Plan { spec: Arc::new(whole), ..plan };
                let made: BTreeSet<usize> = enumerated(&random, &blank).into_iter().map(|(at, _)| at).collect();
                prop_assert!(capped || made.len() < blank.spec.compare.len(), "{error}");
                return Ok(());
            }
        };
        let (numbered, enumerated) = (numbered(&plan), enumerated(&random, &plan));
        prop_assert_eq!(plan.n_comparisons(), numbered.len() as u64);
        let most = |at: &usize| plan.spec().compare[*at].max_pairs;
        let free = |sets: &Sets| sets.iter().filter(|(at, _)| most(at).is_none()).cloned().collect::<Sets>();
        prop_assert_eq!(free(&numbered), free(&enumerated));
        prop_assert!(numbered.is_subset(&enumerated));
    }

    #[test]
    fn the_order_stays_a_bijection(random in random()) {
        let Some(plan) = random.spec().and_then(|spec| Plan::new(Arc::new(spec)).ok()) else { return Ok(()) };
        let jobs: BTreeSet<JobNumber> = (0..plan.n_jobs()).map(|position| plan.job_at(position)).collect();
        prop_assert_eq!(jobs.len() as u64, plan.n_jobs());
        prop_assert!(jobs.iter().all(|&job| plan.job_at(plan.position_of(job)) == job));
    }
}

fn with_compare(text: &str, compare: Compare) -> Result<Plan, crate::spec::SpecError> {
    let mut spec = parse(text, Format::Toml, "t").unwrap();
    spec.compare = vec![compare];
    Plan::new(Arc::new(spec))
}

fn over(groups: Groups, over: &str) -> Compare {
    Compare { groups, over: over.to_owned(), ..Compare::default() }
}

#[test]
fn a_comparison_says_what_its_members_share() {
    let text = "name = 'a'\n[axes]\n'model.hidden' = [[8], [4]]\n'train.learning_rate' = [0.1, 0.2, 0.4]\n[replicates]\nseed = [5, 7]";
    let plan = with_compare(text, over(Groups::Neighbours, "train.learning_rate")).unwrap();
    assert_eq!((plan.n_run_jobs(), plan.n_jobs(), plan.n_comparisons()), (12, 20, 8));
    let last = JobNumber(19);
    assert_eq!(plan.group(last), Some(Group { compare: 0, members: vec![JobNumber(9), JobNumber(11)] }));
    let place = plan.comparison_place(last).unwrap();
    assert_eq!((place.cell, place.seed, place.label.as_str()), (4, Some(7), "hidden=4"));
    assert_eq!(place.differs_in, "train.learning_rate");
}

#[test]
fn large_sweeps_cost_no_more() {
    let text = "name = 'a'\n[axes]\n'data.seed' = { from = 1, to = 10000, step = 1 }\n'data.train_limit' = { from = 1, to = 10000, step = 1 }\n'train.momentum' = [0.0, 0.9]\n[grid]\nexclude = [{ 'data.seed' = 3, 'train.momentum' = 0.9 }, { 'data.train_limit' = 7 }]\n[replicates]\nseed = 4000";
    let plan = with_compare(text, over(Groups::Pairs, "seed")).unwrap();
    let cells = 200_000_000 - 10_000 - 20_000 + 1;
    assert_eq!(plan.n_comparisons(), cells * (4000 * 3999 / 2));
    let last = JobNumber(plan.n_jobs() - 1);
    let group = plan.group(last).unwrap();
    assert!(group.members.iter().all(|&member| plan.groups_of(member).contains(&last)));
    let plan = with_compare(text, over(Groups::Pairs, "train.momentum")).unwrap();
    assert_eq!(plan.n_comparisons(), (10_000 - 1) * (10_000 - 1) * 4000);
}

#[test]
fn what_compares_nothing_or_too_much_is_refused() {
    let rows = [
        (over(Groups::Pairs, "branch"), "`branch` is not varied"),
        (over(Groups::Pairs, "train.momentum"), "`train.momentum` is not varied"),
        (over(Groups::Pairs, "seed"), "5999 comparisons, at most 4096"),
        (over(Groups::All, "seed"), "6000 members, at most 4096"),
        (Compare { max_pairs: Some(0), ..over(Groups::Pairs, "seed") }, "nothing is compared"),
        (over(Groups::Pairs, "data.seed"), "nothing is compared"),
        (
            Compare { wanted: vec![("seed".into(), vec![json!(3)])], ..over(Groups::Pairs, "seed") },
            "nothing is compared",
        ),
    ];
    let text = "name = 'a'\n[axes]\n'data.seed' = [1]\n[replicates]\nseed = 6000";
    for (compare, expected) in rows {
        let error = with_compare(text, compare).map(|plan| plan.n_jobs()).unwrap_err();
        assert!(error.message.contains(expected), "{expected}: {error}");
    }
    let capped = Compare { max_pairs: Some(9000), ..over(Groups::Pairs, "seed") };
    assert_eq!(with_compare(text, capped).unwrap().n_comparisons(), 9000);
}
