//! The gradients by γ and β, Σ δ x̂ and Σ δ over the examples, and their tangents.

use super::columns::{Columns, Row};
use super::{Dot, Frame, LayerNorm, Saved};
use crate::kernels::{Family, LANES, Op, Real, Sink, WIDTH, fold, panels};

pub(super) struct Gradient<'a, 'b, T> {
    pub(super) layer: &'a LayerNorm,
    pub(super) frame: &'a Frame<'a, T>,
    pub(super) saved: &'a Saved<T>,
    /// δ, or along a tangent δ̇.
    pub(super) delta: &'a [T],
    /// Along a tangent, what moves: Σ δ x̂̇ joins.
    pub(super) along: Option<(&'a Dot<'a, T>, &'a Saved<T>)>,
    pub(super) sink: &'a mut Sink<'b, T>,
}

impl<T: Real> Op for Gradient<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let layer = self.layer;
        for first in (0..layer.n_features).step_by(WIDTH) {
            let used = (layer.n_features - first).min(WIDTH);
            let (mut scales, mut shifts) = ([[T::ZERO; WIDTH]; WIDTH], [[T::ZERO; WIDTH]; WIDTH]);
            for panel in 0..panels(self.frame.n) {
                self.add(panel, first, &mut scales[..used], &mut shifts[..used]);
            }
            for (at, rows) in [(layer.weight, &scales), (layer.bias, &shifts)] {
                let mut sums = [T::ZERO; WIDTH];
                self.sink.start(at + first, &mut sums);
                for (sum, row) in sums.iter_mut().zip(&rows[..used]) {
                    *sum += over_lanes(row);
                }
                self.sink.take::<F>(at + first, &sums, false);
            }
        }
    }
}

impl<T: Real> Gradient<'_, '_, T> {
    /// Adds what a panel's examples give to the rows of the features from `first` on.
    #[inline(always)]
    fn add(&self, panel: usize, first: usize, scales: &mut [Row<T>], shifts: &mut [Row<T>]) {
        let (layer, Columns { mean, inverse }) = (self.layer, Columns::load(&self.saved.numbers, panel));
        let rows = |values| &layer.rows(values, panel)[first..];
        let (x, delta) = (rows(self.frame.input.values()), rows(self.delta));
        for (i, (scales, shifts)) in scales.iter_mut().zip(shifts).enumerate() {
            let (x, delta) = (&x[i], &delta[i]);
            for lane in 0..WIDTH {
                let normal = (x[lane] - mean[lane]) * inverse[lane];
                scales[lane] = delta[lane].fma(normal, scales[lane]);
                shifts[lane] += delta[lane];
            }
        }
        let Some((dot, dot_saved)) = self.along else { return };
        let Some(dot_x) = dot.input else { return };
        let (moves, dot_x, delta) = (Columns::load(&dot_saved.numbers, panel), rows(dot_x), rows(dot.delta));
        for (i, scales) in scales.iter_mut().enumerate() {
            let (x, dot_x, delta) = (&x[i], &dot_x[i], &delta[i]);
            for lane in 0..WIDTH {
                let turn = (x[lane] - mean[lane]) * moves.inverse[lane];
                let dot_normal = (dot_x[lane] - moves.mean[lane]).fma(inverse[lane], turn);
                scales[lane] = delta[lane].fma(dot_normal, scales[lane]);
            }
        }
    }
}

/// The sum of 32 lanes: sixteen, folded.
#[inline(always)]
fn over_lanes<T: Real>(row: &Row<T>) -> T {
    let mut lanes = [T::ZERO; LANES];
    for (lane, sum) in lanes.iter_mut().enumerate() {
        *sum = row[lane] + row[lane + LANES];
    }
    fold(lanes)
}
