//! Weights in the order in which a correlation reads them: [phase][block of eight results][tap][source channel][8].

use super::super::lanes::{Family, Lanes};
use super::super::real::Real;
use super::super::{Op, ROWS, WIDTH, padded};
use super::correlate::Plan;

/// For the way forward: results are the outputs.
pub(crate) struct PackByOutputs<'a, T> {
    /// Of the way forward.
    pub(crate) plan: &'a Plan,
    /// In panels.
    pub(crate) weights: &'a [T],
    /// At least [`Plan::packed_numbers`].
    pub(crate) out: &'a mut [T],
}

/// For the way back: results are the inputs.
pub(crate) struct PackByInputs<'a, T> {
    /// Of the way back.
    pub(crate) plan: &'a Plan,
    /// In panels.
    pub(crate) weights: &'a [T],
    /// At least [`Plan::packed_numbers`].
    pub(crate) out: &'a mut [T],
}

impl Plan {
    /// Calls `each` with (block, taps' indices in the kernel, place among the packed) of every block and pair of taps.
    #[inline(always)]
    fn taps(&self, mut each: impl FnMut(usize, [usize; 2], usize)) {
        for (py, rows) in self.y.phases.iter().enumerate() {
            for (px, columns) in self.x.phases.iter().enumerate() {
                let mut at = self.base(py, px);
                for block in 0..self.blocks() {
                    for &ky in rows {
                        for &kx in columns {
                            each(block, [ky, kx], at);
                            at += self.source.channels * ROWS;
                        }
                    }
                }
            }
        }
    }
}

impl<T: Real> Op for PackByOutputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { plan, weights, out } = self;
        let [channels, kernel] = [plan.source.channels, plan.kernel];
        let height = padded(channels * kernel * kernel) * WIDTH;
        plan.taps(|block, [ky, kx], at| {
            let output = block * ROWS;
            let panel = &weights[output / WIDTH * height..][..height];
            for (channel, out) in out[at..][..channels * ROWS].as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
                let k = (channel * kernel + ky) * kernel + kx;
                out.copy_from_slice(&panel[k * WIDTH + output % WIDTH..][..ROWS]);
            }
        });
    }
}

impl<T: Real> Op for PackByInputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { plan, weights, out } = self;
        let [inputs, outputs, kernel] = [plan.result.channels, plan.source.channels, plan.kernel];
        let height = padded(inputs * kernel * kernel) * WIDTH;
        plan.taps(|block, [ky, kx], at| {
            let used = (inputs - block * ROWS).min(ROWS);
            let k = |r: usize| ((block * ROWS + r) * kernel + ky) * kernel + kx;
            let out = &mut out[at..][..outputs * ROWS];
            for output in (0..outputs).step_by(ROWS) {
                let from = output / WIDTH * height + output % WIDTH;
                if used == ROWS && output + ROWS <= outputs {
                    let (last, stride) = (from + k(ROWS - 1) * WIDTH + ROWS, kernel * kernel * WIDTH);
                    assert!(last <= weights.len() && (output + ROWS) * ROWS <= out.len(), "both blocks are whole");
                    // SAFETY: eight rows of eight numbers, `stride` apart, the last of which ends at `last`, and eight
                    // rows of eight numbers one after another, all inside (asserted); `F` is right by `Isa`.
                    unsafe {
                        let (from, to) =
                            (weights.as_ptr().add(from + k(0) * WIDTH), out.as_mut_ptr().add(output * ROWS));
                        T::On::<F>::transpose8(from, stride, to, ROWS);
                    }
                    continue;
                }
                let rows = out[output * ROWS..].as_chunks_mut::<ROWS>().0.iter_mut();
                for (o, out) in rows.take(ROWS).enumerate() {
                    for (r, out) in out.iter_mut().enumerate() {
                        *out = if r < used { weights[from + k(r) * WIDTH + o] } else { T::ZERO };
                    }
                }
            }
        });
    }
}
