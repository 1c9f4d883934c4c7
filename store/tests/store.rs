//! A store in a folder: what is put is there, once, whole, and under its own name.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use traipse_store::{Artifact, Error, Name, Store};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("a folder").to_str().unwrap()).unwrap();
    (folder, store)
}

#[tokio::test]
async fn what_is_put_is_got() {
    let (_folder, store) = open();
    let put = store.put_if_absent(&name("s/1/1.2/weights"), "abc").await.unwrap();
    assert_eq!(put, Artifact::of(b"abc"));
    assert_eq!(put.size, 3);
    assert_eq!(put.sha256[..4], [0xba, 0x78, 0x16, 0xbf]);
    assert_eq!(store.get_verified(&name("s/1/1.2/weights"), &put.sha256).await.unwrap(), "abc");
}

#[tokio::test]
async fn the_announced_url_opens_the_same_store() {
    let (_folder, store) = open();
    store.put_if_absent(&name("nonce"), "abc").await.unwrap();
    assert!(store.url().starts_with("file:///") && store.url().ends_with("/a%20folder"), "{}", store.url());
    let other = Store::open(store.url()).unwrap();
    assert_eq!(other.get(&name("nonce")).await.unwrap(), "abc");
    assert_eq!(other.url(), store.url());
}

#[tokio::test]
async fn a_name_is_given_once() {
    let (_folder, store) = open();
    let first = store.put_if_absent(&name("a"), "abc").await.unwrap();
    assert_eq!(store.put_if_absent(&name("a"), "abc").await.unwrap(), first);
    let error = store.put_if_absent(&name("a"), "abd").await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(store.get(&name("a")).await.unwrap(), "abc");
}

#[tokio::test]
async fn pieces_become_one_artifact() {
    let (_folder, store) = open();
    let bytes: Vec<u8> = (0..20 << 20).map(|i: u32| ((i * 31) >> 7) as u8).collect();
    let pieces = |len: usize| bytes.chunks(len).map(|piece| Ok(piece.to_vec().into()));
    let put = store.put_pieces_if_absent(&name("s/a"), bytes.len() as u64, pieces(1 << 20)).await.unwrap();
    assert_eq!(put, Artifact::of(&bytes));
    assert_eq!(store.get_verified(&name("s/a"), &put.sha256).await.unwrap(), bytes);
    // Again, in other pieces; then with other content.
    assert_eq!(store.put_pieces_if_absent(&name("s/a"), put.size, pieces(3 << 20)).await.unwrap(), put);
    let other = std::iter::once(Ok("abc".into()));
    let error = store.put_pieces_if_absent(&name("s/a"), 3, other).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(store.list(&name("s")).await.unwrap().len(), 1, "nothing is left aside");
    let empty = store.put_pieces_if_absent(&name("s/empty"), 0, std::iter::empty()).await.unwrap();
    assert_eq!(empty, Artifact::of(b""));
}

#[tokio::test]
async fn pieces_that_fail_leave_nothing() {
    let (_folder, store) = open();
    let broken = [Ok("abc".into()), Err(std::io::Error::other("the disk is gone"))];
    let error = store.put_pieces_if_absent(&name("s/a"), 6, broken.into_iter()).await.unwrap_err();
    assert!(error.to_string().contains("the disk is gone") && error.to_string().contains("s/a"), "{error}");
    let error = store.put_pieces_if_absent(&name("s/a"), 4, std::iter::once(Ok("abc".into()))).await.unwrap_err();
    assert!(error.to_string().contains("3 bytes, not 4"), "{error}");
    let error = store.put_pieces_if_absent(&name("s/a"), 1 << 40, std::iter::empty()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    assert!(store.list(&name("s")).await.unwrap().is_empty());
}

#[tokio::test]
async fn damage_is_seen() {
    let (folder, store) = open();
    let put = store.put_if_absent(&name("s/a"), "abc").await.unwrap();
    std::fs::write(folder.path().join("a folder/s/a"), "abx").unwrap();
    let error = store.get_verified(&name("s/a"), &put.sha256).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let error = store.get_exactly(&name("s/a"), &put).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    std::fs::write(folder.path().join("a folder/s/a"), "abcd").unwrap();
    let error = store.get_exactly(&name("s/a"), &put).await.unwrap_err();
    assert!(matches!(error, Error::Size { expected: 3, found: 4, .. }), "{error}");
    assert!(error.to_string().contains("s/a") && error.to_string().contains(store.url()));
}

#[tokio::test]
async fn prefixes_are_listed_and_artifacts_deleted() {
    let (_folder, store) = open();
    for text in ["s/2/1.1/w", "s/1/1.2/w", "s/10/1.3/w", "t/1/1.4/w"] {
        store.put_if_absent(&name(text), text.to_owned()).await.unwrap();
    }
    let listed = store.list(&name("s")).await.unwrap();
    let names: Vec<_> = listed.iter().map(|listed| listed.name.as_str()).collect();
    assert_eq!(names, ["s/1/1.2/w", "s/10/1.3/w", "s/2/1.1/w"]);
    assert_eq!(listed[0].size, 9);
    assert_eq!(store.list(&name("s/1")).await.unwrap().len(), 1);
    assert_eq!(store.list(&name("t")).await.unwrap().len(), 1);
    store.delete(&name("t/1/1.4/w")).await.unwrap();
    store.delete(&name("t/1/1.4/w")).await.unwrap();
}

#[tokio::test]
async fn errors_name_the_store_and_the_artifact() {
    let (folder, store) = open();
    let error = store.get(&name("s/none")).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert!(error.to_string().contains("s/none") && error.to_string().contains(store.url()));

    assert!(matches!(Store::open("s3://bucket/x").unwrap_err(), Error::Url { .. }));
    assert!(matches!(Store::open("").unwrap_err(), Error::Url { .. }));
    let none = folder.path().join("none");
    assert!(matches!(Store::open_existing(none.to_str().unwrap()).unwrap_err(), Error::Open { .. }));
    assert!(!none.exists(), "nothing is made");
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(Store::open(file.join("x").to_str().unwrap()).unwrap_err(), Error::Open { .. }));
}
