//! `Explain`: why a run or comparison stands where it stands, and what became of its attempts.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use tonic::Status;
use traipse_proto::v1::{self, explain_request::Job};
use traipse_results::PastAttempt;
use traipse_scheduler::{Explained, UnderWay};
use traipse_sweep::columns::Table;
use traipse_sweep::plan::JobKind;
use traipse_sweep::{JobNumber, Plan, SweepId};

use super::{Shared, refusal, status};
use crate::driver::Driver;

/// Most attempts that are told, the last ones.
const MAX_ATTEMPTS: usize = 100;

pub(super) async fn explain(shared: &Shared, request: v1::ExplainRequest) -> Result<v1::ExplainResponse, Status> {
    let sweep = status::find(&shared.driver, request.sweep).await?;
    let wanted = request.job.ok_or_else(|| refusal::invalid("job is missing: name a run or a comparison"))?;
    let read = move |driver: &Driver| look(driver, sweep, &wanted);
    let (job, runs, mut response, under_way) = shared.driver.read(read).await.map_err(refusal::call)??;
    let mut attempts = attempts(shared, sweep, job, runs).await?;
    let n_left_out = attempts.len().saturating_sub(MAX_ATTEMPTS);
    response.attempts = attempts.drain(n_left_out..).map(ended).collect();
    response.attempts.extend(under_way);
    Ok(response)
}

type Looked = (JobNumber, Vec<Range<u64>>, v1::ExplainResponse, Option<v1::ExplainedAttempt>);

fn look(driver: &Driver, sweep: SweepId, wanted: &Job) -> Result<Looked, Status> {
    let (pump, now) = (driver.pump(), driver.now());
    let unknown = || refusal::not_found(format!("there is no sweep {sweep}"));
    let (plan, state) = pump.plan(sweep).zip(pump.status(sweep)).ok_or_else(unknown)?;
    let job = job_of(&plan, wanted)?;
    let explained = pump.explain(now, sweep, job).map_err(|rejection| refusal::call(rejection.into()))?;
    let Explained { state: job_state, generation, position, why, under_way, backoff } = explained;
    let mut response = v1::ExplainResponse {
        sweep: sweep.to_string(),
        name: state.name.to_string(),
        sweep_state: status::state(state.state) as i32,
        state: job_state.to_owned(),
        why,
        generation: generation.0,
        position,
        backoff_ms: backoff.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
        ..v1::ExplainResponse::default()
    };
    describe(&plan, job, &mut response);
    Ok((job, plan.run_jobs(), response, under_way.map(|attempt| running(driver, now, attempt))))
}

fn job_of(plan: &Plan, wanted: &Job) -> Result<JobNumber, Status> {
    let (n_runs, n_comparisons) = (plan.n_run_jobs(), plan.n_comparison_jobs());
    let counted = |what: &str, n: u64| match n {
        0 => refusal::invalid(format!("the sweep has no {what}s")),
        n => refusal::invalid(format!("the sweep has no such {what}: its {what}s are 0 to {}", n - 1)),
    };
    match *wanted {
        Job::Run(run) if run < n_runs => Ok(plan.job_of_run(run)),
        Job::Comparison(number) if number < n_comparisons => Ok(plan.job_of_comparison(number)),
        Job::Run(_) => Err(counted("run", n_runs)),
        Job::Comparison(_) => Err(counted("comparison", n_comparisons)),
    }
}

/// What the plan says of the job.
fn describe(plan: &Plan, job: JobNumber, response: &mut v1::ExplainResponse) {
    if plan.kind(job) == JobKind::Run {
        response.cell = plan.place(job).cell;
        response.cell_label = plan.cell_label(job);
        response.settings = serde_json::to_string(&plan.settings(job)).expect("settings are texts, numbers and lists");
        return;
    }
    if let Some((place, group)) = plan.comparison_place(job).zip(plan.group(job)) {
        response.cell = place.cell;
        response.cell_label = place.label;
        response.members = group.members.into_iter().map(|member| plan.place(member).run).collect();
    }
}

/// Ended attempts, the oldest first: those in segments, then those in the ledger.
async fn attempts(
    shared: &Shared,
    sweep: SweepId,
    job: JobNumber,
    runs: Vec<Range<u64>>,
) -> Result<Vec<PastAttempt>, Status> {
    let read = shared.journal.run(move |ledger| {
        Box::pin(async move {
            let fresh = ledger.attempts_of(sweep, job, &runs).await?;
            Ok((ledger.files(Some(sweep)).await?, fresh))
        })
    });
    let (files, fresh) = read.await.map_err(|error| refusal::journal(&error))?;
    let paths: Vec<_> = files
        .into_iter()
        .filter(|file| file.table == Table::Attempts)
        .map(|file| shared.segments.join(file.path))
        .collect();
    let sealed = tokio::task::spawn_blocking(move || {
        let of_job = |path: &std::path::PathBuf| traipse_results::attempts_of(path, job.0);
        paths.iter().map(of_job).collect::<Result<Vec<_>, _>>()
    });
    let sealed = sealed.await.map_err(|_| Status::internal("reading attempts broke off, which is a bug"))?;
    let sealed = sealed.map_err(|error| Status::data_loss(error.to_string()))?;
    let mut all: Vec<PastAttempt> =
        sealed.into_iter().flatten().chain(fresh.into_iter().map(PastAttempt::from)).collect();
    all.sort_by_key(|attempt| attempt.started_at_us);
    Ok(all)
}

fn ended(attempt: PastAttempt) -> v1::ExplainedAttempt {
    v1::ExplainedAttempt {
        attempt: attempt.attempt,
        worker: attempt.worker,
        worker_labels: attempt.worker_labels,
        started_at_us: Some(attempt.started_at_us),
        seconds: attempt.total_seconds,
        outcome: attempt.outcome,
        failure_class: attempt.failure_class.unwrap_or_default(),
        failure_message: attempt.failure_message.unwrap_or_default(),
    }
}

fn running(driver: &Driver, now: std::time::Duration, attempt: UnderWay) -> v1::ExplainedAttempt {
    let labels = driver.pump().labels(attempt.worker).unwrap_or_default();
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let began = attempt.since.map(|since| clock.saturating_sub(since.min(now)));
    v1::ExplainedAttempt {
        attempt: attempt.attempt,
        worker: attempt.worker.to_string(),
        worker_labels: serde_json::to_string(&labels).expect("a map of strings is JSON"),
        started_at_us: began.and_then(|began| i64::try_from(began.as_micros()).ok()),
        seconds: attempt.since.map(|since| since.as_secs_f64()),
        outcome: "under way".to_owned(),
        ..v1::ExplainedAttempt::default()
    }
}
