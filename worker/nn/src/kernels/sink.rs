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
    fn take<L: Lanes>(&mut self, at: usize, rows: &[[f32; WIDTH]], weights: bool);
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

impl Sink for Update<'_> {
    #[inline(always)]
    fn ignores_zero(&self) -> bool {
        self.sgd.momentum == 0.0 && self.sgd.weight_decay == 0.0
    }

    #[inline(always)]
    fn start(&self, _at: usize, _rows: &mut [[f32; WIDTH]]) {}

    #[inline(always)]
    fn take<L: Lanes>(&mut self, at: usize, rows: &[[f32; WIDTH]], weights: bool) {
        let n = rows.len() * WIDTH;
        let decay = if weights { self.sgd.weight_decay } else { self.sgd.bias_decay };
        let parameters = &mut self.parameters[at..][..n];
        let mut squares = self.squares;
        // SAFETY: every vector begins at a multiple of L::N below n, and all slices have n floats; L::N divides sixteen;
        // `L` is right by `Isa`.
        unsafe {
            let (rate, decay) = (L::splat(self.sgd.rate), L::splat(decay));
            let (gradient, parameters) = (rows.as_ptr().cast::<f32>(), parameters.as_mut_ptr());
            if self.velocity.is_empty() {
                for i in (0..n).step_by(L::N) {
                    let parameter = L::load(parameters.add(i));
                    let update = L::mul(rate, L::fma(decay, parameter, L::load(gradient.add(i))));
                    L::store(parameters.add(i), L::sub(parameter, update));
                    L::add_squares(&mut squares, i % LANES, update);
                }
            } else {
                let velocity = self.velocity[at..][..n].as_mut_ptr();
                let momentum = L::splat(self.sgd.momentum);
                for i in (0..n).step_by(L::N) {
                    let parameter = L::load(parameters.add(i));
                    let gradient = L::fma(decay, parameter, L::load(gradient.add(i)));
                    let speed = L::fma(momentum, L::load(velocity.add(i)), gradient);
                    let update = L::mul(rate, speed);
                    L::store(velocity.add(i), speed);
                    L::store(parameters.add(i), L::sub(parameter, update));
                    L::add_squares(&mut squares, i % LANES, update);
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
        for (row, sums) in rows.iter_mut().zip(self.0[at..].as_chunks().0) {
            *row = *sums;
        }
    }

    #[inline(always)]
    fn take<L: Lanes>(&mut self, at: usize, rows: &[[f32; WIDTH]], _weights: bool) {
        for (row, sums) in rows.iter().zip(self.0[at..].as_chunks_mut().0) {
            *sums = *row;
        }
    }
}

/// Adds a gradient's f32 chains to its f64 sums, and begins them anew.
pub(crate) struct Fold<'a> {
    /// Becomes zero.
    pub(crate) chain: &'a mut [f32],
    /// As long, or shorter by padding.
    pub(crate) sums: &'a mut [f64],
}

impl Op for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (sum, value) in self.sums.iter_mut().zip(self.chain) {
            *sum += f64::from(*value);
            *value = 0.0;
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
                self.update.take::<L>(at, std::slice::from_ref(row), weights);
            }
        }
    }
}
