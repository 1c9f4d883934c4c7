//! One comparison: several runs measured together, from the snapshots that they left behind.
//!
//! All members are measured on the data of the first one, in the higher of their precisions. Of two members whose
//! networks differ only predictions are compared; of more than two only distances and predictions, as means over pairs.

mod file;
mod lens;
mod member;
mod pair;
mod party;
mod reason;
mod wanted;
mod whole;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant as Clock};

use traipse_probe::Element;
use traipse_sweep::columns::{Table, comparisons as columns};
use traipse_sweep::settings::{ModelKind, Precision};
use traipse_sweep::spec::{Align, Compare, CompareProbe, Instant, Span};
use traipse_sweep::{Outcome, RowBlock};

pub use member::{Member, MemberFile};
use party::Party;
use reason::Reasons;
pub(super) use wanted::wanted;

use super::rows::{self, Row};
use super::{RunClock, RunEnd, Task};

/// Why a comparison has no rows.
enum Fault {
    Stopped,
    Invalid(String),
    Lost(io::Error),
}

impl From<file::Error> for Fault {
    fn from(error: file::Error) -> Self {
        match &error {
            file::Error::Read { source, .. } => Self::Lost(io::Error::new(source.kind(), error)),
            file::Error::Wrong { .. } => Self::Invalid(error.to_string()),
        }
    }
}

/// Measures the members of one comparison together; `task.job` is the comparison, `task.data` that of its first member.
///
/// Cost: a curve takes points + 2 passes over each set that is measured, some more where the network has batch norm,
/// and three passes in f64; an alignment see [`traipse_probe::alignment::match_weights`]. Memory: two members at a time
/// and one θ more; of more than two members as many as fit 256 MiB.
#[must_use]
pub fn compare(task: &Task, members: &[Member]) -> (RunEnd, RunClock) {
    let clock = Clock::now();
    let end = match measure(task, members) {
        Ok(block) => RunEnd::Rows { outcome: Outcome::Succeeded, block, kept: None, members: None },
        Err(Fault::Stopped) => RunEnd::Stopped,
        Err(Fault::Invalid(why)) => RunEnd::Invalid(why),
        Err(Fault::Lost(error)) => RunEnd::Lost(error),
    };
    (end, RunClock { train: Duration::ZERO, probe: clock.elapsed() })
}

fn measure(task: &Task, members: &[Member]) -> Result<RowBlock, Fault> {
    let group = task.plan.group(task.job);
    let group = group.ok_or_else(|| Fault::Invalid(format!("job {} is no comparison", task.job.0)))?;
    let compare = &task.plan.spec().compare[group.compare];
    let rows = match parties(task, members)? {
        Ok(parties) => match party::precision(&parties) {
            Precision::F32 => measured::<f32>(task, compare, &parties)?,
            Precision::F64 => measured::<f64>(task, compare, &parties)?,
        },
        Err(why) => unmeasured(compare, why),
    };
    Ok(RowBlock { tables: rows::table(&task.schema, Table::Comparisons, rows).into_iter().collect() })
}

/// The members made ready, or why nothing can be said of them.
fn parties<'a>(task: &Task, members: &'a [Member]) -> Result<Result<Vec<Party<'a>>, &'static str>, Fault> {
    let Some(first) = members.first().filter(|_| members.len() > 1) else { return Ok(Err(reason::TOO_FEW_MEMBERS)) };
    let settings = task.plan.settings(first.job);
    if settings.model.kind == ModelKind::Noop {
        return Ok(Err(reason::NO_SNAPSHOT));
    }
    let data = task.data.as_ref().ok_or_else(|| Fault::Invalid("its worker has loaded no data for it".to_owned()))?;
    let parties = members.iter().map(|member| Party::new(&task.plan, member, first.job, &Arc::clone(data)));
    let parties: Option<Vec<Party<'_>>> = parties.collect::<Result<_, Fault>>()?;
    Ok(parties.ok_or(reason::DIFFERENT_DATA))
}

fn measured<T: Element>(task: &Task, compare: &Compare, parties: &[Party<'_>]) -> Result<Vec<Row>, Fault> {
    let signals = Signals(task);
    match parties {
        [a, b] => pair::rows::<T>(&signals, compare, [a, b]),
        _ => whole::rows::<T>(&signals, compare, parties),
    }
}

fn unmeasured(compare: &Compare, why: &'static str) -> Vec<Row> {
    let mut reasons = Reasons::default();
    reasons.add(why);
    let places = compare.at.iter().flat_map(|&instant| aligns(compare).into_iter().map(move |align| (instant, align)));
    places
        .map(|(instant, align)| {
            let mut row = place_cells(instant, align, [None; 2]);
            row.push((&columns::STATUS, reasons.text().into()));
            row
        })
        .collect()
}

/// How a task hears and is heard.
struct Signals<'a>(&'a Task);

impl Signals<'_> {
    /// Before each piece of work.
    fn next(&self) -> Result<(), Fault> {
        if self.0.stop.load(Ordering::Relaxed) {
            return Err(Fault::Stopped);
        }
        self.0.progress.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The alignments of which each makes a row; the probe of that name compares raw with aligned, whatever is asked for.
fn aligns(compare: &Compare) -> Vec<Align> {
    match compare.probe {
        CompareProbe::Alignment => vec![Align::None, Align::Weights],
        _ => compare.align.clone(),
    }
}

/// The cells that say what a row is about.
fn place_cells(instant: Instant, align: Align, [a, b]: [Option<u64>; 2]) -> Row {
    vec![
        (&columns::ALIGNED, (align == Align::Weights).into()),
        (&columns::AT, text(instant).into()),
        (&columns::AT_STEP_A, a.into()),
        (&columns::AT_STEP_B, b.into()),
    ]
}

/// As a spec has it.
fn text(instant: Instant) -> String {
    match instant {
        Instant::Start => "start".to_owned(),
        Instant::End => "end".to_owned(),
        Instant::At(Span::Epochs(n)) => format!("epoch {n}"),
        Instant::At(Span::Steps(n)) => format!("step {n}"),
    }
}
