//! What becomes of a gradient: an update of the weights at once, or a sum.

use super::lanes::Lanes;
use super::{LANES, Op, WIDTH};

/// Takes rows of a gradient as they are finished. `at` is a position among all parameters, in panel layout.
pub(crate) trait Sink {
    /// Whether a gradient of zero changes nothing.
    fn ignores_zero(&self) -> bool;
    /// The value from which the chains of these rows begin; zero unless said.
    fn start(&self, at: usize, rows: &mut [[f32; WIDTH]]);
    /// The finished rows; `weights` tells weights from biases.
    fn take(&mut self, at: usize, rows: &[[f32; WIDTH]], weights: bool);
}

/// The constants of a step of SGD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sgd {
    /// η.
    pub(crate) rate: f32,
    /// m in v = m v + g.
    pub(crate) momentum: f32,
    /// wd in g + wd·θ, for weights.
    pub(crate) weight_decay: f32,
    /// The same for biases.
    pub(crate) bias_decay: f32,
}

/// θ ← θ − u with u = η v, v = m v + (g + wd·θ), and Σ u² in sixteen lanes of f64.
#[derive(Debug)]
pub(crate) struct Update<'a> {
    /// The constants.
    pub(crate) sgd: Sgd,
    /// θ.
    pub(crate) parameters: &'a mut [f32],
    /// v; empty without momentum.
    pub(crate) velocity: &'a mut [f32],
    /// Σ u²; lane = column modulo sixteen.
    pub(crate) squares: [f64; LANES],
}

/// Adds to a gradient in f32: the chains go on over several chunks of one batch.
#[derive(Debug)]
pub(crate) struct Into32<'a>(pub(crate) &'a mut [f32]);

/// Adds to a gradient in f64, a chunk's f32 sums at a time.
#[derive(Debug)]
pub(crate) struct Into64<'a>(pub(crate) &'a mut [f64]);

impl Sink for Update<'_> {
    #[inline(always)]
    fn ignores_zero(&self) -> bool {
        self.sgd.momentum == 0.0 && self.sgd.weight_decay == 0.0
    }

    #[inline(always)]
    fn start(&self, _at: usize, _rows: &mut [[f32; WIDTH]]) {}

    #[inline(always)]
    fn take(&mut self, at: usize, rows: &[[f32; WIDTH]], weights: bool) {
        let n = rows.len() * WIDTH;
        let decay = if weights { self.sgd.weight_decay } else { self.sgd.bias_decay };
        let parameters = &mut self.parameters[at..][..n];
        let mut squares = self.squares;
        if self.velocity.is_empty() {
            for (row, parameters) in rows.iter().zip(parameters.as_chunks_mut::<WIDTH>().0) {
                for half in [0, LANES] {
                    for lane in 0..LANES {
                        let parameter = &mut parameters[half + lane];
                        let update = self.sgd.rate * decay.mul_add(*parameter, row[half + lane]);
                        *parameter -= update;
                        squares[lane] = f64::from(update).mul_add(f64::from(update), squares[lane]);
                    }
                }
            }
        } else {
            let velocity = &mut self.velocity[at..][..n];
            let both = parameters.as_chunks_mut::<WIDTH>().0.iter_mut().zip(velocity.as_chunks_mut::<WIDTH>().0);
            for (row, (parameters, velocity)) in rows.iter().zip(both) {
                for half in [0, LANES] {
                    for lane in 0..LANES {
                        let (parameter, speed) = (&mut parameters[half + lane], &mut velocity[half + lane]);
                        let gradient = decay.mul_add(*parameter, row[half + lane]);
                        *speed = self.sgd.momentum.mul_add(*speed, gradient);
                        let update = self.sgd.rate * *speed;
                        *parameter -= update;
                        squares[lane] = f64::from(update).mul_add(f64::from(update), squares[lane]);
                    }
                }
            }
        }
        self.squares = squares;
    }
}

impl Sink for Into32<'_> {
    #[inline(always)]
    fn ignores_zero(&self) -> bool {
        true
    }

    #[inline(always)]
    fn start(&self, at: usize, rows: &mut [[f32; WIDTH]]) {
        let sums = &self.0[at..][..rows.len() * WIDTH];
        rows.as_flattened_mut().copy_from_slice(sums);
    }

    #[inline(always)]
    fn take(&mut self, at: usize, rows: &[[f32; WIDTH]], _weights: bool) {
        self.0[at..][..rows.len() * WIDTH].copy_from_slice(rows.as_flattened());
    }
}

impl Sink for Into64<'_> {
    #[inline(always)]
    fn ignores_zero(&self) -> bool {
        true
    }

    #[inline(always)]
    fn start(&self, _at: usize, _rows: &mut [[f32; WIDTH]]) {}

    #[inline(always)]
    fn take(&mut self, at: usize, rows: &[[f32; WIDTH]], _weights: bool) {
        let sums = &mut self.0[at..][..rows.len() * WIDTH];
        for (sum, &value) in sums.iter_mut().zip(rows.as_flattened()) {
            *sum += f64::from(value);
        }
    }
}

/// An update from a whole gradient, for a batch that was summed in chunks.
pub(crate) struct Apply<'a, 'b> {
    /// The gradient, in panel layout.
    pub(crate) gradient: &'a [f32],
    /// Where weights end and biases begin, layer by layer: (from, to, weights).
    pub(crate) parts: &'a [(usize, usize, bool)],
    /// The update.
    pub(crate) update: &'a mut Update<'b>,
}

impl Op for Apply<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for &(from, to, weights) in self.parts {
            for (at, row) in (from..to).step_by(WIDTH).zip(self.gradient[from..to].as_chunks::<WIDTH>().0) {
                self.update.take(at, std::slice::from_ref(row), weights);
            }
        }
    }
}
