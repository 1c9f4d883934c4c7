//! The grid made ready: products become blocks of jobs, zips become single digits, values become typed setters.

use std::collections::BTreeSet;

use super::exclude::{self, Rule};
use super::groups::{self, Family};
use super::order::Radix;
use crate::settings::{RunSettings, Streams};
use crate::spec::catalogue::{Setting, Value, setting};
use crate::spec::node::Node;
use crate::spec::read::{MAX_AXES, MAX_AXIS_VALUES, MAX_PRODUCTS, MAX_RULES, is_length};
use crate::spec::{Axis, Product, ReplicateKey, SweepSpec};

/// All blocks of a sweep.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) blocks: Vec<Block>,
    pub(crate) n_jobs: u64,
    pub(crate) n_cells: u64,
    pub(crate) n_replicates: u64,
    pub(crate) n_excluded: u64,
    /// What varies among a cell's replicates, the last fastest.
    pub(crate) replicates: Vec<ReplicateDigit>,
    /// In the order of their numbers.
    pub(crate) families: Vec<Family>,
    /// Numbers of comparisons, those left out included.
    pub(crate) n_groups: u64,
    /// Comparisons that are made, by `[[compare]]`.
    pub(crate) n_made: Vec<u64>,
}

/// A seed, or the branch of a fork, as a digit of a job's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReplicateDigit {
    /// `seed`, `init_seed`, `order_seed` or `branch`.
    pub(crate) key: &'static str,
    /// Values.
    pub(crate) n: u64,
    /// Jobs between two neighbouring values.
    pub(crate) weight: u64,
}

impl ReplicateDigit {
    /// Its value number `at`: a seed, or the branch itself.
    pub(crate) fn value(&self, spec: &SweepSpec, at: u64) -> u64 {
        let axis = spec.replicates.iter().find(|axis| axis.key.as_str() == self.key);
        axis.map_or(at, |axis| axis.values[at as usize])
    }
}

/// A product of axes, admitted together: jobs `first_job .. first_job + n_jobs`, cell-major, replicate-minor.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) first_job: u64,
    pub(crate) n_jobs: u64,
    pub(crate) first_cell: u64,
    pub(crate) digits: Vec<Digit>,
    pub(crate) rules: Vec<Rule>,
}

/// One axis, or several that advance together.
#[derive(Clone, Debug)]
pub(crate) struct Digit {
    pub(crate) n: u64,
    /// Jobs between two neighbouring values.
    pub(crate) weight: u64,
    pub(crate) members: Vec<Member>,
}

/// One varied setting with its values.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) setting: &'static Setting,
    pub(crate) values: Vec<Value>,
}

impl Digit {
    /// Which value the job at `index` of its block has.
    pub(crate) fn at(&self, index: u64) -> usize {
        (index / self.weight % self.n) as usize
    }
}

impl Block {
    /// Writes the axes' values of the job at `index` into `run`.
    pub(crate) fn apply(&self, index: u64, run: &mut RunSettings) {
        for digit in &self.digits {
            let at = digit.at(index);
            for member in &digit.members {
                (member.setting.set)(run, &member.values[at]);
            }
        }
    }
}

/// The seeds and the branch of a replicate; `seed` seeds all three streams unless another axis says otherwise.
pub(crate) fn streams(spec: &SweepSpec, replicate: u64) -> Streams {
    let n_branches = u64::from(spec.n_branches.max(1));
    let (branch, mut replicate) = ((replicate % n_branches) as u32, replicate / n_branches);
    let mut seeds = [None; 3];
    for axis in spec.replicates.iter().rev() {
        let n = axis.values.len() as u64;
        seeds[axis.key as usize] = Some(axis.values[(replicate % n) as usize]);
        replicate /= n;
    }
    let [seed, init, order] = seeds;
    let seed = seed.unwrap_or(0);
    Streams { seed, init_seed: init.unwrap_or(seed), order_seed: order.unwrap_or(seed), branch }
}

/// The replicate axes as digits, branches last: they vary fastest.
fn replicate_digits(spec: &SweepSpec) -> Vec<ReplicateDigit> {
    let seeds = spec.replicates.iter().map(|axis| (axis.key.as_str(), axis.values.len() as u64));
    let branches = (spec.n_branches > 1).then_some(("branch", u64::from(spec.n_branches)));
    let mut digits: Vec<ReplicateDigit> =
        seeds.chain(branches).map(|(key, n)| ReplicateDigit { key, n, weight: 1 }).collect();
    let mut weight = 1;
    for digit in digits.iter_mut().rev() {
        digit.weight = weight;
        weight *= digit.n;
    }
    digits
}

/// A grid that cannot be, and the part of the spec that is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GridError {
    pub(crate) part: Part,
    pub(crate) key: String,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// A part of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The whole grid.
    Whole,
    /// An axis of a product.
    Axis { product: usize, axis: usize },
    /// One value of an axis.
    Value { product: usize, axis: usize, value: usize },
    /// A zip.
    Zip(usize),
    /// An exclusion.
    Exclude(usize),
    /// A comparison.
    Compare(usize),
}

pub(super) fn refuse<T>(
    part: Part,
    key: impl Into<String>,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Result<T, GridError> {
    Err(GridError { part, key: key.into(), message: message.into(), help: help.into() })
}

impl Grid {
    /// Makes the grid of a spec ready. Costs time and memory in proportion to the text of the spec, not to the grid.
    pub(crate) fn new(spec: &SweepSpec) -> Result<Self, GridError> {
        check_bounds(spec)?;
        check_zips(spec)?;
        let mut grid = Self {
            blocks: Vec::new(),
            n_jobs: 0,
            n_cells: 0,
            n_replicates: n_replicates(spec)?,
            n_excluded: 0,
            replicates: replicate_digits(spec),
            families: Vec::new(),
            n_groups: 0,
            n_made: Vec::new(),
        };
        for (at, product) in spec.products.iter().enumerate() {
            grid.push(spec, at, product)?;
        }
        exclude::check(spec, &grid.blocks)?;
        if grid.n_excluded == grid.n_jobs {
            return refuse(
                Part::Exclude(spec.exclude.len().saturating_sub(1)),
                "grid.exclude",
                "nothing is left: every cell is excluded",
                "exclude less",
            );
        }
        groups::add(&mut grid, spec)?;
        Ok(grid)
    }

    fn push(&mut self, spec: &SweepSpec, at: usize, product: &Product) -> Result<(), GridError> {
        let mut digits = digits(spec, at, product)?;
        let mut weight = Some(self.n_replicates);
        for digit in digits.iter_mut().rev() {
            digit.weight = weight.unwrap_or(1);
            weight = weight.and_then(|weight| weight.checked_mul(digit.n));
        }
        let total = weight.and_then(|n_jobs| self.n_jobs.checked_add(n_jobs)).zip(weight);
        let Some((total, n_jobs)) = total else {
            return refuse(
                Part::Whole,
                "axes",
                format!("the grid has more than {} runs", u64::MAX),
                "take fewer values, or zip axes",
            );
        };
        let rules = exclude::rules(spec, &digits);
        let excluded_cells = exclude::count(&digits, &rules)?;
        self.blocks.push(Block { first_job: self.n_jobs, n_jobs, first_cell: self.n_cells, digits, rules });
        self.n_jobs = total;
        self.n_cells += n_jobs / self.n_replicates;
        self.n_excluded += excluded_cells * self.n_replicates;
        Ok(())
    }

    /// The digits of a block's jobs: axes, then replicates.
    pub(super) fn radices(&self, block: usize) -> Vec<Radix> {
        let axes = self.blocks[block].digits.iter().map(|digit| Radix { k: digit.n, weight: digit.weight });
        axes.chain(self.replicates.iter().map(|digit| Radix { k: digit.n, weight: digit.weight })).collect()
    }

    /// The block of a run by its canonical index, and its index there.
    pub(super) fn locate(&self, run: u64) -> (usize, u64) {
        assert!(run < self.n_jobs, "a grid of {} runs has no run {run}", self.n_jobs);
        let after = self.blocks.partition_point(|block| block.first_job <= run);
        let block = &self.blocks[after - 1];
        debug_assert!(run - block.first_job < block.n_jobs, "blocks are contiguous");
        (after - 1, run - block.first_job)
    }

    /// The settings of a run, every default written out.
    pub(super) fn settings(&self, spec: &SweepSpec, block: usize, index: u64) -> RunSettings {
        let mut run = spec.base.clone();
        self.blocks[block].apply(index, &mut run);
        run.streams = streams(spec, index % self.n_replicates);
        run
    }
}

fn check_bounds(spec: &SweepSpec) -> Result<(), GridError> {
    let too_many = |what: &str, n: usize, max: usize| {
        if n == 0 || n > max {
            return refuse(Part::Whole, what, format!("{n} entries"), format!("give 1 to {max}"));
        }
        Ok(())
    };
    too_many("axes", spec.products.len(), MAX_PRODUCTS)?;
    too_many("replicates", spec.replicates.len(), 3)?;
    too_many("grid.exclude", spec.exclude.len().max(1), MAX_RULES)?;
    too_many("grid.zip", spec.zip.len().max(1), MAX_RULES)?;
    for product in &spec.products {
        too_many("axes", product.axes.len().max(1), MAX_AXES)?;
    }
    for axis in &spec.replicates {
        too_many("replicates", axis.values.len(), MAX_AXIS_VALUES)?;
    }
    let keys: BTreeSet<ReplicateKey> = spec.replicates.iter().map(|axis| axis.key).collect();
    if keys.len() != spec.replicates.len() {
        return refuse(Part::Whole, "replicates", "a replicate axis stands here twice", "keep one of the two");
    }
    Ok(())
}

fn n_replicates(spec: &SweepSpec) -> Result<u64, GridError> {
    let seeds = spec.replicates.iter().map(|axis| axis.values.len() as u64);
    let n = seeds.chain([u64::from(spec.n_branches.max(1))]).try_fold(1_u64, u64::checked_mul);
    match n {
        Some(n) if n <= u64::from(u32::MAX) => Ok(n),
        _ => {
            let message = format!("more than {} replicates a cell", u32::MAX);
            refuse(Part::Whole, "replicates", message, "take fewer seeds or branches")
        }
    }
}

/// Every zip names axes, none of them twice, and some product has them all.
fn check_zips(spec: &SweepSpec) -> Result<(), GridError> {
    let mut zipped = BTreeSet::new();
    for (at, zip) in spec.zip.iter().enumerate() {
        for key in zip {
            if !spec.products.iter().any(|product| product.axes.iter().any(|axis| axis.key == *key)) {
                let help = format!("axes here: {}", axis_names(spec));
                return refuse(Part::Zip(at), "grid.zip", format!("`{key}` is not an axis of this sweep"), help);
            }
            if !zipped.insert(key) {
                return refuse(Part::Zip(at), "grid.zip", format!("`{key}` is zipped twice"), "name it once");
            }
        }
        let whole = |product: &Product| zip.iter().all(|key| product.axes.iter().any(|axis| axis.key == *key));
        if zip.len() < 2 || !spec.products.iter().any(whole) {
            let message = format!("no product has all of {}", zip.join(", "));
            return refuse(Part::Zip(at), "grid.zip", message, "zip at least two axes of one product");
        }
    }
    Ok(())
}

/// The axes of a sweep, for a message.
pub(super) fn axis_names(spec: &SweepSpec) -> String {
    let names: BTreeSet<&str> =
        spec.products.iter().flat_map(|product| &product.axes).map(|axis| axis.key.as_str()).collect();
    match names.len() {
        0 => "none".into(),
        _ => names.into_iter().collect::<Vec<_>>().join(", "),
    }
}

/// The digits of a product: an axis each, zipped axes together where the first of them stands.
fn digits(spec: &SweepSpec, at: usize, product: &Product) -> Result<Vec<Digit>, GridError> {
    one_length(at, product)?;
    let mut digits: Vec<(Option<usize>, Digit)> = Vec::new();
    for (position, axis) in product.axes.iter().enumerate() {
        let part = Part::Axis { product: at, axis: position };
        let member = member(part, at, position, axis)?;
        let zip = spec.zip.iter().position(|zip| zip.contains(&axis.key));
        let n = member.values.len() as u64;
        match digits.iter_mut().find(|(other, _)| zip.is_some() && *other == zip) {
            None => digits.push((zip, Digit { n, weight: 0, members: vec![member] })),
            Some((_, digit)) if digit.n == n => digit.members.push(member),
            Some((_, digit)) => {
                let first = digit.members[0].setting.key;
                let message =
                    format!("zipped axes have different lengths: {first} has {}, {} has {n}", digit.n, axis.key);
                return refuse(Part::Zip(zip.unwrap_or(0)), "grid.zip", message, "give each the same number of values");
            }
        }
    }
    for (zip, digit) in &digits {
        whole_zip(spec, *zip, digit)?;
        no_repeats(at, product, digit)?;
    }
    Ok(digits.into_iter().map(|(_, digit)| digit).collect())
}

fn member(part: Part, product: usize, position: usize, axis: &Axis) -> Result<Member, GridError> {
    let Some(setting) = setting(&axis.key) else {
        return refuse(
            part,
            &axis.key,
            "is not a setting",
            "axes vary settings of [data], [model], [train] and [fork]",
        );
    };
    if axis.values.is_empty() || axis.values.len() > MAX_AXIS_VALUES {
        let message = format!("{} values", axis.values.len());
        return refuse(part, &axis.key, message, format!("give 1 to {MAX_AXIS_VALUES}"));
    }
    let read = |(value, json)| {
        setting.read(&Node::from_json(json)).map_err(|fault| GridError {
            part: Part::Value { product, axis: position, value },
            key: fault.key,
            message: fault.message,
            help: fault.help,
        })
    };
    let values = axis.values.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(Member { setting, values })
}

/// Axes over two of epochs, steps and examples would undo each other; so would the two that say when to fork.
fn one_length(at: usize, product: &Product) -> Result<(), GridError> {
    let mut forks =
        product.axes.iter().enumerate().filter(|(_, axis)| matches!(axis.key.as_str(), "fork.epoch" | "fork.step"));
    if let (Some((_, first)), Some((position, second))) = (forks.next(), forks.next()) {
        return refuse(
            Part::Axis { product: at, axis: position },
            &second.key,
            format!("{} and {} both say when to fork", first.key, second.key),
            "vary exactly one of fork.epoch and fork.step",
        );
    }
    let mut lengths = product.axes.iter().enumerate().filter(|(_, axis)| is_length(&axis.key));
    match (lengths.next(), lengths.next()) {
        (Some((_, first)), Some((position, second))) => refuse(
            Part::Axis { product: at, axis: position },
            &second.key,
            format!("{} and {} both say how long to train", first.key, second.key),
            "vary exactly one of epochs, steps and examples",
        ),
        _ => Ok(()),
    }
}

/// A product that has one axis of a zip has them all.
fn whole_zip(spec: &SweepSpec, zip: Option<usize>, digit: &Digit) -> Result<(), GridError> {
    let Some(at) = zip else { return Ok(()) };
    match spec.zip[at].iter().find(|key| digit.members.iter().all(|member| member.setting.key != **key)) {
        None => Ok(()),
        Some(key) => {
            let message = format!("a product has {} but not `{key}`", digit.members[0].setting.key);
            refuse(Part::Zip(at), "grid.zip", message, "give each product all axes of the zip, or none")
        }
    }
}

/// No value of a digit twice: for zipped axes, no combination.
fn no_repeats(at: usize, product: &Product, digit: &Digit) -> Result<(), GridError> {
    let key = digit.members[0].setting.key;
    let Some(position) = product.axes.iter().position(|axis| axis.key == key) else { return Ok(()) };
    let mut seen = BTreeSet::new();
    for value in 0..digit.n as usize {
        let labels: Vec<String> =
            digit.members.iter().map(|member| member.setting.to_json(&member.values[value]).to_string()).collect();
        let label = labels.join(", ");
        if !seen.insert(labels) {
            return refuse(
                Part::Value { product: at, axis: position, value },
                key,
                format!("{label} stands here twice"),
                "drop one of the two; a range whose rounded values meet needs fewer of them",
            );
        }
    }
    Ok(())
}
