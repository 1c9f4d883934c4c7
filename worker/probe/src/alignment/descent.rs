//! Coordinate descent: one group's assignment at a time, all others fixed.

use traipse_sweep::streams::Draws;

use super::gains::{self, Strips};
use super::symmetry::{Symmetry, View};
use super::{Permutations, assign};
use crate::{Element, lanes};

/// A change counts as a gain above this share of ‖θ_A‖ ‖θ_B‖ (of 1 where that is smaller).
const LEAST_GAIN: f64 = 1e-12;

/// Sweeps over all groups at most. Every change gains, so the search ends without it; some five are usual.
const MAX_SWEEPS: usize = 100;

/// A search between two networks, with its working memory.
pub(super) struct Descent<'a, T> {
    symmetry: &'a Symmetry,
    theta: [&'a [T]; 2],
    least_gain: f64,
    strips: [Strips; 2],
    gains: Vec<f64>,
}

impl<'a, T: Element> Descent<'a, T> {
    pub(super) fn new(symmetry: &'a Symmetry, theta: [&'a [T]; 2]) -> Self {
        let [a, b] = theta.map(lanes::norm_square);
        let least_gain = LEAST_GAIN * (a * b).sqrt().max(1.0);
        Self { symmetry, theta, least_gain, strips: Default::default(), gains: Vec::new() }
    }

    /// ⟨θ_A, π(θ_B)⟩.
    pub(super) fn objective(&self, permutations: &Permutations) -> f64 {
        let moved = self.symmetry.permute(permutations, self.theta[1]);
        lanes::dot(self.theta[0], &moved)
    }

    /// The permutations found group by group from the input on, with the weights between groups that are known already.
    /// Where B is a permuted copy of A this is the whole answer.
    pub(super) fn forward(&mut self) -> Permutations {
        let mut permutations = self.symmetry.identity();
        for group in 0..permutations.len() {
            let is_known = |other: Option<usize>| other.is_none_or(|other| other < group);
            self.collect(group, &permutations, is_known);
            permutations[group] = assign::assign(permutations[group].len(), &self.gains);
        }
        permutations
    }

    /// Sweeps over the groups in random order until none gains; the objective at the start and after every change.
    pub(super) fn run(&mut self, from: Permutations, draws: &mut Draws) -> (Permutations, Vec<f64>) {
        let mut history = vec![self.objective(&from)];
        let mut permutations = from;
        let mut order: Vec<usize> = (0..permutations.len()).collect();
        for _ in 0..MAX_SWEEPS {
            draws.shuffle(&mut order);
            let before = history.len();
            for &group in &order {
                if let Some(gain) = self.improve(group, &mut permutations) {
                    history.push(history[history.len() - 1] + gain);
                }
            }
            // A single group has its best answer after one solution.
            if history.len() == before || order.len() == 1 {
                break;
            }
        }
        (permutations, history)
    }

    /// The gain of the best permutation of one group, if there is any.
    fn improve(&mut self, group: usize, permutations: &mut Permutations) -> Option<f64> {
        self.collect(group, permutations, |_| true);
        let n = permutations[group].len();
        let best = assign::assign(n, &self.gains);
        let value = |columns: &[usize]| columns.iter().enumerate().map(|(i, &j)| self.gains[i * n + j]).sum::<f64>();
        let gain = value(&best) - value(&permutations[group]);
        (gain > self.least_gain).then(|| {
            permutations[group] = best;
            gain
        })
    }

    /// Makes `gains[i · n + j]` what ⟨θ_A, π(θ_B)⟩ has from channel j of B in the place of channel i, with all other
    /// groups as they are; of the tensors whose other group `counts`.
    fn collect(&mut self, group: usize, permutations: &Permutations, counts: impl Fn(Option<usize>) -> bool) {
        let n = permutations[group].len();
        self.gains.clear();
        self.gains.resize(n * n, 0.0);
        for view in &self.symmetry.parameters {
            if view.rows.group == Some(group) && counts(view.columns.group) {
                self.strips_of_rows(view, n, permutations);
            } else if view.columns.group == Some(group) && counts(view.rows.group) {
                self.strips_of_columns(view, n, permutations);
            } else {
                continue;
            }
            gains::add(&mut self.gains, n, &self.strips[0], &self.strips[1]);
        }
    }

    fn strips_of_rows(&mut self, view: &View, n: usize, permutations: &Permutations) {
        let len = view.row_len();
        let [a, b] = self.theta.map(|theta| &theta[view.start..][..n * len]);
        self.strips[0].fill(n, len, |row, term| a[row * len + term].into());
        // Where the number at `term` comes from is the same in every row.
        let source: Vec<usize> = (0..len)
            .map(|term| view.columns.source(permutations, term / view.inner) * view.inner + term % view.inner)
            .collect();
        self.strips[1].fill(n, len, |row, term| b[row * len + source[term]].into());
    }

    fn strips_of_columns(&mut self, view: &View, n: usize, permutations: &Permutations) {
        let (len, inner, n_terms) = (view.row_len(), view.inner, view.rows.len * view.inner);
        let [a, b] = self.theta.map(|theta| &theta[view.start..][..view.rows.len * len]);
        let at = |row: usize, column: usize, term: usize| row * len + column * inner + term % inner;
        self.strips[0].fill(n, n_terms, |column, term| a[at(term / inner, column, term)].into());
        let rows: Vec<usize> = (0..view.rows.len).map(|row| view.rows.source(permutations, row)).collect();
        self.strips[1].fill(n, n_terms, |column, term| b[at(rows[term / inner], column, term)].into());
    }
}
