//! Segments of a sweep that was extended: rows that do not count are dropped, and the rest is put in the order of places.
//!
//! A segment is sorted by job. In a sweep that was never extended, so are the places; an extension puts new runs between
//! old ones, makes old rows worth nothing, and may change what columns rows have: those of other columns are all old.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use traipse_sweep::columns::ColumnType;

use super::cursor::{Cursor, Held, damaged};
use super::{Order, copy};
use crate::Error;
use crate::aside::Finished;
use crate::schema::Spec;
use crate::table_writer::TableWriter;

/// Which groups count, by job and second key.
pub(crate) type Keeps<'a> = &'a dyn Fn(u64, u32) -> bool;

/// A place's job, second key and rows.
type Group = (u64, u32, Vec<Held>);

/// The segments with what counts alone, each in the order of places; and files that were written for it, which are
/// removed with what is returned. Memory: one segment at a time.
pub(super) fn settle(
    order: &Order<'_>,
    keeps: Keeps<'_>,
    segments: &[PathBuf],
    wanted: &[Spec],
    scratch: &Path,
) -> Result<(Vec<PathBuf>, Vec<Finished>), Error> {
    let (mut settled, mut written) = (Vec::new(), Vec::new());
    for (at, path) in segments.iter().enumerate() {
        match look(order, keeps, path)? {
            Found::Nothing => {}
            Found::InOrder => settled.push(path.clone()),
            Found::Mixed => {
                let file = rewrite(order, keeps, path, wanted, &scratch.join(format!(".settled-{at}.parquet")))?;
                settled.push(file.aside().to_owned());
                written.push(file);
            }
        }
    }
    Ok((settled, written))
}

/// What a segment holds.
enum Found {
    /// Nothing that counts.
    Nothing,
    /// Nothing else, and in order.
    InOrder,
    /// Neither.
    Mixed,
}

/// Looks at the keys alone, whatever the other columns are.
fn look(order: &Order<'_>, keeps: Keeps<'_>, path: &Path) -> Result<Found, Error> {
    let Some(mut cursor) = Cursor::open(path, order.second, &[])? else { return Ok(Found::Nothing) };
    let (mut n_kept, mut n_dropped, mut in_order, mut before) = (0_u64, 0_u64, true, None);
    while let Some((job, second)) = cursor.head() {
        if keeps(job, second) {
            let place = (order.place)(job, second).map_err(|what| damaged(path, what))?;
            in_order &= before.is_none_or(|before| before <= place);
            before = Some(place);
            n_kept += 1;
        } else {
            n_dropped += 1;
        }
        cursor.take(|_| Ok(()))?;
    }
    Ok(match (n_kept, n_dropped) {
        (0, _) => Found::Nothing,
        (_, 0) if in_order => Found::InOrder,
        _ => Found::Mixed,
    })
}

fn rewrite(order: &Order<'_>, keeps: Keeps<'_>, path: &Path, wanted: &[Spec], to: &Path) -> Result<Finished, Error> {
    let mut groups: BTreeMap<(u64, u32), Group> = BTreeMap::new();
    let mut cursor = Cursor::open(path, order.second, wanted)?;
    while let Some((cursor, (job, second))) =
        cursor.as_mut().and_then(|cursor| cursor.head().map(|head| (cursor, head)))
    {
        let mut held = Vec::new();
        cursor.take(|rows| {
            held.push(rows.hold());
            Ok(())
        })?;
        if keeps(job, second) {
            let place = (order.place)(job, second).map_err(|what| damaged(path, what))?;
            if groups.insert(place, (job, second, held)).is_some() {
                return Err(damaged(path, format!("job {job} stands where another one's rows belong")));
            }
        }
    }
    let keys = [Spec::plain("job", ColumnType::U64, ""), Spec::plain(order.second, ColumnType::U32, "")];
    let columns: Vec<Spec> = keys.into_iter().chain(wanted.iter().cloned()).collect();
    let places: Vec<usize> = (2..columns.len()).collect();
    let mut writer = TableWriter::create(to, &columns, 0, &[])?;
    for (job, second, held) in groups.into_values() {
        for held in held {
            let rows = held.rows();
            let n_rows = rows.range.len();
            copy(&rows, &places, &mut writer)?;
            for _ in 0..n_rows {
                writer.column(0).push_u64(job);
                writer.column(1).push_u32(second);
            }
            writer.end_rows(n_rows)?;
        }
    }
    Ok(writer.finish()?.0)
}
