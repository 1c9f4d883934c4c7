//! What follows from the whole path, once it is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use traipse_nn::{Evaluator, LayerShape, Loss, Problem, Rows};
use traipse_probe::convergence::{self, Convergence, Series, THRESHOLDS};
use traipse_probe::nulls::{self, LayerSteps, Momentum, NullTest, Setup};
use traipse_probe::path::{Geometry, Summary};
use traipse_probe::pca::Pca;
use traipse_probe::{Element, Missing, Path, layers};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::Optimizer;
use traipse_sweep::spec::{NullKind, Probes};

use super::journey::{Journey, theta};

/// The threshold whose t* gets the whole training set's loss: each further one would cost as much as all path probes.
pub(super) const HEADLINE_THRESHOLD: f64 = 0.01;

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
        probes: &Probes,
    ) -> io::Result<Self> {
        let path = Path::new(&journey.trajectory)?;
        let geometry = Geometry::of(&path);
        let convergence = converge(journey, &path, &geometry)?;
        Ok(Self {
            summary: summarise(journey, &geometry),
            pca: if journey.end().is_some() { path.step_gram().and_then(Pca::of) } else { Err(Missing::Diverged) },
            nulls: test(journey, &path, problem, probes)?,
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

fn test(journey: &Journey, path: &Path<'_>, problem: &Problem, probes: &Probes) -> io::Result<Vec<NullTest>> {
    let settings = problem.settings();
    let rates: Vec<f64> = journey.points.iter().map(|point| point.learning_rate).collect();
    let mut setup = Setup {
        kinds: &probes.nulls.kinds,
        samples: probes.nulls.samples,
        seed: settings.streams.seed,
        learning_rate: &rates[..rates.len() - 1],
        dimension: probes.dimension.as_ref(),
        layers: &[],
        momentum: momentum(settings),
        steps: journey.trajectory.steps(),
    };
    if journey.end().is_none() {
        return Ok(nulls::without_values(&setup, Missing::Diverged));
    }
    let layers = if setup.kinds.contains(&NullKind::LayerWalk) { layer_steps(journey, problem)? } else { Vec::new() };
    setup.layers = &layers;
    Ok(nulls::test(path, &setup))
}

/// The memory of the optimiser's steps; Adam's is that of its first moment. None where a line search decides, or a fork
/// changes it on the way.
fn momentum(settings: &RunSettings) -> Option<Momentum> {
    let train = &settings.train;
    let changes = settings.fork.as_ref().is_some_and(|fork| fork.train.momentum.is_some());
    let beta = match train.optimizer {
        Optimizer::Sgd | Optimizer::Rmsprop => train.momentum,
        Optimizer::Adam | Optimizer::Adamw => train.beta1,
        Optimizer::Lbfgs => return None,
    };
    (!changes).then_some(Momentum { beta, nesterov: train.nesterov })
}

fn layer_steps(journey: &Journey, problem: &Problem) -> io::Result<Vec<LayerSteps>> {
    let ranges: Vec<_> = problem.layers().iter().map(LayerShape::range).collect();
    let paths = layers::paths(&journey.trajectory, &ranges)?;
    let steps = |(range, path): (std::ops::Range<usize>, layers::LayerPath)| LayerSteps {
        n_parameters: range.len(),
        norms: path.from_previous[1..].to_vec(),
    };
    Ok(ranges.into_iter().zip(paths).map(steps).collect())
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
