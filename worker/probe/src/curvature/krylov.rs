//! Lanczos: an orthonormal basis in which a symmetric operator is tridiagonal.

use traipse_sweep::streams::Draws;

use super::Product;
use super::panels;
use crate::lanes;
use crate::{Element, Missing};

/// Below this many ε of the operator's size a new direction is rounding, and the space is invariant.
const BREAKDOWN: f64 = 8.0;

/// An orthonormal basis q of the space of v, Hv, H²v, …, and the tridiagonal matrix q'Hq.
///
/// Memory: m × d numbers of type `T` for m steps; and two vectors in f64.
#[derive(Clone, Debug)]
pub struct Krylov<T> {
    dimension: usize,
    basis: Vec<T>,
    diagonal: Vec<f64>,
    couplings: Vec<f64>,
}

/// What to do where the space turns out to be invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtBreakdown {
    /// Go on from another random vector orthogonal to it, so that further copies of multiple eigenvalues are found.
    Restart,
    /// Stop: everything that the start vector holds is known exactly.
    Stop,
}

impl<T: Element> Krylov<T> {
    /// Takes at most `steps` steps, at most the dimension, from a start that `draw` fills. Every new vector is
    /// orthogonalised against all earlier ones, twice.
    ///
    /// Cost: one product a step, and 6 m² d multiply-adds in all.
    ///
    /// # Errors
    /// [`Missing::NotFinite`] where a product is not.
    ///
    /// # Panics
    /// If the dimension or the number of steps is 0.
    pub fn new(
        product: &mut Product<'_, T>,
        dimension: usize,
        steps: usize,
        draw: &mut dyn FnMut(&mut [f64]),
        at_breakdown: AtBreakdown,
    ) -> Result<Self, Missing> {
        assert!(dimension > 0 && steps > 0, "a space has a dimension, and its basis a first vector");
        let steps = steps.min(dimension);
        let mut krylov = Self { dimension, basis: Vec::new(), diagonal: Vec::new(), couplings: Vec::new() };
        krylov.basis.reserve_exact(steps * dimension);
        let mut rest = vec![0.0; dimension];
        let mut image = vec![T::ZERO; dimension];
        krylov.restart(&mut rest, draw)?;
        let mut size = 0.0_f64;
        for step in 0..steps {
            let coupling = krylov.step(product, &mut rest, &mut image)?;
            size = size.max(krylov.diagonal[step].abs() + coupling);
            if step + 1 == steps {
                krylov.couplings.push(coupling);
            } else if coupling > BREAKDOWN * epsilon::<T>() * size {
                krylov.couplings.push(coupling);
                krylov.push(&rest, coupling);
            } else {
                krylov.couplings.push(0.0);
                if at_breakdown == AtBreakdown::Stop {
                    break;
                }
                krylov.restart(&mut rest, draw)?;
            }
        }
        Ok(krylov)
    }

    /// Multiplies the last basis vector, and leaves what is orthogonal to all of them in `rest`. Returns its norm.
    fn step(&mut self, product: &mut Product<'_, T>, rest: &mut [f64], image: &mut [T]) -> Result<f64, Missing> {
        let last = &self.basis[self.basis.len() - self.dimension..];
        product(last, image);
        rest.iter_mut().zip(&*image).for_each(|(rest, image)| *rest = image.wide());
        let coefficients = panels::orthogonalise(rest, &self.basis);
        let own = coefficients.last().copied().unwrap_or(0.0);
        let norm = lanes::norm_square(rest).sqrt();
        if !(own.is_finite() && norm.is_finite()) {
            return Err(Missing::NotFinite);
        }
        self.diagonal.push(own);
        Ok(norm)
    }

    /// Adds a random vector orthogonal to the basis.
    fn restart(&mut self, rest: &mut [f64], draw: &mut dyn FnMut(&mut [f64])) -> Result<(), Missing> {
        draw(rest);
        panels::orthogonalise(rest, &self.basis);
        let norm = lanes::norm_square(rest).sqrt();
        if !(norm.is_finite() && norm > 0.0) {
            return Err(Missing::NotFinite);
        }
        self.push(rest, norm);
        Ok(())
    }

    fn push(&mut self, rest: &[f64], norm: f64) {
        self.basis.extend(rest.iter().map(|&entry| T::of(entry / norm)));
    }

    /// Steps taken, which is how many products it took.
    #[must_use]
    pub fn n_steps(&self) -> usize {
        self.diagonal.len()
    }

    /// q'Hq: its diagonal.
    #[must_use]
    pub fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    /// The couplings of each basis vector to the next.
    #[must_use]
    pub fn couplings(&self) -> &[f64] {
        &self.couplings[..self.n_steps() - 1]
    }

    /// The coupling of the last basis vector to what lies outside: 0 where the space is invariant.
    #[must_use]
    pub fn outside(&self) -> f64 {
        self.couplings[self.n_steps() - 1]
    }

    /// Σⱼ coefficients[k][j] qⱼ for every k: vectors of length d from vectors of length m.
    #[must_use]
    pub fn combine(&self, coefficients: &[&[f64]]) -> Vec<Vec<T>> {
        panels::combine(&self.basis, self.dimension, coefficients)
    }
}

/// Fills a vector with standard normals: a direction without preference.
pub(crate) fn normals(draws: &mut Draws) -> impl FnMut(&mut [f64]) {
    |out| out.iter_mut().for_each(|entry| *entry = draws.normal())
}

/// Fills a vector with random signs.
pub(crate) fn signs(draws: &mut Draws, out: &mut [f64]) {
    for chunk in out.chunks_mut(64) {
        let word = draws.next_u64();
        for (bit, entry) in chunk.iter_mut().enumerate() {
            *entry = if word >> bit & 1 == 1 { 1.0 } else { -1.0 };
        }
    }
}

/// The distance from 1 to the next number.
pub(super) fn epsilon<T: Element>() -> f64 {
    if T::BYTES == size_of::<f32>() { f64::from(f32::EPSILON) } else { f64::EPSILON }
}
