//! Training: initial weights, course, sums, divergence, determinism, and that it learns.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use support::{Reference, digits_problem, norm, widen};
use traipse_nn::{Evaluator, Problem, Rows, Step, Trainer, epoch_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, Full, Init, LastBatch, Sampling};

fn start(problem: &Problem) -> Vec<f32> {
    theta(problem, &Trainer::<f32>::new(problem))
}

fn theta(problem: &Problem, trainer: &Trainer) -> Vec<f32> {
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    theta
}

fn settings(hidden: &[u32]) -> RunSettings {
    let mut settings = RunSettings::default();
    settings.model.hidden = hidden.to_vec();
    settings
}

#[test]
fn initial_weights_have_their_variance_and_biases_are_zero() {
    let rows = [
        (Init::HeNormal, 2.0 / 64.0, f64::INFINITY),
        (Init::HeUniform, 2.0 / 64.0, (6.0f64 / 64.0).sqrt()),
        (Init::GlorotNormal, 2.0 / 264.0, f64::INFINITY),
        (Init::GlorotUniform, 2.0 / 264.0, (6.0f64 / 264.0).sqrt()),
        (Init::LecunNormal, 1.0 / 64.0, f64::INFINITY),
        (Init::LecunUniform, 1.0 / 64.0, (3.0f64 / 64.0).sqrt()),
        (Init::TorchDefault, 1.0 / 192.0, 1.0 / 8.0),
    ];
    for (init, variance, bound) in rows {
        let mut settings = settings(&[200]);
        settings.model.init = init;
        let problem = digits_problem(&settings);
        let theta = widen(&start(&problem));
        let layer = &problem.layers()[0];
        let weights = &theta[layer.weight.clone()];
        let n = weights.len() as f64;
        let mean = weights.iter().sum::<f64>() / n;
        let found = weights.iter().map(|w| w * w).sum::<f64>() / n;
        assert!((found / variance - 1.0).abs() < 0.05 && mean.abs() < 4.0 * (variance / n).sqrt(), "{init:?} {found}");
        assert!(weights.iter().all(|w| w.abs() <= bound), "{init:?}");
        let bias = &theta[layer.bias.clone().unwrap()];
        assert_eq!(bias.iter().all(|&b| b == 0.0), init != Init::TorchDefault);
        // Twice the scale doubles the same weights.
        settings.model.init_scale = 2.0;
        assert_eq!(start(&digits_problem(&settings))[0], 2.0 * start(&problem)[0]);
    }
}

#[test]
fn orthogonal_weights_are_orthonormal() {
    for hidden in [vec![20], vec![90]] {
        let mut settings = settings(&hidden);
        settings.model.init = Init::Orthogonal;
        let problem = digits_problem(&settings);
        let theta = widen(&start(&problem));
        for layer in problem.layers() {
            let w = |o: usize, i: usize| theta[layer.weight.start + o * layer.inputs + i];
            let (short, long) = (layer.inputs.min(layer.outputs), layer.inputs.max(layer.outputs));
            let at = |s: usize, l: usize| if layer.outputs <= layer.inputs { w(s, l) } else { w(l, s) };
            for a in 0..short {
                for b in 0..=a {
                    let dot: f64 = (0..long).map(|l| at(a, l) * at(b, l)).sum();
                    assert!((dot - f64::from(u8::from(a == b))).abs() < 1e-6);
                }
            }
        }
    }
}

#[test]
fn steps_follow_the_oracle() {
    let rows: [(BatchSize, f64, f64, bool, Sampling); 4] = [
        (BatchSize::Rows(128), 0.0, 0.0, false, Sampling::Shuffle),
        (BatchSize::Rows(50), 0.9, 0.01, false, Sampling::Replacement),
        (BatchSize::Full(Full::Full), 0.5, 0.02, true, Sampling::Fixed),
        (BatchSize::Rows(1), 0.0, 0.01, true, Sampling::Fixed),
    ];
    for (batch_size, momentum, decay, decay_biases, sampling) in rows {
        let mut settings = settings(&[33, 18]);
        settings.train.batch_size = batch_size;
        settings.train.momentum = momentum;
        settings.train.weight_decay = decay;
        settings.train.decay_biases = decay_biases;
        settings.train.sampling = sampling;
        follow(&digits_problem(&settings), 4);
    }
}

/// Trains `n` steps beside the oracle, and compares weights and sums.
fn follow(problem: &Problem, n: usize) {
    let train = problem.settings().train.clone();
    let reference = Reference::new(problem);
    let mut trainer = Trainer::<f32>::new(problem);
    let mut weights = widen(&theta(problem, &trainer));
    let mut velocity = vec![0.0; weights.len()];
    let order = epoch_order(problem, 0);
    let (mut length, mut square, mut losses) = (0.0, 0.0, 0.0);
    for rows in order.chunks(problem.course().batch_rows as usize).take(n) {
        losses += reference.loss(&weights, rows);
        let (gradient, _) = reference.gradient(&weights, rows);
        let mut update = vec![0.0; weights.len()];
        for layer in problem.layers() {
            let parts = [(Some(layer.weight.clone()), true), (layer.bias.clone(), train.decay_biases)];
            for (range, decays) in parts {
                for i in range.into_iter().flatten() {
                    let decay = if decays { train.weight_decay } else { 0.0 };
                    velocity[i] = train.momentum * velocity[i] + gradient[i] + decay * weights[i];
                    update[i] = train.learning_rate * velocity[i];
                }
            }
        }
        weights.iter_mut().zip(&update).for_each(|(w, u)| *w -= u);
        length += norm(update.iter().copied());
        square += update.iter().map(|u| u * u).sum::<f64>();
        assert_eq!(trainer.step(), Step::Ok);
    }
    let found = widen(&theta(problem, &trainer));
    let error = norm(found.iter().zip(&weights).map(|(a, b)| a - b)) / norm(weights.iter().copied());
    assert!(error < 3e-7, "{train:?}: weights off by {error}");
    let steps = order.chunks(problem.course().batch_rows as usize).take(n).len() as u64;
    let sums = trainer.take_sums();
    assert_eq!(sums.n_steps, steps);
    assert!((sums.length / length - 1.0).abs() < 1e-5 && (sums.square / square - 1.0).abs() < 1e-5, "{train:?}");
    assert!((sums.batch_loss / losses - 1.0).abs() < 1e-5, "{train:?} {} {losses}", sums.batch_loss);
    assert_eq!(trainer.take_sums(), traipse_nn::UpdateSums::default());
    assert_eq!(trainer.steps_done(), steps);
    assert!((trainer.rate_time() - train.learning_rate * steps as f64).abs() < 1e-12);
}

#[test]
fn epochs_keep_or_drop_the_last_batch() {
    for (last_batch, per_epoch, examples) in [(LastBatch::Keep, 12, 1442), (LastBatch::Drop, 11, 1408)] {
        let mut settings = settings(&[]);
        settings.train.last_batch = last_batch;
        let problem = digits_problem(&settings);
        assert_eq!(problem.course().steps_per_epoch, per_epoch);
        let mut trainer = Trainer::<f32>::new(&problem);
        for _ in 0..2 * per_epoch {
            assert_eq!(trainer.step(), Step::Ok);
        }
        assert_eq!(trainer.examples_seen(), 2 * examples);
    }
}

#[test]
fn orders_are_permutations_and_differ_as_they_should() {
    let of = |sampling, order_seed, epoch| {
        let mut settings = settings(&[]);
        settings.train.sampling = sampling;
        settings.streams.order_seed = order_seed;
        epoch_order(&digits_problem(&settings), epoch)
    };
    let first = of(Sampling::Shuffle, 0, 0);
    let mut sorted = first.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1442).collect::<Vec<u32>>());
    assert_ne!(first, of(Sampling::Shuffle, 0, 1));
    assert_ne!(first, of(Sampling::Shuffle, 1, 0));
    assert_eq!(first, of(Sampling::Fixed, 0, 0));
    assert_eq!(first, of(Sampling::Fixed, 0, 5));
    assert_ne!(of(Sampling::Replacement, 0, 0), of(Sampling::Replacement, 0, 1));
}

#[test]
fn a_training_that_breaks_is_seen_and_one_that_swings_is_not() {
    let mut settings = settings(&[32]);
    settings.train.learning_rate = 1e30;
    let mut trainer = Trainer::<f32>::new(&digits_problem(&settings));
    assert!((0..10).any(|_| trainer.step() == Step::Diverged));
    settings.train.learning_rate = 3.0;
    let mut trainer = Trainer::<f32>::new(&digits_problem(&settings));
    assert!((0..100).all(|_| trainer.step() == Step::Ok));
}

#[test]
fn digits_are_learned() {
    let mut settings = settings(&[64]);
    settings.train.batch_size = BatchSize::Rows(32);
    let problem = digits_problem(&settings);
    let mut trainer = Trainer::<f32>::new(&problem);
    for _ in 0..problem.course().total_steps {
        assert_eq!(trainer.step(), Step::Ok);
    }
    let loss = Evaluator::new(&problem).loss(&theta(&problem, &trainer), &[], Rows::Test);
    assert!(loss.error < 0.05, "{loss:?}");
}

#[test]
fn the_penalty_is_half_the_decay_times_the_square() {
    let mut settings = settings(&[9]);
    settings.train.weight_decay = 0.25;
    for decay_biases in [false, true] {
        settings.train.decay_biases = decay_biases;
        let problem = digits_problem(&settings);
        let theta: Vec<f32> = vec![2.0; problem.n_parameters()];
        let n = if decay_biases { theta.len() } else { theta.len() - 19 };
        assert_eq!(problem.penalty(&theta), 0.5 * 0.25 * 4.0 * n as f64);
        let mut gradient = vec![1.0; theta.len()];
        problem.add_penalty_gradient(&theta, &mut gradient);
        assert_eq!(gradient.iter().filter(|&&g| g == 1.5).count(), n);
    }
}

#[test]
fn settings_that_cannot_be_trained_are_refused() {
    type Change = fn(&mut RunSettings);
    let rows: [(Change, &str); 6] = [
        (|s| s.train.batch_size = BatchSize::Rows(1443), "batch_size = 1443"),
        (|s| s.train.epochs = Some(0), "no steps"),
        (|s| s.model.hidden = vec![16, 0], "width 0"),
        (|s| s.model.hidden = vec![u32::MAX], "parameters"),
        (|s| s.train.learning_rate = f64::NAN, "train.learning_rate"),
        (|s| s.train.momentum = 1.0, "train.momentum"),
    ];
    for (change, wanted) in rows {
        let mut settings = RunSettings::default();
        change(&mut settings);
        let data = std::sync::Arc::new(traipse_nn::data::digits(&settings.data).unwrap());
        let error = Problem::new(&settings, data).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
