//! Exact measures at a point of weight space: mean loss, error, gradient, gradient noise.

mod outputs;

use std::sync::Arc;

use crate::data::{Dataset, Split, Targets};
use crate::kernels::{Buffer, Fold, Isa, Real, Sink};
use crate::layers::Mode;
use crate::loss::LossSums;
use crate::network::{Network, Purpose, Tape};
use crate::problem::Problem;

/// Examples that go through the network at once at most.
const CHUNK: usize = 256;
/// The same where gradients are wanted: smaller, so that what the way back needs stays in the cache.
const GRADIENT_CHUNK: usize = 128;
/// Chunks whose gradients are one chain, before it is added to the f64 gradient.
const CHAIN: usize = 8;

/// Measures a problem at any θ. Keeps its working memory between calls: θ once, the gradient once in `T` and once
/// in f64 (from the first gradient on), and one chunk of 256 examples.
///
/// Examples are taken class by class (in each class in the order given), since those of one class leave the same
/// inputs at zero, and zeros cost nothing. A network with batch norm is differentiated through fixed batches of
/// `train.batch_size` rows in the order given. The order is part of the pinned numerics.
#[derive(Debug)]
pub struct Evaluator<T: Real = f32> {
    problem: Problem,
    network: Network<T>,
    parameters: Buffer<T>,
    gradient: Vec<f64>,
    chain: Buffer<T>,
    scratch: [Vec<f64>; 2],
    tape: Tape<T>,
    chunk: usize,
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
    /// Share of the examples that is misclassified; of equal largest logits the first counts. NaN for no
    /// examples, and where targets are no classes.
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

impl<T: Real> Evaluator<T> {
    /// For one problem.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        Self::with_isa(problem, Isa::detect())
    }

    pub(crate) fn with_isa(problem: &Problem, isa: Isa) -> Self {
        let network = Network::new(problem, isa);
        let chunk = network.chunk(CHUNK);
        let capacity = chunk.max(gradient_chunk(problem, &network));
        Self {
            parameters: Buffer::zeros(network.n_values),
            gradient: Vec::new(),
            chain: Buffer::default(),
            scratch: [Vec::new(), Vec::new()],
            tape: Tape::new(&network, capacity, Purpose::Gradient),
            order: Vec::new(),
            chunk,
            problem: problem.clone(),
            network,
        }
    }

    /// The mean loss at `theta` in evaluation mode, with these running statistics. Cost: one forward pass.
    ///
    /// # Panics
    /// If there is not one value a parameter and a buffer, or a row does not exist.
    pub fn loss(&mut self, theta: &[T], buffers: &[f64], rows: Rows<'_>) -> Loss {
        assert_eq!(buffers.len(), self.problem.n_buffers(), "running statistics go with θ");
        let data = self.prepare(theta, rows, true);
        let split = split(&data, rows);
        let mut sums = LossSums::default();
        for rows in self.order.chunks(self.chunk) {
            self.tape.load(&self.network, &data, split, rows);
            self.tape.forward(&self.network, &self.parameters, &Mode::Evaluation(buffers));
            add(&mut sums, self.tape.score(&self.network, None));
        }
        mean(sums, self.order.len(), split)
    }

    /// The mean loss at `theta`, and its gradient (without penalty) in `out`. Cost: about three forward passes.
    ///
    /// # Panics
    /// If `theta` or `out` does not have one value a parameter, or a row does not exist.
    pub fn gradient(&mut self, theta: &[T], rows: Rows<'_>, out: &mut [T]) -> Gradient {
        assert_eq!(out.len(), self.problem.n_parameters(), "a gradient has one value a parameter");
        let mixes = self.network.mixes_examples();
        let data = self.prepare(theta, rows, !mixes);
        let split = split(&data, rows);
        let n = self.order.len();
        self.gradient.clear();
        self.gradient.resize(self.network.n_values, 0.0);
        if self.chain.is_empty() {
            self.chain = Buffer::zeros(self.network.n_values);
        }
        let is_dense = self.network.is_dense();
        let chunk = gradient_chunk(&self.problem, &self.network);
        let mut sums = LossSums::default();
        let mut squares = 0.0;
        for rows in self.order.chunks(chunk * CHAIN) {
            for rows in rows.chunks(chunk) {
                self.tape.load(&self.network, &data, split, rows);
                self.tape.forward(&self.network, &self.parameters, &Mode::Batch);
                add(&mut sums, self.tape.score(&self.network, Some(T::ONE)));
                let sink = &mut Sink::Sum(&mut self.chain);
                self.tape.backward(&self.network, split, Some(&self.parameters), &Mode::Batch, sink);
                if is_dense {
                    squares += self.tape.gradient_squares(&self.network, split, &mut self.scratch);
                }
            }
            self.network.isa.run(Fold { chain: &mut self.chain, sums: &mut self.gradient });
        }
        let square = self.mean_gradient(n, out);
        let noise_trace = (n > 0 && is_dense).then(|| squares / n as f64 - square);
        Gradient { loss: mean(sums, n, split), noise_trace }
    }

    /// Divides the summed gradient by `n`, writes it out, and gives its squared norm.
    fn mean_gradient(&mut self, n: usize, out: &mut [T]) -> f64 {
        let mut square = 0.0;
        for value in &mut self.gradient {
            *value /= n as f64;
            square += *value * *value;
        }
        // θ is not needed any more, and its padding is zero like the gradient's.
        self.parameters.iter_mut().zip(&self.gradient).for_each(|(to, &from)| *to = T::of(from));
        self.network.unpack(&self.parameters, out);
        square
    }

    /// Takes in θ and puts the rows in order, class by class where asked.
    fn prepare(&mut self, theta: &[T], rows: Rows<'_>, by_class: bool) -> Arc<Dataset> {
        assert_eq!(theta.len(), self.problem.n_parameters(), "θ has one value a parameter");
        self.network.pack(theta, &mut self.parameters);
        let data = Arc::clone(self.problem.data());
        order(split(&data, rows), rows, by_class, &mut self.order);
        data
    }
}

/// The rows in the order in which they are taken.
pub(crate) fn order(split: &Split, rows: Rows<'_>, by_class: bool, order: &mut Vec<u32>) {
    order.clear();
    match rows {
        Rows::Train(rows) => order.extend_from_slice(rows),
        Rows::AllTrain | Rows::Test => order.extend(0..split.len() as u32),
    }
    if let (Targets::Classes(labels), true) = (split.targets(), by_class) {
        order.sort_by_key(|&row| labels[row as usize]);
    }
}

/// Examples that are differentiated together.
pub(crate) fn gradient_chunk<T: Real>(problem: &Problem, network: &Network<T>) -> usize {
    if network.mixes_examples() { problem.course().batch_rows as usize } else { network.chunk(GRADIENT_CHUNK) }
}

pub(crate) fn add(sums: &mut LossSums, chunk: LossSums) {
    sums.loss += chunk.loss;
    sums.wrong += chunk.wrong;
}

pub(crate) fn split<'a>(data: &'a Dataset, rows: Rows<'_>) -> &'a Split {
    match rows {
        Rows::Train(_) | Rows::AllTrain => &data.train,
        Rows::Test => &data.test,
    }
}

pub(crate) fn mean(sums: LossSums, n: usize, split: &Split) -> Loss {
    let wrong = if matches!(split.targets(), Targets::Classes(_)) { sums.wrong as f64 } else { f64::NAN };
    Loss { mean: sums.loss / n as f64, error: wrong / n as f64, n: n as u64 }
}
