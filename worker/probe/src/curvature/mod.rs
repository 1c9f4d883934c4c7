//! What the objective's Hessian does, known by its products with vectors alone.
//!
//! The Hessian is that of the objective: the mean loss plus the penalty, whose part is wd on every decayed parameter.
//! Everything here asks for products H v and nothing else, so it is written for any symmetric operator and held to
//! matrices whose spectrum is known. Vectors have the operator's precision, all coefficients are f64.

pub mod certificate;
pub mod density;
pub mod directions;
pub mod extremes;
mod krylov;
pub mod noise_floor;
mod objective;
mod panels;
pub mod stability;
pub mod trace;
mod tridiagonal;

pub use extremes::{Extremes, Ritz};
pub use krylov::{AtBreakdown, Krylov};
pub use objective::Objective;
pub use tridiagonal::Tridiagonal;

/// Writes H v for a direction v: the operator, as everything here knows it.
pub type Product<'a, T> = dyn FnMut(&[T], &mut [T]) + 'a;
