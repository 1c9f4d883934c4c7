//! A member made ready: its settings, its network, and its weights at any of its snapshots.

use std::sync::Arc;

use traipse_nn::{Dataset, Problem};
use traipse_probe::{Element, Form, Weights};
use traipse_sweep::plan::Plan;
use traipse_sweep::settings::{DataSettings, Precision, RunSettings};
use traipse_sweep::spec::{Instant, Span};
use traipse_sweep::{JobNumber, Outcome};

use super::file::{self, Snapshots};
use super::reason;
use super::{Fault, Member};

/// One side of a comparison.
pub(super) struct Party<'a> {
    pub(super) settings: RunSettings,
    /// Its network on the data of the first member: all are measured on the same examples.
    pub(super) problem: Problem,
    /// Its snapshots, or why there are none.
    snapshots: Result<Snapshots<'a>, &'static str>,
    /// Whether its epochs can be told in steps: not where its training set had another size than the first's.
    counts_epochs: bool,
}

/// A party at one step.
pub(super) struct Place<T> {
    pub(super) theta: Vec<T>,
    pub(super) buffers: Vec<f64>,
}

impl<'a> Party<'a> {
    /// Joins a member with the data of the first one; none where it was trained on another set.
    pub(super) fn new(
        plan: &Plan,
        member: &'a Member,
        first: JobNumber,
        data: &Arc<Dataset>,
    ) -> Result<Option<Self>, Fault> {
        let (settings, base) = (plan.settings(member.job), plan.settings(first));
        if !same_set(&settings.data, &base.data) {
            return Ok(None);
        }
        let problem = match Problem::new(&settings, Arc::clone(data)) {
            Ok(problem) => problem,
            Err(error) if member.job == first => return Err(Fault::Invalid(error.to_string())),
            Err(_) => return Ok(None),
        };
        let snapshots = match (member.outcome, &member.snapshots) {
            (Outcome::Diverged, _) => Err(reason::MEMBER_DIVERGED),
            (Outcome::Succeeded, Some(file)) => {
                let form = Form {
                    n_parameters: problem.n_parameters(),
                    precision: settings.train.precision,
                    n_buffers: problem.n_buffers(),
                };
                Ok(Snapshots::open(file, member.job, problem.network(), form)?)
            }
            (Outcome::Succeeded, None) => Err(reason::NO_SNAPSHOT),
            _ => Err(reason::MEMBER_FAILED),
        };
        let counts_epochs = settings.data.train_limit == base.data.train_limit;
        Ok(Some(Self { settings, problem, snapshots, counts_epochs }))
    }

    /// The step of its snapshot at an instant, or why there is none.
    pub(super) fn step_at(&self, instant: Instant) -> Result<u64, &'static str> {
        let steps = self.snapshots.as_ref().map_err(|&why| why)?.steps();
        match instant {
            Instant::Start => steps.first().copied().filter(|&step| step == 0),
            Instant::End => steps.last().copied(),
            Instant::At(Span::Epochs(_)) if !self.counts_epochs => None,
            Instant::At(span) => Some(span.steps(&self.problem.course())).filter(|step| steps.contains(step)),
        }
        .ok_or(reason::NO_SNAPSHOT)
    }

    /// Its weights at a step that [`Self::step_at`] gave; none where it has no snapshot there.
    pub(super) fn place<T: Element>(&self, step: u64) -> Result<Option<Place<T>>, file::Error> {
        match &self.snapshots {
            Ok(snapshots) if snapshots.steps().contains(&step) => {
                let snapshot = snapshots.at(step)?;
                Ok(Some(Place { theta: numbers(snapshot.weights), buffers: snapshot.buffers }))
            }
            _ => Ok(None),
        }
    }

    /// The step at which its training forked, where it did.
    fn fork_step(&self) -> Option<u64> {
        let steps_per_epoch = self.problem.course().steps_per_epoch;
        self.settings.fork.as_ref().map(|fork| fork.step(steps_per_epoch))
    }
}

/// In which precision a group is measured: in f64 where any of its members was trained in it.
pub(super) fn precision(parties: &[Party<'_>]) -> Precision {
    let is_double = |party: &Party<'_>| party.settings.train.precision == Precision::F64;
    if parties.iter().any(is_double) { Precision::F64 } else { Precision::F32 }
}

/// The step at which two branches of one trunk parted.
pub(super) fn fork_step(a: &Party<'_>, b: &Party<'_>) -> Option<u64> {
    let trunk = |party: &Party<'_>| {
        let mut settings = party.settings.clone();
        settings.fork = None;
        settings.streams.branch = 0;
        settings
    };
    a.fork_step().filter(|step| b.fork_step() == Some(*step) && trunk(a) == trunk(b))
}

/// Whether two members are repetitions of one experiment: they differ in random streams alone.
pub(super) fn is_replicate(a: &Party<'_>, b: &Party<'_>) -> bool {
    RunSettings { streams: b.settings.streams, ..a.settings.clone() } == b.settings
}

/// Whether one θ means the same to both.
pub(super) fn same_network(a: &Party<'_>, b: &Party<'_>) -> bool {
    a.problem.network() == b.problem.network()
}

/// Whether examples have one meaning and one shape: subsets and noise may differ.
fn same_set(a: &DataSettings, b: &DataSettings) -> bool {
    DataSettings { seed: b.seed, train_limit: b.train_limit, label_noise: b.label_noise, ..a.clone() } == *b
}

/// θ in the precision in which the group is measured; single numbers become double ones exactly.
fn numbers<T: Element>(weights: Weights) -> Vec<T> {
    match weights {
        Weights::F32(theta) => theta.into_iter().map(|value| T::of(f64::from(value))).collect(),
        Weights::F64(theta) => theta.into_iter().map(T::of).collect(),
    }
}
