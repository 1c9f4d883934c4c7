//! −log softmax(z)[label], in nats.
//!
//! With m the largest logit, loss = ln(1 + Σ' e^(z−m)) + (m − z_label), the sum without the largest, so that a small
//! loss keeps its digits. The label's gradient is minus the sum of the others', for the same reason.

use super::{Largest, LossSums, Targets, largest};
use crate::kernels::{Real, WIDTH};

/// Losses of one panel, and scale · (softmax − one-hot) where `delta` has rows.
#[inline(always)]
pub(super) fn score<T: Real>(
    logits: &[[T; WIDTH]],
    (largest, top): &Largest<T>,
    targets: Targets<'_>,
    scale: T,
    delta: &mut [[T; WIDTH]],
    sums: &mut LossSums,
) {
    let Targets::Classes(labels) = targets else { unreachable!("cross-entropy has classes, checked with the problem") };
    let mut label = [u32::MAX; WIDTH];
    let mut own = [T::ZERO; WIDTH];
    for ((to, own), (lane, &class)) in label.iter_mut().zip(&mut own).zip(labels.iter().enumerate()) {
        (*to, *own) = (u32::from(class), logits[usize::from(class)][lane]);
    }
    let (mut others, mut rest) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
    for (class, row) in (0u32..).zip(logits) {
        let mut power = [T::ZERO; WIDTH];
        for lane in 0..WIDTH {
            power[lane] = (row[lane] - largest[lane]).exp();
            others[lane] += if class == top[lane] { T::ZERO } else { power[lane] };
            rest[lane] += if class == label[lane] { T::ZERO } else { power[lane] };
        }
        if let Some(delta) = delta.get_mut(class as usize) {
            *delta = power;
        }
    }
    // A logit that is not a number may hide from the comparisons, but not from the sums.
    for lane in 0..labels.len() {
        sums.loss += libm::log1p(others[lane].wide()) + (largest[lane].wide() - own[lane].wide());
    }
    let mut factor = [T::ZERO; WIDTH];
    for lane in 0..labels.len() {
        factor[lane] = scale / (others[lane] + T::ONE);
    }
    for (class, delta) in (0u32..).zip(delta) {
        for lane in 0..WIDTH {
            let value = delta[lane] * factor[lane];
            delta[lane] = if class == label[lane] { -(rest[lane] * factor[lane]) } else { value };
        }
    }
}

/// scale · (p ∘ ż − p (p · ż)), p the softmax.
#[inline(always)]
pub(super) fn bend<T: Real>(logits: &[[T; WIDTH]], dot: &[[T; WIDTH]], scale: T, out: &mut [[T; WIDTH]]) {
    let (largest, _) = largest(logits);
    let (mut sum, mut along) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
    for ((row, dot), out) in logits.iter().zip(dot).zip(&mut *out) {
        for lane in 0..WIDTH {
            out[lane] = (row[lane] - largest[lane]).exp();
            sum[lane] += out[lane];
            along[lane] = out[lane].fma(dot[lane], along[lane]);
        }
    }
    for (dot, out) in dot.iter().zip(out) {
        for lane in 0..WIDTH {
            let mean = along[lane] / sum[lane];
            out[lane] = scale * (out[lane] / sum[lane]) * (dot[lane] - mean);
        }
    }
}
