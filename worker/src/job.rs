//! One job on its slot's thread: a run (data, training, probes) or a comparison of several, rows, weights, and what it cost.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use traipse_agent::JobEnd;
use traipse_nn::Dataset;
use traipse_proto::convert::report::{Parts, PartsResult, cut, message};
use traipse_proto::convert::rows;
use traipse_proto::{INLINE_ROWS_BYTES, MAX_ROWS_BYTES, MEMBERS_KIND, ROWS_KIND, v1};
use traipse_store::Name;
use traipse_sweep::plan::JobKind;
use traipse_sweep::settings::ModelKind;
use traipse_sweep::spec::duration_text;
use traipse_sweep::{FailureClass, JobNumber, Outcome, Plan, RowBlock, Schema};

use crate::clocks;
use crate::data::Cache;
use crate::members::{self, Line};
use crate::pool::Job;
use crate::reach::Reach;
use crate::run::{self, Kept, RunClock, RunEnd, Scratch, Task};
use crate::shelf::Shelf;
use crate::sweeps::Sweep;

/// The weights of a run's snapshots in the artifact store.
const KEPT: &str = "snapshots.safetensors";

/// What all slots share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) data: Arc<Cache>,
    /// Of one job that runs.
    pub(crate) scratch: Scratch,
    pub(crate) reach: Reach,
    pub(crate) line: Line,
    /// Where the store's futures run; slots are not its threads.
    pub(crate) runtime: Handle,
    /// How often a run that takes long keeps what it needs to go on after a loss.
    pub(crate) checkpoint_every: Duration,
}

/// Why an attempt has no rows.
pub(crate) struct Failure {
    class: FailureClass,
    message: String,
}

/// How an attempt ended, before it is put into a report.
enum End {
    Rows { outcome: Outcome, block: RowBlock, kept: Option<Box<Kept>>, members: Option<Box<Kept>> },
    Stopped,
}

/// Runs a job to its end. Nothing that happens inside, panics included, gets out.
pub(crate) fn run(job: Job, context: &Context) -> JobEnd<v1::JobReport> {
    if job.signals.stop.load(Ordering::Relaxed) {
        return JobEnd::Stopped;
    }
    let (started, cpu) = (Instant::now(), clocks::thread_cpu());
    let mut clock = RunClock::default();
    let mut has_checkpoints = false;
    let ended = match attempt(&job, context, &mut clock, &mut has_checkpoints) {
        Ok(None) => match job.signals.exceeded() {
            Some(limit) => Err(transient(format!("it took longer than its time_limit of {}", duration_text(limit)))),
            None => return JobEnd::Stopped,
        },
        Ok(Some(result)) => Ok(result),
        Err(failure) => Err(failure),
    };
    let result = match ended {
        Ok(result) => result,
        Err(Failure { class, message }) => {
            tracing::warn!(sweep = %job.lease.sweep, job = job.lease.job.0, %class, %message, "an attempt failed");
            PartsResult::Failed { class, message: cut(&message).into() }
        }
    };
    let stats = v1::AttemptStats {
        lease_wait_seconds: started.duration_since(job.given_at).as_secs_f64(),
        train_seconds: clock.train.as_secs_f64(),
        probe_seconds: clock.probe.as_secs_f64(),
        cpu_seconds: clocks::thread_cpu().saturating_sub(cpu).as_secs_f64(),
        total_seconds: started.elapsed().as_secs_f64(),
        peak_memory_bytes: clocks::peak_memory(),
    };
    report(job, result, stats, has_checkpoints)
}

fn report(job: Job, result: PartsResult, stats: v1::AttemptStats, has_checkpoints: bool) -> JobEnd<v1::JobReport> {
    let n_bytes = match &result {
        PartsResult::Rows { block, .. } => block.len(),
        PartsResult::Failed { message, .. } => message.len(),
    };
    let lease = job.lease;
    let payload = message(Parts {
        sweep: lease.sweep,
        job: lease.job,
        generation: lease.generation,
        lease: lease.lease,
        token: lease.token.as_ref().try_into().expect("a lease converts only if its token has this length"),
        result,
        stats,
        has_checkpoints,
    });
    let cost = Duration::try_from_secs_f64(stats.total_seconds).unwrap_or_default();
    JobEnd::Result { payload, n_bytes, cost }
}

/// None if it was told to stop.
fn attempt(
    job: &Job,
    context: &Context,
    clock: &mut RunClock,
    has_checkpoints: &mut bool,
) -> Result<Option<PartsResult>, Failure> {
    let (plan, schema) = match &*job.sweep {
        Sweep::Ready { plan, schema } => (plan, schema),
        Sweep::Broken(why) => return Err(transient(why.clone())),
    };
    // The coordinator's numbers are not trusted to be the plan's: a plan may panic beyond its last job.
    if job.lease.job.0 >= plan.n_jobs() {
        let message = format!("the sweep has {} jobs, none with number {}", plan.n_jobs(), job.lease.job.0);
        return Err(Failure { class: FailureClass::Invalid, message });
    }
    let end = match catch_unwind(AssertUnwindSafe(|| measure(job, plan, schema, context, (clock, has_checkpoints)))) {
        Ok(end) => end?,
        Err(panic) => return Err(Failure { class: FailureClass::Poison, message: panic_message(&*panic) }),
    };
    let End::Rows { outcome, block, kept, members } = end else { return Ok(None) };
    let block = rows::encode(&block, schema)
        .map_err(|error| Failure { class: FailureClass::Poison, message: format!("its rows do not fit: {error}") })?;
    if block.len() as u64 > MAX_ROWS_BYTES {
        return Err(too_many_rows(block.len()));
    }
    let mut artifacts = Vec::new();
    for (kind, weights) in [(KEPT, kept), (MEMBERS_KIND, members)] {
        if let Some(weights) = weights {
            artifacts.push(put_weights(job, context, kind, &weights)?);
        }
    }
    if block.len() <= INLINE_ROWS_BYTES {
        return Ok(Some(PartsResult::Rows { outcome, block, artifacts }));
    }
    artifacts.push(put(job, context, ROWS_KIND, block)?);
    Ok(Some(PartsResult::Rows { outcome, block: Bytes::new(), artifacts }))
}

fn measure(
    job: &Job,
    plan: &Arc<Plan>,
    schema: &Arc<Schema>,
    context: &Context,
    (clock, has_checkpoints): (&mut RunClock, &mut bool),
) -> Result<End, Failure> {
    let loading = Instant::now();
    let members = match plan.kind(job.lease.job) {
        JobKind::Run => None,
        JobKind::Comparison => match members::fetch(job, plan, context)? {
            Some(members) => Some(members),
            None => return Ok(End::Stopped),
        },
    };
    let first_run = members.iter().flatten().map(|member| member.job).next().unwrap_or(job.lease.job);
    let task = Task {
        plan: plan.clone(),
        job: job.lease.job,
        schema: schema.clone(),
        data: data(plan, first_run, context)?,
        scratch: context.scratch.clone(),
        progress: job.signals.progress.clone(),
        stop: job.signals.stop.clone(),
    };
    let (end, spent) = match members {
        None => {
            let mut shelf = Shelf::new(job, context);
            let ended = run::run_with(&task, &mut shelf);
            *has_checkpoints = shelf.has_any;
            ended
        }
        Some(members) => run::compare(&task, &members),
    };
    *clock = spent;
    tracing::trace!(loading = ?loading.elapsed().saturating_sub(spent.train + spent.probe), "a job ended");
    match end {
        RunEnd::Rows { outcome, block, kept, members } => Ok(End::Rows { outcome, block, kept, members }),
        RunEnd::Stopped => Ok(End::Stopped),
        RunEnd::Invalid(message) => Err(Failure { class: FailureClass::Invalid, message }),
        RunEnd::Lost(error) => Err(transient(error.to_string())),
    }
}

fn data(plan: &Plan, job: JobNumber, context: &Context) -> Result<Option<Arc<Dataset>>, Failure> {
    let settings = plan.settings(job);
    if settings.model.kind == ModelKind::Noop {
        return Ok(None);
    }
    let loaded = context.data.get(&settings.data);
    loaded.map(Some).map_err(|error| Failure { class: error.class(), message: error.to_string() })
}

/// Puts what does not fit a report into the store, under job and lease.
fn put(job: &Job, context: &Context, kind: &str, bytes: Bytes) -> Result<v1::Artifact, Failure> {
    let Some(store) = context.reach.store() else { return Err(out_of_reach(kind, bytes.len())) };
    let name = name(job, kind)?;
    let put = context.runtime.block_on(store.put_if_absent(&name, bytes));
    artifact(kind, put)
}

/// The same for weights, which need not fit into memory.
fn put_weights(job: &Job, context: &Context, kind: &str, weights: &Kept) -> Result<v1::Artifact, Failure> {
    let Some(store) = context.reach.store() else { return Err(out_of_reach(kind, 0)) };
    let name = name(job, kind)?;
    let put = context.runtime.block_on(store.put_pieces_if_absent(&name, weights.n_bytes(), weights.pieces()));
    artifact(kind, put)
}

fn name(job: &Job, kind: &str) -> Result<Name, Failure> {
    let lease = &job.lease;
    Name::of_lease(lease.sweep, lease.job, lease.lease, kind)
        .map_err(|error| Failure { class: FailureClass::Invalid, message: error.to_string() })
}

fn artifact(kind: &str, put: Result<traipse_store::Artifact, traipse_store::Error>) -> Result<v1::Artifact, Failure> {
    match put {
        Ok(artifact) => {
            Ok(v1::Artifact { kind: kind.to_owned(), size: artifact.size, sha256: artifact.sha256.to_vec() })
        }
        Err(error @ traipse_store::Error::TooLarge { .. }) => {
            let message = format!("{error}: take fewer snapshots, or do not keep or compare them");
            Err(Failure { class: FailureClass::Invalid, message })
        }
        Err(error) => Err(transient(error.to_string())),
    }
}

pub(crate) fn out_of_reach(kind: &str, n_bytes: usize) -> Failure {
    let what = match kind {
        ROWS_KIND => {
            format!(
                "the job's rows have {n_bytes} bytes, and above {INLINE_ROWS_BYTES} they go through the artifact store"
            )
        }
        MEMBERS_KIND => "comparisons need the artifact store".to_owned(),
        _ => "snapshots.keep needs the artifact store".to_owned(),
    };
    transient(format!(
        "{what}, which this worker does not reach: mount the folder that the coordinator announces (the worker's log \
         names it) under the same path, and start the worker again"
    ))
}

pub(crate) fn transient(message: String) -> Failure {
    Failure { class: FailureClass::Transient, message }
}

fn too_many_rows(n_bytes: usize) -> Failure {
    let message = format!(
        "the run's rows have {n_bytes} bytes, and a run may have at most {MAX_ROWS_BYTES}: take fewer snapshots"
    );
    Failure { class: FailureClass::Invalid, message }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the job panicked: {}", text.unwrap_or("no message"))
}
