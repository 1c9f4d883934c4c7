//! The durable state as bytes: marks as run lengths by position, touched jobs one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use traipse_sweep::{Generation, Incarnation, LeaseId, RequestId, SweepId, WorkerId};

use super::codec::{DecodeError, Reader, Writer};
use super::extend::{Extended, MAX_EXTENSIONS};
use super::jobs::{Counts, Held, Jobs, Touched};
use super::marks::Mark;
use super::retry::{REMEMBERED, Reopened};
use super::suspects::{Suspect, Suspects, Suspicion};
use super::trial::Trial;
use super::{JobAt, Misfit, Plans, State, Sweep, Wish};
use crate::pump::RestoreError;

const MAGIC: &[u8; 8] = b"traipse\n";
/// Raised with every change of what follows; all earlier ones are read.
const FORMAT: u64 = 4;
/// The first format with generations and retries.
const WITH_RETRIES: u64 = 2;
/// The first format with suspects, trials and holds.
const WITH_SUSPECTS: u64 = 3;
/// The first format with the specs that a sweep had before.
const WITH_EXTENSIONS: u64 = 4;

impl State {
    /// Linear in the touched jobs and in the runs of equal marks.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.raw(MAGIC);
        writer.number(FORMAT);
        writer.number(u64::from(self.incarnation.0));
        writer.number(self.order.len() as u64);
        for sweep in self.sweeps() {
            encode_sweep(sweep, &mut writer);
        }
        encode_suspects(&self.suspects, &mut writer);
        writer.finish()
    }

    /// The state that was encoded.
    pub(crate) fn decode(bytes: &[u8], plans: &mut Plans) -> Result<Self, RestoreError> {
        let mut reader = Reader::new(bytes);
        if reader.raw(MAGIC.len()) != Ok(MAGIC) {
            return Err(DecodeError::NotASnapshot.into());
        }
        let format = reader.number()?;
        if !(1..=FORMAT).contains(&format) {
            return Err(DecodeError::OtherFormat(format).into());
        }
        let mut state = Self { incarnation: Incarnation(reader.small("incarnation")?), ..Self::default() };
        for number in 0..reader.number()? {
            let sweep = decode_sweep(number, format, &mut reader, plans)?;
            if state.sweeps.contains_key(&sweep.id) {
                return Err(Misfit::AdmittedTwice(sweep.id).into());
            }
            state.put(sweep);
        }
        if format >= WITH_SUSPECTS {
            decode_suspects(&mut state.suspects, &mut reader)?;
        }
        reader.end()?;
        Ok(state)
    }
}

fn encode_sweep(sweep: &Sweep, writer: &mut Writer) {
    writer.id(sweep.id.0);
    writer.text(&sweep.spec);
    writer.number(sweep.extensions.len() as u64);
    for extended in &sweep.extensions {
        writer.id(extended.request.0);
        writer.text(&extended.before);
    }
    writer.number(match sweep.wish {
        Wish::Run => 0,
        Wish::Pause => 1,
        Wish::Cancel => 2,
        Wish::Stop => 3,
    });
    writer.optional_text(sweep.numerics.as_ref());
    writer.optional_text(sweep.last_failure.as_ref());
    writer.optional_text(sweep.held.as_ref());
    encode_trial(&sweep.trial, writer);
    let jobs = &sweep.jobs;
    writer.number(jobs.cursor);
    writer.number(jobs.n_lost_attempts);
    encode_touched(jobs, writer);
    encode_marks(jobs, writer);
    encode_messages(jobs, writer);
    encode_retries(sweep, writer);
}

fn decode_extensions(reader: &mut Reader<'_>) -> Result<Vec<Extended>, DecodeError> {
    let n = reader.number()?;
    if n > MAX_EXTENSIONS as u64 {
        return Err(DecodeError::OutOfRange("extensions"));
    }
    (0..n).map(|_| Ok(Extended { request: RequestId(reader.id()?), before: reader.text()? })).collect()
}

fn encode_touched(jobs: &Jobs, writer: &mut Writer) {
    writer.number(jobs.touched.len() as u64);
    for (&position, touched) in &jobs.touched {
        writer.number(position);
        for count in [touched.attempts, touched.n_transient, touched.n_counted, touched.n_strikes] {
            writer.number(u64::from(count));
        }
        writer.number(touched.failed_on.len() as u64);
        touched.failed_on.iter().for_each(|worker| writer.id(worker.0));
        writer.number(u64::from(touched.held.is_some()));
        if let Some(held) = touched.held {
            writer.number(held.lease.0);
            writer.id(held.worker.0);
        }
    }
}

fn encode_trial(trial: &Trial, writer: &mut Writer) {
    match trial {
        Trial::Over => writer.number(0),
        Trial::Open { n_failed, message } => {
            writer.number(1);
            writer.number(u64::from(*n_failed));
            writer.optional_text(message.as_ref());
        }
    }
}

fn decode_trial(reader: &mut Reader<'_>) -> Result<Trial, DecodeError> {
    match reader.number()? {
        0 => Ok(Trial::Over),
        1 => Ok(Trial::Open { n_failed: reader.small("failures")?, message: reader.optional_text()? }),
        _ => Err(DecodeError::OutOfRange("trial")),
    }
}

fn encode_suspects(suspects: &Suspects, writer: &mut Writer) {
    writer.number(suspects.all().len() as u64);
    for (worker, suspect) in suspects.all() {
        writer.id(worker.0);
        writer.number(u64::from(suspect.n_suspensions));
        writer.optional_text(suspect.message.as_ref());
        writer.number(suspect.failures.len() as u64);
        for Suspicion { at, generation, first } in &suspect.failures {
            writer.id(at.sweep.0);
            writer.number(at.position);
            writer.number(u64::from(generation.0));
            writer.number(u64::from(*first));
        }
    }
}

fn decode_suspects(suspects: &mut Suspects, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    for _ in 0..reader.number()? {
        let worker = WorkerId(reader.id()?);
        let n_suspensions = reader.small("suspensions")?;
        let mut suspect = Suspect { n_suspensions, message: reader.optional_text()?, failures: Vec::new() };
        for _ in 0..reader.number()? {
            let at = JobAt { sweep: SweepId(reader.id()?), position: reader.number()? };
            let (generation, first) = (Generation(reader.small("generation")?), reader.number()? == 1);
            suspect.failures.push(Suspicion { at, generation, first });
        }
        suspects.put(worker, suspect);
    }
    Ok(())
}

fn encode_marks(jobs: &Jobs, writer: &mut Writer) {
    let runs = jobs.marks.runs();
    writer.number(runs.len() as u64);
    let mut end = 0;
    for (run, mark) in runs {
        writer.number(run.start - end);
        writer.number(run.end - run.start);
        writer.number(u64::from(mark.byte()));
        end = run.end;
    }
}

/// Each text once, then the jobs that ended with it.
fn encode_messages(jobs: &Jobs, writer: &mut Writer) {
    let mut positions: BTreeMap<&Arc<str>, Vec<u64>> = BTreeMap::new();
    for (&position, message) in &jobs.messages {
        positions.entry(message).or_default().push(position);
    }
    writer.number(positions.len() as u64);
    for (message, positions) in positions {
        writer.text(message);
        writer.number(positions.len() as u64);
        let mut before = 0;
        for position in positions {
            writer.number(position - before);
            before = position;
        }
    }
}

fn encode_retries(sweep: &Sweep, writer: &mut Writer) {
    let runs = sweep.generations.runs();
    writer.number(runs.len() as u64);
    let mut end = 0;
    for (jobs, generation) in runs {
        writer.number(jobs.start - end);
        writer.number(jobs.end - jobs.start);
        writer.number(u64::from(generation.0));
        end = jobs.end;
    }
    let retries = &sweep.retries;
    writer.number(u64::from(retries.weights_gone));
    writer.number(retries.recent.len() as u64);
    for (request, reopened) in &retries.recent {
        writer.id(request.0);
        writer.number(reopened.n_runs);
        writer.number(reopened.n_comparisons);
    }
}

fn decode_sweep(number: u64, format: u64, reader: &mut Reader<'_>, plans: &mut Plans) -> Result<Sweep, RestoreError> {
    let id = SweepId(reader.id()?);
    let spec = reader.text()?;
    let extensions = if format >= WITH_EXTENSIONS { decode_extensions(reader)? } else { Vec::new() };
    let specs: Vec<&Arc<str>> = extensions.iter().map(|extended| &extended.before).chain([&spec]).collect();
    let bad = |message| Misfit::BadSpec { sweep: id, message };
    let mut plan = plans.plan(id, specs[0]).map_err(bad)?;
    for larger in &specs[1..] {
        plan = plans.extended(id, &plan, larger).map_err(bad)?;
    }
    let mut sweep = Sweep::new(id, number, spec, plan);
    sweep.extensions = extensions;
    sweep.wish = match reader.number()? {
        0 => Wish::Run,
        1 => Wish::Pause,
        2 => Wish::Cancel,
        3 => Wish::Stop,
        _ => return Err(DecodeError::OutOfRange("wish").into()),
    };
    sweep.numerics = reader.optional_text()?;
    sweep.last_failure = reader.optional_text()?;
    if format >= WITH_SUSPECTS {
        sweep.held = reader.optional_text()?;
        sweep.trial = decode_trial(reader)?;
    } else {
        sweep.trial = Trial::Over;
    }
    let n_jobs = sweep.plan.n_jobs();
    let jobs = &mut sweep.jobs;
    jobs.cursor = reader.number()?;
    jobs.n_lost_attempts = reader.number()?;
    decode_touched(format, jobs, reader)?;
    decode_marks(jobs, n_jobs, reader)?;
    decode_messages(jobs, reader)?;
    if format >= WITH_RETRIES {
        decode_retries(&mut sweep, reader)?;
    }
    if is_whole(&sweep) { Ok(sweep) } else { Err(DecodeError::Inconsistent(id).into()) }
}

/// Whether what was decoded part by part fits together.
fn is_whole(sweep: &Sweep) -> bool {
    let jobs = &sweep.jobs;
    let n_under_way = jobs.counts().n_under_way();
    let fits = |counts: &Counts, n: u64| counts.n_done() + counts.n_under_way() + counts.n_ready <= n;
    let touched_fits = |(position, touched): (&u64, &Touched)| match jobs.marks.get(*position) {
        Mark::Leased => touched.held.is_some() && touched.attempts > 0,
        Mark::Again | Mark::Backoff => touched.held.is_none(),
        _ => false,
    };
    jobs.cursor <= jobs.end_of_runs()
        && fits(&jobs.runs, sweep.plan.n_runs())
        && fits(&jobs.comparisons, sweep.plan.n_comparisons())
        && jobs.runs.n_ready == 0
        && n_under_way == jobs.touched.len() as u64
        && jobs.touched.iter().all(touched_fits)
        && jobs.messages.keys().all(|position| jobs.marks.get(*position) >= Mark::Failed)
        && (n_under_way + jobs.comparisons.n_ready == 0 || !sweep.wish.is_end())
}

fn decode_touched(format: u64, jobs: &mut Jobs, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    for _ in 0..reader.number()? {
        let position = reader.number()?;
        let mut touched = Touched {
            attempts: reader.small("attempts")?,
            n_transient: reader.small("failures")?,
            n_counted: reader.small("counted failures")?,
            n_strikes: reader.small("strikes")?,
            failed_on: Vec::new(),
            held: None,
        };
        if format >= WITH_SUSPECTS {
            for _ in 0..reader.number()? {
                touched.failed_on.push(WorkerId(reader.id()?));
            }
        } else {
            // Every failure counted then, and here stood losses, which were parts of a strike.
            touched.n_counted = touched.n_transient;
        }
        if reader.number()? == 1 {
            touched.held = Some(Held { lease: LeaseId(reader.number()?), worker: WorkerId(reader.id()?) });
        }
        jobs.touched.insert(position, touched);
    }
    Ok(())
}

/// Counts and queues follow from the marks; touched jobs must be known already.
fn decode_marks(jobs: &mut Jobs, n_jobs: u64, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let mut end = 0u64;
    for _ in 0..reader.number()? {
        let start = end.checked_add(reader.number()?).ok_or(DecodeError::OutOfRange("position"))?;
        end = start.checked_add(reader.number()?).ok_or(DecodeError::OutOfRange("position"))?;
        let mark = Mark::of(reader.small("mark")?).ok_or(DecodeError::OutOfRange("mark"))?;
        if end > n_jobs {
            return Err(DecodeError::OutOfRange("position"));
        }
        jobs.mark_fresh(start..end, mark);
    }
    Ok(())
}

fn decode_messages(jobs: &mut Jobs, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    for _ in 0..reader.number()? {
        let message = reader.text()?;
        let mut position = 0u64;
        for _ in 0..reader.number()? {
            position = position.checked_add(reader.number()?).ok_or(DecodeError::OutOfRange("position"))?;
            jobs.messages.insert(position, Arc::clone(&message));
        }
    }
    Ok(())
}

fn decode_retries(sweep: &mut Sweep, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let (mut end, n_jobs) = (0_u64, sweep.plan.n_jobs());
    for _ in 0..reader.number()? {
        let start = end.checked_add(reader.number()?).ok_or(DecodeError::OutOfRange("job"))?;
        end = start.checked_add(reader.number()?).ok_or(DecodeError::OutOfRange("job"))?;
        if end > n_jobs || !sweep.generations.push(start..end, reader.small("generation")?) {
            return Err(DecodeError::OutOfRange("generations"));
        }
    }
    sweep.retries.weights_gone = reader.number()? == 1;
    for _ in 0..reader.number()? {
        let request = RequestId(reader.id()?);
        let reopened = Reopened { n_runs: reader.number()?, n_comparisons: reader.number()? };
        sweep.retries.recent.push((request, reopened));
    }
    if sweep.retries.recent.len() > REMEMBERED { Err(DecodeError::OutOfRange("retries")) } else { Ok(()) }
}
