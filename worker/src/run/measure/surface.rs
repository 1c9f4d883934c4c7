//! `[probes.surface]`: the loss on planes through the path.

use traipse_probe::plane::{self, Place, Plane, Projection};
use traipse_probe::{Element, Missing};
use traipse_sweep::columns::{Table, surfaces, trajectory};
use traipse_sweep::spec::{Plane as Kind, Surface};
use traipse_sweep::streams::{Philox, Purpose};

use super::super::journey::{Ended, theta};
use super::super::rows::Row;
use super::{Measured, Scene};

/// A plane, and what is to be seen of it.
struct View {
    plane: Plane,
    /// The snapshot that the row names.
    origin: usize,
    /// How far to go on both sides of the origin; none where the path decides.
    extent: Option<f64>,
}

/// The path as one sees it from a plane; one entry a snapshot.
struct Shadow {
    projections: Vec<Projection>,
    /// At the snapshots themselves.
    loss: Vec<f64>,
    /// At their projections.
    loss_on_plane: Vec<f64>,
}

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Surface,
    measured: &mut Measured,
) -> Result<(), Ended> {
    for &kind in &settings.planes {
        scene.go_on()?;
        let row = match view(scene, kind)? {
            Ok(view) => draw(scene, settings, kind, &view, measured)?,
            Err(missing) => {
                if kind == Kind::Pca {
                    (0..scene.journey.points.len()).for_each(|at| measured.at(at).reasons.push(missing));
                }
                without(kind, missing)
            }
        };
        measured.push_row(Table::Surfaces, row);
    }
    Ok(())
}

fn view<T: Element>(scene: &Scene<'_, T>, kind: Kind) -> Result<Result<View, Missing>, Ended> {
    let Some(end) = scene.journey.end() else { return Ok(Err(Missing::Diverged)) };
    let wide = |at: usize| -> Result<Vec<f64>, Ended> { Ok(scene.snapshot(at)?.weights.widened()) };
    let plain = |plane: Plane, origin: usize| View { plane, origin, extent: None };
    Ok(match kind {
        Kind::Pca => match &scene.analysis.pca {
            Ok(pca) => Plane::of_components(&scene.journey.trajectory, pca)?.map(|plane| plain(plane, end)),
            Err(missing) => Err(*missing),
        },
        Kind::ThreePoint => {
            let [start, middle, end] = [wide(0)?, wide(middle(scene.journey.trajectory.steps()))?, wide(end)?];
            Plane::through([&start, &middle, &end]).map(|plane| plain(plane, 0))
        }
        Kind::Random => {
            let streams = Philox::new(scene.seed(), Purpose::SurfaceDirections);
            let draws = [0, 1].map(|part| streams.at_part(scene.journey.points[end].step, part));
            let found = Plane::random(scene.problem, wide(end)?, draws);
            found.map(|(plane, extent)| View { plane, origin: end, extent: Some(extent) })
        }
    })
}

/// The snapshot nearest to half the steps, the earlier of two.
fn middle(steps: &[u64]) -> usize {
    let end = steps.last().copied().unwrap_or(0);
    (0..steps.len()).min_by_key(|&at| (2 * steps[at]).abs_diff(end)).unwrap_or(0)
}

fn draw<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Surface,
    kind: Kind,
    view: &View,
    measured: &mut Measured,
) -> Result<Row, Ended> {
    let mut place = Place::new(scene.problem);
    let path = shadow(scene, &view.plane, &mut place)?;
    let side = |axis: usize| match view.extent {
        Some(extent) => plane::evenly(-extent, extent, settings.points),
        None => plane::frame(path.projections.iter().map(|found| found.at[axis]), settings.points),
    };
    let [x, y] = [side(0), side(1)];
    let mut loss = Vec::with_capacity(x.len() * y.len());
    for &row in &y {
        scene.go_on()?;
        for &column in &x {
            let found = view.plane.loss(scene.evaluator, [column, row], &scene.probe_set, &mut place);
            loss.push(or_nan(found));
        }
    }
    measured.at(view.origin).forwards += u32::try_from(loss.len()).unwrap_or(u32::MAX);
    for (at, found) in path.projections.iter().enumerate() {
        let findings = measured.at(at);
        findings.forwards += 1;
        if kind == Kind::Pca {
            let fraction = (found.from_origin > 0.0).then(|| found.off_plane / found.from_origin);
            findings.set(&trajectory::OFF_PLANE_FRACTION, fraction);
            let loss = path.loss_on_plane[at];
            findings.set_or(&trajectory::LOSS_ON_PLANE, if loss.is_nan() { Err(Missing::NotFinite) } else { Ok(loss) });
        }
    }
    let list = |of: &dyn Fn(&Projection) -> f64| path.projections.iter().map(of).collect::<Vec<f64>>();
    Ok(vec![
        (&surfaces::KIND, name(kind).into()),
        (&surfaces::STEP, scene.journey.points[view.origin].step.into()),
        (&surfaces::X, x.into()),
        (&surfaces::Y, y.into()),
        (&surfaces::LOSS, loss.into()),
        (&surfaces::PATH_X, list(&|found| found.at[0]).into()),
        (&surfaces::PATH_Y, list(&|found| found.at[1]).into()),
        (&surfaces::PATH_OFF_PLANE, list(&|found| found.off_plane).into()),
        (&surfaces::PATH_LOSS, path.loss.into()),
        (&surfaces::PATH_LOSS_ON_PLANE, path.loss_on_plane.into()),
    ])
}

fn shadow<T: Element>(scene: &mut Scene<'_, T>, plane: &Plane, place: &mut Place<T>) -> Result<Shadow, Ended> {
    let n = scene.journey.points.len();
    let mut path = Shadow { projections: Vec::with_capacity(n), loss: Vec::new(), loss_on_plane: Vec::new() };
    for at in 0..n {
        scene.go_on()?;
        let snapshot = scene.snapshot(at)?;
        let found = plane.project(&snapshot.weights.widened());
        let known = scene.journey.points[at].on_probe_set.loss.mean;
        // With batch norm the two losses compare only where the statistics were estimated in the same way.
        let rows = &scene.probe_set;
        let loss = if snapshot.buffers.is_empty() {
            known
        } else {
            place.loss_at(scene.evaluator, theta::<T>(&snapshot), rows)
        };
        path.loss.push(or_nan(loss));
        path.loss_on_plane.push(or_nan(plane.loss(scene.evaluator, found.at, rows, place)));
        path.projections.push(found);
    }
    Ok(path)
}

/// The row of a plane that there is not.
fn without(kind: Kind, missing: Missing) -> Row {
    vec![
        (&surfaces::KIND, name(kind).into()),
        (&surfaces::STEP, 0u64.into()),
        (&surfaces::X, Vec::<f64>::new().into()),
        (&surfaces::Y, Vec::<f64>::new().into()),
        (&surfaces::LOSS, Vec::<f64>::new().into()),
        (&surfaces::STATUS, missing.as_str().into()),
    ]
}

/// Losses that overflow leave a hole in the picture.
fn or_nan(loss: f64) -> f64 {
    if loss.is_finite() { loss } else { f64::NAN }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Pca => "pca",
        Kind::Random => "random",
        Kind::ThreePoint => "three-point",
    }
}
