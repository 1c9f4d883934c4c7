//! Traces of the Hessian and of its Gauss–Newton part, and the Hessian's Frobenius norm, from random signs.

use traipse_sweep::spec::TraceMethod;
use traipse_sweep::streams::Draws;

use super::krylov::{epsilon, signs};
use super::panels;
use crate::lanes;
use crate::{Element, Missing};

/// Which of the two matrices a product is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// H.
    Hessian,
    /// G, its Gauss–Newton part.
    GaussNewton,
}

/// Writes the product of either matrix with a direction.
pub type EitherProduct<'a, T> = dyn FnMut(Matrix, &[T], &mut [T]) + 'a;

/// What the products with random signs tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// tr H.
    pub trace: f64,
    /// Its standard error; none of a single sample.
    pub standard_error: Option<f64>,
    /// ‖H‖_F.
    pub frobenius: f64,
    /// tr G.
    pub gauss_newton: f64,
}

/// Estimates from `samples` products with H.
///
/// Hutchinson: the mean of z'Hz over random signs z; its variance is 2(‖H‖_F² − Σ hᵢᵢ²) / samples, so it is exact for a
/// diagonal H. ‖H‖_F² is the mean of ‖Hz‖². Hutch++ (Meyer, Musco, Musco, Woodruff 2021): a third of the products makes
/// an orthonormal basis Q of HS for random signs S, a third gives tr Q'HQ without error, and the last third is
/// Hutchinson's estimate of what lies orthogonal to Q, the only part with a variance; ‖H‖_F² is ‖HQ‖_F² plus the mean of
/// ‖Hz‖² over those. Fewer than three products are Hutchinson's.
///
/// Cost: `samples` products with H, and as many with G (two thirds as many for Hutch++). Memory: a third as many vectors
/// for Hutch++, and a few.
///
/// # Errors
/// [`Missing::NotFinite`] where a product is not.
///
/// # Panics
/// If the dimension or the number of samples is 0.
pub fn estimate<T: Element>(
    product: &mut EitherProduct<'_, T>,
    dimension: usize,
    method: TraceMethod,
    samples: usize,
    draws: &mut Draws,
) -> Result<Trace, Missing> {
    assert!(dimension > 0 && samples > 0, "a trace is estimated from samples of a space");
    let n_sketch = if method == TraceMethod::HutchPlusPlus { samples / 3 } else { 0 };
    let mut probe = Probe { product, image: vec![T::ZERO; dimension], basis: Vec::new(), draws };
    for _ in 0..n_sketch {
        probe.sketch();
    }
    let mut exact = Sums::default();
    let basis = std::mem::take(&mut probe.basis);
    for vector in basis.chunks_exact(dimension) {
        probe.add(&mut exact, vector);
    }
    probe.basis = basis;
    let mut rest = Sums::default();
    for _ in 0..samples - 2 * n_sketch {
        let vector = probe.rest();
        probe.add(&mut rest, &vector);
    }
    combine(&exact, &rest)
}

fn combine(exact: &Sums, rest: &Sums) -> Result<Trace, Missing> {
    let n = rest.forms.len() as f64;
    let mean = rest.forms.iter().sum::<f64>() / n;
    let spread = rest.forms.iter().map(|form| (form - mean) * (form - mean)).sum::<f64>();
    let trace = Trace {
        trace: exact.forms.iter().sum::<f64>() + mean,
        standard_error: (n > 1.0).then(|| (spread / (n - 1.0) / n).sqrt()),
        frobenius: (exact.squares + rest.squares / n).sqrt(),
        gauss_newton: exact.gauss_newton + rest.gauss_newton / n,
    };
    let is_finite = trace.trace.is_finite() && trace.frobenius.is_finite() && trace.gauss_newton.is_finite();
    if is_finite { Ok(trace) } else { Err(Missing::NotFinite) }
}

/// Over some vectors v.
#[derive(Default)]
struct Sums {
    /// v'Hv of each.
    forms: Vec<f64>,
    /// Σ‖Hv‖².
    squares: f64,
    /// Σ v'Gv.
    gauss_newton: f64,
}

struct Probe<'a, 'b, T> {
    product: &'a mut EitherProduct<'b, T>,
    image: Vec<T>,
    /// Q, one vector after the other.
    basis: Vec<T>,
    draws: &'a mut Draws,
}

impl<T: Element> Probe<'_, '_, T> {
    /// Adds the part of one Hz that is new to the basis, if there is one.
    fn sketch(&mut self) {
        let mut wide = vec![0.0; self.image.len()];
        signs(self.draws, &mut wide);
        let sign: Vec<T> = wide.iter().map(|&sign| T::of(sign)).collect();
        (self.product)(Matrix::Hessian, &sign, &mut self.image);
        wide.iter_mut().zip(&self.image).for_each(|(wide, image)| *wide = image.wide());
        let size = lanes::norm_square(&wide).sqrt();
        panels::orthogonalise(&mut wide, &self.basis);
        let norm = lanes::norm_square(&wide).sqrt();
        if norm > 64.0 * epsilon::<T>() * size && norm.is_finite() {
            self.basis.extend(wide.iter().map(|&entry| T::of(entry / norm)));
        }
    }

    /// Random signs less their part in the basis.
    fn rest(&mut self) -> Vec<T> {
        let mut wide = vec![0.0; self.image.len()];
        signs(self.draws, &mut wide);
        panels::orthogonalise(&mut wide, &self.basis);
        wide.iter().map(|&entry| T::of(entry)).collect()
    }

    fn add(&mut self, sums: &mut Sums, vector: &[T]) {
        (self.product)(Matrix::Hessian, vector, &mut self.image);
        sums.forms.push(panels::dot_of(vector, &self.image));
        sums.squares += lanes::norm_square(&self.image);
        (self.product)(Matrix::GaussNewton, vector, &mut self.image);
        sums.gauss_newton += panels::dot_of(vector, &self.image);
    }
}
