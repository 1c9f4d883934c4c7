//! Comparisons as jobs: which runs each measures, computed from its number as everything else of a plan.
//!
//! Comparisons are numbered after the runs that came with them. A comparison's position in the sweep's order is its
//! number; it becomes ready when its members have ended. Each `[[compare]]` has in each block that has its axis a
//! *family* of consecutive numbers: `rest × groups of one rest + group`, with `rest` the mixed-radix number of all digits
//! of a job's index but the axis' own, each narrowed to the values that `where` names. Exclusions leave holes.

mod count;
mod family;
mod pairs;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::Plan;
use super::grid::{Block, Grid, GridError, Part, axis_names, refuse};
use super::layers::Past;
use crate::ids::JobNumber;
use crate::spec::catalogue::nearest;
use crate::spec::{Compare, SweepSpec};

pub(crate) use family::Family;
use family::NoFamily;

/// Most comparisons that a run may be a member of, and most members of a comparison.
pub const MAX_COMPARISONS_A_RUN: u64 = 4096;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Trains and measures one run.
    Run,
    /// Measures several runs together.
    Comparison,
}

/// A set of runs that are measured together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which of the spec's `[[compare]]`, from 0.
    pub compare: usize,
    /// Its runs in the order of their canonical indices: two, or of `all_over` two and more.
    pub members: Vec<JobNumber>,
}

/// Where a comparison stands in the sweep's current spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonPlace {
    /// Canonical index of the comparison; those left out keep their number.
    pub comparison: u64,
    /// The cell of its first member.
    pub cell: u64,
    /// The axis over which its members differ: a dotted key, or `seed`, `init_seed`, `order_seed`, `branch`.
    pub differs_in: String,
    /// The seed that its members share; none where they differ in it.
    pub seed: Option<u64>,
    /// What its members have in common, as a cell's label; `all` where that is nothing.
    pub label: String,
}

impl Plan {
    /// How many jobs are runs, excluded ones included; their canonical indices are `0..n_run_jobs`.
    #[must_use]
    pub fn n_run_jobs(&self) -> u64 {
        self.grid.n_jobs
    }

    /// Comparisons of the current spec, those of excluded cells included.
    #[must_use]
    pub fn n_comparison_jobs(&self) -> u64 {
        self.grid.n_groups
    }

    /// Comparisons that are made, without those of excluded runs.
    #[must_use]
    pub fn n_comparisons(&self) -> u64 {
        self.grid.n_made.iter().sum()
    }

    /// Those of one of the spec's `[[compare]]`.
    ///
    /// # Panics
    /// If the spec has no such one.
    #[must_use]
    pub fn n_comparisons_of(&self, compare: usize) -> u64 {
        self.grid.n_made[compare]
    }

    /// Comparisons that have a canonical index and are left out.
    #[must_use]
    pub fn n_excluded_comparisons(&self) -> u64 {
        self.grid.n_groups - self.n_comparisons()
    }

    /// What a job does.
    #[must_use]
    pub fn kind(&self, job: JobNumber) -> JobKind {
        self.layers.kind(job.0)
    }

    /// The group of a comparison, in time of its members; none where the job is a run or is left out, and for a
    /// comparison that the current spec does not have any more.
    ///
    /// # Panics
    /// If there is no such job.
    #[must_use]
    pub fn group(&self, job: JobNumber) -> Option<Group> {
        let (found, _) = self.found(job)?;
        let first = self.grid.blocks[found.block].first_job;
        let member = |index: u64| self.job_of_run(first + index);
        Some(Group { compare: found.compare, members: found.members.into_iter().map(member).collect() })
    }

    /// The canonical index of a comparison; none where [`Plan::group`] is none.
    #[must_use]
    pub fn comparison_of(&self, job: JobNumber) -> Option<u64> {
        self.found(job).map(|(_, number)| number)
    }

    /// The job of a comparison by its canonical index: the inverse of [`Plan::comparison_of`].
    #[must_use]
    pub fn job_of_comparison(&self, comparison: u64) -> JobNumber {
        let current = self.layers.past.len();
        let found = if current > 0 { self.grid.made(comparison) } else { None };
        let earlier = found.and_then(|found| {
            let mut past = self.layers.past.iter().enumerate();
            past.find_map(|(layer, past)| Some((layer, past.number(&found)?)))
        });
        let (layer, number) = earlier.unwrap_or((current, comparison));
        JobNumber(self.layers.job_of_comparison(layer, number))
    }

    /// The comparisons that a run is a member of, in the order of the spec, in time of their number and, of `all_over`, of
    /// their members; those left out are not there. None for a comparison.
    #[must_use]
    pub fn groups_of(&self, run: JobNumber) -> Vec<JobNumber> {
        if self.grid.families.is_empty() || self.kind(run) == JobKind::Comparison || self.is_excluded(run) {
            return Vec::new();
        }
        let (at, index) = self.grid.locate(self.canonical(run));
        let block = &self.grid.blocks[at];
        let mut found = Vec::new();
        for family in self.grid.families.iter().filter(|family| family.block == at) {
            for (number, other) in family.of(index) {
                let made = if family.is_all() { has_two(block, family, number) } else { !block.excludes(other) };
                if made {
                    found.push(self.job_of_comparison(family.first + number));
                }
            }
        }
        found
    }

    /// Whether an earlier spec had a comparison of the current one.
    pub(super) fn was_in(&self, past: &Past, job: JobNumber) -> bool {
        self.found(job).is_some_and(|(made, _)| past.number(&made).is_some())
    }

    /// A comparison as it stands in the current spec, with its canonical index; none for a number that is not its first.
    fn found(&self, job: JobNumber) -> Option<(Made, u64)> {
        let (layer, number) = self.layers.comparison(job.0)?;
        let found = match self.layers.past.get(layer) {
            None => (self.grid.made(number)?, number),
            Some(past) => {
                let made = past.grid.made(number)?;
                let within = &past.within[made.block];
                let members = made.members.into_iter().map(|index| within.outer(index)).collect();
                let made = Made { compare: past.compare[made.compare]?, block: within.block, members };
                let number = self.grid.number(&made)?;
                (made, number)
            }
        };
        let is_first = self.layers.past.iter().take(layer).all(|past| past.number(&found.0).is_none());
        is_first.then_some(found)
    }

    /// Where a comparison stands; none where the job is a run or is left out.
    #[must_use]
    pub fn comparison_place(&self, job: JobNumber) -> Option<ComparisonPlace> {
        let group = self.group(job)?;
        let first = *group.members.first()?;
        let over = &self.spec.compare[group.compare].over;
        let (block, _) = self.locate(first);
        let digit = block.digits.iter().find(|digit| digit.members.iter().any(|member| member.setting.key == over));
        let differs = |key: &str| digit.is_some_and(|digit| digit.members.iter().any(|m| m.setting.key == key));
        let run = self.settings(first);
        let common = self.columns.iter().filter(|source| !differs(&source.column.key));
        let labels: Vec<String> = common.filter_map(|source| source.label(&run)).collect();
        Some(ComparisonPlace {
            comparison: self.comparison_of(job)?,
            cell: self.place(first).cell,
            differs_in: over.clone(),
            seed: (over != "seed").then_some(run.streams.seed),
            label: if labels.is_empty() { "all".into() } else { labels.join(" ") },
        })
    }
}

/// A comparison that is made, in one grid.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Made {
    compare: usize,
    block: usize,
    /// Indices in the block, as the measure takes them.
    members: Vec<u64>,
}

impl Grid {
    /// The comparison of a number; none where it is left out.
    fn made(&self, number: u64) -> Option<Made> {
        assert!(number < self.n_groups, "a grid of {} comparisons has no comparison {number}", self.n_groups);
        let after = self.families.partition_point(|family| family.first <= number);
        let family = &self.families[after - 1];
        let members = self.members(family, number - family.first)?;
        Some(Made { compare: family.compare, block: family.block, members })
    }

    /// The number of a comparison; none where this grid does not make it.
    fn number(&self, made: &Made) -> Option<u64> {
        let first = *made.members.first()?;
        let mut families =
            self.families.iter().filter(|family| family.compare == made.compare && family.block == made.block);
        families.find_map(|family| {
            let mut of = family.of(first).into_iter();
            let (number, _) = of.find(|(_, other)| family.is_all() || made.members.get(1) == Some(other))?;
            let is_same = self.members(family, number).is_some_and(|members| members == made.members);
            is_same.then_some(family.first + number)
        })
    }

    /// The members of a group of a family that no exclusion leaves out; none where too few are left.
    fn members(&self, family: &Family, number: u64) -> Option<Vec<u64>> {
        let block = &self.blocks[family.block];
        let mut members = family.members(number);
        let n = members.len();
        members.retain(|&index| !block.excludes(index));
        let whole = members.len() == n || family.is_all();
        (whole && members.len() >= 2).then_some(members)
    }
}

impl Past {
    /// Which of the current spec's comparisons measured a run, by its block and index in the current grid.
    pub(super) fn asked_of(&self, block: usize, index: u64) -> BTreeSet<usize> {
        let within = self.within.iter().enumerate().filter(|(_, within)| within.block == block);
        let places: Vec<(usize, u64)> = within.filter_map(|(at, within)| Some((at, within.inner(index)?))).collect();
        let asks = |family: &&Family| {
            let mut places = places.iter().filter(|(at, _)| *at == family.block);
            places.any(|(_, inner)| {
                family.of(*inner).into_iter().any(|(number, _)| self.grid.members(family, number).is_some())
            })
        };
        self.grid.families.iter().filter(asks).filter_map(|family| self.compare[family.compare]).collect()
    }

    /// The number that a comparison of the current spec had in this one.
    fn number(&self, made: &Made) -> Option<u64> {
        let compare = self.compare.iter().position(|current| *current == Some(made.compare))?;
        let within = self.within.iter().enumerate().filter(|(_, within)| within.block == made.block);
        let mut found = within.filter_map(|(block, within)| {
            let members: Option<Vec<u64>> = made.members.iter().map(|&index| within.inner(index)).collect();
            self.grid.number(&Made { compare, block, members: members? })
        });
        found.next()
    }
}

/// Whether at least two members of a whole set are no excluded cells.
fn has_two(block: &Block, family: &Family, number: u64) -> bool {
    block.rules.is_empty()
        || family.members(number).into_iter().filter(|&index| !block.excludes(index)).nth(1).is_some()
}

impl Block {
    /// Whether the job at `index` is left out.
    pub(crate) fn excludes(&self, index: u64) -> bool {
        self.rules.iter().any(|rule| rule.matches(&self.digits, index))
    }
}

/// Adds the families of all comparisons to a grid whose blocks stand.
pub(super) fn add(grid: &mut Grid, spec: &SweepSpec) -> Result<(), GridError> {
    let mut most = vec![0_u64; grid.blocks.len()];
    for (at, compare) in spec.compare.iter().enumerate() {
        let (mut known, mut made) = (false, 0_u64);
        for (block, most) in most.iter_mut().enumerate() {
            let numbered = (block, &grid.blocks[block]);
            let family = match Family::new(spec, at, numbered, &grid.replicates, grid.n_groups) {
                Ok(family) => family,
                Err(NoFamily::NoAxis) => continue,
                Err(NoFamily::Empty) => {
                    known = true;
                    continue;
                }
                Err(NoFamily::TooMany) => return too_many(at),
            };
            known = true;
            *most = most.saturating_add(family.most_of_one());
            check_run(at, compare, &family, *most)?;
            let left = count::count(&family, numbered.1)?;
            match grid.n_groups.checked_add(family.n).filter(|n| n.checked_add(grid.n_jobs).is_some()) {
                Some(n) => grid.n_groups = n,
                None => return too_many(at),
            }
            made += left;
            grid.families.push(family);
        }
        if !known {
            return no_axis(spec, at, compare);
        }
        if made == 0 {
            return nothing(at, compare);
        }
        grid.n_made.push(made);
    }
    Ok(())
}

/// Refuses more than [`MAX_COMPARISONS_A_RUN`].
fn check_run(at: usize, compare: &Compare, family: &Family, most: u64) -> Result<(), GridError> {
    let over = &compare.over;
    if most > MAX_COMPARISONS_A_RUN {
        let message = format!("it puts a run into {most} comparisons, at most {MAX_COMPARISONS_A_RUN} are allowed");
        let help = "give max_pairs, narrow it by where, or use neighbours_over";
        return refuse(Part::Compare(at), over, message, help);
    }
    if family.n_members() > MAX_COMPARISONS_A_RUN {
        let n = family.n_members();
        let message = format!("a comparison has {n} members, at most {MAX_COMPARISONS_A_RUN} are allowed");
        return refuse(Part::Compare(at), over, message, "narrow it by where, or use pairs_over with max_pairs");
    }
    Ok(())
}

fn too_many(at: usize) -> Result<(), GridError> {
    let message = format!("the sweep has more than {} jobs with its comparisons", u64::MAX);
    refuse(Part::Compare(at), "compare", message, "give max_pairs, or narrow it by where")
}

fn no_axis(spec: &SweepSpec, at: usize, compare: &Compare) -> Result<(), GridError> {
    let seeds: Vec<&str> = spec.replicates.iter().map(|axis| axis.key.as_str()).collect();
    let axes = spec.products.iter().flat_map(|product| &product.axes).map(|axis| axis.key.as_str());
    let over = &compare.over;
    let help = match nearest(over, axes.chain(seeds.iter().copied())) {
        Some(near) => format!("did you mean `{near}`?"),
        None if over == "branch" => "a sweep with branches has [fork] branches = 2, say".to_owned(),
        None => format!("compare over an axis ({}) or a replicate ({})", axis_names(spec), seeds.join(", ")),
    };
    refuse(Part::Compare(at), over, format!("`{over}` is not varied in this sweep"), help)
}

fn nothing(at: usize, compare: &Compare) -> Result<(), GridError> {
    let message = format!("nothing is compared: no two runs that differ in {} alone are left", compare.over);
    let help = "give that axis at least two values, and let where and grid.exclude leave two of them";
    refuse(Part::Compare(at), &compare.over, message, help)
}
