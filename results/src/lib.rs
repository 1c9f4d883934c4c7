//! Tables: row blocks to Parquet segments, segments to sorted tables, and statistics over replicates.
//!
//! A coordinator calls [`segment::write`] to move the rows of many jobs out of its ledger; whoever collects calls
//! [`collect`], which merges all segments by run, adds what follows from the sweep file, and computes the
//! statistics. The same rows give the same bytes, however they were spread over segments.

#![warn(missing_docs)]

mod aggregate;
mod aside;
mod attempt;
mod buffer;
mod cells;
mod collect;
mod contrasts;
mod error;
pub mod figure;
#[cfg(test)]
mod fixture;
mod merge;
pub mod read;
pub mod report;
mod schema;
pub mod segment;
mod statistics;
mod table_writer;
mod tables;
pub mod verdict;
pub mod verify;

pub use attempt::{AttemptRow, PastAttempt, attempts_of};
pub use cells::{CellSummary, Estimate, MAX_SUMMARIES};
pub use collect::{Collect, Collected, Raised, TableFile, WithoutRows, collect, holds};
pub use error::Error;
pub use tables::{FileEntry, Manifest, Tables};
