//! From nouns to the message.

use traipse_sweep::columns::ColumnDef;
use traipse_sweep::rows::{Column, TableRows, TableSchema, Values};
use traipse_sweep::{RowBlock, Schema};

use super::{check_finite, check_nulls, check_rows, check_width, place, type_word};
use crate::convert::{Error, Problem};
use crate::v1::{self, column::Values as Wire};

pub(super) fn block(block: &RowBlock, schema: &Schema) -> Result<v1::RowBlock, Error> {
    let mut tables = Vec::with_capacity(block.tables.len());
    let mut next = 0;
    for rows in &block.tables {
        let found = schema.tables.iter().position(|table| table.table == rows.table);
        let Some(at) = found.filter(|&at| at >= next) else {
            return Err(Problem::Table(found.unwrap_or(usize::MAX) as u32).at(rows.table.as_str()));
        };
        next = at + 1;
        tables.push(table(at as u32, rows, &schema.tables[at])?);
    }
    Ok(v1::RowBlock { schema_id: schema.id(), tables })
}

fn table(at: u32, rows: &TableRows, schema: &TableSchema) -> Result<v1::TableRows, Error> {
    check_width(rows.columns.len(), schema)?;
    let columns = rows
        .columns
        .iter()
        .zip(&schema.columns)
        .map(|(column, definition)| self::column(column, rows.n_rows, definition))
        .collect::<Result<_, _>>()?;
    Ok(v1::TableRows { table: at, n_rows: rows.n_rows, columns })
}

fn column(column: &Column, n_rows: u32, definition: &ColumnDef) -> Result<v1::Column, Error> {
    if column.values.ty() != definition.ty {
        let (found, expected) = (type_word(column.values.ty()), type_word(definition.ty));
        return Err(Problem::Type { found, expected }.at(place(definition)));
    }
    check_nulls(&column.nulls, n_rows, definition)?;
    let values = values(&column.values, n_rows, definition)?;
    Ok(v1::Column { nulls: column.nulls.clone(), values: Some(values) })
}

fn values(values: &Values, n_rows: u32, definition: &ColumnDef) -> Result<Wire, Error> {
    let count = |found: usize| check_rows(found, n_rows, definition);
    Ok(match values {
        Values::U32(values) => {
            count(values.len())?;
            Wire::Counts(v1::Counts { values: values.iter().map(|&value| value.into()).collect() })
        }
        Values::U64(values) => {
            count(values.len())?;
            Wire::Counts(v1::Counts { values: values.clone() })
        }
        Values::F64(values) => {
            count(values.len())?;
            check_finite(values, definition)?;
            Wire::Numbers(number_bytes(values))
        }
        Values::Bool(values) => {
            count(values.len())?;
            Wire::Truths(pack(values))
        }
        Values::Utf8(values) => {
            count(values.len())?;
            Wire::Texts(v1::Texts { values: values.clone() })
        }
        Values::ListF64 { offsets, values } => {
            let lengths = lengths(offsets, values.len(), n_rows, definition)?;
            Wire::NumberLists(v1::NumberLists { lengths, values: number_bytes(values) })
        }
        Values::ListU64 { offsets, values } => {
            let lengths = lengths(offsets, values.len(), n_rows, definition)?;
            Wire::CountLists(v1::CountLists { lengths, values: values.clone() })
        }
    })
}

fn lengths(offsets: &[u32], n_values: usize, n_rows: u32, definition: &ColumnDef) -> Result<Vec<u32>, Error> {
    check_rows(offsets.len().saturating_sub(1), n_rows, definition)?;
    let ends = (offsets.first(), offsets.last().map(|&last| last as usize));
    let rising = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    if ends != (Some(&0), Some(n_values)) || !rising {
        return Err(Problem::Lists.at(place(definition)));
    }
    Ok(offsets.windows(2).map(|pair| pair[1] - pair[0]).collect())
}

fn number_bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn pack(values: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| bits.iter().enumerate().fold(0, |byte, (at, &bit)| byte | u8::from(bit) << at);
    values.chunks(8).map(byte).collect()
}
