//! `[probes.gradients]`: noise scale, cosines, and what single precision does to the gradient.

use traipse_nn::Evaluator;
use traipse_probe::noise::{self, Estimate, Minibatches};
use traipse_probe::{Element, Missing, Snapshot};
use traipse_sweep::columns::trajectory;
use traipse_sweep::settings::Precision;
use traipse_sweep::spec::GradientNoise;
use traipse_sweep::streams::{Philox, Purpose};

use super::super::journey::{Ended, theta};
use super::{Findings, GRADIENT_FORWARDS, Measured, Scene};

/// A snapshot with its objective gradient on the probe set.
struct Place<T> {
    at: usize,
    snapshot: Snapshot,
    gradient: Vec<T>,
}

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &GradientNoise,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let mut exact = (T::PRECISION == Precision::F32).then(|| Evaluator::<f64>::new(scene.problem));
    let mut before: Option<Place<T>> = None;
    for at in scene.chosen(&settings.at) {
        scene.go_on()?;
        let findings = measured.at(at);
        let here = place(scene, at, findings)?;
        error_cells(scene, &here, exact.as_mut(), findings);
        noise_cells(scene, &here, settings, findings);
        if at > 0 {
            scene.go_on()?;
            let before = match before.take().filter(|place| place.at == at - 1) {
                Some(place) => place,
                None => place(scene, at - 1, findings)?,
            };
            cosine_cells(&before, &here, findings);
        }
        before = Some(here);
    }
    Ok(())
}

fn place<T: Element>(scene: &mut Scene<'_, T>, at: usize, findings: &mut Findings) -> Result<Place<T>, Ended> {
    let snapshot = scene.snapshot(at)?;
    let mut gradient = vec![T::ZERO; scene.problem.n_parameters()];
    let (problem, rows) = (scene.problem, &scene.probe_set);
    noise::objective_gradient(problem, scene.evaluator, theta(&snapshot), rows, &mut gradient);
    findings.forwards += GRADIENT_FORWARDS;
    Ok(Place { at, snapshot, gradient })
}

/// The penalty is the same in both precisions up to rounding, so that the objective's gradients serve.
fn error_cells<T: Element>(
    scene: &Scene<'_, T>,
    here: &Place<T>,
    exact: Option<&mut Evaluator<f64>>,
    findings: &mut Findings,
) {
    let Some(evaluator) = exact else {
        findings.reasons.push(Missing::DoublePrecision);
        return;
    };
    let at = (theta::<T>(&here.snapshot), &here.gradient[..]);
    let error = noise::gradient_error(scene.problem, evaluator, at, &scene.probe_set);
    findings.forwards += GRADIENT_FORWARDS;
    findings.set_or(&trajectory::GRADIENT_ERROR, if error.is_finite() { Ok(error) } else { Err(Missing::NotFinite) });
}

fn cosine_cells<T: Element>(before: &Place<T>, here: &Place<T>, findings: &mut Findings) {
    findings.set_or(&trajectory::GRADIENT_COSINE_PREVIOUS, noise::cosine(&here.gradient, &before.gradient));
    let [from, to] = [&before.snapshot, &here.snapshot].map(|snapshot| theta::<T>(snapshot));
    let back: Vec<f64> = from.iter().zip(to).map(|(from, to)| from.wide() - to.wide()).collect();
    let gradient: Vec<f64> = before.gradient.iter().map(|value| value.wide()).collect();
    findings.set_or(&trajectory::GRADIENT_COSINE_STEP, noise::cosine(&gradient, &back));
}

fn noise_cells<T: Element>(
    scene: &mut Scene<'_, T>,
    here: &Place<T>,
    settings: &GradientNoise,
    findings: &mut Findings,
) {
    let batches = minibatches(scene, here, settings, findings);
    match batches.as_ref().map_err(|missing| *missing).and_then(Minibatches::cosines) {
        Ok((mean, min)) => {
            findings.set(&trajectory::GRADIENT_COSINE_MEAN, mean);
            findings.set(&trajectory::GRADIENT_COSINE_MIN, min);
        }
        Err(missing) => findings.reasons.push(missing),
    }
    let known = &scene.journey.points[here.at].on_probe_set;
    let trace = known.noise_trace.map_or_else(|| batches.map(|batches| batches.noise_trace()), Ok);
    if known.noise_trace.is_none() {
        findings.set_or(&trajectory::NOISE_TRACE, trace);
    }
    let square = known.gradient_norm * known.gradient_norm;
    let (n, population) = (scene.probe_set.len(), scene.problem.data().train.len());
    let scale = trace.and_then(|trace| Estimate::of_known_trace(trace, square, n, population).scale());
    findings.set_or(&trajectory::NOISE_SCALE, scale);
}

/// Gradients of minibatches of the training's size.
fn minibatches<T: Element>(
    scene: &mut Scene<'_, T>,
    here: &Place<T>,
    settings: &GradientNoise,
    findings: &mut Findings,
) -> Result<Minibatches, Missing> {
    let (step, n_train) = (scene.journey.points[here.at].step, scene.problem.data().train.len());
    let mut draws = Philox::new(scene.seed(), Purpose::GradientBatches).at(step);
    let batch_rows = usize::try_from(scene.problem.course().batch_rows).unwrap_or(usize::MAX);
    let n_rows = u32::try_from(n_train).unwrap_or(u32::MAX);
    let batches = noise::draw(n_rows, batch_rows, settings.batches as usize, &mut draws)?;
    findings.forwards += GRADIENT_FORWARDS * scene.passes(batches.len() * batch_rows);
    Ok(Minibatches::at(scene.evaluator, theta(&here.snapshot), &batches))
}
