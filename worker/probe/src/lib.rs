//! Measures of a path through weight space: pure functions of weights, of the data and of a seed.
//!
//! Everything about a path's shape follows from one small matrix, the [`StepGram`]: the inner products of the
//! differences between consecutive snapshots. A distance is a sum over a block of it, a principal component an
//! eigenvector of its doubly centred running sums, and a null model another matrix of the same size. So the weights
//! themselves are read once, and nothing after that costs anything in the number of parameters. They may lie anywhere:
//! a [`Trajectory`] keeps them in [`Records`], and reads them part by part.
//!
//! A probe that cannot say anything (one snapshot, a path that did not move, a run that diverged) answers with a
//! [`Missing`], never with a number that is not one.

#![warn(missing_docs)]

pub mod alignment;
mod chords;
pub mod convergence;
pub mod curvature;
pub mod diffusion;
pub mod dimension;
pub mod gradients;
pub mod lanes;
pub mod layers;
mod missing;
pub mod noise;
pub mod nulls;
pub mod path;
pub mod pca;
pub mod plane;
pub mod polish;
pub mod predictions;
mod records;
pub mod segment;
pub mod sharpness;
mod snapshot;
mod spectrum;
mod step_gram;
mod trajectory;
mod window;

pub use missing::Missing;
pub use path::Path;
pub use records::{InMemory, Records};
pub use snapshot::{Element, Form, Snapshot, Weights};
pub use spectrum::Lanczos;
pub use step_gram::StepGram;
pub use trajectory::Trajectory;
pub use window::Window;
