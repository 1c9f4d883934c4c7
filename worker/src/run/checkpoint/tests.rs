//! What is said about checkpoints that do not serve.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use traipse_nn::{Evaluator, Problem, data};
use traipse_sweep::plan::Plan;
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Schema};

use super::super::journey::{Ended, Traveller};
use super::super::{Scratch, Task};
use super::{Checkpoints, MAGIC, Write, read};

const SPEC: &str = "name = 'one'\ndata.train_limit = 50\n[model]\nhidden = []\n[train]\nbatch_size = 10\nepochs = 4\n";
/// Between two snapshots.
const STEP: u64 = 12;

fn with<R>(spec: &str, then: impl FnOnce(&Problem, Traveller<'_, f32>, &Task) -> R) -> R {
    let spec = Arc::new(parse(spec, Format::Toml, "one.toml").unwrap());
    let data = Arc::new(data::digits(&spec.base.data).unwrap());
    let task = Task {
        schema: Arc::new(Schema::of(&spec)),
        plan: Arc::new(Plan::new(spec).unwrap()),
        job: JobNumber(0),
        data: Some(Arc::clone(&data)),
        scratch: Scratch::default(),
        progress: Arc::default(),
        stop: Arc::default(),
    };
    let problem = Problem::new(&task.plan.settings(task.job), data).unwrap();
    let mut evaluator = Evaluator::new(&problem);
    then(&problem, Traveller::new(&task, &problem, &mut evaluator), &task)
}

/// Keeps one, and ends the run.
struct One<'a> {
    task: &'a Task,
    bytes: Vec<u8>,
}

impl Checkpoints for One<'_> {
    fn is_due(&mut self, steps_done: u64) -> bool {
        steps_done == STEP
    }

    fn keep(&mut self, _steps_done: u64, write: &mut Write<'_>) {
        write(&mut self.bytes).unwrap();
        self.task.stop.store(true, Ordering::Relaxed);
    }

    fn next(&mut self) -> Option<Box<dyn Read>> {
        None
    }
}

fn checkpoint() -> Vec<u8> {
    with(SPEC, |_, traveller, task| {
        let mut one = One { task, bytes: Vec::new() };
        let mut train = Duration::ZERO;
        let ended = traveller.finish(&mut one, &mut train).err();
        assert!(matches!(ended, Some(Ended::Stopped)));
        one.bytes
    })
}

/// What a run of that spec says about a checkpoint; empty if it goes on from it.
fn said(spec: &str, bytes: &[u8]) -> String {
    with(spec, |problem, mut traveller, _| match read(&mut traveller, problem, &mut &*bytes) {
        Ok(()) => {
            assert_eq!((traveller.trainer.steps_done(), traveller.journey.points.len()), (STEP, 3));
            String::new()
        }
        Err(error) => error.to_string(),
    })
}

#[test]
fn whole_ones_serve_the_same_run_and_longer_ones() {
    let bytes = checkpoint();
    assert_eq!(said(SPEC, &bytes), "");
    assert_eq!(said(&SPEC.replace("epochs = 4", "epochs = 9"), &bytes), "");
    assert_eq!(
        said(&SPEC.replace("epochs = 4", "steps = 12"), &bytes),
        "it is of another run: its snapshots differ from this run's before its step 12"
    );
}

#[test]
fn what_is_cut_or_changed_is_said() {
    let bytes = checkpoint();
    let changed = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let last = bytes.len() - 1;
    let longer = [&bytes[..], b"x"].concat();
    let mut lie = bytes.clone();
    lie[12..20].copy_from_slice(&u64::MAX.to_le_bytes());
    let rows: [(Vec<u8>, &str); 9] = [
        (Vec::new(), "it ends inside its first bytes"),
        (b"a file of something else".to_vec(), "it is no checkpoint"),
        (changed(MAGIC.len()), "it has version 3, and this program reads version 2"),
        (bytes[..30].to_vec(), "it ends inside its settings"),
        (bytes[..last].to_vec(), "it ends inside its digest"),
        (bytes[..last - 2_000].to_vec(), "it ends inside its weights"),
        (changed(last - 2_000), "it is damaged"),
        (longer, "it is damaged"),
        (lie, "it is damaged in its settings: 18446744073709551615 bytes long"),
    ];
    for (bytes, expected) in rows {
        let found = said(SPEC, &bytes);
        assert!(found.starts_with(expected), "{found}, not {expected}");
    }
}

#[test]
fn other_runs_are_told_apart() {
    let bytes = checkpoint();
    let rows = [
        ("train_limit = 50", "train_limit = 60", "data"),
        ("batch_size = 10", "batch_size = 10\nlearning_rate = 0.3", "settings"),
        ("epochs = 4", "steps = 11", "settings"),
        ("[model]", "[probes]\nexamples = 20\n[model]", "probe sets"),
        ("[model]", "[snapshots]\nat = 'every 3 steps'\n[model]", "snapshots"),
    ];
    for (from, to, what) in rows {
        let found = said(&SPEC.replace(from, to), &bytes);
        assert!(found.contains(&format!("its {what} differ")), "{found}: {to}");
    }
}
