//! The worker's state machine without IO: `on(now, Event) -> Vec<Action>`.
