//! The simulated orchestrator: some hundred seeds without a fault found, and every planted bug found.

use traipse_tests::simulation::{self, Mutation};

/// The binary runs as many as one likes.
const N_SEEDS: u64 = 150;
/// Within so many a planted bug must be found.
const N_SEEDS_A_MUTATION: u64 = 2000;

#[test]
fn nothing_is_lost_whatever_happens() {
    let (mut n_events, mut n_jobs) = (0, 0);
    for seed in 0..N_SEEDS {
        let (counts, n) = simulation::run(seed, None).unwrap_or_else(|failure| panic!("{failure:#?}"));
        n_events += n;
        n_jobs += counts.get("jobs run");
    }
    assert!(n_events > 1000 * N_SEEDS && n_jobs > 10 * N_SEEDS, "{n_events} events, {n_jobs} jobs");
}

#[test]
fn every_planted_bug_is_found() {
    for (mutation, name) in Mutation::ALL {
        let found = (0..N_SEEDS_A_MUTATION).find(|seed| simulation::run(*seed, Some(mutation)).is_err());
        assert!(found.is_some(), "{name} is not found in {N_SEEDS_A_MUTATION} seeds");
    }
}
