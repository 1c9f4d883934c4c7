//! Whole runs on the embedded digits with the curvature probes: what comes out holds together.

#[allow(dead_code, reason = "every test uses a part of it")]
#[path = "support/tasks.rs"]
mod tasks;

use tasks::{asking, resume, rows_of, set_aside};
use traipse_sweep::columns::{ColumnDef, convergence, runs, spectra, trajectory};
use traipse_sweep::rows::{Column, Values};
use traipse_sweep::settings::{BatchSize, Full, Optimizer, Precision, RunSettings};
use traipse_sweep::spec::{Hessian, SnapshotRule, Span, Spectrum, Trace, TraceMethod};
use traipse_sweep::{Outcome, RowBlock, Schema};
use traipse_worker::run::{Task, run};

const SMALL: &str = "
    name = 'small'
    [model]
    hidden = [8]
    activation = 'tanh'
    [train]
    epochs = 8
    batch_size = 16
    learning_rate = 0.1
    weight_decay = 0.001
";

struct Rows {
    schema: Schema,
    block: RowBlock,
    outcome: Outcome,
}

/// The small run with all three probes at every fourth epoch.
fn probed(change: impl FnOnce(&mut RunSettings)) -> Task {
    let at = vec![SnapshotRule::Every { interval: Span::Epochs(4), from: None, to: None }];
    asking(SMALL, |spec| {
        change(&mut spec.base);
        spec.probes.hessian = Some(Hessian { at: at.clone(), top: 4, iterations: 40 });
        spec.probes.trace = Some(Trace { at, method: TraceMethod::HutchPlusPlus, samples: 30 });
        spec.probes.spectrum = Some(Spectrum { at: Vec::new(), draws: 3, iterations: 30 });
    })
}

impl Rows {
    fn of(change: impl FnOnce(&mut RunSettings)) -> Self {
        let task = probed(change);
        let (outcome, block, _) = rows_of(run(&task).0);
        Self { schema: Schema::clone(&task.schema), block, outcome }
    }

    fn column(&self, of: &'static ColumnDef) -> &Column {
        let table = self.schema.table(of.table).expect("the sweep has the table");
        let at = table.columns.iter().position(|column| column.name == of.name).expect("the sweep has the column");
        let rows = self.block.tables.iter().find(|rows| rows.table == of.table).expect("the table has rows");
        &rows.columns[at]
    }

    fn numbers(&self, of: &'static ColumnDef) -> Vec<Option<f64>> {
        let column = self.column(of);
        let values: Vec<f64> = match &column.values {
            Values::F64(values) => values.clone(),
            Values::U32(values) => values.iter().map(|&value| f64::from(value)).collect(),
            Values::U64(values) => values.iter().map(|&value| value as f64).collect(),
            other => panic!("{} holds {:?}", of.name, other.ty()),
        };
        values.into_iter().enumerate().map(|(row, value)| (!column.is_null(row)).then_some(value)).collect()
    }

    fn lists(&self, of: &'static ColumnDef) -> Vec<Vec<f64>> {
        let Values::ListF64 { offsets, values } = &self.column(of).values else { panic!("{} has no lists", of.name) };
        offsets.windows(2).map(|pair| values[pair[0] as usize..pair[1] as usize].to_vec()).collect()
    }

    fn texts(&self, of: &'static ColumnDef) -> Vec<Option<String>> {
        let column = self.column(of);
        let Values::Utf8(values) = &column.values else { panic!("{} is not text", of.name) };
        values.iter().enumerate().map(|(row, text)| (!column.is_null(row)).then(|| text.clone())).collect()
    }
}

#[test]
fn the_curvature_of_a_run_holds_together() {
    let rows = Rows::of(|_| ());
    let (largest, lowest) = (rows.numbers(&trajectory::HESSIAN_MAX), rows.numbers(&trajectory::HESSIAN_MIN));
    let certificates = rows.numbers(&trajectory::CERTIFICATE);
    let measured: Vec<usize> = (0..largest.len()).filter(|&row| largest[row].is_some()).collect();
    assert!([0, 4, 8].iter().all(|row| measured.contains(row)), "{measured:?}");
    let top = rows.lists(&trajectory::HESSIAN_TOP);
    let along = [
        &trajectory::CURVATURE_GRADIENT,
        &trajectory::CURVATURE_UPDATE,
        &trajectory::CURVATURE_EPOCH,
        &trajectory::CURVATURE_TO_END,
        &trajectory::CURVATURE_RANDOM,
    ];
    for &row in &measured {
        let (largest, lowest) = (largest[row].expect("a value"), lowest[row].expect("a value"));
        assert_eq!(top[row][0], largest);
        assert!(top[row].len() == 4 && top[row].windows(2).all(|pair| pair[0] >= pair[1]));
        // The probe set is the whole training set here, so the certificate is the lowest Ritz value in f64.
        let certificate = certificates[row].expect("a value");
        assert!((certificate - lowest).abs() < 1e-5 * largest, "{certificate} {lowest}");
        for column in along {
            let Some(value) = rows.numbers(column)[row] else { continue };
            assert!(value <= largest * 1.001 && value >= lowest - 0.001 * largest, "{} {value}", column.name);
        }
        assert!(rows.numbers(&trajectory::HESSIAN_MIN_GAUSS_NEWTON)[row].expect("a value") >= -1e-6 * largest);
        assert!((0.0..=1.0).contains(&rows.numbers(&trajectory::GRADIENT_OVERLAP_TOP)[row].expect("a value")));
        assert!(rows.numbers(&trajectory::PROBE_HVPS)[row].expect("a count") >= 46.0);
    }
    assert_eq!(rows.numbers(&trajectory::PROBE_HVPS)[1], Some(0.0));
    for row in [4, 8] {
        let null = |column| rows.numbers(column)[row].is_none();
        assert_eq!(along.map(null), [false, false, false, row == 8, false]);
        assert_eq!(rows.lists(&trajectory::CURVATURE_PCS)[row].len(), 5);
        let ratio = rows.numbers(&trajectory::SHARPNESS_RATIO)[row].expect("a value");
        assert!((ratio - 0.05 * largest[row].expect("a value")).abs() < 1e-12);
    }
    assert_eq!(rows.numbers(&runs::HESSIAN_MAX_FINAL)[0], largest[8]);
    let n_negative = certificates.iter().flatten().filter(|value| **value < 0.0).count();
    let fraction = rows.numbers(&runs::NONCONVEX_FRACTION)[0].expect("a value");
    assert_eq!(fraction, n_negative as f64 / measured.len() as f64);
    assert!(rows.numbers(&runs::NOISE_FLOOR_FINAL)[0].expect("a value") > 0.0);
    assert_eq!(rows.texts(&trajectory::STATUS), [const { None::<String> }; 9]);
}

#[test]
fn traces_and_masses_agree_with_each_other() {
    let rows = Rows::of(|settings| settings.train.precision = Precision::F64);
    let (traces, errors) = (rows.numbers(&trajectory::HESSIAN_TRACE), rows.numbers(&trajectory::HESSIAN_TRACE_SE));
    let d = 64.0 * 8.0 + 8.0 + 80.0 + 10.0;
    let (nodes, weights) = (rows.lists(&spectra::NODES), rows.lists(&spectra::WEIGHTS));
    assert_eq!(nodes.len(), 6);
    assert_eq!(rows.numbers(&spectra::STEP).iter().flatten().filter(|step| **step == 0.0).count(), 3);
    for (first, row) in [(0, 0), (3, 8)] {
        let trace = traces[row].expect("a value");
        let means: Vec<f64> = (first..first + 3)
            .map(|draw| d * nodes[draw].iter().zip(&weights[draw]).map(|(node, weight)| node * weight).sum::<f64>())
            .collect();
        let mean = means.iter().sum::<f64>() / 3.0;
        let frobenius = rows.numbers(&trajectory::HESSIAN_FROBENIUS)[row].expect("a value");
        // A draw's variance is at most 2‖H‖_F².
        let spread = frobenius * (2.0_f64 / 3.0).sqrt() + errors[row].expect("a value");
        assert!((mean - trace).abs() < 4.0 * spread, "{mean} {trace} {spread}");
        assert!(weights[first].iter().sum::<f64>() - 1.0 < 1e-12);
        let largest = rows.numbers(&trajectory::HESSIAN_MAX)[row].expect("a value");
        assert!(frobenius > 0.99 * largest && frobenius < trace, "{frobenius}");
        let mass = |column| rows.numbers(column)[row].expect("a value");
        let (negative, near_zero) = (mass(&trajectory::NEGATIVE_MASS), mass(&trajectory::NEAR_ZERO_MASS));
        assert!(negative >= 0.0 && near_zero >= 0.0 && negative + near_zero <= 1.0 + 1e-12);
        assert!(mass(&trajectory::NEAR_ZERO_WIDTH) <= 0.001 * largest * (1.0 + 1e-9));
    }
}

#[test]
fn what_follows_convergence_is_measured_at_its_snapshot() {
    let rows = Rows::of(|settings| {
        let train = &mut settings.train;
        (train.epochs, train.learning_rate, train.momentum) = (Some(60), 0.1, 0.9);
        train.batch_size = BatchSize::Rows(128);
    });
    let steps = rows.numbers(&convergence::STEP);
    let at = rows.numbers(&trajectory::STEP);
    let mut n_measured = 0;
    for (threshold, step) in steps.iter().enumerate().filter(|(_, step)| step.is_some()) {
        let row = at.iter().position(|at| at == step).expect("a snapshot");
        assert_eq!(rows.numbers(&convergence::HESSIAN_MAX)[threshold], rows.numbers(&trajectory::HESSIAN_MAX)[row]);
        if rows.numbers(&convergence::TRAVEL)[threshold].is_some() {
            let travel = rows.numbers(&convergence::CURVATURE_OF_TRAVEL)[threshold];
            assert!(travel.is_some() && travel == rows.numbers(&trajectory::CURVATURE_TO_END)[row]);
            n_measured += 1;
        }
    }
    assert!(n_measured > 0, "{steps:?}");
}

#[test]
fn what_does_not_apply_says_so() {
    let adam = Rows::of(|settings| {
        (settings.train.optimizer, settings.train.learning_rate) = (Optimizer::Adam, 0.01);
    });
    assert_eq!(adam.numbers(&trajectory::SHARPNESS_RATIO), [None; 9]);
    assert!(adam.texts(&trajectory::STATUS)[4].as_ref().is_some_and(|text| text.starts_with("no-threshold")));
    assert!(adam.texts(&runs::STATUS)[0].as_ref().is_some_and(|text| text.starts_with("no-threshold")));
    assert!(adam.numbers(&trajectory::HESSIAN_MAX)[4].is_some());

    let full = Rows::of(|settings| settings.train.batch_size = BatchSize::Full(Full::Full));
    assert_eq!(full.numbers(&runs::NOISE_FLOOR_FINAL), [Some(0.0)]);

    let diverged = Rows::of(|settings| settings.train.learning_rate = 1e8);
    assert_eq!(diverged.outcome, Outcome::Diverged);
    assert_eq!(diverged.numbers(&runs::HESSIAN_MAX_FINAL), [None]);
    assert!(diverged.numbers(&trajectory::HESSIAN_MAX)[0].is_some());

    let frozen = Rows::of(|settings| settings.train.learning_rate = 0.0);
    assert_eq!(frozen.numbers(&trajectory::CURVATURE_UPDATE), [None; 9]);
    assert_eq!(frozen.numbers(&trajectory::CURVATURE_TO_END), [None; 9]);
    assert_eq!(frozen.numbers(&trajectory::SHARPNESS_RATIO)[4], Some(0.0));
}

#[test]
fn a_resumed_run_gives_the_same_bytes() {
    let whole = Rows::of(|_| ()).block;
    // Amid an epoch, one step before a probed snapshot, and at one.
    for step in [150, 363, 364] {
        let checkpoint =
            set_aside(&probed(|_| ()), step, 64 << 20).expect("the run comes that far").expect("there is room");
        assert_eq!(rows_of(resume(&probed(|_| ()), &checkpoint)).1, whole, "from step {step}");
    }
}
