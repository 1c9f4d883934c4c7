//! Layer by layer: distances, gradients, stable ranks.

use traipse_nn::{LayerShape, Rows};
use traipse_probe::layers::{self, LayerPath};
use traipse_probe::{Element, Missing, lanes};
use traipse_sweep::columns::{Table, layers as columns};
use traipse_sweep::spec::Layers;

use super::super::journey::{Ended, theta};
use super::super::rows::{Row, count, status};
use super::{Measured, Scene};

/// Fills `layers`: one row a chosen snapshot and layer.
///
/// Cost: reads the snapshots once; at each chosen one a gradient of the probe set, and some tens of passes over the
/// weights.
pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Layers,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let shapes = scene.problem.layers();
    let ranges: Vec<_> = shapes.iter().map(LayerShape::range).collect();
    let paths = layers::paths(&scene.journey.trajectory, &ranges).map_err(Ended::Lost)?;
    let mut gradient = vec![T::ZERO; scene.problem.n_parameters()];
    for at in scene.chosen(&settings.at) {
        scene.go_on()?;
        let snapshot = scene.snapshot(at).map_err(Ended::Lost)?;
        let theta: &[T] = theta(&snapshot);
        scene.evaluator.gradient(theta, Rows::Train(&scene.probe_set), &mut gradient);
        measured.at(at).forwards += 1;
        for (number, (shape, path)) in shapes.iter().zip(&paths).enumerate() {
            let mut row = place(scene, at, number, shape, path);
            row.extend(measures(theta, &gradient, shape, scene.journey.end().is_none()));
            measured.push_row(Table::Layers, row);
        }
    }
    Ok(())
}

fn place<T: Element>(scene: &Scene<'_, T>, at: usize, number: usize, shape: &LayerShape, path: &LayerPath) -> Row {
    let to_end = scene.journey.end().map(|_| path.to_end[at]);
    vec![
        (&columns::STEP, scene.journey.trajectory.steps()[at].into()),
        (&columns::LAYER, count(number).into()),
        (&columns::NAME, format!("layers.{number}").into()),
        (&columns::PARAMETERS, (shape.n_parameters() as u64).into()),
        (&columns::WEIGHT_NORM, path.weight_norm[at].into()),
        (&columns::DISTANCE_FROM_START, path.from_start[at].into()),
        (&columns::DISTANCE_FROM_PREVIOUS, path.from_previous[at].into()),
        (&columns::DISTANCE_TO_END, to_end.into()),
    ]
}

fn measures<T: Element>(theta: &[T], gradient: &[T], shape: &LayerShape, diverged: bool) -> Row {
    let square = lanes::norm_square(&gradient[shape.range()]);
    let rank = stable_rank(&theta[shape.weight.clone()], shape);
    let reasons =
        [diverged.then_some(Missing::Diverged), (!square.is_finite()).then_some(Missing::NotFinite), rank.err()];
    vec![
        (&columns::GRADIENT_NORM, square.is_finite().then_some(square.sqrt()).into()),
        (&columns::STABLE_RANK, rank.ok().into()),
        (&columns::STATUS, status(reasons)),
    ]
}

/// Of a matrix of outputs × inputs; a convolution's inputs are its channels and the places of its kernel.
fn stable_rank<T: Element>(weight: &[T], shape: &LayerShape) -> Result<f64, Missing> {
    if shape.shape.len() < 2 {
        return Err(Missing::NoMatrix);
    }
    let wide: Vec<f64> = weight.iter().map(|&value| value.into()).collect();
    layers::stable_rank(&wide, shape.inputs)
}
