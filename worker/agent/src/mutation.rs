//! Bugs that the simulator switches on, one at a time, to show that it finds them. Without the feature `simulation`,
//! which no product enables, none can be: [`is_on`] is a constant then.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// An outcome that was in a report is forgotten when the report's session is lost.
    DropSpoolEntry,
}

#[cfg(feature = "simulation")]
mod switch {
    use std::cell::Cell;

    use super::Mutation;

    thread_local! {
        static ON: Cell<Option<Mutation>> = const { Cell::new(None) };
    }

    /// Switches a bug on in this thread, and all others off.
    pub fn switch(mutation: Option<Mutation>) {
        ON.set(mutation);
    }

    pub(crate) fn is_on(mutation: Mutation) -> bool {
        ON.get() == Some(mutation)
    }
}

#[cfg(not(feature = "simulation"))]
mod switch {
    use super::Mutation;

    pub(crate) const fn is_on(_: Mutation) -> bool {
        false
    }
}

pub(crate) use switch::is_on;
#[cfg(feature = "simulation")]
pub use switch::switch;
