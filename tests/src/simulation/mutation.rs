//! The bugs that are switched on, one at a time, to show that they are found.

/// A bug: in the scheduler, in the agent, or in what the simulated processes do around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Answers do not wait for what they show to be durable.
    AnswerBeforeCommit,
    /// A report of another generation than the job's is accepted.
    AcceptOldGeneration,
    /// Lease ids begin again with every life of the coordinator.
    ReuseLease,
    /// A repeated report is answered, but not as the first time.
    LoseRepeatedAnswer,
    /// An outcome that was in a report is forgotten when the report's session is lost.
    DropSpoolEntry,
    /// The coordinator's clock is the wall clock, which jumps.
    ExpireByWallClock,
    /// A comparison is not looked for when a member ends without rows.
    ForgetGroup,
    /// The blocks of a segment are deleted before the transaction that names it.
    DeleteBeforeNaming,
    /// A lease that is handed back counts against its job.
    CountDrain,
    /// A worker's new life renews the leases of the one before.
    RenewDeadIncarnation,
}

impl Mutation {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::AnswerBeforeCommit, "answer-before-commit"),
        (Self::AcceptOldGeneration, "accept-old-generation"),
        (Self::ReuseLease, "reuse-lease"),
        (Self::LoseRepeatedAnswer, "lose-repeated-answer"),
        (Self::DropSpoolEntry, "drop-spool-entry"),
        (Self::ExpireByWallClock, "expire-by-wall-clock"),
        (Self::ForgetGroup, "forget-group"),
        (Self::DeleteBeforeNaming, "delete-before-naming"),
        (Self::CountDrain, "count-drain"),
        (Self::RenewDeadIncarnation, "renew-dead-incarnation"),
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(mutation, _)| *mutation == self).map_or("", |(_, name)| name)
    }

    /// The mutation of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(mutation, _)| *mutation)
    }
}

/// Switches one on, and all others off, in this thread.
pub(crate) fn switch(mutation: Option<Mutation>) {
    use traipse_agent::Mutation as OfAgent;
    use traipse_scheduler::Mutation as OfScheduler;
    let of_scheduler = match mutation {
        Some(Mutation::AnswerBeforeCommit) => Some(OfScheduler::AnswerBeforeCommit),
        Some(Mutation::AcceptOldGeneration) => Some(OfScheduler::AcceptOldGeneration),
        Some(Mutation::ReuseLease) => Some(OfScheduler::ReuseLease),
        Some(Mutation::LoseRepeatedAnswer) => Some(OfScheduler::LoseRepeatedAnswer),
        Some(Mutation::ForgetGroup) => Some(OfScheduler::ForgetGroup),
        Some(Mutation::CountDrain) => Some(OfScheduler::CountDrain),
        Some(Mutation::RenewDeadIncarnation) => Some(OfScheduler::RenewDeadIncarnation),
        _ => None,
    };
    traipse_scheduler::switch(of_scheduler);
    traipse_agent::switch((mutation == Some(Mutation::DropSpoolEntry)).then_some(OfAgent::DropSpoolEntry));
}
