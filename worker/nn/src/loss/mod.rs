//! What is minimised: from logits to a loss, its gradient by the logits, and its Hessian.

mod cross_entropy;
mod mse;
#[cfg(test)]
mod tests;

use traipse_sweep::settings;

use crate::kernels::{Family, Isa, Op, Real, WIDTH, padded, panels};

/// The loss of one chunk of examples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// Which loss.
    pub(crate) loss: settings::Loss,
    /// Logits an example.
    pub(crate) n_outputs: usize,
}

/// What the outputs should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Targets<'a> {
    /// One class an example.
    Classes(&'a [u8]),
    /// `n_outputs` numbers an example.
    Numbers(&'a [f32]),
}

/// Sums over the examples of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LossSums {
    /// Σ loss, in order of the examples.
    pub(crate) loss: f64,
    /// Examples whose largest logit (the first, among equals) is not the label's; 0 for targets without classes.
    pub(crate) wrong: u64,
}

impl Head {
    /// Sums the losses; where `delta` is not empty, writes scale · ∂loss/∂logits to it.
    pub(crate) fn score<T: Real>(
        &self,
        isa: Isa,
        logits: &[T],
        targets: Targets<'_>,
        scale: T,
        delta: &mut [T],
    ) -> LossSums {
        isa.run(Score { head: self, logits, targets, scale, delta })
    }

    /// Writes scale · H ż to `out`, with H the loss's Hessian by the logits and ż the logits' tangent.
    pub(crate) fn bend<T: Real>(
        &self,
        isa: Isa,
        logits: &[T],
        targets: Targets<'_>,
        dot: &[T],
        scale: T,
        out: &mut [T],
    ) {
        isa.run(Bend { head: self, logits, targets, dot, scale, out });
    }
}

impl Targets<'_> {
    /// Examples.
    pub(crate) fn len(&self, n_outputs: usize) -> usize {
        match self {
            Self::Classes(labels) => labels.len(),
            Self::Numbers(numbers) => numbers.len() / n_outputs.max(1),
        }
    }

    /// The targets of the examples of one panel.
    fn panel(&self, panel: usize, n_outputs: usize) -> Self {
        let part = |n: usize, each: usize| panel * WIDTH * each..((panel + 1) * WIDTH * each).min(n);
        match self {
            Self::Classes(labels) => Targets::Classes(&labels[part(labels.len(), 1)]),
            Self::Numbers(numbers) => Targets::Numbers(&numbers[part(numbers.len(), n_outputs)]),
        }
    }
}

struct Score<'a, T> {
    head: &'a Head,
    logits: &'a [T],
    targets: Targets<'a>,
    scale: T,
    delta: &'a mut [T],
}

impl<T: Real> Op for Score<'_, T> {
    type Output = LossSums;

    #[inline(always)]
    fn run<F: Family>(self) -> LossSums {
        let n_outputs = self.head.n_outputs;
        let height = padded(n_outputs) * WIDTH;
        let mut sums = LossSums::default();
        for panel in 0..panels(self.targets.len(n_outputs)) {
            let logits = &self.logits[panel * height..][..n_outputs * WIDTH].as_chunks::<WIDTH>().0;
            let targets = self.targets.panel(panel, n_outputs);
            let delta = if self.delta.is_empty() {
                &mut [][..]
            } else {
                self.delta[panel * height..][..n_outputs * WIDTH].as_chunks_mut::<WIDTH>().0
            };
            let largest = largest(logits);
            match self.head.loss {
                settings::Loss::CrossEntropy => {
                    cross_entropy::score(logits, &largest, targets, self.scale, delta, &mut sums);
                }
                settings::Loss::Mse => mse::score(logits, targets, self.scale, delta, &mut sums),
            }
            if let Targets::Classes(labels) = targets {
                let pairs = largest.1.iter().zip(labels);
                sums.wrong += pairs.filter(|&(&top, &label)| top != u32::from(label)).count() as u64;
            }
        }
        sums
    }
}

/// The largest logit of each example of a panel, and the first class that has it.
type Largest<T> = ([T; WIDTH], [u32; WIDTH]);

#[inline(always)]
fn largest<T: Real>(logits: &[[T; WIDTH]]) -> Largest<T> {
    let mut best = logits[0];
    let mut at = [0u32; WIDTH];
    for (class, row) in (1u32..).zip(&logits[1..]) {
        for lane in 0..WIDTH {
            let above = row[lane] > best[lane];
            best[lane] = if above { row[lane] } else { best[lane] };
            at[lane] = if above { class } else { at[lane] };
        }
    }
    (best, at)
}

struct Bend<'a, T> {
    head: &'a Head,
    logits: &'a [T],
    targets: Targets<'a>,
    dot: &'a [T],
    scale: T,
    out: &'a mut [T],
}

impl<T: Real> Op for Bend<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let n_outputs = self.head.n_outputs;
        let height = padded(n_outputs) * WIDTH;
        let n = self.targets.len(n_outputs);
        for panel in 0..panels(n) {
            let used = (n - panel * WIDTH).min(WIDTH);
            let part = |values| -> &[[T; WIDTH]] {
                let values: &[T] = values;
                values[panel * height..][..n_outputs * WIDTH].as_chunks::<WIDTH>().0
            };
            let (logits, dot) = (part(self.logits), part(self.dot));
            let out = self.out[panel * height..][..n_outputs * WIDTH].as_chunks_mut::<WIDTH>().0;
            match self.head.loss {
                settings::Loss::CrossEntropy => cross_entropy::bend(logits, dot, self.scale, out),
                settings::Loss::Mse => mse::bend(dot, self.scale, out),
            }
            for row in out {
                row[used..].fill(T::ZERO);
            }
        }
    }
}
