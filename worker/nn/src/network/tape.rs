//! One chunk's way through a network and back.

use crate::data::{Dataset, Split, Targets as Labels};
use crate::kernels::{Buffer, ColumnSquares, Delta, Finish, Outputs, Real, Sink, Slope, is_smooth};
use crate::layers::{Frame, Into, Mode, Noise, Saved, Scratch};
use crate::loss::{LossSums, Targets};

use super::input::InputBuffer;
use super::{Join, Network, value_numbers};

/// The working memory of one chunk of examples: all values, and all gradients by them.
#[derive(Debug)]
pub(crate) struct Tape<T> {
    pub(super) input: InputBuffer<T>,
    classes: Vec<u8>,
    numbers: Vec<f32>,
    pub(super) values: Values<T>,
    /// δ of every node.
    pub(super) deltas: Vec<Buffer<T>>,
    pub(super) saved: Vec<Saved<T>>,
    pub(super) scratch: Scratch<T>,
}

/// What every node put out.
#[derive(Debug)]
pub(super) struct Values<T> {
    pub(super) out: Vec<Buffer<T>>,
    pub(super) slope: Vec<Buffer<T>>,
    /// f″, and after the way back f″ times the gradient by the output; empty but for linearisations.
    pub(super) bend: Vec<Buffer<T>>,
}

/// What a chunk is asked for on the way forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The loss alone.
    Loss,
    /// The gradient too.
    Gradient,
    /// Tangents too.
    Linearise,
}

impl<T: Real> Tape<T> {
    /// Room for `capacity` examples.
    pub(crate) fn new(network: &Network<T>, capacity: usize, purpose: Purpose) -> Self {
        let nodes = &network.shape.nodes;
        let sizes = |keep: &dyn Fn(usize) -> bool| -> Vec<Buffer<T>> {
            let size =
                |(at, n_features): (usize, usize)| if keep(at) { value_numbers(n_features, capacity) } else { 0 };
            let features = nodes.iter().map(|node| node.output_shape.n_features()).enumerate();
            features.map(|pair| Buffer::zeros(size(pair))).collect()
        };
        let smooth = |at: usize| is_smooth(nodes[at].activation);
        let gradient = purpose != Purpose::Loss;
        let rooms: Vec<_> = network.layers.iter().map(|layer| layer.room(capacity)).collect();
        Self {
            input: InputBuffer::new(network, capacity),
            classes: Vec::with_capacity(capacity),
            numbers: Vec::new(),
            values: Values {
                out: sizes(&|_| true),
                slope: sizes(&|at| gradient && smooth(at)),
                bend: sizes(&|at| purpose == Purpose::Linearise && smooth(at)),
            },
            deltas: sizes(&|_| gradient),
            saved: rooms.iter().map(|room| Saved::new(room.numbers, room.indices)).collect(),
            scratch: Scratch::new(rooms.iter().map(|room| room.scratch).max().unwrap_or(0)),
        }
    }

    /// Memory of all values and gradients.
    pub(crate) fn n_bytes(&self) -> usize {
        let Values { out, slope, bend } = &self.values;
        let buffers = [out, slope, bend, &self.deltas].into_iter().flatten().map(|buffer| buffer.len());
        let saved = self.saved.iter().map(|saved| saved.numbers.len() + saved.indices.len());
        (buffers.chain(saved).sum::<usize>()) * T::BYTES + self.input.n_bytes()
    }

    /// Takes in examples and their targets.
    pub(crate) fn load(&mut self, network: &Network<T>, data: &Dataset, split: &Split, rows: &[u32]) {
        self.input.load(network, data, split, rows, None);
        self.load_targets(network, split, rows);
    }

    /// Takes in training examples, changed at random as the settings say, and their targets.
    pub(crate) fn load_changed(&mut self, network: &Network<T>, data: &Dataset, rows: &[u32], noise: Noise) {
        self.input.load(network, data, &data.train, rows, Some(noise));
        self.load_targets(network, &data.train, rows);
    }

    /// Takes the examples over from a tape of the same shape, capacity and data that saw the same batch: the next load
    /// keeps them if the rows are the same.
    pub(crate) fn take_over(&mut self, other: &mut Self) {
        self.input.take_over(&mut other.input);
    }

    fn load_targets(&mut self, network: &Network<T>, split: &Split, rows: &[u32]) {
        self.classes.clear();
        self.numbers.clear();
        match split.targets() {
            Labels::Classes(labels) => self.classes.extend(rows.iter().map(|&row| labels[row as usize])),
            Labels::Numbers(numbers) => {
                let n = network.head.n_outputs;
                self.numbers.extend(rows.iter().flat_map(|&row| &numbers[row as usize * n..][..n]));
            }
        }
    }

    /// Examples in the chunk.
    pub(crate) fn n(&self) -> usize {
        self.input.n()
    }

    /// Runs the examples forward.
    pub(crate) fn forward(&mut self, network: &Network<T>, parameters: &[T], mode: &Mode<'_>) {
        for (at, layer) in network.layers.iter().enumerate() {
            let (before, after) = self.values.out.split_at_mut(at);
            let frame = frame(network, at, mode, parameters, &self.input, before);
            let mut out = Outputs {
                activation: network.shape.nodes[at].activation,
                value: &mut after[0],
                slope: &mut self.values.slope[at],
                bend: &mut self.values.bend[at],
            };
            layer.forward(&frame, &mut self.saved[at], &mut self.scratch, &mut out);
        }
    }

    /// Sums the losses; with a scale, makes the gradients by the logits (times the scale) ready for the way back.
    pub(crate) fn score(&mut self, network: &Network<T>, scale: Option<T>) -> LossSums {
        let last = network.layers.len() - 1;
        let delta = if scale.is_some() { &mut self.deltas[last][..] } else { &mut [][..] };
        let targets = targets(&self.classes, &self.numbers);
        network.head.score(network.isa, &self.values.out[last], targets, scale.unwrap_or(T::ONE), delta)
    }

    /// Takes δ from the logits down, handing every layer's gradient to the sink as it is finished. A sink that updates
    /// holds the parameters; they are given here otherwise.
    pub(crate) fn backward(
        &mut self,
        network: &Network<T>,
        split: &Split,
        parameters: Option<&[T]>,
        mode: &Mode<'_>,
        sink: &mut Sink<'_, T>,
    ) {
        let Self { input, values, deltas, saved, scratch, .. } = self;
        for (at, layer) in network.layers.iter().enumerate().rev() {
            if network.reads_examples(at) {
                input.prepare_columns(network, split);
            }
            let (below, this) = deltas.split_at_mut(at);
            let delta = &this[0][..];
            {
                let parameters = parameters.unwrap_or_else(|| sink.parameters());
                let frame = frame(network, at, mode, parameters, input, &values.out);
                let finish = |value: usize, bend| Finish {
                    slope: slope(network, value, &values.out, &values.slope),
                    bend,
                    plus: &[],
                };
                let mut into = into(network, at, below, &mut values.bend, finish);
                layer.backward(&frame, &saved[at], delta, scratch, &mut into);
            }
            let frame = frame(network, at, mode, &[], input, &values.out);
            layer.gradient(&frame, &saved[at], delta, scratch, sink);
        }
    }

    /// After a chunk with batch statistics: moves the running statistics by a share of the way to them.
    pub(crate) fn update_running(&self, network: &Network<T>, share: f64, buffers: &mut [f64]) {
        for ((node, layer), saved) in network.shape.nodes.iter().zip(&network.layers).zip(&self.saved) {
            layer.update_running(self.n(), saved, share, &mut buffers[node.buffers.clone()]);
        }
    }

    /// Of a network of dense layers: Σ_l Σ_i (‖a_i‖² + 1)‖δ_i‖² over the chunk (without the 1 where there are no
    /// biases), after [`Self::backward`]; everything in f64.
    pub(crate) fn gradient_squares(&self, network: &Network<T>, split: &Split, scratch: &mut [Vec<f64>; 2]) -> f64 {
        let mut sum = 0.0;
        for (at, node) in network.shape.nodes.iter().enumerate() {
            let [inputs, deltas] = scratch.each_mut().map(|scratch| {
                scratch.resize(self.n(), 0.0);
                &mut scratch[..]
            });
            match node.input.checked_sub(1) {
                None => self.input.squares(network, split, inputs),
                Some(below) => {
                    let (values, features) = (&self.values.out[below][..], node.input_shape.n_features());
                    network.isa.run(ColumnSquares { values, features, out: inputs });
                }
            }
            let (values, features) = (&self.deltas[at][..], node.output_shape.n_features());
            network.isa.run(ColumnSquares { values, features, out: deltas });
            let one = if node.bias.is_some() { 1.0 } else { 0.0 };
            sum += inputs.iter().zip(deltas).map(|(input, delta)| (*input + one) * *delta).sum::<f64>();
        }
        sum
    }

    /// Logits in panels.
    pub(crate) fn logits(&self) -> &[T] {
        &self.values.out[self.values.out.len() - 1]
    }

    pub(super) fn targets(&self) -> Targets<'_> {
        targets(&self.classes, &self.numbers)
    }
}

fn targets<'a>(classes: &'a [u8], numbers: &'a [f32]) -> Targets<'a> {
    if numbers.is_empty() { Targets::Classes(classes) } else { Targets::Numbers(numbers) }
}

/// What node `at` sees.
pub(super) fn frame<'a, T: Real>(
    network: &Network<T>,
    at: usize,
    mode: &'a Mode<'a>,
    parameters: &'a [T],
    input: &'a InputBuffer<T>,
    values: &'a [Buffer<T>],
) -> Frame<'a, T> {
    let node = &network.shape.nodes[at];
    let of = |value: usize| match value.checked_sub(1) {
        Some(index) => crate::layers::Input::Values(&values[index]),
        None => input.get(),
    };
    Frame {
        isa: network.isa,
        n: input.n(),
        mode,
        parameters,
        input: of(node.input),
        other: node.other.map_or(&[], |other| of(other).values()),
    }
}

/// f′ of a value.
pub(super) fn slope<'a, T: Real>(
    network: &Network<T>,
    value: usize,
    out: &'a [Buffer<T>],
    slope: &'a [Buffer<T>],
) -> Slope<'a, T> {
    Slope { activation: network.activation(value), value: &out[value - 1], slope: &slope[value - 1] }
}

/// Where node `at`'s gradients by its values go. `finish` is asked for a value whose last reader this is.
pub(super) fn into<'a, T: Real>(
    network: &Network<T>,
    at: usize,
    below: &'a mut [Buffer<T>],
    bends: &'a mut [Buffer<T>],
    finish: impl Fn(usize, &'a mut [T]) -> Finish<'a, T>,
) -> Into<'a, T> {
    let node = &network.shape.nodes[at];
    let wanted = [Some(node.input), node.other].map(|value| value.and_then(|value| value.checked_sub(1)));
    let [first, second] = both(below, wanted);
    let [first_bend, second_bend] = both(bends, wanted);
    let join = |which: usize, out: Option<&'a mut Buffer<T>>, bend: Option<&'a mut Buffer<T>>| {
        let Join { add, last } = network.joins[at][which];
        let (out, bend, index) = (out?, bend?, wanted[which]?);
        Some(Delta { out: &mut out[..], add, finish: last.then(|| finish(index + 1, &mut bend[..])) })
    };
    [join(0, first, first_bend), join(1, second, second_bend)]
}

/// Two different buffers at once; none for none, and none for a second that is the first.
fn both<T>(buffers: &mut [Buffer<T>], wanted: [Option<usize>; 2]) -> [Option<&mut Buffer<T>>; 2] {
    match wanted {
        [Some(first), Some(second)] => match buffers.get_disjoint_mut([first, second]) {
            Ok([first, second]) => [Some(first), Some(second)],
            Err(_) => [None, None],
        },
        [Some(first), None] => [buffers.get_mut(first), None],
        [None, Some(second)] => [None, buffers.get_mut(second)],
        [None, None] => [None, None],
    }
}
