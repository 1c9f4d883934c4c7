use proptest::prelude::*;
use prost::Message;
use traipse_sweep::columns::{ColumnDef, ColumnType, Table};
use traipse_sweep::rows::{Cell, RowBlock, Schema, TableBuilder, TableSchema};

use super::{decode, encode, message};
use crate::v1::{self, column::Values as Wire};

fn schema() -> Schema {
    let table = |&table: &Table| TableSchema { table, columns: table.worker_columns().collect() };
    Schema::new(Table::FROM_WORKERS.iter().map(table).collect())
}

fn cell(column: &'static ColumnDef) -> BoxedStrategy<Cell> {
    let number = || -1e300..1e300_f64;
    let value = match column.ty {
        ColumnType::U32 => any::<u32>().prop_map(Cell::U32).boxed(),
        ColumnType::U64 => any::<u64>().prop_map(Cell::U64).boxed(),
        ColumnType::F64 => number().prop_map(Cell::F64).boxed(),
        ColumnType::Bool => any::<bool>().prop_map(Cell::Bool).boxed(),
        ColumnType::Utf8 => ".{0,6}".prop_map(Cell::Utf8).boxed(),
        ColumnType::ListF64 => prop::collection::vec(number(), 0..4).prop_map(Cell::ListF64).boxed(),
        ColumnType::ListU64 => prop::collection::vec(any::<u64>(), 0..4).prop_map(Cell::ListU64).boxed(),
        ColumnType::Timestamp => unreachable!("no worker column is a timestamp"),
    };
    if column.nullable { prop_oneof![3 => value, 1 => Just(Cell::Null)].boxed() } else { value }
}

fn rows(table: TableSchema) -> impl Strategy<Value = traipse_sweep::TableRows> {
    let row: Vec<_> = table.columns.iter().map(|column| cell(column)).collect();
    prop::collection::vec(row, 0..11).prop_map(move |rows| {
        let mut builder = TableBuilder::new(&table);
        for row in rows {
            builder.push(table.columns.iter().copied().zip(row));
        }
        builder.finish()
    })
}

fn blocks() -> impl Strategy<Value = RowBlock> {
    let tables: Vec<_> = schema().tables.into_iter().map(|table| prop::option::of(rows(table))).collect();
    tables.prop_map(|tables| RowBlock { tables: tables.into_iter().flatten().collect() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks_come_back(block in blocks()) {
        let bytes = encode(&block, &schema()).unwrap();
        prop_assert_eq!(decode(&bytes, &schema()).unwrap(), block);
    }

    #[test]
    fn any_bytes_are_a_block_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes, &schema());
    }

    #[test]
    fn a_changed_byte_is_a_block_or_an_error(block in blocks(), at in any::<prop::sample::Index>(), by in 1..=255_u8) {
        let mut bytes = encode(&block, &schema()).unwrap().to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] ^= by;
        }
        if let Ok(block) = decode(&bytes, &schema()) {
            prop_assert!(encode(&block, &schema()).is_ok());
        }
    }
}

fn sample(n_rows: u32) -> v1::RowBlock {
    let schema = schema();
    let table = schema.table(Table::Trajectory).unwrap();
    let mut builder = TableBuilder::new(table);
    for row in 0..n_rows {
        builder.push(table.columns.iter().filter(|column| !column.nullable).map(|&column| {
            let cell = match column.ty {
                ColumnType::U32 => Cell::U32(row),
                ColumnType::U64 => Cell::U64(row.into()),
                ColumnType::F64 => Cell::F64(row.into()),
                ColumnType::ListF64 => Cell::ListF64(vec![1.0; row as usize]),
                other => panic!("{} is {other:?}", column.name),
            };
            (column, cell)
        }));
    }
    message(&RowBlock { tables: vec![builder.finish()] }, &schema).unwrap()
}

fn at(name: &str) -> usize {
    Table::Trajectory.worker_columns().position(|column| column.name == name).unwrap()
}

type Edit = fn(&mut v1::RowBlock);

#[test]
fn errors_name_table_and_column() {
    let edits: [(&str, Edit); 11] = [
        ("rows: is of schema", |block| block.schema_id ^= 1),
        ("rows: table 99 is not", |block| block.tables[0].table = 99),
        ("rows: table 1 is not in the schema, out of order", |block| block.tables.push(block.tables[0].clone())),
        ("trajectory: has", |block| drop(block.tables[0].columns.pop())),
        ("trajectory.snapshot: has 3 rows where 2000000000", |block| block.tables[0].n_rows = 2_000_000_000),
        ("trajectory.step: is missing", |block| block.tables[0].columns[at("step")].values = None),
        ("trajectory.step: holds truths where the schema says counts", |block| {
            block.tables[0].columns[at("step")].values = Some(Wire::Truths(vec![0]));
        }),
        ("trajectory.step: row 2 is null", |block| block.tables[0].columns[at("step")].nulls = vec![4]),
        ("trajectory.objective: has bits set beyond", |block| {
            block.tables[0].columns[at("objective")].nulls = vec![8];
        }),
        ("trajectory.snapshot: 4294967296 is out of range", |block| {
            let values = vec![0, 1, 1 << 32];
            block.tables[0].columns[at("snapshot")].values = Some(Wire::Counts(v1::Counts { values }));
        }),
        ("trajectory.train_loss: NaN is out of range", |block| {
            let bytes = [0.0, 1.0, f64::NAN].map(f64::to_le_bytes).concat();
            block.tables[0].columns[at("train_loss")].values = Some(Wire::Numbers(bytes));
        }),
    ];
    for (start, edit) in edits {
        let mut block = sample(3);
        edit(&mut block);
        let error = decode(&block.encode_to_vec(), &schema()).unwrap_err().to_string();
        assert!(error.starts_with(start), "{error} should start with {start}");
    }
}

#[test]
fn lists_end_where_their_values_do() {
    let lists = [
        v1::NumberLists { lengths: vec![0, 0, u32::MAX], values: vec![0; 8] },
        v1::NumberLists { lengths: vec![u32::MAX, u32::MAX, 2], values: vec![0; 8] },
        v1::NumberLists { lengths: vec![0, 0, 0], values: vec![0; 8] },
    ];
    for list in lists {
        let mut block = sample(3);
        block.tables[0].columns[at("pc_scores")].values = Some(Wire::NumberLists(list));
        let error = decode(&block.encode_to_vec(), &schema()).unwrap_err().to_string();
        assert_eq!(error, "trajectory.pc_scores: its lists do not end where its values do");
    }
}

#[test]
fn a_block_that_breaks_the_schema_is_not_encoded() {
    let schema = schema();
    let mut block = super::block(sample(3), &schema).unwrap();
    block.tables[0].columns.swap(0, 2);
    assert!(encode(&block, &schema).is_err());
}

#[test]
fn a_row_of_45_numbers_takes_at_most_700_bytes() {
    let numbers = |table: &Table| table.worker_columns().filter(|column| column.ty == ColumnType::F64);
    let mut columns: Vec<_> = Table::FROM_WORKERS.iter().flat_map(numbers).collect();
    columns.dedup_by_key(|column| column.name);
    let mut names = std::collections::BTreeSet::new();
    columns.retain(|column| names.insert(column.name));
    columns.truncate(45);
    assert_eq!(columns.len(), 45, "the catalogue has that many numbers");
    let schema = Schema::new(vec![TableSchema { table: Table::Runs, columns: columns.clone() }]);
    for null in [false, true] {
        let mut builder = TableBuilder::new(&schema.tables[0]);
        builder.push(columns.iter().map(|&column| {
            let cell = if null && column.nullable { Cell::Null } else { Cell::F64(0.1) };
            (column, cell)
        }));
        let bytes = encode(&RowBlock { tables: vec![builder.finish()] }, &schema).unwrap();
        assert!(bytes.len() <= 700, "{} bytes", bytes.len());
    }
}
