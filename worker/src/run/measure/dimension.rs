//! How many directions the path takes: windows and increments.

use traipse_probe::dimension;
use traipse_probe::{Element, Missing};
use traipse_sweep::columns::runs;
use traipse_sweep::rows::Cell;
use traipse_sweep::spec::Dimension;

use super::super::journey::Ended;
use super::{Measured, Scene};

/// Fills the columns of `runs`. Its nulls are among the others.
pub(super) fn measure<T: Element>(
    scene: &Scene<'_, T>,
    settings: &Dimension,
    measured: &mut Measured,
) -> Result<(), Ended> {
    scene.go_on()?;
    let run = &mut measured.run;
    let gram = if scene.journey.end().is_some() { scene.analysis.path.step_gram() } else { Err(Missing::Diverged) };
    let found = match gram {
        Ok(gram) => dimension::measure(gram, settings),
        Err(missing) => {
            run.reasons.push(missing);
            return Ok(());
        }
    };
    run.set_or(&runs::LISSAJOUS_CORRELATION, found.lissajous_correlation);
    run.set_or(&runs::INCREMENTS_PARTICIPATION, found.increments_participation);
    let lists = [
        (&runs::INCREMENTS_EXPLAINED, found.increments_explained),
        (&runs::WINDOW_EXPLAINED, found.window_explained),
        (&runs::WINDOW_ANGLES, found.window_angles),
    ];
    for (column, list) in lists {
        match list {
            Ok(list) => run.set(column, Cell::from(list)),
            Err(missing) => run.reasons.push(missing),
        }
    }
    Ok(())
}
