//! Floats that begin at a cache line.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Floats in a line.
const LINE: usize = 16;

/// A fixed number of floats, zero at first, whose address is a multiple of 64: a vector load never straddles lines.
#[derive(Clone)]
pub(crate) struct Buffer {
    lines: Box<[Line]>,
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

impl Buffer {
    /// At least `n` zeros, rounded up to whole lines.
    pub(crate) fn zeros(n: usize) -> Self {
        Self { lines: vec![Line([0.0; LINE]); n.div_ceil(LINE)].into_boxed_slice() }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `Line` is exactly sixteen floats (64 bytes, no padding), lines are contiguous and initialised, and the
        // borrow of self lasts as long as the slice.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * LINE) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.lines.len() * LINE) }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} floats)", self.lines.len() * LINE)
    }
}
