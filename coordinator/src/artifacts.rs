//! The artifact store as the coordinator sees it: where it is, and an artifact by which workers prove that they reach it.

use traipse_store::{Name, Store};
use traipse_sweep::Incarnation;

use crate::Error;

/// Bytes of the nonce.
const NONCE_BYTES: usize = 16;

/// What is announced at `register`.
#[derive(Debug)]
pub(crate) struct Artifacts {
    pub(crate) url: String,
    pub(crate) nonce_name: String,
    pub(crate) nonce: Vec<u8>,
}

impl Artifacts {
    /// Opens the store and puts this life's nonce into it; the last life's is taken away.
    pub(crate) async fn open(url: &str, incarnation: Incarnation) -> Result<Self, Error> {
        let store = Store::open(url)?;
        let nonce = crate::folder::random::<NONCE_BYTES>()?.to_vec();
        let name = nonce_name(incarnation);
        store.delete(&name).await?;
        store.put_if_absent(&name, nonce.clone()).await?;
        store.delete(&nonce_name(Incarnation(incarnation.0.saturating_sub(1)))).await?;
        Ok(Self { url: store.url().to_owned(), nonce_name: name.to_string(), nonce })
    }
}

fn nonce_name(incarnation: Incarnation) -> Name {
    format!("nonce/{}", incarnation.0).parse().expect("a number is a part of a name")
}
