//! The objective's Hessian at one θ.

use traipse_nn::{Curvature, Problem, Rows};

use super::panels;
use crate::{Element, lanes};

/// What is kept of the passes at θ at most; beyond that they are done again for every product.
const MEMORY: usize = 256 << 20;

/// The mean loss over some rows plus the penalty, linearised at one θ.
#[derive(Debug)]
pub struct Objective<'a, T: Element> {
    problem: &'a Problem,
    curvature: Curvature<T>,
    image: Vec<T>,
    n_products: u32,
}

impl<'a, T: Element> Objective<'a, T> {
    /// Cost: one gradient over the rows. Memory: the passes at θ, at most 256 MiB, and a few vectors.
    ///
    /// # Panics
    /// If `theta` does not have one value a parameter, or a row does not exist.
    #[must_use]
    pub fn at(problem: &'a Problem, theta: &[T], rows: Rows<'_>) -> Self {
        let curvature = Curvature::at(problem, theta, rows, MEMORY);
        Self { problem, curvature, image: vec![T::ZERO; theta.len()], n_products: 0 }
    }

    /// d.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.image.len()
    }

    /// Products so far, of either kind.
    #[must_use]
    pub fn n_products(&self) -> u32 {
        self.n_products
    }

    /// H v: that of the mean loss, plus wd·v over the decayed parameters. Cost: see [`Curvature`].
    ///
    /// # Panics
    /// If a vector does not have one value a parameter.
    pub fn hessian(&mut self, direction: &[T], out: &mut [T]) {
        self.n_products += 1;
        self.curvature.hessian(&[direction], &mut [&mut *out]);
        self.problem.add_penalty_gradient(direction, out);
    }

    /// G v of the Gauss–Newton part of the mean loss, without penalty.
    ///
    /// # Panics
    /// If a vector does not have one value a parameter.
    pub fn gauss_newton(&mut self, direction: &[T], out: &mut [T]) {
        self.n_products += 1;
        self.curvature.gauss_newton(&[direction], &mut [&mut *out]);
    }

    /// The objective's gradient at θ, which must be the one that it was linearised at.
    ///
    /// # Panics
    /// If a vector does not have one value a parameter.
    pub fn gradient(&mut self, theta: &[T], out: &mut [T]) {
        self.curvature.gradient(out);
        self.problem.add_penalty_gradient(theta, out);
    }

    /// u'Hu / u'u; none for u = 0, or where it is not finite. Cost: one product.
    ///
    /// # Panics
    /// If `direction` does not have one value a parameter.
    pub fn along(&mut self, direction: &[T]) -> Option<f64> {
        let square = lanes::norm_square(direction);
        let is_direction = square.is_finite() && square > 0.0;
        is_direction.then(|| self.form(direction, Self::hessian) / square).filter(|value| value.is_finite())
    }

    /// u'Gu / u'u of the Gauss–Newton part, likewise.
    ///
    /// # Panics
    /// If `direction` does not have one value a parameter.
    pub fn gauss_newton_along(&mut self, direction: &[T]) -> Option<f64> {
        let square = lanes::norm_square(direction);
        let is_direction = square.is_finite() && square > 0.0;
        is_direction.then(|| self.form(direction, Self::gauss_newton) / square).filter(|value| value.is_finite())
    }

    fn form(&mut self, direction: &[T], product: fn(&mut Self, &[T], &mut [T])) -> f64 {
        let mut image = std::mem::take(&mut self.image);
        product(self, direction, &mut image);
        let form = panels::dot_of(direction, &image);
        self.image = image;
        form
    }
}
