//! `kind = "walk"`: a planted truth. The weights of a linear model take standard normal steps, whatever the loss says.

use traipse_sweep::streams::{Philox, Purpose};

use super::{Step, Trainer};
use crate::kernels::Real;
use crate::layers::Mode;

impl<T: Real> Trainer<T> {
    /// One step: θ ← θ + η z with z standard normal, from the stream (order_seed, [`Purpose::PlantedWalk`], steps before).
    /// The minibatch's loss is measured and not followed. Allocates: a truth that was planted need not be fast.
    pub(super) fn wander(&mut self) -> Step {
        let rate = self.learning_rate();
        let streams = Philox::new(self.problem.settings().streams.order_seed, Purpose::PlantedWalk);
        let mut draws = streams.branch(self.branch).at(self.steps_done);
        let mut theta = vec![T::ZERO; self.problem.n_parameters()];
        self.network.unpack(&self.parameters, &mut theta);
        let mut square = 0.0;
        for value in &mut theta {
            let update = rate * draws.normal();
            square += update * update;
            *value += T::of(update);
        }
        let (n_rows, loss) = self.look_at_batch();
        self.network.pack(&theta, &mut self.parameters);
        self.finish(n_rows, rate, loss / n_rows as f64, square)
    }

    /// Rows of the next batch, and Σ of their losses.
    fn look_at_batch(&mut self) -> (usize, f64) {
        let Self { problem, network, parameters, tape, batches, chunk, .. } = self;
        let data = problem.data();
        let rows = batches.next_batch();
        let mut loss = 0.0;
        for rows in rows.chunks(*chunk) {
            tape.load(network, data, &data.train, rows);
            tape.forward(network, parameters, &Mode::Batch);
            loss += tape.score(network, None).loss;
        }
        (rows.len(), loss)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use traipse_sweep::RunSettings;
    use traipse_sweep::settings::{Loss, ModelKind, Precision};

    use super::*;
    use crate::problem::Problem;

    #[test]
    fn a_walk_goes_the_square_root_of_its_length() {
        let mut settings = RunSettings::default();
        settings.model.kind = ModelKind::Walk;
        (settings.train.learning_rate, settings.train.precision) = (0.5, Precision::F64);
        let data = Arc::new(crate::data::digits(&settings.data).unwrap());
        let problem = Problem::new(&settings, data).unwrap();
        let d = problem.n_parameters();
        assert_eq!(d, 650);
        let mut trainer = Trainer::<f64>::new(&problem);
        let theta = |trainer: &Trainer<f64>| {
            let mut theta = vec![0.0; d];
            trainer.parameters_into(&mut theta);
            theta
        };
        let start = theta(&trainer);
        (0..100).for_each(|_| assert_eq!(trainer.step(), Step::Ok));
        let moved: f64 = theta(&trainer).iter().zip(&start).map(|(a, b)| (a - b) * (a - b)).sum();
        // E = steps · η² · d, its relative deviation √(2/d) = .055.
        assert!((moved / (100.0 * 0.25 * d as f64) - 1.0).abs() < 0.25, "{moved}");
        let sums = trainer.take_sums();
        assert!((sums.square / (100.0 * 0.25 * d as f64) - 1.0).abs() < 0.03);
        assert!(sums.batch_loss > 0.0);
    }

    #[test]
    fn a_quadratic_has_no_bias_and_only_targets_that_are_numbers() {
        let mut settings = RunSettings::default();
        settings.model.kind = ModelKind::Quadratic;
        settings.train.loss = Loss::Mse;
        let digits = Arc::new(crate::data::digits(&settings.data).unwrap());
        let error = Problem::new(&settings, digits).unwrap_err().to_string();
        assert!(error.contains("regression"), "{error}");
    }
}
