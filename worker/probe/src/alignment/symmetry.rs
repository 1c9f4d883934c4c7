//! Which channels of a network can be permuted together, and where in θ they lie.

use std::ops::Range;

use traipse_sweep::network::{Layer, Network, Node};
use traipse_sweep::streams::Draws;

use super::{MAX_CHANNELS, Permutations};
use crate::Missing;

/// The permutations of hidden channels that leave a network's function as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symmetry {
    /// Channels of every group, in the order of the network.
    sizes: Vec<usize>,
    pub(super) parameters: Vec<View>,
    buffers: Vec<View>,
}

/// A tensor as rows × columns × the numbers that stay together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) start: usize,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    pub(super) inner: usize,
}

/// Channels that one group permutes; none where they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) len: usize,
    pub(super) group: Option<usize>,
}

impl Axis {
    /// The channel that takes the place of channel `i`.
    pub(super) fn source(self, permutations: &[Vec<usize>], i: usize) -> usize {
        self.group.map_or(i, |group| permutations[group][i])
    }
}

impl View {
    pub(super) fn row_len(&self) -> usize {
        self.columns.len * self.inner
    }
}

impl Symmetry {
    /// Of a network.
    ///
    /// # Errors
    /// [`Missing::NoAlignment`] where a layer's inputs and outputs share one permutation, so that no assignment problem
    /// finds it, or a value has more than [`MAX_CHANNELS`].
    pub fn of(network: &Network) -> Result<Self, Missing> {
        let classes = Classes::of(network);
        let groups = classes.numbered(network.nodes.len());
        let axis = |value: usize| Axis { len: network.shape(value).channels, group: groups[value] };
        let mut symmetry = Self { sizes: Vec::new(), parameters: Vec::new(), buffers: Vec::new() };
        for (value, group) in groups.iter().enumerate() {
            if *group == Some(symmetry.sizes.len()) {
                symmetry.sizes.push(network.shape(value).channels);
            }
        }
        for (at, node) in network.nodes.iter().enumerate() {
            symmetry.parameters.extend(parameters(node, axis(node.input), axis(at + 1)));
            symmetry.buffers.extend(buffers(node, axis(at + 1)));
        }
        let is_quadratic = |view: &View| view.rows.group.is_some() && view.rows.group == view.columns.group;
        if symmetry.parameters.iter().any(is_quadratic) || symmetry.sizes.iter().any(|&size| size > MAX_CHANNELS) {
            return Err(Missing::NoAlignment);
        }
        Ok(symmetry)
    }

    /// Channels of every group.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Every channel in its place.
    #[must_use]
    pub fn identity(&self) -> Permutations {
        self.sizes.iter().map(|&size| (0..size).collect()).collect()
    }

    /// Uniform ones.
    #[must_use]
    pub fn random(&self, draws: &mut Draws) -> Permutations {
        let mut permutations = self.identity();
        permutations.iter_mut().for_each(|permutation| draws.shuffle(permutation));
        permutations
    }

    /// π(θ), exact.
    ///
    /// # Panics
    /// If θ or the permutations are not of this network.
    #[must_use]
    pub fn permute<T: Copy>(&self, permutations: &Permutations, theta: &[T]) -> Vec<T> {
        moved(&self.parameters, permutations, theta)
    }

    /// The same of what the network keeps beside θ.
    ///
    /// # Panics
    /// Likewise.
    #[must_use]
    pub fn permute_buffers(&self, permutations: &Permutations, buffers: &[f64]) -> Vec<f64> {
        moved(&self.buffers, permutations, buffers)
    }
}

fn moved<T: Copy>(views: &[View], permutations: &Permutations, from: &[T]) -> Vec<T> {
    let mut to = from.to_vec();
    for view in views {
        for row in 0..view.rows.len {
            let source = view.rows.source(permutations, row);
            for column in 0..view.columns.len {
                let place = |row: usize, column: usize| view.start + (row * view.columns.len + column) * view.inner;
                let from_at = place(source, view.columns.source(permutations, column));
                let to_at = place(row, column);
                to[to_at..to_at + view.inner].copy_from_slice(&from[from_at..from_at + view.inner]);
            }
        }
    }
    to
}

fn parameters(node: &Node, input: Axis, output: Axis) -> Vec<View> {
    let one = Axis { len: 1, group: None };
    let view = |range: &Range<usize>, columns: Axis| View {
        start: range.start,
        rows: output,
        columns,
        inner: range.len() / (output.len * columns.len),
    };
    let reads_all = matches!(node.layer, Layer::Dense | Layer::Conv { .. });
    let weight = node.weight.iter().map(|weight| view(&weight.range, if reads_all { input } else { one }));
    weight.chain(node.bias.iter().map(|bias| view(&bias.range, one))).collect()
}

/// Means, then variances.
fn buffers(node: &Node, output: Axis) -> Vec<View> {
    let one = Axis { len: 1, group: None };
    let starts = node.buffers.clone().step_by(output.len);
    starts.map(|start| View { start, rows: output, columns: one, inner: 1 }).collect()
}

/// Values whose channels are permuted together: a forest over the values, with the fixed ones below [`FIXED`].
struct Classes(Vec<usize>);

/// The class of the input and of the logits, which are given.
const FIXED: usize = 0;

impl Classes {
    fn of(network: &Network) -> Self {
        let mut classes = Self((0..=network.nodes.len()).collect());
        for (at, node) in network.nodes.iter().enumerate() {
            if !matches!(node.layer, Layer::Dense | Layer::Conv { .. }) {
                classes.join(node.input, at + 1);
            }
            if let Some(other) = node.other {
                classes.join(other, at + 1);
            }
        }
        classes.join(FIXED, network.nodes.len());
        classes
    }

    /// The smallest value of the class.
    fn root(&self, mut value: usize) -> usize {
        while self.0[value] != value {
            value = self.0[value];
        }
        value
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }

    /// The group of every value, counted in the order of the network.
    fn numbered(&self, n_nodes: usize) -> Vec<Option<usize>> {
        let mut roots = Vec::new();
        let groups = (0..=n_nodes).map(|value| {
            let root = self.root(value);
            if root == FIXED {
                return None;
            }
            Some(roots.iter().position(|&known| known == root).unwrap_or_else(|| {
                roots.push(root);
                roots.len() - 1
            }))
        });
        groups.collect()
    }
}
