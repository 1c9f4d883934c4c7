//! One comparison: several runs measured together.

mod member;
mod wanted;

pub use member::{Member, MemberFile};
pub(super) use wanted::wanted;

use super::{RunClock, RunEnd, Task};

/// Measures the members of one comparison together; `task.job` is the comparison.
#[must_use]
pub fn compare(task: &Task, _members: &[Member]) -> (RunEnd, RunClock) {
    let why = format!("job {} is a comparison, which this version cannot measure", task.job.0);
    (RunEnd::Invalid(why), RunClock::default())
}
