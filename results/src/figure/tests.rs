//! Every figure, from synthetic tables: its data, its two pictures, and what it says where data are missing.

use std::f64::consts::PI;

use traipse_sweep::columns::Table;
use traipse_sweep::rows::Cell;

use super::{CATALOGUE, Choice, Wanted, csv, entry, png, svg};
use crate::fixture::Fixture;
use crate::{Error, Tables};

const N_SNAPSHOTS: usize = 21;

/// A sweep of two cells with two seeds, in which everything is measured.
fn everything() -> Fixture {
    let mut fixture = Fixture::default();
    for run in 0..4_u64 {
        let explained = (1..=5).map(|k| 6.0 / (PI * PI * f64::from(k * k))).collect();
        fixture.run(
            run,
            run / 2,
            run % 2,
            vec![("pca_explained", Cell::ListF64(explained)), ("noise_floor_final", Cell::F64(0.01))],
        );
        for at in 0..N_SNAPSHOTS {
            snapshot(&mut fixture, run, at);
        }
        let steps = (0..N_SNAPSHOTS as u64).map(|at| 50 * at).collect();
        let gram = (0..N_SNAPSHOTS - 1).flat_map(|i| (i..N_SNAPSHOTS - 1).map(move |j| if i == j { 1.0 } else { 0.1 }));
        fixture.push(
            Table::Gram,
            vec![("run", Cell::U64(run)), ("steps", Cell::ListU64(steps)), ("gram", Cell::ListF64(gram.collect()))],
        );
        for q in [0.05, 0.01, 0.001] {
            let row = [("q", q), ("epoch", 4.0), ("travel_fraction", 0.3), ("travel_fraction_walk", 0.4)];
            let row = row.map(|(name, value)| (name, Cell::F64(value)));
            fixture.push(
                Table::Convergence,
                [vec![("run", Cell::U64(run)), ("step", Cell::U64(200))], row.to_vec()].concat(),
            );
        }
        others(&mut fixture, run);
    }
    for fork in [0_u64, 400] {
        for seed in 0..2_u64 {
            fixture.push(
                Table::Comparisons,
                vec![
                    ("seed", Cell::U64(seed)),
                    ("fork_step", Cell::U64(fork)),
                    ("kind", Cell::from("interpolation")),
                    ("run_a", Cell::U64(seed)),
                    ("differs_in", Cell::from("branch")),
                    ("at", Cell::from("end")),
                    ("barrier_chord", Cell::F64(0.1 + 0.01 * seed as f64)),
                    ("barrier_mean", Cell::F64(0.2 + 0.01 * seed as f64)),
                    ("loss_error", Cell::F64(1e-6)),
                ],
            );
        }
    }
    fixture
}

fn snapshot(fixture: &mut Fixture, run: u64, at: usize) {
    let time = at as f64 / (N_SNAPSHOTS - 1) as f64;
    let numbers = [
        ("epoch", 20.0 * time),
        ("train_loss", 2.3 * libm::exp(-6.0 * time)),
        ("test_loss", 2.3 * libm::exp(-3.0 * time)),
        ("objective", 2.4 * libm::exp(-6.0 * time)),
        ("distance_from_start", 10.0 * time.sqrt()),
        ("distance_to_end", 10.0 * (1.0 - time)),
        ("objective_gradient_norm", libm::exp(-4.0 * time)),
        ("hessian_max", 20.0 + 10.0 * time),
        ("hessian_min", -2.0 * (1.0 - time) - 0.01),
        ("certificate", -1.9 * (1.0 - time)),
        ("sharpness_ratio", 0.5 + 0.4 * time),
    ];
    let scores = vec![8.0 * libm::cos(PI * time), 2.0 * libm::cos(2.0 * PI * time)];
    let mut row =
        vec![("run", Cell::U64(run)), ("step", Cell::U64(50 * at as u64)), ("pc_scores", Cell::ListF64(scores))];
    row.extend(numbers.map(|(name, value)| (name, Cell::F64(value))));
    fixture.push(Table::Trajectory, row);
}

fn others(fixture: &mut Fixture, run: u64) {
    for kind in ["walk", "signs", "shuffled"] {
        fixture.push(
            Table::Nulls,
            vec![
                ("run", Cell::U64(run)),
                ("window", Cell::from("all")),
                ("statistic", Cell::from("pca_explained_1")),
                ("kind", Cell::from(kind)),
                ("mean", Cell::F64(0.6)),
                ("sd", Cell::F64(0.05)),
            ],
        );
    }
    for step in [0_u64, 500, 1000] {
        fixture.push(
            Table::Spectra,
            vec![
                ("run", Cell::U64(run)),
                ("step", Cell::U64(step)),
                ("nodes", Cell::ListF64(vec![-1.0, 1e-5, 0.1, 25.0])),
                ("weights", Cell::ListF64(vec![0.05, 0.85, 0.08, 0.02])),
            ],
        );
    }
    let grid: Vec<f64> = (0..11).map(|at| f64::from(at) / 10.0).collect();
    for (kind, step) in [("msd-early", 0_u64), ("start-end", 0), ("snapshot-end", 300)] {
        let x: Vec<f64> =
            if kind == "msd-early" { grid.iter().map(|x| 10.0 + 100.0 * x).collect() } else { grid.clone() };
        let y = x.iter().map(|x| 2.0 / (1.0 + 3.0 * x)).collect();
        fixture.push(
            Table::Curves,
            vec![
                ("run", Cell::U64(run)),
                ("kind", Cell::from(kind)),
                ("step", Cell::U64(step)),
                ("x", Cell::ListF64(x)),
                ("y", Cell::ListF64(y)),
                ("monotone", Cell::Bool(true)),
                ("exponent", Cell::F64(1.2)),
            ],
        );
    }
    let axis: Vec<f64> = (-5..=5).map(|at| 2.0 * f64::from(at)).collect();
    let loss = axis.iter().flat_map(|y| axis.iter().map(move |x| 0.1 + 0.01 * (x * x + 4.0 * y * y))).collect();
    fixture.push(
        Table::Surfaces,
        vec![
            ("run", Cell::U64(run)),
            ("kind", Cell::from("pca")),
            ("x", Cell::ListF64(axis.clone())),
            ("y", Cell::ListF64(axis)),
            ("loss", Cell::ListF64(loss)),
            ("path_x", Cell::ListF64(vec![-8.0, 0.0, 8.0])),
            ("path_y", Cell::ListF64(vec![2.0, -2.0, 2.0])),
            ("path_off_plane", Cell::ListF64(vec![1.0, 2.0, 1.0])),
            ("path_loss", Cell::ListF64(vec![2.0, 0.1, 0.01])),
            ("path_loss_on_plane", Cell::ListF64(vec![2.1, 0.2, 0.02])),
        ],
    );
}

fn open(fixture: &Fixture) -> (tempfile::TempDir, Tables, Choice) {
    let dir = tempfile::tempdir().unwrap();
    let tables = fixture.write(dir.path());
    let choice = Choice::of(&tables, Wanted::default()).unwrap();
    (dir, tables, choice)
}

#[test]
fn every_figure_is_drawn_and_has_its_data() {
    let (_dir, tables, choice) = open(&everything());
    for entry in &CATALOGUE {
        let figure = entry.make(&tables, &choice).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(figure.name, entry.name);
        assert!(
            !figure.caption.is_empty() && figure.panels.iter().all(|panel| !panel.x.label.is_empty()),
            "{}",
            entry.name
        );
        let drawn = svg(&figure).unwrap();
        assert!(drawn.starts_with("<svg role=\"img\" width=\"720\""), "{}: {}", entry.name, &drawn[..80]);
        assert!(!drawn.contains("NaN"), "{}", entry.name);
        assert_eq!(drawn, svg(&figure).unwrap(), "{}: the same data give the same picture", entry.name);
        let pixels = png(&figure).unwrap();
        assert_eq!(&pixels[1..4], b"PNG", "{}", entry.name);
        let data = csv(&figure);
        assert!(
            data.lines().count() > 3 && data.lines().all(|line| line.matches('"').count() % 2 == 0),
            "{}",
            entry.name
        );
    }
}

#[test]
fn a_figure_without_data_names_the_probe() {
    let mut bare = Fixture::default();
    bare.run(0, 0, 0, vec![]);
    let (_dir, tables, choice) = open(&bare);
    for entry in &CATALOGUE {
        let error = entry.make(&tables, &choice).expect_err(entry.name);
        assert!(matches!(error, Error::NotMeasured { .. }), "{}: {error}", entry.name);
        if let Some(needs) = entry.needs {
            assert!(error.to_string().contains(needs), "{}: {error}", entry.name);
        }
    }
}

#[test]
fn what_people_write_is_escaped() {
    let mut fixture = everything();
    fixture.run(4, 2, 0, vec![("cell_label", Cell::from("<script>alert(1)</script> & \"x\""))]);
    let dir = tempfile::tempdir().unwrap();
    snapshot(&mut fixture, 4, 0);
    snapshot(&mut fixture, 4, 1);
    let tables = fixture.write(dir.path());
    let choice = Choice::of(&tables, Wanted { cell: Some(2), run: None }).unwrap();
    let drawn = svg(&entry("loss-and-path").unwrap().make(&tables, &choice).unwrap()).unwrap();
    assert!(!drawn.contains("<script") && drawn.contains("&lt;script&gt;"), "{drawn}");
}

#[test]
fn cells_and_runs_are_chosen_or_refused() {
    let (_dir, tables, choice) = open(&everything());
    assert_eq!((choice.cell, choice.run, choice.runs.as_slice()), (0, 0, &[0, 1][..]));
    let of = |cell, run| Choice::of(&tables, Wanted { cell, run });
    let third = of(None, Some(3)).unwrap();
    assert_eq!((third.cell, third.run), (1, 3));
    for (cell, run) in [(Some(9), None), (None, Some(9)), (Some(0), Some(3))] {
        let error = of(cell, run).unwrap_err();
        assert!(matches!(error, Error::NoSuch { .. }), "{error}");
    }
}
