//! What must hold of the durable state after every step, recounted from scratch.

use traipse_sweep::JobNumber;

use super::jobs::Counts;
use super::marks::Mark;
use super::{JobAt, State, Sweep};

impl State {
    /// Panics if an invariant does not hold. Linear in all jobs.
    pub(crate) fn check(&self) {
        assert_eq!(self.order.len(), self.sweeps.len());
        let mut n_leases = 0;
        for (number, id) in (0..).zip(&self.order) {
            let sweep = &self.sweeps[id];
            assert_eq!((sweep.id, sweep.number), (*id, number));
            assert_eq!(self.unended.contains(&number), !sweep.state().is_ended(), "{id}: unended");
            n_leases += self.check_jobs(sweep);
        }
        assert_eq!(self.leases.len(), n_leases, "every lease is its job's only one");
    }

    /// Returns how many leases are under way.
    fn check_jobs(&self, sweep: &Sweep) -> usize {
        let jobs = &sweep.jobs;
        let (mut runs, mut comparisons) = (Counts::default(), Counts::default());
        let (mut n_leases, mut n_fresh, mut n_blocked, mut n_excluded) = (0, 0, 0, 0);
        for position in 0..sweep.plan.n_jobs() {
            let mark = jobs.marks.get(position);
            let job = sweep.plan.job_at(position);
            let excluded = match jobs.is_comparison(position) {
                true => !self.check_readiness(sweep, position, job),
                false => sweep.plan.is_excluded(job),
            };
            assert!(!excluded || matches!(mark, Mark::Fresh | Mark::Excluded), "an excluded job is {mark:?}");
            let (of_kind, n_untouched) = match jobs.is_comparison(position) {
                true => (&mut comparisons, &mut n_blocked),
                false => (&mut runs, &mut n_fresh),
            };
            n_excluded += u64::from(excluded && !jobs.is_comparison(position));
            *n_untouched += u64::from(mark == Mark::Fresh && !excluded);
            if let Some(count) = of_kind.of_mut(mark) {
                *count += 1;
            }
            assert_eq!(jobs.ready.contains(&position), mark == Mark::Ready);
            assert!(mark != Mark::Ready || jobs.is_comparison(position));
            let held = jobs.held(position);
            assert_eq!(held.is_some(), mark == Mark::Leased, "position {position} is {mark:?} with {held:?}");
            if let Some(held) = held {
                assert_eq!(self.leases.get(&held.lease), Some(&JobAt { sweep: sweep.id, position }));
                n_leases += 1;
            }
            let under_way = matches!(mark, Mark::Again | Mark::Leased | Mark::Backoff);
            assert_eq!(jobs.touched.contains_key(&position), under_way, "position {position} is {mark:?}");
            let (again, struck) = (jobs.again.contains(&position), jobs.struck.contains(&position));
            assert_eq!(again || struck, mark == Mark::Again);
            assert!(!struck || !again && jobs.strikes(position) > 0);
            let failed = matches!(mark, Mark::Failed | Mark::Quarantined | Mark::Skipped);
            assert!(failed || !jobs.messages.contains_key(&position));
            let passed = position < jobs.cursor && !jobs.is_comparison(position) && !sweep.wish.is_end();
            assert!(!passed || mark != Mark::Fresh, "the cursor passed a fresh job at {position}");
        }
        assert_eq!((jobs.runs, jobs.comparisons), (runs, comparisons), "counters of {}", sweep.id);
        assert_eq!(sweep.n_blocked(), n_blocked, "blocked comparisons of {}", sweep.id);
        assert_eq!((sweep.n_fresh(), sweep.plan.n_excluded()), (n_fresh, n_excluded), "fresh jobs of {}", sweep.id);
        n_leases
    }

    /// A comparison is blocked until its last member has ended, and never again. Returns whether it is made at all.
    fn check_readiness(&self, sweep: &Sweep, position: u64, job: JobNumber) -> bool {
        let (jobs, mark) = (&sweep.jobs, sweep.jobs.marks.get(position));
        let Some(group) = sweep.plan.group(job) else { return false };
        let ended = group.members.iter().all(|run| jobs.marks.get(sweep.plan.position_of(*run)).is_done());
        let cancelled = sweep.wish.is_end();
        // What was measured stays so when an extension trains members again for others.
        let stays = mark.is_done() && sweep.plan.n_extensions() > 0;
        assert!(ended || mark == Mark::Fresh || stays, "a comparison is {mark:?} before its members");
        assert!(!ended || mark != Mark::Fresh || cancelled, "a comparison is blocked after its members");
        true
    }
}
