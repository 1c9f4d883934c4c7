//! Both ends of the spectrum.

use traipse_sweep::streams::Draws;

use super::krylov::{AtBreakdown, Krylov, normals};
use super::{Product, Tridiagonal};
use crate::{Element, Missing, lanes};

/// A residual up to this share of the largest Ritz value in size counts as converged.
pub const TOLERANCE: f64 = 1e-3;

/// The algebraically largest Ritz values and the smallest one, which lie inside the spectrum: the largest is a lower
/// bound on λmax, the smallest an upper bound on λmin.
#[derive(Clone, Debug)]
pub struct Extremes<T> {
    /// The largest, descending.
    pub top: Vec<Ritz<T>>,
    /// The smallest.
    pub bottom: Ritz<T>,
    /// Lanczos steps taken.
    pub n_steps: u32,
    /// v'Hv of the random unit vector from which they started: tr H / d plus noise.
    pub at_start: f64,
    /// Whether every residual is at most [`TOLERANCE`] of the largest Ritz value in size.
    pub is_converged: bool,
}

/// An approximate eigenpair.
#[derive(Clone, Debug)]
pub struct Ritz<T> {
    /// λ.
    pub value: f64,
    /// ‖Hv − λv‖: an eigenvalue lies that near.
    pub residual: f64,
    /// v, of unit length.
    pub vector: Vec<T>,
}

impl<T: Element> Extremes<T> {
    /// The `top` largest (all there are, where there are fewer) and the smallest Ritz value after `steps` Lanczos steps
    /// from a normal start.
    ///
    /// In exact arithmetic a residual is the last component of the small eigenvector times the coupling to the outside.
    /// Rounding makes it larger, so both ends are multiplied out, and the larger excess found there is added to all.
    ///
    /// Cost: a product a step and two more; see [`Krylov::new`]. Memory: (steps + top + 1) × d.
    ///
    /// # Errors
    /// [`Missing::NotFinite`] where a product is not.
    ///
    /// # Panics
    /// If the dimension, `top` or `steps` is 0.
    pub fn of(
        product: &mut Product<'_, T>,
        dimension: usize,
        top: usize,
        steps: usize,
        draws: &mut Draws,
    ) -> Result<Self, Missing> {
        assert!(top > 0, "the largest is wanted at least");
        let krylov = Krylov::new(product, dimension, steps, &mut normals(draws), AtBreakdown::Restart)?;
        let small = Tridiagonal::of(krylov.diagonal(), krylov.couplings());
        let n = krylov.n_steps();
        let wanted: Vec<usize> = (n - top.min(n)..n).rev().chain([0]).collect();
        let coefficients: Vec<&[f64]> = wanted.iter().map(|&k| small.vectors[k].as_slice()).collect();
        let vectors = krylov.combine(&coefficients);
        let expected = |k: usize| krylov.outside() * small.vectors[k][n - 1].abs();
        let mut pairs: Vec<Ritz<T>> = wanted
            .iter()
            .zip(vectors)
            .map(|(&k, vector)| Ritz { value: small.values[k], residual: expected(k), vector })
            .collect();
        add_rounding(product, &mut pairs)?;
        let bottom = pairs.pop().expect("the smallest was put last");
        let size = small.values[n - 1].abs().max(small.values[0].abs());
        let worst = pairs.iter().chain([&bottom]).map(|pair| pair.residual).fold(0.0, f64::max);
        Ok(Self {
            is_converged: worst <= TOLERANCE * size,
            at_start: krylov.diagonal()[0],
            n_steps: u32::try_from(n).unwrap_or(u32::MAX),
            top: pairs,
            bottom,
        })
    }

    /// Products that [`Extremes::of`] spent.
    #[must_use]
    pub fn n_products(&self) -> u32 {
        self.n_steps + 2
    }

    /// ‖Pu‖² / ‖u‖² for the projection P onto the span of the top vectors; none for u = 0.
    ///
    /// # Panics
    /// If `direction` has another length than the vectors.
    #[must_use]
    pub fn overlap(&self, direction: &[T]) -> Option<f64> {
        let square = lanes::norm_square(direction);
        let inside = |pair: &Ritz<T>| {
            let along = super::panels::dot_of(&pair.vector, direction);
            along * along
        };
        (square > 0.0).then(|| self.top.iter().map(inside).sum::<f64>() / square)
    }
}

/// Multiplies out the first and the last pair.
fn add_rounding<T: Element>(product: &mut Product<'_, T>, pairs: &mut [Ritz<T>]) -> Result<(), Missing> {
    let mut image = vec![T::ZERO; pairs[0].vector.len()];
    let mut rounding = 0.0_f64;
    for pair in [&pairs[0], &pairs[pairs.len() - 1]] {
        product(&pair.vector, &mut image);
        let rest = |(image, entry): (&T, &T)| image.wide() - pair.value * entry.wide();
        let residual = lanes::norm_square(&image.iter().zip(&pair.vector).map(rest).collect::<Vec<f64>>()).sqrt();
        if !residual.is_finite() {
            return Err(Missing::NotFinite);
        }
        rounding = rounding.max(residual - pair.residual);
    }
    pairs.iter_mut().for_each(|pair| pair.residual += rounding);
    Ok(())
}
