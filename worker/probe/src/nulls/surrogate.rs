//! Surrogate paths, as step Gram matrices.

use std::ops::Range;

use traipse_sweep::spec::NullKind;
use traipse_sweep::streams::{Draws, Philox, Purpose};

use super::{LayerSteps, Setup, copy_block, momentum, wishart};
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
    layers: &'a [LayerSteps],
    /// L of L L' = the correlations of a walk with momentum; none where there is no momentum.
    root: Option<Vec<f64>>,
    norms: Vec<f64>,
    observed: Vec<f64>,
    independent: Vec<f64>,
    factor: Vec<f64>,
    current: Vec<f64>,
}

impl<'a> Surrogates<'a> {
    /// Each kind and sample has a stream of its own, so that leaving one out does not change the others.
    pub(super) fn new(kind: NullKind, gram: &StepGram, n_parameters: usize, setup: &Setup<'a>) -> Self {
        let n = gram.n_steps();
        let observed = gram.dense(0..n);
        let purpose = match kind {
            NullKind::Walk => Purpose::NullWalk,
            NullKind::LayerWalk => Purpose::NullLayerWalk,
            NullKind::MomentumWalk => Purpose::NullMomentumWalk,
            NullKind::Signs => Purpose::NullSigns,
            NullKind::Shuffled => Purpose::NullShuffled,
        };
        let streams = Philox::new(setup.seed, purpose);
        let momentum = setup.momentum.filter(|_| kind == NullKind::MomentumWalk);
        let root = momentum.map(|momentum| momentum::cholesky(&momentum::correlations(setup.steps, momentum), n));
        Self {
            kind,
            draws: streams.at(0),
            streams,
            n_drawn: 0,
            n,
            n_parameters,
            learning_rate: setup.learning_rate,
            layers: setup.layers,
            root,
            norms: (0..n).map(|i| gram.at(i, i).sqrt()).collect(),
            independent: vec![0.0; n * n],
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
        match self.kind {
            NullKind::Shuffled if rates.windows(2).all(|pair| pair[0] != pair[1]) => Err(Missing::NothingToShuffle),
            NullKind::MomentumWalk if self.root.is_none() => Err(Missing::NoMomentum),
            _ => Ok(()),
        }
    }

    /// Draws the next surrogate. A shuffled one is drawn by window, in [`Surrogates::block`].
    pub(super) fn next(&mut self) {
        self.draws = self.streams.at(self.n_drawn);
        self.n_drawn += 1;
        match self.kind {
            NullKind::Walk => {
                wishart::random_steps(&self.norms, self.n_parameters, &mut self.draws, &mut self.factor);
                wishart::gram_of(&self.factor, self.n, &mut self.current);
            }
            NullKind::LayerWalk => self.walk_by_layer(),
            NullKind::MomentumWalk => self.walk_with_momentum(),
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

    /// The Gram matrix of blocks side by side is the sum of theirs.
    fn walk_by_layer(&mut self) {
        let sample = self.n_drawn - 1;
        self.current.fill(0.0);
        for (part, layer) in (0..).zip(self.layers) {
            let mut draws = self.streams.at_part(sample, part);
            wishart::random_steps(&layer.norms, layer.n_parameters, &mut draws, &mut self.factor);
            wishart::gram_of(&self.factor, self.n, &mut self.independent);
            self.current.iter_mut().zip(&self.independent).for_each(|(sum, entry)| *sum += entry);
        }
    }

    fn walk_with_momentum(&mut self) {
        let Some(root) = &self.root else { return };
        let Self { norms, n_parameters, draws, independent, factor, .. } = self;
        wishart::correlated_steps(root, norms, *n_parameters, draws, independent, factor);
        wishart::gram_of(&self.factor, self.n, &mut self.current);
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
