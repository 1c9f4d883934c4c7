//! Identities: what is named, by whom, and what makes the name unique.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

/// Declares an id that is a ULID: made by a client or a worker, 26 characters in text, sorted by creation.
macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", Ulid(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), Ulid(self.0))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Ulid::from_string(text)
                    .map(|id| Self(id.0))
                    .map_err(|_| IdError { what: stringify!($name), text: text.to_owned() })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

ulid_id! {
    /// One submitted experiment. Made by the client, so that a repeated submit names the same sweep.
    SweepId
}
ulid_id! {
    /// A worker process's lasting identity, kept in its state folder.
    WorkerId
}

ulid_id! {
    /// A person's wish that must be fulfilled once, however often it is sent. Made by the client.
    RequestId
}

/// An id that is not a ULID of 26 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: expected the 26 characters of a ULID")]
pub struct IdError {
    /// The kind of id that was expected.
    pub what: &'static str,
    /// What was found.
    pub text: String,
}

/// A job's number in its sweep: its block's base plus its lexicographic index in the block. It never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobNumber(pub u64);

/// Raised by retry and by extension: the fence that keeps an older execution's rows out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Generation(pub u32);

/// One life of a process: raised, durably, before it acts. Coordinators and workers both have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation(pub u32);

/// A worker's right to a job until a deadline: `incarnation << 40 | counter`, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeaseId(pub u64);

impl LeaseId {
    /// Bits of the counter below the incarnation.
    pub const COUNTER_BITS: u32 = 40;

    /// The lease `counter` of the coordinator's life `incarnation`.
    ///
    /// # Panics
    /// If either number is outside its field: 2⁴⁰ leases in one life, or 2²⁴ lives, is a bug.
    #[must_use]
    pub fn new(incarnation: Incarnation, counter: u64) -> Self {
        assert!(counter < 1 << Self::COUNTER_BITS, "a lease counter stays below 2^40");
        assert!(incarnation.0 < 1 << 24, "an incarnation stays below 2^24");
        Self(u64::from(incarnation.0) << Self::COUNTER_BITS | counter)
    }

    /// The coordinator's life that granted it.
    #[must_use]
    pub fn incarnation(self) -> Incarnation {
        Incarnation((self.0 >> Self::COUNTER_BITS) as u32)
    }
}

impl fmt::Debug for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeaseId({self})")
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.incarnation().0, self.0 & ((1 << Self::COUNTER_BITS) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_text() {
        let id = SweepId(0x0192_0000_0000_0000_0000_0000_0000_002a);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("nonsense".parse::<WorkerId>().is_err());
    }

    #[test]
    fn a_lease_id_remembers_its_incarnation() {
        let lease = LeaseId::new(Incarnation(3), 7);
        assert_eq!(lease.incarnation(), Incarnation(3));
        assert_eq!(lease.to_string(), "3.7");
    }
}
