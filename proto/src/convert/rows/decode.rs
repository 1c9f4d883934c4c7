//! From the message to nouns.

use traipse_sweep::columns::{ColumnDef, ColumnType};
use traipse_sweep::rows::{Column, TableRows, TableSchema, Values};
use traipse_sweep::{RowBlock, Schema};

use super::{check_finite, check_nulls, check_rows, check_width, has_surplus_bits, place, type_word};
use crate::convert::{Error, Problem};
use crate::v1::{self, column::Values as Wire};

pub(super) fn block(message: v1::RowBlock, schema: &Schema) -> Result<RowBlock, Error> {
    let expected = schema.id();
    if message.schema_id != expected {
        return Err(Problem::Schema { found: message.schema_id, expected }.at("rows"));
    }
    let mut tables = Vec::with_capacity(message.tables.len().min(schema.tables.len()));
    let mut next = 0;
    for rows in message.tables {
        let Some(definition) = schema.tables.get(rows.table as usize).filter(|_| rows.table >= next) else {
            return Err(Problem::Table(rows.table).at("rows"));
        };
        next = rows.table + 1;
        tables.push(table(rows, definition)?);
    }
    Ok(RowBlock { tables })
}

fn table(rows: v1::TableRows, schema: &TableSchema) -> Result<TableRows, Error> {
    check_width(rows.columns.len(), schema)?;
    let columns = rows
        .columns
        .into_iter()
        .zip(&schema.columns)
        .map(|(column, definition)| self::column(column, rows.n_rows, definition))
        .collect::<Result<_, _>>()?;
    Ok(TableRows { table: schema.table, n_rows: rows.n_rows, columns })
}

fn column(column: v1::Column, n_rows: u32, definition: &ColumnDef) -> Result<Column, Error> {
    check_nulls(&column.nulls, n_rows, definition)?;
    let wire = column.values.ok_or_else(|| Problem::Missing.at(place(definition)))?;
    Ok(Column { values: values(wire, n_rows, definition)?, nulls: column.nulls })
}

fn values(wire: Wire, n_rows: u32, definition: &ColumnDef) -> Result<Values, Error> {
    let count = |found: usize| check_rows(found, n_rows, definition);
    Ok(match (definition.ty, wire) {
        (ColumnType::U32, Wire::Counts(counts)) => {
            count(counts.values.len())?;
            Values::U32(narrow(&counts.values, definition)?)
        }
        (ColumnType::U64, Wire::Counts(counts)) => {
            count(counts.values.len())?;
            Values::U64(counts.values)
        }
        (ColumnType::F64, Wire::Numbers(bytes)) => {
            let values = numbers(&bytes, definition)?;
            count(values.len())?;
            check_finite(&values, definition)?;
            Values::F64(values)
        }
        (ColumnType::Bool, Wire::Truths(bytes)) => Values::Bool(truths(&bytes, n_rows, definition)?),
        (ColumnType::Utf8, Wire::Texts(texts)) => {
            count(texts.values.len())?;
            Values::Utf8(texts.values)
        }
        (ColumnType::ListF64, Wire::NumberLists(lists)) => {
            count(lists.lengths.len())?;
            let values = numbers(&lists.values, definition)?;
            Values::ListF64 { offsets: offsets(&lists.lengths, values.len(), definition)?, values }
        }
        (ColumnType::ListU64, Wire::CountLists(lists)) => {
            count(lists.lengths.len())?;
            let offsets = offsets(&lists.lengths, lists.values.len(), definition)?;
            Values::ListU64 { offsets, values: lists.values }
        }
        (expected, found) => {
            let (found, expected) = (wire_word(&found), type_word(expected));
            return Err(Problem::Type { found, expected }.at(place(definition)));
        }
    })
}

fn narrow(values: &[u64], definition: &ColumnDef) -> Result<Vec<u32>, Error> {
    let one = |&value: &u64| u32::try_from(value).map_err(|_| Problem::Range(value.to_string()).at(place(definition)));
    values.iter().map(one).collect()
}

fn numbers(bytes: &[u8], definition: &ColumnDef) -> Result<Vec<f64>, Error> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        let (found, expected) = (bytes.len() as u64, numbers.len() as u64 * 8);
        return Err(Problem::Length { what: "bytes", found, expected }.at(place(definition)));
    }
    Ok(numbers.iter().map(|&number| f64::from_le_bytes(number)).collect())
}

fn truths(bytes: &[u8], n_rows: u32, definition: &ColumnDef) -> Result<Vec<bool>, Error> {
    let expected = u64::from(n_rows.div_ceil(8));
    if bytes.len() as u64 != expected {
        let found = bytes.len() as u64;
        return Err(Problem::Length { what: "bytes", found, expected }.at(place(definition)));
    }
    if has_surplus_bits(bytes, n_rows) {
        return Err(Problem::SurplusBits.at(place(definition)));
    }
    Ok((0..n_rows as usize).map(|row| bytes[row / 8] >> (row % 8) & 1 == 1).collect())
}

fn offsets(lengths: &[u32], n_values: usize, definition: &ColumnDef) -> Result<Vec<u32>, Error> {
    let mut end = 0_u32;
    let mut offsets = Vec::with_capacity(lengths.len() + 1);
    offsets.push(0);
    for &length in lengths {
        end = end.checked_add(length).ok_or_else(|| Problem::Lists.at(place(definition)))?;
        offsets.push(end);
    }
    if end as usize != n_values {
        return Err(Problem::Lists.at(place(definition)));
    }
    Ok(offsets)
}

fn wire_word(values: &Wire) -> &'static str {
    match values {
        Wire::Counts(_) => "counts",
        Wire::Numbers(_) => "numbers",
        Wire::Truths(_) => "truths",
        Wire::Texts(_) => "texts",
        Wire::NumberLists(_) => "lists of numbers",
        Wire::CountLists(_) => "lists of counts",
    }
}
