//! What a network says about each example, and how two of them differ.

use traipse_nn::{Evaluator, Problem, Rows};
use traipse_sweep::settings::Loss;

use crate::{Element, Missing};

/// Classes and their probabilities for every test example, at one θ.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    n_outputs: usize,
    /// The largest output of each example, the first of equals.
    classes: Vec<u32>,
    /// ln p, examples × outputs; empty where outputs are no logits of probabilities.
    log_probabilities: Vec<f64>,
}

impl Predictions {
    /// On the test set. Cost: one forward pass over it. Memory: two numbers an example and output.
    ///
    /// # Errors
    /// [`Missing::NoClasses`] of a regression, [`Missing::NoTestSet`], or [`Missing::NotFinite`] where an output is not
    /// a number.
    ///
    /// # Panics
    /// If there is not one value a parameter and a buffer.
    pub fn at<T: Element>(
        problem: &Problem,
        evaluator: &mut Evaluator<T>,
        theta: &[T],
        buffers: &[f64],
    ) -> Result<Self, Missing> {
        let data = problem.data();
        if data.is_regression() {
            return Err(Missing::NoClasses);
        }
        if data.test.is_empty() {
            return Err(Missing::NoTestSet);
        }
        let mut outputs = vec![T::ZERO; data.test.len() * problem.n_outputs()];
        evaluator.outputs(theta, buffers, Rows::Test, &mut outputs);
        let outputs: Vec<f64> = outputs.into_iter().map(Into::into).collect();
        Self::of(&outputs, problem.n_outputs(), problem.settings().train.loss == Loss::CrossEntropy)
    }

    /// Of outputs, examples × outputs; `are_logits` where their softmax is what the network predicts.
    ///
    /// # Errors
    /// [`Missing::NotFinite`].
    ///
    /// # Panics
    /// If there are no whole rows.
    pub fn of(outputs: &[f64], n_outputs: usize, are_logits: bool) -> Result<Self, Missing> {
        assert!(n_outputs > 0 && outputs.len().is_multiple_of(n_outputs), "whole rows");
        if !outputs.iter().all(|output| output.is_finite()) {
            return Err(Missing::NotFinite);
        }
        let rows = || outputs.chunks_exact(n_outputs);
        let log_probabilities = if are_logits { rows().flat_map(log_softmax).collect() } else { Vec::new() };
        Ok(Self { n_outputs, classes: rows().map(class).collect(), log_probabilities })
    }

    /// The share of examples whose classes differ; NaN of no examples.
    ///
    /// # Panics
    /// If they are not of the same examples.
    #[must_use]
    pub fn disagreement(&self, other: &Self) -> f64 {
        self.assert_fits(other);
        let n_apart = self.classes.iter().zip(&other.classes).filter(|(a, b)| a != b).count();
        n_apart as f64 / self.classes.len() as f64
    }

    /// The mean over examples of KL(p ‖ q) = Σ p ln(p/q), p being this one's probabilities and q the other's.
    ///
    /// # Errors
    /// [`Missing::NoProbabilities`].
    ///
    /// # Panics
    /// If they are not of the same examples.
    pub fn divergence_from(&self, other: &Self) -> Result<f64, Missing> {
        self.mean_over_outputs(other, |p, q| libm::exp(p) * (p - q))
    }

    /// The mean over examples of (KL(p ‖ q) + KL(q ‖ p))/2.
    ///
    /// # Errors
    /// [`Missing::NoProbabilities`].
    ///
    /// # Panics
    /// If they are not of the same examples.
    pub fn symmetrised_divergence(&self, other: &Self) -> Result<f64, Missing> {
        self.mean_over_outputs(other, |p, q| 0.5 * (libm::exp(p) - libm::exp(q)) * (p - q))
    }

    /// Σ over outputs of a term in ln p and ln q, the mean over examples.
    fn mean_over_outputs(&self, other: &Self, term: impl Fn(f64, f64) -> f64) -> Result<f64, Missing> {
        self.assert_fits(other);
        if self.log_probabilities.is_empty() || other.log_probabilities.is_empty() {
            return Err(Missing::NoProbabilities);
        }
        let rows = self
            .log_probabilities
            .chunks_exact(self.n_outputs)
            .zip(other.log_probabilities.chunks_exact(self.n_outputs));
        let sums = rows.map(|(p, q)| p.iter().zip(q).map(|(&p, &q)| term(p, q)).sum::<f64>());
        // Rounding alone may take a divergence of nothing below 0.
        Ok((sums.sum::<f64>() / self.classes.len() as f64).max(0.0))
    }

    fn assert_fits(&self, other: &Self) {
        assert_eq!(
            (self.classes.len(), self.n_outputs),
            (other.classes.len(), other.n_outputs),
            "predictions are compared on the same examples"
        );
    }
}

/// zⱼ − ln Σ eᶻ, with the largest taken out.
fn log_softmax(logits: &[f64]) -> impl Iterator<Item = f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|z| libm::exp(z - largest)).sum();
    let shift = largest + libm::log(sum);
    logits.iter().map(move |z| z - shift)
}

fn class(outputs: &[f64]) -> u32 {
    let mut best = 0;
    for (at, output) in outputs.iter().enumerate() {
        if *output > outputs[best] {
            best = at;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(outputs: &[f64]) -> Predictions {
        Predictions::of(outputs, 3, true).unwrap()
    }

    #[test]
    fn the_same_network_agrees_with_itself() {
        let one = of(&[1.0, 2.0, -300.0, 1e5, 0.0, 0.0]);
        assert_eq!((one.disagreement(&one), one.divergence_from(&one)), (0.0, Ok(0.0)));
        // A constant added to all outputs changes nothing.
        let shifted = of(&[4.0, 5.0, -297.0, 1e5 + 3.0, 3.0, 3.0]);
        assert!(one.divergence_from(&shifted).unwrap() < 1e-11);
        assert_eq!(one.symmetrised_divergence(&one), Ok(0.0));
    }

    #[test]
    fn a_permutation_of_examples_disagrees_where_classes_do() {
        let (one, other) = (of(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), of(&[0.0, 1.0, 0.0, 0.0, 1.0, 1.0]));
        // Of equal outputs the first counts.
        assert_eq!(one.disagreement(&other), 0.5);
    }

    #[test]
    fn divergence_is_that_of_two_coins() {
        // p = (1/2, 1/2), q = (1/5, 4/5): ln(5/4) and ln 2 − ... by hand.
        let [ln_p, ln_q, ln_r] = [0.5, 0.2, 0.8].map(libm::log);
        let coin = |outputs: &[f64]| Predictions::of(outputs, 2, true).unwrap();
        let (p, q) = (coin(&[ln_p, ln_p]), coin(&[ln_q, ln_r]));
        let (forward, back) = (0.5 * libm::log(0.25 / 0.16), 0.2 * libm::log(0.4) + 0.8 * libm::log(1.6));
        assert!((p.divergence_from(&q).unwrap() - forward).abs() < 1e-15);
        assert!((q.divergence_from(&p).unwrap() - back).abs() < 1e-15);
        assert!((p.symmetrised_divergence(&q).unwrap() - 0.5 * (forward + back)).abs() < 1e-15);
    }

    #[test]
    fn outputs_that_are_no_logits_have_classes_alone() {
        let one = Predictions::of(&[0.9, 0.1, 0.0], 3, false).unwrap();
        assert_eq!((one.disagreement(&one), one.divergence_from(&one)), (0.0, Err(Missing::NoProbabilities)));
        assert_eq!(Predictions::of(&[f64::NAN, 0.0], 2, true), Err(Missing::NotFinite));
    }
}
