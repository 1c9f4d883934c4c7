//! A column that grows until it becomes an Arrow array.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, ListBuilder, PrimitiveBuilder, StringBuilder, TimestampMicrosecondBuilder,
    UInt32Builder, UInt64Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, TimestampMicrosecondType, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, ListArray};
use arrow_schema::DataType;
use traipse_sweep::columns::ColumnType;
use traipse_sweep::rows::{Cell, Column, Values};

use crate::schema::element;

/// One growing column.
pub(crate) enum Buffer {
    U32(UInt32Builder),
    U64(UInt64Builder),
    F64(Float64Builder),
    Bool(BooleanBuilder),
    Utf8(StringBuilder),
    ListF64(ListBuilder<Float64Builder>),
    ListU64(ListBuilder<UInt64Builder>),
    Timestamp(TimestampMicrosecondBuilder),
}

/// Values of another type than the column's.
#[derive(Debug)]
pub(crate) struct Mismatch;

impl Buffer {
    /// An empty column.
    pub(crate) fn new(ty: ColumnType) -> Self {
        match ty {
            ColumnType::U32 => Self::U32(UInt32Builder::new()),
            ColumnType::U64 => Self::U64(UInt64Builder::new()),
            ColumnType::F64 => Self::F64(Float64Builder::new()),
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Utf8 => Self::Utf8(StringBuilder::new()),
            ColumnType::ListF64 => {
                Self::ListF64(ListBuilder::new(Float64Builder::new()).with_field(element(DataType::Float64)))
            }
            ColumnType::ListU64 => {
                Self::ListU64(ListBuilder::new(UInt64Builder::new()).with_field(element(DataType::UInt64)))
            }
            ColumnType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    /// Adds a null.
    pub(crate) fn push_null(&mut self) {
        match self {
            Self::U32(to) => to.append_null(),
            Self::U64(to) => to.append_null(),
            Self::F64(to) => to.append_null(),
            Self::Bool(to) => to.append_null(),
            Self::Utf8(to) => to.append_null(),
            Self::ListF64(to) => to.append_null(),
            Self::ListU64(to) => to.append_null(),
            Self::Timestamp(to) => to.append_null(),
        }
    }

    /// Adds one value; a number that is not finite becomes null.
    pub(crate) fn push(&mut self, cell: &Cell) -> Result<(), Mismatch> {
        match (self, cell) {
            (to, Cell::Null) => to.push_null(),
            (Self::U32(to), Cell::U32(value)) => to.append_value(*value),
            (Self::U64(to), Cell::U64(value)) => to.append_value(*value),
            (Self::F64(to), Cell::F64(value)) => to.append_option(Some(*value).filter(|value| value.is_finite())),
            (Self::Bool(to), Cell::Bool(value)) => to.append_value(*value),
            (Self::Utf8(to), Cell::Utf8(value)) => to.append_value(value),
            (Self::ListF64(to), Cell::ListF64(items)) => push_list(to, items),
            (Self::ListU64(to), Cell::ListU64(items)) => push_list(to, items),
            _ => return Err(Mismatch),
        }
        Ok(())
    }

    /// Adds one text.
    pub(crate) fn push_text(&mut self, text: &str) {
        match self {
            Self::Utf8(to) => to.append_value(text),
            _ => unreachable!("a text is pushed to a column of texts"),
        }
    }

    /// Adds one count of 64 bits.
    pub(crate) fn push_u64(&mut self, value: u64) {
        match self {
            Self::U64(to) => to.append_value(value),
            _ => unreachable!("a count is pushed to a column of counts"),
        }
    }

    /// Adds one count of 32 bits.
    pub(crate) fn push_u32(&mut self, value: u32) {
        match self {
            Self::U32(to) => to.append_value(value),
            _ => unreachable!("a count is pushed to a column of counts"),
        }
    }

    /// Adds one instant: microseconds since 1970.
    pub(crate) fn push_instant(&mut self, value: i64) {
        match self {
            Self::Timestamp(to) => to.append_value(value),
            _ => unreachable!("an instant is pushed to a column of instants"),
        }
    }

    /// Adds all rows of a row block's column.
    pub(crate) fn extend_packed(&mut self, column: &Column) -> Result<(), Mismatch> {
        let null = |row: usize| column.is_null(row);
        match (self, &column.values) {
            (Self::U32(to), Values::U32(values)) => extend_primitive(to, values, null),
            (Self::U64(to), Values::U64(values)) => extend_primitive(to, values, null),
            (Self::F64(to), Values::F64(values)) => {
                for (row, value) in values.iter().enumerate() {
                    to.append_option((!null(row) && value.is_finite()).then_some(*value));
                }
            }
            (Self::Bool(to), Values::Bool(values)) => {
                values.iter().enumerate().for_each(|(row, value)| to.append_option((!null(row)).then_some(*value)));
            }
            (Self::Utf8(to), Values::Utf8(values)) => {
                values.iter().enumerate().for_each(|(row, value)| to.append_option((!null(row)).then_some(value)));
            }
            (Self::ListF64(to), Values::ListF64 { offsets, values }) => extend_packed_list(to, offsets, values, null),
            (Self::ListU64(to), Values::ListU64 { offsets, values }) => extend_packed_list(to, offsets, values, null),
            _ => return Err(Mismatch),
        }
        Ok(())
    }

    /// Adds some rows of an Arrow array of the same type.
    pub(crate) fn extend_array(&mut self, array: &dyn Array, rows: Range<usize>) -> Result<(), Mismatch> {
        match self {
            Self::U32(to) => extend_slice::<UInt32Type>(to, array, rows),
            Self::U64(to) => extend_slice::<UInt64Type>(to, array, rows),
            Self::F64(to) => extend_slice::<Float64Type>(to, array, rows),
            Self::Timestamp(to) => extend_slice::<TimestampMicrosecondType>(to, array, rows),
            Self::Bool(to) => {
                let from = array.as_boolean_opt().ok_or(Mismatch)?;
                rows.for_each(|row| to.append_option(from.is_valid(row).then(|| from.value(row))));
                Ok(())
            }
            Self::Utf8(to) => {
                let from = array.as_string_opt::<i32>().ok_or(Mismatch)?;
                rows.for_each(|row| to.append_option(from.is_valid(row).then(|| from.value(row))));
                Ok(())
            }
            Self::ListF64(to) => extend_list::<Float64Type>(to, array, rows),
            Self::ListU64(to) => extend_list::<UInt64Type>(to, array, rows),
        }
    }

    /// Items of lists so far; 0 for scalars.
    pub(crate) fn n_items(&self) -> usize {
        use arrow_array::builder::ArrayBuilder;
        match self {
            Self::ListF64(list) => list.values_ref().len(),
            Self::ListU64(list) => list.values_ref().len(),
            _ => 0,
        }
    }

    /// The array so far; the column is empty afterwards.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::U32(column) => Arc::new(column.finish()),
            Self::U64(column) => Arc::new(column.finish()),
            Self::F64(column) => Arc::new(column.finish()),
            Self::Bool(column) => Arc::new(column.finish()),
            Self::Utf8(column) => Arc::new(column.finish()),
            Self::ListF64(column) => Arc::new(column.finish()),
            Self::ListU64(column) => Arc::new(column.finish()),
            Self::Timestamp(column) => Arc::new(column.finish()),
        }
    }
}

fn extend_primitive<T: ArrowPrimitiveType>(
    to: &mut PrimitiveBuilder<T>,
    values: &[T::Native],
    null: impl Fn(usize) -> bool,
) {
    values.iter().enumerate().for_each(|(row, value)| to.append_option((!null(row)).then_some(*value)));
}

fn push_list<T: ArrowPrimitiveType>(to: &mut ListBuilder<PrimitiveBuilder<T>>, items: &[T::Native]) {
    to.values().append_slice(items);
    to.append(true);
}

fn extend_packed_list<T: ArrowPrimitiveType>(
    to: &mut ListBuilder<PrimitiveBuilder<T>>,
    offsets: &[u32],
    values: &[T::Native],
    null: impl Fn(usize) -> bool,
) {
    for (row, ends) in offsets.windows(2).enumerate() {
        if null(row) {
            to.append_null();
        } else {
            push_list(to, &values[ends[0] as usize..ends[1] as usize]);
        }
    }
}

fn extend_slice<T: ArrowPrimitiveType>(
    to: &mut PrimitiveBuilder<T>,
    array: &dyn Array,
    rows: Range<usize>,
) -> Result<(), Mismatch> {
    let from = array.as_primitive_opt::<T>().ok_or(Mismatch)?;
    if from.null_count() == 0 {
        to.append_slice(&from.values()[rows]);
    } else {
        rows.for_each(|row| to.append_option(from.is_valid(row).then(|| from.value(row))));
    }
    Ok(())
}

fn extend_list<T: ArrowPrimitiveType>(
    to: &mut ListBuilder<PrimitiveBuilder<T>>,
    array: &dyn Array,
    rows: Range<usize>,
) -> Result<(), Mismatch> {
    let from: &ListArray = array.as_list_opt::<i32>().ok_or(Mismatch)?;
    let values = from.values().as_primitive_opt::<T>().ok_or(Mismatch)?;
    for row in rows {
        if from.is_null(row) {
            to.append_null();
        } else {
            let ends = from.value_offsets();
            push_list(to, &values.values()[ends[row] as usize..ends[row + 1] as usize]);
        }
    }
    Ok(())
}
