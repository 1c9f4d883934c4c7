//! Names of artifacts, and prefixes of them.

use std::fmt;
use std::str::FromStr;

use traipse_sweep::{Incarnation, JobNumber, LeaseId, SweepId};

use crate::error::NameError;

/// Longest part of a name between slashes.
const MAX_PART_BYTES: usize = 128;
/// Most parts of a name.
const MAX_PARTS: usize = 8;

/// The name of an artifact, or a prefix of such names: parts of `[A-Za-z0-9._-]` between slashes, none of which
/// begins with a dot. So a name never leaves its store, whatever stands behind it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// `<sweep>/<job>/<lease>/<kind>`: what the attempt under `lease` made.
    ///
    /// # Errors
    /// If `kind` is not a part of a name.
    pub fn of_lease(sweep: SweepId, job: JobNumber, lease: LeaseId, kind: &str) -> Result<Self, NameError> {
        if kind.contains('/') {
            return Err(NameError { text: kind.to_owned(), why: "a kind has no slash" });
        }
        format!("{sweep}/{}/{lease}/{kind}", job.0).parse()
    }

    /// The prefix of all artifacts of a sweep.
    #[must_use]
    pub fn of_sweep(sweep: SweepId) -> Self {
        Self(sweep.to_string())
    }

    /// The prefix of all artifacts of a job, by whatever attempt.
    #[must_use]
    pub fn of_job(sweep: SweepId, job: JobNumber) -> Self {
        Self(format!("{sweep}/{}", job.0))
    }

    /// The job, lease and kind of a name that [`Name::of_lease`] makes; none for others.
    #[must_use]
    pub fn of_attempt(&self) -> Option<(SweepId, JobNumber, LeaseId, &str)> {
        let mut parts = self.0.split('/');
        let (sweep, job, lease, kind) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (incarnation, counter) = lease.split_once('.')?;
        let (incarnation, counter): (u32, u64) = (incarnation.parse().ok()?, counter.parse().ok()?);
        let fits = incarnation < 1 << 24 && counter < 1 << LeaseId::COUNTER_BITS && parts.next().is_none();
        fits.then(|| {
            Some((
                sweep.parse().ok()?,
                JobNumber(job.parse().ok()?),
                LeaseId::new(Incarnation(incarnation), counter),
                kind,
            ))
        })?
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |why| NameError { text: text.to_owned(), why };
        if text.split('/').count() > MAX_PARTS {
            return Err(refuse("it has more than 8 parts between slashes"));
        }
        for part in text.split('/') {
            if part.is_empty() {
                return Err(refuse("a part between slashes is empty"));
            }
            if part.len() > MAX_PART_BYTES {
                return Err(refuse("a part between slashes is longer than 128 bytes"));
            }
            if part.starts_with('.') {
                return Err(refuse("a part begins with a dot"));
            }
            if !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
                return Err(refuse("it has characters outside [A-Za-z0-9._-] and slashes"));
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_who_made_what() {
        let (sweep, job, lease) = (SweepId(42), JobNumber(7), LeaseId::new(Incarnation(3), 9));
        let name = Name::of_lease(sweep, job, lease, "snapshots.safetensors").expect("a good kind");
        assert_eq!(name.as_str(), format!("{sweep}/7/3.9/snapshots.safetensors"));
        assert!(name.as_str().starts_with(Name::of_sweep(sweep).as_str()));
        assert!(name.as_str().starts_with(&format!("{}/", Name::of_job(sweep, job))));
        assert!(Name::of_lease(sweep, job, lease, "a/b").is_err());
        assert_eq!(name.of_attempt(), Some((sweep, job, lease, "snapshots.safetensors")));
        for other in ["nonce/3", "a/7/3.9/x", &format!("{sweep}/7/3/x"), &format!("{sweep}/7/99999999.1/x")] {
            assert_eq!(other.parse::<Name>().expect("a name").of_attempt(), None, "{other}");
        }
    }

    #[test]
    fn names_never_leave_the_store() {
        let long = "x".repeat(MAX_PART_BYTES + 1);
        let deep = ["x"; MAX_PARTS + 1].join("/");
        for text in ["", "/", "/etc", "a//b", "a/", "..", "a/../b", ".hidden", "a b", "ä", "a\\b", "a#1", &long, &deep]
        {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
        assert!("a-1/B_2/c.3".parse::<Name>().is_ok());
    }
}
