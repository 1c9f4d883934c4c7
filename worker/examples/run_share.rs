//! What the default probes add to a training: `cargo run --release -p traipse-worker --example run_share -- MNIST_DIR
//! [EPOCHS]`, where MNIST_DIR holds the four gzipped IDX files. Prints seconds and the probes' share.

#![allow(clippy::print_stdout, reason = "an example prints what it measured")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use traipse_nn::data::{self, IdxFiles};
use traipse_sweep::plan::Plan;
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Schema};
use traipse_worker::run::{RunEnd, Scratch, Task, run};

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("usage: run_share MNIST_DIR [EPOCHS]")?;
    let epochs = arguments.next().unwrap_or_else(|| "40".to_owned());
    let text = format!("name = 'share'\n[data]\nname = 'mnist'\ndir = '{dir}'\n[train]\nepochs = {epochs}\n");
    let spec = Arc::new(parse(&text, Format::Toml, "share.toml")?);
    let bytes: Vec<Vec<u8>> =
        FILES.iter().map(|name| std::fs::read(Path::new(&dir).join(name))).collect::<Result<_, _>>()?;
    let files = IdxFiles {
        train_images: (FILES[0], &bytes[0]),
        train_labels: (FILES[1], &bytes[1]),
        test_images: (FILES[2], &bytes[2]),
        test_labels: (FILES[3], &bytes[3]),
    };
    let task = Task {
        schema: Arc::new(Schema::of(&spec)),
        data: Some(Arc::new(data::mnist(&spec.base.data, &files)?)),
        plan: Arc::new(Plan::new(spec)?),
        job: JobNumber(0),
        scratch: Scratch::default(),
        progress: Arc::new(AtomicU64::new(0)),
        stop: Arc::new(AtomicBool::new(false)),
    };
    let (end, clock) = run(&task);
    let RunEnd::Rows { outcome, block, .. } = end else {
        return Err(format!("the run ended without rows: {end:?}").into());
    };
    let (train, probe) = (clock.train.as_secs_f64(), clock.probe.as_secs_f64());
    println!("{outcome}: train {train:.2} s, probes {probe:.2} s, share {:.1} %", 100.0 * probe / train);
    println!("rows digest {}", block.digest());
    Ok(())
}
