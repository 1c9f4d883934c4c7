//! The curvature probes on operators and problems whose spectrum is known.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use nalgebra::DMatrix;
use support::{digits_problem, regression, start};
use traipse_nn::{Evaluator, Rows};
use traipse_probe::curvature::certificate::certificate;
use traipse_probe::curvature::density::{Masses, Quadrature};
use traipse_probe::curvature::noise_floor::{self, Sampling};
use traipse_probe::curvature::trace::{self, Matrix};
use traipse_probe::curvature::{Extremes, Objective, directions, stability};
use traipse_probe::{Form, Path, Snapshot, Trajectory};
use traipse_sweep::settings::{Optimizer, TrainSettings};
use traipse_sweep::spec::TraceMethod;
use traipse_sweep::streams::{Draws, Philox, Purpose};

fn draws(seed: u64) -> Draws {
    Philox::new(seed, Purpose::HessianStart).at(0)
}

/// The product with a dense symmetric matrix.
fn dense(matrix: &DMatrix<f64>) -> impl FnMut(&[f64], &mut [f64]) {
    move |direction, out| {
        out.fill(0.0);
        for (column, &entry) in matrix.column_iter().zip(direction) {
            out.iter_mut().zip(column.iter()).for_each(|(out, &value)| *out += entry * value);
        }
    }
}

fn diagonal(values: &[f64]) -> impl FnMut(&[f64], &mut [f64]) {
    move |direction, out| {
        out.iter_mut().zip(direction).zip(values).for_each(|((out, entry), value)| *out = entry * value)
    }
}

fn ends(matrix: &DMatrix<f64>, top: usize, steps: usize) -> Extremes<f64> {
    Extremes::of(&mut dense(matrix), matrix.nrows(), top, steps, &mut draws(1)).unwrap()
}

fn normal_matrix(rows: usize, columns: usize, seed: u64) -> DMatrix<f64> {
    let mut draws = draws(seed);
    DMatrix::from_fn(rows, columns, |_, _| draws.normal())
}

/// Symmetric, off-diagonal variance 1/n: its spectrum is the semicircle on ±2.
fn semicircle(n: usize) -> DMatrix<f64> {
    let square = normal_matrix(n, n, 3);
    (&square + square.transpose()) / (2.0 * n as f64).sqrt()
}

#[test]
fn small_surfaces_have_their_eigenvalues() {
    // Rosenbrock's at (1, 1); (uv − 1)² / 2 at (0, 0) and at (2, ½).
    let rows: [([f64; 3], [f64; 2], f64); 3] = [
        ([802.0, -400.0, 200.0], [0.39936, 1001.60064], 1e-5),
        ([0.0, -1.0, 0.0], [-1.0, 1.0], 1e-14),
        ([0.25, 1.0, 4.0], [0.0, 4.25], 1e-14),
    ];
    for ([a, b, c], [low, high], tolerance) in rows {
        let found = ends(&DMatrix::from_row_slice(2, 2, &[a, b, b, c]), 10, 60);
        assert!((found.bottom.value - low).abs() < tolerance && (found.top[0].value - high).abs() < tolerance);
        assert!(found.is_converged && found.n_steps == 2 && found.top.len() == 2);
    }
}

#[test]
fn residuals_bound_the_error_and_vectors_are_unit() {
    let matrix = semicircle(200);
    let exact = matrix.symmetric_eigenvalues();
    for steps in [5, 20, 60, 200] {
        let found = ends(&matrix, 6, steps);
        for pair in found.top.iter().take(steps).chain([&found.bottom]) {
            let nearest = exact.iter().map(|value| (value - pair.value).abs()).fold(f64::INFINITY, f64::min);
            assert!(nearest <= pair.residual + 1e-12, "{nearest:e} {:e}", pair.residual);
            let norm: f64 = pair.vector.iter().map(|entry| entry * entry).sum();
            assert!((norm - 1.0).abs() < 1e-13);
        }
        assert!(found.top[0].value <= exact.max() + 1e-12 && found.bottom.value >= exact.min() - 1e-12);
        assert_eq!(found.is_converged, steps == 200, "{steps} steps");
    }
}

#[test]
fn copies_of_multiple_eigenvalues_are_found_where_the_space_is_invariant() {
    let values: Vec<f64> = (0..30)
        .map(|i| {
            if i < 4 {
                7.0
            } else if i < 9 {
                -2.0
            } else {
                1.0
            }
        })
        .collect();
    let found = Extremes::of(&mut diagonal(&values), 30, 6, 30, &mut draws(0)).unwrap();
    let top: Vec<f64> = found.top.iter().map(|pair| pair.value).collect();
    for (value, wanted) in top.iter().zip([7.0, 7.0, 7.0, 7.0, 1.0, 1.0]) {
        assert!((value - wanted).abs() < 1e-13, "{top:?}");
    }
    assert!((found.bottom.value + 2.0).abs() < 1e-13 && found.is_converged);
    let zero = Extremes::of(&mut diagonal(&[0.0; 5]), 5, 2, 60, &mut draws(0)).unwrap();
    assert_eq!((zero.top[0].value, zero.bottom.value, zero.bottom.residual), (0.0, 0.0, 0.0));
    let nan = Extremes::of(&mut diagonal(&[f64::NAN; 5]), 5, 2, 60, &mut draws(0));
    assert!(nan.is_err());
}

#[test]
fn overlaps_are_one_within_and_their_share_of_dimensions_at_random() {
    let matrix = semicircle(120);
    let found = ends(&matrix, 12, 120);
    assert!((found.overlap(&found.top[3].vector).unwrap() - 1.0).abs() < 1e-12);
    assert!(found.overlap(&found.bottom.vector).unwrap() < 1e-12);
    assert_eq!(found.overlap(&[0.0; 120]), None);
    let mut draws = draws(8);
    let mean: f64 = (0..400)
        .map(|_| {
            let random: Vec<f64> = (0..120).map(|_| draws.normal()).collect();
            found.overlap(&random).unwrap() / 400.0
        })
        .sum();
    assert!((mean - 0.1).abs() < 0.006, "{mean}");
}

#[test]
fn as_many_nodes_give_twice_as_many_moments() {
    let matrix = semicircle(60);
    let draw = Quadrature::draw(&mut dense(&matrix), 60, 5, &mut draws(2)).unwrap();
    assert_eq!(draw.nodes.len(), 5);
    let mut signs = vec![0.0; 60];
    let mut again = draws(2);
    // The same random signs, least significant bit first.
    let word = again.next_u64();
    signs.iter_mut().enumerate().for_each(|(bit, sign)| *sign = if word >> bit & 1 == 1 { 1.0 } else { -1.0 });
    let start = nalgebra::DVector::from_vec(signs) / 60.0_f64.sqrt();
    let mut power = start.clone();
    for k in 0..=10 {
        let exact = start.dot(&power);
        let nodes = draw.nodes.iter().zip(&draw.weights);
        let found: f64 = nodes.map(|(node, weight)| weight * (0..k).map(|_| node).product::<f64>()).sum();
        assert_eq!((found - exact).abs() < 1e-12, k < 10, "moment {k}: {found} {exact}");
        power = &matrix * power;
    }
}

#[test]
fn known_densities_have_their_moments_and_edges() {
    let n = 400;
    let moment = |draws: &[Quadrature], k: i32| {
        let of = |draw: &Quadrature| -> f64 {
            draw.nodes
                .iter()
                .zip(&draw.weights)
                .map(|(node, weight)| weight * (0..k).map(|_| node).product::<f64>())
                .sum()
        };
        draws.iter().map(of).sum::<f64>() / draws.len() as f64
    };
    let sample = |matrix: &DMatrix<f64>| -> Vec<Quadrature> {
        (0..6).map(|draw| Quadrature::draw(&mut dense(matrix), n, 40, &mut draws(draw)).unwrap()).collect()
    };
    let edges = |draws: &[Quadrature]| {
        let nodes = || draws.iter().flat_map(|draw| draw.nodes.iter().copied());
        (nodes().fold(f64::INFINITY, f64::min), nodes().fold(f64::NEG_INFINITY, f64::max))
    };
    let circle = sample(&semicircle(n));
    assert!((moment(&circle, 2) - 1.0).abs() < 0.05 && (moment(&circle, 4) - 2.0).abs() < 0.15);
    let (low, high) = edges(&circle);
    assert!((low + 2.0).abs() < 0.08 && (high - 2.0).abs() < 0.08, "{low} {high}");
    let masses = Masses::of(&circle);
    assert!((masses.negative - 0.5).abs() < 5.0 * masses.negative_error.unwrap().max(0.01));

    // Marchenko–Pastur with ratio ½: edges (1 ± √½)², second moment 3/2, nothing below 0.
    let rows = normal_matrix(2 * n, n, 5);
    let wishart = sample(&(rows.transpose() * &rows / (2.0 * n as f64)));
    let (low, high) = edges(&wishart);
    assert!((low - 0.0858).abs() < 0.02 && (high - 2.914).abs() < 0.1, "{low} {high}");
    assert!((moment(&wishart, 2) - 1.5).abs() < 0.05);
    let masses = Masses::of(&wishart);
    assert_eq!((masses.negative, masses.negative_error), (0.0, Some(0.0)));
}

#[test]
fn masses_count_eigenvalues() {
    // 60 % zeros, 10 % negative.
    let values: Vec<f64> = (0..200)
        .map(|i| {
            if i < 120 {
                0.0
            } else if i < 140 {
                -1.0
            } else {
                f64::from(i)
            }
        })
        .collect();
    let draws: Vec<Quadrature> =
        (0..4).map(|draw| Quadrature::draw(&mut diagonal(&values), 200, 80, &mut draws(draw)).unwrap()).collect();
    let masses = Masses::of(&draws);
    // Signs weigh all entries of a diagonal alike, so there is no spread.
    assert!((masses.near_zero - 0.6).abs() < 1e-9 && (masses.negative - 0.1).abs() < 1e-9, "{masses:?}");
    assert!(masses.near_zero_error.unwrap() < 1e-9 && (masses.width - 0.199).abs() < 1e-9);
    assert_eq!(Masses::of(&draws[..1]).negative_error, None);
}

fn trace_of(matrix: &DMatrix<f64>, method: TraceMethod, samples: usize, draws: &mut Draws) -> trace::Trace {
    let mut product = dense(matrix);
    let either = &mut |_: Matrix, direction: &[f64], out: &mut [f64]| product(direction, out);
    trace::estimate(either, matrix.nrows(), method, samples, draws).unwrap()
}

#[test]
fn hutchinsons_variance_is_that_off_the_diagonal() {
    let matrix = semicircle(12);
    let expected = 2.0 * (matrix.norm_squared() - matrix.diagonal().norm_squared());
    let mut draws = draws(4);
    let n = 20_000;
    let samples: Vec<f64> =
        (0..n).map(|_| trace_of(&matrix, TraceMethod::Hutchinson, 1, &mut draws).trace - matrix.trace()).collect();
    let variance = samples.iter().map(|error| error * error).sum::<f64>() / f64::from(n);
    assert!((variance / expected - 1.0).abs() < 0.04, "{variance} {expected}");
    let mean = samples.iter().sum::<f64>() / f64::from(n);
    assert!(mean.abs() < 4.0 * (expected / f64::from(n)).sqrt(), "{mean}");
    let many = trace_of(&matrix, TraceMethod::Hutchinson, 4000, &mut draws);
    assert!((many.standard_error.unwrap() / (expected / 4000.0).sqrt() - 1.0).abs() < 0.1);
    assert!((many.frobenius / matrix.norm() - 1.0).abs() < 0.03);
}

#[test]
fn traces_that_need_no_luck() {
    let diagonal = DMatrix::from_diagonal(&nalgebra::DVector::from_fn(40, |i, _| i as f64 - 7.0));
    let one = trace_of(&diagonal, TraceMethod::Hutchinson, 1, &mut draws(0));
    assert!((one.trace - diagonal.trace()).abs() < 1e-12 && (one.frobenius - diagonal.norm()).abs() < 1e-12);
    assert_eq!(one.standard_error, None);
    // Of rank 5, all of it in a sketch of 10.
    let root = normal_matrix(80, 5, 9);
    let low_rank = &root * root.transpose();
    let found = trace_of(&low_rank, TraceMethod::HutchPlusPlus, 30, &mut draws(0));
    assert!((found.trace / low_rank.trace() - 1.0).abs() < 1e-12, "{found:?}");
    assert!(found.standard_error.unwrap() < 1e-10 && (found.frobenius / low_rank.norm() - 1.0).abs() < 1e-12);
    // Where a few eigenvalues dominate, the sketch takes most of the variance.
    let spiked = &low_rank + semicircle(80);
    let errors = [TraceMethod::Hutchinson, TraceMethod::HutchPlusPlus]
        .map(|method| trace_of(&spiked, method, 60, &mut draws(1)).standard_error.unwrap());
    assert!(errors[1] < 0.3 * errors[0], "{errors:?}");
    let zero = trace_of(&DMatrix::zeros(9, 9), TraceMethod::HutchPlusPlus, 9, &mut draws(0));
    assert_eq!((zero.trace, zero.frobenius, zero.standard_error), (0.0, 0.0, Some(0.0)));
}

#[test]
fn steps_grow_just_above_the_threshold_and_shrink_just_below() {
    for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true), (0.3, true)] {
        let train = TrainSettings { momentum, nesterov, ..TrainSettings::default() };
        let (rate, inverse) = (0.1, stability::inverse_threshold(&train, 0.1).unwrap());
        for (share, grows) in [(0.99, false), (1.01, true)] {
            let curvature = share / inverse;
            let (mut x, mut velocity) = (1.0_f64, 0.0);
            for _ in 0..3000 {
                let gradient = curvature * x;
                velocity = momentum * velocity + gradient;
                x -= rate * if nesterov { gradient + momentum * velocity } else { velocity };
            }
            assert_eq!(x.abs() > 1.0, grows, "{momentum} {nesterov} {share}: {x}");
        }
    }
    let adam = TrainSettings { optimizer: Optimizer::Adam, ..TrainSettings::default() };
    assert!(stability::inverse_threshold(&adam, 0.1).is_err());
}

/// 80 rows of three correlated features, and their X'X / n with the column of ones that the bias sees.
fn correlated() -> (Vec<f32>, Vec<f32>, DMatrix<f64>) {
    let mut draws = draws(6);
    let mut x = Vec::new();
    for _ in 0..80 {
        let (a, b, c) = (draws.normal(), draws.normal(), draws.normal());
        x.extend([a as f32, (0.5 * a + b) as f32, (0.1 * c) as f32]);
    }
    let y: Vec<f32> = (0..80).map(|_| draws.normal() as f32).collect();
    let design = DMatrix::from_fn(80, 4, |i, j| if j < 3 { f64::from(x[3 * i + j]) } else { 1.0 });
    let gram = design.transpose() * design / 80.0;
    (x, y, gram)
}

#[test]
fn a_regressions_hessian_is_its_gram_matrix() {
    let (x, y, gram) = correlated();
    let exact = gram.symmetric_eigenvalues();
    let problem = regression(&x, &y, |settings| settings.model.hidden = Vec::new());
    let theta = start(&problem, 0);
    let mut objective = Objective::at(&problem, &theta, Rows::AllTrain);
    let product = &mut |direction: &[f64], out: &mut [f64]| objective.hessian(direction, out);
    let found = Extremes::of(product, 4, 4, 4, &mut draws(0)).unwrap();
    let mut wanted: Vec<f64> = exact.iter().copied().collect();
    wanted.sort_by(|a, b| b.total_cmp(a));
    for (pair, wanted) in found.top.iter().zip(&wanted) {
        assert!((pair.value - wanted).abs() < 1e-12 * wanted, "{} {wanted}", pair.value);
        let gauss_newton = objective.gauss_newton_along(&pair.vector).unwrap();
        assert!((gauss_newton - pair.value).abs() < 1e-12 * wanted, "a linear model has no residual part");
    }
    // Convex: no vector certifies the contrary, and decay adds itself where it acts.
    assert!(certificate(&problem, &theta, &found.bottom.vector).unwrap() > 0.0);
    let decayed = regression(&x, &y, |settings| {
        settings.model.hidden = Vec::new();
        (settings.train.weight_decay, settings.train.decay_biases) = (0.25, true);
    });
    let more = certificate(&decayed, &theta, &found.bottom.vector).unwrap();
    assert!((more - found.bottom.value - 0.25).abs() < 1e-12);
    let along = Objective::at(&decayed, &theta, Rows::AllTrain).along(&found.bottom.vector).unwrap();
    assert!((along - more).abs() < 1e-12);
}

#[test]
fn a_flat_softmaxs_spectrum_is_that_of_its_inputs_many_times() {
    let problem = digits_problem(|settings| (settings.model.hidden, settings.model.bias) = (Vec::new(), false));
    let d = problem.n_parameters();
    let data = problem.data();
    let mut gram = DMatrix::<f64>::zeros(64, 64);
    let mut row = vec![0.0; 64];
    for example in 0..data.train.len() {
        data.example_into(&data.train, example, &mut row);
        let row = nalgebra::DVector::from_iterator(64, row.iter().map(|&value| f64::from(value)));
        gram.ger(1.0 / data.train.len() as f64, &row, &row, 1.0);
    }
    let mut wanted: Vec<f64> = gram.symmetric_eigenvalues().iter().map(|value| value / 10.0).collect();
    wanted.sort_by(|a, b| b.total_cmp(a));
    let mut objective = Objective::at(&problem, &vec![0.0; d], Rows::AllTrain);
    let product = &mut |direction: &[f64], out: &mut [f64]| objective.hessian(direction, out);
    // Every eigenvalue has 9 copies, and 64 are 0: Krylov spaces of at most 65 dimensions, one after the other.
    let found = Extremes::of(product, d, 18, 400, &mut draws(0)).unwrap();
    assert!((found.bottom.value).abs() < 1e-12);
    let top: Vec<f64> = found.top.iter().map(|pair| pair.value).collect();
    let n_copies = top.iter().filter(|value| (*value - wanted[0]).abs() < 1e-10).count();
    assert!((4..=9).contains(&n_copies), "{top:?}");
    assert!((top[n_copies] - wanted[1]).abs() < 1e-10);
}

#[test]
fn symmetries_leave_their_directions_flat() {
    // A shift of all output biases changes no probability.
    let problem = digits_problem(|settings| settings.model.hidden = vec![6]);
    let theta = start(&problem, 3);
    let mut shift = vec![0.0; theta.len()];
    let last = problem.layers().last().unwrap().bias.clone().unwrap();
    shift[last].fill(1.0);
    let mut image = vec![0.0; theta.len()];
    let mut objective = Objective::at(&problem, &theta, Rows::AllTrain);
    objective.hessian(&shift, &mut image);
    assert!(image.iter().all(|entry| entry.abs() < 1e-15));

    // Without biases, (c w1, w2 / c) is the same function of a rectifier: along u = (w1, −w2) the slope is 0 and
    // u'Hu = −(⟨w1, g1⟩ + ⟨w2, g2⟩).
    let problem = digits_problem(|settings| (settings.model.hidden, settings.model.bias) = (vec![6], false));
    let theta = start(&problem, 3);
    let second = problem.layers()[1].weight.clone();
    let mut along = theta.clone();
    along[second].iter_mut().for_each(|entry| *entry = -*entry);
    let mut objective = Objective::at(&problem, &theta, Rows::AllTrain);
    let mut gradient = vec![0.0; theta.len()];
    objective.gradient(&theta, &mut gradient);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    assert!(dot(&along, &gradient).abs() < 1e-14);
    let form = objective.along(&along).unwrap() * dot(&along, &along);
    assert!((form + dot(&theta, &gradient)).abs() < 1e-12, "{form}");
}

#[test]
fn a_certificate_is_of_the_whole_set_however_it_is_divided() {
    // Synthetic rows beyond one block, with weights in f64.
    let mut draws = draws(10);
    let x: Vec<f32> = (0..2 * 9000).map(|_| draws.normal() as f32).collect();
    let y: Vec<f32> = (0..9000).map(|_| draws.normal() as f32).collect();
    let problem = regression(&x, &y, |settings| settings.model.hidden = vec![3]);
    let theta = start(&problem, 1);
    let direction: Vec<f64> = (0..theta.len()).map(|_| draws.normal()).collect();
    let whole = Objective::at(&problem, &theta, Rows::AllTrain).along(&direction).unwrap();
    let found = certificate(&problem, &theta, &direction).unwrap();
    assert!((found - whole).abs() < 1e-13 * whole.abs(), "{found} {whole}");
    assert_eq!(certificate(&problem, &theta, &vec![0.0; theta.len()]), None);
}

#[test]
fn noise_meets_the_curvature_that_it_has() {
    let (x, y, gram) = correlated();
    let problem = regression(&x, &y, |settings| settings.model.hidden = Vec::new());
    let theta = vec![0.0; 4];
    let mut evaluator = Evaluator::<f64>::new(&problem);
    // The covariance of the per-example gradients (ddof 1), one example at a time.
    let mut one = vec![0.0; 4];
    let gradients = DMatrix::from_fn(80, 4, |_, _| 0.0);
    let mut gradients = gradients;
    for row in 0..80 {
        evaluator.gradient(&theta, Rows::Train(&[row]), &mut one);
        one.iter().enumerate().for_each(|(j, &entry)| gradients[(row as usize, j)] = entry);
    }
    let mean = gradients.row_mean();
    gradients.row_iter_mut().for_each(|mut row| row -= &mean);
    let covariance = gradients.transpose() * &gradients / 79.0;
    for (batch_rows, with_replacement) in [(8, false), (8, true), (60, false)] {
        let b = f64::from(batch_rows);
        let share = if with_replacement { 1.0 - 1.0 / 80.0 } else { 1.0 - b / 80.0 };
        let exact = (&gram * &covariance).trace() / b * share;
        let sampling = Sampling { n_rows: 80, batch_rows, with_replacement };
        let mut objective = Objective::at(&problem, &theta, Rows::AllTrain);
        let gradient = &mut |rows: &[u32], out: &mut [f64]| {
            evaluator.gradient(&theta, Rows::Train(rows), out);
        };
        let mean: f64 = (0..40)
            .map(|seed| noise_floor::noise_curvature(&mut objective, gradient, sampling, &mut draws(seed)).unwrap())
            .sum::<f64>()
            / 40.0;
        assert!((mean / exact - 1.0).abs() < 0.12, "{mean} {exact}");
    }
    assert!((noise_floor::floor(0.1, 0.5, 2.0).unwrap() - 0.2_f64.sqrt()).abs() < 1e-15);
    assert!(noise_floor::floor(0.1, 0.0, -1.0).is_err());
}

/// SGD on a quadratic with known noise hovers at the floor.
#[test]
fn sgd_hovers_at_the_floor() {
    let (curvature, noise, rate) = ([2.0, 0.5], [0.3, 1.0], 0.01);
    for momentum in [0.0, 0.9] {
        let mut draws = draws(12);
        let (mut x, mut velocity, mut square) = ([0.0; 2], [0.0; 2], 0.0);
        let (burn, n) = (20_000, 400_000);
        for step in 0..burn + n {
            for i in 0..2 {
                velocity[i] = momentum * velocity[i] + curvature[i] * x[i] + noise[i] * draws.normal();
                x[i] -= rate * velocity[i];
            }
            if step >= burn {
                square += (0..2).map(|i| (curvature[i] * x[i]) * (curvature[i] * x[i])).sum::<f64>() / f64::from(n);
            }
        }
        let met: f64 = (0..2).map(|i| curvature[i] * noise[i] * noise[i]).sum();
        let floor = noise_floor::floor(rate, momentum, met).unwrap();
        assert!((square.sqrt() / floor - 1.0).abs() < 0.08, "{momentum}: {} {floor}", square.sqrt());
    }
}

#[test]
fn principal_directions_are_those_of_the_snapshots() {
    let mut trajectory = Trajectory::in_memory(Form::f32(5));
    // A long axis along the second parameter, a shorter one along the fourth, all far from the origin.
    let points = [[-4.0, 1.0], [-2.0, -1.0], [0.0, 0.0], [2.0, -1.0], [4.0, 1.0]];
    for (step, [a, b]) in points.into_iter().enumerate() {
        trajectory.push(step as u64, &Snapshot::f32(vec![9.0, 100.0 + a, 3.0, 50.0 + b, 0.0])).unwrap();
    }
    let path = Path::new(&trajectory).unwrap();
    let pca = traipse_probe::pca::Pca::of(path.step_gram().unwrap()).unwrap();
    let found = directions::principal(&trajectory, &pca.scores, 2).unwrap();
    for (direction, axis) in found.iter().zip([1, 3]) {
        for (at, entry) in direction.iter().enumerate() {
            let wanted = f64::from(u8::from(at == axis));
            assert!((entry.abs() - wanted).abs() < 1e-6, "{direction:?}");
        }
    }
}
