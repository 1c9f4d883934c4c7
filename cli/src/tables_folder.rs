//! A folder of tables that is read: what is wrong with it, as the command line tells it.

use std::path::Path;

use traipse_results::{Error as ResultsError, Tables};

use crate::error::Error;

/// Opens the folder.
///
/// # Errors
/// If it holds no tables of this version.
pub(crate) fn open(dir: &Path) -> Result<Tables, Error> {
    Tables::open(dir).map_err(trouble)
}

/// Wrong use where another command line would do; the environment else.
pub(crate) fn trouble(error: ResultsError) -> Error {
    match error {
        ResultsError::NotTables { .. }
        | ResultsError::NoSuch { .. }
        | ResultsError::NotMeasured { .. }
        | ResultsError::Version { .. }
        | ResultsError::Manifest { .. } => Error::wrong_use(error),
        error => Error::environment(error),
    }
}
