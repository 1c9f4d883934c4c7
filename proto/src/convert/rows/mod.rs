//! Row blocks, checked against the sweep's schema both ways.
//!
//! A block that passes has the schema's tables in order, the schema's columns in each, every column of its type with one
//! value a row, nulls only where the catalogue allows them, and no number that is not finite outside a list. Lengths are
//! compared with what is there before anything is allocated by them.

mod decode;
mod encode;

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use traipse_sweep::columns::{ColumnDef, ColumnType};
use traipse_sweep::rows::TableSchema;
use traipse_sweep::{RowBlock, Schema};

use super::{Error, Problem};
use crate::v1;

/// The message of a block.
///
/// # Errors
/// If the block does not fit the schema; the error names table and column.
pub fn message(block: &RowBlock, schema: &Schema) -> Result<v1::RowBlock, Error> {
    encode::block(block, schema)
}

/// The block of a message.
///
/// # Errors
/// If the message does not fit the schema; the error names table and column.
pub fn block(message: v1::RowBlock, schema: &Schema) -> Result<RowBlock, Error> {
    decode::block(message, schema)
}

/// A block as bytes: what [`v1::Rows::block`] holds. At most 700 B for one row of 45 numbers.
///
/// # Errors
/// As [`message`].
pub fn encode(block: &RowBlock, schema: &Schema) -> Result<Bytes, Error> {
    Ok(message(block, schema)?.encode_to_vec().into())
}

/// The block in bytes. Never panics, and allocates in proportion to the bytes, whatever they hold.
///
/// # Errors
/// If the bytes are no block, or one that does not fit the schema.
pub fn decode(bytes: &[u8], schema: &Schema) -> Result<RowBlock, Error> {
    let message = v1::RowBlock::decode(bytes).map_err(|error| Problem::Decode(error).at("rows"))?;
    block(message, schema)
}

/// A block from bytes that fits one of these schemas, and which.
///
/// # Errors
/// As [`decode`], against the first, where the block names none of them.
pub fn decode_any(bytes: &[u8], schemas: &[Arc<Schema>]) -> Result<(usize, RowBlock), Error> {
    let message = v1::RowBlock::decode(bytes).map_err(|error| Problem::Decode(error).at("rows"))?;
    let at = schemas.iter().position(|schema| schema.id() == message.schema_id).unwrap_or(0);
    match schemas.get(at) {
        Some(schema) => Ok((at, block(message, schema)?)),
        None => Err(Problem::Schema { found: message.schema_id, expected: 0 }.at("rows")),
    }
}

/// `table.column`.
fn place(column: &ColumnDef) -> String {
    format!("{}.{}", column.table.as_str(), column.name)
}

/// One column a column of the schema.
fn check_width(found: usize, table: &TableSchema) -> Result<(), Error> {
    let expected = table.columns.len();
    if found == expected {
        return Ok(());
    }
    let problem = Problem::Length { what: "columns", found: found as u64, expected: expected as u64 };
    Err(problem.at(table.table.as_str()))
}

/// One value a row.
fn check_rows(found: usize, n_rows: u32, column: &ColumnDef) -> Result<(), Error> {
    if found as u64 == u64::from(n_rows) {
        return Ok(());
    }
    Err(Problem::Length { what: "rows", found: found as u64, expected: n_rows.into() }.at(place(column)))
}

/// Null bits: none beyond the last row, and none at all where the column must have a value.
fn check_nulls(nulls: &[u8], n_rows: u32, column: &ColumnDef) -> Result<(), Error> {
    let surplus = nulls.len() as u64 > u64::from(n_rows.div_ceil(8));
    if surplus || has_surplus_bits(nulls, n_rows) {
        return Err(Problem::SurplusBits.at(place(column)));
    }
    let first = nulls.iter().position(|&byte| byte != 0);
    match first {
        Some(at) if !column.nullable => {
            let row = at as u32 * 8 + nulls[at].trailing_zeros();
            Err(Problem::Null(row).at(place(column)))
        }
        _ => Ok(()),
    }
}

/// Whether the last byte of `n_rows` bits holds more.
fn has_surplus_bits(bits: &[u8], n_rows: u32) -> bool {
    let used = n_rows % 8;
    let full = bits.len() as u64 == u64::from(n_rows.div_ceil(8));
    used != 0 && full && bits.last().is_some_and(|last| last >> used != 0)
}

/// Numbers are finite: what is not is null.
fn check_finite(values: &[f64], column: &ColumnDef) -> Result<(), Error> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(Problem::Range(value.to_string()).at(place(column))),
        None => Ok(()),
    }
}

fn type_word(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::U32 | ColumnType::U64 => "counts",
        ColumnType::F64 => "numbers",
        ColumnType::Bool => "truths",
        ColumnType::Utf8 => "texts",
        ColumnType::ListF64 => "lists of numbers",
        ColumnType::ListU64 => "lists of counts",
        ColumnType::Timestamp => "timestamps",
    }
}

#[cfg(test)]
mod tests;
