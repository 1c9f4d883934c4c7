//! Tangents of a batch norm's output and of its way back.

use super::mix::Parts;
use super::{BatchNorm, Statistics, share};
use crate::kernels::{Delta, Family, Op, Real, Tangent};
use crate::layers::{Dot, Frame, Saved, Scratch};

/// How μ and r move along a tangent.
#[derive(Clone, Copy)]
struct Moves<T> {
    mean: T,
    inverse: T,
}

impl BatchNorm {
    /// How μ and r move with ẋ: μ̇ = mean ẋ, ṙ = −r² mean(x̂ ẋ).
    fn moves<T: Copy>(&self, dot_saved: &Saved<T>, channel: usize) -> Moves<T> {
        Moves { mean: dot_saved.numbers[channel], inverse: dot_saved.numbers[self.channels + channel] }
    }
}

/// γ̇ x̂ + γ (r (ẋ − μ̇) + ṙ (x − μ)) + β̇.
pub(super) struct Along<'a, 'b, T> {
    pub(super) layer: &'a BatchNorm,
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
        let (place, x) = (layer.place(frame), frame.input.values());
        let [scales, _] = layer.scales(frame.parameters);
        let [dot_scales, dot_shifts] = layer.scales(dot.parameters);
        for channel in 0..layer.channels {
            let Statistics { mean, inverse } = layer.statistics(saved, channel);
            let [sum, along] = dot.input.map_or([0.0; 2], |dot| place.sums(channel, [dot, x], [T::ZERO, mean]));
            let share = share(frame.mode, place);
            let moves =
                Moves { mean: T::of(sum * share), inverse: -(inverse * inverse * inverse * T::of(along * share)) };
            dot_saved.numbers[channel] = moves.mean;
            dot_saved.numbers[layer.channels + channel] = moves.inverse;
            let (scale, factor) = (scales[channel], scales[channel] * inverse);
            let turn = dot_scales[channel].fma(inverse, scale * moves.inverse);
            let constant = (-factor).fma(moves.mean, dot_shifts[channel]);
            match dot.input {
                Some(dot) => {
                    place.mix(channel, [x, dot], Parts { centre: mean, factors: [turn, factor], constant }, out);
                }
                None => place.mix(channel, [x], Parts { centre: mean, factors: [turn], constant }, out),
            }
        }
    }
}

/// The tangent of the way back.
pub(super) struct AlongBackward<'a, 'b, T> {
    pub(super) layer: &'a BatchNorm,
    pub(super) frame: &'a Frame<'a, T>,
    pub(super) saved: &'a Saved<T>,
    pub(super) dot: &'a Dot<'a, T>,
    pub(super) dot_saved: &'a Saved<T>,
    pub(super) scratch: &'a mut Scratch<T>,
    pub(super) out: Option<&'a mut Delta<'b, T>>,
}

impl<T: Real> Op for AlongBackward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(mut self) {
        let (layer, frame, dot) = (self.layer, self.frame, self.dot);
        let (place, x, delta, dot_delta) = (layer.place(frame), frame.input.values(), dot.delta, dot.dot_delta);
        for channel in 0..layer.channels {
            let Statistics { mean, inverse } = layer.statistics(self.saved, channel);
            let moves = layer.moves(self.dot_saved, channel);
            let (r, dot_r, dot_mean) = (inverse.wide(), moves.inverse.wide(), moves.mean.wide());
            // Σ δ, Σ δ (x − μ), their tangents' parts, and Σ δ ẋ.
            let [sum, along] = place.sums(channel, [delta, x], [T::ZERO, mean]);
            let [dot_sum, dot_along] = place.sums(channel, [dot_delta, x], [T::ZERO, mean]);
            let cross = dot.input.map_or(0.0, |dot| place.sums(channel, [delta, dot], [T::ZERO; 2])[1]);
            // Of Σ δ x̂.
            let turned = r * (dot_along + cross - dot_mean * sum) + dot_r * along;
            self.scratch.first[channel] = T::of(turned);
            self.scratch.second[channel] = T::of(dot_sum);
            let Some(out) = &mut self.out else { continue };
            let (scale, dot_scale) =
                (layer.scales(frame.parameters)[0][channel], layer.scales(dot.parameters)[0][channel]);
            let factor = scale.wide() * r;
            let dot_factor = dot_scale.wide() * r + scale.wide() * dot_r;
            let share = share(frame.mode, place);
            let (mean_along, mean_turned) = (r * along * share, turned * share);
            let centred = -dot_factor * r * mean_along - factor * (dot_r * mean_along + r * mean_turned);
            let constant = -dot_factor * sum * share - factor * dot_sum * share + factor * r * dot_mean * mean_along;
            let [centred, dot_factor, constant] = [centred, dot_factor, constant].map(T::of);
            let (factor, moving) = (T::of(factor), T::of(-factor * r * mean_along));
            match dot.input {
                Some(dot) => {
                    let factors = [centred, dot_factor, factor, moving];
                    place.mix(channel, [x, delta, dot_delta, dot], Parts { centre: mean, factors, constant }, *out);
                }
                None => {
                    let factors = [centred, dot_factor, factor];
                    place.mix(channel, [x, delta, dot_delta], Parts { centre: mean, factors, constant }, *out);
                }
            }
        }
    }
}
