//! A sweep on trial: until something succeeds, or two failures differ, it may be that nothing in it can.

use std::sync::Arc;

/// Attempts that end with one message and no success among them after which a sweep only fails.
pub(crate) const TRIAL_ATTEMPTS: u32 = 20;

/// How the first attempts of a sweep ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// So many have failed, all with that message.
    Open {
        /// How many.
        n_failed: u32,
        /// With what; none before the first.
        message: Option<Arc<str>>,
    },
    /// Something succeeded, or two failed differently.
    Over,
}

impl Default for Trial {
    fn default() -> Self {
        Self::Open { n_failed: 0, message: None }
    }
}

impl Trial {
    /// An attempt failed by its own doing: a lost worker says nothing of the sweep.
    pub(crate) fn fail(&mut self, with: &Arc<str>) {
        let Self::Open { n_failed, message } = self else { return };
        if message.as_ref().is_some_and(|message| message != with) {
            *self = Self::Over;
            return;
        }
        *n_failed += 1;
        message.get_or_insert_with(|| Arc::clone(with));
    }

    /// A job has a result.
    pub(crate) fn succeed(&mut self) {
        *self = Self::Over;
    }

    /// How many attempts have failed, and with which message, while nothing else has happened.
    pub(crate) fn so_far(&self) -> Option<(u32, &Arc<str>)> {
        match self {
            Self::Open { n_failed, message } => message.as_ref().map(|message| (*n_failed, message)),
            Self::Over => None,
        }
    }

    /// The one message of a sweep that only fails.
    pub(crate) fn verdict(&self) -> Option<&Arc<str>> {
        self.so_far().filter(|(n_failed, _)| *n_failed >= TRIAL_ATTEMPTS).map(|(_, message)| message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_alike_and_no_success_are_a_verdict() {
        let (one, other) = (Arc::from("one"), Arc::from("other"));
        let failed = |n: u32| {
            let mut trial = Trial::default();
            (0..n).for_each(|_| trial.fail(&one));
            trial
        };
        assert_eq!((failed(19).verdict(), failed(20).verdict()), (None, Some(&one)));
        let (mut differs, mut succeeds) = (failed(1), failed(19));
        differs.fail(&other);
        succeeds.succeed();
        for trial in [&mut differs, &mut succeeds] {
            (0..40).for_each(|_| trial.fail(&one));
            assert_eq!(trial.verdict(), None);
        }
    }
}
