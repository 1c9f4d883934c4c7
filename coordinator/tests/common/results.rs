//! Reading a whole stream of results.

use sha2::{Digest, Sha256};
use tonic::Status;
use traipse_proto::client::Clients;
use traipse_proto::v1::{self, results_part::Part};

/// A whole stream: the header, and each file's bytes, whose digests are right.
pub(crate) struct Results {
    pub(crate) header: v1::ResultsHeader,
    pub(crate) artifacts: Vec<v1::StoredArtifact>,
}

impl Results {
    pub(crate) fn n_rows(&self, table: &str) -> u64 {
        self.header.files.iter().filter(|file| file.table == table).map(|file| file.n_rows).sum()
    }
}

pub(crate) async fn results(clients: &Clients, sweep: &str) -> Results {
    try_results(clients, sweep).await.expect("the results are there")
}

/// The results, or why there are none.
pub(crate) async fn try_results(clients: &Clients, sweep: &str) -> Result<Results, Status> {
    let request = v1::ResultsRequest { sweep: sweep.to_owned() };
    let mut stream = clients.sweep.clone().results(request).await.expect("the sweep is there").into_inner();
    let Some(Part::Header(header)) = stream.message().await?.expect("a header").part else { panic!("no header") };
    let (mut bytes, mut artifacts) = (Vec::new(), Vec::new());
    while let Some(part) = stream.message().await.expect("the stream goes on") {
        match part.part.expect("a part") {
            Part::Chunk(chunk) => bytes.extend_from_slice(&chunk),
            Part::Artifacts(more) => artifacts.extend(more.artifacts),
            other => panic!("unexpected {other:?}"),
        }
    }
    let mut rest = &bytes[..];
    for file in &header.files {
        let (own, others) = rest.split_at(file.size as usize);
        assert_eq!(Sha256::digest(own)[..], file.sha256[..], "{}", file.table);
        assert_eq!(&own[..4], b"PAR1");
        rest = others;
    }
    assert!(rest.is_empty());
    Ok(Results { header, artifacts })
}
