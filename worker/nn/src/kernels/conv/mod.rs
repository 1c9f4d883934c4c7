//! Convolutions without im2col, 32 examples side by side.
//!
//! Forward and by inputs are one kernel, [`Correlate`]: a result's place reads a window of the source, and for every
//! row of the window taps and channels are one run, because source rows are copied with their channels innermost.
//! Only where a window begins and which weights it meets differ ([`Axis`]). By weights is [`ConvGradient`].

mod axis;
mod correlate;
mod gradient;
mod lines;
mod pack;
mod strip;

pub(crate) use axis::Axis;
pub(crate) use correlate::{Correlate, Plan};
pub(crate) use gradient::{ConvBias, ConvGradient, Patch};
pub(crate) use lines::Image;
pub(crate) use pack::{PackByInputs, PackByOutputs};
