//! Whether a training may go on from another's checkpoint, and be what it had been from step 0.

use crate::settings::{Course, RunSettings, Schedule, ScheduleWord, Stop};
use crate::spec::Snapshots;

/// Whether a training with the settings `new` has, after `step` optimiser steps, the very state that one with the
/// settings `old` had there; both on the same `n_train` examples.
///
/// So it is where every setting that acts before that step agrees. Lengths act at the end alone, and may differ if
/// both trainings come that far. A schedule that is stretched over the whole length (`cosine`, `linear`) acts from the
/// first step, so the lengths must agree then; of rates that fall at given epochs only those up to the step count.
/// A condition to stop early may be dropped or made harder to meet: the old training went on where the new one does.
#[must_use]
pub fn continues(old: &RunSettings, new: &RunSettings, n_train: u64, step: u64) -> bool {
    let (Ok(before), Ok(now)) = (old.train.course(n_train), new.train.course(n_train)) else { return false };
    let reached = step <= before.total_steps && step <= now.total_steps;
    let stretched = [&old.train.schedule, &new.train.schedule].into_iter().any(is_stretched);
    reached
        && (!stretched || before.total_steps == now.total_steps)
        && rates(&old.train.schedule, &before, step) == rates(&new.train.schedule, &now, step)
        && goes_on_where(old.train.stop, new.train.stop)
        && acting_throughout(old) == acting_throughout(new)
}

/// Whether two snapshot plans measure at the same steps up to and including `step`.
#[must_use]
pub fn same_snapshots(old: (&Snapshots, &Course), new: (&Snapshots, &Course), step: u64) -> bool {
    let until = |(plan, course): (&Snapshots, &Course)| {
        let mut steps = plan.steps(course);
        steps.retain(|&at| at <= step);
        steps
    };
    until(old) == until(new)
}

/// What is left of a schedule up to a step.
#[derive(Debug, PartialEq)]
enum Rates<'a> {
    Constant,
    Stretched(ScheduleWord),
    /// The epochs at which the rate falls, and by what.
    Falls(Vec<f64>, &'a f64),
}

fn rates<'a>(schedule: &'a Schedule, course: &Course, step: u64) -> Rates<'a> {
    match schedule {
        Schedule::Word(ScheduleWord::Constant) => Rates::Constant,
        Schedule::Word(word) => Rates::Stretched(*word),
        Schedule::Step { step: epochs, factor } => {
            let acts = |epoch: &f64| epoch * course.steps_per_epoch as f64 <= step as f64;
            let falls: Vec<f64> = epochs.iter().copied().filter(acts).collect();
            if falls.is_empty() { Rates::Constant } else { Rates::Falls(falls, factor) }
        }
    }
}

fn is_stretched(schedule: &Schedule) -> bool {
    matches!(schedule, Schedule::Word(ScheduleWord::Cosine | ScheduleWord::Linear))
}

fn goes_on_where(old: Option<Stop>, new: Option<Stop>) -> bool {
    match (old, new) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) => new.train_error <= old.train_error,
    }
}

/// The settings without those that are looked at one by one, and without the folder of the data.
fn acting_throughout(settings: &RunSettings) -> RunSettings {
    let mut settings = settings.clone();
    settings.data.dir = None;
    let train = &mut settings.train;
    (train.epochs, train.steps, train.examples) = (None, None, None);
    (train.schedule, train.stop) = (Schedule::Constant, None);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{BatchSize, Optimizer};
    use crate::spec::{SnapshotRule, Span};

    /// 10 steps an epoch.
    const N_TRAIN: u64 = 320;

    fn settings(change: impl FnOnce(&mut RunSettings)) -> RunSettings {
        let mut settings = RunSettings::default();
        settings.train.batch_size = BatchSize::Rows(32);
        settings.train.epochs = Some(4);
        change(&mut settings);
        settings
    }

    fn falls(epochs: &[f64], factor: f64) -> Schedule {
        Schedule::Step { step: epochs.to_vec(), factor }
    }

    fn word(word: ScheduleWord, epochs: u64) -> RunSettings {
        settings(|run| (run.train.schedule, run.train.epochs) = (Schedule::Word(word), Some(epochs)))
    }

    fn stepped(epochs: &[f64], factor: f64) -> RunSettings {
        settings(|run| run.train.schedule = falls(epochs, factor))
    }

    fn stop(train_error: Option<f64>) -> RunSettings {
        settings(|run| run.train.stop = train_error.map(|train_error| Stop { train_error }))
    }

    #[test]
    fn what_acts_before_the_step_decides() {
        use ScheduleWord::{Constant, Cosine, Linear};
        let length = |epochs| settings(|run| run.train.epochs = Some(epochs));
        let in_steps = |steps| settings(|run| (run.train.epochs, run.train.steps) = (None, Some(steps)));
        let rows = [
            // The same run.
            (length(4), length(4), 40, true),
            // Longer, shorter, in another unit; neither may end before the step.
            (length(4), length(9), 40, true),
            (length(9), length(4), 40, true),
            (length(9), length(4), 41, false),
            (length(4), length(9), 41, false),
            (length(4), in_steps(55), 40, true),
            (length(4), in_steps(39), 40, false),
            // Schedules over the whole length.
            (word(Cosine, 4), word(Cosine, 8), 10, false),
            (word(Cosine, 4), word(Cosine, 4), 10, true),
            (word(Linear, 4), word(Cosine, 4), 10, false),
            (word(Constant, 4), word(Linear, 8), 10, false),
            // Rates that fall at epochs: the first that differs is after the step, or is not.
            (stepped(&[1.0, 3.0], 0.1), stepped(&[1.0, 2.5], 0.1), 24, true),
            (stepped(&[1.0, 3.0], 0.1), stepped(&[1.0, 2.5], 0.1), 25, false),
            (stepped(&[1.0], 0.1), stepped(&[1.0], 0.5), 9, true),
            (stepped(&[1.0], 0.1), stepped(&[1.0], 0.5), 10, false),
            (stepped(&[2.0], 0.1), word(Constant, 8), 19, true),
            (stepped(&[2.0], 0.1), word(Constant, 8), 20, false),
            // Conditions to stop.
            (stop(Some(0.1)), stop(None), 40, true),
            (stop(Some(0.1)), stop(Some(0.05)), 40, true),
            (stop(Some(0.1)), stop(Some(0.2)), 40, false),
            (stop(None), stop(Some(0.0)), 40, false),
        ];
        for (row, (old, new, step, expected)) in rows.into_iter().enumerate() {
            assert_eq!(continues(&old, &new, N_TRAIN, step), expected, "row {row}");
        }
    }

    #[test]
    fn any_other_setting_is_another_training() {
        let old = settings(|_| ());
        let changes: [fn(&mut RunSettings); 9] = [
            |run| run.train.learning_rate = 0.2,
            |run| run.train.momentum = 0.9,
            |run| run.train.optimizer = Optimizer::Adam,
            |run| run.train.batch_size = BatchSize::Rows(16),
            |run| run.train.warmup_epochs = 1.0,
            |run| run.train.weight_decay = 1e-4,
            |run| run.model.hidden = vec![8],
            |run| run.streams.order_seed = 5,
            |run| run.data.train_limit = Some(64),
        ];
        for (row, change) in changes.into_iter().enumerate() {
            assert!(!continues(&old, &settings(change), N_TRAIN, 0), "row {row}");
        }
        assert!(continues(&old, &settings(|run| run.data.dir = Some("elsewhere".into())), N_TRAIN, 40));
        assert!(!continues(&old, &settings(|run| run.train.epochs = None), N_TRAIN, 0), "no length, no training");
    }

    #[test]
    fn plans_that_depend_on_the_length_differ() {
        let plan = |rule| Snapshots { at: vec![rule], keep: false };
        let every = |n| plan(SnapshotRule::Every { interval: Span::Epochs(n), from: None, to: None });
        let course = |epochs| settings(|run| run.train.epochs = Some(epochs)).train.course(N_TRAIN).unwrap();
        let (short, long) = (course(4), course(8));
        assert!(same_snapshots((&every(1), &short), (&every(1), &long), 40));
        assert!(same_snapshots((&every(2), &short), (&every(2), &long), 40));
        assert!(same_snapshots((&every(3), &short), (&every(3), &long), 39));
        // The old training measured at its end, which the new plan passes over.
        assert!(!same_snapshots((&every(3), &short), (&every(3), &long), 40));
        let log = plan(SnapshotRule::Log { n: 6 });
        assert!(!same_snapshots((&log, &short), (&log, &long), 20));
        assert!(same_snapshots((&log, &short), (&log, &long), 1));
    }
}
