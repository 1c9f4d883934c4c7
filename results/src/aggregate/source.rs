//! Reads a final table row by row, the few columns that statistics need, as numbers and texts.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, StringArray, UInt64Array};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;

use crate::Error;
use crate::read::as_numbers;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 4096;

/// What is read of a row, by the name of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// A number; truths are 0 and 1.
    Number(&'static str),
    /// An item of a list, from 0.
    Item(&'static str, usize),
    /// A text.
    Text(&'static str),
}

impl Pick {
    fn column(self) -> &'static str {
        match self {
            Self::Number(name) | Self::Item(name, _) | Self::Text(name) => name,
        }
    }
}

/// A table open at a row.
pub(crate) struct Source {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    key: &'static str,
    picks: Vec<Pick>,
    runs: UInt64Array,
    picked: Vec<Picked>,
    at: usize,
}

/// One pick of a batch.
enum Picked {
    Numbers(Vec<f64>),
    Texts(StringArray),
}

impl Source {
    /// Opens a table whose rows belong to runs for some picks.
    pub(crate) fn open(path: &Path, picks: Vec<Pick>) -> Result<Self, Error> {
        Self::keyed(path, "run", picks)
    }

    /// Opens a table whose rows belong to what the column `key` counts.
    pub(crate) fn keyed(path: &Path, key: &'static str, picks: Vec<Pick>) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::file("open", path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(Error::parquet(path))?;
        let mut names: Vec<&str> = picks.iter().map(|pick| pick.column()).collect();
        names.push(key);
        let roots: Vec<usize> = {
            let fields = builder.schema().fields().iter().enumerate();
            fields.filter(|(_, field)| names.contains(&field.name().as_str())).map(|(at, _)| at).collect()
        };
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(Error::parquet(path))?;
        let runs = UInt64Array::from(Vec::<u64>::new());
        let mut source = Self { path: path.to_owned(), reader, key, picks, runs, picked: Vec::new(), at: 0 };
        source.refill()?;
        Ok(source)
    }

    /// The run (or what else the key counts) of the current row; none at the end.
    pub(crate) fn run(&self) -> Option<u64> {
        (self.at < self.runs.len()).then(|| self.runs.value(self.at))
    }

    /// A number of the current row, by the place of its pick; NaN where null.
    pub(crate) fn number(&self, pick: usize) -> f64 {
        match &self.picked[pick] {
            Picked::Numbers(numbers) => numbers[self.at],
            Picked::Texts(_) => unreachable!("a number is asked of a pick of numbers"),
        }
    }

    /// A text of the current row; empty where null.
    pub(crate) fn text(&self, pick: usize) -> &str {
        match &self.picked[pick] {
            Picked::Texts(texts) if texts.is_valid(self.at) => texts.value(self.at),
            Picked::Texts(_) => "",
            Picked::Numbers(_) => unreachable!("a text is asked of a pick of texts"),
        }
    }

    /// Goes on to the next row.
    pub(crate) fn advance(&mut self) -> Result<(), Error> {
        self.at += 1;
        if self.at >= self.runs.len() { self.refill() } else { Ok(()) }
    }

    fn refill(&mut self) -> Result<(), Error> {
        self.at = 0;
        let Some(batch) = self.reader.next() else {
            self.runs = self.runs.slice(0, 0);
            return Ok(());
        };
        let batch = batch.map_err(|error| Error::parquet(&self.path)(error.into()))?;
        let column = |name: &str| batch.column_by_name(name).expect("the table was written with its catalogue");
        self.runs = column(self.key).as_primitive::<UInt64Type>().clone();
        self.picked = self.picks.iter().map(|pick| pick_from(column(pick.column()), *pick)).collect();
        Ok(())
    }
}

/// The columns of a table that have a value in some row, by the counts of nulls in its footer.
pub(crate) fn filled_columns(path: &Path) -> Result<Vec<String>, Error> {
    let file = File::open(path).map_err(Error::file("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(Error::parquet(path))?;
    let leaves = builder.parquet_schema().columns();
    let root = |leaf: usize| leaves[leaf].path().parts()[0].clone();
    Ok((0..leaves.len()).filter(|&leaf| has_value(builder.metadata(), leaf)).map(root).collect())
}

fn has_value(metadata: &ParquetMetaData, leaf: usize) -> bool {
    metadata.row_groups().iter().any(|group| {
        let chunk = group.column(leaf);
        let n_nulls = chunk.statistics().and_then(|statistics| statistics.null_count_opt()).unwrap_or(0);
        chunk.num_values() > i64::try_from(n_nulls).unwrap_or(i64::MAX)
    })
}

fn pick_from(array: &ArrayRef, pick: Pick) -> Picked {
    match pick {
        Pick::Number(_) => Picked::Numbers(as_numbers(array).expect("the catalogue says that these are numbers")),
        Pick::Item(_, item) => Picked::Numbers(items(array, item)),
        Pick::Text(_) => Picked::Texts(array.as_string::<i32>().clone()),
    }
}

/// One item of every list; NaN where a list is null or shorter.
fn items(array: &ArrayRef, item: usize) -> Vec<f64> {
    let lists = array.as_list::<i32>();
    let values = as_numbers(lists.values()).expect("the catalogue says that these are lists of numbers");
    let one = |row: usize| {
        let (from, to) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
        if lists.is_valid(row) && item < to - from { values[from + item] } else { f64::NAN }
    };
    (0..lists.len()).map(one).collect()
}
