//! Why a spec does not extend a sweep.

/// A spec that is no extension of a sweep: another experiment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}; it was {was} and is {is}; {help}")]
pub struct ExtendError {
    /// The key of the sweep file that is at fault.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What the sweep has there.
    pub was: String,
    /// What the new spec has there.
    pub is: String,
    /// What to do.
    pub help: String,
}

/// What to do about a spec that is another experiment.
const REMEDY: &str = "keep what the sweep has and add to it, or submit this as a new sweep";

impl ExtendError {
    pub(super) fn differs(
        key: impl Into<String>,
        was: impl Into<String>,
        is: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let (key, message, was, is) = (key.into(), message.into(), was.into(), is.into());
        Self { key, message, was, is, help: REMEDY.to_owned() }
    }

    pub(super) fn too_many_stretches() -> Self {
        let (was, is) = (format!("at most {}", super::MAX_STRETCHES), "more".to_owned());
        let message = "the extensions cut the grid into too many products".to_owned();
        Self { key: "axes".to_owned(), message, was, is, help: "submit this as a new sweep".to_owned() }
    }

    pub(super) fn too_many_jobs() -> Self {
        let (was, is) = (format!("at most {}", u64::MAX), "more".to_owned());
        let message = "the sweep has too many jobs with those of its earlier specs".to_owned();
        Self { key: "axes".to_owned(), message, was, is, help: "submit this as a new sweep".to_owned() }
    }
}
