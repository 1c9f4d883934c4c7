//! `[probes.trace]`: tr H, ‖H‖_F and the trace of the Gauss–Newton part.

use traipse_nn::Rows;
use traipse_probe::Element;
use traipse_probe::curvature::Objective;
use traipse_probe::curvature::trace::{self, Matrix};
use traipse_sweep::columns::trajectory;
use traipse_sweep::spec::Trace;
use traipse_sweep::streams::{Philox, Purpose};

use super::super::journey::{Ended, theta};
use super::{Measured, Scene};

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Trace,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let stream = Philox::new(scene.seed(), Purpose::TraceSigns);
    for at in scene.chosen(&settings.at) {
        scene.go_on()?;
        let snapshot = scene.snapshot(at)?;
        let mut objective = Objective::at(scene.problem, theta::<T>(&snapshot), Rows::Train(&scene.probe_set));
        let d = objective.dimension();
        let product = &mut |matrix: Matrix, direction: &[T], out: &mut [T]| match matrix {
            Matrix::Hessian => objective.hessian(direction, out),
            Matrix::GaussNewton => objective.gauss_newton(direction, out),
        };
        let mut draws = stream.at(scene.journey.points[at].step);
        let found = trace::estimate(product, d, settings.method, settings.samples as usize, &mut draws);
        let findings = measured.at(at);
        findings.hvps += objective.n_products();
        match found {
            Ok(found) => {
                findings.set(&trajectory::HESSIAN_TRACE, found.trace);
                findings.set(&trajectory::HESSIAN_TRACE_SE, found.standard_error);
                findings.set(&trajectory::HESSIAN_FROBENIUS, found.frobenius);
                findings.set(&trajectory::GAUSS_NEWTON_TRACE, found.gauss_newton);
            }
            Err(missing) => findings.reasons.push(missing),
        }
    }
    Ok(())
}
