//! Comparisons as jobs: which runs each measures, computed from its number as everything else of a plan.
//!
//! Comparisons are numbered after the runs: `n_run_jobs..n_jobs`. A comparison's position in the sweep's order is its
//! number; it becomes ready when its members have ended. Each `[[compare]]` has in each block that has its axis a
//! *family* of consecutive numbers: `rest × groups of one rest + group`, with `rest` the mixed-radix number of all digits
//! of a job's index but the axis' own, each narrowed to the values that `where` names. Exclusions leave holes.

mod count;
mod family;
mod pairs;
#[cfg(test)]
mod tests;

use super::Plan;
use super::grid::{Block, Grid, GridError, Part, axis_names, refuse};
use crate::ids::JobNumber;
use crate::spec::catalogue::nearest;
use crate::spec::{Compare, Groups, SweepSpec};

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
    /// Its runs, ascending: two, or of `all_over` two and more.
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
    /// Jobs that are runs: `0..n_run_jobs`, excluded ones included.
    #[must_use]
    pub fn n_run_jobs(&self) -> u64 {
        self.grid.n_jobs
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

    /// Comparisons that have a number and are left out: `n_jobs - n_run_jobs - n_comparisons`.
    #[must_use]
    pub fn n_excluded_comparisons(&self) -> u64 {
        self.grid.n_groups - self.n_comparisons()
    }

    /// What a job does.
    #[must_use]
    pub fn kind(&self, job: JobNumber) -> JobKind {
        if job.0 < self.grid.n_jobs { JobKind::Run } else { JobKind::Comparison }
    }

    /// The group of a comparison, in time of its members; none where the job is a run or is left out.
    ///
    /// # Panics
    /// If there is no such job.
    #[must_use]
    pub fn group(&self, job: JobNumber) -> Option<Group> {
        let number = job.0.checked_sub(self.grid.n_jobs)?;
        assert!(number < self.grid.n_groups, "a sweep of {} jobs has no job {}", self.n_jobs(), job.0);
        let after = self.grid.families.partition_point(|family| family.first <= number);
        let family = &self.grid.families[after - 1];
        let block = &self.grid.blocks[family.block];
        let mut members = family.members(number - family.first);
        let n = members.len();
        members.retain(|&index| !block.excludes(index));
        let whole = members.len() == n || self.spec.compare[family.compare].groups == Groups::All;
        (whole && members.len() >= 2).then(|| Group {
            compare: family.compare,
            members: members.into_iter().map(|index| JobNumber(block.first_job + index)).collect(),
        })
    }

    /// The comparisons that a run is a member of, ascending, in time of their number and, of `all_over`, of their
    /// members; those left out are not there. None for a comparison.
    #[must_use]
    pub fn groups_of(&self, run: JobNumber) -> Vec<JobNumber> {
        if self.kind(run) == JobKind::Comparison || self.grid.families.is_empty() || self.is_excluded(run) {
            return Vec::new();
        }
        let (block, index) = self.locate(run);
        let mut found = Vec::new();
        for family in
            self.grid.families.iter().filter(|family| self.grid.blocks[family.block].first_job == block.first_job)
        {
            let all = self.spec.compare[family.compare].groups == Groups::All;
            for (number, other) in family.of(index) {
                let made = if all { self.has_two(block, family, number) } else { !block.excludes(other) };
                if made {
                    found.push(JobNumber(self.grid.n_jobs + family.first + number));
                }
            }
        }
        found
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
            comparison: job.0 - self.grid.n_jobs,
            cell: self.place(first).cell,
            differs_in: over.clone(),
            seed: (over != "seed").then_some(run.streams.seed),
            label: if labels.is_empty() { "all".into() } else { labels.join(" ") },
        })
    }

    /// Whether at least two members of a whole set are no excluded cells.
    fn has_two(&self, block: &Block, family: &Family, number: u64) -> bool {
        block.rules.is_empty()
            || family.members(number).into_iter().filter(|&index| !block.excludes(index)).nth(1).is_some()
    }
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
