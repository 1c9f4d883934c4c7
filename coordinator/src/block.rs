//! What a report's rows are inside the coordinator: bytes that have been checked once, and the budget they hold.

use std::sync::Arc;

use bytes::Bytes;
use traipse_proto::v1;
use traipse_sweep::LeaseId;

use crate::ingest::Held;

/// One job's rows on their way into the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// An encoded row block that fits the sweep's schema, or an encoded [`crate::reference::Reference`] to one.
    pub(crate) bytes: Bytes,
    /// Under which lease its artifacts are named.
    pub(crate) lease: LeaseId,
    /// What the lease put into the store.
    pub(crate) artifacts: Arc<[v1::Artifact]>,
    /// The report's share of the ingest budget: given back when its last block is durable.
    pub(crate) _held: Option<Arc<Held>>,
}
