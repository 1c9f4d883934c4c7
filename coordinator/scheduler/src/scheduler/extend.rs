//! A person lets a larger spec take a sweep over.

use std::sync::Arc;

use traipse_sweep::{Fact, JobNumber, RequestId, SweepId};

use super::{Reaction, Scheduler};
use crate::command::{Answer, Now, Rejection};
use crate::pump::SweepState;
use crate::state::Plans;
use crate::state::extend::{Change, MAX_EXTENSIONS};

impl Scheduler {
    pub(super) fn extend<B>(
        &mut self,
        now: Now,
        id: SweepId,
        request: RequestId,
        spec: &Arc<str>,
    ) -> Result<Reaction<B>, Rejection> {
        let sweep = self.state.sweep(id).ok_or(Rejection::UnknownSweep(id))?;
        let after = |at: usize| sweep.extensions.get(at + 1).map_or(&sweep.spec, |next| &next.before);
        if let Some(at) = sweep.extensions.iter().position(|extended| extended.request == request) {
            let same = *after(at) == *spec;
            return if same { Ok(existed()) } else { Err(Rejection::OtherSpec(id)) };
        }
        if sweep.state() == SweepState::Cancelled {
            return Err(Rejection::Cancelled(id));
        }
        if sweep.spec == *spec {
            return Ok(existed());
        }
        if sweep.extensions.len() == MAX_EXTENSIONS {
            return Err(Rejection::TooManyExtensions { sweep: id, max: MAX_EXTENSIONS });
        }
        let own = Plans::parse(spec).map_err(Rejection::BadSpec)?;
        let plan = sweep.plan.extended(&own);
        let plan = plan.map_err(|error| Rejection::NotLarger { sweep: id, message: error.to_string() })?;
        let change = sweep.change(&plan);
        let mut reaction = Reaction::answer(Answer::Extended { existed: false });
        self.end_reopened(id, &change, &mut reaction);
        self.plans.insert_extended(id, Arc::new(plan));
        self.happen(now, Fact::SweepExtended { sweep: id, request, spec: Arc::clone(spec) }, &mut reaction);
        Ok(reaction)
    }

    /// Attempts and waits of what is run again are over.
    fn end_reopened<B>(&mut self, id: SweepId, change: &Change, reaction: &mut Reaction<B>) {
        self.stop_reopened(id, &change.jobs(), "the sweep was extended, and its settings are others", reaction);
        match change {
            Change::All(_) => self.backoffs.forget_sweep(id),
            Change::Some { reopened, .. } => reopened.iter().for_each(|job: &JobNumber| self.end_wait(id, *job)),
        }
    }
}

fn existed<B>() -> Reaction<B> {
    Reaction::answer(Answer::Extended { existed: true })
}
