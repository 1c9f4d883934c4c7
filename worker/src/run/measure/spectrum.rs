//! `[probes.spectrum]`: the Hessian's spectral density, as raw nodes and weights, and two masses of it.

use traipse_nn::Rows;
use traipse_probe::curvature::Objective;
use traipse_probe::curvature::density::{Masses, Quadrature};
use traipse_probe::{Element, Missing};
use traipse_sweep::columns::{Table, spectra, trajectory};
use traipse_sweep::rows::Cell;
use traipse_sweep::spec::Spectrum;
use traipse_sweep::streams::{Philox, Purpose};

use super::super::journey::{Ended, theta};
use super::{Measured, Scene};

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Spectrum,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let stream = Philox::new(scene.seed(), Purpose::SpectrumSigns);
    for at in scene.chosen(&settings.at) {
        let step = scene.journey.points[at].step;
        let snapshot = scene.snapshot(at)?;
        let mut objective = Objective::at(scene.problem, theta::<T>(&snapshot), Rows::Train(&scene.probe_set));
        let d = objective.dimension();
        let mut known = Vec::new();
        let mut missing = None;
        for draw in 0..settings.draws {
            scene.go_on()?;
            let product = &mut |direction: &[T], out: &mut [T]| objective.hessian(direction, out);
            let mut draws = stream.at_part(step, u64::from(draw));
            let found = Quadrature::draw(product, d, settings.iterations as usize, &mut draws);
            measured.push_row(Table::Spectra, row(step, draw, &found));
            match found {
                Ok(quadrature) => known.push(quadrature),
                Err(why) => missing = Some(why),
            }
        }
        let findings = measured.at(at);
        findings.hvps += objective.n_products();
        findings.reasons.extend(missing);
        if !known.is_empty() {
            let masses = Masses::of(&known);
            findings.set(&trajectory::NEGATIVE_MASS, masses.negative);
            findings.set(&trajectory::NEGATIVE_MASS_SE, masses.negative_error);
            findings.set(&trajectory::NEAR_ZERO_MASS, masses.near_zero);
            findings.set(&trajectory::NEAR_ZERO_WIDTH, masses.width);
        }
    }
    Ok(())
}

fn row(step: u64, draw: u32, found: &Result<Quadrature, Missing>) -> super::Row {
    let (nodes, weights) = match found {
        Ok(quadrature) => (quadrature.nodes.clone(), quadrature.weights.clone()),
        Err(_) => (Vec::new(), Vec::new()),
    };
    vec![
        (&spectra::STEP, step.into()),
        (&spectra::DRAW, draw.into()),
        (&spectra::NODES, nodes.into()),
        (&spectra::WEIGHTS, weights.into()),
        (&spectra::STATUS, found.as_ref().err().map_or(Cell::Null, |missing| missing.as_str().into())),
    ]
}
