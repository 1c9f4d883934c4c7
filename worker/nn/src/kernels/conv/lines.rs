//! Copies of rows of a value in the order in which a product reads them. A line is one feature of 32 examples.

use super::super::real::Real;
use super::super::{ROWS, WIDTH};

/// Sizes of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image {
    /// Channels.
    pub(crate) channels: usize,
    /// Rows.
    pub(crate) height: usize,
    /// Columns.
    pub(crate) width: usize,
}

impl Image {
    /// Features of one example.
    pub(crate) fn n_features(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Channel `channel` of row `y` of one panel of a value.
    #[inline(always)]
    fn row<T>(self, panel: &[T], channel: usize, y: usize) -> &[[T; WIDTH]] {
        panel[(channel * self.height + y) * self.width * WIDTH..][..self.width * WIDTH].as_chunks().0
    }

    /// Row `y` with channels innermost: line (x, channel) at x · channels + channel.
    #[inline(always)]
    pub(super) fn interleave<T: Real>(self, panel: &[T], y: usize, out: &mut [T]) {
        let out = out[..self.width * self.channels * WIDTH].as_chunks_mut::<WIDTH>().0;
        for channel in 0..self.channels {
            for (line, out) in self.row(panel, channel, y).iter().zip(out[channel..].iter_mut().step_by(self.channels))
            {
                *out = *line;
            }
        }
    }

    /// Row `y`, each channel with `before` lines of zeros on its left and as many on its right as make `length`; what
    /// exceeds `length` is left out.
    #[inline(always)]
    pub(super) fn border<T: Real>(self, panel: &[T], y: usize, before: usize, length: usize, out: &mut [T]) {
        let used = self.width.min(length - before);
        for (channel, out) in out[..self.channels * length * WIDTH].chunks_exact_mut(length * WIDTH).enumerate() {
            let out = out.as_chunks_mut::<WIDTH>().0;
            out[..before].fill([T::ZERO; WIDTH]);
            out[before..before + used].copy_from_slice(&self.row(panel, channel, y)[..used]);
            out[before + used..].fill([T::ZERO; WIDTH]);
        }
    }

    /// Row `y` of up to eight channels from `first` on: line (x, r) at x · 8 + r; zeros for channels beyond the last.
    #[inline(always)]
    pub(super) fn octet<T: Real>(self, panel: &[T], y: usize, first: usize, out: &mut [T]) {
        let out = out[..self.width * ROWS * WIDTH].as_chunks_mut::<WIDTH>().0;
        for r in 0..ROWS {
            let out = out[r..].iter_mut().step_by(ROWS);
            if first + r < self.channels {
                for (line, out) in self.row(panel, first + r, y).iter().zip(out) {
                    *out = *line;
                }
            } else {
                out.for_each(|out| *out = [T::ZERO; WIDTH]);
            }
        }
    }
}
