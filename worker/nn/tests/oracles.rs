//! Losses and exact derivatives of every layer beside PyTorch's in float64; `fixtures/make.py` made the tables.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod fixture;

use fixture::{Case, cases, distance, narrow};
use traipse_nn::{Curvature, Evaluator, Real, Rows};

/// ‖ours − theirs‖ / ‖theirs‖ that is allowed in f64 and in f32.
const TIGHT: f64 = 1e-10;
const LOOSE: f64 = 1e-5;

/// Tests of one table in both precisions.
macro_rules! table {
    ($($name:ident),*) => {$(
        mod $name {
            use super::{LOOSE, TIGHT, all, gradient, products, shapes};

            const TABLE: &str = stringify!($name);

            #[test]
            fn shapes_are_the_oracles() {
                shapes(TABLE);
            }

            #[test]
            fn losses_and_gradients_are_the_oracles() {
                all(TABLE, gradient::<f64>, TIGHT);
                all(TABLE, gradient::<f32>, LOOSE);
            }

            #[test]
            fn products_with_curvature_are_the_oracles() {
                all(TABLE, products::<f64>, TIGHT);
                all(TABLE, products::<f32>, LOOSE);
            }
        }
    )*};
}

table!(dense, dropout, conv, pool, batch_norm, layer_norm, residual);

fn shapes(table: &str) {
    for case in cases(table) {
        let problem = case.problem();
        assert_eq!(problem.n_parameters(), case.floats("theta").len(), "{}: parameters", case.name);
        assert_eq!(problem.n_buffers(), case.buffers().len(), "{}: buffers", case.name);
    }
}

/// Runs a check on every case of a table and names all that fail.
fn all(table: &str, check: fn(&Case) -> Vec<(String, f64)>, allowed: f64) {
    let found = cases(table).into_iter().flat_map(|case| {
        let name = case.name.clone();
        check(&case).into_iter().map(move |(what, error)| (name.clone(), what, error))
    });
    let wrong: Vec<_> = found.filter(|(_, _, error)| error.is_nan() || *error > allowed).collect();
    assert!(wrong.is_empty(), "off by more than {allowed}: {wrong:#?}");
}

fn gradient<T: Real>(case: &Case) -> Vec<(String, f64)> {
    let problem = case.problem();
    let mut evaluator = Evaluator::<T>::new(&problem);
    let theta: Vec<T> = narrow(&case.floats("theta"));
    let wanted = case.number("loss");
    let mut errors = Vec::new();
    // Running statistics have no gradient here: gradients go through the batch's own.
    if case.is_evaluation() || case.buffers().is_empty() {
        let loss = evaluator.loss(&theta, &case.buffers(), Rows::AllTrain);
        errors.push(("loss in evaluation".to_owned(), (loss.mean / wanted - 1.0).abs()));
    }
    if !case.is_evaluation() || case.buffers().is_empty() {
        let mut gradient = theta.clone();
        let found = evaluator.gradient(&theta, Rows::AllTrain, &mut gradient);
        errors.push(("loss".to_owned(), (found.loss.mean / wanted - 1.0).abs()));
        errors.push(("gradient".to_owned(), distance(&gradient, &case.floats("gradient"))));
    }
    errors
}

fn products<T: Real>(case: &Case) -> Vec<(String, f64)> {
    if case.is_evaluation() && !case.buffers().is_empty() {
        return Vec::new();
    }
    let problem = case.problem();
    let theta: Vec<T> = narrow(&case.floats("theta"));
    let directions: Vec<Vec<T>> = case.rows("directions").iter().map(|v| narrow(v)).collect();
    let mut errors = Vec::new();
    // With the passes at θ kept, and without.
    for memory in [usize::MAX, 0] {
        let mut curvature = Curvature::<T>::at(&problem, &theta, Rows::AllTrain, memory);
        let mut push = |what: &str, turn: usize, found: &[T], wanted: &[f64]| {
            errors.push((format!("{what} {turn}, {memory} bytes"), distance(found, wanted)));
        };
        let mut gradient = theta.clone();
        curvature.gradient(&mut gradient);
        push("gradient", 0, &gradient, &case.floats("gradient"));
        let (hvp, ggn, jvp) = (case.rows("hvp"), case.rows("ggn"), case.matrices("jvp_logits"));
        let [hessian, gauss_newton] = both(&mut curvature, &directions);
        for turn in 0..directions.len() {
            push("H v", turn, &hessian[turn], &hvp[turn]);
            push("G v", turn, &gauss_newton[turn], &ggn[turn]);
            let mut tangents = vec![T::ZERO; jvp[turn].len()];
            curvature.jacobian(&directions[turn], &mut tangents);
            push("J v", turn, &tangents, &jvp[turn]);
        }
    }
    errors
}

/// H v and G v of all directions at once.
fn both<T: Real>(curvature: &mut Curvature<T>, directions: &[Vec<T>]) -> [Vec<Vec<T>>; 2] {
    let views: Vec<&[T]> = directions.iter().map(|v| &v[..]).collect();
    let mut found = [directions.to_vec(), directions.to_vec()];
    let [hessian, gauss_newton] = &mut found;
    curvature.hessian(&views, &mut hessian.iter_mut().map(|v| &mut v[..]).collect::<Vec<_>>());
    curvature.gauss_newton(&views, &mut gauss_newton.iter_mut().map(|v| &mut v[..]).collect::<Vec<_>>());
    found
}
