//! How fast the path spreads: mean squared displacements and their exponents.

use traipse_probe::diffusion::{self, Curve};
use traipse_probe::{Element, Missing, Window};
use traipse_sweep::columns::{Table, curves, runs};
use traipse_sweep::rows::Cell;
use traipse_sweep::spec::Diffusion;

use super::super::analysis::HEADLINE_THRESHOLD;
use super::super::journey::Ended;
use super::super::rows::{Row, status};
use super::{Measured, Scene};

/// Fills the columns of `runs` and three rows of `curves`: the first third, the last third, and from t* at 1 %.
pub(super) fn measure<T: Element>(
    scene: &Scene<'_, T>,
    settings: &Diffusion,
    measured: &mut Measured,
) -> Result<(), Ended> {
    scene.go_on()?;
    let thirds = [
        ("msd-early", Window::Early, &runs::DIFFUSION_EXPONENT_EARLY),
        ("msd-late", Window::Late, &runs::DIFFUSION_EXPONENT_LATE),
    ];
    let mut lags: Vec<u64> = Vec::new();
    for (kind, window, column) in thirds {
        let curve = in_window(scene, window, settings);
        measured.run.set_or(column, curve.exponent);
        if curve.exponent.is_ok() {
            lags.extend(&curve.lags);
        }
        measured.push_row(Table::Curves, row(scene, kind, &curve));
    }
    if let (Some(&least), Some(&most)) = (lags.iter().min(), lags.iter().max()) {
        measured.run.set(&runs::DIFFUSION_LAG_MIN, least);
        measured.run.set(&runs::DIFFUSION_LAG_MAX, most);
    }
    let origin = from_convergence(scene)?;
    measured.push_row(Table::Curves, row(scene, "msd-origin", &origin));
    Ok(())
}

fn in_window<T: Element>(scene: &Scene<'_, T>, window: Window, settings: &Diffusion) -> Curve {
    let steps = scene.journey.trajectory.steps();
    let gram = if scene.journey.end().is_some() { scene.analysis.path.step_gram() } else { Err(Missing::Diverged) };
    match gram {
        Ok(gram) => diffusion::in_window(gram, steps, window, settings.max_lag_percent),
        Err(missing) => {
            let of = window.steps(steps.len() - 1);
            Curve::without_values(of.start, of.end, missing)
        }
    }
}

/// Where the training was shorter than 4 t*, the curve stands without an exponent.
fn from_convergence<T: Element>(scene: &Scene<'_, T>) -> Result<Curve, Ended> {
    let end = scene.journey.trajectory.n_snapshots() - 1;
    let known = scene.analysis.convergence.iter().find(|row| row.threshold == HEADLINE_THRESHOLD);
    let missing = known.and_then(|row| row.missing);
    let Some(at) = known.and_then(|row| row.snapshot) else {
        return Ok(Curve::without_values(0, end, missing.unwrap_or(Missing::NotConverged)));
    };
    let curve = diffusion::from_origin(&scene.analysis.path, at).map_err(Ended::Lost)?;
    Ok(if let Some(missing) = missing { Curve { exponent: Err(missing), ..curve } } else { curve })
}

fn row<T: Element>(scene: &Scene<'_, T>, kind: &'static str, curve: &Curve) -> Row {
    let steps = scene.journey.trajectory.steps();
    vec![
        (&curves::KIND, kind.into()),
        (&curves::STEP, steps[curve.start].into()),
        (&curves::TO_STEP, steps[curve.end].into()),
        (&curves::X, Cell::from(curve.lags.iter().map(|&lag| lag as f64).collect::<Vec<f64>>())),
        (&curves::Y, curve.squares.clone().into()),
        (&curves::EXPONENT, curve.exponent.ok().into()),
        (&curves::STATUS, status([curve.exponent.err()])),
    ]
}
