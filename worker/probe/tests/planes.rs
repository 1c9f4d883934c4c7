//! Planes and the loss on them: quadratics have known contours, filters known norms.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use support::{digits_problem, regression, start};
use traipse_nn::{Evaluator, Rows, probe_order};
use traipse_probe::pca::Pca;
use traipse_probe::plane::{Place, Plane};
use traipse_probe::{Form, Snapshot, Trajectory, Weights};
use traipse_sweep::settings::{Norm, Precision};
use traipse_sweep::streams::{Philox, Purpose};

fn trajectory(points: &[Vec<f64>]) -> Trajectory {
    let form = Form { n_parameters: points[0].len(), precision: Precision::F64, n_buffers: 0 };
    let mut trajectory = Trajectory::in_memory(form);
    for (step, point) in (0..).zip(points) {
        trajectory.push(step, &Snapshot { weights: Weights::F64(point.clone()), buffers: Vec::new() }).unwrap();
    }
    trajectory
}

#[test]
fn a_quadratics_contours_are_its_formula() {
    let problem =
        regression(&[1.0, 2.0, -1.0, 0.5, 0.25, -2.0], &[1.0, 0.0, 2.0], |settings| settings.model.hidden = vec![]);
    let points = [[0.1, 0.2, -0.3], [1.0, -0.5, 0.5], [0.0, 1.0, 2.0]];
    let plane = Plane::through([&points[0], &points[1], &points[2]]).unwrap();
    let (mut evaluator, rows) = (Evaluator::<f64>::new(&problem), probe_order(problem.data()));
    let mut place = Place::new(&problem);
    let mut loss = |at| plane.loss(&mut evaluator, at, &rows, &mut place);
    // Second differences of a quadratic do not depend on where they are taken.
    let bend = |loss: &mut dyn FnMut([f64; 2]) -> f64, [x, y]: [f64; 2], [u, v]: [f64; 2]| {
        loss([x - u, y - v]) - 2.0 * loss([x, y]) + loss([x + u, y + v])
    };
    for step in [[0.5, 0.0], [0.0, 0.7], [0.3, -0.4]] {
        let [here, there] = [[0.0, 0.0], [2.0, -1.5]].map(|at| bend(&mut loss, at, step));
        assert!((here - there).abs() < 1e-12 && here > 0.0, "{here} and {there}");
    }
    for point in points {
        let found = plane.project(&point);
        assert!(found.off_plane < 1e-15);
        let direct = Evaluator::<f64>::new(&problem).loss(&point, &[], Rows::AllTrain).mean;
        assert!((loss(found.at) - direct).abs() < 1e-14);
    }
}

#[test]
fn components_give_back_the_scores() {
    let mut draws = Philox::new(1, Purpose::NullWalk).at(0);
    let mut here = vec![3.0; 50];
    let points: Vec<Vec<f64>> = (0..12)
        .map(|_| {
            here.iter_mut().for_each(|value| *value += draws.normal());
            here.clone()
        })
        .collect();
    let trajectory = trajectory(&points);
    let pca = Pca::of(&trajectory.step_gram().unwrap().unwrap()).unwrap();
    let plane = Plane::of_components(&trajectory, &pca).unwrap().unwrap();
    let mut off = 0.0;
    let mut whole = 0.0;
    for (point, scores) in points.iter().zip(&pca.scores) {
        let found = plane.project(point);
        assert!((found.at[0] - scores[0]).abs() < 1e-11 && (found.at[1] - scores[1]).abs() < 1e-11);
        off += found.off_plane * found.off_plane;
        whole += found.from_origin * found.from_origin;
    }
    // What is off the plane is the variance of all other components.
    assert!((off / whole - (1.0 - pca.explained[0] - pca.explained[1])).abs() < 1e-12);
    let two = self::trajectory(&points[..2]);
    let pca = Pca::of(&two.step_gram().unwrap().unwrap()).unwrap();
    assert!(Plane::of_components(&two, &pca).unwrap().is_err(), "a line");
}

#[test]
fn random_directions_have_the_norms_of_the_filters() {
    let problem = digits_problem(|settings| {
        (settings.model.hidden, settings.model.norm) = (vec![12], Norm::Batch);
    });
    let theta = start(&problem, 3);
    let streams = Philox::new(5, Purpose::SurfaceDirections);
    let draws = [streams.at_part(0, 0), streams.at_part(0, 1)];
    let (plane, extent) = Plane::random(&problem, theta.clone(), draws).unwrap();
    let axis =
        |at: [f64; 2]| -> Vec<f64> { plane.point(at).iter().zip(&theta).map(|(there, here)| there - here).collect() };
    let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
    for direction in [axis([extent, 0.0]), axis([0.0, extent])] {
        for layer in problem.layers() {
            let width = layer.weight.len() / layer.outputs;
            for at in layer.weight.clone().step_by(width) {
                let wanted = if layer.shape.len() > 1 { norm(&theta[at..at + width]) } else { 0.0 };
                assert!((norm(&direction[at..at + width]) - wanted).abs() < 1e-12 * (1.0 + extent));
            }
            if let Some(bias) = &layer.bias {
                assert!(norm(&direction[bias.clone()]) < 1e-12);
            }
        }
    }
    let [x, y] = [plane.project(&plane.point([extent, 0.0])), plane.project(&plane.point([0.0, extent]))];
    assert!((x.at[0] - extent).abs() < 1e-10 && x.at[1].abs() < 1e-10 && y.at[0].abs() < 1e-10);
}
