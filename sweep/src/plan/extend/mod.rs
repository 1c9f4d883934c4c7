//! Extension: a larger spec takes a sweep over, and only what it adds is run.
//!
//! Every product of the earlier spec must lie in one product of the larger one, value by value; what the larger one has
//! beside that becomes new stretches of jobs. Whether a run keeps its rows is told by its settings: they are equal but for
//! what does not act, or the run is trained again in a higher generation. All of one earlier product fare alike.

mod carried;
mod error;
mod fit;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use carried::{Carried, CarriedCounts, Extension};
pub use error::ExtendError;

use super::Plan;
use super::layers::Past;
use super::within::{Values, Within, minus};
use crate::spec::{Compare, SweepSpec};

/// Most stretches of runs that the extensions of one sweep may make: each question about a run looks through them.
pub const MAX_STRETCHES: usize = 4096;

impl Plan {
    /// The plan of this sweep under a larger spec, whose own plan is given: equal to that in all that concerns canonical
    /// indices, and to this one in all that concerns the numbers of jobs that it has.
    ///
    /// # Errors
    /// If the spec is no extension: it lacks values, is about other data, or trains for less. Then the two are different
    /// experiments, and the remedy is a sweep of its own.
    ///
    /// # Panics
    /// If the given plan has been extended itself.
    pub fn extended(&self, larger: &Self) -> Result<Self, ExtendError> {
        assert!(larger.layers.is_single(), "a larger spec's own plan has no past");
        if self.spec.name != larger.spec.name {
            let (was, is) = (self.spec.name.clone(), larger.spec.name.clone());
            return Err(ExtendError::differs("name", was, is, "a sweep keeps its name"));
        }
        let (old, new) = ((&*self.spec, &self.grid), (&*larger.spec, &larger.grid));
        let within = fit::blocks(old, new)?;
        fit::same_data_as_long(old, new, &within)?;
        let runs = added(larger, &within)?;
        if self.layers.stretches.len() + runs.len() > MAX_STRETCHES {
            return Err(ExtendError::too_many_stretches());
        }
        let mut layers = self.layers.seen(&within, self.past(&larger.spec, &within));
        layers.add(&larger.spec, &larger.grid, runs).ok_or_else(ExtendError::too_many_jobs)?;
        Ok(Self { layers, ..larger.clone() })
    }

    /// The plan of a sweep that had these specs one after the other.
    ///
    /// # Errors
    /// In words, if one of them is no spec, or does not extend the one before it.
    pub fn of_history<'a>(specs: impl IntoIterator<Item = &'a Arc<SweepSpec>>) -> Result<Self, String> {
        let mut plan: Option<Self> = None;
        for spec in specs {
            let own = Self::new(Arc::clone(spec)).map_err(|error| error.to_string())?;
            plan = Some(match plan {
                None => own,
                Some(before) => before.extended(&own).map_err(|error| error.to_string())?,
            });
        }
        plan.ok_or_else(|| "a sweep has at least one spec".to_owned())
    }

    /// How many times it was extended.
    #[must_use]
    pub fn n_extensions(&self) -> u32 {
        self.layers.past.len() as u32
    }

    /// The specs that it had before the current one, oldest first.
    pub fn earlier(&self) -> impl Iterator<Item = &Arc<SweepSpec>> {
        self.layers.past.iter().map(|past| &past.spec)
    }

    /// What the last extension made of the sweep before it; none where there was none.
    #[must_use]
    pub fn extension(&self) -> Option<Extension<'_>> {
        Extension::new(self)
    }

    /// The past as the larger spec sees it: this plan's spec is the last of it.
    fn past(&self, larger: &SweepSpec, within: &[Within]) -> Vec<Past> {
        let seen = |past: &Past| Past {
            within: past.within.iter().map(|old| old.then(&within[old.block])).collect(),
            compare: same_compare(&past.spec.compare, &larger.compare),
            ..past.clone()
        };
        let mut past: Vec<Past> = self.layers.past.iter().map(seen).collect();
        past.push(Past {
            spec: Arc::clone(&self.spec),
            grid: self.grid.clone(),
            within: within.to_vec(),
            compare: same_compare(&self.spec.compare, &larger.compare),
        });
        past
    }
}

/// The stretches of runs that a larger spec has beside those of the one before it.
fn added(larger: &Plan, within: &[Within]) -> Result<Vec<(Within, u64)>, ExtendError> {
    let mut runs = Vec::new();
    for block in 0..larger.grid.blocks.len() {
        let digits = larger.grid.radices(block);
        let all: Vec<Values> = digits.iter().map(|digit| (0..digit.k as u32).collect()).collect();
        let mut left = vec![all];
        for old in within.iter().filter(|old| old.block == block) {
            let out = old.values();
            left = left.iter().flat_map(|of| minus(of, &out)).collect();
            if left.len() > MAX_STRETCHES {
                return Err(ExtendError::too_many_stretches());
            }
        }
        runs.extend(left.iter().map(|values| Within::of(block, &digits, values)));
    }
    Ok(runs)
}

/// Which of the new comparisons measures what each of the old ones does; none twice. Those that ask for the same groups
/// are preferred.
fn same_compare(old: &[Compare], new: &[Compare]) -> Vec<Option<usize>> {
    let measures = |compare: &Compare| Compare { wanted: Vec::new(), max_pairs: None, ..compare.clone() };
    let mut same = vec![None; old.len()];
    for is_equal in [(|a, b| a == b) as fn(&Compare, &Compare) -> bool, |_, _| true] {
        for (at, compare) in old.iter().enumerate() {
            let mut free = (0..new.len()).filter(|other| !same.contains(&Some(*other)));
            if same[at].is_none() {
                same[at] =
                    free.find(|&other| is_equal(compare, &new[other]) && measures(compare) == measures(&new[other]));
            }
        }
    }
    same
}
