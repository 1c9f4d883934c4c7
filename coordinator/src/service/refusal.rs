//! Refusals as gRPC codes: the code says what a program should do, the message what a person should.

use tonic::Status;
use traipse_proto::convert;
use traipse_scheduler::Rejection;

use crate::driver::CallError;
use crate::journal;

/// Longest text of a refusal.
const MAX_TEXT_BYTES: usize = 1_024;

/// A call that the scheduler refused, or that came too late.
pub(super) fn call(error: CallError) -> Status {
    match error {
        CallError::Rejected(rejection) => rejected(&rejection),
        ending @ CallError::Ending => Status::unavailable(ending.to_string()),
    }
}

fn rejected(rejection: &Rejection) -> Status {
    let text = brief(rejection.to_string());
    match rejection {
        Rejection::UnknownSweep(_) | Rejection::UnknownWorker(_) => Status::not_found(text),
        Rejection::OtherSpec(_) => Status::already_exists(text),
        Rejection::UnknownSession(_) | Rejection::OutOfOrder { .. } | Rejection::Replaced { .. } => {
            Status::aborted(text)
        }
        Rejection::UnknownJob { .. }
        | Rejection::UnknownCell { .. }
        | Rejection::TooManyToRetry { .. }
        | Rejection::NotLarger { .. }
        | Rejection::TooManyExtensions { .. }
        | Rejection::BadSpec(_) => Status::invalid_argument(text),
        Rejection::OldIncarnation { .. } | Rejection::Ended(_) | Rejection::Cancelled(_) => {
            Status::failed_precondition(text)
        }
    }
}

/// A message that does not convert.
pub(super) fn message(error: &convert::Error) -> Status {
    invalid(error.to_string())
}

/// Whatever a caller sent may stand in the text, and a status travels in headers: it is cut.
pub(super) fn invalid(text: impl Into<String>) -> Status {
    Status::invalid_argument(brief(text.into()))
}

/// The same for something that is not there.
pub(super) fn not_found(text: impl Into<String>) -> Status {
    Status::not_found(brief(text.into()))
}

fn brief(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push('…');
    }
    text
}

/// The ledger could not be read.
pub(super) fn journal(error: &journal::Error) -> Status {
    match error {
        journal::Error::Closed => call(CallError::Ending),
        other => Status::internal(other.to_string()),
    }
}

/// An answer of another kind than the question's: a bug.
pub(super) fn wrong_answer() -> Status {
    Status::internal("the scheduler answered another question, which is a bug")
}
