//! Whole runs on the embedded digits that ask for what follows from the path: dimension, diffusion, layers, all nulls.

#[allow(dead_code, reason = "every test uses a part of it")]
#[path = "support/tasks.rs"]
mod tasks;

use tasks::{rows_of, task};
use traipse_sweep::columns::{ColumnDef, curves, layers, nulls, runs, trajectory};
use traipse_sweep::rows::{Column, Values};
use traipse_sweep::{Outcome, RowBlock};
use traipse_worker::run::{Task, run};

const ASKING: &str = "
    name = 'asking'
    [model]
    hidden = [16]
    [train]
    epochs = 24
    batch_size = 32
    learning_rate = 0.05
    momentum = 0.9
    [probes.nulls]
    kinds = ['walk', 'layer-walk', 'signs', 'shuffled', 'momentum-walk']
    samples = 20
    [probes.dimension]
    windows = 4
    [probes.diffusion]
    [probes.layers]
    at = 'every 12 epochs'
";

/// A run's rows, with the columns that its sweep asks for.
struct Run {
    task: Task,
    outcome: Outcome,
    block: RowBlock,
}

impl Run {
    fn of(text: &str) -> Self {
        let task = task(text);
        let (outcome, block, _) = rows_of(run(&task).0);
        Self { task, outcome, block }
    }

    fn column(&self, of: &'static ColumnDef) -> &Column {
        let schema = self.task.schema.table(of.table).expect("the sweep asks for the table");
        let at = schema.columns.iter().position(|known| known.name == of.name).expect("the sweep asks for the column");
        &self.block.tables.iter().find(|rows| rows.table == of.table).expect("the table has rows").columns[at]
    }

    fn numbers(&self, of: &'static ColumnDef) -> Vec<Option<f64>> {
        let column = self.column(of);
        let values: Vec<f64> = match &column.values {
            Values::F64(values) => values.clone(),
            Values::U32(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Values::U64(values) => values.iter().map(|value| *value as f64).collect(),
            other => panic!("{} holds {:?}", of.name, other.ty()),
        };
        values.into_iter().enumerate().map(|(row, value)| (!column.is_null(row)).then_some(value)).collect()
    }

    fn texts(&self, of: &'static ColumnDef) -> Vec<Option<String>> {
        let column = self.column(of);
        let Values::Utf8(values) = &column.values else { panic!("{} is not text", of.name) };
        values.iter().enumerate().map(|(row, text)| (!column.is_null(row)).then(|| text.clone())).collect()
    }

    /// The lists of a column by row, none where null.
    fn lists(&self, of: &'static ColumnDef) -> Vec<Option<Vec<f64>>> {
        let column = self.column(of);
        let Values::ListF64 { offsets, values } = &column.values else { panic!("{} is no list", of.name) };
        let list = |(row, ends): (usize, &[u32])| {
            (!column.is_null(row)).then(|| values[ends[0] as usize..ends[1] as usize].to_vec())
        };
        offsets.windows(2).enumerate().map(list).collect()
    }
}

#[test]
fn a_run_that_asks_has_every_number_with_its_nulls() {
    let run = Run::of(ASKING);
    assert_eq!(run.outcome, Outcome::Succeeded);
    let one = |of| run.numbers(of)[0].expect("a number");
    assert!((0.0..=1.0).contains(&one(&runs::LISSAJOUS_CORRELATION)));
    let explained = run.lists(&runs::INCREMENTS_EXPLAINED)[0].clone().unwrap();
    assert!(explained.len() == 10 && explained.is_sorted_by(|a, b| a >= b) && explained.iter().sum::<f64>() <= 1.0);
    assert!((1.0..=23.0).contains(&one(&runs::INCREMENTS_PARTICIPATION)));
    let windows = run.lists(&runs::WINDOW_EXPLAINED)[0].clone().unwrap();
    let angles = run.lists(&runs::WINDOW_ANGLES)[0].clone().unwrap();
    assert_eq!((windows.len(), angles.len()), (4, 3));
    assert!(angles.iter().all(|angle| (0.0..=std::f64::consts::FRAC_PI_2 + 1e-9).contains(angle)), "{angles:?}");

    // Thirty-six combinations by default, for five kinds sixty; of the dimension 5 + 4 + 3, each with five kinds.
    let (statistics, kinds) = (run.texts(&nulls::STATISTIC), run.texts(&nulls::KIND));
    assert_eq!(statistics.len(), 4 * 3 * 5 + 12 * 5);
    let (observed, status) = (run.numbers(&nulls::OBSERVED), run.texts(&nulls::STATUS));
    for row in 0..statistics.len() {
        let null = run.numbers(&nulls::MEAN)[row];
        assert!(observed[row].is_some() && null.is_some() != status[row].is_some(), "{:?}", statistics[row]);
        if status[row].is_some() {
            assert_eq!(kinds[row].as_deref(), Some("shuffled"));
        }
    }
    let row = (0..statistics.len()).find(|&row| statistics[row].as_deref() == Some("window_angle_2")).unwrap();
    assert_eq!(observed[row], Some(angles[1]));
}

#[test]
fn curves_and_exponents() {
    let run = Run::of(ASKING);
    assert_eq!(run.texts(&curves::KIND), ["msd-early", "msd-late", "msd-origin"].map(|kind| Some(kind.to_owned())));
    let (x, y) = (run.lists(&curves::X), run.lists(&curves::Y));
    let stride = run.numbers(&trajectory::STEP)[1].unwrap();
    // Thirds of 24 intervals, half of each.
    assert_eq!(x[0].as_deref(), Some(&[1.0, 2.0, 3.0, 4.0].map(|lag| lag * stride)[..]));
    assert_eq!(run.numbers(&runs::DIFFUSION_LAG_MAX)[0], Some(4.0 * stride));
    let moved = run.numbers(&trajectory::DISTANCE_FROM_PREVIOUS);
    let mean = moved[1..=8].iter().map(|moved| moved.unwrap() * moved.unwrap()).sum::<f64>() / 8.0;
    assert!((y[0].as_ref().unwrap()[0] / mean - 1.0).abs() < 1e-12);
    let exponents = run.numbers(&curves::EXPONENT);
    assert_eq!(exponents[0], run.numbers(&runs::DIFFUSION_EXPONENT_EARLY)[0]);
    assert_eq!(exponents[1], run.numbers(&runs::DIFFUSION_EXPONENT_LATE)[0]);
    assert!(exponents[0].is_some_and(|exponent| (0.5..2.0).contains(&exponent)));
    assert_eq!(exponents[2].is_none(), run.texts(&curves::STATUS)[2].is_some());
    assert_eq!(run.numbers(&curves::TO_STEP)[2], run.numbers(&trajectory::STEP)[24]);
}

#[test]
fn layers_add_up() {
    let run = Run::of(ASKING);
    let steps = run.numbers(&trajectory::STEP);
    assert_eq!(run.numbers(&layers::STEP), [0, 0, 12, 12, 24, 24].map(|at: usize| steps[at]));
    assert_eq!(run.texts(&layers::NAME)[1].as_deref(), Some("layers.1"));
    assert_eq!(run.numbers(&layers::PARAMETERS)[..2], [Some(64.0 * 16.0 + 16.0), Some(170.0)]);
    let pairs = [
        (&layers::WEIGHT_NORM, &trajectory::WEIGHT_NORM),
        (&layers::DISTANCE_FROM_START, &trajectory::DISTANCE_FROM_START),
        (&layers::DISTANCE_FROM_PREVIOUS, &trajectory::DISTANCE_FROM_PREVIOUS),
        (&layers::DISTANCE_TO_END, &trajectory::DISTANCE_TO_END),
        (&layers::GRADIENT_NORM, &trajectory::GRADIENT_NORM),
    ];
    for (of_layer, of_all) in pairs {
        let (parts, whole) = (run.numbers(of_layer), run.numbers(of_all));
        for (pair, at) in parts.chunks(2).zip([0, 12, 24]) {
            let square: f64 = pair.iter().map(|part| part.unwrap() * part.unwrap()).sum();
            let whole = whole[at].unwrap();
            assert!((square.sqrt() - whole).abs() <= 1e-9 * whole, "{} {at}", of_layer.name);
        }
    }
    let ranks = run.numbers(&layers::STABLE_RANK);
    assert!(ranks.chunks(2).all(|rank| (1.0..=16.0).contains(&rank[0].unwrap()) && rank[1].unwrap() <= 10.0));
}

#[test]
fn runs_without_a_path_have_reasons() {
    // A rate that overflows in a few steps, and a logarithmic schedule of snapshots.
    let diverged = Run::of(&ASKING.replace("learning_rate = 0.05", "loss = 'mse'\nlearning_rate = 1e9"));
    assert_eq!(diverged.outcome, Outcome::Diverged);
    assert_eq!(diverged.numbers(&runs::LISSAJOUS_CORRELATION), [None]);
    assert!(diverged.texts(&runs::STATUS)[0].as_ref().is_some_and(|status| status.contains("diverged")));
    assert!(diverged.numbers(&layers::DISTANCE_TO_END).iter().all(Option::is_none));
    assert!(diverged.numbers(&nulls::OBSERVED).iter().all(Option::is_none));
    assert_eq!(diverged.texts(&curves::STATUS), [(); 3].map(|()| Some("diverged".to_owned())));
    let logarithmic = Run::of(&format!("{ASKING}\n[snapshots]\nat = {{ log = 20 }}\n"));
    let status = logarithmic.texts(&curves::STATUS);
    assert!(status[..2].iter().all(|status| status.as_ref().unwrap().starts_with("unequal-strides")));
    assert_eq!(logarithmic.lists(&curves::X)[0], Some(Vec::new()));
    assert!(logarithmic.numbers(&runs::DIFFUSION_EXPONENT_LATE)[0].is_none());
    assert!(logarithmic.texts(&runs::STATUS)[0].as_ref().is_some_and(|status| status.contains("unequal-strides")));
    assert!(logarithmic.texts(&curves::STATUS)[2].is_none() == logarithmic.numbers(&curves::EXPONENT)[2].is_some());
    let lbfgs = ASKING.replace("momentum = 0.9", "optimizer = 'lbfgs'").replace("learning_rate = 0.05", "");
    let run = Run::of(&lbfgs.replace("batch_size = 32", "batch_size = 'full'"));
    let with_momentum = run.texts(&nulls::KIND).iter().position(|kind| kind.as_deref() == Some("momentum-walk"));
    let status = run.texts(&nulls::STATUS)[with_momentum.unwrap()].clone();
    assert!(status.is_some_and(|status| status.starts_with("no-momentum")));
}
