//! Tokens of leases: whoever shows one may report the lease, so that a restarted worker can. A token is good for the job
//! that was leased and for no other, also after a crash that lost the grant.

use sha2::{Digest, Sha256};
use traipse_proto::convert::ids::Token;
use traipse_sweep::{Generation, JobNumber, LeaseId, SweepId};

/// Bytes of a token that depend on the lease alone: enough to list a lease, not to report it.
const LEASE_BYTES: usize = 8;

/// Makes and checks tokens: 8 bytes of SHA-256(secret ‖ lease), then 8 of SHA-256(secret ‖ lease ‖ sweep ‖ job ‖
/// generation).
#[derive(Clone)]
pub(crate) struct Tokens {
    secret: [u8; 32],
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leased {
    pub(crate) lease: LeaseId,
    pub(crate) sweep: SweepId,
    pub(crate) job: JobNumber,
    pub(crate) generation: Generation,
}

impl Tokens {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The token of a lease.
    pub(crate) fn of(&self, leased: Leased) -> Token {
        let Leased { lease, sweep, job, generation } = leased;
        let of_job = Sha256::new()
            .chain_update(self.secret)
            .chain_update(lease.0.to_be_bytes())
            .chain_update(sweep.0.to_be_bytes())
            .chain_update(job.0.to_be_bytes())
            .chain_update(generation.0.to_be_bytes())
            .finalize();
        let of_lease = self.first_form(lease);
        std::array::from_fn(|at| if at < LEASE_BYTES { of_lease[at] } else { of_job[at - LEASE_BYTES] })
    }

    /// Whether that is the token of that lease, whatever it leases.
    pub(crate) fn is_of(&self, token: &[u8], lease: LeaseId) -> bool {
        let own = self.first_form(lease);
        token.len() == own.len() && same(&own[..LEASE_BYTES], &token[..LEASE_BYTES])
    }

    /// Whether that token was given with that lease of that job. Leases of journals that the first version wrote have
    /// tokens of its form, which is never given any more.
    pub(crate) fn is_for(&self, token: &[u8], leased: Leased) -> bool {
        same(&self.of(leased), token) || same(&self.first_form(leased.lease), token)
    }

    /// The first version's: all of it depends on the lease alone.
    fn first_form(&self, lease: LeaseId) -> Token {
        let digest = Sha256::new().chain_update(self.secret).chain_update(lease.0.to_be_bytes()).finalize();
        std::array::from_fn(|at| digest[at])
    }
}

/// Compares without telling by its time where the first difference is.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_lease_and_job_alone() {
        let tokens = Tokens::new([7; 32]);
        let leased = Leased { lease: LeaseId(3), sweep: SweepId(1), job: JobNumber(5), generation: Generation(0) };
        let token = tokens.of(leased);
        assert!(tokens.is_of(&token, LeaseId(3)) && tokens.is_for(&token, leased));
        assert!(!tokens.is_of(&token, LeaseId(4)) && !tokens.is_of(&token[..15], LeaseId(3)));
        assert!(!Tokens::new([8; 32]).is_of(&token, LeaseId(3)) && !tokens.is_for(&token[..15], leased));
        let others = [
            Leased { sweep: SweepId(2), ..leased },
            Leased { job: JobNumber(6), ..leased },
            Leased { generation: Generation(1), ..leased },
            Leased { lease: LeaseId(4), ..leased },
        ];
        assert!(others.iter().all(|other| !tokens.is_for(&token, *other)));
    }
}
