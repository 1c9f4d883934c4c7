//! A snapshot and the facts after it give the state that all facts give.

use proptest::prelude::*;
use traipse_sweep::Incarnation;

use super::simulation;
use super::world::*;
use crate::command::Config;
use crate::pump::{Pump, RestoreError};

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let mut world = World::with_runs(40);
    let mut worker = world.worker(1, 2);
    world.acquire(&mut worker);
    let bytes = world.pump.snapshot().encode();
    let restore = |bytes: &[u8]| {
        let config = Config::new(Incarnation(2));
        Pump::<u64, u64>::restore(config, world.now, Some(bytes), std::iter::empty(), world.pump.snapshot_seq() + 1)
    };
    assert!(restore(&bytes).is_ok());
    for end in 0..bytes.len() {
        assert!(matches!(restore(&bytes[..end]), Err(RestoreError::Snapshot(_) | RestoreError::Journal(_))), "{end}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(restore(&longer), Err(RestoreError::Snapshot(_))));
}

#[test]
fn damaged_bytes_are_refused_or_harmless() {
    let mut run = simulation::Run::new(3);
    (0..200).for_each(|_| run.step());
    let bytes = run.world.pump.snapshot().encode();
    let next_seq = run.world.pump.snapshot_seq() + 1;
    let mut n_refused = 0;
    for at in 0..bytes.len() {
        for flip in [1, 2, 0x10, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let config = Config::new(Incarnation(1 << 20));
            let restored = TestPump::restore(config, run.world.now, Some(&damaged), std::iter::empty(), next_seq);
            n_refused += u32::from(restored.is_err());
        }
    }
    assert!(n_refused > 0);
}

#[test]
fn a_barely_begun_sweep_of_many_jobs_is_a_small_snapshot() {
    let mut world = World::with_runs(100_000);
    let mut worker = world.worker(1, 1);
    world.acquire(&mut worker);
    assert!(world.pump.snapshot().encode().len() < 1000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn restore_at_any_point_gives_the_live_state(seed: u64, at in 0.0..1.0f64) {
        let mut run = simulation::Run::new(seed);
        let n_steps = 300;
        let snapshot_at = (f64::from(n_steps) * at) as u32;
        let mut snapshot = (0, Vec::new());
        for step in 0..n_steps {
            run.step();
            if step == snapshot_at {
                snapshot = (run.world.pump.snapshot_seq(), run.world.pump.snapshot().encode());
            }
        }
        let config = Config { incarnation: Incarnation(1 << 20), ..run.world.config.clone() };
        let next_seq = run.world.journal.last().map_or(0, |batch| batch.seq) + 1;
        let (seq, bytes) = snapshot;
        let facts = run.world.facts_after(seq).into_iter();
        let restored = TestPump::restore(config, run.world.now, Some(&bytes), facts, next_seq).unwrap();
        prop_assert_eq!(restored.committed_state(), run.world.pump.committed_state());
        restored.check();
    }
}
