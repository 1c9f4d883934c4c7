//! Layers whose ways and shapes are known.

use nalgebra::DMatrix;
use traipse_probe::{Form, Missing, Snapshot, Trajectory, lanes, layers};
use traipse_sweep::streams::{Philox, Purpose};

fn normal(n: usize, part: u64) -> Vec<f64> {
    let mut stream = Philox::new(2, Purpose::Init).at_part(1, part);
    (0..n).map(|_| stream.normal()).collect()
}

#[test]
fn layers_are_slices_of_the_path() {
    let snapshots: Vec<Vec<f32>> =
        (0..6).map(|t| normal(1_000, t).into_iter().map(|value| value as f32).collect()).collect();
    let mut trajectory = Trajectory::in_memory(Form::f32(1_000));
    (0..).zip(&snapshots).for_each(|(t, theta)| trajectory.push(t, &Snapshot::f32(theta.clone())).unwrap());
    let ranges = [0..17, 17..700, 700..1_000];
    let paths = layers::paths(&trajectory, &ranges).unwrap();
    for (range, path) in ranges.iter().zip(&paths) {
        let of = |t: usize| &snapshots[t][range.clone()];
        for t in 0..6 {
            assert_eq!(path.weight_norm[t], lanes::norm_square(of(t)).sqrt());
            assert_eq!(path.from_start[t], lanes::distance_square(of(t), of(0)).sqrt());
            assert_eq!(path.from_previous[t], lanes::distance_square(of(t), of(t.max(1) - 1)).sqrt());
            assert_eq!(path.to_end[t], lanes::distance_square(of(t), of(5)).sqrt());
        }
    }
    // Squares of the layers add up to the squares of the whole.
    let total: f64 = paths.iter().map(|path| path.from_start[5] * path.from_start[5]).sum();
    assert!((total / lanes::distance_square(&snapshots[5], &snapshots[0]) - 1.0).abs() < 1e-12);
}

#[test]
fn stable_ranks_of_known_matrices() {
    let rank_one: Vec<f64> = normal(30, 1).iter().flat_map(|a| normal(50, 2).into_iter().map(move |b| a * b)).collect();
    assert!((layers::stable_rank(&rank_one, 50).unwrap() - 1.0).abs() < 1e-12);
    let identity: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i % 21 == 0))).collect();
    assert!((layers::stable_rank(&identity, 20).unwrap() - 20.0).abs() < 1e-9);
    assert_eq!(layers::stable_rank(&[0.0; 12], 3), Err(Missing::NoMatrix));
    assert_eq!(layers::stable_rank(&[f64::MAX; 12], 3), Err(Missing::NotFinite));
    for (rows, columns) in [(7, 40), (40, 7), (1, 9), (9, 1), (33, 33)] {
        let weights = normal(rows * columns, 3);
        let singular = DMatrix::from_row_slice(rows, columns, &weights).singular_values().max();
        let expected = lanes::norm_square(&weights) / (singular * singular);
        let found = layers::stable_rank(&weights, columns).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-11, "{rows} {columns}: {found} {expected}");
    }
}

#[test]
fn a_gaussian_matrix_has_the_edge_of_marchenko_and_pastur() {
    // The largest eigenvalue of W'W lies at (√n + √m)² + σ X with σ = (√n + √m) (1/√n + 1/√m)^⅓, where X has mean −1.21
    // and deviation 1.27 (Johnstone 2001): within three deviations.
    for (rows, columns) in [(256_usize, 784_usize), (784, 256), (256, 256)] {
        let weights = normal(rows * columns, 4);
        let (n, m) = ((rows as f64).sqrt(), (columns as f64).sqrt());
        let largest = lanes::norm_square(&weights) / layers::stable_rank(&weights, columns).unwrap();
        let spread = (n + m) * libm::cbrt(1.0 / n + 1.0 / m);
        let expected = (n + m) * (n + m) - 1.21 * spread;
        assert!((largest - expected).abs() < 3.0 * 1.27 * spread, "{rows} {columns}: {largest} {expected} {spread}");
    }
}
