//! Reads a table row by row, the columns that are asked for, in batches of bounded size.

use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;

use crate::Error;
use crate::read::as_numbers;

/// Rows that are decoded at once; fewer where rows hold lists.
const BATCH_ROWS: usize = 4096;
/// Rows that are decoded at once where rows hold lists: a list has at most some ten thousand items.
const BATCH_ROWS_OF_LISTS: usize = 64;

/// A table open at a row. A column that the table lacks is null in every row.
pub(crate) struct Stream {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    columns: Vec<&'static str>,
    batch: Vec<Option<ArrayRef>>,
    n_rows: usize,
    at: usize,
}

impl Stream {
    /// Opens a table for some columns.
    pub(crate) fn open(path: &Path, columns: &[&'static str]) -> Result<Self, Error> {
        Self::open_runs(path, columns, 0..=u64::MAX)
    }

    /// Opens a table for some columns, passing over the row groups whose first column (the table's key, by which it
    /// is sorted) lies outside a range. Rows outside it can still come.
    pub(crate) fn open_runs(path: &Path, columns: &[&'static str], keys: RangeInclusive<u64>) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::file("open", path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(Error::parquet(path))?;
        let mut holds_lists = false;
        let roots: Vec<usize> = {
            let fields = builder.schema().fields().iter().enumerate();
            let wanted = fields.filter(|(_, field)| columns.contains(&field.name().as_str()));
            wanted
                .map(|(at, field)| {
                    holds_lists |= matches!(field.data_type(), DataType::List(_));
                    at
                })
                .collect()
        };
        let groups = builder.metadata().row_groups().iter().enumerate();
        let groups = groups.filter(|(_, group)| meets(group, &keys)).map(|(at, _)| at).collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let rows = if holds_lists { BATCH_ROWS_OF_LISTS } else { BATCH_ROWS };
        let builder = builder.with_projection(mask).with_row_groups(groups).with_batch_size(rows);
        let reader = builder.build().map_err(Error::parquet(path))?;
        let columns = columns.to_vec();
        let mut stream = Self { path: path.to_owned(), reader, columns, batch: Vec::new(), n_rows: 0, at: 0 };
        stream.refill()?;
        Ok(stream)
    }

    /// Whether all rows have been read.
    pub(crate) fn is_over(&self) -> bool {
        self.at >= self.n_rows
    }

    /// A number of the current row; none where null, not finite or absent. Truths are 0 and 1.
    pub(crate) fn number(&self, column: &str) -> Option<f64> {
        let (array, row) = (self.array(column)?, self.at);
        if array.is_null(row) {
            return None;
        }
        let number = match array.data_type() {
            DataType::Float64 => array.as_primitive::<Float64Type>().value(row),
            DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row) as f64,
            DataType::UInt32 => f64::from(array.as_primitive::<UInt32Type>().value(row)),
            DataType::Boolean => f64::from(u8::from(array.as_boolean().value(row))),
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A count of the current row.
    pub(crate) fn count(&self, column: &str) -> Option<u64> {
        self.number(column).map(|number| number as u64)
    }

    /// An instant of the current row: microseconds since 1970.
    pub(crate) fn instant(&self, column: &str) -> Option<i64> {
        let instants = self.array(column)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        instants.is_valid(self.at).then(|| instants.value(self.at))
    }

    /// A text of the current row.
    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        let texts = self.array(column)?.as_string_opt::<i32>()?;
        texts.is_valid(self.at).then(|| texts.value(self.at))
    }

    /// A list of numbers of the current row; items that are not finite stay as they are.
    pub(crate) fn list(&self, column: &str) -> Option<Vec<f64>> {
        let lists = self.array(column)?.as_list_opt::<i32>()?;
        if lists.is_valid(self.at) { as_numbers(&lists.value(self.at)) } else { None }
    }

    /// Goes on to the next row.
    pub(crate) fn advance(&mut self) -> Result<(), Error> {
        self.at += 1;
        if self.is_over() { self.refill() } else { Ok(()) }
    }

    fn array(&self, column: &str) -> Option<&ArrayRef> {
        let place = self.columns.iter().position(|name| *name == column);
        debug_assert!(place.is_some(), "{column} was not opened");
        self.batch.get(place?)?.as_ref()
    }

    fn refill(&mut self) -> Result<(), Error> {
        (self.at, self.n_rows) = (0, 0);
        let Some(batch) = self.reader.next() else { return Ok(()) };
        let batch = batch.map_err(|error| Error::parquet(&self.path)(error.into()))?;
        self.n_rows = batch.num_rows();
        self.batch = self.columns.iter().map(|name| batch.column_by_name(name).cloned()).collect();
        Ok(())
    }
}

/// Whether a row group's first column can hold a key of the range; true where its statistics do not say.
fn meets(group: &RowGroupMetaData, keys: &RangeInclusive<u64>) -> bool {
    match group.column(0).statistics() {
        Some(Statistics::Int64(found)) => {
            let low = found.min_opt().map_or(0, |low| *low as u64);
            let high = found.max_opt().map_or(u64::MAX, |high| *high as u64);
            low <= *keys.end() && high >= *keys.start()
        }
        _ => true,
    }
}
