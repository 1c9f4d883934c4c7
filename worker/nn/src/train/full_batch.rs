//! `optimizer = "lbfgs"`: a step is one iteration on the whole training set, whose objective holds the penalty too.

use super::lbfgs::{Iteration, Lbfgs};
use super::{Step, Trainer};
use crate::kernels::{Buffer, LANES, Real, Sink, fold};
use crate::layers::{Mode, RUNNING_SHARE};
use crate::network::{Network, Tape};
use crate::problem::Problem;

/// Pairs of steps and gradients that are kept.
const HISTORY: usize = 20;

/// The state of L-BFGS, in panel layout.
#[derive(Debug)]
pub(super) struct FullBatch<T> {
    pub(super) lbfgs: Lbfgs<T>,
    /// All training rows, in the order given.
    rows: Vec<u32>,
}

impl<T: Real> FullBatch<T> {
    pub(super) fn new(problem: &Problem, network: &Network<T>) -> Self {
        let lbfgs = Lbfgs::new(Buffer::<T>::zeros(network.n_values).len(), HISTORY);
        Self { lbfgs, rows: (0..problem.data().train.len() as u32).collect() }
    }
}

impl<T: Real> Trainer<T> {
    /// One iteration. It counts as one pass over the training set, however often the line search looks.
    pub(super) fn iterate(&mut self) -> Step {
        let Self { problem, network, parameters, tape, chunk, full_batch, buffers, .. } = self;
        let FullBatch { lbfgs, rows } = full_batch.as_mut().expect("made with the trainer where this is the optimiser");
        let penalty = Penalty::new(problem, network);
        let before = penalty.value(parameters);
        let found: Iteration = lbfgs.step(parameters, |theta, gradient| {
            gradient.fill(T::ZERO);
            let mut loss = 0.0;
            for rows in rows.chunks(*chunk) {
                loss += look(problem, network, tape, theta, rows);
                tape.backward(network, &problem.data().train, Some(theta), &Mode::Batch, &mut Sink::Sum(gradient));
            }
            let n = rows.len() as f64;
            gradient.iter_mut().for_each(|value| *value /= T::of(n));
            penalty.add_gradient(theta, gradient);
            loss / n + penalty.value(theta)
        });
        if network.mixes_examples() && found.moved {
            // The last look may have been elsewhere.
            look(problem, network, tape, parameters, rows);
            tape.update_running(network, RUNNING_SHARE, buffers);
        }
        let n_rows = rows.len();
        self.finish(n_rows, found.length, found.value - before, found.square)
    }
}

/// Runs rows forward and makes their δ ready. Σ loss.
fn look<T: Real>(problem: &Problem, network: &Network<T>, tape: &mut Tape<T>, theta: &[T], rows: &[u32]) -> f64 {
    let data = problem.data();
    tape.load(network, data, &data.train, rows);
    tape.forward(network, theta, &Mode::Batch);
    tape.score(network, Some(T::ONE)).loss
}

/// wd/2 ‖θ‖² over the decayed parts, in panel layout.
struct Penalty<'a> {
    decay: f64,
    all: bool,
    parts: &'a [(usize, usize, bool)],
}

impl<'a> Penalty<'a> {
    fn new<T>(problem: &Problem, network: &'a Network<T>) -> Self {
        let train = &problem.settings().train;
        Self { decay: train.weight_decay, all: train.decay_biases, parts: &network.parts }
    }

    fn decayed(&self) -> impl Iterator<Item = (usize, usize)> {
        self.parts.iter().filter(|part| self.all || part.2).map(|&(from, to, _)| (from, to))
    }

    fn value<T: Real>(&self, theta: &[T]) -> f64 {
        let mut lanes = [0.0; LANES];
        for (from, to) in self.decayed() {
            for values in theta[from..to].as_chunks::<LANES>().0 {
                lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane += value.wide() * value.wide());
            }
        }
        0.5 * self.decay * fold(lanes)
    }

    fn add_gradient<T: Real>(&self, theta: &[T], gradient: &mut [T]) {
        let decay = T::of(self.decay);
        for (from, to) in self.decayed() {
            for (out, &value) in gradient[from..to].iter_mut().zip(&theta[from..to]) {
                *out += decay * value;
            }
        }
    }
}
