//! Products with the loss's Hessian, its Gauss–Newton part, and the logits' Jacobian, all exact.
//!
//! Forward over reverse (Pearlmutter 1994): the tangent of every value along a direction, then the tangent of the
//! gradient. Nothing is approximated by differences.

use std::sync::Arc;

use crate::data::{Dataset, Split};
use crate::evaluate::{Loss, Rows, add, gradient_chunk, mean, split};
use crate::kernels::{Buffer, Fold, Isa, Real, Sink, WIDTH, padded};
use crate::layers::Mode;
use crate::loss::LossSums;
use crate::network::{Dots, Network, Purpose, Tape};
use crate::problem::Problem;

/// Chunks whose products are one chain, before it is added to the f64 sums.
const CHAIN: usize = 8;

/// A problem linearised at one θ on a fixed set of examples: what Lanczos, trace estimates and directional curvatures
/// ask for products. The mean loss without penalty; networks with batch norm are differentiated through fixed batches
/// of `train.batch_size` rows in the order given, all others in evaluation mode.
///
/// Where it fits `memory`, the forward and backward pass at θ are kept and a product costs about four thirds of a
/// gradient for a deep network; else they are done again for every product (about two and a half gradients).
#[derive(Debug)]
pub struct Curvature<T: Real = f32> {
    network: Network<T>,
    data: Arc<Dataset>,
    is_test: bool,
    parameters: Buffer<T>,
    /// Rows in the order in which they are taken, and their places in the order given.
    order: Vec<u32>,
    places: Vec<u32>,
    chunk: usize,
    /// One a chunk where they are kept; else a single one.
    tapes: Vec<Tape<T>>,
    is_kept: bool,
    dots: Dots<T>,
    direction: Buffer<T>,
    chain: Buffer<T>,
    sums: Vec<f64>,
    gradient: Vec<f64>,
    loss: Loss,
}

/// Which product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Product {
    Hessian,
    GaussNewton,
}

impl<T: Real> Curvature<T> {
    /// Linearises at `theta` on these examples, keeping at most `memory` bytes of it. Cost: one gradient.
    ///
    /// # Panics
    /// If `theta` does not have one value a parameter, or a row does not exist.
    #[must_use]
    pub fn at(problem: &Problem, theta: &[T], rows: Rows<'_>, memory: usize) -> Self {
        Self::with_isa(problem, theta, rows, memory, Isa::detect())
    }

    pub(crate) fn with_isa(problem: &Problem, theta: &[T], rows: Rows<'_>, memory: usize, isa: Isa) -> Self {
        assert_eq!(theta.len(), problem.n_parameters(), "θ has one value a parameter");
        let network = Network::new(problem, isa);
        let data = Arc::clone(problem.data());
        let (order, places) = order(split(&data, rows), rows, !network.mixes_examples());
        let mut parameters = Buffer::zeros(network.n_values);
        network.pack(theta, &mut parameters);
        let chunk = gradient_chunk(problem, &network).min(order.len()).max(1);
        let first = Tape::new(&network, chunk, Purpose::Linearise);
        let n_chunks = order.len().div_ceil(chunk);
        let is_kept = n_chunks.saturating_mul(first.n_bytes()) <= memory;
        let mut curvature = Self {
            dots: Dots::new(&network, chunk),
            direction: Buffer::zeros(network.n_values),
            chain: Buffer::zeros(network.n_values),
            sums: vec![0.0; network.n_values],
            gradient: Vec::new(),
            loss: Loss { mean: f64::NAN, error: f64::NAN, n: 0 },
            is_test: matches!(rows, Rows::Test),
            tapes: vec![first],
            network,
            data,
            parameters,
            order,
            places,
            chunk,
            is_kept,
        };
        curvature.linearise(n_chunks);
        curvature
    }

    /// Runs all examples forward and back once, keeping what fits.
    fn linearise(&mut self, n_chunks: usize) {
        if self.is_kept {
            let more = (1..n_chunks).map(|_| Tape::new(&self.network, self.chunk, Purpose::Linearise));
            self.tapes.extend(more);
        }
        let data = Arc::clone(&self.data);
        let split = self.split(&data);
        let mut sums = LossSums::default();
        for chunk in 0..n_chunks {
            add(&mut sums, self.load(&data, split, chunk));
            self.fold(chunk, n_chunks);
        }
        self.loss = mean(sums, self.order.len(), split);
        self.gradient = std::mem::replace(&mut self.sums, vec![0.0; self.network.n_values]);
    }

    /// Takes one chunk forward and back on its tape; its gradient joins the chain.
    fn load(&mut self, data: &Dataset, split: &Split, chunk: usize) -> LossSums {
        let Self { network, parameters, order, tapes, chain, is_kept, .. } = self;
        let rows = order.chunks(self.chunk).nth(chunk).expect("chunks are counted from the order");
        let tape = &mut tapes[if *is_kept { chunk } else { 0 }];
        tape.load(network, data, split, rows);
        tape.forward(network, parameters, &Mode::Batch);
        let sums = tape.score(network, Some(T::ONE));
        tape.backward(network, split, Some(parameters), &Mode::Batch, &mut Sink::Sum(chain));
        sums
    }

    /// Ends the chain where it is long enough.
    fn fold(&mut self, chunk: usize, n_chunks: usize) {
        if ends_chain(chunk, n_chunks) {
            self.network.isa.run(Fold { chain: &mut self.chain, sums: &mut self.sums });
        }
    }

    /// The mean loss at θ (for batch norm: with batch statistics).
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// The gradient at θ, without penalty.
    ///
    /// # Panics
    /// If `out` does not have one value a parameter.
    pub fn gradient(&mut self, out: &mut [T]) {
        let gradient = std::mem::take(&mut self.gradient);
        self.write_mean(&gradient, out);
        self.gradient = gradient;
    }

    /// H v for each direction v. Cost: see the type; several directions share the passes at θ where these are not kept.
    ///
    /// # Panics
    /// If a direction or a result does not have one value a parameter, or there is not one result a direction.
    pub fn hessian(&mut self, directions: &[&[T]], out: &mut [&mut [T]]) {
        self.products(Product::Hessian, directions, out);
    }

    /// Jᵀ H_loss J v for each direction v: the Gauss–Newton matrix, positive semi-definite. Cost: a tangent and a way
    /// back, about one gradient.
    ///
    /// # Panics
    /// As [`Self::hessian`].
    pub fn gauss_newton(&mut self, directions: &[&[T]], out: &mut [&mut [T]]) {
        self.products(Product::GaussNewton, directions, out);
    }

    fn products(&mut self, product: Product, directions: &[&[T]], out: &mut [&mut [T]]) {
        assert_eq!(directions.len(), out.len(), "one result a direction");
        if self.is_kept {
            for (direction, out) in directions.iter().zip(out) {
                self.along_all(product, direction, out);
            }
            return;
        }
        // One chunk's passes serve all directions, so there are as many chains and sums.
        let data = Arc::clone(&self.data);
        let n_chunks = self.n_chunks();
        let mut sums = vec![vec![0.0; self.network.n_values]; directions.len()];
        let mut chains = vec![Buffer::zeros(self.network.n_values); directions.len()];
        for chunk in 0..n_chunks {
            let split = self.split(&data);
            self.load(&data, split, chunk);
            self.chain.fill(T::ZERO);
            for ((direction, chain), sums) in directions.iter().zip(&mut chains).zip(&mut sums) {
                self.take(direction);
                std::mem::swap(&mut self.chain, chain);
                self.along(product, 0);
                std::mem::swap(&mut self.chain, chain);
                if ends_chain(chunk, n_chunks) {
                    self.network.isa.run(Fold { chain, sums });
                }
            }
        }
        for (sums, out) in sums.iter().zip(out) {
            self.write_mean(sums, out);
        }
    }

    /// One product from the kept passes.
    fn along_all(&mut self, product: Product, direction: &[T], out: &mut [T]) {
        self.take(direction);
        let n_chunks = self.n_chunks();
        for chunk in 0..n_chunks {
            self.along(product, chunk);
            self.fold(chunk, n_chunks);
        }
        let mut sums = std::mem::take(&mut self.sums);
        self.write_mean(&sums, out);
        sums.fill(0.0);
        self.sums = sums;
    }

    /// One chunk's part of the product with the direction that was taken, into the chain.
    fn along(&mut self, product: Product, tape: usize) {
        let Self { network, parameters, direction, tapes, dots, chain, .. } = self;
        let (tape, mode, sink) = (&mut tapes[tape], &Mode::Batch, &mut Sink::Sum(chain));
        tape.tangent(network, parameters, direction, mode, dots);
        tape.bend_loss(network, T::ONE, dots);
        match product {
            Product::Hessian => tape.tangent_backward(network, parameters, direction, mode, dots, sink),
            Product::GaussNewton => tape.pull_back(network, parameters, mode, dots, sink),
        }
    }

    /// J v: the tangents of all logits, examples × outputs, in the order of the rows given.
    ///
    /// # Panics
    /// If `direction` does not have one value a parameter, or `out` not one an example and output.
    pub fn jacobian(&mut self, direction: &[T], out: &mut [T]) {
        let n_outputs = self.network.head.n_outputs;
        assert_eq!(out.len(), self.order.len() * n_outputs, "one tangent an example and output");
        self.take(direction);
        let data = Arc::clone(&self.data);
        for chunk in 0..self.n_chunks() {
            if !self.is_kept {
                let split = self.split(&data);
                self.load(&data, split, chunk);
                self.chain.fill(T::ZERO);
            }
            let Self { network, parameters, direction, tapes, dots, is_kept, .. } = self;
            let tape = &mut tapes[if *is_kept { chunk } else { 0 }];
            tape.tangent(network, parameters, direction, &Mode::Batch, dots);
            let first = chunk * self.chunk;
            for (example, &place) in self.places[first..][..tape.n()].iter().enumerate() {
                for output in 0..n_outputs {
                    let at = (example / WIDTH * padded(n_outputs) + output) * WIDTH + example % WIDTH;
                    out[place as usize * n_outputs + output] = dots.logits()[at];
                }
            }
        }
    }

    fn n_chunks(&self) -> usize {
        self.order.len().div_ceil(self.chunk)
    }

    fn split<'a>(&self, data: &'a Dataset) -> &'a Split {
        if self.is_test { &data.test } else { &data.train }
    }

    /// Takes a direction into panels.
    fn take(&mut self, direction: &[T]) {
        assert_eq!(direction.len(), self.network.shape.n_parameters, "a direction has one value a parameter");
        self.network.pack(direction, &mut self.direction);
    }

    /// Writes sums over examples as a mean in θ's order.
    fn write_mean(&mut self, sums: &[f64], out: &mut [T]) {
        assert_eq!(out.len(), self.network.shape.n_parameters, "a result has one value a parameter");
        let n = self.order.len() as f64;
        // The direction is not needed any more, and its padding is zero like the sums'.
        self.direction.iter_mut().zip(sums).for_each(|(to, &from)| *to = T::of(from / n));
        self.network.unpack(&self.direction, out);
    }
}

/// Whether a chain's sum joins the f64 sums after this chunk: the same whether passes are kept or not.
fn ends_chain(chunk: usize, n_chunks: usize) -> bool {
    (chunk + 1).is_multiple_of(CHAIN) || chunk + 1 == n_chunks
}

/// Rows class by class where asked, and the place of each in the order given.
fn order(split: &Split, rows: Rows<'_>, by_class: bool) -> (Vec<u32>, Vec<u32>) {
    let mut given = Vec::new();
    crate::evaluate::order(split, rows, false, &mut given);
    let mut places: Vec<u32> = (0..given.len() as u32).collect();
    if let (crate::data::Targets::Classes(labels), true) = (split.targets(), by_class) {
        places.sort_by_key(|&place| labels[given[place as usize] as usize]);
    }
    (places.iter().map(|&place| given[place as usize]).collect(), places)
}
