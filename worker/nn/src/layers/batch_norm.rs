//! Each channel normalised over the examples of a batch and their pixels.
//!
//! With m numbers in a channel, mean μ and (biased) variance σ², r = 1 / √(σ² + ε) and x̂ = r (x − μ), the output is
//! γ x̂ + β. All that is written, forward, back, and along a tangent, is a linear combination of x − μ, δ and their
//! tangents whose coefficients belong to the channel; they follow from sums over the channel ([`Place::sums`]), and
//! [`Place::mix`] does the rest. A channel is summed and mixed before the next one is read, while it is in the cache.
//!
//! Where running statistics are given, μ and r are constants and all sums over δ drop out of the gradients by x.

mod along;
mod mix;

use std::ops::Range;

use traipse_sweep::network::Node;

use super::{Dot, Frame, Into, Layer, Mode, Places, Room, Saved, Scratch};
use crate::kernels::{Delta, Family, Op, Outputs, Real, Sink, Tangent, WIDTH, panels};
use along::{Along, AlongBackward};
use mix::{Parts, Place};

/// Added to variances (PyTorch's).
pub(super) const EPSILON: f64 = 1e-5;

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

    /// With the unbiased variance (the biased one where a channel has a single number).
    fn update_running(&self, n: usize, saved: &Saved<T>, share: f64, running: &mut [f64]) {
        let count = (n * self.pixels) as f64;
        let (means, variances) = running.split_at_mut(self.channels);
        for (channel, (mean, variance)) in means.iter_mut().zip(variances).enumerate() {
            let found = saved.numbers[2 * self.channels + channel].wide() * (count / (count - 1.0).max(1.0));
            *mean = (1.0 - share) * *mean + share * saved.numbers[channel].wide();
            *variance = (1.0 - share) * *variance + share * found;
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
