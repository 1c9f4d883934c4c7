//! `[probes.hessian]`: both ends of the objective's Hessian, the certificate, and curvature along what training used.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use traipse_nn::{Problem, Rows};
use traipse_probe::curvature::certificate::certificate;
use traipse_probe::curvature::noise_floor::{self, Sampling};
use traipse_probe::curvature::{Extremes, Objective, directions, stability};
use traipse_probe::{Element, Missing};
use traipse_sweep::columns::{convergence, runs, trajectory};
use traipse_sweep::settings::{self, BatchSize, Full, Optimizer, TrainSettings};
use traipse_sweep::spec::Hessian;
use traipse_sweep::streams::{Philox, Purpose};

use super::super::journey::{Ended, theta};
use super::{Findings, Measured, Scene};

/// Principal components along which curvature is asked for at most: a product each.
const COMPONENTS: usize = 5;

/// What the summary of the run needs of a snapshot.
struct Known {
    largest: f64,
    certificate: Option<f64>,
    to_end: Option<f64>,
}

/// Measures at the chosen snapshots and at the t* of every threshold.
pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Hessian,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let converged = scene.analysis.convergence.iter().filter_map(|row| row.snapshot);
    let wanted: BTreeSet<usize> = scene.chosen(&settings.at).into_iter().chain(converged).collect();
    let components = components(scene)?;
    let mut known = BTreeMap::new();
    for at in wanted {
        scene.go_on()?;
        if let Some(found) = at_snapshot(scene, settings, at, &components, measured.at(at))? {
            known.insert(at, found);
        }
    }
    after_convergence(scene, &known, measured);
    summarise(scene, &known, &mut measured.run);
    scene.go_on()?;
    noise_floor(scene, measured)
}

/// The run's first principal directions, where it has any.
fn components<T: Element>(scene: &Scene<'_, T>) -> io::Result<Vec<Vec<f64>>> {
    let Ok(pca) = &scene.analysis.pca else { return Ok(Vec::new()) };
    let n = pca.explained.iter().take(COMPONENTS).filter(|share| **share > 0.0).count();
    directions::principal(&scene.journey.trajectory, &pca.scores, n)
}

fn at_snapshot<T: Element>(
    scene: &Scene<'_, T>,
    settings: &Hessian,
    at: usize,
    components: &[Vec<f64>],
    findings: &mut Findings,
) -> Result<Option<Known>, Ended> {
    let snapshot = scene.snapshot(at)?;
    let here: &[T] = theta(&snapshot);
    let point = &scene.journey.points[at];
    let mut objective = Objective::at(scene.problem, here, Rows::Train(&scene.probe_set));
    let mut draws = Philox::new(scene.seed(), Purpose::HessianStart).at(point.step);
    let product = &mut |direction: &[T], out: &mut [T]| objective.hessian(direction, out);
    let (top, steps) = (settings.top as usize, settings.iterations as usize);
    let ends = match Extremes::of(product, here.len(), top, steps, &mut draws) {
        Ok(ends) => ends,
        Err(missing) => {
            findings.reasons.push(missing);
            return Ok(None);
        }
    };
    let certificate = certify(scene.problem, here, &ends.bottom.vector);
    end_cells(&ends, &mut objective, findings);
    findings.set(&trajectory::CERTIFICATE, certificate);
    let threshold = stability::inverse_threshold(&train_at(scene.problem, point.step), point.learning_rate);
    findings.set_or(&trajectory::SHARPNESS_RATIO, threshold.map(|inverse| ends.top[0].value * inverse));
    let to_end = direction_cells(scene, at, here, &ends, &mut objective, findings)?;
    let along: Option<Vec<f64>> = components.iter().map(|direction| objective.along(&narrow::<T>(direction))).collect();
    findings.set(&trajectory::CURVATURE_PCS, along.filter(|along| !along.is_empty()));
    findings.set(&trajectory::CURVATURE_UPDATE, point.curvature_update);
    // The certificate's product is over the full set, the last step's was made on the way.
    findings.hvps += objective.n_products() + 1 + u32::from(point.curvature_update.is_some());
    Ok(Some(Known { largest: ends.top[0].value, certificate, to_end }))
}

fn end_cells<T: Element>(ends: &Extremes<T>, objective: &mut Objective<'_, T>, findings: &mut Findings) {
    let (top, bottom) = (&ends.top, &ends.bottom);
    findings.set(&trajectory::HESSIAN_MAX, top[0].value);
    findings.set(&trajectory::HESSIAN_MIN, bottom.value);
    findings.set(&trajectory::HESSIAN_TOP, top.iter().map(|pair| pair.value).collect::<Vec<f64>>());
    findings.set(&trajectory::HESSIAN_TOP_RESIDUALS, top.iter().map(|pair| pair.residual).collect::<Vec<f64>>());
    findings.set(&trajectory::HESSIAN_MIN_RESIDUAL, bottom.residual);
    findings.set(&trajectory::LANCZOS_ITERATIONS, ends.n_steps);
    findings.set(&trajectory::HESSIAN_CONVERGED, ends.is_converged);
    findings.set(&trajectory::CURVATURE_RANDOM, ends.at_start);
    findings.set(&trajectory::HESSIAN_MAX_GAUSS_NEWTON, objective.gauss_newton_along(&top[0].vector));
    findings.set(&trajectory::HESSIAN_MIN_GAUSS_NEWTON, objective.gauss_newton_along(&bottom.vector));
}

/// Curvature along the gradient and along displacements, and their shares in the top eigenspace. Returns the curvature
/// along θT − θt.
fn direction_cells<T: Element>(
    scene: &Scene<'_, T>,
    at: usize,
    here: &[T],
    ends: &Extremes<T>,
    objective: &mut Objective<'_, T>,
    findings: &mut Findings,
) -> io::Result<Option<f64>> {
    let mut direction = vec![T::ZERO; here.len()];
    objective.gradient(here, &mut direction);
    findings.set(&trajectory::CURVATURE_GRADIENT, objective.along(&direction));
    findings.set(&trajectory::GRADIENT_OVERLAP_TOP, ends.overlap(&direction));
    if at > 0 {
        let before = scene.snapshot(at - 1)?;
        difference(here, theta(&before), &mut direction);
        findings.set(&trajectory::CURVATURE_EPOCH, objective.along(&direction));
        findings.set(&trajectory::STEP_OVERLAP_TOP, ends.overlap(&direction));
    }
    let Some(end) = scene.journey.end().filter(|&end| end > at) else { return Ok(None) };
    let last = scene.snapshot(end)?;
    difference(theta(&last), here, &mut direction);
    let to_end = objective.along(&direction);
    findings.set(&trajectory::CURVATURE_TO_END, to_end);
    Ok(to_end)
}

/// The certificate for a vector found in the training's precision.
fn certify<T: Element>(problem: &Problem, theta: &[T], direction: &[T]) -> Option<f64> {
    let wide = |values: &[T]| values.iter().map(|value| value.wide()).collect::<Vec<f64>>();
    certificate(problem, &wide(theta), &wide(direction))
}

fn after_convergence<T: Element>(scene: &Scene<'_, T>, known: &BTreeMap<usize, Known>, measured: &mut Measured) {
    for row in &scene.analysis.convergence {
        let Some((at, found)) = row.snapshot.and_then(|at| Some((at, known.get(&at)?))) else { continue };
        let findings = measured.converged_at(at);
        // Two thresholds may have one t*.
        if findings.cells.is_empty() {
            findings.set(&convergence::HESSIAN_MAX, found.largest);
            findings.set(&convergence::CURVATURE_OF_TRAVEL, found.to_end.filter(|_| row.travel.is_some()));
        }
    }
}

fn summarise<T: Element>(scene: &Scene<'_, T>, known: &BTreeMap<usize, Known>, run: &mut Findings) {
    if let Some(found) = scene.journey.end().and_then(|end| known.get(&end)) {
        run.set(&runs::HESSIAN_MAX_FINAL, found.largest);
    }
    let certificates: Vec<f64> = known.values().filter_map(|found| found.certificate).collect();
    let n_negative = certificates.iter().filter(|value| **value < 0.0).count();
    let fraction = (!certificates.is_empty()).then(|| n_negative as f64 / certificates.len() as f64);
    run.set(&runs::NONCONVEX_FRACTION, fraction);
}

/// The gradient that noise keeps alive, at the end of a training by SGD.
fn noise_floor<T: Element>(scene: &mut Scene<'_, T>, measured: &mut Measured) -> Result<(), Ended> {
    let Some(end) = scene.journey.end() else { return Ok(()) };
    let (problem, step) = (scene.problem, scene.journey.points[end].step);
    let train = train_at(problem, step);
    if train.optimizer != Optimizer::Sgd {
        measured.run.reasons.push(Missing::NoThreshold);
        return Ok(());
    }
    let snapshot = scene.snapshot(end)?;
    let here: &[T] = theta(&snapshot);
    let n_rows = u32::try_from(problem.data().train.len()).unwrap_or(u32::MAX);
    let batch_rows = match train.batch_size {
        BatchSize::Rows(rows) => rows.min(n_rows),
        BatchSize::Full(Full::Full) => n_rows,
    };
    let with_replacement = train.sampling == settings::Sampling::Replacement;
    let mut objective = Objective::at(problem, here, Rows::Train(&scene.probe_set));
    let mut draws = Philox::new(scene.seed(), Purpose::NoiseBatches).at(step);
    let evaluator = &mut *scene.evaluator;
    let gradient = &mut |rows: &[u32], out: &mut [T]| {
        evaluator.gradient(here, Rows::Train(rows), out);
    };
    let sampling = Sampling { n_rows, batch_rows, with_replacement };
    let curvature = noise_floor::noise_curvature(&mut objective, gradient, sampling, &mut draws);
    measured.at(end).hvps += objective.n_products();
    let rate = scene.journey.points[end].learning_rate;
    let floor = curvature.and_then(|curvature| noise_floor::floor(rate, train.momentum, curvature));
    measured.run.set_or(&runs::NOISE_FLOOR_FINAL, floor);
    Ok(())
}

/// The settings that hold for the step after this one.
fn train_at(problem: &Problem, step: u64) -> TrainSettings {
    let mut train = problem.settings().train.clone();
    let steps_per_epoch = problem.course().steps_per_epoch;
    if let Some(fork) = problem.settings().fork.as_ref().filter(|fork| fork.step(steps_per_epoch) <= step) {
        train.momentum = fork.train.momentum.unwrap_or(train.momentum);
        train.batch_size = fork.train.batch_size.unwrap_or(train.batch_size);
    }
    train
}

/// a − b, rounded once.
fn difference<T: Element>(a: &[T], b: &[T], out: &mut [T]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = T::of(a.wide() - b.wide());
    }
}

fn narrow<T: Element>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::of(value)).collect()
}
