//! Merges many sorted segments of one table into one ascending stream of groups.

mod cursor;
mod settle;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use traipse_sweep::columns::ColumnType;

pub(crate) use cursor::{Cursor, Rows, damaged};
pub(crate) use settle::Keeps;

use crate::Error;
use crate::aside::Finished;
use crate::schema::Spec;
use crate::table_writer::TableWriter;

/// Segments that are open at once; more are merged in rounds, over files of their own.
pub(crate) const FAN_IN: usize = 64;

/// How groups are told apart and put in order.
pub(crate) struct Order<'a> {
    /// The column that tells a job's groups apart: `generation` or `attempt`.
    pub(crate) second: &'static str,
    /// Where a group of (job, second) belongs; it must ascend within a segment. The error says what is wrong.
    pub(crate) place: &'a dyn Fn(u64, u32) -> Result<(u64, u32), String>,
    /// Of a sweep that was extended, which groups count; then segments need not ascend, and may hold others.
    pub(crate) keeps: Option<Keeps<'a>>,
}

/// A group on top of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Where it belongs.
    pub(crate) place: u64,
    /// Its job.
    pub(crate) job: u64,
    /// Its generation or attempt.
    pub(crate) second: u32,
}

/// The ascending stream.
pub(crate) struct Merge<'a> {
    order: &'a Order<'a>,
    cursors: Vec<Cursor>,
    queue: BTreeSet<((u64, u32), usize)>,
    /// Files of earlier rounds, removed at the end.
    rounds: Vec<Finished>,
}

impl<'a> Merge<'a> {
    /// Opens the segments; `scratch` is where files of earlier rounds go if there are more than [`FAN_IN`].
    pub(crate) fn open(
        order: &'a Order<'a>,
        segments: &[PathBuf],
        wanted: &[Spec],
        scratch: &Path,
    ) -> Result<Self, Error> {
        let (mut paths, settled) = match order.keeps {
            Some(keeps) => settle::settle(order, keeps, segments, wanted, scratch)?,
            None => (segments.to_vec(), Vec::new()),
        };
        let mut rounds = Vec::<Finished>::new();
        let mut n_round = 0;
        while paths.len() > FAN_IN {
            n_round += 1;
            let mut merged = Vec::new();
            for (part, few) in paths.chunks(FAN_IN).enumerate() {
                let path = scratch.join(format!(".round-{n_round}-{part}.parquet"));
                merged.push(Self::of(order, few, wanted, Vec::new())?.write(&path, wanted)?);
            }
            paths = merged.iter().map(|file| file.aside().to_owned()).collect();
            rounds = merged;
        }
        let mut merge = Self::of(order, &paths, wanted, rounds)?;
        merge.rounds.extend(settled);
        Ok(merge)
    }

    /// The group that comes next.
    pub(crate) fn head(&self) -> Option<Head> {
        let ((place, _), at) = *self.queue.first()?;
        let (job, second) = self.cursors[at].head()?;
        Some(Head { place, job, second })
    }

    /// Passes over the next group, showing its rows; says how many there were.
    pub(crate) fn take(&mut self, show: impl FnMut(Rows<'_>) -> Result<(), Error>) -> Result<usize, Error> {
        let Some((passed, at)) = self.queue.pop_first() else { return Ok(0) };
        let n_rows = self.cursors[at].take(show)?;
        self.enqueue(at, Some(passed))?;
        Ok(n_rows)
    }

    fn of(order: &'a Order<'a>, paths: &[PathBuf], wanted: &[Spec], rounds: Vec<Finished>) -> Result<Self, Error> {
        let opened = paths.iter().map(|path| Cursor::open(path, order.second, wanted));
        let mut cursors = opened.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        if order.keeps.is_some() {
            // The order of places is checked as they are taken.
            cursors = cursors.into_iter().map(Cursor::by_place).collect();
        }
        let mut merge = Self { order, cursors, queue: BTreeSet::new(), rounds };
        for at in 0..merge.cursors.len() {
            merge.enqueue(at, None)?;
        }
        Ok(merge)
    }

    fn enqueue(&mut self, at: usize, after: Option<(u64, u32)>) -> Result<(), Error> {
        let Some((job, second)) = self.cursors[at].head() else { return Ok(()) };
        let path = self.cursors[at].path();
        let place = (self.order.place)(job, second).map_err(|what| damaged(path, what))?;
        if after.is_some_and(|after| place < after) {
            return Err(damaged(path, format!("job {job} stands where its run does not belong")));
        }
        self.queue.insert((place, at));
        Ok(())
    }

    /// Writes the whole stream as one segment.
    fn write(mut self, path: &Path, wanted: &[Spec]) -> Result<Finished, Error> {
        let keys = [Spec::plain("job", ColumnType::U64, ""), Spec::plain(self.order.second, ColumnType::U32, "")];
        let columns: Vec<Spec> = keys.into_iter().chain(wanted.iter().cloned()).collect();
        let places: Vec<usize> = (2..columns.len()).collect();
        let mut writer = TableWriter::create(path, &columns, 0, &[])?;
        while let Some(head) = self.head() {
            let n_rows = self.take(|rows| copy(&rows, &places, &mut writer))?;
            for _ in 0..n_rows {
                writer.column(0).push_u64(head.job);
                writer.column(1).push_u32(head.second);
            }
            writer.end_rows(n_rows)?;
        }
        Ok(writer.finish()?.0)
    }
}

/// Copies the wanted columns of some rows to the columns `places` of a table.
pub(crate) fn copy(rows: &Rows<'_>, places: &[usize], writer: &mut TableWriter) -> Result<(), Error> {
    for (at, place) in places.iter().enumerate() {
        let copied = writer.column(*place).extend_array(rows.column(at), rows.range.clone());
        copied.expect("a cursor opens only segments whose columns have the table's types");
    }
    Ok(())
}
