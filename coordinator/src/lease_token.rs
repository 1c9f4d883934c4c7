//! Tokens of leases: whoever shows one may report the lease, so that a restarted worker can.

use sha2::{Digest, Sha256};
use traipse_proto::convert::ids::Token;
use traipse_sweep::LeaseId;

/// Makes and checks tokens: the first 16 bytes of SHA-256(secret ‖ lease id).
#[derive(Clone)]
pub(crate) struct Tokens {
    secret: [u8; 32],
}

impl Tokens {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The token of a lease.
    pub(crate) fn of(&self, lease: LeaseId) -> Token {
        let digest = Sha256::new().chain_update(self.secret).chain_update(lease.0.to_be_bytes()).finalize();
        std::array::from_fn(|at| digest[at])
    }

    /// Whether that is the token of that lease.
    pub(crate) fn is_of(&self, token: &[u8], lease: LeaseId) -> bool {
        same(&self.of(lease), token)
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
    fn a_token_fits_its_lease_alone() {
        let tokens = Tokens::new([7; 32]);
        let token = tokens.of(LeaseId(3));
        assert!(tokens.is_of(&token, LeaseId(3)));
        assert!(!tokens.is_of(&token, LeaseId(4)));
        assert!(!tokens.is_of(&token[..15], LeaseId(3)));
        assert!(!Tokens::new([8; 32]).is_of(&token, LeaseId(3)));
    }
}
