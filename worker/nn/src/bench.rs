//! For benches alone: each layer's products by themselves, and what the processor can do at best. No stable interface.

use std::marker::PhantomData;

use traipse_sweep::network::Layer;

use crate::data::Dataset;
use crate::init;
use crate::kernels::{Buffer, Isa, Peak, Real, Sink};
use crate::layers::Mode;
use crate::network::{Network, Purpose, Tape};
use crate::problem::Problem;

/// One chunk of examples that has gone through a network and back, of which any part can be done again.
#[derive(Debug)]
pub struct Stages<T: Real> {
    network: Network<T>,
    tape: Tape<T>,
    parameters: Buffer<T>,
    sums: Buffer<T>,
}

/// A part of a layer's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its output.
    Forward,
    /// The gradients by its inputs.
    Inputs,
    /// The gradient by its parameters.
    Weights,
}

impl<T: Real> Stages<T> {
    /// Takes the first `n` training examples through the initial network.
    ///
    /// # Panics
    /// If there are not that many.
    #[must_use]
    pub fn new(problem: &Problem, n: usize) -> Self {
        let network = Network::new(problem, Isa::detect());
        let mut parameters = Buffer::zeros(network.n_values);
        let theta: Vec<T> = init::parameters(problem).into_iter().map(T::of).collect();
        network.pack(&theta, &mut parameters);
        let sums = Buffer::zeros(network.n_values);
        let mut stages = Self { tape: Tape::new(&network, n, Purpose::Gradient), sums, parameters, network };
        stages.run_all(problem.data(), n);
        stages
    }

    fn run_all(&mut self, data: &Dataset, n: usize) {
        let Self { network, tape, parameters, sums } = self;
        let rows: Vec<u32> = (0..n as u32).collect();
        tape.load(network, data, &data.train, &rows);
        tape.forward(network, parameters, &Mode::Batch);
        let _ = tape.score(network, Some(T::ONE));
        tape.backward(network, &data.train, Some(parameters), &Mode::Batch, &mut Sink::Sum(sums));
    }

    /// Does one part of node `at`'s work again.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn run(&mut self, at: usize, stage: Stage) {
        let Self { network, tape, parameters, sums } = self;
        match stage {
            Stage::Forward => tape.forward_one(network, at, parameters, &Mode::Batch),
            Stage::Inputs => tape.backward_one(network, at, parameters, &Mode::Batch),
            Stage::Weights => tape.gradient_one(network, at, &Mode::Batch, sums),
        }
    }

    /// Multiply-adds of each part of node `at`'s work for the chunk (those with a padding's zeros counted); none for a
    /// layer without products.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn multiply_adds(&self, at: usize) -> Option<f64> {
        let node = &self.network.shape.nodes[at];
        let weight = node.weight.as_ref().filter(|weight| weight.is_matrix)?;
        let places = match node.layer {
            Layer::Conv { .. } => node.output_shape.height * node.output_shape.width,
            _ => 1,
        };
        Some((self.tape.n() * weight.range.len() * places) as f64)
    }
}

/// Sixteen vectors, each multiplied and added to `rounds` times: how many multiply-adds that were, and a number that
/// depends on all of them.
#[must_use]
pub fn peak<T: Real>(rounds: usize) -> (usize, f64) {
    let (n, value) = Isa::detect().run(Peak::<T> { rounds, number: PhantomData });
    (n, value.wide())
}
