//! The largest or the mean of every window, 32 examples side by side.
//!
//! Backward gathers: an input's gradient is a sum over the windows that hold it, so every line is written once.

use super::conv::{Axis, Image};
use super::epilogue::Epilogue;
use super::lanes::Family;
use super::real::{Number, Real};
use super::{Op, WIDTH, padded, panels};

/// Sizes of a pooling, and which windows hold an input.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    source: Image,
    result: Image,
    size: usize,
    stride: usize,
    y: Axis,
    x: Axis,
}

/// 32 examples' numbers of one feature.
type Line<T> = [T; WIDTH];

impl Windows {
    pub(crate) fn new(source: Image, result: Image, size: usize, stride: usize) -> Self {
        let axis = |windows: usize, inputs: usize| Axis::backward(windows, inputs, [size, stride, 0]);
        Self {
            source,
            result,
            size,
            stride,
            y: axis(result.height, source.height),
            x: axis(result.width, source.width),
        }
    }

    /// Positions that the largest of every window need.
    pub(crate) fn n_indices(&self, n: usize) -> usize {
        panels(n) * self.result.n_features() * WIDTH
    }

    /// The lines of one panel of the source.
    #[inline(always)]
    fn source<'a, T>(&self, values: &'a [T], panel: usize) -> &'a [Line<T>] {
        &values.as_chunks().0[panel * padded(self.source.n_features())..][..self.source.n_features()]
    }

    /// The lines of one panel of the result.
    #[inline(always)]
    fn result<'a, T>(&self, values: &'a [T], panel: usize) -> &'a [Line<T>] {
        &values.as_chunks().0[panel * padded(self.result.n_features())..][..self.result.n_features()]
    }

    /// The features of rows of windows, as (row's first feature of the source, row's first feature of the result).
    #[inline(always)]
    fn rows(&self) -> impl Iterator<Item = (usize, usize)> {
        let Self { source, result, stride, .. } = *self;
        let rows = (0..result.channels).flat_map(move |channel| (0..result.height).map(move |y| (channel, y)));
        rows.map(move |(channel, y)| {
            ((channel * source.height + y * stride) * source.width, (channel * result.height + y) * result.width)
        })
    }

    /// The features of rows of inputs, as (row's first feature of the source, rows of windows that hold it as features
    /// of the result, from, to).
    #[inline(always)]
    fn rows_back(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let Self { source, result, .. } = *self;
        let rows = (0..source.channels).flat_map(move |channel| (0..source.height).map(move |y| (channel, y)));
        rows.map(move |(channel, y)| {
            let (from, to) = self.y.range(y);
            let row = |y: usize| (channel * result.height + y) * result.width;
            ((channel * source.height + y) * source.width, row(from), row(to))
        })
    }
}

/// The largest of every window, and where it stands; of equals the first in reading order, and what is no number before
/// all others.
pub(crate) struct MaxForward<'a, T, E> {
    /// Sizes.
    pub(crate) windows: &'a Windows,
    /// In panels of examples.
    pub(crate) values: &'a [T],
    /// Examples.
    pub(crate) n: usize,
    /// Becomes the source's feature of every result.
    pub(crate) indices: &'a mut [u32],
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

impl<T: Real, E: Epilogue<T>> Op for MaxForward<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { windows, values, n, indices, out } = self;
        let Windows { source, result, size, stride, .. } = *windows;
        let (features, height) = (result.n_features(), padded(result.n_features()));
        for panel in 0..panels(n) {
            let values = windows.source(values, panel);
            let indices = &mut indices.as_chunks_mut().0[panel * features..][..features];
            for (from, to) in windows.rows() {
                for x in 0..result.width {
                    let corner = from + x * stride;
                    let (mut best, mut place) = (values[corner], [corner as u32; WIDTH]);
                    for tap in 1..size * size {
                        let feature = corner + tap / size * source.width + tap % size;
                        larger(&mut best, &mut place, &values[feature], feature as u32);
                    }
                    indices[to + x] = place;
                    out.put((panel * height + to + x) * WIDTH, &mut best);
                }
            }
        }
    }
}

/// Takes over what is larger.
#[inline(always)]
fn larger<T: Number>(best: &mut Line<T>, place: &mut Line<u32>, values: &Line<T>, feature: u32) {
    for ((best, place), &value) in best.iter_mut().zip(place).zip(values) {
        #[allow(clippy::eq_op, reason = "only what is no number differs from itself")]
        let is_larger = (value > *best) | (value != value);
        *place = if is_larger { feature } else { *place };
        *best = if is_larger { value } else { *best };
    }
}

/// The tangent of [`MaxForward`]: that of the input that was the largest.
pub(crate) struct MaxTangent<'a, T, E> {
    /// Sizes.
    pub(crate) windows: &'a Windows,
    /// Tangents in panels of examples.
    pub(crate) values: &'a [T],
    /// Examples.
    pub(crate) n: usize,
    /// What [`MaxForward`] found.
    pub(crate) indices: &'a [u32],
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

impl<T: Real, E: Epilogue<T>> Op for MaxTangent<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { windows, values, n, indices, out } = self;
        let (features, height) = (windows.result.n_features(), padded(windows.result.n_features()));
        for panel in 0..panels(n) {
            let values = windows.source(values, panel);
            let indices = &indices.as_chunks::<WIDTH>().0[panel * features..][..features];
            for (feature, indices) in indices.iter().enumerate() {
                let mut line = [T::ZERO; WIDTH];
                for (lane, (out, &index)) in line.iter_mut().zip(indices).enumerate() {
                    *out = values[index as usize][lane];
                }
                out.put((panel * height + feature) * WIDTH, &mut line);
            }
        }
    }
}

/// The gradient of [`MaxForward`]: δ goes to the input that was the largest.
pub(crate) struct MaxBackward<'a, T, E> {
    /// Sizes.
    pub(crate) windows: &'a Windows,
    /// In panels of examples.
    pub(crate) delta: &'a [T],
    /// Examples.
    pub(crate) n: usize,
    /// What [`MaxForward`] found.
    pub(crate) indices: &'a [u32],
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

impl<T: Real, E: Epilogue<T>> Op for MaxBackward<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { windows, delta, n, indices, out } = self;
        let Windows { source, result, .. } = *windows;
        let (features, height) = (result.n_features(), padded(source.n_features()));
        for panel in 0..panels(n) {
            let delta = windows.result(delta, panel);
            let indices = &indices.as_chunks::<WIDTH>().0[panel * features..][..features];
            for (feature, first, last) in windows.rows_back() {
                for x in 0..source.width {
                    let (from, to) = windows.x.range(x);
                    let mut line = [T::ZERO; WIDTH];
                    for row in (first..last).step_by(result.width) {
                        for (delta, indices) in delta[row + from..row + to].iter().zip(&indices[row + from..row + to]) {
                            for ((out, &delta), &index) in line.iter_mut().zip(delta).zip(indices) {
                                *out += if index == (feature + x) as u32 { delta } else { T::ZERO };
                            }
                        }
                    }
                    out.put((panel * height + feature + x) * WIDTH, &mut line);
                }
            }
        }
    }
}

/// The mean of every window. Linear: its own tangent.
pub(crate) struct AverageForward<'a, T, E> {
    /// Sizes.
    pub(crate) windows: &'a Windows,
    /// In panels of examples.
    pub(crate) values: &'a [T],
    /// Examples.
    pub(crate) n: usize,
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

impl<T: Real, E: Epilogue<T>> Op for AverageForward<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { windows, values, n, out } = self;
        let Windows { source, result, size, stride, .. } = *windows;
        let (height, share) = (padded(result.n_features()), T::ONE / T::of((size * size) as f64));
        for panel in 0..panels(n) {
            let values = windows.source(values, panel);
            for (from, to) in windows.rows() {
                for x in 0..result.width {
                    let mut line = [T::ZERO; WIDTH];
                    for row in 0..size {
                        let corner = from + row * source.width + x * stride;
                        add_lines(&mut line, &values[corner..corner + size]);
                    }
                    for value in &mut line {
                        *value *= share;
                    }
                    out.put((panel * height + to + x) * WIDTH, &mut line);
                }
            }
        }
    }
}

/// The gradient of [`AverageForward`].
pub(crate) struct AverageBackward<'a, T, E> {
    /// Sizes.
    pub(crate) windows: &'a Windows,
    /// In panels of examples.
    pub(crate) delta: &'a [T],
    /// Examples.
    pub(crate) n: usize,
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

impl<T: Real, E: Epilogue<T>> Op for AverageBackward<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { windows, delta, n, out } = self;
        let Windows { source, result, size, .. } = *windows;
        let (height, share) = (padded(source.n_features()), T::ONE / T::of((size * size) as f64));
        for panel in 0..panels(n) {
            let delta = windows.result(delta, panel);
            for (feature, first, last) in windows.rows_back() {
                for x in 0..source.width {
                    let (from, to) = windows.x.range(x);
                    let mut line = [T::ZERO; WIDTH];
                    for row in (first..last).step_by(result.width) {
                        add_lines(&mut line, &delta[row + from..row + to]);
                    }
                    for value in &mut line {
                        *value *= share;
                    }
                    out.put((panel * height + feature + x) * WIDTH, &mut line);
                }
            }
        }
    }
}

#[inline(always)]
fn add_lines<T: Number>(sums: &mut Line<T>, lines: &[Line<T>]) {
    for line in lines {
        for (sum, &value) in sums.iter_mut().zip(line) {
            *sum += value;
        }
    }
}
