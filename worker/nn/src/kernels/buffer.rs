//! Numbers that begin at a cache line.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::real::Number;

/// Bytes in a line.
const LINE: usize = 64;

/// A fixed number of numbers, zero at first, whose address is a multiple of 64: a vector load never straddles lines.
#[derive(Clone)]
pub(crate) struct Buffer<T> {
    lines: Box<[Line<T>]>,
    n: usize,
}

/// Sixteen numbers: a line of `f32`, or two of `f64`.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line<T>([[T; 8]; 2]);

impl<T: Number> Buffer<T> {
    /// At least `n` zeros, rounded up to whole lines.
    pub(crate) fn zeros(n: usize) -> Self {
        assert!(
            size_of::<Line<T>>() == 16 * T::BYTES && size_of::<Line<T>>().is_multiple_of(LINE),
            "lines have no padding"
        );
        let lines = vec![Line([[T::ZERO; 8]; 2]); n.div_ceil(16)].into_boxed_slice();
        Self { n: lines.len() * 16, lines }
    }
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self { lines: Box::new([]), n: 0 }
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: a `Line` is exactly sixteen numbers without padding (asserted where lines are made), lines are
        // contiguous and initialised, there are n / 16 of them, and the borrow of self lasts as long as the slice.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.n) }
    }
}

impl<T> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.n) }
    }
}

impl<T> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} numbers)", self.n)
    }
}
