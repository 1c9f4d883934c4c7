//! γ x̂ + β, and its tangent.

use super::columns::{Columns, Feature, Row, narrow, put, sums};
use super::{Dot, Frame, LayerNorm, Saved};
use crate::kernels::{Family, Op, Outputs, Real, Tangent, WIDTH, panels};
use crate::layers::batch_norm::EPSILON;

/// Statistics of each example, and γ x̂ + β.
pub(super) struct Forward<'a, 'b, T> {
    pub(super) layer: &'a LayerNorm,
    pub(super) frame: &'a Frame<'a, T>,
    pub(super) saved: &'a mut Saved<T>,
    pub(super) out: &'a mut Outputs<'b, T>,
}

impl<T: Real> Op for Forward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { layer, frame, saved, out } = self;
        let [scales, shifts] = layer.scales(frame.parameters);
        for panel in 0..panels(frame.n) {
            let x = layer.rows(frame.input.values(), panel);
            let columns = statistics(x);
            columns.store(&mut saved.numbers, panel);
            put(x.len(), &Scaled { x, columns: &columns, scales, shifts }, layer.start(panel), out);
        }
    }
}

/// Mean, and one over the standard deviation, in two passes.
#[inline(always)]
fn statistics<T: Real>(x: &[Row<T>]) -> Columns<T> {
    let share = 1.0 / x.len() as f64;
    let [mut means] = sums(x.len(), &Total { x });
    means.iter_mut().for_each(|mean| *mean *= share);
    let mean = narrow(&means);
    let [off, mut spread] = sums(x.len(), &Spread { x, mean: &mean });
    for (spread, off) in spread.iter_mut().zip(off) {
        let variance = *spread * share - off * share * (off * share);
        *spread = 1.0 / (variance.max(0.0) + EPSILON).sqrt();
    }
    Columns { mean, inverse: narrow(&spread) }
}

/// Σ x.
struct Total<'a, T> {
    x: &'a [Row<T>],
}

impl<T: Real> Feature<T, 1> for Total<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [sum]: &mut [Row<T>; 1]) {
        for (sum, &x) in sum.iter_mut().zip(&self.x[feature]) {
            *sum += x;
        }
    }
}

/// Σ (x − μ) and Σ (x − μ)².
struct Spread<'a, T> {
    x: &'a [Row<T>],
    mean: &'a Row<T>,
}

impl<T: Real> Feature<T, 2> for Spread<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [sum, squares]: &mut [Row<T>; 2]) {
        let x = &self.x[feature];
        for lane in 0..WIDTH {
            let centred = x[lane] - self.mean[lane];
            sum[lane] += centred;
            squares[lane] = centred.fma(centred, squares[lane]);
        }
    }
}

/// γ x̂ + β.
struct Scaled<'a, T> {
    x: &'a [Row<T>],
    columns: &'a Columns<T>,
    scales: &'a [T],
    shifts: &'a [T],
}

impl<T: Real> Feature<T, 1> for Scaled<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [result]: &mut [Row<T>; 1]) {
        let (x, scale, shift) = (&self.x[feature], self.scales[feature], self.shifts[feature]);
        for lane in 0..WIDTH {
            let normal = (x[lane] - self.columns.mean[lane]) * self.columns.inverse[lane];
            result[lane] += normal.fma(scale, shift);
        }
    }
}

/// γ̇ x̂ + γ (r (ẋ − μ̇) + ṙ (x − μ)) + β̇.
pub(super) struct Along<'a, 'b, T> {
    pub(super) layer: &'a LayerNorm,
    pub(super) frame: &'a Frame<'a, T>,
    pub(super) saved: &'a Saved<T>,
    pub(super) dot: &'a Dot<'a, T>,
    pub(super) dot_saved: &'a mut Saved<T>,
    pub(super) out: &'a mut Tangent<'b, T>,
}

impl<T: Real> Op for Along<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { layer, frame, saved, dot, dot_saved, out } = self;
        let [scales, _] = layer.scales(frame.parameters);
        let [dot_scales, dot_shifts] = layer.scales(dot.parameters);
        for panel in 0..panels(frame.n) {
            let x = layer.rows(frame.input.values(), panel);
            let columns = Columns::load(&saved.numbers, panel);
            let dot_x = dot.input.map(|dot| layer.rows(dot, panel));
            let moves = dot_x.map_or(Columns { mean: [T::ZERO; WIDTH], inverse: [T::ZERO; WIDTH] }, |dot_x| {
                moves(x, dot_x, &columns)
            });
            moves.store(&mut dot_saved.numbers, panel);
            let still = Still { x, columns: &columns, moves: &moves, scales, dot_scales, dot_shifts };
            match dot_x {
                Some(dot_x) => put(x.len(), &Moving { dot_x, still }, layer.start(panel), out),
                None => put(x.len(), &still, layer.start(panel), out),
            }
        }
    }
}

/// μ̇ = mean ẋ, ṙ = −r³ mean((x − μ) ẋ).
#[inline(always)]
fn moves<T: Real>(x: &[Row<T>], dot_x: &[Row<T>], columns: &Columns<T>) -> Columns<T> {
    let share = 1.0 / x.len() as f64;
    let [mut means, mut inverses] = sums(x.len(), &Mean { x, dot_x, mean: &columns.mean });
    for (lane, (mean, inverse)) in means.iter_mut().zip(&mut inverses).enumerate() {
        let r = columns.inverse[lane].wide();
        *mean *= share;
        *inverse *= -(r * r * r) * share;
    }
    Columns { mean: narrow(&means), inverse: narrow(&inverses) }
}

/// Σ ẋ and Σ ẋ (x − μ).
struct Mean<'a, T> {
    x: &'a [Row<T>],
    dot_x: &'a [Row<T>],
    mean: &'a Row<T>,
}

impl<T: Real> Feature<T, 2> for Mean<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [sum, along]: &mut [Row<T>; 2]) {
        let (x, dot_x) = (&self.x[feature], &self.dot_x[feature]);
        for lane in 0..WIDTH {
            sum[lane] += dot_x[lane];
            along[lane] = dot_x[lane].fma(x[lane] - self.mean[lane], along[lane]);
        }
    }
}

/// The tangent but for γ r ẋ.
struct Still<'a, T> {
    x: &'a [Row<T>],
    columns: &'a Columns<T>,
    moves: &'a Columns<T>,
    scales: &'a [T],
    dot_scales: &'a [T],
    dot_shifts: &'a [T],
}

impl<T: Real> Feature<T, 1> for Still<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, [result]: &mut [Row<T>; 1]) {
        let (x, scale) = (&self.x[feature], self.scales[feature]);
        let (dot_scale, dot_shift) = (self.dot_scales[feature], self.dot_shifts[feature]);
        for lane in 0..WIDTH {
            let (r, dot_r) = (self.columns.inverse[lane], self.moves.inverse[lane]);
            let turn = dot_scale.fma(r, scale * dot_r);
            let shift = (-(scale * r)).fma(self.moves.mean[lane], dot_shift);
            result[lane] += (x[lane] - self.columns.mean[lane]).fma(turn, shift);
        }
    }
}

/// The whole tangent.
struct Moving<'a, T> {
    dot_x: &'a [Row<T>],
    still: Still<'a, T>,
}

impl<T: Real> Feature<T, 1> for Moving<'_, T> {
    #[inline(always)]
    fn add(&self, feature: usize, result: &mut [Row<T>; 1]) {
        self.still.add(feature, result);
        let (dot_x, scale) = (&self.dot_x[feature], self.still.scales[feature]);
        for lane in 0..WIDTH {
            result[0][lane] = (scale * self.still.columns.inverse[lane]).fma(dot_x[lane], result[0][lane]);
        }
    }
}
