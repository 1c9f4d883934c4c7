//! The tables beside `runs`: rows of the generation that counts, under their run; and the attempts.

use std::collections::BTreeSet;

use arrow_array::cast::AsArray;
use traipse_sweep::columns::{Table, attempts};
use traipse_sweep::plan::JobKind;
use traipse_sweep::{JobNumber, Plan};

use super::columns::Layout;
use super::outcomes::Outcomes;
use super::winners::Winners;
use crate::Error;
use crate::merge::{Merge, Rows, copy};
use crate::table_writer::TableWriter;

/// Different CPU features that the manifest names.
const MAX_FEATURES: usize = 64;

/// Writes a table whose only column of the plan is `run`.
pub(crate) fn write(
    table: Table,
    layout: &Layout,
    merge: &mut Merge<'_>,
    outcomes: &Outcomes<'_>,
    winners: &Winners<'_>,
    writer: &mut TableWriter,
) -> Result<(), Error> {
    let run_column = layout.position("run");
    let mut written = None;
    while let Some(head) = merge.head() {
        let run = head.place;
        if head.second != winners.of(head.job) || outcomes.of(head.job).is_some() {
            merge.take(|_| Ok(()))?;
            continue;
        }
        if written == Some(run) {
            return Err(Error::Foreign { table, job: head.job });
        }
        written = Some(run);
        let n_rows = merge.take(|rows| copy(&rows, &layout.places, writer))?;
        (0..n_rows).for_each(|_| writer.column(run_column).push_u64(run));
        writer.end_rows(n_rows)?;
    }
    Ok(())
}

/// Writes the attempts and gathers the CPU features that they name.
pub(crate) fn write_attempts(
    plan: &Plan,
    layout: &Layout,
    merge: &mut Merge<'_>,
    writer: &mut TableWriter,
) -> Result<BTreeSet<String>, Error> {
    let wanted = |name| layout.wanted.iter().position(|column| column.name == name);
    let kind = wanted(attempts::KIND.name).expect("attempts have a kind");
    let features = wanted(attempts::CPU_FEATURES.name).expect("attempts have CPU features");
    let (run_column, mut met) = (layout.position("run"), BTreeSet::new());
    while let Some(head) = merge.head() {
        let job = JobNumber(head.job);
        let run = (plan.kind(job) == JobKind::Run).then(|| plan.place(job).run);
        let n_rows = merge.take(|rows: Rows<'_>| {
            for row in rows.range.clone() {
                let is_run = rows.column(kind).as_string::<i32>().value(row) == "run";
                let column = writer.column(run_column);
                match run.filter(|_| is_run) {
                    Some(run) => column.push_u64(run),
                    None => column.push_null(),
                }
                let name = rows.column(features).as_string::<i32>().value(row);
                if met.len() < MAX_FEATURES && !met.contains(name) {
                    met.insert(name.to_owned());
                }
            }
            copy(&rows, &layout.places, writer)
        })?;
        writer.end_rows(n_rows)?;
    }
    Ok(met)
}
