//! The composition root: wires a daemon from its parts, drains it and stops it.
//!
//! ```text
//!   lock the directory ─▶ open the ledger ─▶ kill what an earlier daemon left ─▶ apply the chart
//!     ─▶ start the tree ─▶ listen ─▶ … ─▶ drain ─▶ stop the tree ─▶ close the ledger ─▶ unlock
//! ```

pub mod keeping;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use ractor::{ActorRef, SpawnErr};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use crate::actors::office::{Office, Probe};
use crate::actors::root::{self, Args, Msg};
use crate::api::client::socket_path;
use crate::api::server;
use crate::clock::{Clock, SystemClock};
use crate::domain::command::Action;
use crate::domain::id::InstructionId;
use crate::domain::org::Chart;
use crate::domain::rejection::Rejection;
use crate::domain::role::Principal;
use crate::domain::time::Anchor;
use crate::ids::IdSource;
use crate::ledger::{self, Ledger, LedgerHandle, Recovered, Stopped};
use crate::store::{self, SledStore};
use crate::worker;

/// Where the store is in a data directory.
const LEDGER: &str = "ledger";

/// Longest path of a Unix socket, in bytes: what the kernel's address has room for, less the end mark.
const SOCKET_PATH_LIMIT: usize = 107;

/// What a daemon is started with.
pub struct Options {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The chart to run by; without one, the last that was run by.
    pub chart: Option<Chart>,
    /// Watches what actors do.
    pub probe: Arc<dyn Probe>,
}

/// Why a daemon did not start. Nothing was changed then, unless the text says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory cannot be used.
    #[error("cannot use {}: {error}", .path.display())]
    Directory {
        /// The directory or a file in it.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Another daemon has the directory.
    #[error("{} is in use by another echelon (process {owner}); stop that one, or choose another directory with --data-dir", .data_dir.display())]
    InUse {
        /// The directory.
        data_dir: PathBuf,
        /// Its process id, as it wrote it down.
        owner: String,
    },
    /// The socket's path is longer than the system allows.
    #[error("the path of the socket, {}, is longer than {SOCKET_PATH_LIMIT} bytes; choose a shorter directory with --data-dir", .0.display())]
    SocketPath(PathBuf),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The directory is new and there is no chart to run by.
    #[error("{} is new, and no chart was given; name one with --org", .0.display())]
    NoChart(PathBuf),
    /// What is under way does not fit the chart.
    #[error("the chart does not fit what is under way: {0}")]
    Chart(Rejection),
    /// Processes of an earlier daemon cannot be ended.
    #[error("processes that an earlier daemon started cannot be ended: {0}; end them by hand and start again")]
    Survivors(io::Error),
    /// The ledger stopped while starting; its own message says why.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The tree of actors does not come to life.
    #[error("the organisation does not come to life: {0}")]
    Tree(#[from] SpawnErr),
}

/// The lock on a data directory: one program at a time writes there. Ends with the process, however that ends.
pub struct DirectoryLock {
    _file: File,
}

/// Makes the directory if it is missing, and locks it.
///
/// # Errors
/// When it cannot be used, or another program has it.
pub fn lock_directory(data_dir: &Path) -> Result<DirectoryLock, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::Directory { path, error }
    };
    make_directory(data_dir).map_err(failed(data_dir))?;
    let path = data_dir.join("lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Only for the message; the lock itself is what counts.
            let _ = file.read_to_string(&mut owner);
            let owner = if owner.trim().is_empty() { "unknown".to_owned() } else { owner.trim().to_owned() };
            return Err(Error::InUse { data_dir: data_dir.to_owned(), owner });
        }
        Err(TryLockError::Error(error)) => return Err(failed(&path)(error)),
    }
    let write_owner = |file: &mut File| -> io::Result<()> {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        writeln!(file, "{}", std::process::id())
    };
    write_owner(&mut file).map_err(failed(&path))?;
    Ok(DirectoryLock { _file: file })
}

/// Makes a directory, for its owner only, unless it is there.
fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| match error.kind() {
        // Said of whatever is there and is no directory.
        io::ErrorKind::AlreadyExists => {
            io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory, or a link that leads to none")
        }
        _others => error,
    })
}

/// Opens the ledger of a locked directory.
///
/// # Errors
/// When it cannot be read.
pub fn open_ledger(lock: &DirectoryLock, data_dir: &Path) -> Result<(Ledger, Recovered), ledger::Error> {
    Ledger::open(Box::new(open_store(lock, data_dir)?))
}

/// Opens the store of a locked directory, without looking at what is in it.
///
/// # Errors
/// When it cannot be opened.
pub fn open_store(_: &DirectoryLock, data_dir: &Path) -> Result<SledStore, store::Error> {
    let folder = data_dir.join(LEDGER);
    // For nobody else's eyes, whatever the rights of the directory around it.
    make_directory(&folder).map_err(|error| store::Error::Io {
        action: "make",
        path: folder.clone(),
        source: error,
    })?;
    SledStore::open(&folder)
}

/// A running daemon.
pub struct App {
    office: Arc<Office>,
    tree: ActorRef<Msg>,
    tree_ends: JoinHandle<()>,
    ledger_thread: thread::JoinHandle<Option<Ledger>>,
    server: JoinHandle<()>,
    socket: PathBuf,
    _lock: DirectoryLock,
}

impl App {
    /// Starts a daemon.
    ///
    /// # Errors
    /// When it cannot; what was begun is undone.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let lock = lock_directory(&options.data_dir)?;
        let directory = |error| Error::Directory { path: options.data_dir.clone(), error };
        let data_dir = fs::canonicalize(&options.data_dir).map_err(directory)?;
        let socket = socket_path(&data_dir);
        if socket.as_os_str().len() > SOCKET_PATH_LIMIT {
            return Err(Error::SocketPath(socket));
        }
        let (ledger, recovered) = open_ledger(&lock, &data_dir)?;
        if recovered.snapshot.0 > 0 || recovered.replayed > 0 {
            tracing::info!(
                "recovered: snapshots up to event {}, {} events replayed",
                recovered.snapshot,
                recovered.replayed
            );
        }
        let state = ledger.state();
        let chart = match options.chart {
            Some(chart) => Arc::new(chart),
            None if state.chart.departments.is_empty() => return Err(Error::NoChart(data_dir)),
            None => Arc::clone(&state.chart),
        };
        // No attempt is started again before what is left of the old ones is gone.
        let marker = data_dir.to_string_lossy().into_owned();
        let (mark, folder) = (marker.clone(), data_dir.clone());
        let open: Vec<InstructionId> = state.instructions.keys().copied().collect();
        let reaped = tokio::task::spawn_blocking(move || worker::reap_survivors(&mark, &folder, &open))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(Error::Survivors)?;
        if reaped > 0 {
            tracing::info!("ended {reaped} processes that an earlier daemon left");
        }
        let now = SystemClock::default().now().wall;
        let anchor = Anchor::resumed(state.anchor, state.last, now, chart.clock);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::starting_after(state.last, anchor));
        let ids = IdSource::from_system(Arc::clone(&clock));
        let (handle, ledger_thread) = LedgerHandle::start(ledger, clock).map_err(directory)?;
        let begin = vec![
            Action::Start { program: env!("CARGO_PKG_VERSION").to_owned(), anchor },
            Action::ApplyChart(Arc::clone(&chart)),
        ];
        for result in handle.commit(&Principal::system(), begin).await? {
            if let Err(rejection) = result {
                handle.close().await;
                drop(tokio::task::spawn_blocking(move || ledger_thread.join()).await);
                return Err(Error::Chart(rejection));
            }
        }
        let listener = listen(&socket).map_err(|error| Error::Directory { path: socket.clone(), error })?;
        let office = Arc::new(Office::new(handle, ids, chart, data_dir, marker, options.probe));
        let (tree, tree_ends) = root::spawn(Args { office: Arc::clone(&office) }).await?;
        let server = tokio::spawn(server::serve(listener, Arc::clone(&office)));
        Ok(Self { office, tree, tree_ends, ledger_thread, server, socket, _lock: lock })
    }

    /// What the actors share.
    #[must_use]
    pub const fn office(&self) -> &Arc<Office> {
        &self.office
    }

    /// Starts nothing new from now on and completes when nothing runs any more.
    pub async fn drain(&self) {
        self.office.drain();
        let mut running = self.office.running();
        // The sender lives in the office, so this ends by the count alone.
        let _ = running.wait_for(|count| *count == 0).await;
    }

    /// How many runs are at work.
    #[must_use]
    pub fn running(&self) -> usize {
        *self.office.running().borrow()
    }

    /// Completes when a write failed, with what is to be told.
    pub async fn failed(&self) -> Arc<str> {
        self.office.ledger.failed().await
    }

    /// Stops: what still runs is killed and is started again with the next daemon.
    pub async fn stop(self) {
        self.server.abort();
        let _ = fs::remove_file(&self.socket);
        self.office.drain();
        self.tree.stop(None);
        let _ = self.tree_ends.await;
        let mut running = self.office.running();
        let _ = running.wait_for(|count| *count == 0).await;
        // A run that was cut short looks for what left its group on a thread of its own, which ends with this process.
        let (marker, folder) = (self.office.marker.clone(), self.office.data_dir.clone());
        let open = self.office.ledger.read(|state| state.instructions.keys().copied().collect::<Vec<_>>()).await;
        // Without a ledger those with the mark are found all the same.
        let open = open.unwrap_or_default();
        let reaped = tokio::task::spawn_blocking(move || worker::reap_survivors(&marker, &folder, &open)).await;
        if let Err(error) = reaped.unwrap_or_else(|error| Err(io::Error::other(error))) {
            tracing::warn!("some of what ran may be left, and is ended by the next daemon: {error}");
        }
        self.office.ledger.close().await;
        let thread = self.ledger_thread;
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
}

fn listen(socket: &Path) -> io::Result<UnixListener> {
    // The directory is locked, so a socket that is there belongs to nobody.
    match fs::remove_file(socket) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(socket)?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
