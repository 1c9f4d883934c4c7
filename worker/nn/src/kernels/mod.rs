//! The inner loops: products in tiles, packing, activations, softmax, updates; dispatched at run time.
//!
//! **Layout.** A matrix lives in *panels* of [`WIDTH`] columns: element (r, c) of an R-row matrix is at
//! `(c / WIDTH) · R · WIDTH + r · WIDTH + c % WIDTH`. Weights have a row an input and a column an output; activations
//! a row an example and a column a unit. Rows of activations are padded to a multiple of [`ROWS`].
//!
//! **Bits.** A product is made of tiles of [`ROWS`] × [`WIDTH`] outputs, and each output is one chain of fused
//! multiply-adds in ascending k. Lanes are outputs, never partial sums, so every instruction set gives the same bits.
//! All other loops are per element, or sums in sixteen fixed lanes.
#![allow(unsafe_code, reason = "vector instructions and unchecked loads; each block states its proof")]

mod activation;
mod backward;
mod buffer;
mod forward;
mod isa;
mod lanes;
mod math;
mod norms;
mod pack;
mod sink;
mod softmax;
mod tile;
mod transpose;

pub(crate) use activation::needs_slope;
pub(crate) use backward::{BiasGradient, InputGradient, WeightGradient};
pub(crate) use buffer::Buffer;
pub(crate) use forward::Forward;
pub(crate) use isa::{Isa, Op};
pub(crate) use norms::{ExampleSquares, RowSquares};
pub(crate) use pack::{Examples, PackColumns, PackRows, Packed};
pub(crate) use sink::{Apply, Fold, Into32, Sgd, Sink, Update};
pub(crate) use softmax::{Softmax, SoftmaxSums};
pub(crate) use tile::Left;
pub(crate) use transpose::{Between, Convert, Transpose};

/// Columns in a panel: two AVX-512 registers.
pub(crate) const WIDTH: usize = 32;
/// Rows in a tile.
pub(crate) const ROWS: usize = 8;
/// Lanes of every reported sum, whatever the processor has.
pub(crate) const LANES: usize = 16;

/// Panels that hold `columns` columns.
pub(crate) const fn panels(columns: usize) -> usize {
    columns.div_ceil(WIDTH)
}

/// `rows` rounded up to whole tiles.
pub(crate) const fn padded(rows: usize) -> usize {
    rows.next_multiple_of(ROWS)
}

/// Whether only the first half of panel `panel` holds columns, so that half the work suffices.
pub(crate) const fn is_narrow(columns: usize, panel: usize) -> bool {
    columns - panel * WIDTH <= WIDTH / 2
}
