//! `[probes.predictions]`: how predictions on the test set change from one chosen snapshot to the next.

use traipse_probe::predictions::Predictions;
use traipse_probe::{Element, Missing};
use traipse_sweep::columns::trajectory;
use traipse_sweep::spec::Predictions as Settings;

use super::super::journey::{Ended, theta};
use super::{Measured, Scene};

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Settings,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let mut before: Option<Result<Predictions, Missing>> = None;
    for at in scene.chosen(&settings.at) {
        scene.go_on()?;
        let snapshot = scene.snapshot(at)?;
        let findings = measured.at(at);
        let here = Predictions::at(scene.problem, scene.evaluator, theta::<T>(&snapshot), &snapshot.buffers);
        match (before, &here) {
            (_, Err(missing)) => findings.reasons.push(*missing),
            (Some(Err(missing)), Ok(_)) => findings.reasons.push(missing),
            (None, Ok(_)) => {}
            (Some(Ok(before)), Ok(here)) => {
                findings.set(&trajectory::PREDICTION_CHANGE, here.disagreement(&before));
                findings.set_or(&trajectory::PREDICTION_KL, here.divergence_from(&before));
            }
        }
        if here.is_ok() {
            findings.forwards += scene.passes(scene.problem.data().test.len());
        }
        before = Some(here);
    }
    Ok(())
}
