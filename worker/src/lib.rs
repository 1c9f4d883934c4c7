//! Stub.

pub mod run;
