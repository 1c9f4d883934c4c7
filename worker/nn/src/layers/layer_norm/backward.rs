//! The gradient by the input, r (h − mean h − x̂ mean(h x̂)) with h = γ δ, and its tangent.

use super::columns::{Columns, Feature, Row, narrow, put, sums};
use super::{Dot, Frame, LayerNorm, Saved};
use crate::kernels::{Delta, Family, Op, Real, WIDTH, panels};

pub(super) struct Backward<'a, 'b, T> {
    pub(super) layer: &'a LayerNorm,
    pub(super) frame: &'a Frame<'a, T>,
    pub(super) saved: &'a Saved<T>,
    pub(super) delta: &'a [T],
    pub(super) out: &'a mut Delta<'b, T>,
}

impl<T: Real> Op for Backward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { layer, frame, saved, delta, out } = self;
        let [scales, _] = layer.scales(frame.parameters);
        for panel in 0..panels(frame.n) {
            let (x, delta) = (layer.rows(frame.input.values(), panel), layer.rows(delta, panel));
            let columns = Columns::load(&saved.numbers, panel);
            let read = Read { x, delta, scales, columns: &columns };
            let share = 1.0 / x.len() as f64;
            let [mut constant, mut centred] = sums(x.len(), &read);
            for lane in 0..WIDTH {
                let r = columns.inverse[lane].wide();
                constant[lane] *= -r * share;
                centred[lane] *= -(r * r * r) * share;
            }
            let mix = Mix { read, centred: narrow(&centred), constant: narrow(&constant) };
            put(x.len(), &mix, layer.start(panel), out);
        }
    }
}

/// What the way back reads.
#[derive(Clone, Copy)]
struct Read<'a, T> {
    x: &'a [Row<T>],
    delta: &'a [Row<T>],
    scales: &'a [T],
    columns: &'a Columns<T>,
}

/// Σ h and Σ h (x − μ).
impl<T: Real> Feature<T, 2> for Read<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [sum, along]: &mut [Row<T>; 2]) {
        let (x, delta, scale) = (&self.x[feature], &self.delta[feature], self.scales[feature]);
        for lane in 0..WIDTH {
            let h = scale * delta[lane];
            sum[lane] += h;
            along[lane] = h.fma(x[lane] - self.columns.mean[lane], along[lane]);
        }
    }
}

/// r h + centred (x − μ) + constant.
struct Mix<'a, T> {
    read: Read<'a, T>,
    centred: Row<T>,
    constant: Row<T>,
}

impl<T: Real> Feature<T, 1> for Mix<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [result]: &mut [Row<T>; 1]) {
        let Read { x, delta, scales, columns } = self.read;
        let (x, delta, scale) = (&x[feature], &delta[feature], scales[feature]);
        for lane in 0..WIDTH {
            let rest = (x[lane] - columns.mean[lane]).fma(self.centred[lane], self.constant[lane]);
            result[lane] += (scale * columns.inverse[lane]).fma(delta[lane], rest);
        }
    }
}

/// The tangent: with s = mean h, t = mean(h x̂) and dots on what moves,
/// ṙ (h − s − x̂ t) + r (ḣ − ṡ − x̂̇ t − x̂ ṫ).
pub(super) struct AlongBackward<'a, 'b, T> {
    pub(super) layer: &'a LayerNorm,
    pub(super) frame: &'a Frame<'a, T>,
    pub(super) saved: &'a Saved<T>,
    pub(super) dot: &'a Dot<'a, T>,
    pub(super) dot_saved: &'a Saved<T>,
    pub(super) out: &'a mut Delta<'b, T>,
}

impl<T: Real> Op for AlongBackward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { layer, frame, saved, dot, dot_saved, out } = self;
        let [scales, _] = layer.scales(frame.parameters);
        let [dot_scales, _] = layer.scales(dot.parameters);
        for panel in 0..panels(frame.n) {
            let [x, delta, dot_delta] =
                [frame.input.values(), dot.delta, dot.dot_delta].map(|values| layer.rows(values, panel));
            let columns = Columns::load(&saved.numbers, panel);
            let moves = Columns::load(&dot_saved.numbers, panel);
            let read = ReadAlong {
                still: Read { x, delta, scales, columns: &columns },
                // Where nothing moves, x̂̇ is zero, and any value does.
                dot_x: dot.input.map_or(x, |dot| layer.rows(dot, panel)),
                dot_delta,
                dot_scales,
                moves: dot.input.is_some(),
            };
            let mix = read.mix(&moves);
            put(x.len(), &mix, layer.start(panel), out);
        }
    }
}

/// What the tangent of the way back reads.
#[derive(Clone, Copy)]
struct ReadAlong<'a, T> {
    still: Read<'a, T>,
    dot_x: &'a [Row<T>],
    dot_delta: &'a [Row<T>],
    dot_scales: &'a [T],
    /// Whether `dot_x` is a tangent.
    moves: bool,
}

impl<'a, T: Real> ReadAlong<'a, T> {
    /// The coefficients of the result, from the sums over features.
    #[inline(always)]
    fn mix(self, moves: &Columns<T>) -> MixAlong<'a, T> {
        let (n, columns) = (self.still.x.len(), self.still.columns);
        let share = 1.0 / n as f64;
        let [sum, along, dot_sum, dot_along, cross] = sums(n, &self);
        let (mut constant, mut centred, mut moving) = ([0.0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
        for lane in 0..WIDTH {
            let (r, dot_r) = (columns.inverse[lane].wide(), moves.inverse[lane].wide());
            let dot_mean = moves.mean[lane].wide();
            let cross = if self.moves { cross[lane] } else { 0.0 };
            let mean_along = r * along[lane] * share;
            // ṫ, from x̂̇ = r (ẋ − μ̇) + ṙ (x − μ).
            let turned = (r * (dot_along[lane] + cross - dot_mean * sum[lane]) + dot_r * along[lane]) * share;
            centred[lane] = -2.0 * dot_r * r * mean_along - r * r * turned;
            moving[lane] = if self.moves { -r * r * mean_along } else { 0.0 };
            constant[lane] = (-dot_r * sum[lane] - r * dot_sum[lane]) * share + r * r * dot_mean * mean_along;
        }
        MixAlong {
            read: self,
            dot_inverse: moves.inverse,
            centred: narrow(&centred),
            moving: narrow(&moving),
            constant: narrow(&constant),
        }
    }
}

/// Σ h, Σ h (x − μ), Σ ḣ, Σ ḣ (x − μ), Σ h ẋ.
impl<T: Real> Feature<T, 5> for ReadAlong<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, to: &mut [Row<T>; 5]) {
        let Read { x, delta, scales, columns } = self.still;
        let (x, delta, scale) = (&x[feature], &delta[feature], scales[feature]);
        let (dot_x, dot_delta, dot_scale) = (&self.dot_x[feature], &self.dot_delta[feature], self.dot_scales[feature]);
        let [sum, along, dot_sum, dot_along, cross] = to;
        for lane in 0..WIDTH {
            let centred = x[lane] - columns.mean[lane];
            let h = scale * delta[lane];
            let dot_h = scale.fma(dot_delta[lane], dot_scale * delta[lane]);
            sum[lane] += h;
            along[lane] = h.fma(centred, along[lane]);
            dot_sum[lane] += dot_h;
            dot_along[lane] = dot_h.fma(centred, dot_along[lane]);
            cross[lane] = h.fma(dot_x[lane], cross[lane]);
        }
    }
}

/// ṙ h + r ḣ + centred (x − μ) + moving ẋ + constant.
struct MixAlong<'a, T> {
    read: ReadAlong<'a, T>,
    dot_inverse: Row<T>,
    centred: Row<T>,
    moving: Row<T>,
    constant: Row<T>,
}

impl<T: Real> Feature<T, 1> for MixAlong<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [result]: &mut [Row<T>; 1]) {
        let Read { x, delta, scales, columns } = self.read.still;
        let (x, delta, scale) = (&x[feature], &delta[feature], scales[feature]);
        let (dot_x, dot_delta) = (&self.read.dot_x[feature], &self.read.dot_delta[feature]);
        let dot_scale = self.read.dot_scales[feature];
        for lane in 0..WIDTH {
            let r = columns.inverse[lane];
            let rest = (x[lane] - columns.mean[lane]).fma(self.centred[lane], self.constant[lane]);
            let rest = self.moving[lane].fma(dot_x[lane], rest);
            let own = scale.fma(self.dot_inverse[lane], dot_scale * r);
            result[lane] += (scale * r).fma(dot_delta[lane], own.fma(delta[lane], rest));
        }
    }
}
