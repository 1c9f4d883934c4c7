//! Exact measures at a point of weight space: mean loss, error, gradient, gradient noise.

use std::sync::Arc;

use crate::data::{Dataset, Split};
use crate::kernels::{Buffer, Fold, Into32, Isa, SoftmaxSums};
use crate::network::{Network, Pass};
use crate::problem::Problem;

/// Examples that go through the network at once.
const CHUNK: usize = 256;
/// The same where gradients are wanted: smaller, so that what the way back needs stays in the cache.
const GRADIENT_CHUNK: usize = 128;
/// Chunks whose gradients are one f32 chain, before it is added to the f64 gradient.
const CHAIN: usize = 8;

/// Measures a problem at any θ. Keeps its working memory between calls: θ once, the gradient once in f32 and once
/// in f64 (from the first gradient on), and one chunk of 256 examples.
///
/// Examples are taken class by class (in each class in the order given), since those of one class leave the same
/// inputs at zero, and zeros cost nothing. The order is part of the pinned numerics.
#[derive(Debug)]
pub struct Evaluator {
    problem: Problem,
    network: Network,
    parameters: Buffer,
    gradient: Vec<f64>,
    chain: Buffer,
    scratch: [Vec<f64>; 2],
    pass: Pass,
    order: Vec<u32>,
}

/// Which examples to measure on.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// These training examples, by row.
    Train(&'a [u32]),
    /// All training examples.
    AllTrain,
    /// All test examples.
    Test,
}

/// A mean over examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Mean loss, in nat; NaN for no examples.
    pub mean: f64,
    /// Share of the examples that is misclassified; of equal largest logits the first counts. NaN for no examples.
    pub error: f64,
    /// How many examples.
    pub n: u64,
}

/// What a gradient evaluation found beside the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradient {
    /// The loss at the same place.
    pub loss: Loss,
    /// tr Σ of the per-example gradients (divisor n), exact for dense layers:
    /// Σ_l mean_i (‖a_i‖² + 1)‖δ_i‖² less the squared norm of the mean gradient. None for no examples.
    pub noise_trace: Option<f64>,
}

impl Evaluator {
    /// For one problem.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        Self::with_isa(problem, Isa::detect())
    }

    pub(crate) fn with_isa(problem: &Problem, isa: Isa) -> Self {
        let network = Network::new(problem, isa);
        Self {
            parameters: Buffer::zeros(network.n_values),
            gradient: Vec::new(),
            chain: Buffer::zeros(0),
            scratch: [Vec::new(), Vec::new()],
            pass: Pass::new(&network, CHUNK),
            order: Vec::new(),
            problem: problem.clone(),
            network,
        }
    }

    /// The mean loss at `theta`. Cost: one forward pass.
    ///
    /// # Panics
    /// If `theta` does not have one value a parameter, or a row does not exist.
    pub fn loss(&mut self, theta: &[f32], rows: Rows<'_>) -> Loss {
        let data = self.prepare(theta, rows);
        let split = split(&data, rows);
        let mut sums = SoftmaxSums::default();
        for rows in self.order.chunks(CHUNK) {
            let chunk = self.pass.forward(&self.network, &self.parameters, split, rows, None);
            sums.loss += chunk.loss;
            sums.wrong += chunk.wrong;
        }
        mean(sums, self.order.len())
    }

    /// The mean loss at `theta`, and its gradient (without penalty) in `out`. Cost: about three forward passes.
    ///
    /// # Panics
    /// If `theta` or `out` does not have one value a parameter, or a row does not exist.
    pub fn gradient(&mut self, theta: &[f32], rows: Rows<'_>, out: &mut [f32]) -> Gradient {
        assert_eq!(out.len(), self.problem.n_parameters(), "a gradient has one value a parameter");
        let data = self.prepare(theta, rows);
        let split = split(&data, rows);
        let n = self.order.len();
        self.gradient.clear();
        self.gradient.resize(self.network.n_values, 0.0);
        if self.chain.is_empty() {
            self.chain = Buffer::zeros(self.network.n_values);
        }
        let mut sums = SoftmaxSums::default();
        let mut squares = 0.0;
        for rows in self.order.chunks(GRADIENT_CHUNK * CHAIN) {
            for rows in rows.chunks(GRADIENT_CHUNK) {
                let chunk = self.pass.forward(&self.network, &self.parameters, split, rows, Some(1.0));
                sums.loss += chunk.loss;
                sums.wrong += chunk.wrong;
                for layer in (0..self.network.layers.len()).rev() {
                    if layer > 0 {
                        self.pass.backward(&self.network, &self.parameters, layer);
                    }
                    self.pass.gradient(&self.network, split, layer, &mut Into32(&mut self.chain));
                }
                squares += self.pass.gradient_squares(&self.network, split, &mut self.scratch);
            }
            self.network.isa.run(Fold { chain: &mut self.chain, sums: &mut self.gradient });
        }
        let mut square = 0.0;
        for value in &mut self.gradient {
            *value /= n as f64;
            square += *value * *value;
        }
        // θ is not needed any more, and its padding is zero like the gradient's.
        self.parameters.iter_mut().zip(&self.gradient).for_each(|(to, &from)| *to = from as f32);
        self.network.unpack(&self.problem, &self.parameters, out);
        let noise_trace = (n > 0).then(|| squares / n as f64 - square);
        Gradient { loss: mean(sums, n), noise_trace }
    }

    /// Takes in θ and puts the rows in order, class by class.
    fn prepare(&mut self, theta: &[f32], rows: Rows<'_>) -> Arc<Dataset> {
        assert_eq!(theta.len(), self.problem.n_parameters(), "θ has one value a parameter");
        self.network.pack(&self.problem, theta, &mut self.parameters);
        let data = Arc::clone(self.problem.data());
        let labels = split(&data, rows).labels();
        self.order.clear();
        match rows {
            Rows::Train(rows) => self.order.extend_from_slice(rows),
            Rows::AllTrain | Rows::Test => self.order.extend(0..labels.len() as u32),
        }
        self.order.sort_by_key(|&row| labels[row as usize]);
        data
    }
}

fn split<'a>(data: &'a Dataset, rows: Rows<'_>) -> &'a Split {
    match rows {
        Rows::Train(_) | Rows::AllTrain => &data.train,
        Rows::Test => &data.test,
    }
}

fn mean(sums: SoftmaxSums, n: usize) -> Loss {
    Loss { mean: sums.loss / n as f64, error: sums.wrong as f64 / n as f64, n: n as u64 }
}
