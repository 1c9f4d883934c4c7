//! How the displacements between snapshots correlate for a walk whose optimiser has momentum.
//!
//! The walk is v ← β v + ξ, θ ← θ + v with independent ξ of one variance, from v = 0 at step 0; with Nesterov's momentum
//! θ ← θ + ξ + β v. A displacement between snapshots is a sum of such updates. Each coordinate does the same, so that one
//! small matrix of correlations holds for all of them. The learning rate is taken to be constant between neighbouring
//! snapshots: its size drops out, since the surrogates have the observed norms.

/// The memory of an optimiser's steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// β, from 0 to below 1.
    pub beta: f64,
    /// Whether the update looks ahead.
    pub nesterov: bool,
}

/// Second moments of a coordinate on its way through one interval, noise of variance 1.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    /// E v².
    velocity: f64,
    /// E (displacement · v).
    product: f64,
    /// E displacement².
    displacement: f64,
}

impl Moments {
    fn step(&mut self, Momentum { beta, nesterov }: Momentum) {
        let velocity = beta * beta * self.velocity + 1.0;
        // The update is a v_before + b ξ, and the new v is β v_before + ξ.
        let (a, b) = if nesterov { (beta * beta, 1.0 + beta) } else { (beta, 1.0) };
        self.displacement += 2.0 * a * self.product + a * a * self.velocity + b * b;
        self.product = beta * self.product + a * beta * self.velocity + b;
        self.velocity = velocity;
    }
}

/// The correlations of the displacements between snapshots at `steps`: n × n for n + 1 snapshots, dense.
///
/// Far from the start and at stride k, neighbours have β(1 − βᵏ)² / (k(1 − β²) − 2β(1 − βᵏ)).
///
/// Cost: O(T² + optimiser steps).
pub(super) fn correlations(steps: &[u64], momentum: Momentum) -> Vec<f64> {
    let n = steps.len() - 1;
    let mut moments = Moments::default();
    let mut intervals = Vec::with_capacity(n);
    for pair in steps.windows(2) {
        moments = Moments { velocity: moments.velocity, ..Moments::default() };
        (pair[0]..pair[1]).for_each(|_| moments.step(momentum));
        intervals.push(moments);
    }
    let Momentum { beta, nesterov } = momentum;
    let ahead = if nesterov { beta * beta } else { beta };
    let mut correlations = vec![0.0; n * n];
    for i in 0..n {
        correlations[i * n + i] = 1.0;
        // What the velocity at the end of interval i still moves in interval j.
        let mut power = 1.0;
        for j in i + 1..n {
            let stride = int_power(beta, steps[j + 1] - steps[j]);
            let covariance = intervals[i].product * power * ahead * (1.0 - stride) / (1.0 - beta);
            let deviations = (intervals[i].displacement * intervals[j].displacement).sqrt();
            correlations[i * n + j] = covariance / deviations;
            correlations[j * n + i] = covariance / deviations;
            power *= stride;
        }
    }
    correlations
}

/// L of L L' = `matrix`, n × n and positive definite: lower triangular, zeros above.
pub(super) fn cholesky(matrix: &[f64], n: usize) -> Vec<f64> {
    let mut factor = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let product: f64 = (0..j).map(|k| factor[i * n + k] * factor[j * n + k]).sum();
            let rest = matrix[i * n + j] - product;
            factor[i * n + j] = if i == j { f64::max(rest, 0.0).sqrt() } else { rest / factor[j * n + j] };
        }
    }
    factor
}

fn int_power(mut base: f64, mut exponent: u64) -> f64 {
    let mut power = 1.0;
    while exponent > 0 {
        if exponent % 2 == 1 {
            power *= base;
        }
        base *= base;
        exponent /= 2;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(stride: u64, n: u64) -> Vec<u64> {
        (0..=n).map(|t| t * stride).collect()
    }

    #[test]
    fn neighbours_correlate_as_the_closed_form_says() {
        for beta in [0.0, 0.5, 0.9, 0.99] {
            for k in [1_u64, 2, 7, 50] {
                let n = 2_000 / k + 30;
                let found = correlations(&steps(k, n), Momentum { beta, nesterov: false });
                let (last, n) = (n as usize - 1, n as usize);
                let power = int_power(beta, k);
                let expected = beta * (1.0 - power) * (1.0 - power)
                    / (k as f64 * (1.0 - beta * beta) - 2.0 * beta * (1.0 - power));
                let cosine = found[(last - 1) * n + last];
                assert!((cosine - expected).abs() < 1e-9, "{beta} {k}: {cosine} {expected}");
            }
        }
    }

    /// Covariances from the responses of every update to every noise, over intervals of several lengths.
    #[test]
    fn any_intervals_agree_with_the_sum_over_all_noise() {
        let snapshots = [0_u64, 1, 2, 4, 5, 9, 16];
        for momentum in [(0.0, false), (0.8, false), (0.8, true)].map(|(beta, nesterov)| Momentum { beta, nesterov }) {
            let response = |age: u64| match (momentum.nesterov, age) {
                (false, age) => int_power(momentum.beta, age),
                (true, 0) => 1.0 + momentum.beta,
                (true, age) => int_power(momentum.beta, age + 1),
            };
            let weight = |i: usize, noise: u64| -> f64 {
                (snapshots[i]..snapshots[i + 1]).filter(|&step| step >= noise).map(|step| response(step - noise)).sum()
            };
            let covariance = |i: usize, j: usize| (0..16).map(|noise| weight(i, noise) * weight(j, noise)).sum::<f64>();
            let found = correlations(&snapshots, momentum);
            for i in 0..6 {
                for j in 0..6 {
                    let expected = covariance(i, j) / (covariance(i, i) * covariance(j, j)).sqrt();
                    assert!((found[i * 6 + j] - expected).abs() < 1e-12, "{momentum:?} {i} {j}");
                }
            }
            let factor = cholesky(&found, 6);
            for i in 0..6 {
                for j in 0..6 {
                    let product: f64 = (0..6).map(|k| factor[i * 6 + k] * factor[j * 6 + k]).sum();
                    assert!((product - found[i * 6 + j]).abs() < 1e-12);
                }
            }
        }
    }
}
