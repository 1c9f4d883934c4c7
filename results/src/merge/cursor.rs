//! Reads one segment group by group: all rows of one job in one generation (or one attempt) are a group.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{ArrayRef, RecordBatch, UInt32Array, UInt64Array};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;

use crate::Error;
use crate::schema::{Spec, data_type};

/// Bytes that a batch of one cursor may take, about: many cursors are open at once.
const BATCH_BYTES: i64 = 1 << 20;
/// Rows of a batch at most.
const BATCH_ROWS: i64 = 1024;

/// A place in a segment.
pub(crate) struct Cursor {
    path: PathBuf,
    /// Whether groups must ascend by job.
    ascends: bool,
    reader: ParquetRecordBatchReader,
    batch: RecordBatch,
    jobs: UInt64Array,
    seconds: UInt32Array,
    /// Where the wanted columns stand in the file.
    columns: Vec<usize>,
    keys: [usize; 2],
    at: usize,
}

/// Some rows of a batch, with the wanted columns.
pub(crate) struct Rows<'a> {
    batch: &'a RecordBatch,
    columns: &'a [usize],
    /// Which rows.
    pub(crate) range: Range<usize>,
}

/// Rows that outlive their cursor's step.
pub(crate) struct Held {
    batch: RecordBatch,
    columns: Vec<usize>,
    range: Range<usize>,
}

impl Held {
    /// The same, to be read.
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows { batch: &self.batch, columns: &self.columns, range: self.range.clone() }
    }
}

impl Rows<'_> {
    /// Keeps them; the batch is shared.
    pub(crate) fn hold(&self) -> Held {
        Held { batch: self.batch.clone(), columns: self.columns.to_vec(), range: self.range.clone() }
    }

    /// One wanted column, by its place among them.
    pub(crate) fn column(&self, at: usize) -> &ArrayRef {
        self.batch.column(self.columns[at])
    }
}

impl Cursor {
    /// Opens a segment whose groups are told apart by `job` and the column `second`; none if it has no rows.
    pub(crate) fn open(path: &Path, second: &str, wanted: &[Spec]) -> Result<Option<Self>, Error> {
        let file = File::open(path).map_err(Error::file("open", path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(Error::parquet(path))?;
        let schema = builder.schema().clone();
        let find = |name: &str, ty| match schema.column_with_name(name) {
            Some((at, field)) if *field.data_type() == data_type(ty) => Ok(at),
            Some(_) => Err(damaged(path, format!("column {name} has another type"))),
            None => Err(damaged(path, format!("column {name} is missing"))),
        };
        let keys = [
            find("job", traipse_sweep::columns::ColumnType::U64)?,
            find(second, traipse_sweep::columns::ColumnType::U32)?,
        ];
        let columns = wanted.iter().map(|column| find(&column.name, column.ty)).collect::<Result<_, _>>()?;
        let rows = batch_rows(builder.metadata());
        let reader = builder.with_batch_size(rows).build().map_err(Error::parquet(path))?;
        let mut cursor = Self {
            path: path.to_owned(),
            ascends: true,
            reader,
            batch: RecordBatch::new_empty(schema),
            jobs: UInt64Array::from(Vec::<u64>::new()),
            seconds: UInt32Array::from(Vec::<u32>::new()),
            columns,
            keys,
            at: 0,
        };
        cursor.refill()?;
        Ok(cursor.head().is_some().then_some(cursor))
    }

    /// The same of a file that is in the order of places, where jobs need not ascend.
    pub(crate) fn by_place(mut self) -> Self {
        self.ascends = false;
        self
    }

    /// Which file this is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Job and second key of the next group; none at the end.
    pub(crate) fn head(&self) -> Option<(u64, u32)> {
        (self.at < self.jobs.len()).then(|| (self.jobs.value(self.at), self.seconds.value(self.at)))
    }

    /// Passes over the next group, showing its rows batch by batch; says how many there were.
    pub(crate) fn take(&mut self, mut show: impl FnMut(Rows<'_>) -> Result<(), Error>) -> Result<usize, Error> {
        let (Some(group), mut n_rows) = (self.head(), 0) else { return Ok(0) };
        while self.head() == Some(group) {
            let from = self.at;
            while self.at < self.jobs.len() && self.head() == Some(group) {
                self.at += 1;
            }
            n_rows += self.at - from;
            show(Rows { batch: &self.batch, columns: &self.columns, range: from..self.at })?;
            if self.at == self.jobs.len() {
                self.refill()?;
            }
        }
        if self.ascends && self.head().is_some_and(|next| next < group) {
            return Err(damaged(&self.path, format!("its rows do not ascend after job {}", group.0)));
        }
        Ok(n_rows)
    }

    fn refill(&mut self) -> Result<(), Error> {
        let Some(batch) = self.reader.next() else {
            self.jobs = self.jobs.slice(0, 0);
            self.at = 0;
            return Ok(());
        };
        self.batch = batch.map_err(|error| Error::parquet(&self.path)(error.into()))?;
        self.jobs = self.batch.column(self.keys[0]).as_primitive::<UInt64Type>().clone();
        self.seconds = self.batch.column(self.keys[1]).as_primitive::<UInt32Type>().clone();
        self.at = 0;
        Ok(())
    }
}

/// A segment that is not what a segment writer writes.
pub(crate) fn damaged(path: &Path, what: String) -> Error {
    Error::Segment { path: path.to_owned(), what }
}

/// Rows that take about [`BATCH_BYTES`], by the file's own figures.
fn batch_rows(metadata: &ParquetMetaData) -> usize {
    let rows: i64 = metadata.row_groups().iter().map(|group| group.num_rows()).sum();
    let bytes: i64 = metadata.row_groups().iter().map(|group| group.total_byte_size()).sum();
    let fit = BATCH_BYTES * rows.max(1) / bytes.max(1);
    usize::try_from(fit.clamp(1, BATCH_ROWS)).expect("the count is between 1 and 1024")
}
