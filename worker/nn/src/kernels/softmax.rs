//! Softmax cross-entropy: loss, hits and the gradient by the logits.

use super::lanes::Lanes;
use super::math::exp;
use super::{LANES, Op, WIDTH, padded};

/// Most classes: labels are bytes.
const MAX_CLASSES: usize = 256;

/// Replaces logits by scale · ∂loss/∂logits, where `gradient` is set, and sums the losses.
///
/// With m the largest logit, loss = ln(1 + Σ' e^(z−m)) + (m − z_label), the sum without the largest, so that a small
/// loss keeps its digits. The label's gradient is minus the sum of the others', for the same reason.
pub(crate) struct Softmax<'a> {
    /// In panels; padding columns become 0.
    pub(crate) logits: &'a mut [f32],
    /// One an example.
    pub(crate) labels: &'a [u8],
    /// Columns in use.
    pub(crate) n_classes: usize,
    /// What the gradient is multiplied by.
    pub(crate) scale: f32,
    /// Whether the gradient is wanted.
    pub(crate) gradient: bool,
}

/// Sums over the examples of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct SoftmaxSums {
    /// Σ loss, in order of the examples.
    pub(crate) loss: f64,
    /// Examples whose largest logit (the first, among equals) is not the label's.
    pub(crate) wrong: u64,
}

impl Op for Softmax<'_> {
    type Output = SoftmaxSums;

    #[inline(always)]
    fn run<L: Lanes>(self) -> SoftmaxSums {
        let rows = padded(self.labels.len());
        let mut sums = SoftmaxSums::default();
        let mut scratch = [f32::NEG_INFINITY; MAX_CLASSES];
        for (row, &label) in self.labels.iter().enumerate() {
            let n = self.n_classes;
            for (panel, values) in scratch[..n].chunks_mut(WIDTH).enumerate() {
                values.copy_from_slice(&self.logits[(panel * rows + row) * WIDTH..][..values.len()]);
            }
            let (loss, wrong) = example(&mut scratch[..n.next_multiple_of(LANES)], n, usize::from(label), self.scale);
            sums.loss += loss;
            sums.wrong += u64::from(wrong);
            if self.gradient {
                for (panel, values) in scratch[..n].chunks(WIDTH).enumerate() {
                    self.logits[(panel * rows + row) * WIDTH..][..values.len()].copy_from_slice(values);
                }
            }
            scratch[n..n.next_multiple_of(LANES)].fill(f32::NEG_INFINITY);
        }
        sums
    }
}

/// One example: logits become scaled gradients; the loss, and whether the prediction is wrong.
#[inline(always)]
fn example(values: &mut [f32], n: usize, label: usize, scale: f32) -> (f64, bool) {
    let mut top = 0;
    for class in 1..n {
        if values[class] > values[top] {
            top = class;
        }
    }
    let (largest, own) = (values[top], values[label]);
    for value in values.iter_mut() {
        *value = exp(*value - largest);
    }
    let mut others = 0.0f32;
    let mut not_label = 0.0f32;
    for (class, &value) in values[..n].iter().enumerate() {
        others += if class == top { 0.0 } else { value };
        not_label += if class == label { 0.0 } else { value };
    }
    // A logit that is not a number may hide from the comparisons above, but not from the sums.
    let loss = libm::log1p(f64::from(others)) + (f64::from(largest) - f64::from(own));
    let factor = scale / (others + 1.0);
    for value in &mut values[..n] {
        *value *= factor;
    }
    values[label] = -(not_label * factor);
    (loss, top != label)
}
