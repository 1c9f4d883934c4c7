//! The wire and the journal's messages, and their checked conversions to nouns.

/// Generated code of package `traipse.v1`.
#[allow(clippy::all, missing_docs, unreachable_pub, unused_qualifications, reason = "generated code")]
pub mod v1 {
    tonic::include_proto!("traipse.v1");
}

/// Version of the protocol between coordinator and worker; another one is refused at `register`.
pub const PROTOCOL: u32 = 1;
