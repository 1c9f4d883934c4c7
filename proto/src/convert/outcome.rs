//! Outcomes and failure classes.

use traipse_sweep::{FailureClass, Outcome};

use super::{Error, Problem};
use crate::v1;

/// The message's outcome.
#[must_use]
pub fn outcome_kind(outcome: Outcome) -> v1::OutcomeKind {
    match outcome {
        Outcome::Succeeded => v1::OutcomeKind::Succeeded,
        Outcome::Diverged => v1::OutcomeKind::Diverged,
        Outcome::Failed => v1::OutcomeKind::Failed,
        Outcome::Cancelled => v1::OutcomeKind::Cancelled,
        Outcome::Quarantined => v1::OutcomeKind::Quarantined,
        Outcome::Skipped => v1::OutcomeKind::Skipped,
    }
}

/// The outcome of a message.
///
/// # Errors
/// If the number is none of the enum's, or it is unspecified.
pub fn outcome(kind: i32, place: &str) -> Result<Outcome, Error> {
    match v1::OutcomeKind::try_from(kind) {
        Ok(v1::OutcomeKind::Succeeded) => Ok(Outcome::Succeeded),
        Ok(v1::OutcomeKind::Diverged) => Ok(Outcome::Diverged),
        Ok(v1::OutcomeKind::Failed) => Ok(Outcome::Failed),
        Ok(v1::OutcomeKind::Cancelled) => Ok(Outcome::Cancelled),
        Ok(v1::OutcomeKind::Quarantined) => Ok(Outcome::Quarantined),
        Ok(v1::OutcomeKind::Skipped) => Ok(Outcome::Skipped),
        Ok(v1::OutcomeKind::Unspecified) | Err(_) => Err(Problem::Unknown(kind.into()).at(place)),
    }
}

/// The outcome of a word, as [`Outcome::as_str`] writes it.
///
/// # Errors
/// If it is none of the words.
pub fn outcome_word(word: &str, place: &str) -> Result<Outcome, Error> {
    Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.as_str() == word)
        .ok_or_else(|| Problem::Range(format!("`{word}`")).at(place))
}

/// The message's failure class.
#[must_use]
pub fn class_kind(class: FailureClass) -> v1::FailureClass {
    match class {
        FailureClass::Transient => v1::FailureClass::Transient,
        FailureClass::Poison => v1::FailureClass::Poison,
        FailureClass::Invalid => v1::FailureClass::Invalid,
        FailureClass::Lost => v1::FailureClass::Lost,
    }
}

/// The failure class of a message.
///
/// # Errors
/// If the number is none of the enum's, or it is unspecified.
pub fn class(kind: i32, place: &str) -> Result<FailureClass, Error> {
    match v1::FailureClass::try_from(kind) {
        Ok(v1::FailureClass::Transient) => Ok(FailureClass::Transient),
        Ok(v1::FailureClass::Poison) => Ok(FailureClass::Poison),
        Ok(v1::FailureClass::Invalid) => Ok(FailureClass::Invalid),
        Ok(v1::FailureClass::Lost) => Ok(FailureClass::Lost),
        Ok(v1::FailureClass::Unspecified) | Err(_) => Err(Problem::Unknown(kind.into()).at(place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_and_class_comes_back() {
        for known in Outcome::ALL {
            assert_eq!(outcome(outcome_kind(known) as i32, "outcome"), Ok(known));
            assert_eq!(outcome_word(known.as_str(), "outcome"), Ok(known));
        }
        for known in [FailureClass::Transient, FailureClass::Poison, FailureClass::Invalid, FailureClass::Lost] {
            assert_eq!(class(class_kind(known) as i32, "class"), Ok(known));
        }
        assert_eq!(outcome(0, "x.outcome").unwrap_err().to_string(), "x.outcome: 0 is not one of its values");
        assert!(class(99, "class").is_err());
    }
}
