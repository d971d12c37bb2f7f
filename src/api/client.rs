//! A client's end of the socket.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::wire::{Ask, PROTOCOL, Refusal, Reply, Request};

/// Why a daemon gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No daemon listens there.
    #[error("no daemon runs on {}", .data_dir.display())]
    NotRunning {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// The daemon went away, or the socket fails.
    #[error("the connection to the daemon failed: {0}")]
    Connection(#[from] io::Error),
    /// The daemon's answer cannot be understood.
    #[error("the daemon's answer is not understood ({0}); use the same version of echelon for both")]
    Unreadable(#[from] serde_json::Error),
    /// The daemon refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// The socket of a data directory.
#[must_use]
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("socket")
}

/// A connection on which the answers to one request come in.
pub struct Answers {
    lines: BufReader<OwnedReadHalf>,
    /// Kept open: a daemon takes the end of it for the end of the client.
    _write: OwnedWriteHalf,
}

/// Asks the daemon of a data directory, for a person of the chart or, without one, as whoever this process is.
///
/// # Errors
/// When no daemon runs there, or the connection fails.
pub async fn ask(data_dir: &Path, person: Option<&str>, ask: Ask) -> Result<Answers, Error> {
    let stream = UnixStream::connect(socket_path(data_dir)).await.map_err(|error| match error.kind() {
        // Nothing there, nobody there any more, no folder, or a path too long for a socket: no daemon can listen there.
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidInput => Error::NotRunning { data_dir: data_dir.to_owned() },
        _another => Error::Connection(error),
    })?;
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(&Request { protocol: PROTOCOL, person: person.map(str::to_owned), ask })?;
    line.push(b'\n');
    match write.write_all(&line).await {
        Ok(()) => {}
        // A daemon that refuses does not read on; what it says is there to be read.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Answers { lines: BufReader::new(read), _write: write })
}

impl Answers {
    /// The next answer; `None` when there are no more.
    ///
    /// # Errors
    /// When the connection fails, or the daemon refuses.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Error> {
        let mut line = String::new();
        if self.lines.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match serde_json::from_str(&line)? {
            Reply::Ok(answer) => Ok(Some(answer)),
            Reply::Error(refusal) => Err(Error::Refused(refusal)),
        }
    }

    /// The only answer.
    ///
    /// # Errors
    /// As [`next`](Self::next), and when there is none.
    pub async fn one<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        match self.next().await? {
            Some(answer) => Ok(answer),
            None => Err(Error::Connection(io::Error::new(io::ErrorKind::UnexpectedEof, "the daemon went away"))),
        }
    }
}
