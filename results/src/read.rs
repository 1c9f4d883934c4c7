//! A small reader of one column, for tests and for whoever needs no more.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::Error;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 8192;

/// A numeric column of a file: counts and truths become numbers, null stays none.
///
/// # Errors
/// If the file cannot be read, or has no such column of numbers.
pub fn numbers(path: &Path, column: &str) -> Result<Vec<Option<f64>>, Error> {
    let mut out = Vec::new();
    for array in arrays(path, column)? {
        let numbers = as_numbers(&array).ok_or_else(|| wrong(path, column, "is no column of numbers"))?;
        out.extend(numbers.iter().map(|number| Some(*number).filter(|number| !number.is_nan())));
    }
    Ok(out)
}

/// A text column of a file.
///
/// # Errors
/// If the file cannot be read, or has no such column of texts.
pub fn texts(path: &Path, column: &str) -> Result<Vec<Option<String>>, Error> {
    let mut out = Vec::new();
    for array in arrays(path, column)? {
        let texts = array.as_string_opt::<i32>().ok_or_else(|| wrong(path, column, "is no column of texts"))?;
        out.extend(texts.iter().map(|text| text.map(str::to_owned)));
    }
    Ok(out)
}

/// A column of lists of numbers.
///
/// # Errors
/// If the file cannot be read, or has no such column of lists.
pub fn lists(path: &Path, column: &str) -> Result<Vec<Option<Vec<f64>>>, Error> {
    let mut out = Vec::new();
    for array in arrays(path, column)? {
        let lists = array.as_list_opt::<i32>().ok_or_else(|| wrong(path, column, "is no column of lists"))?;
        for list in lists.iter() {
            let list = list.map(|list| as_numbers(&list).ok_or_else(|| wrong(path, column, "holds no numbers")));
            out.push(list.transpose()?);
        }
    }
    Ok(out)
}

/// An array's values as numbers; NaN where null. None if it holds no numbers.
pub(crate) fn as_numbers(array: &ArrayRef) -> Option<Vec<f64>> {
    let valid = |row: usize| array.is_valid(row);
    let pick = |row: usize, value: f64| if valid(row) { value } else { f64::NAN };
    Some(match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            values.iter().enumerate().map(|(row, value)| pick(row, *value)).collect()
        }
        DataType::UInt64 => {
            let values = array.as_primitive::<UInt64Type>().values();
            values.iter().enumerate().map(|(row, value)| pick(row, *value as f64)).collect()
        }
        DataType::UInt32 => {
            let values = array.as_primitive::<UInt32Type>().values();
            values.iter().enumerate().map(|(row, value)| pick(row, f64::from(*value))).collect()
        }
        DataType::Boolean => {
            let values = array.as_boolean().values();
            values.iter().enumerate().map(|(row, value)| pick(row, f64::from(u8::from(value)))).collect()
        }
        _ => return None,
    })
}

fn arrays(path: &Path, column: &str) -> Result<Vec<ArrayRef>, Error> {
    let file = File::open(path).map_err(Error::file("open", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(Error::parquet(path))?;
    let at = builder.schema().index_of(column).map_err(|_| wrong(path, column, "is missing"))?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), [at]);
    let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(Error::parquet(path))?;
    reader
        .map(|batch| batch.map(|batch| batch.column(0).clone()).map_err(|error| Error::parquet(path)(error.into())))
        .collect()
}

fn wrong(path: &Path, column: &str, what: &str) -> Error {
    Error::Segment { path: path.to_owned(), what: format!("column {column} {what}") }
}
