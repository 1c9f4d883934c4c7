//! The inner loops: products in tiles, packing, activations, updates; dispatched at run time.
//!
//! **Layout.** A matrix lives in *panels* of [`WIDTH`] columns: element (r, c) of a matrix of height R is at
//! `(c / WIDTH) · R · WIDTH + r · WIDTH + c % WIDTH`, and R is a multiple of [`ROWS`]. A value of a layer has a row a
//! feature (channel, then y, then x) and a column an example. Weights have a row an input and a column an output.
//!
//! **Bits.** A product is made of tiles of [`ROWS`] × [`WIDTH`] outputs, and each output is one chain of fused
//! multiply-adds in ascending k. Lanes are outputs, never partial sums, so every instruction set gives the same bits.
//! Where lanes have to be summed, they are sixteen, whatever the processor has, and folded in a fixed order.
#![allow(unsafe_code, reason = "vector instructions and unchecked loads; each block states its proof")]

mod activation;
mod buffer;
mod conv;
mod dense;
mod epilogue;
mod isa;
mod lanes;
mod math;
mod norms;
mod pack;
mod peak;
mod pool;
mod real;
mod rules;
mod sink;
mod tile;
mod transpose;

pub(crate) use activation::is_smooth;
pub(crate) use buffer::Buffer;
pub(crate) use conv::{Axis, ConvBias, ConvGradient, Correlate, Image, PackByInputs, PackByOutputs, Patch, Plan};
pub(crate) use dense::{BiasGradient, DenseBackward, DenseForward, DenseGradient, Left};
pub(crate) use epilogue::{Delta, Epilogue, Finish, Outputs, Slope, Tangent};
pub(crate) use isa::{Isa, Op};
pub(crate) use lanes::Family;
pub(crate) use norms::{ColumnSquares, ExampleSquares};
pub(crate) use pack::{Examples, PackColumns, PackRows, Packed};
pub(crate) use peak::Peak;
pub(crate) use pool::{AverageBackward, AverageForward, MaxBackward, MaxForward, MaxTangent, Windows};
pub(crate) use real::Number;
pub use real::Real;
pub(crate) use rules::{MOMENTS, Rule};
pub(crate) use sink::{Apply, Fold, Sink, Update};
pub(crate) use transpose::{Between, Convert, Turn};

/// Columns in a panel: two AVX-512 registers of `f32`.
pub(crate) const WIDTH: usize = 32;
/// Rows in a tile.
pub(crate) const ROWS: usize = 8;
/// Lanes of every sum over lanes, whatever the processor has.
pub(crate) const LANES: usize = 16;

/// Panels that hold `columns` columns.
pub(crate) const fn panels(columns: usize) -> usize {
    columns.div_ceil(WIDTH)
}

/// `rows` rounded up to whole tiles.
pub(crate) const fn padded(rows: usize) -> usize {
    rows.next_multiple_of(ROWS)
}

/// Numbers in the panels of a matrix.
pub(crate) const fn panel_numbers(rows: usize, columns: usize) -> usize {
    panels(columns) * padded(rows) * WIDTH
}

/// Whether only the first half of panel `panel` holds columns, so that half the work suffices.
pub(crate) const fn is_narrow(columns: usize, panel: usize) -> bool {
    columns - panel * WIDTH <= WIDTH / 2
}

/// Adds sixteen lanes in a fixed order: halves, then halves of the halves.
pub(crate) fn fold<T: Number>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}
