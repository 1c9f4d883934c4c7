//! Half the sum over outputs of (z − target)²; the target of a class is one-hot.

use super::{LossSums, Targets};
use crate::kernels::{Real, WIDTH};

/// Losses of one panel, each one chain in f64 over the outputs, and scale · (z − target) where `delta` has rows.
#[inline(always)]
pub(super) fn score<T: Real>(
    logits: &[[T; WIDTH]],
    targets: Targets<'_>,
    scale: T,
    delta: &mut [[T; WIDTH]],
    sums: &mut LossSums,
) {
    let n = targets.len(logits.len());
    let mut losses = [0.0f64; WIDTH];
    for (output, row) in logits.iter().enumerate() {
        let mut difference = [T::ZERO; WIDTH];
        for lane in 0..n {
            let target = match targets {
                Targets::Classes(labels) => T::of(f64::from(u8::from(usize::from(labels[lane]) == output))),
                Targets::Numbers(numbers) => T::of(f64::from(numbers[lane * logits.len() + output])),
            };
            difference[lane] = row[lane] - target;
        }
        for (loss, &value) in losses.iter_mut().zip(&difference) {
            *loss = (0.5 * value.wide()).mul_add(value.wide(), *loss);
        }
        if let Some(delta) = delta.get_mut(output) {
            for (delta, value) in delta.iter_mut().zip(difference) {
                *delta = scale * value;
            }
        }
    }
    sums.loss += losses[..n].iter().sum::<f64>();
}

/// scale · ż: the Hessian is the identity.
#[inline(always)]
pub(super) fn bend<T: Real>(dot: &[[T; WIDTH]], scale: T, out: &mut [[T; WIDTH]]) {
    for (out, dot) in out.iter_mut().zip(dot) {
        for (out, &dot) in out.iter_mut().zip(dot) {
            *out = scale * dot;
        }
    }
}
