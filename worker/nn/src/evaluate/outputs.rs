//! The logits themselves, and the running statistics that a θ would have.

use super::{Evaluator, Rows, split};
use crate::kernels::{Real, WIDTH, padded};
use crate::layers::Mode;

impl<T: Real> Evaluator<T> {
    /// The logits at `theta` in evaluation mode, examples × outputs, in the order of the rows given. Cost: one forward
    /// pass.
    ///
    /// # Panics
    /// If there is not one value a parameter and a buffer, `out` does not have one place an example and output, or a
    /// row does not exist.
    pub fn outputs(&mut self, theta: &[T], buffers: &[f64], rows: Rows<'_>, out: &mut [T]) {
        assert_eq!(buffers.len(), self.problem.n_buffers(), "running statistics go with θ");
        let data = self.prepare(theta, rows, false);
        let (split, n_outputs) = (split(&data, rows), self.network.head.n_outputs);
        assert_eq!(out.len(), self.order.len() * n_outputs, "one place an example and output");
        for (rows, out) in self.order.chunks(self.chunk).zip(out.chunks_mut(self.chunk * n_outputs)) {
            self.tape.load(&self.network, &data, split, rows);
            self.tape.forward(&self.network, &self.parameters, &Mode::Evaluation(buffers));
            let logits = self.tape.logits();
            for (example, out) in out.chunks_mut(n_outputs).enumerate() {
                let first = example / WIDTH * padded(n_outputs) * WIDTH + example % WIDTH;
                out.iter_mut().enumerate().for_each(|(output, out)| *out = logits[first + output * WIDTH]);
            }
        }
    }

    /// Running statistics for `theta`: means and unbiased variances of batches of `train.batch_size` of these rows, in
    /// the order given, averaged with the batches' sizes as weights. A θ that no training has been at (a point between
    /// two snapshots) has no statistics of its own. Rows should be in a class-balanced order, as
    /// [`probe_order`](crate::probe_order) has them. Nothing to do for a network without batch norm.
    ///
    /// Cost: one forward pass over the rows.
    ///
    /// # Panics
    /// If there is not one value a parameter and a buffer, or a row does not exist.
    pub fn estimate_buffers(&mut self, theta: &[T], rows: &[u32], buffers: &mut [f64]) {
        assert_eq!(buffers.len(), self.problem.n_buffers(), "running statistics go with θ");
        if buffers.is_empty() {
            return;
        }
        let data = self.prepare(theta, Rows::Train(rows), false);
        let batch_rows = self.problem.course().batch_rows as usize;
        let mut n_seen = 0;
        buffers.fill(0.0);
        for rows in self.order.chunks(batch_rows) {
            n_seen += rows.len();
            self.tape.load(&self.network, &data, &data.train, rows);
            self.tape.forward(&self.network, &self.parameters, &Mode::Batch);
            self.tape.update_running(&self.network, rows.len() as f64 / n_seen as f64, buffers);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use traipse_sweep::RunSettings;
    use traipse_sweep::settings::{BatchSize, Norm};

    use super::*;
    use crate::{Problem, Step, Trainer, probe_order};

    fn problem(norm: Norm, rows: u32) -> Problem {
        let mut settings = RunSettings::default();
        (settings.model.hidden, settings.model.norm) = (vec![9, 7], norm);
        settings.train.batch_size = BatchSize::Rows(rows);
        let data = crate::data::digits(&settings.data).unwrap();
        Problem::new(&settings, Arc::new(data)).unwrap()
    }

    fn start(problem: &Problem) -> Vec<f64> {
        let mut theta = vec![0.0; problem.n_parameters()];
        Trainer::<f64>::new(problem).parameters_into(&mut theta);
        theta
    }

    #[test]
    fn logits_are_the_loss_and_follow_the_rows() {
        let problem = problem(Norm::None, 32);
        let (theta, labels) = (start(&problem), problem.data().train.labels());
        let mut evaluator = Evaluator::<f64>::new(&problem);
        let rows: Vec<u32> = probe_order(problem.data())[..603].to_vec();
        let mut logits = vec![0.0; rows.len() * 10];
        evaluator.outputs(&theta, &[], Rows::Train(&rows), &mut logits);
        let losses = logits.chunks(10).zip(&rows).map(|(z, &row)| {
            let sum: f64 = z.iter().map(|&z| libm::exp(z)).sum();
            libm::log(sum) - z[usize::from(labels[row as usize])]
        });
        let mean = losses.sum::<f64>() / rows.len() as f64;
        assert!((mean - evaluator.loss(&theta, &[], Rows::Train(&rows)).mean).abs() < 1e-13);
    }

    #[test]
    fn statistics_of_one_batch_make_evaluation_that_batch() {
        // One batch of all rows: in evaluation the biased variance becomes the unbiased one, and nothing else changes.
        let n = 400;
        let problem = problem(Norm::Batch, n);
        let theta = start(&problem);
        let rows = probe_order(problem.data());
        let (all, mut gradient) = (&rows[..n as usize], theta.clone());
        let mut evaluator = Evaluator::<f64>::new(&problem);
        let wanted = evaluator.gradient(&theta, Rows::Train(all), &mut gradient).loss.mean;
        let mut buffers = vec![7.0; problem.n_buffers()];
        evaluator.estimate_buffers(&theta, all, &mut buffers);
        let found = evaluator.loss(&theta, &buffers, Rows::Train(all)).mean;
        assert!((found - wanted).abs() < 2e-3 * wanted && found != wanted, "{found} is not {wanted}");
    }

    #[test]
    fn batches_count_by_their_size() {
        let problem = problem(Norm::Batch, 100);
        let (theta, rows) = (start(&problem), probe_order(problem.data()));
        let mut evaluator = Evaluator::<f64>::new(&problem);
        let mut of = |rows: &[u32]| {
            let mut buffers = vec![0.0; problem.n_buffers()];
            evaluator.estimate_buffers(&theta, rows, &mut buffers);
            buffers
        };
        let [first, second, last] = [&rows[..100], &rows[100..200], &rows[200..250]].map(&mut of);
        for (at, found) in of(&rows[..250]).into_iter().enumerate() {
            let wanted = 0.4 * first[at] + 0.4 * second[at] + 0.2 * last[at];
            assert!((found - wanted).abs() < 1e-12 * (1.0 + wanted.abs()), "{at}: {found} is not {wanted}");
        }
    }

    #[test]
    fn running_statistics_of_a_still_network_go_where_the_estimate_is() {
        let mut settings = problem(Norm::Batch, 100).settings().clone();
        settings.train.learning_rate = 1e-12;
        let problem = Problem::new(&settings, Arc::new(crate::data::digits(&settings.data).unwrap())).unwrap();
        let mut trainer = Trainer::<f64>::new(&problem);
        for _ in 0..200 {
            assert_eq!(trainer.step(), Step::Ok);
        }
        let mut buffers = vec![0.0; problem.n_buffers()];
        Evaluator::<f64>::new(&problem).estimate_buffers(&start(&problem), &probe_order(problem.data()), &mut buffers);
        for (running, estimated) in trainer.buffers().iter().zip(&buffers) {
            assert!((running - estimated).abs() < 0.3 * (0.05 + estimated.abs()), "{running} and {estimated}");
        }
    }
}
