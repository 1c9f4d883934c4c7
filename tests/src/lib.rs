//! What the tests on real binaries share: where the workspace is, how to start a process and how to read its tables.

use std::path::{Path, PathBuf};

pub mod chaos;
pub mod process;
pub mod simulation;

/// The workspace's root folder.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_owned(), Path::to_owned)
}
