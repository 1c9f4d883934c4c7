//! Job numbers over all the specs that a sweep has had: what an extension adds gets numbers behind all earlier ones.
//!
//! A layer is what one spec brought: stretches of runs, each a product of its own, and then numbers for all comparisons of
//! that spec. A comparison keeps the number that it got first; its later numbers are holes, like those of exclusions. All
//! else of a plan is computed from the *canonical* indices, those of the current spec, as if there were no earlier one.

use std::ops::Range;
use std::sync::Arc;

use super::grid::{Grid, ReplicateDigit};
use super::groups::JobKind;
use super::order::{Order, Radix};
use super::within::Within;
use crate::spec::{self, SweepSpec};

/// The numbers of a sweep's jobs.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    /// Ascending; all runs of the current grid, each once.
    pub(super) stretches: Vec<Stretch>,
    /// The earlier specs, oldest first.
    pub(super) past: Vec<Past>,
    /// Of each layer its runs, then its comparisons: without gaps from 0.
    spans: Vec<Span>,
}

/// Consecutive job numbers of runs, lexicographic by digits of their own.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) first_job: u64,
    pub(super) n_jobs: u64,
    /// Where they lie in the current grid.
    pub(super) within: Within,
    /// None where positions are numbers.
    pub(super) order: Option<Order>,
}

/// An earlier spec.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) spec: Arc<SweepSpec>,
    pub(super) grid: Grid,
    /// Where its blocks lie in the current grid.
    pub(super) within: Vec<Within>,
    /// Which of the current spec's comparisons is each of its own.
    pub(super) compare: Vec<Option<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    first: u64,
    n: u64,
}

impl Layers {
    /// Of a spec that nothing was before.
    pub(super) fn first(spec: &SweepSpec, grid: &Grid) -> Self {
        let stretch = |(at, block): (usize, &super::grid::Block)| {
            let within = Within::whole(at, &grid.radices(at));
            let order = order(spec, &within.radices(), &grid.replicates);
            Stretch { first_job: block.first_job, n_jobs: block.n_jobs, within, order }
        };
        let stretches = grid.blocks.iter().enumerate().map(stretch).collect();
        let spans = vec![Span { first: 0, n: grid.n_jobs }, Span { first: grid.n_jobs, n: grid.n_groups }];
        Self { stretches, past: Vec::new(), spans }
    }

    /// The layers so far, seen in a new grid through its blocks; [`Self::add`] brings what is new.
    pub(super) fn seen(&self, within: &[Within], past: Vec<Past>) -> Self {
        let stretch = |old: &Stretch| Stretch { within: old.within.then(&within[old.within.block]), ..old.clone() };
        Self { stretches: self.stretches.iter().map(stretch).collect(), past, spans: self.spans.clone() }
    }

    /// A new layer: runs, of each product where it lies and how many it has, and comparisons. None where the numbers do not
    /// suffice.
    pub(super) fn add(&mut self, spec: &SweepSpec, grid: &Grid, runs: Vec<(Within, u64)>) -> Option<()> {
        let first = self.n_jobs();
        let mut next = first;
        for (within, n_jobs) in runs {
            let order = order(spec, &within.radices(), &grid.replicates);
            self.stretches.push(Stretch { first_job: next, n_jobs, within, order });
            next = next.checked_add(n_jobs)?;
        }
        self.spans.push(Span { first, n: next - first });
        self.spans.push(Span { first: next, n: grid.n_groups });
        next.checked_add(grid.n_groups).map(|_| ())
    }

    /// Whether there is one spec alone, so that numbers of runs are canonical.
    pub(super) fn is_single(&self) -> bool {
        self.past.is_empty()
    }

    /// All numbers: `0..n_jobs`.
    pub(super) fn n_jobs(&self) -> u64 {
        self.spans.last().map_or(0, |last| last.first + last.n)
    }

    /// The first number of the last layer.
    pub(super) fn first_of_last(&self) -> u64 {
        self.spans[self.spans.len() - 2].first
    }

    /// What a job does.
    pub(super) fn kind(&self, job: u64) -> JobKind {
        if self.span(job).is_multiple_of(2) { JobKind::Run } else { JobKind::Comparison }
    }

    /// The numbers of one kind, ascending.
    pub(super) fn of_kind(&self, kind: JobKind) -> Vec<Range<u64>> {
        let spans = self.spans.iter().skip(usize::from(kind == JobKind::Comparison)).step_by(2);
        spans.filter(|span| span.n > 0).map(|span| span.first..span.first + span.n).collect()
    }

    /// The layer of a comparison, and its number among those of the layer; none for a run.
    pub(super) fn comparison(&self, job: u64) -> Option<(usize, u64)> {
        let at = self.span(job);
        (at % 2 == 1).then(|| (at / 2, job - self.spans[at].first))
    }

    /// The job of a comparison by its number in its layer.
    pub(super) fn job_of_comparison(&self, layer: usize, number: u64) -> u64 {
        self.spans[2 * layer + 1].first + number
    }

    /// The stretch of a run, by its number or by its position: both lie in one.
    ///
    /// # Panics
    /// If it is none.
    pub(super) fn stretch(&self, run: u64) -> (&Stretch, u64) {
        let after = self.stretches.partition_point(|stretch| stretch.first_job <= run);
        let stretch = after.checked_sub(1).map(|at| &self.stretches[at]);
        match stretch.filter(|stretch| run - stretch.first_job < stretch.n_jobs) {
            Some(stretch) => (stretch, run - stretch.first_job),
            None => panic!("a sweep of {} jobs has no run {run}", self.n_jobs()),
        }
    }

    /// The job of a run by its block and its index there.
    pub(super) fn job_of_run(&self, block: usize, index: u64) -> Option<u64> {
        let mut of_block = self.stretches.iter().filter(|stretch| stretch.within.block == block);
        of_block.find_map(|stretch| Some(stretch.first_job + stretch.within.inner(index)?))
    }

    fn span(&self, job: u64) -> usize {
        assert!(job < self.n_jobs(), "a sweep of {} jobs has no job {job}", self.n_jobs());
        self.spans.partition_point(|span| span.first <= job) - 1
    }
}

/// The balanced order of runs with these digits: branches, and replicates that are compared with each other, are siblings.
fn order(spec: &SweepSpec, digits: &[Radix], replicates: &[ReplicateDigit]) -> Option<Order> {
    if spec.execution.order == spec::Order::Grid {
        return None;
    }
    let (axes, seeds) = digits.split_at(digits.len() - replicates.len());
    let are_siblings = |key: &str| key == "branch" || spec.compare.iter().any(|compare| compare.over == key);
    let (siblings, seeds): (Vec<_>, Vec<_>) =
        replicates.iter().zip(seeds.iter().copied()).partition(|(digit, _)| are_siblings(digit.key));
    let radix = |(_, radix): (&ReplicateDigit, Radix)| radix;
    let slow = axes.iter().copied().chain(seeds.into_iter().map(radix));
    Some(Order::new(slow, siblings.into_iter().map(radix).collect()))
}
