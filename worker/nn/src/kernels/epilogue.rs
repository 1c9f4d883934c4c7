//! What happens to a product's results on their way to memory: activation, slopes, sums of gradients.
//!
//! All methods take a stretch of whole lanes that lie together in memory, at position `at` of the value's panels.

use traipse_sweep::settings::Activation;

use super::activation::activate;
use super::real::Real;

/// Where a layer's outputs go: f(z), and f′(z) and f″(z) where they are kept (smooth activations alone).
#[derive(Debug)]
pub(crate) struct Outputs<'a, T> {
    /// f.
    pub(crate) activation: Activation,
    /// f(z), in panels.
    pub(crate) value: &'a mut [T],
    /// f′(z); empty where it is not kept.
    pub(crate) slope: &'a mut [T],
    /// f″(z); empty where it is not kept.
    pub(crate) bend: &'a mut [T],
}

/// f′ of a value: kept, or told by the value itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slope<'a, T> {
    /// f.
    pub(crate) activation: Activation,
    /// f(z), in panels.
    pub(crate) value: &'a [T],
    /// f′(z), for smooth activations.
    pub(crate) slope: &'a [T],
}

/// Where the gradient by a value goes. Several layers may read one value: the first to come overwrites, others add,
/// and the last one turns the gradient by the output into that by the pre-activation, δ.
#[derive(Debug)]
pub(crate) struct Delta<'a, T> {
    /// The gradient, in panels.
    pub(crate) out: &'a mut [T],
    /// Whether there is something to add to.
    pub(crate) add: bool,
    /// Set for the last one.
    pub(crate) finish: Option<Finish<'a, T>>,
}

/// From the gradient by f(z) to that by z.
#[derive(Debug)]
pub(crate) struct Finish<'a, T> {
    /// f′.
    pub(crate) slope: Slope<'a, T>,
    /// Becomes (gradient by f(z)) · f″(z); given f″(z). Empty where nobody wants it.
    pub(crate) bend: &'a mut [T],
    /// Added to the result; empty for nothing.
    pub(crate) plus: &'a [T],
}

/// Where a tangent ż goes: f′(z) ż, and b ż, b being the kept bend.
#[derive(Debug)]
pub(crate) struct Tangent<'a, T> {
    /// f′.
    pub(crate) slope: Slope<'a, T>,
    /// f′(z) ż, in panels.
    pub(crate) value: &'a mut [T],
    /// b; empty where it is 0.
    pub(crate) bend: &'a [T],
    /// b ż; empty where b is 0.
    pub(crate) turn: &'a mut [T],
}

/// Takes results on their way to memory.
pub(crate) trait Epilogue<T> {
    /// Takes a stretch of results, and may overwrite it.
    fn put(&mut self, at: usize, results: &mut [T]);
}

impl<T: Real> Epilogue<T> for Outputs<'_, T> {
    #[inline(always)]
    fn put(&mut self, at: usize, z: &mut [T]) {
        let n = z.len();
        let slope = if self.slope.is_empty() { &mut [][..] } else { &mut self.slope[at..at + n] };
        let bend = if self.bend.is_empty() { &mut [][..] } else { &mut self.bend[at..at + n] };
        activate(self.activation, z, &mut self.value[at..at + n], slope, bend);
    }
}

impl<T: Real> Slope<'_, T> {
    /// f′ · `values`, in place.
    #[inline(always)]
    fn times(&self, at: usize, values: &mut [T]) {
        let n = values.len();
        match self.activation {
            Activation::Identity => {}
            Activation::Relu => {
                for (value, &output) in values.iter_mut().zip(&self.value[at..at + n]) {
                    *value = if output > T::ZERO { *value } else { T::ZERO };
                }
            }
            _ => {
                for (value, &slope) in values.iter_mut().zip(&self.slope[at..at + n]) {
                    *value *= slope;
                }
            }
        }
    }
}

impl<T: Real> Epilogue<T> for Delta<'_, T> {
    #[inline(always)]
    fn put(&mut self, at: usize, gradient: &mut [T]) {
        let n = gradient.len();
        let out = &mut self.out[at..at + n];
        if self.add {
            for (value, &before) in gradient.iter_mut().zip(&*out) {
                *value += before;
            }
        }
        if let Some(finish) = &mut self.finish {
            if !finish.bend.is_empty() {
                for (bend, &value) in finish.bend[at..at + n].iter_mut().zip(&*gradient) {
                    *bend *= value;
                }
            }
            finish.slope.times(at, gradient);
            if !finish.plus.is_empty() {
                for (value, &plus) in gradient.iter_mut().zip(&finish.plus[at..at + n]) {
                    *value += plus;
                }
            }
        }
        out.copy_from_slice(gradient);
    }
}

impl<T: Real> Epilogue<T> for Tangent<'_, T> {
    #[inline(always)]
    fn put(&mut self, at: usize, tangent: &mut [T]) {
        let n = tangent.len();
        if !self.turn.is_empty() {
            let bend = &self.bend[at..at + n];
            for ((turn, &bend), &value) in self.turn[at..at + n].iter_mut().zip(bend).zip(&*tangent) {
                *turn = bend * value;
            }
        }
        self.slope.times(at, tangent);
        self.value[at..at + n].copy_from_slice(tangent);
    }
}
