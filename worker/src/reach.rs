//! The artifact store: whether this worker reaches the one that the coordinator announces.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use traipse_proto::v1::RegisterResponse;
use traipse_store::{Name, Store};

/// A store that does not give the nonce within this counts as out of reach.
const PATIENCE: Duration = Duration::from_secs(5);

/// The store that slots put their artifacts into, once it is known to be the coordinator's.
#[derive(Debug, Default)]
pub(crate) struct Reach(RwLock<Option<Store>>);

impl Reach {
    pub(crate) fn set(&self, store: Option<Store>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    pub(crate) fn store(&self) -> Option<Store> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Opens the announced store and compares the nonce: another machine's folder of the same name is not the store.
pub(crate) async fn prove(announced: &RegisterResponse) -> Option<Store> {
    let url = &announced.artifacts_url;
    if url.is_empty() {
        return None;
    }
    match tokio::time::timeout(PATIENCE, read_nonce(announced)).await {
        Ok(Ok((store, nonce))) if nonce == announced.nonce => return Some(store),
        Ok(Ok(_)) => tracing::warn!(%url, "the artifact store here is another one than the coordinator's"),
        Ok(Err(why)) => tracing::warn!(%url, %why, "the artifact store is out of reach: no weights can be kept"),
        Err(_) => tracing::warn!(%url, "the artifact store does not answer: no weights can be kept"),
    }
    None
}

async fn read_nonce(announced: &RegisterResponse) -> Result<(Store, Vec<u8>), String> {
    let name: Name = announced.nonce_name.parse().map_err(|error: traipse_store::NameError| error.to_string())?;
    let store = Store::open_existing(&announced.artifacts_url).map_err(|error| error.to_string())?;
    let nonce = store.get(&name).await.map_err(|error| error.to_string())?;
    Ok((store, nonce.to_vec()))
}
