//! The dimension of paths that are known.

use std::f64::consts::PI;

use traipse_probe::{Missing, StepGram, dimension};
use traipse_sweep::spec::Dimension;

const SETTINGS: Dimension = Dimension { windows: 3, components: 2 };

/// The step Gram matrix of steps in a plane.
fn plane(steps: &[[f64; 2]]) -> StepGram {
    let n = steps.len();
    let product = |i: usize, j: usize| steps[i][0] * steps[j][0] + steps[i][1] * steps[j][1];
    let packed = (0..n).flat_map(|i| (i..n).map(move |j| (i, j))).map(|(i, j)| product(i, j)).collect();
    StepGram::from_packed(packed).expect("a triangular number of entries")
}

/// Orthogonal steps of those norms: a random walk in infinitely many dimensions.
fn orthogonal(norms: &[f64]) -> StepGram {
    let n = norms.len();
    let packed = (0..n).flat_map(|i| (i..n).map(move |j| if i == j { norms[i] * norms[i] } else { 0.0 })).collect();
    StepGram::from_packed(packed).expect("a triangular number of entries")
}

#[test]
fn a_walk_draws_cosines_and_its_steps_have_no_preferred_direction() {
    for n in [39_usize, 199] {
        let found = dimension::measure(&orthogonal(&vec![0.3; n]), &SETTINGS);
        assert!((found.lissajous_correlation.unwrap() - 1.0).abs() < 1e-9);
        // White steps about their mean: n − 1 equal shares.
        let explained = found.increments_explained.unwrap();
        assert_eq!(explained.len(), 10);
        assert!(explained.iter().all(|share| (share - 1.0 / (n - 1) as f64).abs() < 1e-9));
        assert!((found.increments_participation.unwrap() - (n - 1) as f64).abs() < 1e-6);
        // Thirds of n steps each have a walk's own first share, and directions that the others do not have.
        for share in found.window_explained.unwrap() {
            let t = n as f64 / 3.0 + 1.0;
            let sine = libm::sin(PI / (2.0 * t));
            assert!((share - 3.0 / (2.0 * (t * t - 1.0) * sine * sine)).abs() < 1e-3, "{n} {share}");
        }
        for angle in found.window_angles.unwrap() {
            assert!((angle - PI / 2.0).abs() < 1e-9);
        }
    }
}

#[test]
fn a_line_is_one_dimensional_all_along() {
    let found = dimension::measure(&plane(&[[3.0, 4.0]; 40]), &SETTINGS);
    // A ramp against half a cosine, in closed form as the number of snapshots grows: 4 √6 / π².
    let ramp = 4.0 * 6.0_f64.sqrt() / (PI * PI);
    assert!((found.lissajous_correlation.unwrap() - ramp).abs() < 1e-3);
    assert_eq!(found.increments_explained, Err(Missing::EqualSteps));
    assert_eq!(found.increments_participation, Err(Missing::EqualSteps));
    assert!(found.window_explained.unwrap().iter().all(|share| (share - 1.0).abs() < 1e-12));
    assert!(found.window_angles.unwrap().iter().all(|angle| *angle < 1e-7));
}

#[test]
fn angles_between_windows_are_those_between_their_directions() {
    for angle in [0.1_f64, 0.7, 1.3] {
        let turned = [libm::cos(angle), libm::sin(angle)];
        let steps: Vec<[f64; 2]> = (0..20).map(|i| if i < 10 { [1.0, 0.0] } else { turned }).collect();
        let settings = Dimension { windows: 2, components: 1 };
        let found = dimension::measure(&plane(&steps), &settings);
        assert!((found.window_angles.unwrap()[0] - angle).abs() < 1e-9);
    }
    // All windows of a circle lie in its plane, and their components with equal variances do so too.
    let circle: Vec<[f64; 2]> =
        (0..36).map(|i| f64::from(i) * PI / 3.0).map(|phase| [libm::cos(phase), libm::sin(phase)]).collect();
    let found = dimension::measure(&plane(&circle), &Dimension { windows: 6, components: 2 });
    let angles = found.window_angles.unwrap();
    assert_eq!(angles.len(), 5);
    assert!(angles.iter().all(|angle| *angle < 1e-7), "{angles:?}");
    assert!(found.window_explained.unwrap().iter().all(|share| (share - 0.5).abs() < 0.1));
    // Steps in a plane have two components.
    assert!((found.increments_participation.unwrap() - 2.0).abs() < 1e-9);
}

#[test]
fn what_cannot_be_said_has_a_reason() {
    let frozen = dimension::measure(&plane(&[[0.0, 0.0]; 9]), &SETTINGS);
    assert_eq!(frozen.lissajous_correlation, Err(Missing::DidNotMove));
    assert_eq!(frozen.increments_explained, Err(Missing::DidNotMove));
    assert_eq!(frozen.window_angles, Err(Missing::StillWindow));
    let single = dimension::measure(&plane(&[[1.0, 0.0]]), &SETTINGS);
    assert_eq!(single.lissajous_correlation, Err(Missing::ShortWindow));
    assert_eq!(single.increments_participation, Err(Missing::ShortWindow));
    assert_eq!(single.window_explained, Err(Missing::ShortWindow));
    // Moving at first, then never again.
    let mut norms = [1.0; 12];
    norms[8..].fill(0.0);
    let stopped = dimension::measure(&orthogonal(&norms), &SETTINGS);
    assert!(stopped.lissajous_correlation.is_ok() && stopped.increments_explained.is_ok());
    assert_eq!(stopped.window_explained, Err(Missing::StillWindow));
    let overflown = dimension::measure(&plane(&[[1e300, 0.0]; 6]), &SETTINGS);
    assert_eq!(overflown.lissajous_correlation, Err(Missing::NotFinite));
}
