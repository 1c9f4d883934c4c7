//! What a coordinator knows only while it lives: deadlines, sessions, measured work. None of it is in the journal.

pub(crate) mod backoff;
pub(crate) mod clocks;
pub(crate) mod lapsed;
pub(crate) mod suspensions;
pub(crate) mod work;
pub(crate) mod workers;
