//! `[probes.sharpness]`: how the loss rises along its gradient and at random.

use traipse_probe::Element;
use traipse_probe::sharpness::{self, Place};
use traipse_sweep::columns::trajectory;
use traipse_sweep::spec::Sharpness;
use traipse_sweep::streams::{Philox, Purpose};

use super::super::journey::{Ended, theta};
use super::{GRADIENT_FORWARDS, Measured, Scene};

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Sharpness,
    measured: &mut Measured,
) -> Result<(), Ended> {
    for at in scene.chosen(&settings.at) {
        scene.go_on()?;
        let snapshot = scene.snapshot(at)?;
        let (findings, point) = (measured.at(at), &scene.journey.points[at]);
        let radius = settings.radius * snapshot.weights.norm_square().sqrt();
        let place = Place {
            theta: theta::<T>(&snapshot),
            buffers: &snapshot.buffers,
            loss: point.on_probe_set.loss.mean,
            rows: &scene.probe_set,
            radius,
        };
        findings.set(&trajectory::ASCENT_RADIUS, radius);
        findings.set(&trajectory::RANDOM_RADIUS, radius);
        findings.set_or(&trajectory::ASCENT_SHARPNESS, sharpness::ascent(scene.evaluator, &place));
        let streams = Philox::new(scene.problem.settings().streams.seed, Purpose::SharpnessDirections);
        let draws = |sample| streams.at_part(point.step, u64::from(sample));
        match sharpness::random(scene.evaluator, &place, settings.samples, draws) {
            Ok(found) => {
                findings.set(&trajectory::RANDOM_SHARPNESS, found.mean);
                findings.set(&trajectory::RANDOM_SHARPNESS_SE, found.standard_error);
            }
            Err(missing) => findings.reasons.push(missing),
        }
        findings.forwards += GRADIENT_FORWARDS + 1 + settings.samples;
    }
    Ok(())
}
