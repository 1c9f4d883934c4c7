//! Whatever is lost, late or restarted: every finished outcome is reported until it is accepted, and a drain ends.

mod support;

use std::time::Duration;

use proptest::prelude::*;
use support::{Scene, World};
use traipse_agent::{Config, Exit};

fn scenes() -> impl Strategy<Value = Scene> {
    let jobs = (1..5u32, 0..150u64, 0..40u64, 0..300u64);
    let faults = (0..40u64, 0..30u64, 0..20u64, 0..60u64);
    (any::<u64>(), jobs, faults).prop_map(|(seed, (n_slots, n_jobs, grant_max, ms), (lost, restarts, kills, full))| {
        Scene {
            seed,
            n_slots,
            n_jobs,
            grant_max,
            lost_percent: lost,
            restart_permille: restarts,
            kill_permille: kills,
            full_percent: full,
            longest_job: Duration::from_millis(ms),
            drain_at: None,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_job_is_accepted(scene in scenes()) {
        let (n_jobs, n_slots) = (scene.n_jobs, scene.n_slots);
        let mut world = World::new(scene);
        world.run(Duration::from_secs(3600));
        prop_assert_eq!(&world.exit, &None);
        prop_assert_eq!(world.accepted().len() as u64, n_jobs);
        prop_assert!(world.finished.is_superset(world.accepted()));
        prop_assert!(world.most_running <= n_slots as usize);
    }

    #[test]
    fn a_drain_ends_and_loses_nothing_that_is_finished(scene in scenes(), drain_ms in 0..4000u64) {
        let drain_at = Duration::from_millis(drain_ms);
        let (config, killed) = (Config::new(scene.n_slots, scene.seed), scene.kill_permille > 0);
        let mut world = World::new(Scene { drain_at: Some(drain_at), ..scene });
        world.run(Duration::from_secs(3600));
        let (at, exit) = world.exit.clone().expect("a drain ends");
        prop_assert!(killed || at <= drain_at + config.grace + config.last_words);
        if !killed && exit == Exit::Drained {
            prop_assert!(world.accepted().is_superset(&world.finished), "everything finished was accepted");
        }
    }

    #[test]
    fn the_seed_decides_everything(scene in scenes()) {
        let mut runs = [World::new(scene.clone()), World::new(scene)];
        runs.iter_mut().for_each(|world| world.run(Duration::from_secs(3600)));
        prop_assert_eq!(runs[0].now, runs[1].now);
        prop_assert_eq!(&runs[0].started, &runs[1].started);
    }
}

#[test]
fn without_faults_jobs_start_in_the_order_of_their_leases() {
    let mut world = World::new(Scene {
        seed: 1,
        n_slots: 3,
        n_jobs: 500,
        grant_max: 64,
        lost_percent: 0,
        restart_permille: 0,
        kill_permille: 0,
        full_percent: 0,
        longest_job: Duration::from_millis(3),
        drain_at: None,
    });
    world.run(Duration::from_secs(60));
    let jobs: Vec<_> = world.started.iter().map(|(_, job)| job.0).collect();
    assert_eq!(jobs, (0..500).collect::<Vec<_>>());
    assert_eq!(world.most_running, 3);
}

#[test]
fn what_is_in_the_spool_outlives_a_kill() {
    let mut world = World::new(Scene {
        seed: 3,
        n_slots: 4,
        n_jobs: 2000,
        grant_max: 20,
        lost_percent: 20,
        restart_permille: 10,
        kill_permille: 20,
        full_percent: 10,
        longest_job: Duration::from_millis(20),
        drain_at: None,
    });
    world.run(Duration::from_secs(3600));
    assert_eq!(world.accepted().len(), 2000);
    assert!(world.n_kept > 100 && world.n_restored > 20, "{} kept, {} restored", world.n_kept, world.n_restored);
}

#[test]
fn while_the_coordinator_answers_cheap_outcomes_never_reach_the_disk() {
    let mut world = World::new(Scene {
        seed: 3,
        n_slots: 4,
        n_jobs: 2000,
        grant_max: 2,
        lost_percent: 0,
        restart_permille: 0,
        kill_permille: 0,
        full_percent: 0,
        longest_job: Duration::from_millis(20),
        drain_at: None,
    });
    world.keep_after(Duration::from_millis(500));
    world.run(Duration::from_secs(3600));
    assert_eq!((world.accepted().len(), world.n_kept), (2000, 0));
}
