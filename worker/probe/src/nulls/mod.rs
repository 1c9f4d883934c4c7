//! How unusual a path is: its shape against random walks, random signs and random order of its own steps.
//!
//! No principal component of a path means anything without its null: a random walk in many dimensions looks
//! low-dimensional too, with 61 % of its variance along one component and Lissajous curves for scores (Antognini &
//! Sohl-Dickstein 2018). Every surrogate here is a matrix of the size of the step Gram matrix; none is of the size of
//! the weights.

mod surrogate;
mod wishart;

use std::ops::Range;

use traipse_sweep::spec::NullKind;

use crate::pca::fill_centred_positions;
use crate::{Lanczos, Missing, Path, StepGram, Window};
use surrogate::Surrogates;

/// Samples within this share of the observed value count as equal to it, so that rounding never decides a p value.
const TIE: f64 = 1e-9;

/// What is compared with the nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// Share of the variance along the first principal component.
    PcaExplained1,
    /// (Σλ)² / Σλ² of the principal components' variances.
    PcaParticipation,
    /// ‖Σ steps‖² / Σ‖step‖² over the steps between snapshots: 1 for a walk, their number for a line.
    Persistence,
}

impl Statistic {
    /// Every statistic, in the order of the tables.
    pub const EVERY: [Self; 3] = [Self::PcaExplained1, Self::PcaParticipation, Self::Persistence];

    /// The word used in `nulls.statistic`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PcaExplained1 => "pca_explained_1",
            Self::PcaParticipation => "pca_participation",
            Self::Persistence => "persistence",
        }
    }
}

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
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// Which nulls.
    pub kinds: &'a [NullKind],
    /// Samples of each.
    pub samples: u32,
    /// The run's seed.
    pub seed: u64,
    /// The learning rate of the step after each snapshot but the last: shuffles stay within equal ones.
    pub learning_rate: &'a [f64],
}

/// Compares a path with its nulls: every window, statistic and kind, in that order.
///
/// Cost: samples × kinds × some 30 µs at 41 snapshots, 1 ms at 256.
///
/// # Panics
/// If there is not one learning rate a step between snapshots.
#[must_use]
pub fn test(path: &Path<'_>, setup: &Setup<'_>) -> Vec<NullTest> {
    let n_parameters = path.trajectory().form().n_parameters;
    match path.step_gram() {
        Ok(gram) => test_gram(gram, n_parameters, setup),
        Err(missing) => without_values(setup.kinds, missing),
    }
}

/// The rows of a run that has no path to compare, all for one reason.
#[must_use]
pub fn without_values(kinds: &[NullKind], missing: Missing) -> Vec<NullTest> {
    each(kinds).map(|(window, statistic, kind)| absent(window, statistic, kind, None, missing)).collect()
}

/// As [`test`], from the step Gram matrix of a path in `n_parameters` dimensions.
///
/// # Panics
/// If there is not one learning rate a step.
#[must_use]
pub fn test_gram(gram: &StepGram, n_parameters: usize, setup: &Setup<'_>) -> Vec<NullTest> {
    assert_eq!(setup.learning_rate.len(), gram.n_steps(), "one learning rate a step");
    let mut measure = Measure::default();
    let observed = Window::EVERY.map(|window| observe(gram, window, &mut measure));
    let samples: Vec<WindowSamples> = setup
        .kinds
        .iter()
        .map(|&kind| {
            let surrogates = Surrogates::new(kind, gram, n_parameters, setup.learning_rate, setup.seed);
            draw(surrogates, setup.samples, &observed, &mut measure)
        })
        .collect();
    each(setup.kinds)
        .map(|(window, statistic, kind)| {
            let of_kind = setup.kinds.iter().position(|known| *known == kind).expect("each() walks these kinds");
            let (w, s) = (window as usize, statistic as usize);
            match (observed[w], &samples[of_kind][w]) {
                (Err(missing), _) => absent(window, statistic, kind, None, missing),
                (Ok(values), Err(missing)) => absent(window, statistic, kind, Some(values[s]), *missing),
                (Ok(values), Ok(_)) if kind == NullKind::Shuffled && statistic == Statistic::Persistence => {
                    absent(window, statistic, kind, Some(values[s]), Missing::KeptByShuffle)
                }
                (Ok(values), Ok(samples)) => {
                    let null = summarise(values[s], &samples[s]);
                    NullTest { window, statistic, kind, observed: Some(values[s]), null, missing: None }
                }
            }
        })
        .collect()
}

/// Samples by window, then by statistic.
type WindowSamples = [Result<[Vec<f64>; 3], Missing>; 4];

type Observed = Result<[f64; 3], Missing>;

fn each(kinds: &[NullKind]) -> impl Iterator<Item = (Window, Statistic, NullKind)> {
    let statistics = |window| Statistic::EVERY.into_iter().map(move |statistic| (window, statistic));
    let every = Window::EVERY.into_iter().flat_map(statistics);
    every.flat_map(|(window, statistic)| kinds.iter().map(move |&kind| (window, statistic, kind)))
}

fn absent(w: Window, statistic: Statistic, kind: NullKind, observed: Option<f64>, missing: Missing) -> NullTest {
    NullTest { window: w, statistic, kind, observed, null: None, missing: Some(missing) }
}

fn observe(gram: &StepGram, window: Window, measure: &mut Measure) -> Observed {
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

fn draw(
    mut surrogates: Surrogates<'_>,
    samples: u32,
    observed: &[Observed; 4],
    measure: &mut Measure,
) -> WindowSamples {
    let n = surrogates.n_steps();
    let mut drawn: WindowSamples = Window::EVERY.map(|window| {
        observed[window as usize]?;
        surrogates.check(window.steps(n))?;
        Ok([(); 3].map(|()| Vec::with_capacity(samples as usize)))
    });
    let mut block = Vec::new();
    for _ in 0..samples {
        surrogates.next();
        for window in Window::EVERY {
            let Ok(values) = &mut drawn[window as usize] else { continue };
            let steps = window.steps(n);
            surrogates.block(steps.clone(), &mut block);
            for (values, value) in values.iter_mut().zip(measure.statistics(&block, steps.len())) {
                values.push(value);
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

/// The statistics of a step Gram matrix, with their room kept between samples.
#[derive(Debug, Default)]
struct Measure {
    centred: Vec<f64>,
    means: Vec<f64>,
    lanczos: Lanczos,
    trace_of_steps: f64,
}

impl Measure {
    /// The three statistics in order, of n steps with that dense Gram matrix.
    fn statistics(&mut self, steps: &[f64], n: usize) -> [f64; 3] {
        let width = n + 1;
        self.centred.resize(width * width, 0.0);
        self.means.resize(width, 0.0);
        let displacement_square: f64 = steps.iter().sum();
        self.trace_of_steps = steps.iter().step_by(width).sum();
        fill_centred_positions(steps, n, &mut self.centred, &mut self.means);
        let total: f64 = self.centred.iter().step_by(width + 1).sum();
        let squares = crate::spectrum::dot(&self.centred, &self.centred);
        if !squares.is_finite() || total <= 0.0 {
            return [f64::NAN; 3];
        }
        let largest = self.lanczos.largest_eigenvalue(&self.centred, width);
        [f64::min(largest / total, 1.0), total * total / squares, displacement_square / self.trace_of_steps]
    }
}

/// Copies a block of a dense n × n matrix.
fn copy_block(matrix: &[f64], n: usize, steps: Range<usize>, block: &mut Vec<f64>) {
    block.clear();
    for i in steps.clone() {
        block.extend_from_slice(&matrix[i * n + steps.start..i * n + steps.end]);
    }
}
