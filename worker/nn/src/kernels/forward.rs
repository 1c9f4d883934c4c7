//! One layer forward: f(A W + b), tile by tile.

use traipse_sweep::settings::Activation;

use super::activation::activate;
use super::lanes::Lanes;
use super::tile::{Left, Tile};
use super::{Op, ROWS, WIDTH, is_narrow, padded, panels};

/// One layer forward. The bias begins each chain of multiply-adds.
pub(crate) struct Forward<'a> {
    /// A: the layer's inputs.
    pub(crate) left: Left<'a>,
    /// Examples.
    pub(crate) n_rows: usize,
    /// W in panels, `inputs` rows high.
    pub(crate) weights: &'a [f32],
    /// b, padded to whole panels.
    pub(crate) bias: Option<&'a [f32]>,
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// f.
    pub(crate) activation: Activation,
    /// f(A W + b) in panels.
    pub(crate) out: &'a mut [f32],
    /// f′ in panels, where it is wanted.
    pub(crate) slopes: Option<&'a mut [f32]>,
}

impl Op for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self) {
        let rows = padded(self.n_rows);
        for panel in 0..panels(self.outputs) {
            let weights = &self.weights[panel * self.inputs * WIDTH..][..self.inputs * WIDTH];
            let mut start = [0.0; WIDTH];
            if let Some(bias) = self.bias {
                start.copy_from_slice(&bias[panel * WIDTH..][..WIDTH]);
            }
            let narrow = is_narrow(self.outputs, panel);
            for block in 0..rows / ROWS {
                let mut tile = Tile([start; ROWS]);
                self.left.multiply::<L>(block, narrow, weights, &mut tile);
                let at = (panel * rows + block * ROWS) * WIDTH;
                let slopes = self.slopes.as_deref_mut().map(|slopes| &mut slopes[at..][..ROWS * WIDTH]);
                activate(self.activation, &tile, &mut self.out[at..][..ROWS * WIDTH], slopes);
            }
        }
    }
}
