//! Surrogate paths, as step Gram matrices.

use std::ops::Range;

use traipse_sweep::spec::NullKind;
use traipse_sweep::streams::{Draws, Philox, Purpose};

use super::{copy_block, wishart};
use crate::{Missing, StepGram};

/// One null's surrogates of a path, one after the other.
pub(super) struct Surrogates<'a> {
    kind: NullKind,
    streams: Philox,
    draws: Draws,
    n_drawn: u64,
    n: usize,
    n_parameters: usize,
    learning_rate: &'a [f64],
    norms: Vec<f64>,
    observed: Vec<f64>,
    factor: Vec<f64>,
    current: Vec<f64>,
}

impl<'a> Surrogates<'a> {
    /// Each kind and sample has a stream of its own, so that leaving one out does not change the others.
    pub(super) fn new(
        kind: NullKind,
        gram: &StepGram,
        n_parameters: usize,
        learning_rate: &'a [f64],
        seed: u64,
    ) -> Self {
        let n = gram.n_steps();
        let observed = gram.dense(0..n);
        let purpose = match kind {
            NullKind::Walk | NullKind::LayerWalk | NullKind::MomentumWalk => Purpose::NullWalk,
            NullKind::Signs => Purpose::NullSigns,
            NullKind::Shuffled => Purpose::NullShuffled,
        };
        let streams = Philox::new(seed, purpose);
        Self {
            kind,
            draws: streams.at(0),
            streams,
            n_drawn: 0,
            n,
            n_parameters,
            learning_rate,
            norms: (0..n).map(|i| gram.at(i, i).sqrt()).collect(),
            factor: vec![0.0; n * n],
            current: observed.clone(),
            observed,
        }
    }

    pub(super) fn n_steps(&self) -> usize {
        self.n
    }

    /// Whether the null can say anything about a window.
    pub(super) fn check(&self, steps: Range<usize>) -> Result<(), Missing> {
        let rates = &self.learning_rate[steps];
        let repeats = rates.windows(2).any(|pair| pair[0] == pair[1]);
        if self.kind == NullKind::Shuffled && !repeats { Err(Missing::NothingToShuffle) } else { Ok(()) }
    }

    /// Draws the next surrogate. A shuffled one is drawn by window, in [`Surrogates::block`].
    pub(super) fn next(&mut self) {
        self.draws = self.streams.at(self.n_drawn);
        self.n_drawn += 1;
        match self.kind {
            // The grammar refuses the other two until they are drawn.
            NullKind::Walk | NullKind::LayerWalk | NullKind::MomentumWalk => {
                wishart::random_steps(&self.norms, self.n_parameters, &mut self.draws, &mut self.factor);
                wishart::gram_of(&self.factor, self.n, &mut self.current);
            }
            NullKind::Signs => self.flip(),
            NullKind::Shuffled => {}
        }
    }

    /// The current surrogate's steps in a window; a shuffle takes its steps from the same window of the path.
    pub(super) fn block(&mut self, steps: Range<usize>, block: &mut Vec<f64>) {
        if self.kind != NullKind::Shuffled {
            return copy_block(&self.current, self.n, steps, block);
        }
        let order = self.shuffle(steps);
        block.clear();
        for &i in &order {
            block.extend(order.iter().map(|&j| self.observed[i as usize * self.n + j as usize]));
        }
    }

    fn flip(&mut self) {
        let signs: Vec<f64> = (0..self.n).map(|_| if self.draws.next_u64() >> 63 == 0 { 1.0 } else { -1.0 }).collect();
        for i in 0..self.n {
            for j in 0..self.n {
                self.current[i * self.n + j] = signs[i] * signs[j] * self.observed[i * self.n + j];
            }
        }
    }

    /// The steps in random order, within neighbours of equal learning rate.
    fn shuffle(&mut self, steps: Range<usize>) -> Vec<u32> {
        let mut order: Vec<u32> = (steps.start as u32..steps.end as u32).collect();
        let rates = &self.learning_rate[steps];
        let mut start = 0;
        for block in rates.chunk_by(|a, b| a == b) {
            self.draws.shuffle(&mut order[start..start + block.len()]);
            start += block.len();
        }
        order
    }
}
