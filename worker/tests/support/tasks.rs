//! Runs on the embedded digits, made from the text of a sweep.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use traipse_nn::data;
use traipse_sweep::plan::Plan;
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Outcome, RowBlock, RunSettings, Schema, SweepSpec};
use traipse_worker::run::{Checkpoints, RunEnd, Scratch, Task, WriteCheckpoint, run_with};

/// The first run of a sweep, with all its snapshots in memory.
pub(crate) fn task(text: &str) -> Task {
    with(text, |_| ())
}

/// The same with the base settings changed after they were read.
pub(crate) fn with(text: &str, change: impl FnOnce(&mut RunSettings)) -> Task {
    asking(text, |spec| change(&mut spec.base))
}

/// The same with anything changed.
pub(crate) fn asking(text: &str, change: impl FnOnce(&mut SweepSpec)) -> Task {
    let mut spec = parse(text, Format::Toml, "test.toml").expect("a spec");
    change(&mut spec);
    let spec = Arc::new(spec);
    let data = Some(Arc::new(data::digits(&spec.base.data).expect("the embedded digits")));
    Task {
        schema: Arc::new(Schema::of(&spec)),
        plan: Arc::new(Plan::new(spec).expect("a plan")),
        job: JobNumber(0),
        data,
        scratch: Scratch::default(),
        progress: Arc::new(AtomicU64::new(0)),
        stop: Arc::new(AtomicBool::new(false)),
    }
}

/// The same with that much memory for snapshots.
pub(crate) fn within(text: &str, memory: u64, folder: &tempfile::TempDir) -> Task {
    Task { scratch: Scratch { memory, folder: folder.path().to_owned() }, ..task(text) }
}

/// The rows of a run, and the weights that it keeps.
pub(crate) fn rows_of(end: RunEnd) -> (Outcome, RowBlock, Option<Vec<u8>>) {
    match end {
        RunEnd::Rows { outcome, block, kept, .. } => {
            (outcome, block, kept.map(|kept| kept.to_bytes().expect("the snapshots are there")))
        }
        other => panic!("the run has no rows: {other:?}"),
    }
}

/// One checkpoint: the first to be kept at a step, or the only one to be found.
pub(crate) struct One<'a> {
    task: &'a Task,
    step: Option<u64>,
    found: Option<Vec<u8>>,
    kept: Option<io::Result<Vec<u8>>>,
    room: usize,
}

impl Checkpoints for One<'_> {
    fn is_due(&mut self, steps_done: u64) -> bool {
        self.step == Some(steps_done) && self.kept.is_none()
    }

    fn keep(&mut self, steps_done: u64, write: &mut WriteCheckpoint<'_>) {
        assert_eq!(self.step, Some(steps_done));
        let mut room = vec![0; self.room];
        let mut left = &mut room[..];
        let written = write(&mut left);
        let n_bytes = self.room - left.len();
        room.truncate(n_bytes);
        self.kept = Some(written.map(|()| room));
        self.task.stop.store(true, Ordering::Relaxed);
    }

    fn next(&mut self) -> Option<Box<dyn Read>> {
        self.found.take().map(|found| Box::new(io::Cursor::new(found)) as Box<dyn Read>)
    }
}

/// Runs a task up to a step, keeps a checkpoint of at most `room` bytes and stops. The run's end where it does not come there.
pub(crate) fn set_aside(task: &Task, step: u64, room: usize) -> Result<io::Result<Vec<u8>>, RunEnd> {
    let mut one = One { task, step: Some(step), found: None, kept: None, room };
    let end = run_with(task, &mut one).0;
    task.stop.store(false, Ordering::Relaxed);
    one.kept.ok_or(end)
}

/// Goes on from a checkpoint.
pub(crate) fn resume(task: &Task, checkpoint: &[u8]) -> RunEnd {
    let mut one = One { task, step: None, found: Some(checkpoint.to_vec()), kept: None, room: 0 };
    run_with(task, &mut one).0
}
