//! Weights transposed for the backward pass.

use super::lanes::Lanes;
use super::{Op, ROWS, WIDTH, padded, panels};

/// From W in panels (`inputs` rows high) to Wᵀ in panels (`padded(outputs)` rows high); columns beyond `inputs` stay 0.
pub(crate) struct Transpose<'a> {
    /// W.
    pub(crate) weights: &'a [f32],
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// Wᵀ.
    pub(crate) out: &'a mut [f32],
}

impl Op for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let height = padded(self.outputs);
        assert!(self.weights.len() >= panels(self.outputs) * self.inputs * WIDTH, "W is whole");
        assert!(self.out.len() >= panels(self.inputs) * height * WIDTH, "Wᵀ fits");
        for column in (0..height).step_by(ROWS) {
            for row in (0..self.inputs).step_by(ROWS) {
                let from = (column / WIDTH * self.inputs + row) * WIDTH + column % WIDTH;
                let to = (row / WIDTH * height + column) * WIDTH + row % WIDTH;
                if row + ROWS <= self.inputs {
                    // SAFETY: eight whole rows of a panel of W from `row`, and eight rows of a panel of Wᵀ from
                    // `column`, whose height is a multiple of eight; both slices hold all their panels (asserted).
                    unsafe { L::transpose8(self.weights.as_ptr().add(from), self.out.as_mut_ptr().add(to)) };
                } else {
                    for r in 0..self.inputs - row {
                        for c in 0..ROWS {
                            self.out[to + c * WIDTH + r] = self.weights[from + r * WIDTH + c];
                        }
                    }
                }
            }
        }
    }
}
