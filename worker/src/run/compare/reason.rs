//! Why values of a comparison are null: the words of its status beside those of the probes.

pub(super) const MEMBER_FAILED: &str = "member-failed";
pub(super) const MEMBER_DIVERGED: &str = "member-diverged";
pub(super) const NO_SNAPSHOT: &str = "no-snapshot: a member has none there";
pub(super) const TOO_FEW_MEMBERS: &str = "too-few-members: fewer than two have weights there";
pub(super) const DIFFERENT_DATA: &str = "different-data: members were trained on different sets";
pub(super) const DIFFERENT_NETWORKS: &str = "different-networks: one member's weights mean nothing in the other's";
pub(super) const NO_FORK_SNAPSHOT: &str = "no-fork-snapshot: no snapshot at the fork to count displacements from";
pub(super) const MORE_THAN_TWO: &str = "more-than-two: a segment has two ends";

/// Reasons in the order in which they were met, once each.
#[derive(Debug, Default)]
pub(super) struct Reasons(Vec<&'static str>);

impl Reasons {
    pub(super) fn add(&mut self, reason: &'static str) {
        if !self.0.contains(&reason) {
            self.0.push(reason);
        }
    }

    /// A value, or null with its reason.
    pub(super) fn or_null(&mut self, value: Result<f64, traipse_probe::Missing>) -> Option<f64> {
        value.inspect_err(|missing| self.add(missing.as_str())).ok()
    }

    pub(super) fn text(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join("; "))
    }
}
