//! A network ready to run: its layers, and their parameters in panels.

mod augment;
mod input;
mod stage;
mod tangent;
mod tape;

use traipse_sweep::network::{self, Node};
use traipse_sweep::settings::{Activation, Augment};

use crate::data::{Dataset, Scaling, Values};
use crate::kernels::{Between, Convert, Isa, Real, WIDTH, padded, panel_numbers, panels};
use crate::layers::{Layer, Places};
use crate::loss::Head;
use crate::problem::Problem;
pub(crate) use tangent::Dots;
pub(crate) use tape::{Purpose, Tape};

/// Numbers that all values of a chunk together should have at most (2 MiB of `f32`, and as much for their gradients).
const CHUNK_NUMBERS: usize = 1 << 19;

/// All layers with the places of their parameters.
#[derive(Debug)]
pub(crate) struct Network<T> {
    pub(crate) isa: Isa,
    pub(crate) shape: network::Network,
    pub(crate) layers: Vec<Box<dyn Layer<T>>>,
    pub(crate) head: Head,
    /// Numbers in panel layout.
    pub(crate) n_values: usize,
    /// Where weights end and biases begin: (from, to, whether a matrix).
    pub(crate) parts: Vec<(usize, usize, bool)>,
    /// Changes of training images.
    augment: Vec<Augment>,
    places: Vec<Places>,
    /// For every node and each of its two values: how its gradient joins those of other readers.
    joins: Vec<[Join; 2]>,
    /// How bytes become numbers, where they stay packed: one dense layer alone reads them.
    packs: Option<Scaling>,
}

/// How one reader's gradient joins those of a value's other readers, on the way back.
#[derive(Clone, Copy, Debug, Default)]
struct Join {
    /// Some reader came before.
    add: bool,
    /// No reader comes after.
    last: bool,
}

impl<T: Real> Network<T> {
    pub(crate) fn new(problem: &Problem, isa: Isa) -> Self {
        let shape = problem.network().clone();
        let (mut n_values, mut places, mut parts) = (0, Vec::new(), Vec::new());
        for node in &shape.nodes {
            let mut place = |tensor: &network::Parameter| {
                let from = n_values;
                n_values += size_in_panels(&tensor.shape);
                parts.push((from, n_values, tensor.is_matrix));
                from
            };
            let weight = node.weight.as_ref().map(&mut place).unwrap_or_default();
            let bias = node.bias.as_ref().map(&mut place);
            places.push(Places { weight, bias });
        }
        let layers = layers(&shape.nodes, &places);
        let readers: Vec<&Node> = shape.nodes.iter().filter(|node| node.input == 0 || node.other == Some(0)).collect();
        let is_dense = matches!(readers[..], [node] if node.layer == network::Layer::Dense);
        let augment = problem.settings().train.augment.clone();
        let packs = uniform_bytes(problem.data()).filter(|_| is_dense && augment.is_empty());
        let head = Head { loss: problem.settings().train.loss, n_outputs: problem.n_outputs() };
        Self { isa, layers, head, n_values, parts, places, augment, joins: joins(&shape.nodes), packs, shape }
    }

    /// From θ to panels; padding is left as it is.
    pub(crate) fn pack(&self, theta: &[T], values: &mut [T]) {
        self.tensors(|tensor, at| {
            let (flat, n) = (&theta[tensor.range.clone()], size_in_panels(&tensor.shape));
            match matrix(&tensor.shape) {
                Some((outputs, inputs)) => {
                    let between = Between::In(flat, &mut values[at..][..n]);
                    self.isa.run(Convert { inputs, outputs, between });
                }
                None => values[at..][..flat.len()].copy_from_slice(flat),
            }
        });
    }

    /// From panels to θ.
    pub(crate) fn unpack(&self, values: &[T], theta: &mut [T]) {
        self.tensors(|tensor, at| {
            let (flat, n) = (&mut theta[tensor.range.clone()], size_in_panels(&tensor.shape));
            match matrix(&tensor.shape) {
                Some((outputs, inputs)) => {
                    let between = Between::Out(&values[at..][..n], flat);
                    self.isa.run(Convert { inputs, outputs, between });
                }
                None => flat.copy_from_slice(&values[at..][..flat.len()]),
            }
        });
    }

    /// Calls `each` with every tensor of θ and its place in panel layout.
    fn tensors(&self, mut each: impl FnMut(&network::Parameter, usize)) {
        for (node, at) in self.shape.nodes.iter().zip(&self.places) {
            if let Some(weight) = &node.weight {
                each(weight, at.weight);
            }
            if let (Some(bias), Some(at)) = (&node.bias, at.bias) {
                each(bias, at);
            }
        }
    }

    /// The activation of a value; none for the examples.
    fn activation(&self, value: usize) -> Activation {
        value.checked_sub(1).map_or(Activation::Identity, |node| self.shape.nodes[node].activation)
    }

    /// Whether a node reads the examples.
    fn reads_examples(&self, at: usize) -> bool {
        let node = &self.shape.nodes[at];
        node.input == 0 || node.other == Some(0)
    }

    /// Running statistics at the start: means 0, variances 1.
    pub(crate) fn initial_buffers(&self) -> Vec<f64> {
        let mut buffers = vec![0.0; self.shape.n_buffers];
        for node in &self.shape.nodes {
            let half = node.buffers.len() / 2;
            buffers[node.buffers.clone()][half..].fill(1.0);
        }
        buffers
    }

    /// Whether all layers are dense, one after another.
    pub(crate) fn is_dense(&self) -> bool {
        self.shape.nodes.iter().all(|node| node.layer == network::Layer::Dense)
    }

    /// Examples that go through the network at once, at most `most`: fewer where values are large, so that those of one
    /// chunk stay in the cache from the way forward to the way back. A function of the shapes alone: it decides bits.
    pub(crate) fn chunk(&self, most: usize) -> usize {
        let features: usize = self.shape.nodes.iter().map(|node| node.output_shape.n_features()).sum();
        if self.is_dense() { most } else { (CHUNK_NUMBERS / features / WIDTH * WIDTH).clamp(WIDTH, most) }
    }

    /// Whether examples of one batch depend on each other.
    pub(crate) fn mixes_examples(&self) -> bool {
        self.shape.n_buffers > 0
    }
}

/// Layers in order of execution.
fn layers<T: Real>(nodes: &[Node], places: &[Places]) -> Vec<Box<dyn Layer<T>>> {
    let is_dropout = |node: &&Node| matches!(node.layer, network::Layer::Dropout { .. });
    let n_dropouts = |at: usize| nodes[..at].iter().filter(is_dropout).count();
    nodes.iter().zip(places).enumerate().map(|(at, (node, &place))| T::layer(node, place, n_dropouts(at))).collect()
}

/// The one scaling of all bytes, where examples are bytes and there is only one.
fn uniform_bytes(data: &Dataset) -> Option<Scaling> {
    let is_uniform = data.scalings.iter().all(|scaling| *scaling == data.scaling);
    (matches!(data.train.values(), Values::Bytes(_)) && is_uniform).then_some(data.scaling)
}

/// (Outputs, inputs) of a tensor that is multiplied with; none for one number a feature.
fn matrix(shape: &[usize]) -> Option<(usize, usize)> {
    (shape.len() > 1).then(|| (shape[0], shape[1..].iter().product()))
}

fn size_in_panels(shape: &[usize]) -> usize {
    match matrix(shape) {
        Some((outputs, inputs)) => panel_numbers(inputs, outputs),
        None => panels(shape[0]) * WIDTH,
    }
}

/// The size of a value of a chunk of `n` examples.
fn value_numbers(n_features: usize, n: usize) -> usize {
    panels(n) * padded(n_features) * WIDTH
}

/// On the way back the reader that comes last in the network comes first.
fn joins(nodes: &[Node]) -> Vec<[Join; 2]> {
    let readers = |value: usize| {
        nodes
            .iter()
            .enumerate()
            .filter(move |(_, node)| node.input == value || node.other == Some(value))
            .map(|(i, _)| i)
    };
    let join = |value: usize, at: usize| Join {
        add: readers(value).max().is_some_and(|last| last > at),
        last: readers(value).min() == Some(at),
    };
    let of = |(at, node): (usize, &Node)| {
        [join(node.input, at), node.other.map(|other| join(other, at)).unwrap_or_default()]
    };
    nodes.iter().enumerate().map(of).collect()
}
