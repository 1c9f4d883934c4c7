//! Networks, losses, optimisers, exact gradients and data decoding.
//!
//! A [`Problem`] is a run's settings joined with its [`Dataset`]; a [`Trainer`] walks through weight space step by
//! step; an [`Evaluator`] measures the loss, its gradient and the gradient's noise at any point. Points are flat
//! `f32` slices in a fixed order: a layer's weights (outputs × inputs, row-major, as PyTorch keeps them), then its
//! biases, layer after layer.
//!
//! The same settings give the same bits on every processor with fused multiply-add: each output of a product is one
//! chain of fused multiply-adds in ascending order, reported sums run in sixteen fixed lanes, and the elementary
//! functions are this crate's or `libm`'s, never the system's. Nothing here reads a file, a clock or the environment.
#![warn(missing_docs)]

#[doc(hidden)]
pub mod bench;
mod curvature;
pub mod data;
mod evaluate;
mod init;
mod kernels;
mod layers;
mod loss;
mod network;
mod numerics;
mod problem;
mod train;

pub use curvature::Curvature;
pub use data::{Dataset, Split, probe_order};
pub use evaluate::{Evaluator, Gradient, Loss, Rows};
pub use kernels::Real;
pub use numerics::{cpu_features, numerics};
pub use problem::{LayerShape, Problem, ProblemError};
pub use train::{
    Budget, CheckpointError, Cohort, Iteration, Lbfgs, Minimum, Population, Position, ShapeError, Step, Trainer,
    UpdateSums, course_steps, epoch_order,
};
