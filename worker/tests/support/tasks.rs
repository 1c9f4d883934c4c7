//! Runs on the embedded digits, made from the text of a sweep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use traipse_nn::data;
use traipse_sweep::plan::Plan;
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Outcome, RowBlock, RunSettings, Schema, SweepSpec};
use traipse_worker::run::{RunEnd, Scratch, Task};

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
