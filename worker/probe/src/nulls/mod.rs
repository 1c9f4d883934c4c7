//! How unusual a path is: its shape against random walks, random signs and random order of its own steps.
//!
//! No principal component of a path means anything without its null: a random walk in many dimensions looks
//! low-dimensional too, with 61 % of its variance along one component and Lissajous curves for scores (Antognini &
//! Sohl-Dickstein 2018). Every surrogate here is a matrix of the size of the step Gram matrix; none is of the size of
//! the weights.

mod momentum;
mod statistic;
mod surrogate;
mod wishart;

use std::ops::Range;

use traipse_sweep::spec::{self, NullKind};

use crate::dimension::{self, Solver};
use crate::{Missing, Path, StepGram, Window};
pub use momentum::Momentum;
use statistic::Measure;
pub use statistic::Statistic;
use surrogate::Surrogates;

/// Samples within this share of the observed value count as equal to it, so that rounding never decides a p value.
const TIE: f64 = 1e-9;

/// One comparison of the path with a null.
#[derive(Clone, Debug, PartialEq)]
pub struct NullTest {
    /// Part of the trajectory.
    pub window: Window,
    /// What is compared.
    pub statistic: Statistic,
    /// With what.
    pub kind: NullKind,
    /// The path's value.
    pub observed: Option<f64>,
    /// Where the null lies.
    pub null: Option<NullSummary>,
    /// Why there is no value, or no null.
    pub missing: Option<Missing>,
}

/// A null's samples in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NullSummary {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (ddof 1), where there are two.
    pub sd: Option<f64>,
    /// (1 + number ≤ observed) / (n + 1).
    pub p_low: f64,
    /// (1 + number ≥ observed) / (n + 1).
    pub p_high: f64,
    /// How many.
    pub n: u32,
}

/// What the nulls need to know beside the path.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup<'a> {
    /// Which nulls.
    pub kinds: &'a [NullKind],
    /// Samples of each.
    pub samples: u32,
    /// The run's seed.
    pub seed: u64,
    /// The learning rate of the step after each snapshot but the last: shuffles stay within equal ones.
    pub learning_rate: &'a [f64],
    /// Where the numbers of [`crate::dimension`] are asked for: they are compared too.
    pub dimension: Option<&'a spec::Dimension>,
    /// What `layer-walk` keeps; empty where it is not asked for.
    pub layers: &'a [LayerSteps],
    /// What `momentum-walk` has; none where the run's optimiser has no momentum that stays.
    pub momentum: Option<Momentum>,
    /// The optimiser steps of the snapshots, for `momentum-walk`.
    pub steps: &'a [u64],
}

/// The part of one layer in the steps between snapshots.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSteps {
    /// The dimension of its block of θ.
    pub n_parameters: usize,
    /// ‖Δ‖ of that block, one a step.
    pub norms: Vec<f64>,
}

/// Compares a path with its nulls: every window, default statistic and kind, in that order; then, where the dimension is
/// asked for, its statistics over the whole path, and of each every kind.
///
/// Cost: samples × kinds × some 30 µs at 41 snapshots, 1 ms at 256; several times that with the dimension's statistics.
///
/// # Panics
/// If there is not one learning rate a step between snapshots.
#[must_use]
pub fn test(path: &Path<'_>, setup: &Setup<'_>) -> Vec<NullTest> {
    let n_parameters = path.trajectory().form().n_parameters;
    match path.step_gram() {
        Ok(gram) => test_gram(gram, n_parameters, setup),
        Err(missing) => without_values(setup, missing),
    }
}

/// The rows of a run that has no path to compare, all for one reason.
#[must_use]
pub fn without_values(setup: &Setup<'_>, missing: Missing) -> Vec<NullTest> {
    every(setup).map(|(place, kind)| absent(place, kind, None, missing)).collect()
}

/// As [`test`], from the step Gram matrix of a path in `n_parameters` dimensions.
///
/// # Panics
/// If there is not one learning rate a step.
#[must_use]
pub fn test_gram(gram: &StepGram, n_parameters: usize, setup: &Setup<'_>) -> Vec<NullTest> {
    assert_eq!(setup.learning_rate.len(), gram.n_steps(), "one learning rate a step");
    let mut measure = Measure::default();
    let observed = Observed::of(gram, setup, &mut measure);
    let samples: Vec<Samples> = setup
        .kinds
        .iter()
        .map(|&kind| draw(Surrogates::new(kind, gram, n_parameters, setup), setup, &observed, &mut measure))
        .collect();
    let of_kind = |kind| setup.kinds.iter().position(|known| *known == kind).expect("every() walks these kinds");
    every(setup).map(|(place, kind)| compare(place, kind, &observed, &samples[of_kind(kind)])).collect()
}

/// What is compared: a statistic in a window, and where it is found.
#[derive(Clone, Copy, Debug)]
struct Place {
    window: Window,
    statistic: Statistic,
    /// Among the default statistics of the window, or among those of the dimension.
    at: usize,
}

/// The statistics of the path.
#[derive(Debug)]
struct Observed {
    windows: [Result<[f64; 3], Missing>; 4],
    dimension: Vec<Result<f64, Missing>>,
}

/// Samples of one kind: by window, then by statistic; and those of the dimension.
#[derive(Debug)]
struct Samples {
    windows: [Result<[Vec<f64>; 3], Missing>; 4],
    dimension: Result<Vec<Vec<f64>>, Missing>,
}

impl Observed {
    fn of(gram: &StepGram, setup: &Setup<'_>, measure: &mut Measure) -> Self {
        let n = gram.n_steps();
        let dimension = setup.dimension.map(|settings| {
            let found = dimension::Measure::new(settings, Solver::Full).measure(&gram.dense(0..n), n, 1);
            statistic::of_dimension(&found)
        });
        Self {
            windows: Window::EVERY.map(|window| observe(gram, window, measure)),
            dimension: dimension.unwrap_or_default(),
        }
    }

    fn at(&self, place: Place) -> Result<f64, Missing> {
        if place.statistic.is_default() {
            self.windows[place.window as usize].map(|values| values[place.at])
        } else {
            self.dimension[place.at]
        }
    }
}

impl Samples {
    fn at(&self, place: Place) -> Result<&[f64], Missing> {
        if place.statistic.is_default() {
            self.windows[place.window as usize].as_ref().map(|values| &values[place.at][..]).map_err(|missing| *missing)
        } else {
            self.dimension.as_ref().map(|values| &values[place.at][..]).map_err(|missing| *missing)
        }
    }
}

fn every<'a>(setup: &Setup<'a>) -> impl Iterator<Item = (Place, NullKind)> + use<'a> {
    let default = |window| (0..).zip(Statistic::DEFAULT).map(move |(at, statistic)| Place { window, statistic, at });
    let asked = setup.dimension.map(Statistic::of_dimension).unwrap_or_default();
    let asked = (0..).zip(asked).map(|(at, statistic)| Place { window: Window::All, statistic, at });
    let kinds = setup.kinds;
    let places = Window::EVERY.into_iter().flat_map(default).chain(asked);
    places.flat_map(move |place| kinds.iter().map(move |&kind| (place, kind)))
}

fn compare(place: Place, kind: NullKind, observed: &Observed, samples: &Samples) -> NullTest {
    let value = match observed.at(place) {
        Ok(value) => value,
        Err(missing) => return absent(place, kind, None, missing),
    };
    if kind == NullKind::Shuffled && place.statistic.is_kept_by_shuffle() {
        return absent(place, kind, Some(value), samples.at(place).err().unwrap_or(Missing::KeptByShuffle));
    }
    match samples.at(place) {
        Err(missing) => absent(place, kind, Some(value), missing),
        Ok(samples) => NullTest {
            window: place.window,
            statistic: place.statistic,
            kind,
            observed: Some(value),
            null: summarise(value, samples),
            missing: None,
        },
    }
}

fn absent(place: Place, kind: NullKind, observed: Option<f64>, missing: Missing) -> NullTest {
    let Place { window, statistic, .. } = place;
    NullTest { window, statistic, kind, observed, null: None, missing: Some(missing) }
}

fn observe(gram: &StepGram, window: Window, measure: &mut Measure) -> Result<[f64; 3], Missing> {
    let steps = window.steps(gram.n_steps());
    if steps.len() < 2 {
        return Err(Missing::ShortWindow);
    }
    let n = steps.len();
    let values = measure.statistics(&gram.dense(steps), n);
    if measure.trace_of_steps == 0.0 {
        return Err(Missing::DidNotMove);
    }
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(Missing::NotFinite) }
}

fn draw(mut surrogates: Surrogates<'_>, setup: &Setup<'_>, observed: &Observed, measure: &mut Measure) -> Samples {
    let n = surrogates.n_steps();
    let room = || Vec::with_capacity(setup.samples as usize);
    let mut drawn = Samples {
        windows: Window::EVERY.map(|window| {
            observed.windows[window as usize]?;
            surrogates.check(window.steps(n))?;
            Ok([(); 3].map(|()| room()))
        }),
        dimension: surrogates.check(0..n).map(|()| observed.dimension.iter().map(|_| room()).collect()),
    };
    let mut dimension = setup.dimension.map(|settings| dimension::Measure::new(settings, Solver::iterated()));
    let mut block = Vec::new();
    for _ in 0..setup.samples {
        surrogates.next();
        for window in Window::EVERY {
            let Ok(values) = &mut drawn.windows[window as usize] else { continue };
            let steps = window.steps(n);
            surrogates.block(steps.clone(), &mut block);
            for (values, value) in values.iter_mut().zip(measure.statistics(&block, steps.len())) {
                values.push(value);
            }
            if let (Window::All, Some(measure), Ok(of)) = (window, &mut dimension, &mut drawn.dimension) {
                let found = statistic::of_dimension(&measure.measure(&block, n, 1));
                for (values, value) in of.iter_mut().zip(found) {
                    values.extend(value);
                }
            }
        }
    }
    drawn
}

fn summarise(observed: f64, samples: &[f64]) -> Option<NullSummary> {
    let n = samples.len();
    if n == 0 {
        return None;
    }
    let mean = samples.iter().sum::<f64>() / n as f64;
    let square: f64 = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum();
    let slack = TIE * observed.abs();
    let share = |count: usize| (1 + count) as f64 / (n + 1) as f64;
    Some(NullSummary {
        mean,
        sd: (n > 1).then(|| (square / (n - 1) as f64).sqrt()),
        p_low: share(samples.iter().filter(|sample| **sample <= observed + slack).count()),
        p_high: share(samples.iter().filter(|sample| **sample >= observed - slack).count()),
        n: n as u32,
    })
}

/// Copies a block of a dense n × n matrix.
pub(crate) fn copy_block(matrix: &[f64], n: usize, steps: Range<usize>, block: &mut Vec<f64>) {
    block.clear();
    for i in steps.clone() {
        block.extend_from_slice(&matrix[i * n + steps.start..i * n + steps.end]);
    }
}
