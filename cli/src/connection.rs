//! How a verb reaches its coordinator: an address, a token that never stands among the arguments, and errors that
//! say what to do.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tonic::{Code, Status};
use traipse_proto::client::{self, Clients};

use crate::error::Error;
use crate::folders;

/// Where a coordinator listens unless it is told otherwise.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:7878";
/// Holds the token where no file is named.
pub(crate) const TOKEN_VARIABLE: &str = "TRAIPSE_TOKEN";
/// Longest token file: a token is short, and whatever is longer is another file.
const MAX_TOKEN_BYTES: u64 = 4096;

/// Flags of every verb that talks to a coordinator.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConnectionArgs {
    /// The coordinator's address, http://HOST:PORT.
    #[arg(long, value_name = "URL", env = "TRAIPSE_COORDINATOR", default_value = "http://127.0.0.1:7878")]
    coordinator: String,
    /// A file with the coordinator's token; else it is taken from TRAIPSE_TOKEN.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A coordinator's address and token.
#[derive(Clone)]
pub(crate) struct Connection {
    /// As the person wrote it.
    pub(crate) url: String,
    /// Secret: never printed.
    pub(crate) token: String,
}

impl ConnectionArgs {
    /// Finds the token.
    ///
    /// # Errors
    /// If there is none, or its file cannot be read.
    pub(crate) fn resolve(self) -> Result<Connection, Error> {
        let token = match (&self.token_file, std::env::var(TOKEN_VARIABLE)) {
            (Some(file), _) => read_token(file)?,
            (None, Ok(token)) if !token.trim().is_empty() => token.trim().to_owned(),
            (None, _) => return Err(no_token(&self.coordinator)),
        };
        Ok(Connection { url: self.coordinator, token })
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If the address has no such form, or nobody answers.
    pub(crate) async fn clients(&self) -> Result<Clients, Error> {
        client::connect(&self.url, &self.token).await.map_err(|error| match error {
            client::Error::Unreachable { .. } => Error::environment(error).help(
                "start one with `traipse coordinator`, or give its address with --coordinator or TRAIPSE_COORDINATOR",
            ),
            client::Error::Url { .. } | client::Error::Token => Error::wrong_use(error),
        })
    }

    /// The flags that lead another verb to the same coordinator, as typed after it; empty for the default one.
    pub(crate) fn flags(&self) -> String {
        let is_default = self.url.trim_start_matches("http://").trim_end_matches('/') == DEFAULT_ADDRESS;
        let is_set = std::env::var("TRAIPSE_COORDINATOR").is_ok_and(|url| url == self.url);
        if is_default || is_set { String::new() } else { format!(" --coordinator {}", self.url) }
    }
}

/// What a refusal of the coordinator means for the person who asked.
pub(crate) fn refused(status: Status) -> Error {
    match status.code() {
        Code::Unauthenticated => Error::wrong_use(format!("the coordinator refused the token: {}", status.message()))
            .help("its token is in the file `token` of its data folder: pass --token-file, or set TRAIPSE_TOKEN"),
        Code::NotFound => {
            Error::wrong_use(status.message()).help("`traipse status` lists the sweeps and workers of this coordinator")
        }
        Code::InvalidArgument | Code::AlreadyExists | Code::OutOfRange | Code::FailedPrecondition => {
            Error::wrong_use(status.message())
        }
        Code::Unavailable | Code::DeadlineExceeded => {
            Error::environment(anyhow::anyhow!("the coordinator does not answer: {}", status.message()))
                .help("is it still running? A sweep is safe in its data folder: start it again and repeat this command")
        }
        code => Error::environment(anyhow::anyhow!("the coordinator answered {code:?}: {}", status.message())),
    }
}

fn read_token(file: &Path) -> Result<String, Error> {
    let meta = std::fs::metadata(file)
        .with_context(|| format!("cannot read the token file {}", file.display()))
        .map_err(|error| Error::environment(error).help("a coordinator writes it as `token` in its data folder"))?;
    if meta.len() > MAX_TOKEN_BYTES {
        return Err(Error::wrong_use(format!("{} is too long to be a token file", file.display())));
    }
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the token file {}", file.display()))?;
    match text.trim() {
        "" => Err(Error::wrong_use(format!("the token file {} is empty", file.display()))),
        token => Ok(token.to_owned()),
    }
}

fn no_token(url: &str) -> Error {
    let error = Error::wrong_use(format!("no token for the coordinator at {url}"));
    let is_local = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| url.contains(host));
    match folders::coordinator_data() {
        Some(data) if is_local => {
            let file = data.join("token");
            let state = if file.exists() { "keeps it in" } else { "will keep it, once it has been started, in" };
            error.help(format!(
                "the coordinator of this machine {state} {0}: pass --token-file {0}, or set {TOKEN_VARIABLE}",
                file.display()
            ))
        }
        _ => error.help(format!(
            "a coordinator keeps its token in the file `token` of its data folder: copy it here and pass --token-file FILE, or set {TOKEN_VARIABLE}"
        )),
    }
}
