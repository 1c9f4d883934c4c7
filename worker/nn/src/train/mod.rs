//! The training loop's inside: one optimiser step at a time.

mod batches;

use crate::init;
use crate::kernels::{Apply, Buffer, Into32, Isa, LANES, Sgd, Update};
use crate::network::{Network, Pass};
use crate::problem::Problem;
use batches::Batches;
pub use batches::epoch_order;

/// Examples that go through the network at once; a larger batch is summed in chunks.
const CHUNK: usize = 256;

/// A training under way: weights, optimiser state, the position in the data order, and the sums of its updates.
///
/// Memory: the weights (twice with momentum; once more for batches beyond 256 rows), the activations of at most 256
/// examples, and the order of one epoch.
#[derive(Debug)]
pub struct Trainer {
    problem: Problem,
    network: Network,
    parameters: Buffer,
    velocity: Buffer,
    /// Empty where a batch fits one chunk.
    gradient: Buffer,
    parts: Vec<(usize, usize, bool)>,
    pass: Pass,
    batches: Batches,
    sums: UpdateSums,
    steps_done: u64,
    examples_seen: u64,
    rate_time: f64,
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

impl Trainer {
    /// At step 0, with the initial weights of the problem's `init_seed`.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        Self::with_isa(problem, Isa::detect())
    }

    pub(crate) fn with_isa(problem: &Problem, isa: Isa) -> Self {
        let network = Network::new(problem, isa);
        let batch_rows = problem.course().batch_rows as usize;
        let momentum = problem.settings().train.momentum != 0.0;
        let mut parameters = Buffer::zeros(network.n_values);
        network.pack(problem, &init::parameters(problem), &mut parameters);
        Self {
            velocity: Buffer::zeros(if momentum { network.n_values } else { 0 }),
            gradient: Buffer::zeros(if batch_rows > CHUNK { network.n_values } else { 0 }),
            parts: network.parts(),
            pass: Pass::new(&network, batch_rows.min(CHUNK)),
            batches: Batches::new(problem),
            sums: UpdateSums::default(),
            steps_done: 0,
            examples_seen: 0,
            rate_time: 0.0,
            problem: problem.clone(),
            network,
            parameters,
        }
    }

    /// One optimiser step. Allocates nothing.
    pub fn step(&mut self) -> Step {
        let data = self.problem.data();
        let rows = self.batches.next_batch();
        let n_rows = rows.len();
        let sgd = constants(&self.problem);
        let (velocity, parameters) = (&mut self.velocity[..], &mut self.parameters[..]);
        let mut update = Update { sgd, parameters, velocity, squares: [0.0; LANES] };
        let scale = 1.0 / n_rows as f32;
        let mut loss = 0.0;
        if n_rows <= CHUNK {
            loss += self.pass.forward(&self.network, update.parameters, &data.train, rows, Some(scale)).loss;
            for layer in (0..self.network.layers.len()).rev() {
                if layer > 0 {
                    self.pass.backward(&self.network, update.parameters, layer);
                }
                self.pass.gradient(&self.network, &data.train, layer, &mut update);
            }
        } else {
            self.gradient.fill(0.0);
            let mut sink = Into32(&mut self.gradient);
            for rows in rows.chunks(CHUNK) {
                loss += self.pass.forward(&self.network, update.parameters, &data.train, rows, Some(scale)).loss;
                for layer in (0..self.network.layers.len()).rev() {
                    if layer > 0 {
                        self.pass.backward(&self.network, update.parameters, layer);
                    }
                    self.pass.gradient(&self.network, &data.train, layer, &mut sink);
                }
            }
            self.network.isa.run(Apply { gradient: &self.gradient, parts: &self.parts, update: &mut update });
        }
        let square: f64 = update.squares.iter().sum();
        self.finish(n_rows, loss / n_rows as f64, square)
    }

    /// Counts the step, and says whether it is finite.
    fn finish(&mut self, n_rows: usize, batch_loss: f64, square: f64) -> Step {
        self.rate_time += self.learning_rate();
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

    /// Examples in all batches so far.
    #[must_use]
    pub fn examples_seen(&self) -> u64 {
        self.examples_seen
    }

    /// Sum of the learning rates of all steps so far.
    #[must_use]
    pub fn rate_time(&self) -> f64 {
        self.rate_time
    }

    /// The learning rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.problem.settings().train.learning_rate
    }

    /// Copies θ out, in the order of [`Problem::layers`].
    ///
    /// # Panics
    /// If `out` does not have [`Problem::n_parameters`] values.
    pub fn parameters_into(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.problem.n_parameters(), "θ has one value a parameter");
        self.network.unpack(&self.problem, &self.parameters, out);
    }

    /// The sums since the last call, which sets them to zero.
    pub fn take_sums(&mut self) -> UpdateSums {
        std::mem::take(&mut self.sums)
    }
}

fn constants(problem: &Problem) -> Sgd {
    let train = &problem.settings().train;
    let decay = train.weight_decay as f32;
    Sgd {
        rate: train.learning_rate as f32,
        momentum: train.momentum as f32,
        weight_decay: decay,
        bias_decay: if train.decay_biases { decay } else { 0.0 },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use traipse_sweep::RunSettings;
    use traipse_sweep::settings::{Activation, BatchSize, Scale};

    use super::*;
    use crate::{Evaluator, Rows};

    /// Bits of the weights after some steps, and of a gradient there.
    fn bits(settings: &RunSettings, isa: Isa) -> Vec<u32> {
        let data = crate::data::digits(&settings.data).unwrap();
        let problem = Problem::new(settings, Arc::new(data)).unwrap();
        let mut trainer = Trainer::with_isa(&problem, isa);
        for _ in 0..4 {
            assert_eq!(trainer.step(), Step::Ok);
        }
        let mut theta = vec![0.0; problem.n_parameters()];
        trainer.parameters_into(&mut theta);
        let mut gradient = theta.clone();
        let found = Evaluator::with_isa(&problem, isa).gradient(&theta, Rows::Test, &mut gradient);
        let sums = trainer.take_sums();
        let reported = [sums.length, sums.square, sums.batch_loss, found.loss.mean, found.noise_trace.unwrap()];
        let reported = reported.iter().flat_map(|value| [value.to_bits() as u32, (value.to_bits() >> 32) as u32]);
        theta.iter().chain(&gradient).map(|value| value.to_bits()).chain(reported).collect()
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
            let all = Isa::available();
            let first = bits(&settings, all[0]);
            for &isa in &all[1..] {
                assert_eq!(first, bits(&settings, isa), "{} and {}: {activation:?}", all[0].name(), isa.name());
            }
        }
    }
}
