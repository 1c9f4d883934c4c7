//! The bearer token: on every call but health.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::lease_token::same;

/// Refuses calls without the token.
#[derive(Clone)]
pub(super) struct Auth {
    digest: Arc<[u8; 32]>,
}

impl Auth {
    pub(super) fn new(token: &str) -> Self {
        Self { digest: Arc::new(digest(token.as_bytes())) }
    }
}

impl Interceptor for Auth {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let header = request.metadata().get("authorization").map(|value| value.as_bytes());
        let Some(token) = header.and_then(|header| header.strip_prefix(b"Bearer ")) else {
            return Err(Status::unauthenticated("no token: pass the coordinator's, which is in DATA/token"));
        };
        // Digests have one length, so the time says nothing of the token's.
        if same(&digest(token), &*self.digest) {
            Ok(request)
        } else {
            Err(Status::unauthenticated("not the token of this coordinator: pass the one in its DATA/token"))
        }
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_passes() {
        let mut auth = Auth::new("0123456789abcdef");
        for (header, passes) in [
            (Some("Bearer 0123456789abcdef"), true),
            (Some("Bearer 0123456789abcdeX"), false),
            (Some("Bearer "), false),
            (Some("0123456789abcdef"), false),
            (None, false),
        ] {
            let mut request = Request::new(());
            if let Some(header) = header {
                request.metadata_mut().insert("authorization", header.parse().unwrap());
            }
            assert_eq!(auth.call(request).is_ok(), passes, "{header:?}");
        }
    }
}
