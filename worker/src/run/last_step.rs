//! The last optimiser step before a snapshot: what only the training knows, so it is looked at on the way.

use traipse_nn::{Problem, Rows, Trainer};
use traipse_probe::Element;
use traipse_probe::curvature::Objective;
use traipse_sweep::spec::{SweepSpec, chosen};

/// Keeps θ before the last step of those snapshots where the Hessian is asked for.
#[derive(Debug)]
pub(super) struct LastStep<T> {
    /// The steps of those snapshots, ascending; empty where it is not.
    steps: Vec<u64>,
    /// Whether any snapshot may turn out to be the end, which is always asked for.
    may_stop: bool,
    before: Vec<T>,
}

impl<T: Element> LastStep<T> {
    pub(super) fn new(spec: &SweepSpec, problem: &Problem) -> Self {
        let steps = match &spec.probes.hessian {
            Some(hessian) => {
                let plan = spec.snapshots.steps(&problem.course());
                chosen(&hessian.at, &plan, &problem.course()).into_iter().map(|index| plan[index]).collect()
            }
            None => Vec::new(),
        };
        Self { may_stop: problem.settings().train.stop.is_some(), steps, before: Vec::new() }
    }

    /// Whether the step before a snapshot is to be looked at.
    pub(super) fn is_wanted(&self, snapshot_step: u64, is_end: bool) -> bool {
        let is_chosen = is_end || self.steps.binary_search(&snapshot_step).is_ok();
        snapshot_step > 0 && !self.steps.is_empty() && is_chosen
    }

    /// To be called before the last step towards a snapshot.
    pub(super) fn keep(&mut self, trainer: &Trainer<T>, snapshot_step: u64, problem: &Problem) {
        if self.is_wanted(snapshot_step, self.may_stop) {
            self.before.resize(problem.n_parameters(), T::ZERO);
            trainer.parameters_into(&mut self.before);
        }
    }

    /// u'Hu / u'u at θ for the last step u that led there; NaN where it was 0. Cost: a gradient and a product.
    pub(super) fn curvature(&self, problem: &Problem, theta: &[T], rows: &[u32]) -> f64 {
        let update: Vec<T> = theta.iter().zip(&self.before).map(|(&after, &before)| after - before).collect();
        Objective::at(problem, theta, Rows::Train(rows)).along(&update).unwrap_or(f64::NAN)
    }
}
