//! The nouns of a sweep, shared by every room: settings, axes, lazy expansion, ids, facts, rows and the column catalogue.
//!
//! Nothing here reads a file, a clock, the environment or a random source; text comes in as `&str`, and what comes
//! out is a value or an error that names the line and the key.

#![warn(missing_docs)]

pub mod columns;
mod continuation;
mod digest;
pub mod facts;
pub mod ids;
pub mod network;
pub mod outcome;
pub mod plan;
pub mod rows;
pub mod run_id;
pub mod settings;
pub mod spec;
pub mod streams;

pub use continuation::{continues, same_snapshots};
pub use facts::Fact;
pub use ids::{Generation, Incarnation, JobNumber, LeaseId, RequestId, SweepId, WorkerId};
pub use outcome::{FailureClass, Outcome};
pub use plan::Plan;
pub use rows::{RowBlock, Schema, TableRows};
pub use run_id::run_id;
pub use settings::RunSettings;
pub use spec::SweepSpec;
