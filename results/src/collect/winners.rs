//! Which generation of a run counts: the highest that has rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt32Type, UInt64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use crate::Error;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 8192;

/// The generation of each job that counts; only those above 0 are remembered.
#[derive(Debug, Default)]
pub(crate) struct Winners {
    above_zero: BTreeMap<u64, u32>,
}

impl Winners {
    /// Looks through the segments of `runs`, in which every job with rows has one. Cost: a footer a segment, and the
    /// two key columns of those that hold a generation above 0.
    pub(crate) fn find(segments: &[PathBuf]) -> Result<Self, Error> {
        let mut winners = Self::default();
        for path in segments {
            winners.look_through(path)?;
        }
        Ok(winners)
    }

    /// The generation of a job that counts.
    pub(crate) fn of(&self, job: u64) -> u32 {
        self.above_zero.get(&job).copied().unwrap_or(0)
    }

    fn look_through(&mut self, path: &Path) -> Result<(), Error> {
        let file = File::open(path).map_err(Error::file("open", path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(Error::parquet(path))?;
        if all_zero(builder.metadata()) {
            return Ok(());
        }
        let mask = ProjectionMask::roots(builder.parquet_schema(), [0, 1]);
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(Error::parquet(path))?;
        for batch in reader {
            let batch = batch.map_err(|error| Error::parquet(path)(error.into()))?;
            let keys =
                batch.column(0).as_primitive_opt::<UInt64Type>().zip(batch.column(1).as_primitive_opt::<UInt32Type>());
            let (jobs, generations) = keys.ok_or_else(|| Error::Segment {
                path: path.to_owned(),
                what: "does not begin with job and generation".to_owned(),
            })?;
            for (job, generation) in
                jobs.values().iter().zip(generations.values()).filter(|(_, generation)| **generation > 0)
            {
                let known = self.above_zero.entry(*job).or_default();
                *known = (*known).max(*generation);
            }
        }
        Ok(())
    }
}

/// Whether the footer says that every generation is 0.
fn all_zero(metadata: &ParquetMetaData) -> bool {
    metadata.row_groups().iter().all(|group| match group.columns().get(1).and_then(|chunk| chunk.statistics()) {
        Some(Statistics::Int32(statistics)) => statistics.max_opt() == Some(&0),
        _ => false,
    })
}
