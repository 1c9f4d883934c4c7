//! Writes one Parquet file, row group by row group, with bytes that depend on the rows alone.

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use traipse_sweep::columns::ColumnType;

use crate::Error;
use crate::aside::{Aside, Finished};
use crate::buffer::Buffer;
use crate::schema::{Spec, arrow};

/// Rows of a row group; the last one may have fewer.
pub(crate) const ROW_GROUP_ROWS: usize = 131_072;
/// Items of lists after which a row group ends early, so that long lists do not fill the memory.
const ROW_GROUP_ITEMS: usize = 1 << 22;
/// Rows that go to the encoder at once.
const BATCH_ROWS: usize = 4096;
/// Items of lists that go to the encoder at once.
const BATCH_ITEMS: usize = 1 << 18;
/// Rows of a data page: a reader of many files holds one page a column.
const PAGE_ROWS: usize = 8192;
/// Bytes of a dictionary, after which a column goes on without.
const DICTIONARY_BYTES: usize = 1 << 18;
/// Level of zstd: higher ones gain little on numbers.
const ZSTD_LEVEL: i32 = 3;

const _: () = assert!(ROW_GROUP_ROWS.is_multiple_of(BATCH_ROWS) && BATCH_ITEMS < ROW_GROUP_ITEMS);

/// A table on its way to a file.
///
/// Rows are added column by column, then counted by [`Self::end_rows`]. Everything that shapes the bytes (where a
/// batch, a page or a row group ends) is decided there, from counts of rows and of list items: how the rows came in
/// must not matter, so callers add a job's rows of the table as one unit.
pub(crate) struct TableWriter {
    writer: ArrowWriter<Aside>,
    path: std::path::PathBuf,
    schema: SchemaRef,
    columns: Vec<Buffer>,
    batch_rows: usize,
    group_items: usize,
    n_rows: u64,
}

impl TableWriter {
    /// Begins the file `path`, aside, with the given file keys; `sorted_by` counts leading columns that ascend.
    pub(crate) fn create(
        path: &Path,
        columns: &[Spec],
        sorted_by: usize,
        keys: &[(&str, String)],
    ) -> Result<Self, Error> {
        let file = Aside::create(path)?;
        let schema = arrow(columns);
        let options = ArrowWriterOptions::new().with_properties(properties(columns, sorted_by, keys));
        let writer = ArrowWriter::try_new_with_options(file, schema.clone(), options).map_err(Error::parquet(path))?;
        Ok(Self {
            writer,
            path: path.to_owned(),
            schema,
            columns: columns.iter().map(|column| Buffer::new(column.ty)).collect(),
            batch_rows: 0,
            group_items: 0,
            n_rows: 0,
        })
    }

    /// One growing column.
    pub(crate) fn column(&mut self, at: usize) -> &mut Buffer {
        &mut self.columns[at]
    }

    /// All growing columns.
    pub(crate) fn columns(&mut self) -> &mut [Buffer] {
        &mut self.columns
    }

    /// Counts `n` rows that every column has been given.
    pub(crate) fn end_rows(&mut self, n: usize) -> Result<(), Error> {
        self.batch_rows += n;
        self.n_rows += n as u64;
        let items: usize = self.columns.iter().map(Buffer::n_items).sum();
        if self.batch_rows >= BATCH_ROWS || items >= BATCH_ITEMS {
            self.encode(items)?;
        }
        Ok(())
    }

    /// Ends the file, still aside; also says how many rows it has.
    pub(crate) fn finish(mut self) -> Result<(Finished, u64), Error> {
        self.encode(0)?;
        let Self { writer, path, n_rows, .. } = self;
        let file = writer.into_inner().map_err(Error::parquet(&path))?;
        Ok((file.finish()?, n_rows))
    }

    fn encode(&mut self, items: usize) -> Result<(), Error> {
        if self.batch_rows == 0 {
            return Ok(());
        }
        let arrays = self.columns.iter_mut().map(Buffer::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|error| Error::parquet(&self.path)(error.into()))?;
        self.batch_rows = 0;
        self.group_items += items;
        self.writer.write(&batch).map_err(Error::parquet(&self.path))?;
        if self.group_items >= ROW_GROUP_ITEMS {
            self.writer.flush().map_err(Error::parquet(&self.path))?;
        }
        if self.writer.in_progress_rows() == 0 {
            self.group_items = 0;
        }
        Ok(())
    }
}

/// No writer's name or version and no time: only the rows and the keys make the bytes.
fn properties(columns: &[Spec], sorted_by: usize, keys: &[(&str, String)]) -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).expect("3 is a level of zstd");
    let keys = keys.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())).collect();
    let sorting = (0..sorted_by as i32)
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false })
        .collect();
    // Numbers hardly repeat, and where they do zstd finds it: looking each one up in a dictionary costs more.
    let numbers = columns.iter().filter(|column| matches!(column.ty, ColumnType::F64 | ColumnType::ListF64));
    let plain = numbers.map(|column| match column.ty {
        ColumnType::ListF64 => vec![column.name.clone(), "list".to_owned(), "element".to_owned()],
        _ => vec![column.name.clone()],
    });
    let builder = plain.fold(WriterProperties::builder(), |builder, path| {
        builder.set_column_dictionary_enabled(ColumnPath::new(path), false)
    });
    builder
        .set_created_by("traipse".to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_sorting_columns(Some(sorting))
        .set_key_value_metadata(Some(keys))
        .build()
}
