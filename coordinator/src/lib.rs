//! The service: journal, results ledger, gRPC. A shell around the pure scheduler: everything that waits is here, and
//! nothing that decides.
//!
//! Tasks: the server's (one a call), the driver (owns the pump), the journal's owner (owns the connection), the sealer.
//! Calls go to the driver; batches from the driver to the owner; what is durable back to the driver, which answers.

mod artifacts;
mod block;
mod coordinator;
mod driver;
mod error;
mod folder;
mod ingest;
pub mod journal;
mod lease_token;
mod leftovers;
mod options;
mod reference;
mod seal;
mod service;

pub use coordinator::Coordinator;
pub use error::Error;
pub use options::{Limits, Options};
