//! Digests of row blocks: equal rows, equal digest, whatever the memory layout.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::rows::{Column, RowBlock, TableRows, Values};

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl RowBlock {
    /// SHA-256 (hex) of a canonical encoding of all tables: name and row count, then each column's type, its null
    /// flags one byte a row, and its values in little-endian order, lists and text behind their lengths.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for table in &self.tables {
            add_table(&mut hasher, table);
        }
        hex(&hasher.finalize())
    }
}

fn add_table(hasher: &mut Sha256, table: &TableRows) {
    add_text(hasher, table.table.as_str());
    hasher.update(table.n_rows.to_le_bytes());
    hasher.update((table.columns.len() as u64).to_le_bytes());
    for column in &table.columns {
        add_column(hasher, column, table.n_rows as usize);
    }
}

fn add_column(hasher: &mut Sha256, column: &Column, n_rows: usize) {
    hasher.update([column.values.ty() as u8]);
    let nulls: Vec<u8> = (0..n_rows).map(|row| u8::from(column.is_null(row))).collect();
    hasher.update(nulls);
    match &column.values {
        Values::U32(values) => add_words(hasher, values, |value| value.to_le_bytes()),
        Values::U64(values) => add_words(hasher, values, |value| value.to_le_bytes()),
        Values::F64(values) => add_words(hasher, values, |value| value.to_le_bytes()),
        Values::Bool(values) => add_words(hasher, values, |value| [u8::from(*value)]),
        Values::Utf8(values) => values.iter().for_each(|value| add_text(hasher, value)),
        Values::ListF64 { offsets, values } => {
            add_words(hasher, offsets, |offset| offset.to_le_bytes());
            add_words(hasher, values, |value| value.to_le_bytes());
        }
        Values::ListU64 { offsets, values } => {
            add_words(hasher, offsets, |offset| offset.to_le_bytes());
            add_words(hasher, values, |value| value.to_le_bytes());
        }
    }
}

fn add_text(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text);
}

fn add_words<T, const N: usize>(hasher: &mut Sha256, values: &[T], bytes: impl Fn(&T) -> [u8; N]) {
    hasher.update((values.len() as u64).to_le_bytes());
    let all: Vec<u8> = values.iter().flat_map(bytes).collect();
    hasher.update(all);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Table;

    fn block(values: Values, nulls: Vec<u8>) -> RowBlock {
        let n_rows = values.len() as u32;
        let columns = vec![Column { values, nulls }];
        RowBlock { tables: vec![TableRows { table: Table::Runs, n_rows, columns }] }
    }

    #[test]
    fn the_digest_tells_rows_apart() {
        let blocks = [
            block(Values::F64(vec![0.0, 1.0]), vec![]),
            block(Values::F64(vec![0.0, 1.0]), vec![1]),
            block(Values::F64(vec![-0.0, 1.0]), vec![]),
            block(Values::U64(vec![0, 1]), vec![]),
            block(Values::Utf8(vec!["ab".into(), "c".into()]), vec![]),
            block(Values::Utf8(vec!["a".into(), "bc".into()]), vec![]),
            block(Values::ListF64 { offsets: vec![0, 1, 2], values: vec![1.0, 2.0] }, vec![]),
            block(Values::ListF64 { offsets: vec![0, 2, 2], values: vec![1.0, 2.0] }, vec![]),
        ];
        let digests: std::collections::BTreeSet<String> = blocks.iter().map(RowBlock::digest).collect();
        assert_eq!(digests.len(), blocks.len());
        assert!(digests.iter().all(|digest| digest.len() == 64));
    }

    #[test]
    fn an_empty_null_bitmap_is_one_of_zeros() {
        let values = || Values::Bool(vec![true; 9]);
        assert_eq!(block(values(), vec![]).digest(), block(values(), vec![0, 0]).digest());
    }
}
