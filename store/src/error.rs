//! What can go wrong, always naming the store's URL and the artifact.

/// A name that no artifact can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot name an artifact: {why}")]
pub struct NameError {
    /// What was given.
    pub text: String,
    /// Which rule it breaks.
    pub why: &'static str,
}

/// An operation on the store that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL has a scheme that this build does not know, or is not well formed.
    #[error("`{url}` is not a store that this build can open: give a folder, as a path or as file:///…")]
    Url {
        /// What was given.
        url: String,
    },
    /// The folder cannot be made or opened.
    #[error("cannot open the artifact store {url}: {source}")]
    Open {
        /// The store.
        url: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store has no such artifact.
    #[error("the artifact store {url} has no {name}")]
    Missing {
        /// The store.
        url: String,
        /// The artifact.
        name: String,
    },
    /// Another artifact has that name already.
    #[error("{name} is in the artifact store {url} already, with other content")]
    Conflict {
        /// The store.
        url: String,
        /// The artifact.
        name: String,
    },
    /// The content is not what its digest says.
    #[error("{name} in the artifact store {url} is damaged: its SHA-256 is {found}, not {expected}")]
    Damaged {
        /// The store.
        url: String,
        /// The artifact.
        name: String,
        /// The digest that was promised, in hex.
        expected: String,
        /// The digest of what is there, in hex.
        found: String,
    },
    /// The content has another size than was promised.
    #[error("{name} in the artifact store {url} is damaged: it has {found} bytes, not {expected}")]
    Size {
        /// The store.
        url: String,
        /// The artifact.
        name: String,
        /// The size that was promised.
        expected: u64,
        /// The size of what is there.
        found: u64,
    },
    /// What was to be put could not be read.
    #[error("cannot put {name} into the artifact store {url}: its pieces fail: {source}")]
    Pieces {
        /// The store.
        url: String,
        /// The artifact.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// What came from the store could not be written down.
    #[error("cannot copy {name} out of the artifact store {url}: {source}")]
    Copy {
        /// The store.
        url: String,
        /// The artifact.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// More bytes than an artifact may have.
    #[error("{name} has {size} bytes, but an artifact in {url} may have at most {max}")]
    TooLarge {
        /// The store.
        url: String,
        /// The artifact.
        name: String,
        /// Its size.
        size: u64,
        /// The most allowed.
        max: u64,
    },
    /// The store itself failed: a full disk, no permission, no network.
    #[error("cannot {verb} {name} in the artifact store {url}: {source}")]
    Store {
        /// The store.
        url: String,
        /// The artifact, or the prefix that was listed.
        name: String,
        /// What was tried.
        verb: &'static str,
        /// What the store said.
        source: Box<object_store::Error>,
    },
}
