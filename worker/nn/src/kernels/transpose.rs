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
                    unsafe {
                        L::transpose8(self.weights.as_ptr().add(from), WIDTH, self.out.as_mut_ptr().add(to), WIDTH)
                    };
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

/// Weights between θ (`outputs` × `inputs`, row-major) and panels (`inputs` rows high); padding is left as it is.
pub(crate) struct Convert<'a> {
    /// Rows of the panels.
    pub(crate) inputs: usize,
    /// Columns of the panels.
    pub(crate) outputs: usize,
    /// In which direction.
    pub(crate) between: Between<'a>,
}

/// A direction.
pub(crate) enum Between<'a> {
    /// From θ to panels.
    In(&'a [f32], &'a mut [f32]),
    /// From panels to θ.
    Out(&'a [f32], &'a mut [f32]),
}

impl Op for Convert<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let (n_flat, n_panels) = (inputs * outputs, panels(outputs) * inputs * WIDTH);
        let (from, to, is_in) = match self.between {
            Between::In(from, to) => (from, to, true),
            Between::Out(from, to) => (from, to, false),
        };
        let (n_from, n_to) = if is_in { (n_flat, n_panels) } else { (n_panels, n_flat) };
        assert!(from.len() >= n_from && to.len() >= n_to, "both sides are whole");
        for output in (0..outputs).step_by(ROWS) {
            for input in (0..inputs).step_by(ROWS) {
                let flat = |o: usize, i: usize| (output + o) * inputs + input + i;
                let panel = |o: usize, i: usize| (output / WIDTH * inputs + input + i) * WIDTH + output % WIDTH + o;
                if output + ROWS <= outputs && input + ROWS <= inputs {
                    let (a, b, stride, pitch) = match is_in {
                        true => (flat(0, 0), panel(0, 0), inputs, WIDTH),
                        false => (panel(0, 0), flat(0, 0), WIDTH, inputs),
                    };
                    // SAFETY: eight whole rows of eight on both sides, inside the lengths asserted above.
                    unsafe { L::transpose8(from.as_ptr().add(a), stride, to.as_mut_ptr().add(b), pitch) };
                    continue;
                }
                for o in 0..ROWS.min(outputs - output) {
                    for i in 0..ROWS.min(inputs - input) {
                        let (a, b) = if is_in { (flat(o, i), panel(o, i)) } else { (panel(o, i), flat(o, i)) };
                        to[b] = from[a];
                    }
                }
            }
        }
    }
}
