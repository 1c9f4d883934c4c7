//! Keys that the grammar knows and that this version cannot do yet.

/// A key that is known but not available: only its default is accepted.
#[derive(Debug)]
pub(crate) struct Later {
    /// Dotted.
    pub(crate) key: &'static str,
    /// Its default as JSON; empty where it has none and must be left out.
    pub(crate) default: &'static str,
}

const fn later(key: &'static str, default: &'static str) -> Later {
    Later { key, default }
}

/// Every such key, in the order of the documentation.
pub(crate) const LATER: &[Later] = &[
    later("execution.priority", "0"),
    later("execution.max_concurrent", "0"),
    later("execution.require", "{\"labels\":{},\"memory_mb\":0}"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_json() {
        for later in LATER.iter().filter(|later| !later.default.is_empty()) {
            assert!(serde_json::from_str::<serde_json::Value>(later.default).is_ok(), "{}", later.key);
        }
    }
}
