//! Paths whose every measure is known.

use traipse_probe::convergence::{self, Series};
use traipse_probe::nulls::{self, Setup};
use traipse_probe::path::{Geometry, Summary};
use traipse_probe::pca::Pca;
use traipse_probe::{Form, Missing, Path, Snapshot, Trajectory, Weights};
use traipse_sweep::spec::NullKind;
use traipse_sweep::streams::{Philox, Purpose};

const STRIDE: u64 = 10;

fn trajectory(points: Vec<Vec<f32>>) -> Trajectory {
    let mut trajectory = Trajectory::in_memory(Form::f32(points[0].len()));
    for (step, point) in (0..).step_by(STRIDE as usize).zip(points) {
        trajectory.push(step, &Snapshot::f32(point)).expect("memory takes all");
    }
    trajectory
}

fn theta(trajectory: &Trajectory, at: usize) -> Vec<f32> {
    let Weights::F32(theta) = trajectory.snapshot(at).expect("memory gives all").weights else {
        panic!("the trajectory is in f32")
    };
    theta
}

fn line(n_snapshots: u16) -> Trajectory {
    trajectory((0..n_snapshots).map(|t| vec![1.0 + f32::from(t) * 0.25, f32::from(t) * 0.5]).collect())
}

/// Steps v = b v + ξ with ξ standard normal in `dimension` dimensions: a walk for b = 0.
fn momentum_walk(n_snapshots: usize, dimension: usize, momentum: f64, seed: u64) -> Trajectory {
    let mut stream = Philox::new(seed, Purpose::Init).at(77);
    let mut position = vec![0.0_f64; dimension];
    let mut velocity = vec![0.0_f64; dimension];
    // A run-up makes the velocity stationary.
    for _ in 0..60 {
        velocity.iter_mut().for_each(|v| *v = momentum * *v + stream.normal());
    }
    let points = (0..n_snapshots).map(|_| {
        let point = position.iter().map(|x| *x as f32).collect();
        for (x, v) in position.iter_mut().zip(&mut velocity) {
            *v = momentum * *v + stream.normal();
            *x += *v;
        }
        point
    });
    trajectory(points.collect())
}

#[test]
fn a_straight_line() {
    let trajectory = line(21);
    let path = Path::new(&trajectory).unwrap();
    let geometry = Geometry::of(&path);
    let step = (0.25_f64 * 0.25 + 0.25).sqrt();
    for t in 0..21_usize {
        assert!((geometry.from_start[t] - step * t as f64).abs() < 1e-12);
        assert!((geometry.to_end[t] - step * (20 - t) as f64).abs() < 1e-12);
        assert_eq!(geometry.turning_cosine[t].is_some(), t >= 2);
        assert_eq!(geometry.cosine_to_end[t].is_some(), t >= 1);
        let cosines = [geometry.turning_cosine[t], geometry.cosine_to_end[t]];
        assert!(cosines.into_iter().flatten().all(|cosine| (cosine - 1.0).abs() < 1e-12));
    }
    // The optimiser's own steps are `stride` times shorter, so that persistence is the stride.
    let (length, square) = (vec![step; 20], vec![step * step / STRIDE as f64; 20]);
    let summary = Summary::of(&geometry, &length, &square);
    assert!((summary.displacement - 20.0 * step).abs() < 1e-12);
    assert!((summary.tortuosity.unwrap() - 1.0).abs() < 1e-12);
    assert!((summary.persistence_early.unwrap() - STRIDE as f64).abs() < 1e-9);
    assert!((summary.persistence_late.unwrap() - STRIDE as f64).abs() < 1e-9);
    assert!((Pca::of(path.step_gram().unwrap()).unwrap().explained[0] - 1.0).abs() < 1e-12);
}

#[test]
fn a_walk_and_a_walk_with_momentum() {
    for momentum in [0.0, 0.9] {
        let trajectory = momentum_walk(60, 20_000, momentum, 3);
        let geometry = Geometry::of(&Path::new(&trajectory).unwrap());
        let square: Vec<f64> = geometry.step_norms().iter().map(|norm| norm * norm).collect();
        let summary = Summary::of(&geometry, geometry.step_norms(), &square);
        assert!((summary.turning_cosine_mean.unwrap() - momentum).abs() < 0.005, "{momentum}: {summary:?}");
        if momentum == 0.0 {
            assert!((summary.displacement / (59.0_f64 * 20_000.0).sqrt() - 1.0).abs() < 0.03);
            assert!((summary.tortuosity.unwrap() / 59.0_f64.sqrt() - 1.0).abs() < 0.03);
            assert!((geometry.cosine_to_end[15].unwrap() - (15.0_f64 / 59.0).sqrt()).abs() < 0.05);
            // One snapshot a step: the persistence of the steps is 1 by definition.
            assert!((summary.persistence_late.unwrap() - 1.0).abs() < 1e-12);
        }
    }
}

/// Noise that a force pulls back: x ← (1 − α) x + ξ at rest turns around a little, with cosine −α/2.
#[test]
fn steps_at_rest_turn_back() {
    let (alpha, dimension) = (0.05, 20_000);
    let mut stream = Philox::new(8, Purpose::Init).at(77);
    let rest = (1.0_f64 / (alpha * (2.0 - alpha))).sqrt();
    let mut position: Vec<f64> = (0..dimension).map(|_| rest * stream.normal()).collect();
    let points = (0..60).map(|_| {
        let point = position.iter().map(|x| *x as f32).collect();
        position.iter_mut().for_each(|x| *x = (1.0 - alpha) * *x + stream.normal());
        point
    });
    let trajectory = trajectory(points.collect());
    let path = Path::new(&trajectory).unwrap();
    let geometry = Geometry::of(&path);
    let summary = Summary::of(&geometry, geometry.step_norms(), geometry.step_norms());
    assert!((summary.turning_cosine_mean.unwrap() + alpha / 2.0).abs() < 0.005, "{summary:?}");
    // ‖x‖²/d is 1/(α(2 − α)), 10.26.
    assert!((geometry.weight_norm[59] * geometry.weight_norm[59] / f64::from(dimension) - rest * rest).abs() < 0.4);
    // The same from S alone, at lag 3: −α/2 (1 − α)².
    let gram = path.step_gram().unwrap();
    let cosine = |i: usize| gram.at(i, i + 3) / (gram.at(i, i) * gram.at(i + 3, i + 3)).sqrt();
    let mean = (0..56).map(cosine).sum::<f64>() / 56.0;
    assert!((mean + alpha / 2.0 * (1.0 - alpha) * (1.0 - alpha)).abs() < 0.005, "{mean}");
}

#[test]
fn a_frozen_path_has_reasons_and_no_numbers() {
    let trajectory = trajectory(vec![vec![0.5, -1.0, 2.0]; 9]);
    let path = Path::new(&trajectory).unwrap();
    let geometry = Geometry::of(&path);
    let summary = Summary::of(&geometry, &[0.0; 8], &[0.0; 8]);
    assert_eq!((summary.displacement, summary.tortuosity, summary.persistence_late), (0.0, None, None));
    assert_eq!(summary.turning_cosine_mean, None);
    assert_eq!(Pca::of(path.step_gram().unwrap()), Err(Missing::DidNotMove));
    let kinds = [NullKind::Walk, NullKind::Signs, NullKind::Shuffled];
    let setup = Setup { kinds: &kinds, samples: 5, seed: 0, learning_rate: &[0.1; 8], ..Setup::default() };
    let tests = nulls::test(&path, &setup);
    assert_eq!(tests.len(), 4 * 3 * 3);
    assert!(tests.iter().all(|test| test.observed.is_none() && test.null.is_none() && test.missing.is_some()));
    let series = Series { objective: &[1.0; 9], rate_time: &[0.0; 9], update_length: &[0.0; 8] };
    assert_eq!(convergence::measure(&path, &geometry, &series, 0.01).unwrap().missing, Some(Missing::NeverFell));
    // A loss that falls without any movement: fractions stay empty.
    let falling = [5.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let series = Series { objective: &falling, ..series };
    let measured = convergence::measure(&path, &geometry, &series, 0.01).unwrap();
    assert_eq!((measured.missing, measured.travel, measured.snapshot), (Some(Missing::DidNotMove), Some(0.0), Some(2)));
    assert_eq!((measured.travel_fraction, measured.travel_fraction_line, measured.slope), (None, None, None));
}

#[test]
fn one_and_two_snapshots() {
    let single = trajectory(vec![vec![3.0, 4.0]]);
    let path = Path::new(&single).unwrap();
    assert_eq!(path.step_gram().unwrap_err(), Missing::OneSnapshot);
    assert_eq!(Geometry::of(&path).weight_norm, [5.0]);
    let setup = Setup { kinds: &[NullKind::Walk], samples: 5, seed: 0, learning_rate: &[], ..Setup::default() };
    assert!(nulls::test(&path, &setup).iter().all(|test| test.missing == Some(Missing::OneSnapshot)));

    let pair = line(2);
    let path = Path::new(&pair).unwrap();
    let pca = Pca::of(path.step_gram().unwrap()).unwrap();
    assert!((pca.explained[0] - 1.0).abs() < 1e-12 && pca.explained.len() == 1);
    let setup = Setup { learning_rate: &[0.1], ..setup };
    assert!(nulls::test(&path, &setup).iter().all(|test| test.missing == Some(Missing::ShortWindow)));
}

#[test]
fn travel_of_a_line_is_that_of_a_line() {
    let trajectory = line(41);
    let path = Path::new(&trajectory).unwrap();
    let geometry = Geometry::of(&path);
    let objective: Vec<f64> = (0..41).map(|t| if t < 8 { 1.0 / f64::from(t + 1) } else { 0.0 }).collect();
    let rate_time: Vec<f64> = (0..41).map(f64::from).collect();
    let series = Series { objective: &objective, rate_time: &rate_time, update_length: geometry.step_norms() };
    let measured = convergence::measure(&path, &geometry, &series, 0.001).unwrap();
    assert_eq!((measured.snapshot, measured.missing), (Some(8), None));
    for fraction in [measured.travel_fraction, measured.travel_fraction_line, measured.path_fraction] {
        assert!((fraction.unwrap() - 32.0 / 40.0).abs() < 1e-12);
    }
    assert!((measured.travel_fraction_walk.unwrap() - (32.0_f64 / 40.0).sqrt()).abs() < 1e-12);
    assert!((measured.slope.unwrap() - 2.0).abs() < 1e-9);
    assert!((measured.travel_per_rate_time.unwrap() - geometry.from_previous[1]).abs() < 1e-12);
    // θ_t* = (3, 4), the line runs along (1, 2) / √5: cos² = (3 + 8)² / (25 · 5).
    assert!((measured.radial_share.unwrap() - 121.0 / 125.0).abs() < 1e-9);
}

#[test]
fn travel_of_a_walk_is_that_of_a_walk() {
    let trajectory = momentum_walk(41, 20_000, 0.0, 5);
    let path = Path::new(&trajectory).unwrap();
    let geometry = Geometry::of(&path);
    let objective: Vec<f64> = (0..41).map(|t| if t < 10 { 1.0 } else { 0.0 }).collect();
    let rate_time: Vec<f64> = (0..41).map(f64::from).collect();
    let series = Series { objective: &objective, rate_time: &rate_time, update_length: geometry.step_norms() };
    let measured = convergence::measure(&path, &geometry, &series, 0.01).unwrap();
    assert_eq!(measured.snapshot, Some(10));
    assert!((measured.travel_fraction.unwrap() - 0.75_f64.sqrt()).abs() < 0.02);
    assert!((measured.travel_fraction_walk.unwrap() - 0.75_f64.sqrt()).abs() < 0.01);
    assert!((measured.travel_fraction_line.unwrap() - 0.75).abs() < 0.01);
    assert!((measured.slope.unwrap() - 1.0).abs() < 0.05);
}

#[test]
fn convergence_needs_length_and_a_lasting_fall() {
    let at = |objective: &[f64]| convergence::converged_at(objective, 0.01);
    assert_eq!(at(&[1.0, 0.005, 0.5, 0.004, 0.0]), Ok(3));
    assert_eq!(at(&[1.0, 0.0, 0.5]), Err(Missing::NotConverged));
    assert_eq!(at(&[1.0, 2.0, 1.0]), Err(Missing::NeverFell));
    assert_eq!(at(&[1.0, f64::NAN, 0.0]), Err(Missing::NotFinite));
    let trajectory = line(5);
    let path = Path::new(&trajectory).unwrap();
    let geometry = Geometry::of(&path);
    let series = Series { objective: &[1.0, 0.9, 0.0, 0.0, 0.0], rate_time: &[0.0; 5], update_length: &[1.0; 4] };
    let measured = convergence::measure(&path, &geometry, &series, 0.01).unwrap();
    assert_eq!((measured.snapshot, measured.missing), (Some(2), Some(Missing::NotConverged)));
    assert_eq!(measured.travel, None);
}

#[test]
fn distances_without_the_matrix_agree_with_those_from_it() {
    let many = momentum_walk(300, 40, 0.5, 11);
    let path = Path::new(&many).unwrap();
    assert_eq!(path.step_gram().unwrap_err(), Missing::TooManySnapshots);
    let geometry = Geometry::of(&path);
    let few = trajectory((0..256).map(|t| theta(&many, t + 44)).collect());
    let shorter = Path::new(&few).unwrap();
    assert!(shorter.step_gram().is_ok());
    let with_matrix = Geometry::of(&shorter);
    for t in 0..256 {
        assert!((geometry.to_end[t + 44] - with_matrix.to_end[t]).abs() < 1e-9);
        assert!((geometry.weight_norm[t + 44] - with_matrix.weight_norm[t]).abs() < 1e-12);
        if t >= 2 {
            let (a, b) = (geometry.turning_cosine[t + 44].unwrap(), with_matrix.turning_cosine[t].unwrap());
            assert!((a - b).abs() < 1e-12);
        }
    }
}
