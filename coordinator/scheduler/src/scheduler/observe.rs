//! The soft state follows the facts: clocks start and end, waits begin, parked reports wake.

use traipse_sweep::facts::{Control, Hold};
use traipse_sweep::{Fact, FailureClass, JobNumber, LeaseId, SweepId};

use super::Scheduler;
use crate::command::Now;
use crate::soft::backoff;
use crate::soft::clocks::Clock;
use crate::soft::suspensions::Suspensions;
use crate::state::marks::Mark;

impl Scheduler {
    /// Gives every outstanding lease one fresh period, and every backoff and suspension its length again.
    pub(super) fn start_clocks(&mut self, now: Now) {
        let suspended = self.state.suspects.all().filter(|(_, suspect)| suspect.n_suspensions > 0);
        for worker in suspended.map(|(worker, _)| worker).collect::<Vec<_>>() {
            self.suspend(now, worker);
        }
        for sweep in self.state.unended() {
            for (&position, touched) in &sweep.jobs.touched {
                if let Some(held) = touched.held {
                    let clock = Clock::new(sweep.id, now + self.config.lease, None);
                    self.clocks.start(held.worker, held.lease, clock);
                } else if sweep.jobs.marks.get(position) == Mark::Backoff {
                    self.backoffs.wait(sweep.id, position, now + self.delay(sweep.id, position, touched.n_transient));
                }
            }
        }
    }

    /// Brings the soft state along with a fact that is about to be applied.
    pub(super) fn observe(&mut self, now: Now, fact: &Fact) {
        match fact {
            Fact::Granted { sweep, job, lease, worker, .. } => {
                let clock = Clock::new(*sweep, now + self.config.lease, Some(now));
                self.clocks.start(*worker, *lease, clock);
                self.next_lease += 1;
                self.end_wait(*sweep, *job);
            }
            Fact::AttemptFailed { lease, class, .. } => {
                self.end_clock(*lease);
                if *class == FailureClass::Transient {
                    self.begin_wait(now, *lease);
                } else {
                    self.woken = true;
                }
            }
            Fact::LeaseReturned { lease, .. } => {
                self.end_clock(*lease);
                self.woken = true;
            }
            Fact::JobEnded { sweep, job, .. } => self.observe_end(*sweep, *job),
            Fact::SweepExtended { sweep, .. } => {
                // Workers ask for the specs of what they are leased: those must be durable first.
                self.grantable.remove(sweep);
            }
            Fact::JobsRetried { sweep, jobs, .. } => {
                jobs.iter().cloned().flatten().for_each(|job| self.end_wait(*sweep, JobNumber(job)));
                self.woken = true;
            }
            Fact::SweepControlled { sweep, control: Control::Cancel }
            | Fact::SweepHeld { sweep, hold: Hold::Stop, .. } => self.backoffs.forget_sweep(*sweep),
            Fact::SweepControlled { sweep, control: Control::Resume } => {
                self.woken = true;
                // Whoever mends what held a sweep has mended its workers.
                if self.state.sweep(*sweep).is_some_and(|sweep| sweep.held.is_some()) {
                    self.suspensions = Suspensions::default();
                }
            }
            _ => {}
        }
    }

    fn observe_end(&mut self, sweep: SweepId, job: JobNumber) {
        let position = self.state.sweep(sweep).and_then(|sweep| sweep.position(job));
        let held = position.and_then(|position| self.state.sweep(sweep)?.jobs.held(position));
        match held {
            Some(held) => _ = self.clocks.end(held.worker, held.lease),
            None => self.end_wait(sweep, job),
        }
    }

    fn end_clock(&mut self, lease: LeaseId) {
        if let Some((sweep, position)) = self.state.leased(lease)
            && let Some(held) = sweep.jobs.held(position)
        {
            self.clocks.end(held.worker, lease);
        }
    }

    fn begin_wait(&mut self, now: Now, lease: LeaseId) {
        if let Some((sweep, position)) = self.state.leased(lease) {
            let n_failures = sweep.jobs.touched.get(&position).map_or(0, |touched| touched.n_transient) + 1;
            let (id, until) = (sweep.id, now + self.delay(sweep.id, position, n_failures));
            self.backoffs.wait(id, position, until);
        }
    }

    pub(super) fn end_wait(&mut self, sweep: SweepId, job: JobNumber) {
        let Some(waits) = self.state.sweep(sweep).filter(|sweep| self.backoffs.has_due(sweep.id)) else { return };
        if let Some(position) = waits.position(job) {
            self.backoffs.forget(sweep, position);
        }
    }

    fn delay(&self, sweep: SweepId, position: u64, n_failures: u32) -> Now {
        backoff::delay(self.config.backoff, self.config.backoff_max, sweep, position, n_failures)
    }
}
