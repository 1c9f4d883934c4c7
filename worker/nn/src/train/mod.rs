//! The training loop's inside: one optimiser step at a time.

mod batches;
mod checkpoint;
mod cohort;
mod fork;
mod full_batch;
mod lbfgs;
#[cfg(test)]
mod properties;
mod schedule;
mod search;
mod walk;

use crate::init;
use crate::kernels::{Apply, Buffer, Isa, LANES, MOMENTS, Real, Rule, Sink, Update};
use crate::layers::{Mode, Noise, RUNNING_SHARE};
use crate::network::{Network, Purpose, Tape};
use crate::problem::Problem;
use batches::Batches;
pub use batches::epoch_order;
pub use checkpoint::CheckpointError;
pub use cohort::{Cohort, Population, Position, ShapeError};
use fork::Fork;
pub use fork::course_steps;
use full_batch::FullBatch;
pub use lbfgs::{Budget, Iteration, Lbfgs, Minimum};
use schedule::LearningRate;
use traipse_sweep::settings::{ModelKind, Optimizer, TrainSettings};

/// Examples that go through the network at once at most; a larger batch is summed in chunks, unless the network mixes examples.
const CHUNK: usize = 256;

/// A training under way: weights, optimiser state, the position in the data order, and the sums of its updates.
///
/// Memory: the weights (once more for every kind of moment, once more for batches in several chunks), all values and
/// their gradients for one chunk of at most 256 examples (the whole batch, with batch norm), and the order of one epoch.
#[derive(Debug)]
pub struct Trainer<T: Real = f32> {
    problem: Problem,
    network: Network<T>,
    parameters: Buffer<T>,
    /// As many as the optimiser keeps; the others empty.
    moments: [Buffer<T>; MOMENTS],
    /// Of `lbfgs` alone.
    full_batch: Option<FullBatch<T>>,
    /// Empty where a batch fits one chunk.
    gradient: Buffer<T>,
    buffers: Vec<f64>,
    tape: Tape<T>,
    batches: Batches,
    /// The settings in force: the fork's once it is taken.
    train: TrainSettings,
    rates: LearningRate,
    fork: Option<Fork>,
    /// Whose streams noise comes from; 0 is the trunk's.
    branch: u64,
    /// The step from which the moments count.
    moments_from: u64,
    chunk: usize,
    sums: UpdateSums,
    steps_done: u64,
    examples_seen: u64,
    rate_time: f64,
    /// Of the rates of all steps so far.
    rates_digest: u64,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// The weights moved.
    Ok,
    /// The minibatch loss or the update is not finite: the weights mean nothing any more.
    Diverged,
}

/// Sums over the optimiser steps since they were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateSums {
    /// How many steps.
    pub n_steps: u64,
    /// Σ‖Δθ‖, in w.
    pub length: f64,
    /// Σ‖Δθ‖², in w².
    pub square: f64,
    /// Σ of the minibatch mean losses, in nat.
    pub batch_loss: f64,
}

impl<T: Real> Trainer<T> {
    /// At step 0, with the initial weights of the problem's `init_seed`.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        Self::with_isa(problem, Isa::detect())
    }

    pub(crate) fn with_isa(problem: &Problem, isa: Isa) -> Self {
        let network = Network::new(problem, isa);
        let batch_rows = problem.course().batch_rows as usize;
        let chunk = chunk_of(&network, batch_rows);
        let (train, fork) = (&problem.settings().train, Fork::of(problem));
        let full_batch = (train.optimizer == Optimizer::Lbfgs).then(|| FullBatch::new(problem, &network));
        let moments = |train: &TrainSettings| Rule::<T>::new(train, 0.0, 0).map_or(0, |rule| rule.n_moments());
        let n_moments = fork.as_ref().map_or(0, |fork| moments(&fork.train)).max(moments(train));
        let sums_chunks = batch_rows > chunk && full_batch.is_none();
        let mut parameters = Buffer::zeros(network.n_values);
        let start: Vec<T> = init::parameters(problem).into_iter().map(T::of).collect();
        network.pack(&start, &mut parameters);
        Self {
            moments: std::array::from_fn(|i| Buffer::zeros(if i < n_moments { network.n_values } else { 0 })),
            full_batch,
            gradient: Buffer::zeros(if sums_chunks { network.n_values } else { 0 }),
            buffers: network.initial_buffers(),
            tape: Tape::new(&network, chunk, Purpose::Gradient),
            batches: Batches::new(problem),
            train: train.clone(),
            rates: LearningRate::new(train, problem.course()),
            fork,
            branch: 0,
            moments_from: 0,
            chunk,
            sums: UpdateSums::default(),
            steps_done: 0,
            examples_seen: 0,
            rate_time: 0.0,
            rates_digest: 0,
            problem: problem.clone(),
            network,
            parameters,
        }
    }

    /// One optimiser step. Allocates nothing, once the history of `lbfgs` is full.
    pub fn step(&mut self) -> Step {
        self.fork_if_due();
        if self.full_batch.is_some() {
            return self.iterate();
        }
        if self.problem.settings().model.kind == ModelKind::Walk {
            return self.wander();
        }
        let rate = self.learning_rate();
        let (n_rows, squares, loss) = self.update(rate);
        self.finish(n_rows, rate, loss / n_rows as f64, squares.iter().sum())
    }

    /// Rows in the batch, Σ u² by lanes, Σ loss.
    fn update(&mut self, rate: f64) -> (usize, [f64; LANES], f64) {
        let rule = Rule::new(&self.train, rate, self.steps_done - self.moments_from).expect("lbfgs iterates instead");
        let Self { problem, network, parameters, moments, gradient, tape, batches, train, .. } = self;
        let data = problem.data();
        let rows = batches.next_batch();
        let n_rows = rows.len();
        let scale = Some(T::ONE / T::of(n_rows as f64));
        let seed = problem.settings().streams.order_seed;
        let noise = Noise { seed, branch: self.branch, step: self.steps_done, first: 0 };
        let mut update = update(train, rule, parameters, moments);
        let mut loss = 0.0;
        if n_rows <= self.chunk {
            let mode = Mode::Training(noise);
            tape.load_changed(network, data, rows, noise);
            tape.forward(network, update.parameters, &mode);
            loss += tape.score(network, scale).loss;
            let mut sink = Sink::Update(update);
            tape.backward(network, &data.train, None, &mode, &mut sink);
            tape.update_running(network, RUNNING_SHARE, &mut self.buffers);
            let Sink::Update(update) = sink else { unreachable!("the sink was made of an update") };
            return (n_rows, update.squares, loss);
        }
        gradient.fill(T::ZERO);
        for (first, rows) in (0..).step_by(self.chunk).zip(rows.chunks(self.chunk)) {
            let noise = Noise { first, ..noise };
            let mode = Mode::Training(noise);
            tape.load_changed(network, data, rows, noise);
            tape.forward(network, update.parameters, &mode);
            loss += tape.score(network, scale).loss;
            tape.backward(network, &data.train, Some(update.parameters), &mode, &mut Sink::Sum(gradient));
        }
        network.isa.run(Apply { gradient, parts: &network.parts, update: &mut update });
        (n_rows, update.squares, loss)
    }

    /// Counts the step, and says whether it is finite.
    fn finish(&mut self, n_rows: usize, rate: f64, batch_loss: f64, square: f64) -> Step {
        self.rate_time += rate;
        self.rates_digest = checkpoint::chain(self.rates_digest, self.learning_rate());
        self.steps_done += 1;
        self.examples_seen += n_rows as u64;
        self.sums.n_steps += 1;
        self.sums.length += square.sqrt();
        self.sums.square += square;
        self.sums.batch_loss += batch_loss;
        if batch_loss.is_finite() && square.is_finite() { Step::Ok } else { Step::Diverged }
    }

    /// Optimiser steps so far, one that diverged included.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.steps_done
    }

    /// Examples in all batches so far; an iteration of `lbfgs` counts as one pass, however often it looks.
    #[must_use]
    pub fn examples_seen(&self) -> u64 {
        self.examples_seen
    }

    /// Sum of the learning rates of all steps so far; for `lbfgs`, of the lengths that its line searches found.
    #[must_use]
    pub fn rate_time(&self) -> f64 {
        self.rate_time
    }

    /// The learning rate of the next step; for `lbfgs` 1, the length that its line search tries first.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.rate_at(self.steps_done)
    }

    fn rate_at(&self, step: u64) -> f64 {
        if self.full_batch.is_some() { 1.0 } else { self.rates.at(step) }
    }

    /// The rates of the first `steps` steps, on both sides of a fork.
    fn rates_before(&self, steps: u64) -> impl Iterator<Item = f64> {
        let trunk = LearningRate::new(&self.problem.settings().train, self.problem.course());
        (0..steps).map(move |step| match &self.fork {
            _ if self.full_batch.is_some() => 1.0,
            Some(fork) if step >= fork.step => fork.rates.at(step),
            _ => trunk.at(step),
        })
    }

    /// Copies θ out, in the order of [`Problem::layers`].
    ///
    /// # Panics
    /// If `out` does not have [`Problem::n_parameters`] values.
    pub fn parameters_into(&self, out: &mut [T]) {
        assert_eq!(out.len(), self.problem.n_parameters(), "θ has one value a parameter");
        self.network.unpack(&self.parameters, out);
    }

    /// The running statistics that go with θ, [`Problem::n_buffers`] of them.
    #[must_use]
    pub fn buffers(&self) -> &[f64] {
        &self.buffers
    }

    /// The sums since the last call, which sets them to zero.
    pub fn take_sums(&mut self) -> UpdateSums {
        std::mem::take(&mut self.sums)
    }
}

/// Examples that go through the network at once.
fn chunk_of<T: Real>(network: &Network<T>, batch_rows: usize) -> usize {
    if network.mixes_examples() { batch_rows } else { batch_rows.min(network.chunk(CHUNK)) }
}

fn update<'a, T: Real>(
    train: &TrainSettings,
    rule: Rule<T>,
    parameters: &'a mut [T],
    moments: &'a mut [Buffer<T>; MOMENTS],
) -> Update<'a, T> {
    let decay = T::of(train.weight_decay);
    Update {
        rule,
        weight_decay: decay,
        bias_decay: if train.decay_biases { decay } else { T::ZERO },
        parameters,
        moments: moments.each_mut().map(|moment| &mut moment[..]),
        squares: [0.0; LANES],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use traipse_sweep::RunSettings;
    use traipse_sweep::settings::{Activation, BatchSize, Optimizer, Scale, Schedule, ScheduleWord};

    use super::*;
    use crate::{Evaluator, Rows};

    /// Bits of the weights after some steps, and of a gradient there.
    fn bits(settings: &RunSettings, isa: Isa) -> Vec<u32> {
        let data = crate::data::digits(&settings.data).unwrap();
        let problem = Problem::new(settings, Arc::new(data)).unwrap();
        let mut trainer = Trainer::<f32>::with_isa(&problem, isa);
        for _ in 0..4 {
            assert_eq!(trainer.step(), Step::Ok);
        }
        let mut theta = vec![0.0; problem.n_parameters()];
        trainer.parameters_into(&mut theta);
        let moved = |values: &[f32]| values.iter().filter(|value| **value != 0.0).count();
        assert_eq!(moved(&theta), moved(&trainer.parameters), "padding stays zero");
        let mut gradient = theta.clone();
        let found = Evaluator::with_isa(&problem, isa).gradient(&theta, Rows::Test, &mut gradient);
        let sums = trainer.take_sums();
        let reported = [sums.length, sums.square, sums.batch_loss, found.loss.mean, found.noise_trace.unwrap()];
        let reported = reported.iter().flat_map(|value| [value.to_bits() as u32, (value.to_bits() >> 32) as u32]);
        theta.iter().chain(&gradient).map(|value| value.to_bits()).chain(reported).collect()
    }

    fn assert_same_bits(settings: &RunSettings, what: impl std::fmt::Debug) {
        let all = Isa::available();
        let first = bits(settings, all[0]);
        for &isa in &all[1..] {
            assert_eq!(first, bits(settings, isa), "{} and {}: {what:?}", all[0].name(), isa.name());
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let activations = [Activation::Relu, Activation::Tanh, Activation::Gelu, Activation::Silu, Activation::Sigmoid];
        for (turn, activation) in activations.into_iter().enumerate() {
            let mut settings = RunSettings::default();
            settings.model.activation = activation;
            settings.model.hidden = vec![37, 16, 70];
            settings.data.scale = if turn % 2 == 0 { Scale::Unit } else { Scale::Standardize };
            settings.train.momentum = if turn % 2 == 0 { 0.9 } else { 0.0 };
            settings.train.batch_size = BatchSize::Rows(if turn == 3 { 299 } else { 61 });
            assert_same_bits(&settings, activation);
        }
    }

    #[test]
    fn every_optimiser_gives_the_same_bits_on_every_instruction_set() {
        for optimizer in [Optimizer::Sgd, Optimizer::Adam, Optimizer::Adamw, Optimizer::Rmsprop] {
            for momentum in [0.0, 0.9] {
                let mut settings = RunSettings::default();
                settings.model.hidden = vec![19];
                let train = &mut settings.train;
                (train.optimizer, train.momentum, train.nesterov) = (optimizer, momentum, true);
                (train.weight_decay, train.decay_biases, train.learning_rate) = (0.02, true, 0.01);
                train.schedule = Schedule::Word(ScheduleWord::Cosine);
                train.batch_size = BatchSize::Rows(if momentum == 0.0 { 300 } else { 61 });
                assert_same_bits(&settings, (optimizer, momentum));
            }
        }
    }
}
