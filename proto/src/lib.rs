//! The wire and the journal's messages, and their checked conversions to nouns.
#![warn(missing_docs)]

/// Generated code of package `traipse.v1`.
#[allow(clippy::all, missing_docs, unreachable_pub, unused_qualifications, reason = "generated code")]
pub mod v1 {
    tonic::include_proto!("traipse.v1");
}

pub mod client;
pub mod convert;

/// The descriptors of every message and service, encoded, as gRPC reflection serves them.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Largest message on either side, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 8 << 20;

/// HTTP/2 window of one stream, in bytes.
pub const STREAM_WINDOW_BYTES: u32 = 4 << 20;

/// HTTP/2 window of one connection, in bytes.
pub const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// Reports are cut at this many bytes of row blocks.
pub const REPORT_BYTES: usize = 1 << 20;

/// A job's rows of more bytes go to the artifact store, and its report names them: see [`ROWS_KIND`].
pub const INLINE_ROWS_BYTES: usize = 1 << 20;

/// Most bytes of one job's rows: worker and coordinator hold them in memory at once.
pub const MAX_ROWS_BYTES: u64 = 256 << 20;

/// The kind of the artifact that holds a job's rows, in place of the block in its report.
pub const ROWS_KIND: &str = "rows";

/// The kind of the artifact that holds the weights of a run that its comparisons need. It is there while the sweep is.
pub const MEMBERS_KIND: &str = "members.safetensors";

/// How the kinds of a job's checkpoints begin; the optimiser steps done follow.
pub const CHECKPOINT_KIND: &str = "checkpoint-";

/// Version of the protocol between coordinator and worker; another one is refused at `register`.
pub const PROTOCOL: u32 = 1;
