//! Whatever is lost, late or restarted: every finished outcome is reported until it is accepted, and a drain ends.

mod support;

use std::time::Duration;

use proptest::prelude::*;
use support::{Scene, World};
use traipse_agent::{Config, Exit};

fn scenes() -> impl Strategy<Value = Scene> {
    let jobs = (1..5u32, 0..150u64, 0..40u64, 0..300u64);
    (any::<u64>(), jobs, 0..40u64, 0..30u64).prop_map(|(seed, (n_slots, n_jobs, grant_max, ms), lost, restarts)| {
        Scene {
            seed,
            n_slots,
            n_jobs,
            grant_max,
            lost_percent: lost,
            restart_permille: restarts,
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
        let config = Config::new(scene.n_slots, scene.seed);
        let mut world = World::new(Scene { drain_at: Some(drain_at), ..scene });
        world.run(Duration::from_secs(3600));
        let (at, exit) = world.exit.clone().expect("a drain ends");
        prop_assert!(at <= drain_at + config.grace + config.last_words);
        if exit == Exit::Drained {
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
        longest_job: Duration::from_millis(3),
        drain_at: None,
    });
    world.run(Duration::from_secs(60));
    let jobs: Vec<_> = world.started.iter().map(|(_, job)| job.0).collect();
    assert_eq!(jobs, (0..500).collect::<Vec<_>>());
    assert_eq!(world.most_running, 3);
}
