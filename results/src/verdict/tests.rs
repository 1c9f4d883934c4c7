//! Planted truths: tables of paths and surfaces whose verdicts are known.

use traipse_sweep::columns::Table;
use traipse_sweep::rows::Cell;

use super::{CellVerdict, Claim, Decision, Robustness, Truth, judge};
use crate::fixture::{Fixture, Row};

const SEEDS: u64 = 6;

/// What a test plants; the defaults make A4 true.
#[derive(Clone, Copy)]
struct Planted {
    /// By threshold: 5, 1 and 0.1 %.
    travel: [Option<f64>; 3],
    slope: Option<f64>,
    /// Distance to the end at the snapshot before t*, of a displacement of 10.
    before: f64,
    gradient: f64,
    floor: Option<f64>,
    flatness: f64,
    certificates: [f64; 3],
    p_walk: f64,
    p_signs: f64,
    status: &'static str,
}

const TRAVELS: Planted = Planted {
    travel: [Some(0.5), Some(0.3), Some(0.2)],
    slope: Some(0.8),
    before: 4.0,
    gradient: 0.1,
    floor: Some(0.01),
    flatness: 0.002,
    certificates: [-0.3, -0.2, -0.1],
    p_walk: 0.005,
    p_signs: 0.005,
    status: "",
};

/// A little different in every seed, so that intervals have a width.
fn jitter(value: f64, seed: u64) -> Cell {
    Cell::F64(value * (1.0 + 0.02 * (seed as f64 - 2.5)))
}

fn option(value: Option<f64>, seed: u64) -> Cell {
    value.map_or(Cell::Null, |value| jitter(value, seed))
}

fn plant(fixture: &mut Fixture, cell: u64, planted: Planted) {
    for seed in 0..SEEDS {
        let run = cell * SEEDS + seed;
        fixture.run(
            run,
            cell,
            seed,
            vec![
                ("objective_gradient_norm_final", jitter(planted.gradient, seed)),
                ("noise_floor_final", option(planted.floor, seed)),
            ],
        );
        for (q, travel) in [0.05, 0.01, 0.001].into_iter().zip(planted.travel) {
            fixture.push(Table::Convergence, threshold(run, seed, q, travel, planted));
        }
        for (kind, p) in [("walk", planted.p_walk), ("signs", planted.p_signs), ("shuffled", 0.6)] {
            fixture.push(Table::Nulls, null(run, kind, p));
        }
        let distances = [10.0, planted.before, 3.0, 0.0];
        for (at, distance) in distances.into_iter().enumerate() {
            fixture.push(Table::Trajectory, snapshot(run, seed, at, distance, planted));
        }
    }
}

fn threshold(run: u64, seed: u64, q: f64, travel: Option<f64>, planted: Planted) -> Row {
    vec![
        ("run", Cell::U64(run)),
        ("q", Cell::F64(q)),
        ("step", Cell::U64(200)),
        ("resolved_stride", Cell::U32(100)),
        ("status", if planted.status.is_empty() { Cell::Null } else { Cell::from(planted.status) }),
        ("travel_fraction", option(travel, seed)),
        ("travel_fraction_line", Cell::F64(0.6)),
        ("travel_fraction_walk", Cell::F64(0.4)),
        ("slope", option(planted.slope.filter(|_| travel.is_some()), seed)),
        ("curvature_of_travel", jitter(planted.flatness * 20.0, seed)),
        ("hessian_max", Cell::F64(20.0)),
    ]
}

fn null(run: u64, kind: &str, p: f64) -> Row {
    vec![
        ("run", Cell::U64(run)),
        ("window", Cell::from("all")),
        ("statistic", Cell::from("pca_explained_1")),
        ("kind", Cell::from(kind)),
        ("observed", Cell::F64(0.9)),
        ("mean", Cell::F64(0.6)),
        ("sd", Cell::F64(0.05)),
        ("p_low", Cell::F64(1.0)),
        ("p_high", Cell::F64(p)),
        ("n", Cell::U32(200)),
    ]
}

fn snapshot(run: u64, seed: u64, at: usize, distance: f64, planted: Planted) -> Row {
    vec![
        ("run", Cell::U64(run)),
        ("step", Cell::U64(100 * at as u64)),
        ("epoch", Cell::F64(at as f64)),
        ("train_loss", Cell::F64([2.0, 0.5, 0.01, 0.001][at])),
        ("distance_to_end", jitter(distance, seed)),
        ("gradient_error", Cell::F64(1e-6)),
        ("certificate", planted.certificates.get(at).map_or(Cell::Null, |value| jitter(*value, seed))),
        ("hessian_max", Cell::F64(20.0)),
        ("hessian_min", planted.certificates.get(at).map_or(Cell::Null, |value| Cell::F64(*value))),
    ]
}

/// A pair of siblings a seed.
fn siblings(fixture: &mut Fixture, differs_in: &str, fork: Option<u64>, aligned: bool, chord: f64) {
    for seed in 0..SEEDS {
        let row = vec![
            ("seed", Cell::U64(seed)),
            ("fork_step", fork.map_or(Cell::Null, Cell::U64)),
            ("kind", Cell::from("interpolation")),
            ("run_a", Cell::U64(seed)),
            ("run_b", Cell::U64((seed + 1) % SEEDS)),
            ("differs_in", Cell::from(differs_in)),
            ("aligned", Cell::Bool(aligned)),
            ("at", Cell::from("end")),
            ("barrier_chord", jitter(chord, seed)),
            ("barrier_mean", jitter(chord, seed)),
            ("loss_error", Cell::F64(1e-6)),
        ];
        fixture.push(Table::Comparisons, row);
    }
}

fn verdict(fixture: &Fixture, claim: Claim) -> CellVerdict {
    let dir = tempfile::tempdir().unwrap();
    let verdicts = judge(&fixture.write(dir.path())).unwrap();
    let found = verdicts.headline().iter().find(|found| found.claim == claim).unwrap().clone();
    assert_eq!(found.n_supported + found.n_contradicted + found.n_undecided, 1);
    assert!(!found.sentence.is_empty() && !found.sentence.to_lowercase().contains("saddle"), "{}", found.sentence);
    found.cells[0].clone()
}

fn planted(planted: Planted, claim: Claim) -> CellVerdict {
    let mut fixture = Fixture::default();
    plant(&mut fixture, 0, planted);
    verdict(&fixture, claim)
}

#[test]
fn travel_through_flat_regions_is_seen() {
    let found = planted(TRAVELS, Claim::Travel);
    assert_eq!((found.decision, &found.robustness), (Decision::Supported, &Robustness::Robust), "{found:#?}");
    assert!(found.sentence.contains("30 %"), "{}", found.sentence);
    assert_eq!(planted(TRAVELS, Claim::Settling).decision, Decision::Supported);
}

#[test]
fn a_linear_regression_settles() {
    // It converges exponentially: next to nothing is left after t*, and that does not grow.
    let regression =
        Planted { travel: [Some(0.06), Some(0.02), Some(0.004)], slope: Some(0.02), before: 0.9, ..TRAVELS };
    let travel = planted(regression, Claim::Travel);
    assert_eq!((travel.decision, travel.robustness), (Decision::Contradicted, Robustness::Robust));
    let settles = planted(regression, Claim::Settling);
    assert_eq!((settles.decision, settles.finding.as_deref()), (Decision::Contradicted, Some("settles")));
    assert!(settles.sentence.starts_with("The weights settle:"), "{}", settles.sentence);
    // Weights that stand still have no slope, and settle all the same.
    let still = Planted { travel: [Some(0.0); 3], slope: None, ..regression };
    assert_eq!(planted(still, Claim::Settling).decision, Decision::Contradicted);
}

#[test]
fn hovering_in_a_flat_set_is_no_travel_away_from_critical_points() {
    let hovers = Planted { gradient: 0.01, floor: Some(0.03), ..TRAVELS };
    let found = planted(hovers, Claim::Travel);
    assert_eq!(found.decision, Decision::Contradicted);
    assert_eq!(found.finding.as_deref(), Some("diffuses along a flat set"));
}

#[test]
fn what_was_not_measured_leaves_the_verdict_open_and_names_the_probe() {
    let found = planted(Planted { floor: None, ..TRAVELS }, Claim::Travel);
    assert_eq!((found.decision, found.robustness), (Decision::Undecided, Robustness::Open));
    assert!(found.remedies.iter().any(|remedy| remedy.contains("[probes.hessian]")), "{:?}", found.remedies);
    // But a condition that fails decides without it.
    let settled = Planted { floor: None, slope: Some(0.01), ..TRAVELS };
    assert_eq!(planted(settled, Claim::Travel).decision, Decision::Contradicted);
}

#[test]
fn runs_that_have_not_converged_are_counted_and_told() {
    let short = Planted { travel: [None; 3], slope: None, status: "not-converged", ..TRAVELS };
    let found = planted(short, Claim::Travel);
    assert_eq!((found.decision, found.counts.n_not_converged), (Decision::Undecided, SEEDS as u32));
    assert!(found.remedies[0].starts_with("train longer"), "{:?}", found.remedies);
    assert!(found.counts.survivors_only());
}

#[test]
fn a_verdict_that_hangs_on_q_or_on_the_cadence_says_so() {
    let on_q = Planted { travel: [Some(0.5), Some(0.04), Some(0.02)], before: 0.9, ..TRAVELS };
    let found = planted(on_q, Claim::Travel);
    assert_eq!(found.robustness.words(), "hangs on q: supported at 5 %");
    let on_cadence = Planted { travel: [Some(0.04), Some(0.04), Some(0.02)], before: 4.0, ..TRAVELS };
    let found = planted(on_cadence, Claim::Travel);
    assert!(matches!(found.robustness, Robustness::HangsOnCadence(_)), "{:?}", found.robustness);
}

#[test]
fn an_interval_that_straddles_is_open() {
    let found = planted(Planted { travel: [Some(0.101); 3], ..TRAVELS }, Claim::Travel);
    assert_eq!(found.decision, Decision::Undecided);
    assert_eq!(found.conditions[0].truth, Truth::Straddles);
}

#[test]
fn a_quadratic_is_never_non_convex() {
    // Its smallest eigenvalues are zero, which arithmetic makes tiny and of either sign.
    let mut fixture = Fixture::default();
    plant(&mut fixture, 0, Planted { certificates: [-1e-15, 1e-16, -1e-16], ..TRAVELS });
    siblings(&mut fixture, "branch", Some(0), false, -0.01);
    let found = verdict(&fixture, Claim::NonConvex);
    assert_eq!((found.decision, &found.robustness), (Decision::Contradicted, &Robustness::Robust));
    assert!(found.conditions.iter().all(|condition| condition.truth == Truth::Fails), "{found:#?}");
}

#[test]
fn a_network_is_non_convex_where_certificates_and_siblings_say_so() {
    let mut fixture = Fixture::default();
    plant(&mut fixture, 0, TRAVELS);
    siblings(&mut fixture, "branch", Some(0), false, 0.2);
    siblings(&mut fixture, "branch", Some(400), false, -0.001);
    let found = verdict(&fixture, Claim::NonConvex);
    assert_eq!(found.decision, Decision::Supported, "{found:#?}");
    assert_eq!(found.robustness.words(), "hangs on the time: chord condition fails forked after 400 steps");
    // Without siblings the claim about the chord is open.
    let open = planted(TRAVELS, Claim::NonConvex);
    assert_eq!(open.decision, Decision::Undecided);
    assert!(open.remedies.iter().any(|remedy| remedy.contains("pairs_over")), "{:?}", open.remedies);
}

#[test]
fn the_barrier_of_a_permuted_copy_is_a_permutations() {
    let mut fixture = Fixture::default();
    plant(&mut fixture, 0, TRAVELS);
    siblings(&mut fixture, "seed", None, false, 0.7);
    siblings(&mut fixture, "seed", None, true, -0.02);
    let found = verdict(&fixture, Claim::NonConvex);
    assert!(found.sentence.contains("nowhere once hidden units are aligned"), "{}", found.sentence);
}

#[test]
fn a_random_walk_is_not_low_dimensional() {
    let found = planted(Planted { p_walk: 0.4, p_signs: 0.5, ..TRAVELS }, Claim::Path);
    assert_eq!(found.decision, Decision::Contradicted, "{found:#?}");
    // A straw man alone does not do: random signs must be rejected too.
    let straw = planted(Planted { p_signs: 0.5, ..TRAVELS }, Claim::Path);
    assert_eq!(straw.decision, Decision::Contradicted);
    let drifts = planted(TRAVELS, Claim::Path);
    assert_eq!(drifts.decision, Decision::Supported);
    assert_eq!(drifts.finding.as_deref(), Some("drift without memory: shuffled steps give as much"));
}

#[test]
fn cells_that_disagree_leave_the_sweep_undecided() {
    let mut fixture = Fixture::default();
    plant(&mut fixture, 0, TRAVELS);
    plant(&mut fixture, 1, Planted { slope: Some(0.01), ..TRAVELS });
    let dir = tempfile::tempdir().unwrap();
    let verdicts = judge(&fixture.write(dir.path())).unwrap();
    let found = &verdicts.headline()[Claim::Travel as usize];
    assert_eq!((found.decision, found.n_supported, found.n_contradicted), (Decision::Undecided, 1, 1));
    assert!(found.sentence.starts_with("It depends on the cell"), "{}", found.sentence);
}
