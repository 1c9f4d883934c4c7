//! Mean squared displacements whose growth is known.

use traipse_probe::diffusion::{self, Curve};
use traipse_probe::{Form, Missing, Path, Snapshot, StepGram, Trajectory, Window};
use traipse_sweep::streams::{Philox, Purpose};

const STRIDE: u64 = 50;

fn gram(n: usize, entry: impl Fn(usize, usize) -> f64) -> StepGram {
    let packed = (0..n).flat_map(|i| (i..n).map(|j| entry(i, j)).collect::<Vec<_>>()).collect();
    StepGram::from_packed(packed).expect("a triangular number of entries")
}

fn late(gram: &StepGram, percent: u32) -> Curve {
    let steps: Vec<u64> = (0..=gram.n_steps() as u64).map(|t| t * STRIDE).collect();
    diffusion::in_window(gram, &steps, Window::Late, percent)
}

#[test]
fn a_walk_spreads_as_the_lag_and_a_line_as_its_square() {
    let walk = late(&gram(60, |i, j| if i == j { 0.25 } else { 0.0 }), 50);
    assert_eq!((walk.start, walk.end), (40, 60));
    assert_eq!(walk.lags, (1..=10).map(|lag| lag * STRIDE).collect::<Vec<_>>());
    assert!((walk.squares[9] - 2.5).abs() < 1e-12);
    assert!((walk.exponent.unwrap() - 1.0).abs() < 1e-12);
    let line = late(&gram(60, |_, _| 0.25), 50);
    assert!((line.squares[3] - 4.0).abs() < 1e-12 && (line.exponent.unwrap() - 2.0).abs() < 1e-12);
}

/// Steps of x ← (1 − α) x + ξ in its stationary state, a unit of noise in one dimension.
fn stationary(n: usize, alpha: f64) -> StepGram {
    let power = |k: usize| (0..k).fold(1.0, |power, _| power * (1.0 - alpha));
    let covariance = |k: usize| power(k) / (alpha * (2.0 - alpha));
    gram(n, |i, j| {
        let lag = j - i;
        2.0 * covariance(lag) - covariance(lag + 1) - covariance(lag.abs_diff(1))
    })
}

#[test]
fn noise_against_a_restoring_force_reaches_a_plateau() {
    // MSD(τ) = 2 / (α (2 − α)) (1 − (1 − α)^τ): 18.93 at 50 for α = .05.
    let slow = late(&stationary(240, 0.05), 80);
    for (lag, square) in (1..).zip(&slow.squares) {
        let power = (0..lag).fold(1.0, |power, _| power * 0.95);
        let expected = 2.0 / (0.05 * 1.95) * (1.0 - power);
        assert!((square - expected).abs() < 1e-9, "{lag} {square} {expected}");
    }
    assert!((slow.squares[49] - 18.93).abs() < 0.01);
    let fast = late(&stationary(240, 0.9), 80);
    assert!(fast.exponent.unwrap().abs() < 0.05, "{:?}", fast.exponent);
}

#[test]
fn a_sampled_walk_comes_out_near_one() {
    let (n, dimension) = (90, 2_000);
    let mut stream = Philox::new(1, Purpose::Init).at(5);
    let mut trajectory = Trajectory::in_memory(Form::f32(dimension));
    let mut theta = vec![0.0_f32; dimension];
    for t in 0..=n {
        trajectory.push(t * STRIDE, &Snapshot::f32(theta.clone())).unwrap();
        theta.iter_mut().for_each(|weight| *weight += stream.normal() as f32);
    }
    let path = Path::new(&trajectory).unwrap();
    for window in [Window::Early, Window::Late] {
        let curve = diffusion::in_window(path.step_gram().unwrap(), trajectory.steps(), window, 50);
        assert!((curve.exponent.unwrap() - 1.0).abs() < 0.02, "{:?}", curve.exponent);
    }
    let from_start = diffusion::from_origin(&path, 0).unwrap();
    assert_eq!(from_start.lags[..2], [STRIDE, 2 * STRIDE]);
    assert!((from_start.exponent.unwrap() - 1.0).abs() < 0.1);
    assert!((from_start.squares[n as usize - 1] / (n as f64 * dimension as f64) - 1.0).abs() < 0.1);
}

#[test]
fn unequal_strides_short_and_still_windows_have_reasons() {
    let walk = gram(30, |i, j| f64::from(u8::from(i == j)));
    let logarithmic: Vec<u64> = (0..31_u64).map(|t| t * t).collect();
    let unequal = diffusion::in_window(&walk, &logarithmic, Window::Early, 50);
    assert_eq!(unequal.exponent, Err(Missing::UnequalStrides));
    assert!(unequal.lags.is_empty() && unequal.squares.is_empty());
    assert_eq!(late(&gram(9, |_, _| 1.0), 50).exponent, Err(Missing::FewLags));
    assert_eq!(late(&gram(1, |_, _| 1.0), 50).exponent, Err(Missing::FewLags));
    assert_eq!(late(&gram(60, |_, _| 0.0), 50).exponent, Err(Missing::StillWindow));
    assert_eq!(late(&gram(60, |_, _| f64::INFINITY), 50).exponent, Err(Missing::NotFinite));
    let mut frozen = Trajectory::in_memory(Form::f32(1));
    (0..9).for_each(|t| frozen.push(t, &Snapshot::f32(vec![2.0])).unwrap());
    let path = Path::new(&frozen).unwrap();
    assert_eq!(diffusion::from_origin(&path, 2).unwrap().exponent, Err(Missing::StillWindow));
    assert_eq!(diffusion::from_origin(&path, 8).unwrap().exponent, Err(Missing::StillWindow));
}
