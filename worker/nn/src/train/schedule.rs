//! How the learning rate goes: a pure function of the step.

use std::f64::consts::PI;

use traipse_sweep::settings::{Course, Schedule, ScheduleWord, TrainSettings};

/// The learning rate of every step t (counted from 0), with η = `train.learning_rate`, W = round(`warmup_epochs` ·
/// steps in an epoch) and N the steps in all:
///
/// - t < W: η · (t + 1) / W, whatever the schedule.
/// - `constant`: η.
/// - `{ step = [e₁, …], factor }`: η · factor for every eᵢ with t ≥ round(eᵢ · steps in an epoch), multiplied one after
///   another.
/// - `linear`: η · (1 − s), with s = (t − W) / (N − W).
/// - `cosine`: η / 2 · (1 + cos π s).
///
/// Halves are rounded away from 0. From step N on, s stays 1. The cosine is `libm`'s.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LearningRate {
    rate: f64,
    warmup: u64,
    total: u64,
    shape: Shape,
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Constant,
    Cosine,
    Linear,
    Steps { at: Vec<u64>, factor: f64 },
}

impl LearningRate {
    pub(crate) fn new(train: &TrainSettings, course: Course) -> Self {
        let steps = |epochs: f64| (epochs * course.steps_per_epoch as f64).round() as u64;
        let shape = match &train.schedule {
            Schedule::Word(ScheduleWord::Constant) => Shape::Constant,
            Schedule::Word(ScheduleWord::Cosine) => Shape::Cosine,
            Schedule::Word(ScheduleWord::Linear) => Shape::Linear,
            Schedule::Step { step, factor } => {
                Shape::Steps { at: step.iter().map(|&epoch| steps(epoch)).collect(), factor: *factor }
            }
        };
        Self { rate: train.learning_rate, warmup: steps(train.warmup_epochs), total: course.total_steps, shape }
    }

    /// The rate of step `step`.
    pub(crate) fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.rate * (step + 1) as f64 / self.warmup as f64;
        }
        match &self.shape {
            Shape::Constant => self.rate,
            Shape::Linear => self.rate * (1.0 - self.share(step)),
            Shape::Cosine => self.rate / 2.0 * (1.0 + libm::cos(PI * self.share(step))),
            Shape::Steps { at, factor } => {
                at.iter().filter(|&&boundary| step >= boundary).fold(self.rate, |rate, _| rate * factor)
            }
        }
    }

    /// s: 0 at the end of the warm-up, 1 at the end of the training.
    fn share(&self, step: u64) -> f64 {
        if step >= self.total {
            return 1.0;
        }
        // W ≤ t < N: no division by 0.
        (step - self.warmup) as f64 / (self.total - self.warmup) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: Course = Course { batch_rows: 10, steps_per_epoch: 4, total_steps: 40 };

    fn rates(change: impl Fn(&mut TrainSettings)) -> LearningRate {
        let mut train = TrainSettings { learning_rate: 0.5, ..TrainSettings::default() };
        change(&mut train);
        LearningRate::new(&train, COURSE)
    }

    #[test]
    fn rows_of_rates() {
        let cosine = |train: &mut TrainSettings| train.schedule = Schedule::Word(ScheduleWord::Cosine);
        let linear = |train: &mut TrainSettings| train.schedule = Schedule::Word(ScheduleWord::Linear);
        let steps = |train: &mut TrainSettings| {
            train.schedule = Schedule::Step { step: vec![1.0, 2.6], factor: 0.1 };
        };
        let rows: [(LearningRate, &[(u64, f64)]); 4] = [
            (rates(|_| {}), &[(0, 0.5), (39, 0.5), (1000, 0.5)]),
            (rates(cosine), &[(0, 0.5), (20, 0.25), (40, 0.0), (41, 0.0)]),
            (rates(linear), &[(0, 0.5), (10, 0.375), (39, 0.0125), (40, 0.0)]),
            (rates(steps), &[(3, 0.5), (4, 0.05), (9, 0.05), (10, 0.005), (39, 0.005)]),
        ];
        for (rates, rows) in rows {
            for &(step, rate) in rows {
                assert!((rates.at(step) - rate).abs() < 1e-15, "{rates:?} at {step}: {} is not {rate}", rates.at(step));
            }
        }
    }

    #[test]
    fn warm_up_rises_by_step_to_the_full_rate_and_the_rest_is_shared_after_it() {
        for word in [ScheduleWord::Constant, ScheduleWord::Linear, ScheduleWord::Cosine] {
            let rates = rates(|train| {
                train.schedule = Schedule::Word(word);
                train.warmup_epochs = 2.0;
            });
            for step in 0..8 {
                assert_eq!(rates.at(step), 0.5 * (step + 1) as f64 / 8.0);
            }
            assert_eq!(rates.at(8), 0.5, "{word:?}");
            let half = if word == ScheduleWord::Constant { 0.5 } else { 0.25 };
            assert!((rates.at(24) - half).abs() < 1e-15, "{word:?}");
        }
    }

    #[test]
    fn a_warm_up_longer_than_the_training_never_divides_by_zero() {
        let rates = rates(|train| {
            train.schedule = Schedule::Word(ScheduleWord::Cosine);
            train.warmup_epochs = 10.0;
        });
        assert_eq!((rates.at(39), rates.at(40)), (0.5, 0.0));
    }
}
