//! The spectral density by stochastic Lanczos quadrature.

use traipse_sweep::streams::Draws;

use super::krylov::{AtBreakdown, Krylov, signs};
use super::{Product, Tridiagonal};
use crate::{Element, Missing};

/// What counts as near zero, as a share of the largest Ritz value in size.
const NEAR_ZERO: f64 = 1e-3;

/// One draw: the Gauss quadrature of the spectral measure of a random unit vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Quadrature {
    /// Ritz values, ascending.
    pub nodes: Vec<f64>,
    /// Squared first components of their small eigenvectors; they sum to 1.
    pub weights: Vec<f64>,
}

/// Shares of the spectrum, each a mean over draws with its standard error (none of a single draw).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Masses {
    /// What counts as near zero: 0.001 of the largest Ritz value in size.
    pub width: f64,
    /// Below −width.
    pub negative: f64,
    /// Of it.
    pub negative_error: Option<f64>,
    /// Within ±width.
    pub near_zero: f64,
    /// Of it.
    pub near_zero_error: Option<f64>,
}

impl Quadrature {
    /// Draws random signs and takes at most `steps` Lanczos steps from them (Ghorbani, Krishnan, Xiao 2019). The mean over
    /// draws of Σ weight · f(node) is tr f(H) / d, exactly for polynomials of degree up to 2 steps − 1.
    ///
    /// Cost and memory: see [`Krylov::new`].
    ///
    /// # Errors
    /// [`Missing::NotFinite`] where a product is not.
    ///
    /// # Panics
    /// If the dimension or the number of steps is 0.
    pub fn draw<T: Element>(
        product: &mut Product<'_, T>,
        dimension: usize,
        steps: usize,
        draws: &mut Draws,
    ) -> Result<Self, Missing> {
        let krylov = Krylov::new(product, dimension, steps, &mut |out| signs(draws, out), AtBreakdown::Stop)?;
        let small = Tridiagonal::of(krylov.diagonal(), krylov.couplings());
        let weights = small.vectors.iter().map(|vector| vector[0] * vector[0]).collect();
        Ok(Self { nodes: small.values, weights })
    }

    /// The weight of the nodes that fit.
    fn mass(&self, fits: impl Fn(f64) -> bool) -> f64 {
        self.nodes
            .iter()
            .zip(&self.weights)
            .filter(|(node, _)| fits(**node))
            .fold(0.0, |mass, (_, weight)| mass + weight)
    }
}

impl Masses {
    /// Over some draws.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn of(draws: &[Quadrature]) -> Self {
        assert!(!draws.is_empty(), "a mean needs a draw");
        let largest = draws.iter().flat_map(|draw| &draw.nodes).fold(0.0, |most: f64, node| most.max(node.abs()));
        let width = NEAR_ZERO * largest;
        let (negative, negative_error) = mean(draws.iter().map(|draw| draw.mass(|node| node < -width)).collect());
        let (near_zero, near_zero_error) =
            mean(draws.iter().map(|draw| draw.mass(|node| node.abs() <= width)).collect());
        Self { width, negative, negative_error, near_zero, near_zero_error }
    }
}

/// The mean and its standard error.
fn mean(values: Vec<f64>) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    // A sum of nothing but zeros would start at −0.
    let mean = values.iter().fold(0.0, |sum, value| sum + value) / n;
    let spread = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    (mean, (n > 1.0).then(|| (spread / (n - 1.0) / n).sqrt()))
}
