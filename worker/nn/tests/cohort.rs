//! Members of a cohort come out as trainers by themselves, bit for bit, whatever they share.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::sync::Arc;

use proptest::prelude::*;
use traipse_nn::data::digits;
use traipse_nn::{Cohort, Dataset, Population, Position, Problem, Real, ShapeError, Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, Full, LastBatch, Norm, Optimizer, Sampling, Scale};

fn data(settings: &RunSettings) -> Arc<Dataset> {
    Arc::new(digits(&settings.data).unwrap())
}

/// All that can be seen of a member, in bits.
fn bits<T: Real>(theta: &[T], buffers: &[f64], at: Position, sums: traipse_nn::UpdateSums) -> Vec<u64> {
    let numbers = theta.iter().map(|value| value.wide()).chain(buffers.iter().copied());
    let numbers = numbers.chain([at.rate_time, at.learning_rate, sums.length, sums.square, sums.batch_loss]);
    numbers.map(f64::to_bits).chain([at.steps_done, at.examples_seen, sums.n_steps]).collect()
}

fn of_member<T: Real>(cohort: &mut Cohort<T>, member: usize, n_parameters: usize) -> Vec<u64> {
    let mut theta = vec![T::ZERO; n_parameters];
    cohort.parameters_into(member, &mut theta);
    let sums = cohort.take_sums(member);
    bits(&theta, cohort.buffers(member), cohort.position(member), sums)
}

fn of_trainer<T: Real>(trainer: &mut Trainer<T>, n_parameters: usize) -> Vec<u64> {
    let mut theta = vec![T::ZERO; n_parameters];
    trainer.parameters_into(&mut theta);
    let sums = trainer.take_sums();
    let at = Position {
        steps_done: trainer.steps_done(),
        examples_seen: trainer.examples_seen(),
        rate_time: trainer.rate_time(),
        learning_rate: trainer.learning_rate(),
    };
    bits(&theta, trainer.buffers(), at, sums)
}

/// Trains the problems together, with a look in between, and each by itself.
fn assert_alone_and_together_are_equal<T: Real>(problems: &[Problem], parts: &[u64]) {
    let mut cohort = Cohort::<T>::new(problems).unwrap();
    let mut trainers: Vec<_> = problems.iter().map(Trainer::<T>::new).collect();
    let mut steps = vec![Step::Ok; problems.len()];
    for &part in parts {
        assert_eq!(cohort.advance(part).len(), problems.len());
        for (member, (trainer, step)) in trainers.iter_mut().zip(&mut steps).enumerate() {
            for _ in 0..part {
                if *step == Step::Ok {
                    *step = trainer.step();
                }
            }
            let n = problems[member].n_parameters();
            let same = of_member(&mut cohort, member, n) == of_trainer(trainer, n);
            assert!(same, "member {member} of {parts:?}: {:?}", problems[member].settings());
        }
        assert_eq!(cohort.advance(0), steps);
    }
}

fn member() -> impl Strategy<Value = RunSettings> {
    let optimizers = prop::sample::select(vec![Optimizer::Sgd, Optimizer::Adam, Optimizer::Rmsprop, Optimizer::Lbfgs]);
    let samplings = prop::sample::select(vec![Sampling::Shuffle, Sampling::Replacement, Sampling::Fixed]);
    let batches = prop::sample::select(vec![64, 64, 64, 100, 300]);
    let rates = prop::sample::select(vec![0.01, 0.1, 1e30]);
    (optimizers, samplings, batches, rates, 0..2u64, any::<u64>(), any::<bool>()).prop_map(
        |(optimizer, sampling, batch, rate, order_seed, init_seed, drop)| {
            let mut settings = RunSettings::default();
            let train = &mut settings.train;
            (train.optimizer, train.learning_rate, train.momentum) = (optimizer, rate, 0.5);
            if optimizer == Optimizer::Lbfgs {
                train.batch_size = BatchSize::Full(Full::Full);
            } else {
                (train.batch_size, train.sampling) = (BatchSize::Rows(batch), sampling);
                train.last_batch = if drop { LastBatch::Drop } else { LastBatch::Keep };
            }
            (settings.streams.order_seed, settings.streams.init_seed) = (order_seed, init_seed);
            settings
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn members_are_as_if_alone(
        members in prop::collection::vec(member(), 1..6),
        parts in prop::collection::vec(0..30u64, 1..4),
        normed: bool,
        standardized: bool,
        wide: bool,
    ) {
        let mut all = members;
        for settings in &mut all {
            settings.model.hidden = vec![7];
            settings.model.norm = if normed { Norm::Batch } else { Norm::None };
            settings.data.scale = if standardized { Scale::Standardize } else { Scale::Unit };
        }
        let data = data(&all[0]);
        let problems: Vec<_> = all.iter().map(|run| Problem::new(run, Arc::clone(&data)).unwrap()).collect();
        if wide {
            assert_alone_and_together_are_equal::<f64>(&problems, &parts);
        } else {
            assert_alone_and_together_are_equal::<f32>(&problems, &parts);
        }
    }
}

#[test]
fn another_shape_is_refused() {
    let problems: Vec<_> = [0.0, 0.3, 0.6]
        .map(|rate| {
            let mut settings = RunSettings::default();
            (settings.model.hidden, settings.model.dropout) = (vec![8, 8], rate);
            Problem::new(&settings, data(&settings)).unwrap()
        })
        .into();
    let refused = Cohort::<f32>::new(&problems).unwrap_err();
    assert_eq!(refused, ShapeError { member: 1 });
    assert_alone_and_together_are_equal::<f32>(&problems[1..2], &[20]);
}

#[test]
fn a_retired_member_stays_where_it_is() {
    let settings = RunSettings::default();
    let problem = Problem::new(&settings, data(&settings)).unwrap();
    let mut cohort = Cohort::<f32>::new([&problem, &problem, &problem]).unwrap();
    cohort.advance(3);
    cohort.retire(1);
    cohort.advance(4);
    assert_eq!([0, 1, 2].map(|member| cohort.position(member).steps_done), [7, 3, 7]);
    let [first, last] = [0, 2].map(|member| of_member(&mut cohort, member, problem.n_parameters()));
    assert_eq!(first, last, "equal runs are equal");
    let mut saved = Vec::new();
    cohort.save(1, &mut saved);
    let mut trainer = Trainer::<f32>::restore(&problem, &saved).unwrap();
    (0..4).for_each(|_| assert_eq!(trainer.step(), Step::Ok));
    assert_eq!(of_trainer(&mut trainer, problem.n_parameters())[..1000], first[..1000]);
    assert_eq!(cohort.n_members(), 3);
}
