//! `[probes.polish]`: full-batch L-BFGS in f64 from the end.

use traipse_probe::{Element, Missing, polish};
use traipse_sweep::columns::runs;
use traipse_sweep::spec::Polish;

use super::super::journey::{Ended, theta};
use super::{Measured, Scene};

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Polish,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let Some(end) = scene.journey.end() else {
        measured.run.reasons.push(Missing::Diverged);
        return Ok(());
    };
    let snapshot = scene.snapshot(end)?;
    let mut place: Vec<f64> = theta::<T>(&snapshot).iter().map(|value| value.wide()).collect();
    match polish::polish(scene.problem, &mut place, settings.iterations, || scene.go_on())? {
        Ok(found) => {
            let run = &mut measured.run;
            run.set(&runs::POLISH_DISTANCE, found.distance);
            run.set(&runs::POLISH_DROP, found.drop);
            run.set(&runs::POLISH_GRADIENT_NORM, found.gradient_norm);
            run.set(&runs::POLISH_ITERATIONS, u32::try_from(found.iterations).unwrap_or(u32::MAX));
        }
        Err(missing) => measured.run.reasons.push(missing),
    }
    Ok(())
}
