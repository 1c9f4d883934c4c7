//! `traipse data fetch NAME`: a published data set, downloaded, checked, and put into its place whole.

use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use traipse_sweep::settings::DataName;
use traipse_worker::data::{Published, is_present, published};
use ureq::Agent;

use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::units::bytes;

/// Which, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The data set, as in data.name.
    #[arg(value_parser = super::name())]
    name: DataName,
    /// The folder to put the files into; data.dir of a sweep file names it. [default: data/NAME]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A mirror: the folder of that URL is asked for the files, under their published names.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
}

/// Until a server must answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// Until a file must be there.
const FILE_LIMIT: Duration = Duration::from_secs(3600);
/// Read at once.
const CHUNK: usize = 1 << 16;

/// One file to fetch.
struct Wanted<'a> {
    name: &'a str,
    url: String,
    bytes: u64,
    sha256: &'a str,
}

/// Fetches what is not there.
pub(super) fn run(args: &Args, screen: &Screen) -> Result<End, Error> {
    let set = published(args.name);
    let name = args.name.as_str();
    if set.files.is_empty() {
        return nothing(set, screen);
    }
    let dir = args.dir.clone().unwrap_or_else(|| Path::new("data").join(name));
    fs::create_dir_all(&dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let wanted: Vec<Wanted<'_>> = set.files.iter().map(|file| Wanted::new(file, args.from.as_deref())).collect();
    let is_here = wanted.iter().any(|file| dir.join(file.name).exists());
    if !is_here && is_present(args.name, &dir) {
        screen.print(format!("{name} is in {} already, under other names: nothing was fetched", dir.display()))?;
        return Ok(End::Done);
    }
    fetch(&wanted, &dir, screen).map_err(|error| error.help(by_hand(&wanted, &dir)))?;
    screen.print(format!("{name} is in {0}: name = \"{name}\", dir = \"{0}\" in [data]", dir.display()))?;
    Ok(End::Done)
}

/// Sets that have no files to download.
fn nothing(set: &Published, screen: &Screen) -> Result<End, Error> {
    let name = set.name.as_str();
    if set.name.has_files() {
        let error = Error::wrong_use(format!("{name} stands for your own files: there is nothing to fetch"));
        return Err(error.help("docs/data-sets.md says what they must look like"));
    }
    screen.print(format!("{name} needs no files ({}): there is nothing to fetch", set.source))?;
    Ok(End::Done)
}

/// Fetches every file that is not there yet.
fn fetch(files: &[Wanted<'_>], dir: &Path, screen: &Screen) -> Result<(), Error> {
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_recv_response(Some(ANSWER_LIMIT))
        .timeout_global(Some(FILE_LIMIT))
        .build();
    let agent = Agent::new_with_config(config);
    for file in files {
        if !is_there(file, dir)? {
            screen.note(format!("fetching {} from {}", bytes(file.bytes as f64), file.url));
            file.download(&agent, dir)?;
        }
    }
    Ok(())
}

/// Whether a file is there and right; one that is wrong is not touched.
fn is_there(file: &Wanted<'_>, dir: &Path) -> Result<bool, Error> {
    let path = dir.join(file.name);
    if !path.exists() {
        return Ok(false);
    }
    let mut hasher = Sha256::new();
    let mut from = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let read = copy(&mut from, u64::MAX, |chunk| {
        hasher.update(chunk);
        Ok(())
    });
    read.with_context(|| format!("cannot read {}", path.display()))?;
    let found = hex(hasher);
    if found == file.sha256 {
        return Ok(true);
    }
    let expected = file.sha256;
    Err(Error::environment(anyhow::anyhow!(
        "{} has SHA-256 {found}, expected {expected}: it is damaged, or packed anew; it was left as it is",
        path.display()
    )))
}

impl<'a> Wanted<'a> {
    fn new(file: &'a traipse_worker::data::PublishedFile, mirror: Option<&str>) -> Self {
        let url = match mirror {
            Some(base) => format!("{}/{}", base.trim_end_matches('/'), file.name),
            None => file.url.to_owned(),
        };
        Self { name: file.name, url, bytes: file.bytes, sha256: file.sha256 }
    }

    /// Downloads aside, checks, and renames: under its name the file is whole or absent.
    fn download(&self, agent: &Agent, dir: &Path) -> Result<(), Error> {
        let writing = || format!("cannot write into {}", dir.display());
        let mut aside = NamedTempFile::with_prefix_in(".fetching-", dir).with_context(writing)?;
        let answer = agent.get(&self.url).call().with_context(|| format!("cannot fetch {}", self.url))?;
        let mut hasher = Sha256::new();
        let found = copy(&mut answer.into_body().into_reader(), self.bytes, |chunk| {
            hasher.update(chunk);
            aside.write_all(chunk).with_context(writing)
        })
        .with_context(|| format!("fetching {} broke off", self.url))?;
        let digest = hex(hasher);
        if found != self.bytes || digest != self.sha256 {
            let more = if found > self.bytes { "more than " } else { "" };
            return Err(Error::environment(anyhow::anyhow!(
                "{} gave {more}{} bytes with SHA-256 {digest}, expected {} bytes with {}: it was thrown away",
                self.url,
                found.min(self.bytes),
                self.bytes,
                self.sha256,
            )));
        }
        aside.as_file().sync_all().with_context(writing)?;
        // A temporary file is the owner's alone; data sets are there to be shared.
        let path = dir.join(self.name);
        readable(aside.path()).with_context(writing)?;
        aside.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}

#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Hands a stream on chunk by chunk and counts its bytes; it ends soon after `most`.
fn copy(from: &mut impl Read, most: u64, mut to: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let mut chunk = vec![0; CHUNK];
    let mut total = 0;
    while total <= most {
        match from.read(&mut chunk)? {
            0 => break,
            n => {
                to(&chunk[..n])?;
                total += n as u64;
            }
        }
    }
    Ok(total)
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What to do without a network.
fn by_hand(files: &[Wanted<'_>], dir: &Path) -> String {
    let mut text = format!("put these files into {} by hand, and check them with sha256sum:", dir.display());
    for file in files {
        text.push_str(&format!(
            "\n    {}  {}  {} bytes\n      SHA-256 {}",
            file.name, file.url, file.bytes, file.sha256
        ));
    }
    text
}

#[cfg(test)]
mod tests;
