//! Artifacts by name and digest: weights and checkpoints, which never pass through the coordinator.
//!
//! An artifact is written once, under the sweep, job and lease that made it, and never changed; its SHA-256 travels
//! in the report. A store is a folder by default; every machine that should reach it must see the same folder.

mod error;
mod name;
mod store;

pub use error::{Error, NameError};
pub use name::Name;
pub use store::{Artifact, Listed, MAX_ARTIFACT_BYTES, Store};
