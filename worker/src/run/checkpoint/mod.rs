//! A run that was set aside between two optimiser steps, as bytes: its trainer, its snapshots, what was measured there.
//!
//! Whoever goes on from them gets the rows that an uninterrupted run gets, bit for bit. They are never trusted: another
//! format, a lie about a length, a flipped bit, another run or other data are all said, and the run then starts from
//! step 0, which costs time and nothing else.
//!
//! Layout, integers and floats little-endian, texts and blobs behind their length as u64: magic, version u32; settings
//! as JSON; data hash; numerics; examples that probes saw; parameters, bits of each, numbers beside them; trainer; number
//! of snapshots, the points, the records; SHA-256 of all before it.

mod codec;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use traipse_nn::{Problem, Trainer, numerics};
use traipse_probe::{Element, Form, Snapshot};
use traipse_sweep::settings::Precision;
use traipse_sweep::{RunSettings, continues};

use self::codec::{Sink, Source};
use super::journey::{Traveller, form};

const MAGIC: [u8; 8] = *b"traipse\x1a";

/// Raised whenever the layout changes; another version's checkpoints are not read.
const VERSION: u32 = 2;

/// Settings and names are short; a length above is a lie.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// Most bytes of a trainer: the weights and what its optimiser keeps of them.
const MAX_TRAINER_BYTES: u64 = 1 << 38;

/// Writes one checkpoint to wherever it is to be kept.
pub type Write<'a> = dyn FnMut(&mut dyn io::Write) -> io::Result<()> + 'a;

/// Where a run that takes long keeps what it needs to go on after a loss, and finds what was kept of it.
pub trait Checkpoints {
    /// Whether one is to be kept now. Asked before every optimiser step and at the end of the training: it must cost next
    /// to nothing.
    fn is_due(&mut self, steps_done: u64) -> bool;

    /// Keeps one. A failure is this side's affair: the run goes on without it.
    fn keep(&mut self, steps_done: u64, write: &mut Write<'_>);

    /// The next one to be tried, the best first.
    fn next(&mut self) -> Option<Box<dyn Read>>;
}

/// Keeps nothing, finds nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn is_due(&mut self, _steps_done: u64) -> bool {
        false
    }

    fn keep(&mut self, _steps_done: u64, _write: &mut Write<'_>) {}

    fn next(&mut self) -> Option<Box<dyn Read>> {
        None
    }
}

/// Why a run cannot go on from a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Other bytes.
    #[error("it is no checkpoint of a run")]
    Format,
    /// Of another version of this program.
    #[error("it has version {found}, and this program reads version {VERSION}")]
    Version {
        /// What it says.
        found: u32,
    },
    /// It ends too early.
    #[error("it ends inside its {part}: it was not written to its end")]
    Short {
        /// Where.
        part: &'static str,
    },
    /// A part says what cannot be.
    #[error("it is damaged in its {part}: {found}")]
    Part {
        /// Which.
        part: &'static str,
        /// What it says.
        found: String,
    },
    /// Some bit is not what was written.
    #[error("it is damaged: its SHA-256 does not fit its content")]
    Damaged,
    /// Of a run that this one does not continue.
    #[error("it is of another run: its {what} differ from this run's before its step {step}")]
    Other {
        /// In what they differ.
        what: &'static str,
        /// How far the other had come.
        step: u64,
    },
    /// The trainer inside is refused.
    #[error(transparent)]
    Trainer(#[from] traipse_nn::CheckpointError),
    /// It cannot be read, or its snapshots cannot be kept.
    #[error(transparent)]
    Io(io::Error),
}

/// Writes where a run is.
///
/// # Errors
/// If `out` does not take it, or the snapshots cannot be read.
pub(super) fn write<T: Element>(
    traveller: &Traveller<'_, T>,
    problem: &Problem,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let journey = &traveller.journey;
    let mut sink = Sink::new(out);
    sink.bytes(&MAGIC)?;
    sink.bytes(&VERSION.to_le_bytes())?;
    sink.blob(&serde_json::to_vec(problem.settings())?)?;
    sink.blob(problem.data().hash.as_bytes())?;
    sink.blob(numerics().as_bytes())?;
    sink.number(traveller.n_probe())?;
    let form = journey.trajectory.form();
    sink.number(form.n_parameters as u64)?;
    sink.number(8 * form.width() as u64)?;
    sink.number(form.n_buffers as u64)?;
    sink.number(traveller.trainer.steps_done())?;
    let mut trainer = Vec::new();
    traveller.trainer.save(&mut trainer);
    sink.blob(&trainer)?;
    sink.number(journey.points.len() as u64)?;
    journey.points.iter().try_for_each(|point| codec::put_point(&mut sink, point))?;
    let mut record = vec![0; form.record_bytes()];
    for at in 0..journey.trajectory.n_snapshots() {
        journey.trajectory.bytes(at, 0, &mut record)?;
        sink.bytes(&record)?;
    }
    sink.finish()
}

/// Takes a traveller at step 0 to where a checkpoint is. After an error it is no longer at step 0, and of no use.
///
/// # Errors
/// If the checkpoint is not whole, or not of a run that this one continues.
pub(super) fn read<T: Element>(
    traveller: &mut Traveller<'_, T>,
    problem: &Problem,
    input: &mut dyn Read,
) -> Result<(), Error> {
    let mut source = Source::new(input);
    head(&mut source)?;
    let old: RunSettings = serde_json::from_slice(&source.blob("settings", MAX_TEXT_BYTES)?)
        .map_err(|error| Error::Part { part: "settings", found: error.to_string() })?;
    let data = source.blob("data hash", MAX_TEXT_BYTES)?;
    let arithmetic = source.blob("numerics", MAX_TEXT_BYTES)?;
    let n_probe = source.number("probe set")?;
    let of = [source.number("form")?, source.number("form")?, source.number("form")?];
    let step = source.number("step")?;
    let differ = |same: bool, what| if same { Ok(()) } else { Err(Error::Other { what, step }) };
    differ(data == problem.data().hash.as_bytes(), "data")?;
    differ(arithmetic == numerics().as_bytes(), "numerics")?;
    differ(continues(&old, problem.settings(), problem.data().train.len() as u64, step), "settings")?;
    differ(n_probe == traveller.n_probe(), "probe sets")?;
    differ(of == numbers(form::<T>(problem)), "networks")?;
    let trainer = source.blob("trainer", MAX_TRAINER_BYTES)?;
    snapshots(traveller, &mut source, step)?;
    source.finish()?;
    traveller.trainer = Trainer::restore(problem, &trainer)?;
    let reached = traveller.trainer.steps_done();
    if reached != step {
        return Err(Error::Part { part: "trainer", found: format!("it is at step {reached}, not {step}") });
    }
    traveller.look_whether_to_stop();
    differ(traveller.knows_last_steps(), "probes")
}

fn head(source: &mut Source<'_>) -> Result<(), Error> {
    if source.array::<8>("first bytes")? != MAGIC {
        return Err(Error::Format);
    }
    match u32::from_le_bytes(source.array("first bytes")?) {
        VERSION => Ok(()),
        found => Err(Error::Version { found }),
    }
}

/// Points and records; they must be at the steps that this run's plan has up to `step`.
fn snapshots<T: Element>(traveller: &mut Traveller<'_, T>, source: &mut Source<'_>, step: u64) -> Result<(), Error> {
    let planned: Vec<u64> = traveller.plan.iter().copied().filter(|&at| at <= step).collect();
    if source.number("snapshots")? != planned.len() as u64 {
        return Err(Error::Other { what: "snapshots", step });
    }
    for &at in &planned {
        let point = codec::take_point(source)?;
        if point.step != at {
            return Err(Error::Other { what: "snapshots", step });
        }
        traveller.journey.points.push(point);
    }
    let form = traveller.journey.trajectory.form();
    for at in planned {
        let record = source.exactly("weights", form.record_bytes())?;
        let snapshot = Snapshot::from_record(&record, form);
        traveller.journey.trajectory.push(at, &snapshot).map_err(Error::Io)?;
    }
    Ok(())
}

fn numbers(form: Form) -> [u64; 3] {
    let bits = match form.precision {
        Precision::F32 => 32,
        Precision::F64 => 64,
    };
    [form.n_parameters as u64, bits, form.n_buffers as u64]
}
