//! Specs: fetched once a sweep, before any of its leases starts, and again when it was extended.

use std::collections::BTreeMap;
use std::time::Duration;

use traipse_sweep::SweepId;

use super::Agent;
use crate::backoff::Backoff;
use crate::message::Action;

/// Which sweeps' specs the shell has.
#[derive(Debug)]
pub(super) struct Specs {
    known: BTreeMap<SweepId, Spec>,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    Wanted { at: Duration },
    Fetching,
    Ready,
}

impl Specs {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self { known: BTreeMap::new(), backoff }
    }

    /// Whether leases of the sweep can start; if not, its spec will be fetched.
    pub(super) fn is_ready(&mut self, now: Duration, sweep: SweepId) -> bool {
        *self.known.entry(sweep).or_insert(Spec::Wanted { at: now }) == Spec::Ready
    }

    /// It was extended: what the shell has does for the leases that it has, and not for those to come.
    pub(super) fn stale(&mut self, now: Duration, sweep: SweepId) {
        if let Some(spec @ Spec::Ready) = self.known.get_mut(&sweep) {
            *spec = Spec::Wanted { at: now };
        }
    }

    pub(super) fn failed(&mut self, now: Duration, sweep: SweepId) {
        let at = now + self.backoff.fail();
        if let Some(spec @ Spec::Fetching) = self.known.get_mut(&sweep) {
            *spec = Spec::Wanted { at };
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        let wanted = self.known.values().filter_map(|spec| match spec {
            Spec::Wanted { at } => Some(*at),
            Spec::Fetching | Spec::Ready => None,
        });
        wanted.min()
    }
}

impl<P> Agent<P> {
    pub(super) fn spec_ready(&mut self, now: Duration, sweep: SweepId) {
        self.specs.backoff.succeed();
        let Some(spec) = self.specs.known.get_mut(&sweep) else { return };
        *spec = Spec::Ready;
        self.start_waiting(now, sweep);
    }

    pub(super) fn settle_specs(&mut self, now: Duration) {
        if self.specs.known.len() > self.config.specs_max {
            self.forget_specs();
        }
        for (sweep, spec) in &mut self.specs.known {
            if matches!(spec, Spec::Wanted { at } if *at <= now) {
                *spec = Spec::Fetching;
                self.actions.push(Action::FetchSpec(*sweep));
            }
        }
    }

    fn forget_specs(&mut self) {
        let needed = self.leases.sweeps();
        let idle =
            |(sweep, spec): (&SweepId, &Spec)| (!needed.contains(sweep) && *spec != Spec::Fetching).then_some(*sweep);
        let forgotten: Vec<_> = self.specs.known.iter().filter_map(idle).collect();
        for sweep in forgotten {
            self.specs.known.remove(&sweep);
            self.actions.push(Action::ForgetSpec(sweep));
        }
    }
}
