//! Why a coordinator does not start, or stops by itself.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::journal;

/// Why a coordinator does not start, or stops by itself. Every message says what to do, where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder cannot be made, read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Folder {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another coordinator uses the data folder.
    #[error("another coordinator uses the data folder {}: stop it, or choose another folder", path.display())]
    Locked {
        /// Which folder.
        path: PathBuf,
    },
    /// The token file holds no token.
    #[error("{} holds no token (at least 16 visible characters): delete it, and the next start makes a new one", path.display())]
    Token {
        /// Which file.
        path: PathBuf,
    },
    /// Somebody else listens there.
    #[error("{address} is in use: stop what listens there, or choose another address (port 0 takes a free one)")]
    Busy {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The journal's facts make no state.
    #[error("the journal in {} cannot be replayed: {source}", path.display())]
    Restore {
        /// The data folder.
        path: PathBuf,
        /// Why not.
        source: traipse_scheduler::RestoreError,
    },
    /// The artifact store.
    #[error(transparent)]
    Store(#[from] traipse_store::Error),
    /// A segment that the journal names is not there, or is not what it was.
    #[error("the segment {} {what}: the results of its sweep are incomplete; put the file back from a copy", path.display())]
    Segment {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A segment cannot be written.
    #[error("cannot seal the rows of sweep {sweep}: {source}")]
    Seal {
        /// Which sweep.
        sweep: traipse_sweep::SweepId,
        /// Why not.
        source: traipse_results::Error,
    },
    /// A block in the ledger is not what was accepted.
    #[error("the ledger's rows of sweep {sweep}, job {job} are damaged: {source}", job = job.0)]
    Block {
        /// Which sweep.
        sweep: traipse_sweep::SweepId,
        /// Which job.
        job: traipse_sweep::JobNumber,
        /// What is wrong with them.
        source: traipse_proto::convert::Error,
    },
    /// Rows that were accepted cannot be read from the artifact store.
    #[error(
        "the rows of sweep {sweep}, job {job} are not in the artifact store as they were accepted: {source}; put the \
         artifact back or let the coordinator reach the store: it tries again", job = job.0
    )]
    Rows {
        /// Which sweep.
        sweep: traipse_sweep::SweepId,
        /// Which job.
        job: traipse_sweep::JobNumber,
        /// What the store says.
        source: traipse_store::Error,
    },
    /// The server stopped by itself.
    #[error("the server stopped: {0}")]
    Serve(#[from] tonic::transport::Error),
    /// A task broke off: a bug.
    #[error("the {0} broke off, which is a bug: start the coordinator again; nothing that was answered is lost")]
    Broken(&'static str),
}

impl Error {
    /// Attaches an action and a path to an error of the file system.
    pub(crate) fn folder(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { action, path, source }
    }
}
