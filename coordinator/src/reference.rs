//! What the ledger holds of rows that are too large for it: under which lease they lie in the artifact store, and what
//! they must be.

use traipse_store::{Artifact, Name, NameError};
use traipse_sweep::{JobNumber, LeaseId, SweepId};

/// The first byte of every reference. No protobuf message begins with it, so no row block does.
const MARK: u8 = 0;

/// One job's rows in the artifact store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Who put them there.
    pub(crate) lease: LeaseId,
    /// What was put.
    pub(crate) artifact: Artifact,
}

impl Reference {
    /// Bytes of an encoded reference: mark, lease and size (big-endian), digest.
    pub(crate) const BYTES: usize = 1 + 8 + 8 + 32;

    /// What stands in the ledger in place of the block.
    pub(crate) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [MARK; Self::BYTES];
        bytes[1..9].copy_from_slice(&self.lease.0.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.artifact.size.to_be_bytes());
        bytes[17..].copy_from_slice(&self.artifact.sha256);
        bytes
    }

    /// The reference in what the ledger holds; none if that is a block.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let number = |at: usize| Some(u64::from_be_bytes(*bytes[at..].first_chunk()?));
        let sha256 = *bytes[17..].first_chunk()?;
        let reference = Self { lease: LeaseId(number(1)?), artifact: Artifact { size: number(9)?, sha256 } };
        (bytes[0] == MARK).then_some(reference)
    }

    /// The artifact's name.
    pub(crate) fn name(&self, sweep: SweepId, job: JobNumber) -> Result<Name, NameError> {
        Name::of_lease(sweep, job, self.lease, traipse_proto::ROWS_KIND)
    }
}

/// Bytes of the rows that the ledger holds or refers to.
pub(crate) fn n_bytes(block: &[u8]) -> u64 {
    Reference::decode(block).map_or(block.len() as u64, |reference| reference.artifact.size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_comes_back_and_is_no_block() {
        let reference = Reference { lease: LeaseId(7 << 40 | 9), artifact: Artifact::of(b"many rows") };
        let mut bytes = reference.encode();
        assert_eq!((Reference::decode(&bytes), n_bytes(&bytes)), (Some(reference), 9));
        bytes[0] = 9;
        assert_eq!((Reference::decode(&bytes), n_bytes(&bytes)), (None, Reference::BYTES as u64));
        assert_eq!(Reference::decode(&bytes[1..]), None);
    }
}
