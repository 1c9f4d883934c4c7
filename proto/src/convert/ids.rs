//! Ids in text (on the wire) and in bytes (in the journal), and the tokens of leases.

use traipse_sweep::{RequestId, SweepId, WorkerId};

use super::{Error, Problem, exact_bytes};

/// A lease's token: whoever shows it may report the lease.
pub type Token = [u8; 16];

/// A sweep's id in text.
///
/// # Errors
/// If it is not a ULID.
pub fn sweep(text: &str, place: &str) -> Result<SweepId, Error> {
    text.parse().map_err(|error| Problem::Id(error).at(place))
}

/// A worker's id in text.
///
/// # Errors
/// If it is not a ULID.
pub fn worker(text: &str, place: &str) -> Result<WorkerId, Error> {
    text.parse().map_err(|error| Problem::Id(error).at(place))
}

/// A sweep's id as the 16 bytes of the journal, big-endian.
///
/// # Errors
/// If there are not 16.
pub fn sweep_bytes(bytes: &[u8], place: &str) -> Result<SweepId, Error> {
    exact_bytes(bytes, place).map(|bytes| SweepId(u128::from_be_bytes(bytes)))
}

/// A worker's id as the 16 bytes of the journal, big-endian.
///
/// # Errors
/// If there are not 16.
pub fn worker_bytes(bytes: &[u8], place: &str) -> Result<WorkerId, Error> {
    exact_bytes(bytes, place).map(|bytes| WorkerId(u128::from_be_bytes(bytes)))
}

/// The id of a person's wish, in text.
///
/// # Errors
/// If it is not a ULID.
pub fn request(text: &str, place: &str) -> Result<RequestId, Error> {
    text.parse().map_err(|error| Problem::Id(error).at(place))
}

/// The same as the 16 bytes of the journal, big-endian.
///
/// # Errors
/// If there are not 16.
pub fn request_bytes(bytes: &[u8], place: &str) -> Result<RequestId, Error> {
    exact_bytes(bytes, place).map(|bytes| RequestId(u128::from_be_bytes(bytes)))
}

/// A lease's token.
///
/// # Errors
/// If there are not 16 bytes.
pub fn token(bytes: &[u8], place: &str) -> Result<Token, Error> {
    exact_bytes(bytes, place)
}
