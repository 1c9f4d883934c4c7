//! Each channel normalised over the examples of a batch and their pixels.
//!
//! With m numbers in a channel, mean μ and (biased) variance σ², r = 1 / √(σ² + ε) and x̂ = r (x − μ), the output is
//! γ x̂ + β. All that is written, forward, back, and along a tangent, is a linear combination of x − μ, δ and their
//! tangents whose coefficients belong to the channel; they follow from sums over the channel ([`Place::sums`]), and
//! [`Place::mix`] does the rest. A channel is summed and mixed before the next one is read, while it is in the cache.
//!
//! Where running statistics are given, μ and r are constants and all sums over δ drop out of the gradients by x.

mod mix;

use std::ops::Range;

use traipse_sweep::network::Node;

use super::{Dot, Frame, Into, Layer, Mode, Places, Room, Saved, Scratch};
use crate::kernels::{Delta, Family, Op, Outputs, Real, Sink, Tangent, WIDTH, panels};
use mix::{Parts, Place};

/// Added to variances (PyTorch's).
pub(super) const EPSILON: f64 = 1e-5;
/// How far running statistics move towards those of a batch (PyTorch's).
const MOMENTUM: f64 = 0.1;

/// γ x̂ + β, a γ and β a channel (Ioffe, Szegedy 2015). Cost: reads its input about twice from memory, and δ too.
#[derive(Clone, Debug)]
pub(crate) struct BatchNorm {
    channels: usize,
    pixels: usize,
    weight: usize,
    bias: usize,
    buffers: Range<usize>,
}

/// What the forward pass keeps of a channel.
#[derive(Clone, Copy)]
struct Statistics<T> {
    mean: T,
    /// r.
    inverse: T,
}

/// How μ and r move along a tangent.
#[derive(Clone, Copy)]
struct Moves<T> {
    mean: T,
    inverse: T,
}

impl BatchNorm {
    pub(crate) fn new(node: &Node, at: Places) -> Self {
        let (weight, bias, shape) = (at.weight, at.bias.unwrap_or_default(), node.output_shape);
        let pixels = shape.height * shape.width;
        Self { channels: shape.channels, pixels, weight, bias, buffers: node.buffers.clone() }
    }

    fn place<T>(&self, frame: &Frame<'_, T>) -> Place {
        Place { channels: self.channels, pixels: self.pixels, n: frame.n }
    }

    /// (γ, β), or a direction's part of them.
    fn scales<'a, T>(&self, parameters: &'a [T]) -> [&'a [T]; 2] {
        [self.weight, self.bias].map(|at| &parameters[at..][..self.channels])
    }

    /// Means, then r, then variances of the channels.
    fn statistics<T: Copy>(&self, saved: &Saved<T>, channel: usize) -> Statistics<T> {
        Statistics { mean: saved.numbers[channel], inverse: saved.numbers[self.channels + channel] }
    }

    /// How μ and r move with ẋ: μ̇ = mean ẋ, ṙ = −r² mean(x̂ ẋ).
    fn moves<T: Copy>(&self, dot_saved: &Saved<T>, channel: usize) -> Moves<T> {
        Moves { mean: dot_saved.numbers[channel], inverse: dot_saved.numbers[self.channels + channel] }
    }
}

impl<T: Real> Layer<T> for BatchNorm {
    fn room(&self, _: usize) -> Room {
        let scratch = panels(self.channels) * WIDTH;
        Room { numbers: 3 * self.channels, tangent_numbers: 2 * self.channels, scratch, ..Room::default() }
    }

    fn forward(&self, frame: &Frame<'_, T>, saved: &mut Saved<T>, _: &mut Scratch<T>, out: &mut Outputs<'_, T>) {
        frame.isa.run(Forward { layer: self, frame, saved, out });
    }

    fn backward(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        delta: &[T],
        scratch: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [out, _] = into;
        frame.isa.run(Backward { layer: self, frame, saved, delta, scratch, out: out.as_mut() });
    }

    fn gradient(&self, frame: &Frame<'_, T>, _: &Saved<T>, _: &[T], scratch: &mut Scratch<T>, sink: &mut Sink<'_, T>) {
        frame.isa.run(Give { layer: self, scratch, sink });
    }

    fn tangent(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &mut Saved<T>,
        _: &mut Scratch<T>,
        out: &mut Tangent<'_, T>,
    ) {
        frame.isa.run(Along { layer: self, frame, saved, dot, dot_saved, out });
    }

    fn tangent_backward(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &Saved<T>,
        scratch: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [out, _] = into;
        frame.isa.run(AlongBackward { layer: self, frame, saved, dot, dot_saved, scratch, out: out.as_mut() });
    }

    fn tangent_gradient(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        _: &Dot<'_, T>,
        _: &Saved<T>,
        scratch: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    ) {
        frame.isa.run(Give { layer: self, scratch, sink });
    }

    /// By a tenth, with the unbiased variance (the biased one where a channel has a single number).
    fn update_running(&self, n: usize, saved: &Saved<T>, running: &mut [f64]) {
        let count = (n * self.pixels) as f64;
        let (means, variances) = running.split_at_mut(self.channels);
        for (channel, (mean, variance)) in means.iter_mut().zip(variances).enumerate() {
            let found = saved.numbers[2 * self.channels + channel].wide() * (count / (count - 1.0).max(1.0));
            *mean = (1.0 - MOMENTUM) * *mean + MOMENTUM * saved.numbers[channel].wide();
            *variance = (1.0 - MOMENTUM) * *variance + MOMENTUM * found;
        }
    }
}

/// Statistics of each channel, and γ x̂ + β.
struct Forward<'a, 'b, T> {
    layer: &'a BatchNorm,
    frame: &'a Frame<'a, T>,
    saved: &'a mut Saved<T>,
    out: &'a mut Outputs<'b, T>,
}

impl<T: Real> Op for Forward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { layer, frame, saved, out } = self;
        let (place, x) = (layer.place(frame), frame.input.values());
        let [scales, shifts] = layer.scales(frame.parameters);
        let channels = layer.channels;
        for channel in 0..channels {
            let (mean, variance) = match frame.mode {
                Mode::Evaluation(running) => {
                    let running = &running[layer.buffers.clone()];
                    (running[channel], running[channels + channel])
                }
                Mode::Training(_) | Mode::Batch => moments(place, channel, x),
            };
            let inverse = 1.0 / (variance + EPSILON).sqrt();
            let kept = [mean, inverse, variance].map(T::of);
            for (part, value) in kept.into_iter().enumerate() {
                saved.numbers[part * channels + channel] = value;
            }
            let parts = Parts { centre: kept[0], factors: [scales[channel] * kept[1]], constant: shifts[channel] };
            place.mix(channel, [x], parts, out);
        }
    }
}

/// Mean and biased variance, in two passes; the second corrects the rounding of the mean that it was taken about.
#[inline(always)]
fn moments<T: Real>(place: Place, channel: usize, x: &[T]) -> (f64, f64) {
    let count = place.count();
    let [sum, _] = place.sums(channel, [x, x], [T::ZERO; 2]);
    let mean = sum / count;
    let [sum, squares] = place.sums(channel, [x, x], [T::of(mean); 2]);
    let off = sum / count;
    (mean, (squares / count - off * off).max(0.0))
}

/// Sums of δ and δ x̂ over each channel, left as gradients in `scratch`, and the gradient by x:
/// γ r (δ − mean δ − x̂ mean(δ x̂)).
struct Backward<'a, 'b, T> {
    layer: &'a BatchNorm,
    frame: &'a Frame<'a, T>,
    saved: &'a Saved<T>,
    delta: &'a [T],
    scratch: &'a mut Scratch<T>,
    out: Option<&'a mut Delta<'b, T>>,
}

impl<T: Real> Op for Backward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(mut self) {
        let (layer, frame, delta) = (self.layer, self.frame, self.delta);
        let (place, x) = (layer.place(frame), frame.input.values());
        for channel in 0..layer.channels {
            let Statistics { mean, inverse } = layer.statistics(self.saved, channel);
            let [sum, along] = place.sums(channel, [delta, x], [T::ZERO, mean]);
            let along = along * inverse.wide();
            self.scratch.first[channel] = T::of(along);
            self.scratch.second[channel] = T::of(sum);
            let Some(out) = &mut self.out else { continue };
            let [scales, _] = layer.scales(frame.parameters);
            let factor = scales[channel] * inverse;
            let share = share(frame.mode, place);
            let parts = Parts {
                centre: mean,
                factors: [T::of(-(factor * inverse).wide() * along * share), factor],
                constant: T::of(-factor.wide() * sum * share),
            };
            place.mix(channel, [x, delta], parts, *out);
        }
    }
}

/// 1 / m: what one number of a channel is worth in its mean; 0 where the statistics are given.
#[inline(always)]
fn share(mode: &Mode<'_>, place: Place) -> f64 {
    if matches!(mode, Mode::Evaluation(_)) { 0.0 } else { 1.0 / place.count() }
}

/// γ̇ x̂ + γ (r (ẋ − μ̇) + ṙ (x − μ)) + β̇.
struct Along<'a, 'b, T> {
    layer: &'a BatchNorm,
    frame: &'a Frame<'a, T>,
    saved: &'a Saved<T>,
    dot: &'a Dot<'a, T>,
    dot_saved: &'a mut Saved<T>,
    out: &'a mut Tangent<'b, T>,
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

/// The tangent of what [`Backward`] does.
struct AlongBackward<'a, 'b, T> {
    layer: &'a BatchNorm,
    frame: &'a Frame<'a, T>,
    saved: &'a Saved<T>,
    dot: &'a Dot<'a, T>,
    dot_saved: &'a Saved<T>,
    scratch: &'a mut Scratch<T>,
    out: Option<&'a mut Delta<'b, T>>,
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

/// Hands on the gradients by γ and β that the way back left in `scratch`.
struct Give<'a, 'b, T> {
    layer: &'a BatchNorm,
    scratch: &'a Scratch<T>,
    sink: &'a mut Sink<'b, T>,
}

impl<T: Real> Op for Give<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { layer, scratch, sink } = self;
        for (at, gradient) in [(layer.weight, &scratch.first), (layer.bias, &scratch.second)] {
            for (first, gradient) in (0..).step_by(WIDTH).zip(gradient[..layer.channels].chunks(WIDTH)) {
                let mut sums = [T::ZERO; WIDTH];
                sink.start(at + first, &mut sums);
                for (sum, &value) in sums.iter_mut().zip(gradient) {
                    *sum += value;
                }
                sink.take::<F>(at + first, &sums, false);
            }
        }
    }
}
