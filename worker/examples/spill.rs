//! What a bound on the memory of snapshots saves and costs: `cargo run --release -p traipse-worker --example spill --
//! [MEMORY] [FOLDER]`, with a size such as 0, 64MB or auto for one slot (else auto). A run of a million parameters is
//! measured at 200 snapshots; then the step Gram matrix of as large a path is timed alone. Seconds are processor time, the
//! system's for reading and writing included.

#![allow(clippy::print_stdout, reason = "an example prints what it measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use traipse_nn::data;
use traipse_probe::{Form, Snapshot, Trajectory};
use traipse_sweep::plan::Plan;
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Schema};
use traipse_worker::Memory;
use traipse_worker::run::{RunEnd, Scratch, Task, run};

/// 200 snapshots of 1,005,950 parameters: 805 MB.
const SWEEP: &str = "
    name = 'spill'
    [model]
    hidden = [900, 1040]
    [train]
    steps = 199
    batch_size = 16
    [snapshots]
    at = 'every step'
    [probes]
    examples = 100
";
const N_SNAPSHOTS: u64 = 200;
const N_PARAMETERS: usize = 1_005_950;

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let mut arguments = std::env::args().skip(1);
    let memory: Memory = arguments.next().as_deref().unwrap_or("auto").parse()?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, Into::into);
    let scratch = Scratch { memory: memory.bytes(), folder };
    println!("{} MB for snapshots, then {}", scratch.memory / 1_000_000, scratch.folder.display());
    whole_run(&scratch)?;
    matrix(&scratch)
}

fn whole_run(scratch: &Scratch) -> Result<(), AnyError> {
    let spec = Arc::new(parse(SWEEP, Format::Toml, "spill.toml")?);
    let task = Task {
        schema: Arc::new(Schema::of(&spec)),
        data: Some(Arc::new(data::digits(&spec.base.data)?)),
        plan: Arc::new(Plan::new(spec)?),
        job: JobNumber(0),
        scratch: scratch.clone(),
        progress: Arc::new(AtomicU64::new(0)),
        stop: Arc::new(AtomicBool::new(false)),
    };
    let start = cpu();
    let (end, _) = run(&task);
    let all = (cpu() - start).as_secs_f64();
    let RunEnd::Rows { block, .. } = end else { return Err(format!("the run ended without rows: {end:?}").into()) };
    println!("run: {all:.2} s, peak memory {}", peak_memory()?);
    println!("rows digest {}", block.digest());
    Ok(())
}

fn matrix(scratch: &Scratch) -> Result<(), AnyError> {
    let form = Form::f32(N_PARAMETERS);
    let mut trajectory = Trajectory::new(form, scratch.records(form.record_bytes()));
    let mut theta = vec![0.0_f32; N_PARAMETERS];
    let mut pushing = Duration::ZERO;
    for step in 0..N_SNAPSHOTS {
        for (i, weight) in theta.iter_mut().enumerate() {
            *weight += ((i as u64 * 31 + step * 17) % 101) as f32 * 1e-3 - 0.05;
        }
        let snapshot = Snapshot::f32(theta.clone());
        let start = cpu();
        trajectory.push(step, &snapshot)?;
        pushing += cpu() - start;
    }
    let start = cpu();
    let gram = trajectory.step_gram()?.ok_or("the path is not too long")?;
    println!(
        "alone: keeping {:.2} s, matrix {:.2} s (its first entry {})",
        pushing.as_secs_f64(),
        (cpu() - start).as_secs_f64(),
        gram.at(0, 0)
    );
    Ok(())
}

/// Of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

fn peak_memory() -> Result<String, AnyError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system does not tell")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(format!("{:.0} MB", kib * 1024.0 / 1e6))
}
