//! Facts as the journal keeps them: one [`v1::FactBatch`] a transaction.

use std::ops::Range;
use std::sync::Arc;

use prost::Message;
use traipse_sweep::facts::{Control, Hold};
use traipse_sweep::{Fact, FailureClass, Generation, Incarnation, JobNumber, LeaseId, SweepId, WorkerId};

use super::{Error, Problem, ids, outcome, required};
use crate::v1::{self, fact_record::Fact as Wire};

/// Version of the encoding; a batch of another one is refused.
pub const VERSION: u32 = 1;

/// One transaction's facts, encoded.
#[must_use]
pub fn encode(facts: &[Fact]) -> Vec<u8> {
    let facts = facts.iter().map(|fact| v1::FactRecord { fact: Some(wire(fact)) }).collect();
    v1::FactBatch { version: VERSION, facts }.encode_to_vec()
}

/// One transaction's facts, checked.
///
/// # Errors
/// If the bytes are no batch, one of another version, or a field is missing or out of range.
pub fn decode(bytes: &[u8]) -> Result<Vec<Fact>, Error> {
    let batch = v1::FactBatch::decode(bytes).map_err(|error| Problem::Decode(error).at("facts"))?;
    if batch.version != VERSION {
        return Err(Problem::Version { found: batch.version, expected: VERSION }.at("facts"));
    }
    let checked = |(at, record): (usize, v1::FactRecord)| {
        required(record.fact, "fact").and_then(fact).map_err(|error| error.within(format!("facts[{at}]")))
    };
    batch.facts.into_iter().enumerate().map(checked).collect()
}

fn sweep_bytes(sweep: SweepId) -> Vec<u8> {
    sweep.0.to_be_bytes().to_vec()
}

fn wire(fact: &Fact) -> Wire {
    match fact {
        Fact::IncarnationStarted { incarnation } => {
            Wire::IncarnationStarted(v1::IncarnationStarted { incarnation: incarnation.0 })
        }
        Fact::SweepAdmitted { sweep, spec } => {
            Wire::SweepAdmitted(v1::SweepAdmitted { sweep: sweep_bytes(*sweep), spec: spec.to_string() })
        }
        Fact::NumericsPinned { sweep, numerics } => {
            Wire::NumericsPinned(v1::NumericsPinned { sweep: sweep_bytes(*sweep), numerics: numerics.to_string() })
        }
        Fact::SweepControlled { sweep, control } => Wire::SweepControlled(v1::SweepControlled {
            sweep: sweep_bytes(*sweep),
            control: control_kind(*control) as i32,
        }),
        Fact::Granted { sweep, job, generation, lease, worker, attempt } => Wire::Granted(v1::Granted {
            sweep: sweep_bytes(*sweep),
            job: job.0,
            generation: generation.0,
            lease: lease.0,
            worker: worker.0.to_be_bytes().to_vec(),
            attempt: *attempt,
        }),
        Fact::AttemptFailed { sweep, job, generation, lease, class, counts, message } => {
            Wire::AttemptFailed(v1::AttemptFailed {
                sweep: sweep_bytes(*sweep),
                job: job.0,
                generation: generation.0,
                lease: lease.0,
                class: outcome::class_kind(*class) as i32,
                message: message.to_string(),
                counts: (*counts != counts_where_unsaid(*class)).then_some(*counts),
            })
        }
        Fact::SweepHeld { sweep, hold, message } => Wire::SweepHeld(v1::SweepHeld {
            sweep: sweep_bytes(*sweep),
            hold: match hold {
                Hold::Pause => v1::HoldKind::Pause,
                Hold::Stop => v1::HoldKind::Stop,
            } as i32,
            message: message.to_string(),
        }),
        Fact::LeaseReturned { sweep, job, generation, lease } => Wire::LeaseReturned(v1::LeaseReturned {
            sweep: sweep_bytes(*sweep),
            job: job.0,
            generation: generation.0,
            lease: lease.0,
        }),
        Fact::JobEnded { sweep, job, generation, lease, outcome, message } => Wire::JobEnded(v1::JobEnded {
            sweep: sweep_bytes(*sweep),
            job: job.0,
            generation: generation.0,
            lease: lease.map(|lease| lease.0),
            outcome: outcome::outcome_kind(*outcome) as i32,
            message: message.as_ref().map(ToString::to_string),
        }),
        Fact::SweepExtended { sweep, request, spec } => Wire::SweepExtended(v1::SweepExtended {
            sweep: sweep_bytes(*sweep),
            request: request.0.to_be_bytes().to_vec(),
            spec: spec.to_string(),
        }),
        Fact::JobsRetried { sweep, request, jobs } => Wire::JobsRetried(v1::JobsRetried {
            sweep: sweep_bytes(*sweep),
            request: request.0.to_be_bytes().to_vec(),
            jobs: jobs.iter().map(job_range).collect(),
        }),
    }
}

fn job_range(jobs: &Range<u64>) -> v1::JobRange {
    v1::JobRange { first_job: jobs.start, n_jobs: jobs.end.saturating_sub(jobs.start) }
}

fn fact(wire: Wire) -> Result<Fact, Error> {
    match wire {
        Wire::IncarnationStarted(fact) => Ok(Fact::IncarnationStarted { incarnation: Incarnation(fact.incarnation) }),
        Wire::SweepAdmitted(fact) => {
            Ok(Fact::SweepAdmitted { sweep: sweep(&fact.sweep, "sweep_admitted")?, spec: fact.spec.into() })
        }
        Wire::NumericsPinned(fact) => {
            Ok(Fact::NumericsPinned { sweep: sweep(&fact.sweep, "numerics_pinned")?, numerics: fact.numerics.into() })
        }
        Wire::SweepControlled(fact) => Ok(Fact::SweepControlled {
            sweep: sweep(&fact.sweep, "sweep_controlled")?,
            control: control(fact.control)?,
        }),
        Wire::Granted(fact) => Ok(Fact::Granted {
            sweep: sweep(&fact.sweep, "granted")?,
            job: JobNumber(fact.job),
            generation: Generation(fact.generation),
            lease: LeaseId(fact.lease),
            worker: worker(&fact.worker, "granted")?,
            attempt: fact.attempt,
        }),
        Wire::AttemptFailed(fact) => attempt_failed(fact),
        Wire::SweepHeld(fact) => Ok(Fact::SweepHeld {
            sweep: sweep(&fact.sweep, "sweep_held")?,
            hold: hold(fact.hold)?,
            message: fact.message.into(),
        }),
        Wire::LeaseReturned(fact) => Ok(Fact::LeaseReturned {
            sweep: sweep(&fact.sweep, "lease_returned")?,
            job: JobNumber(fact.job),
            generation: Generation(fact.generation),
            lease: LeaseId(fact.lease),
        }),
        Wire::JobEnded(fact) => Ok(Fact::JobEnded {
            sweep: sweep(&fact.sweep, "job_ended")?,
            job: JobNumber(fact.job),
            generation: Generation(fact.generation),
            lease: fact.lease.map(LeaseId),
            outcome: outcome::outcome(fact.outcome, "job_ended.outcome")?,
            message: fact.message.map(Arc::from),
        }),
        Wire::SweepExtended(fact) => Ok(Fact::SweepExtended {
            sweep: sweep(&fact.sweep, "sweep_extended")?,
            request: ids::request_bytes(&fact.request, "request").map_err(|error| error.within("sweep_extended"))?,
            spec: fact.spec.into(),
        }),
        Wire::JobsRetried(fact) => Ok(Fact::JobsRetried {
            sweep: sweep(&fact.sweep, "jobs_retried")?,
            request: ids::request_bytes(&fact.request, "request").map_err(|error| error.within("jobs_retried"))?,
            jobs: job_ranges(&fact.jobs)?,
        }),
    }
}

/// Ascending ranges, none empty.
fn job_ranges(ranges: &[v1::JobRange]) -> Result<Arc<[Range<u64>]>, Error> {
    let mut before = None;
    let checked = ranges.iter().map(|range| {
        let end = range.first_job.checked_add(range.n_jobs).filter(|_| range.n_jobs > 0);
        let end = end.filter(|_| before.is_none_or(|before| before <= range.first_job));
        before = end;
        end.map(|end| range.first_job..end)
            .ok_or_else(|| Problem::Range("a range of jobs".to_owned()).at("jobs_retried.jobs"))
    });
    checked.collect()
}

fn attempt_failed(fact: v1::AttemptFailed) -> Result<Fact, Error> {
    let class = outcome::class(fact.class, "attempt_failed.class")?;
    Ok(Fact::AttemptFailed {
        sweep: sweep(&fact.sweep, "attempt_failed")?,
        job: JobNumber(fact.job),
        generation: Generation(fact.generation),
        lease: LeaseId(fact.lease),
        class,
        counts: fact.counts.unwrap_or(counts_where_unsaid(class)),
        message: fact.message.into(),
    })
}

/// Journals of before the field: a lost lease was no strike, every other failure counted.
fn counts_where_unsaid(class: FailureClass) -> bool {
    class != FailureClass::Lost
}

fn hold(kind: i32) -> Result<Hold, Error> {
    match v1::HoldKind::try_from(kind) {
        Ok(v1::HoldKind::Pause) => Ok(Hold::Pause),
        Ok(v1::HoldKind::Stop) => Ok(Hold::Stop),
        Ok(v1::HoldKind::Unspecified) | Err(_) => Err(Problem::Unknown(kind.into()).at("sweep_held.hold")),
    }
}

fn sweep(bytes: &[u8], fact: &str) -> Result<SweepId, Error> {
    ids::sweep_bytes(bytes, "sweep").map_err(|error| error.within(fact))
}

fn worker(bytes: &[u8], fact: &str) -> Result<WorkerId, Error> {
    ids::worker_bytes(bytes, "worker").map_err(|error| error.within(fact))
}

fn control_kind(control: Control) -> v1::ControlKind {
    match control {
        Control::Cancel => v1::ControlKind::Cancel,
        Control::Pause => v1::ControlKind::Pause,
        Control::Resume => v1::ControlKind::Resume,
    }
}

fn control(kind: i32) -> Result<Control, Error> {
    match v1::ControlKind::try_from(kind) {
        Ok(v1::ControlKind::Cancel) => Ok(Control::Cancel),
        Ok(v1::ControlKind::Pause) => Ok(Control::Pause),
        Ok(v1::ControlKind::Resume) => Ok(Control::Resume),
        Ok(v1::ControlKind::Unspecified) | Err(_) => Err(Problem::Unknown(kind.into()).at("sweep_controlled.control")),
    }
}

#[cfg(test)]
mod tests;
