//! One layer backward: gradients by its inputs, weights and biases.

use traipse_sweep::settings::Activation;

use super::activation::slope;
use super::lanes::Lanes;
use super::sink::Sink;
use super::tile::{Left, Tile};
use super::{Op, ROWS, WIDTH, is_narrow, padded, panels};

/// δ of the layer below: (δ Wᵀ) ∘ f′.
pub(crate) struct InputGradient<'a> {
    /// δ in panels.
    pub(crate) delta: &'a [f32],
    /// Examples.
    pub(crate) n_rows: usize,
    /// Wᵀ in panels, `padded(outputs)` rows high.
    pub(crate) transposed: &'a [f32],
    /// Columns of Wᵀ.
    pub(crate) inputs: usize,
    /// Rows of Wᵀ.
    pub(crate) outputs: usize,
    /// f of the layer below.
    pub(crate) activation: Activation,
    /// Its outputs, in panels.
    pub(crate) below: &'a [f32],
    /// Its slopes, in panels, where they are kept.
    pub(crate) slopes: &'a [f32],
    /// The result, in panels.
    pub(crate) out: &'a mut [f32],
}

impl Op for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let (rows, height) = (padded(self.n_rows), padded(self.outputs));
        let delta = Left::Panels { values: self.delta, rows, columns: self.outputs };
        for panel in 0..panels(self.inputs) {
            let transposed = &self.transposed[panel * height * WIDTH..][..height * WIDTH];
            for block in 0..rows / ROWS {
                let mut tile = Tile([[0.0; WIDTH]; ROWS]);
                delta.multiply::<L>(block, is_narrow(self.inputs, panel), transposed, &mut tile);
                let at = (panel * rows + block * ROWS) * WIDTH;
                let slopes = self.slopes.get(at..).unwrap_or(&[]);
                let out = &mut self.out[at..][..ROWS * WIDTH];
                slope(self.activation, &tile, &self.below[at..], slopes, out);
            }
        }
    }
}

/// Aᵀ δ, handed to a sink tile by tile.
pub(crate) struct WeightGradient<'a, S> {
    /// A: the layer's inputs; packed by columns where packed.
    pub(crate) left: Left<'a>,
    /// δ in panels.
    pub(crate) delta: &'a [f32],
    /// Examples.
    pub(crate) n_rows: usize,
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// Where W begins among all parameters.
    pub(crate) at: usize,
    /// What becomes of the gradient.
    pub(crate) sink: &'a mut S,
}

impl<S: Sink> Op for WeightGradient<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let rows = padded(self.n_rows);
        for panel in 0..panels(self.outputs) {
            let delta = &self.delta[panel * rows * WIDTH..][..rows * WIDTH];
            let narrow = is_narrow(self.outputs, panel);
            for group in 0..self.inputs.div_ceil(ROWS) {
                if self.left.is_zero(group) && self.sink.ignores_zero() {
                    continue;
                }
                let first = group * ROWS;
                let n = (self.inputs - first).min(ROWS);
                let at = self.at + (panel * self.inputs + first) * WIDTH;
                let mut tile = Tile([[0.0; WIDTH]; ROWS]);
                self.sink.start(at, &mut tile.0[..n]);
                self.left.multiply_transposed::<L>(group, self.n_rows, narrow, delta, &mut tile);
                self.sink.take::<L>(at, &tile.0[..n], true);
            }
        }
    }
}

/// Column sums of δ, handed to a sink.
pub(crate) struct BiasGradient<'a, S> {
    /// δ in panels.
    pub(crate) delta: &'a [f32],
    /// Examples.
    pub(crate) n_rows: usize,
    /// Biases.
    pub(crate) outputs: usize,
    /// Where b begins among all parameters.
    pub(crate) at: usize,
    /// What becomes of the gradient.
    pub(crate) sink: &'a mut S,
}

impl<S: Sink> Op for BiasGradient<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let rows = padded(self.n_rows);
        for panel in 0..panels(self.outputs) {
            let at = self.at + panel * WIDTH;
            let mut sums = [[0.0; WIDTH]];
            self.sink.start(at, &mut sums);
            for row in self.delta[panel * rows * WIDTH..][..self.n_rows * WIDTH].as_chunks::<WIDTH>().0 {
                for (sum, &value) in sums[0].iter_mut().zip(row) {
                    *sum += value;
                }
            }
            self.sink.take::<L>(at, &sums, false);
        }
    }
}
