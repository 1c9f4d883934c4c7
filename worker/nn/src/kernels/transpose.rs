//! Numbers in other orders: θ to panels and back, gradients with examples and outputs exchanged.

use super::lanes::{Family, Lanes};
use super::real::Real;
use super::{Op, ROWS, WIDTH, padded, panels};

/// From a value in panels of examples (`padded(features)` rows high) to panels of features (`padded(n)` rows high):
/// what weight gradients read. Features beyond the last become 0.
pub(crate) struct Turn<'a, T> {
    /// Features × examples.
    pub(crate) values: &'a [T],
    /// How many features.
    pub(crate) features: usize,
    /// How many examples.
    pub(crate) n: usize,
    /// Examples × features.
    pub(crate) out: &'a mut [T],
}

impl<T: Real> Op for Turn<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let (rows, height) = (padded(self.features), padded(self.n));
        assert!(self.values.len() >= panels(self.n) * rows * WIDTH, "the value is whole");
        assert!(self.out.len() >= panels(self.features) * height * WIDTH, "the result fits");
        for example in (0..height).step_by(ROWS) {
            for feature in (0..rows).step_by(ROWS) {
                let from = (example / WIDTH * rows + feature) * WIDTH + example % WIDTH;
                let to = (feature / WIDTH * height + example) * WIDTH + feature % WIDTH;
                // SAFETY: eight rows of a panel of examples from `feature` (padded to a multiple of eight), and eight
                // rows of a panel of features from `example` (padded likewise); both slices hold all their panels
                // (asserted); `F` is right by `Isa`.
                unsafe {
                    let (from, to) = (self.values.as_ptr().add(from), self.out.as_mut_ptr().add(to));
                    T::On::<F>::transpose8(from, WIDTH, to, WIDTH);
                }
            }
        }
        let used = self.features % WIDTH;
        if used > 0 {
            for row in self.out[self.features / WIDTH * height * WIDTH..][..height * WIDTH].as_chunks_mut::<WIDTH>().0 {
                row[used..].fill(T::ZERO);
            }
        }
    }
}

/// Weights between θ (`outputs` × `inputs`, row-major) and panels (`padded(inputs)` rows high); padding is left as it is.
pub(crate) struct Convert<'a, T> {
    /// Rows of the panels.
    pub(crate) inputs: usize,
    /// Columns of the panels.
    pub(crate) outputs: usize,
    /// In which direction.
    pub(crate) between: Between<'a, T>,
}

/// A direction.
pub(crate) enum Between<'a, T> {
    /// From θ to panels.
    In(&'a [T], &'a mut [T]),
    /// From panels to θ.
    Out(&'a [T], &'a mut [T]),
}

impl<T: Real> Op for Convert<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let (n_flat, n_panels) = (inputs * outputs, panels(outputs) * padded(inputs) * WIDTH);
        let (from, to, is_in) = match self.between {
            Between::In(from, to) => (from, to, true),
            Between::Out(from, to) => (from, to, false),
        };
        let (n_from, n_to) = if is_in { (n_flat, n_panels) } else { (n_panels, n_flat) };
        assert!(from.len() >= n_from && to.len() >= n_to, "both sides are whole");
        for output in (0..outputs).step_by(ROWS) {
            for input in (0..inputs).step_by(ROWS) {
                let flat = |o: usize, i: usize| (output + o) * inputs + input + i;
                let panel =
                    |o: usize, i: usize| (output / WIDTH * padded(inputs) + input + i) * WIDTH + output % WIDTH + o;
                if output + ROWS <= outputs && input + ROWS <= inputs {
                    let (a, b, stride, pitch) = match is_in {
                        true => (flat(0, 0), panel(0, 0), inputs, WIDTH),
                        false => (panel(0, 0), flat(0, 0), WIDTH, inputs),
                    };
                    // SAFETY: eight whole rows of eight on both sides, inside the lengths asserted above.
                    unsafe { T::On::<F>::transpose8(from.as_ptr().add(a), stride, to.as_mut_ptr().add(b), pitch) };
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
