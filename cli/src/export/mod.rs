//! One run as files that other programs read, with a script that retrains it and compares.

mod arrays;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use traipse_nn::data::{Split, Targets};
use traipse_nn::{Dataset, Problem, Real, Trainer, course_steps, probe_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::Precision;

use arrays::Array;

/// The script beside the data.
const CHECK: &str = include_str!("check.py");

/// What the tables say of one snapshot.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) step: u64,
    /// Training examples that the loss is a mean of: the first so many of the probe order.
    pub(crate) n_probe: u64,
    pub(crate) train_loss: f64,
    pub(crate) test_loss: f64,
}

/// What `config.json` holds.
#[derive(Serialize)]
struct Config<'a> {
    run: u64,
    settings: &'a RunSettings,
    data_hash: &'a str,
    learning_rates: Vec<f64>,
    snapshots: &'a [Snapshot],
}

/// Writes a run's files into a folder that exists. The last snapshot is the last step that is written.
///
/// # Errors
/// If a file cannot be written, or an array is larger than an archive of NumPy without extensions holds (4 GiB).
pub(crate) fn write(dir: &Path, run: u64, problem: &Problem, snapshots: &[Snapshot]) -> io::Result<()> {
    let n_steps = snapshots.last().map_or(0, |last| last.step) as usize;
    let (order, learning_rates) = order(problem, n_steps);
    put(dir, "order.npy", |to| to.write_all(&order.npy()))?;
    put(dir, "data.npz", |to| arrays::npz(to, &data(problem.data())))?;
    let init = match problem.settings().train.precision {
        Precision::F32 => init::<f32>(problem, "F32", |value| value.to_le_bytes().to_vec()),
        Precision::F64 => init::<f64>(problem, "F64", |value| value.to_le_bytes().to_vec()),
    };
    put(dir, "init.safetensors", |to| to.write_all(&init))?;
    let config =
        Config { run, settings: problem.settings(), data_hash: &problem.data().hash, learning_rates, snapshots };
    put(dir, "config.json", |to| serde_json::to_writer_pretty(to, &config).map_err(io::Error::from))?;
    put(dir, "check.py", |to| to.write_all(CHECK.as_bytes()))
}

fn put(dir: &Path, name: &str, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(dir.join(name))?);
    write(&mut file)?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// Steps × rows of the largest batch, padded by −1; and the rate of each step.
fn order(problem: &Problem, n_steps: usize) -> (Array, Vec<f64>) {
    let (batches, rates): (Vec<_>, Vec<_>) = course_steps(problem).take(n_steps).unzip();
    let width = batches.iter().map(Vec::len).max().unwrap_or(0);
    let padded = batches.iter().flat_map(|batch| {
        let rows = batch.iter().map(|&row| row as i32);
        rows.chain(std::iter::repeat_n(-1, width - batch.len()))
    });
    (Array::i32(vec![n_steps, width], &padded.collect::<Vec<_>>()), rates)
}

fn data(data: &Dataset) -> Vec<(&'static str, Array)> {
    let probe = probe_order(data);
    vec![
        ("train_x", examples(data, &data.train)),
        ("train_y", targets(data, &data.train)),
        ("test_x", examples(data, &data.test)),
        ("test_y", targets(data, &data.test)),
        ("probe", Array::i64(vec![probe.len()], probe.iter().map(|&row| i64::from(row)))),
    ]
}

fn examples(data: &Dataset, split: &Split) -> Array {
    let mut values = vec![0.0; split.len() * data.n_features];
    for (row, out) in values.chunks_exact_mut(data.n_features).enumerate() {
        data.example_into(split, row, out);
    }
    Array::f32(vec![split.len(), data.n_features], &values)
}

fn targets(data: &Dataset, split: &Split) -> Array {
    match split.targets() {
        Targets::Classes(labels) => Array::i64(vec![labels.len()], labels.iter().map(|&label| i64::from(label))),
        Targets::Numbers(numbers) => Array::f32(vec![split.len(), data.n_classes], numbers),
    }
}

/// θ0, named and shaped as in kept weights.
fn init<T: Real>(problem: &Problem, dtype: &'static str, bytes: impl Fn(T) -> Vec<u8>) -> Vec<u8> {
    let mut theta = vec![T::ZERO; problem.n_parameters()];
    Trainer::<T>::new(problem).parameters_into(&mut theta);
    let of = |range: &std::ops::Range<usize>| theta[range.clone()].iter().flat_map(|&value| bytes(value)).collect();
    let mut tensors = Vec::new();
    for (layer, shape) in problem.layers().iter().enumerate() {
        tensors.push((format!("layers.{layer}.weight"), dtype, shape.shape.clone(), of(&shape.weight)));
        if let Some(bias) = &shape.bias {
            tensors.push((format!("layers.{layer}.bias"), dtype, vec![bias.len()], of(bias)));
        }
    }
    arrays::safetensors(&tensors)
}

/// Gives a finished folder its name; refuses one that holds something.
pub(crate) fn publish(from: &Path, out: &Path) -> io::Result<()> {
    if out.exists() {
        fs::remove_dir(out)?;
    }
    fs::rename(from, out)
}
