//! The store: put once, get, check, list, delete.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Location;
use object_store::{GetResult, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use sha2::{Digest, Sha256};
use url::Url;

use crate::error::Error;
use crate::name::Name;

/// Most bytes of one artifact: all of it is in memory while it is read.
pub const MAX_ARTIFACT_BYTES: u64 = 4 << 30;

/// Bytes that are sent at a time: some clouds take no smaller parts than 5 MiB.
const PART_BYTES: usize = 8 << 20;

/// Ends the name of an artifact that is being put piece by piece.
const ASIDE: &str = ".part";

/// A handle on a store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    url: Arc<str>,
    objects: Arc<dyn ObjectStore>,
}

/// What was put: enough to find out later whether it is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// In bytes.
    pub size: u64,
    /// Of the content.
    pub sha256: [u8; 32],
}

/// One artifact of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub name: Name,
    /// In bytes.
    pub size: u64,
    /// When it was put, by the store's clock.
    pub put_at: SystemTime,
}

impl Artifact {
    /// What putting `bytes` would answer.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, sha256: Sha256::digest(bytes).into() }
    }
}

impl Store {
    /// Opens the store at `url`: a folder, as a path or as `file:///…`, which is made if it is not there.
    ///
    /// # Errors
    /// If the URL is of another kind, or the folder can be neither made nor opened.
    pub fn open(url: &str) -> Result<Self, Error> {
        let folder = folder_of(url)?;
        std::fs::create_dir_all(&folder).map_err(|source| Error::Open { url: url.to_owned(), source })?;
        Self::open_folder(url, &folder)
    }

    /// Opens the store at `url` if it is there; makes nothing. For whoever was told of a store by another machine.
    ///
    /// # Errors
    /// As [`Store::open`], and if the folder is not there.
    pub fn open_existing(url: &str) -> Result<Self, Error> {
        Self::open_folder(url, &folder_of(url)?)
    }

    fn open_folder(url: &str, folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Open { url: url.to_owned(), source };
        let folder = folder.canonicalize().map_err(failed)?;
        // The announced URL is absolute: another process has another working directory.
        let announced = Url::from_directory_path(&folder).map_err(|()| Error::Url { url: url.to_owned() })?;
        let objects = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|source| failed(io::Error::other(source)))?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self { url: announced.as_str().trim_end_matches('/').into(), objects: Arc::new(objects) })
    }

    /// The store's absolute URL, which opens the same store from anywhere on this machine.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts an artifact; durable when it returns. Putting the same content again changes nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] if other content has that name; [`Error::TooLarge`]; [`Error::Store`].
    pub async fn put_if_absent(&self, name: &Name, bytes: impl Into<Bytes>) -> Result<Artifact, Error> {
        let bytes: Bytes = bytes.into();
        self.check_size(name, bytes.len() as u64)?;
        let artifact = Artifact::of(&bytes);
        match self.objects.put_opts(&location(name), PutPayload::from(bytes), PutMode::Create.into()).await {
            Ok(_) => Ok(artifact),
            Err(object_store::Error::AlreadyExists { .. }) => self.must_be(name, artifact).await,
            Err(source) => Err(self.failed("write", name, source)),
        }
    }

    /// Puts an artifact of `size` bytes piece by piece, as [`Store::put_if_absent`] puts a whole one; a few pieces are in
    /// memory at a time. The pieces are asked for on the thread that waits, and may take their time.
    ///
    /// # Errors
    /// As [`Store::put_if_absent`]; [`Error::Pieces`] with the first piece that fails, or if they are not `size` bytes.
    pub async fn put_pieces_if_absent<P>(&self, name: &Name, size: u64, pieces: P) -> Result<Artifact, Error>
    where
        P: Iterator<Item = io::Result<Bytes>>,
    {
        self.check_size(name, size)?;
        let aside = Location::from(format!("{name}{ASIDE}"));
        let artifact = self.upload(name, &aside, size, pieces).await?;
        match self.objects.rename_if_not_exists(&aside, &location(name)).await {
            Ok(()) => Ok(artifact),
            Err(object_store::Error::AlreadyExists { .. }) => {
                // What is left aside is deleted as any artifact that no report names.
                let _ = self.objects.delete(&aside).await;
                self.must_be(name, artifact).await
            }
            Err(source) => Err(self.failed("write", name, source)),
        }
    }

    /// The content of an artifact.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::TooLarge`] or [`Error::Store`].
    pub async fn get(&self, name: &Name) -> Result<Bytes, Error> {
        let found = self.open_object(name).await?;
        self.check_size(name, found.meta.size)?;
        found.bytes().await.map_err(|source| self.failed("read", name, source))
    }

    /// The content of an artifact, if its SHA-256 is the promised one.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not; otherwise as [`Store::get`].
    pub async fn get_verified(&self, name: &Name, sha256: &[u8; 32]) -> Result<Bytes, Error> {
        let bytes = self.get(name).await?;
        self.verified(name, bytes, sha256)
    }

    /// The content of an artifact, if size and SHA-256 are the promised ones. One of another size is not read.
    ///
    /// # Errors
    /// [`Error::Size`] or [`Error::Damaged`] if it is another; otherwise as [`Store::get`].
    pub async fn get_exactly(&self, name: &Name, promised: &Artifact) -> Result<Bytes, Error> {
        let found = self.open_promised(name, promised).await?;
        let bytes = found.bytes().await.map_err(|source| self.failed("read", name, source))?;
        self.verified(name, bytes, &promised.sha256)
    }

    /// Writes the content of an artifact to `out`, piece by piece, if size and SHA-256 are the promised ones. One of
    /// another size is not read; of a damaged one, some or all has been written.
    ///
    /// # Errors
    /// [`Error::Copy`] if `out` does not take it; otherwise as [`Store::get_exactly`].
    pub async fn copy_exactly(&self, name: &Name, promised: &Artifact, out: &mut dyn Write) -> Result<(), Error> {
        let mut pieces = self.open_promised(name, promised).await?.into_stream();
        let mut digest = Sha256::new();
        while let Some(piece) = pieces.try_next().await.map_err(|source| self.failed("read", name, source))? {
            digest.update(&piece);
            let failed = |source| Error::Copy { url: self.url.to_string(), name: name.to_string(), source };
            out.write_all(&piece).map_err(failed)?;
        }
        self.check_digest(name, digest.finalize().into(), &promised.sha256)
    }

    /// Writes the content of an artifact that nobody has promised anything of to `out`, piece by piece.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::TooLarge`], [`Error::Store`]; [`Error::Copy`] if `out` does not take it.
    pub async fn copy(&self, name: &Name, out: &mut dyn Write) -> Result<(), Error> {
        let found = self.open_object(name).await?;
        self.check_size(name, found.meta.size)?;
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.try_next().await.map_err(|source| self.failed("read", name, source))? {
            let failed = |source| Error::Copy { url: self.url.to_string(), name: name.to_string(), source };
            out.write_all(&piece).map_err(failed)?;
        }
        Ok(())
    }

    /// All artifacts under a prefix, in the order of their names. Files of others in the folder are passed over.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, prefix: &Name) -> Result<Vec<Listed>, Error> {
        let found: Vec<_> = self
            .objects
            .list(Some(&location(prefix)))
            .try_collect()
            .await
            .map_err(|source| self.failed("list", prefix, source))?;
        let named = found.into_iter().filter_map(|meta| {
            let name = meta.location.as_ref().parse().ok()?;
            Some(Listed { name, size: meta.size, put_at: meta.last_modified.into() })
        });
        let mut listed: Vec<Listed> = named.collect();
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }

    /// Deletes an artifact; one that is not there is deleted already.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn delete(&self, name: &Name) -> Result<(), Error> {
        match self.objects.delete(&location(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(self.failed("delete", name, source)),
        }
    }

    /// Writes all pieces under another name.
    async fn upload<P>(&self, name: &Name, aside: &Location, size: u64, pieces: P) -> Result<Artifact, Error>
    where
        P: Iterator<Item = io::Result<Bytes>>,
    {
        let failed = |source| self.failed("write", name, source);
        let mut upload = self.objects.put_multipart(aside).await.map_err(failed)?;
        match self.send(name, size, pieces, &mut *upload).await {
            Ok(artifact) => upload.complete().await.map(|_| artifact).map_err(failed),
            Err(error) => {
                // The first error is the one to tell.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }

    async fn send<P>(
        &self,
        name: &Name,
        size: u64,
        pieces: P,
        upload: &mut dyn MultipartUpload,
    ) -> Result<Artifact, Error>
    where
        P: Iterator<Item = io::Result<Bytes>>,
    {
        let broken = |source| Error::Pieces { url: self.url.to_string(), name: name.to_string(), source };
        let (mut digest, mut found) = (Sha256::new(), 0);
        let (mut part, mut part_bytes) = (Vec::new(), 0);
        for piece in pieces {
            let piece = piece.map_err(broken)?;
            digest.update(&piece);
            found += piece.len() as u64;
            part_bytes += piece.len();
            part.push(piece);
            if part_bytes >= PART_BYTES {
                let payload = PutPayload::from_iter(part.drain(..));
                part_bytes = 0;
                upload.put_part(payload).await.map_err(|source| self.failed("write", name, source))?;
            }
        }
        if found != size {
            return Err(broken(io::Error::other(format!("they have {found} bytes, not {size}"))));
        }
        upload.put_part(PutPayload::from_iter(part)).await.map_err(|source| self.failed("write", name, source))?;
        Ok(Artifact { size, sha256: digest.finalize().into() })
    }

    /// Compares what has the name already, which is read piece by piece.
    async fn must_be(&self, name: &Name, artifact: Artifact) -> Result<Artifact, Error> {
        let mut pieces = self.open_object(name).await?.into_stream();
        let (mut digest, mut size) = (Sha256::new(), 0);
        while let Some(piece) = pieces.try_next().await.map_err(|source| self.failed("read", name, source))? {
            digest.update(&piece);
            size += piece.len() as u64;
        }
        if (Artifact { size, sha256: digest.finalize().into() }) == artifact {
            return Ok(artifact);
        }
        Err(Error::Conflict { url: self.url.to_string(), name: name.to_string() })
    }

    async fn open_object(&self, name: &Name) -> Result<GetResult, Error> {
        match self.objects.get(&location(name)).await {
            Err(object_store::Error::NotFound { .. }) => {
                Err(Error::Missing { url: self.url.to_string(), name: name.to_string() })
            }
            other => other.map_err(|source| self.failed("read", name, source)),
        }
    }

    /// An object of the promised size.
    async fn open_promised(&self, name: &Name, promised: &Artifact) -> Result<GetResult, Error> {
        let found = self.open_object(name).await?;
        if found.meta.size == promised.size {
            return Ok(found);
        }
        let (expected, found) = (promised.size, found.meta.size);
        Err(Error::Size { url: self.url.to_string(), name: name.to_string(), expected, found })
    }

    fn verified(&self, name: &Name, bytes: Bytes, sha256: &[u8; 32]) -> Result<Bytes, Error> {
        self.check_digest(name, Artifact::of(&bytes).sha256, sha256).map(|()| bytes)
    }

    fn check_digest(&self, name: &Name, found: [u8; 32], expected: &[u8; 32]) -> Result<(), Error> {
        if found == *expected {
            return Ok(());
        }
        let (expected, found) = (hex(expected), hex(&found));
        Err(Error::Damaged { url: self.url.to_string(), name: name.to_string(), expected, found })
    }

    fn check_size(&self, name: &Name, size: u64) -> Result<(), Error> {
        if size <= MAX_ARTIFACT_BYTES {
            return Ok(());
        }
        Err(Error::TooLarge { url: self.url.to_string(), name: name.to_string(), size, max: MAX_ARTIFACT_BYTES })
    }

    fn failed(&self, verb: &'static str, name: &Name, source: object_store::Error) -> Error {
        Error::Store { url: self.url.to_string(), name: name.to_string(), verb, source: Box::new(source) }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.url)
    }
}

/// The folder that a URL or a path names.
fn folder_of(url: &str) -> Result<PathBuf, Error> {
    let bad = || Error::Url { url: url.to_owned() };
    if !url.contains("://") {
        return if url.is_empty() { Err(bad()) } else { Ok(PathBuf::from(url)) };
    }
    let parsed = Url::parse(url).map_err(|_| bad())?;
    if parsed.scheme() != "file" {
        return Err(bad());
    }
    parsed.to_file_path().map_err(|()| bad())
}

fn location(name: &Name) -> Location {
    Location::from(name.as_str())
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
