//! Comparisons of runs on the embedded digits, from the files that the runs leave behind.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use safetensors::SafeTensors;
use traipse_nn::data;
use traipse_sweep::columns::{ColumnDef, Table, comparisons as columns};
use traipse_sweep::plan::Plan;
use traipse_sweep::rows::Values;
use traipse_sweep::spec::{Align, Compare, CompareProbe, Format, Groups, Instant, Span, SweepSpec, parse};
use traipse_sweep::{JobNumber, Outcome, RowBlock, Schema};
use traipse_worker::run::{Member, MemberFile, RunEnd, Scratch, Task, compare, run};

const SMALL: &str = "
    name = 'small'
    [model]
    hidden = [16]
    [train]
    epochs = 4
    batch_size = 16
    learning_rate = 0.1
    [replicates]
    seed = 2
";

/// A sweep whose runs are done once they are wanted.
struct Sweep {
    plan: Arc<Plan>,
    schema: Arc<Schema>,
    left: BTreeMap<u64, (Outcome, Vec<u8>)>,
}

impl Sweep {
    fn new(text: &str, compare: Vec<Compare>, change: impl FnOnce(&mut SweepSpec)) -> Self {
        let mut spec = parse(text, Format::Toml, "test.toml").unwrap_or_else(|error| panic!("{error}"));
        spec.compare = compare;
        change(&mut spec);
        let schema = Arc::new(Schema::of(&spec));
        let plan = Arc::new(Plan::new(Arc::new(spec)).unwrap_or_else(|error| panic!("{error}")));
        Self { plan, schema, left: BTreeMap::new() }
    }

    fn task(&self, job: JobNumber, of: JobNumber) -> Task {
        Task {
            plan: self.plan.clone(),
            job,
            schema: self.schema.clone(),
            data: Some(Arc::new(data::digits(&self.plan.settings(of).data).expect("the embedded digits"))),
            scratch: Scratch::default(),
            progress: Arc::new(AtomicU64::new(0)),
            stop: Arc::new(AtomicBool::new(false)),
        }
    }

    /// How a run ended, and what it left behind; empty where that is nothing.
    fn left(&mut self, job: JobNumber) -> (Outcome, Vec<u8>) {
        if !self.left.contains_key(&job.0) {
            let RunEnd::Rows { outcome, members, .. } = run(&self.task(job, job)).0 else { panic!("no rows") };
            let bytes = members.map_or(Vec::new(), |members| members.to_bytes().expect("the snapshots are there"));
            self.left.insert(job.0, (outcome, bytes));
        }
        self.left[&job.0].clone()
    }

    fn members(&mut self, comparison: JobNumber) -> Vec<Member> {
        let members = self.plan.group(comparison).expect("a comparison").members;
        members
            .into_iter()
            .map(|job| {
                let (outcome, bytes) = self.left(job);
                Member { job, outcome, snapshots: (!bytes.is_empty()).then(|| file(&bytes, job)) }
            })
            .collect()
    }

    /// The `n`th comparison.
    fn comparison(&self, n: u64) -> JobNumber {
        JobNumber(self.plan.n_run_jobs() + n)
    }

    fn compare(&mut self, n: u64) -> Rows {
        let members = self.members(self.comparison(n));
        self.of(n, &members)
    }

    fn of(&self, n: u64, members: &[Member]) -> Rows {
        let end = compare(&self.task(self.comparison(n), members[0].job), members).0;
        let RunEnd::Rows { outcome: Outcome::Succeeded, block, kept: None, members: None } = end else {
            panic!("no rows: {end:?}")
        };
        Rows(block)
    }
}

fn file(bytes: &[u8], job: JobNumber) -> MemberFile {
    let mut file: File = tempfile::tempfile().expect("a scratch file");
    file.write_all(bytes).expect("room for it");
    MemberFile { file, name: format!("run-{}", job.0) }
}

fn pairs(probe: CompareProbe) -> Compare {
    Compare { over: "seed".to_owned(), probe, points: 9, ..Compare::default() }
}

/// The rows of one comparison.
struct Rows(RowBlock);

impl Rows {
    fn len(&self) -> u32 {
        self.0.tables[0].n_rows
    }

    fn column(&self, of: &'static ColumnDef) -> &traipse_sweep::rows::Column {
        assert_eq!(self.0.tables[0].table, Table::Comparisons);
        let at = Table::Comparisons.worker_columns().position(|known| known.name == of.name).expect("a column");
        &self.0.tables[0].columns[at]
    }

    fn number(&self, of: &'static ColumnDef, row: usize) -> Option<f64> {
        let column = self.column(of);
        let value = match &column.values {
            Values::F64(values) => values[row],
            Values::U64(values) => values[row] as f64,
            Values::U32(values) => f64::from(values[row]),
            other => panic!("{} is {:?}", of.name, other.ty()),
        };
        (!column.is_null(row)).then_some(value)
    }

    fn known(&self, of: &'static ColumnDef, row: usize) -> f64 {
        self.number(of, row).unwrap_or_else(|| panic!("{} is null: {:?}", of.name, self.text(&columns::STATUS, row)))
    }

    fn text(&self, of: &'static ColumnDef, row: usize) -> Option<String> {
        let column = self.column(of);
        let Values::Utf8(values) = &column.values else { panic!("{} is no text", of.name) };
        (!column.is_null(row)).then(|| values[row].clone())
    }

    fn list(&self, of: &'static ColumnDef, row: usize) -> Option<Vec<f64>> {
        let column = self.column(of);
        let Values::ListF64 { offsets, values } = &column.values else { panic!("{} is no list", of.name) };
        (!column.is_null(row)).then(|| values[offsets[row] as usize..offsets[row + 1] as usize].to_vec())
    }

    fn aligned(&self, row: usize) -> bool {
        let Values::Bool(values) = &self.column(&columns::ALIGNED).values else { panic!("no truth") };
        values[row]
    }

    /// The columns that are null in a row.
    fn nulls(&self, row: usize) -> Vec<&'static str> {
        Table::Comparisons.worker_columns().filter(|of| self.column(of).is_null(row)).map(|of| of.name).collect()
    }
}

#[test]
fn two_seeds_have_a_barrier_between_them() {
    let mut sweep = Sweep::new(SMALL, vec![pairs(CompareProbe::Interpolation)], |_| ());
    let rows = sweep.compare(0);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows.nulls(0), ["fork_step", "displacement_cosine", "status"]);
    assert_eq!(rows.text(&columns::AT, 0).as_deref(), Some("end"));
    assert_eq!([&columns::AT_STEP_A, &columns::AT_STEP_B].map(|of| rows.known(of, 0)), [364.0; 2]);
    let alpha = rows.list(&columns::ALPHA, 0).expect("shares");
    assert_eq!((alpha.len(), alpha[0], alpha[5], alpha[10]), (11, 0.0, 0.5, 1.0));
    let loss = rows.list(&columns::TRAIN_LOSS, 0).expect("losses");
    let highest = loss[1..10].iter().copied().fold(0.0, f64::max);
    assert!((rows.known(&columns::BARRIER_MAX, 0) - (highest - loss[0].max(loss[10]))).abs() < 1e-12);
    assert!((rows.known(&columns::BARRIER_MEAN, 0) - (highest - 0.5 * (loss[0] + loss[10]))).abs() < 1e-12);
    assert!(rows.known(&columns::BARRIER_CHORD, 0) > 0.3, "{loss:?}");
    assert!(rows.known(&columns::BARRIER_ERROR, 0) > 0.05 && rows.known(&columns::VIOLATIONS, 0) >= 8.0);
    assert!(rows.known(&columns::LOSS_ERROR, 0) < 1e-5 && rows.known(&columns::MIN_SECOND_DIFFERENCE, 0) < 0.0);
    assert!(rows.known(&columns::DISTANCE, 0) > 1.0);
    let disagreement = rows.known(&columns::PREDICTION_DISAGREEMENT, 0);
    assert!(disagreement > 0.0 && disagreement < 0.3 && rows.known(&columns::PREDICTION_KL, 0) > 0.0);
    for list in [&columns::TEST_LOSS, &columns::TRAIN_ERROR, &columns::TEST_ERROR] {
        assert_eq!(rows.list(list, 0).map(|list| list.len()), Some(11));
    }
}

#[test]
fn the_same_run_twice_is_no_distance_apart() {
    for precision in ["f32", "f64"] {
        let text = SMALL.replace("epochs", &format!("precision = '{precision}'\n    epochs"));
        let mut sweep = Sweep::new(&text, vec![pairs(CompareProbe::Interpolation)], |_| ());
        let (comparison, bytes) = (sweep.comparison(0), sweep.left(JobNumber(0)).1);
        let mut members = sweep.members(comparison);
        members[1].snapshots = Some(file(&bytes, JobNumber(1)));
        let rows = sweep.of(0, &members);
        for of in [&columns::DISTANCE, &columns::PREDICTION_DISAGREEMENT, &columns::PREDICTION_KL] {
            assert_eq!(rows.known(of, 0), 0.0, "{} in {precision}", of.name);
        }
        for of in [&columns::BARRIER_MEAN, &columns::BARRIER_CHORD, &columns::BARRIER_MAX, &columns::BARRIER_ERROR] {
            assert_eq!(rows.known(of, 0), 0.0, "{} in {precision}", of.name);
        }
        assert!((rows.known(&columns::DISPLACEMENT_COSINE, 0) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn rows_are_made_at_each_instant_and_alignment() {
    let mut compare = pairs(CompareProbe::Interpolation);
    compare.at = vec![Instant::Start, Instant::At(Span::Epochs(2)), Instant::At(Span::Steps(5)), Instant::End];
    compare.align = vec![Align::None, Align::Weights];
    let mut sweep = Sweep::new(SMALL, vec![compare, pairs(CompareProbe::Alignment)], |_| ());
    let rows = sweep.compare(0);
    assert_eq!(rows.len(), 8);
    let at: Vec<_> = (0..8).map(|row| rows.text(&columns::AT, row).expect("a word")).collect();
    assert_eq!(at, ["start", "start", "epoch 2", "epoch 2", "step 5", "step 5", "end", "end"]);
    assert_eq!((0..8).map(|row| rows.aligned(row)).collect::<Vec<_>>(), [false, true].repeat(4));
    assert_eq!([2, 3].map(|row| rows.known(&columns::AT_STEP_B, row)), [182.0; 2]);
    for row in [4, 5] {
        assert!(rows.text(&columns::STATUS, row).expect("a reason").starts_with("no-snapshot"));
        assert_eq!(rows.number(&columns::DISTANCE, row), None);
    }
    for row in [0, 2, 6] {
        let [raw, aligned] = [row, row + 1].map(|row| rows.known(&columns::DISTANCE, row));
        assert!(aligned < raw, "{aligned} is not below {raw}");
        let [raw, aligned] = [row, row + 1].map(|row| rows.list(&columns::TRAIN_LOSS, row).expect("losses"));
        assert!((raw[10] - aligned[10]).abs() < 1e-5, "a permutation leaves the loss as it is");
        let [raw, aligned] = [row, row + 1].map(|row| rows.known(&columns::PREDICTION_DISAGREEMENT, row));
        assert_eq!(raw, aligned);
    }
    let again = sweep.compare(1);
    assert_eq!((again.len(), again.aligned(0), again.aligned(1)), (2, false, true));
    assert_eq!(
        [0, 1].map(|row| again.known(&columns::DISTANCE, row)),
        [6, 7].map(|row| rows.known(&columns::DISTANCE, row))
    );
    assert_eq!(again.list(&columns::TRAIN_LOSS, 0), None);
}

#[test]
fn a_member_that_diverged_leaves_nulls_and_a_reason() {
    let text = SMALL.replace("epochs", "loss = 'mse'\n    epochs");
    let text = format!("{text}\n    [axes]\n    'train.learning_rate' = [0.1, 1e3]\n");
    let over = |over: &str, groups| Compare { over: over.to_owned(), groups, ..pairs(CompareProbe::Interpolation) };
    let compares = vec![over("train.learning_rate", Groups::Pairs), over("seed", Groups::All)];
    let mut sweep = Sweep::new(&text, compares, |_| ());
    let comparison = sweep.comparison(0);
    let members = sweep.members(comparison);
    assert_eq!([0, 1].map(|at| members[at].outcome), [Outcome::Succeeded, Outcome::Diverged]);
    assert!(members[1].snapshots.is_none(), "a diverged run leaves nothing behind");
    let rows = sweep.of(0, &members);
    assert_eq!(rows.text(&columns::STATUS, 0).as_deref(), Some("member-diverged"));
    assert_eq!(rows.known(&columns::AT_STEP_A, 0), 364.0);
    for of in [&columns::BARRIER_CHORD, &columns::DISTANCE, &columns::PREDICTION_DISAGREEMENT] {
        assert_eq!(rows.number(of, 0), None);
    }
    let failed = [Outcome::Failed, Outcome::Cancelled, Outcome::Quarantined].map(|outcome| {
        let mut members = sweep.members(comparison);
        members[1] = Member { outcome, snapshots: None, job: members[1].job };
        sweep.of(0, &members).text(&columns::STATUS, 0)
    });
    assert_eq!(failed, [const { Some("member-failed") }; 3].map(|word| word.map(str::to_owned)));
}

#[test]
fn a_whole_set_has_means_over_its_pairs() {
    let text = SMALL.replace("seed = 2", "seed = 3");
    let all = |probe| Compare { groups: Groups::All, ..pairs(probe) };
    let compares = vec![all(CompareProbe::Interpolation), pairs(CompareProbe::Interpolation)];
    let mut sweep = Sweep::new(&text, compares, |_| ());
    let rows = sweep.compare(0);
    assert!(rows.text(&columns::STATUS, 0).expect("a reason").starts_with("more-than-two"));
    assert_eq!((rows.known(&columns::AT_STEP_A, 0), rows.number(&columns::AT_STEP_B, 0)), (364.0, None));
    let pairs: Vec<Rows> = (1..4).map(|n| sweep.compare(n)).collect();
    let is_last = |n: &usize| sweep.plan.group(sweep.comparison(*n as u64 + 1)).expect("a pair").members[0].0 == 1;
    let last = (0..3).find(is_last).expect("the pair of the second and the third");
    for of in [&columns::DISTANCE, &columns::PREDICTION_DISAGREEMENT, &columns::PREDICTION_KL] {
        let mean = pairs.iter().map(|pair| pair.known(of, 0)).sum::<f64>() / 3.0;
        assert!((rows.known(of, 0) - mean).abs() < 1e-12 * mean, "{}", of.name);
    }
    let comparison = sweep.comparison(0);
    let mut members = sweep.members(comparison);
    members[0] = Member { outcome: Outcome::Failed, snapshots: None, job: members[0].job };
    let rows = sweep.of(0, &members);
    assert!(rows.text(&columns::STATUS, 0).expect("a reason").starts_with("member-failed; "));
    assert_eq!(rows.known(&columns::DISTANCE, 0), pairs[last].known(&columns::DISTANCE, 0), "the pair that is left");
    members[2] = Member { outcome: Outcome::Failed, snapshots: None, job: members[2].job };
    let rows = sweep.of(0, &members);
    assert!(rows.text(&columns::STATUS, 0).expect("a reason").contains("too-few-members"));
    assert_eq!(rows.number(&columns::DISTANCE, 0), None);
}

#[test]
fn of_different_networks_only_predictions_are_compared() {
    let text = format!("{SMALL}\n    [axes]\n    'model.hidden' = [[16], [8, 8]]\n");
    let compare = Compare { over: "model.hidden".to_owned(), ..pairs(CompareProbe::Interpolation) };
    let rows = Sweep::new(&text, vec![compare], |_| ()).compare(0);
    assert!(rows.text(&columns::STATUS, 0).expect("a reason").starts_with("different-networks"));
    assert_eq!((rows.number(&columns::DISTANCE, 0), rows.list(&columns::ALPHA, 0)), (None, None));
    assert!(rows.known(&columns::PREDICTION_DISAGREEMENT, 0) > 0.0);
}

#[test]
fn ends_that_differ_by_design_have_no_mean_to_rise_over() {
    let text = format!(
        "{SMALL}\n    [axes]\n    'train.weight_decay' = [0.0, 0.01]\n    'train.precision' = ['f32', 'f64']\n"
    );
    let over = |over: &str| Compare { over: over.to_owned(), ..pairs(CompareProbe::Interpolation) };
    let mut sweep = Sweep::new(&text, vec![over("train.weight_decay"), over("train.precision")], |_| ());
    let rows = sweep.compare(0);
    assert_eq!(rows.nulls(0), ["fork_step", "barrier_mean", "barrier_error", "status"]);
    assert!(rows.known(&columns::DISPLACEMENT_COSINE, 0) > 0.9, "one seed is one start");
    let n_first =
        (0..).take_while(|&n| sweep.plan.group(sweep.comparison(n)).is_some_and(|of| of.compare == 0)).count();
    let rows = sweep.compare(n_first as u64);
    let [distance, loss_error] = [&columns::DISTANCE, &columns::LOSS_ERROR].map(|of| rows.known(of, 0));
    assert!(distance > 0.0 && distance < 0.1, "f32 beside f64: {distance}");
    assert!(loss_error < 1e-13, "measured in the higher precision: {loss_error}");
}

#[test]
fn a_file_of_another_run_is_named_and_refused() {
    let text = format!("{SMALL}\n    [axes]\n    'model.hidden' = [[16], [8]]\n");
    let mut sweep = Sweep::new(&text, vec![pairs(CompareProbe::Distance)], |_| ());
    let (comparison, other) = (sweep.comparison(0), sweep.left(JobNumber(2)).1);
    let own = sweep.left(JobNumber(1)).1;
    let (mut cut, mut damaged) = (own.clone(), own.clone());
    cut.pop();
    damaged[9] = b'!';
    let rows = [
        (other, "layers.0.weight is F32 [8, 64], its network has F32 [16, 64]"),
        (cut, "its header promises"),
        (damaged, "its header is none"),
        (own[..4].to_vec(), "it ends too early"),
        (vec![0xff; 64], "a header of"),
    ];
    for (bytes, found) in rows {
        let mut members = sweep.members(comparison);
        members[1].snapshots = Some(file(&bytes, JobNumber(1)));
        let end = compare(&sweep.task(comparison, JobNumber(0)), &members).0;
        let RunEnd::Invalid(message) = end else { panic!("{end:?}") };
        assert!(message.contains("run-1 does not hold the weights of run 1") && message.contains(found), "{message}");
    }
}

#[test]
fn a_comparison_stops_when_it_is_told() {
    let mut sweep = Sweep::new(SMALL, vec![pairs(CompareProbe::Distance)], |_| ());
    let comparison = sweep.comparison(0);
    let members = sweep.members(comparison);
    let task = sweep.task(comparison, JobNumber(0));
    task.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(matches!(compare(&task, &members).0, RunEnd::Stopped));
}

/// The file of a run with one hidden layer, its units in another order.
fn permuted(bytes: &[u8], order: &[usize]) -> Vec<u8> {
    let tensors = SafeTensors::deserialize(bytes).expect("a safetensors file");
    let mut copy = bytes.to_vec();
    for (name, tensor) in tensors.tensors() {
        let (width, start) = (tensor.dtype().bitsize() / 8, tensor.data().as_ptr() as usize - bytes.as_ptr() as usize);
        let of_inputs = name.ends_with("layers.1.weight");
        if !of_inputs && !name.contains("layers.0.") {
            continue;
        }
        // Numbers that move together, and how many units lie behind each other before the next output begins.
        let piece = if of_inputs { width } else { tensor.data().len() / order.len() };
        for at in (0..tensor.data().len()).step_by(piece) {
            let (row, unit) = (at / piece / order.len(), at / piece % order.len());
            let from = (row * order.len() + order[unit]) * piece;
            copy[start + at..start + at + piece].copy_from_slice(&tensor.data()[from..from + piece]);
        }
    }
    copy
}

#[test]
fn a_permuted_copy_has_a_barrier_until_it_is_aligned() {
    let align = vec![Align::None, Align::Weights];
    let mut sweep = Sweep::new(SMALL, vec![Compare { align, ..pairs(CompareProbe::Interpolation) }], |_| ());
    let (comparison, bytes) = (sweep.comparison(0), sweep.left(JobNumber(0)).1);
    let order: Vec<usize> = (0..16).map(|i| (5 * i + 3) % 16).collect();
    let mut members = sweep.members(comparison);
    members[1].snapshots = Some(file(&permuted(&bytes, &order), JobNumber(1)));
    let rows = sweep.of(0, &members);
    let loss = rows.list(&columns::TRAIN_LOSS, 0).expect("losses");
    assert!((loss[0] - loss[10]).abs() < 1e-6, "one function: {loss:?}");
    assert_eq!(rows.known(&columns::PREDICTION_DISAGREEMENT, 0), 0.0);
    assert!(rows.known(&columns::BARRIER_CHORD, 0) > 0.3 && rows.known(&columns::DISTANCE, 0) > 1.0);
    for of in [&columns::DISTANCE, &columns::BARRIER_MEAN, &columns::BARRIER_CHORD, &columns::BARRIER_MAX] {
        assert_eq!(rows.known(of, 1), 0.0, "{} when aligned", of.name);
    }
}
