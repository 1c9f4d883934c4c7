//! What follows from the whole path, once it is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use traipse_nn::{Evaluator, Loss, Problem, Rows};
use traipse_probe::convergence::{self, Convergence, Series, THRESHOLDS};
use traipse_probe::nulls::{self, NullTest, Setup};
use traipse_probe::path::{Geometry, Summary};
use traipse_probe::pca::Pca;
use traipse_probe::{Element, Missing, Path};
use traipse_sweep::spec::Nulls;

use super::journey::{Journey, theta};

/// The threshold whose t* gets the whole training set's loss: each further one would cost as much as all path probes.
const HEADLINE_THRESHOLD: f64 = 0.01;

/// Everything that is measured on the path as a whole.
///
/// A training that diverged has its distances and its matrix up to then, and no measure that refers to an end.
pub(super) struct Analysis<'a> {
    pub(super) path: Path<'a>,
    pub(super) geometry: Geometry,
    pub(super) summary: Result<Summary, Missing>,
    pub(super) pca: Result<Pca, Missing>,
    pub(super) convergence: Vec<Convergence>,
    pub(super) nulls: Vec<NullTest>,
    /// Losses over the whole training set, by snapshot: at the start, at t* of the headline threshold, at the end.
    pub(super) whole: BTreeMap<usize, Loss>,
}

impl<'a> Analysis<'a> {
    /// Cost: see the probes; and three passes over the training set. Memory: see [`Path::new`]; and one snapshot.
    ///
    /// # Errors
    /// If the snapshots cannot be read.
    pub(super) fn of<T: Element>(
        journey: &'a Journey,
        problem: &Problem,
        evaluator: &mut Evaluator<T>,
        nulls: &Nulls,
        seed: u64,
    ) -> io::Result<Self> {
        let path = Path::new(&journey.trajectory)?;
        let geometry = Geometry::of(&path);
        let convergence = converge(journey, &path, &geometry)?;
        Ok(Self {
            summary: summarise(journey, &geometry),
            pca: if journey.end().is_some() { path.step_gram().and_then(Pca::of) } else { Err(Missing::Diverged) },
            nulls: test(journey, &path, nulls, seed),
            whole: evaluate_whole(journey, problem, evaluator, &convergence)?,
            convergence,
            geometry,
            path,
        })
    }
}

fn summarise(journey: &Journey, geometry: &Geometry) -> Result<Summary, Missing> {
    let end = journey.end().ok_or(Missing::Diverged)?;
    if end == 0 {
        return Err(Missing::OneSnapshot);
    }
    let updates = || journey.points[1..].iter().map(|point| point.updates);
    let length: Vec<f64> = updates().map(|sums| sums.length).collect();
    let square: Vec<f64> = updates().map(|sums| sums.square).collect();
    Ok(Summary::of(geometry, &length, &square))
}

fn converge(journey: &Journey, path: &Path<'_>, geometry: &Geometry) -> io::Result<Vec<Convergence>> {
    let objective: Vec<f64> = journey.points.iter().map(|point| point.on_probe_set.objective()).collect();
    let rate_time: Vec<f64> = journey.points.iter().map(|point| point.rate_time).collect();
    let update_length: Vec<f64> = journey.points[1..].iter().map(|point| point.updates.length).collect();
    let series = Series { objective: &objective, rate_time: &rate_time, update_length: &update_length };
    THRESHOLDS
        .into_iter()
        .map(|threshold| match journey.end() {
            Some(_) => convergence::measure(path, geometry, &series, threshold),
            None => Ok(Convergence { threshold, missing: Some(Missing::Diverged), ..Convergence::default() }),
        })
        .collect()
}

fn test(journey: &Journey, path: &Path<'_>, nulls: &Nulls, seed: u64) -> Vec<NullTest> {
    if journey.end().is_none() {
        return nulls::without_values(&nulls.kinds, Missing::Diverged);
    }
    let rates: Vec<f64> = journey.points.iter().map(|point| point.learning_rate).collect();
    let learning_rate = &rates[..rates.len() - 1];
    nulls::test(path, &Setup { kinds: &nulls.kinds, samples: nulls.samples, seed, learning_rate })
}

/// Where the probe set is the whole training set its loss is known already.
fn evaluate_whole<T: Element>(
    journey: &Journey,
    problem: &Problem,
    evaluator: &mut Evaluator<T>,
    convergence: &[Convergence],
) -> io::Result<BTreeMap<usize, Loss>> {
    let n_train = problem.data().train.len() as u64;
    let headline = convergence.iter().find(|row| row.threshold == HEADLINE_THRESHOLD).and_then(|row| row.snapshot);
    BTreeSet::from([Some(0), headline, journey.end()])
        .into_iter()
        .flatten()
        .map(|snapshot| {
            let known = journey.points[snapshot].on_probe_set.loss;
            if known.n == n_train {
                return Ok((snapshot, known));
            }
            let there = journey.trajectory.snapshot(snapshot)?;
            Ok((snapshot, evaluator.loss(theta(&there), &there.buffers, Rows::AllTrain)))
        })
        .collect()
}
