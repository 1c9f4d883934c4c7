//! A sweep is admitted.

use std::sync::Arc;

use traipse_sweep::{Fact, SweepId};

use super::{Reaction, Scheduler};
use crate::command::{Answer, Now, Rejection};
use crate::state::Plans;

impl Scheduler {
    pub(super) fn submit<B>(&mut self, now: Now, sweep: SweepId, spec: &Arc<str>) -> Result<Reaction<B>, Rejection> {
        if let Some(known) = self.state.sweep(sweep) {
            let first = known.extensions.first().map_or(&known.spec, |extended| &extended.before);
            return match *first == *spec {
                true => Ok(Reaction::answer(Answer::Submitted { n_runs: known.plan.n_runs(), existed: true })),
                false => Err(Rejection::OtherSpec(sweep)),
            };
        }
        let plan = Plans::parse(spec).map_err(Rejection::BadSpec)?;
        let answer = Answer::Submitted { n_runs: plan.n_runs(), existed: false };
        self.plans.insert(sweep, plan);
        let mut reaction = Reaction::answer(answer);
        self.happen(now, Fact::SweepAdmitted { sweep, spec: Arc::clone(spec) }, &mut reaction);
        Ok(reaction)
    }
}
