//! What tests of the real program share: a folder for it, commands on it, and a daemon that never outlives its test.
//!
//! Everything here goes through the binary and its processes; what looks inside the crate is in [`inside`].

pub(crate) mod inside;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything that must happen may take before a test gives up: far longer than it ever does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(2);

/// A folder of a test, removed at its end unless the test fails. Its path is short: that of a socket may have 107 bytes.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("ech-").tempdir_in("/tmp").expect("/tmp takes a folder");
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data directory; whoever runs first makes it.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file, and the folders it is in.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let folder = path.parent().expect("a file in the home has a folder");
        std::fs::create_dir_all(folder).expect("the folder can be made");
        std::fs::write(&path, text).expect("the file can be written");
        path
    }

    /// Runs a command on the data directory to its end.
    pub(crate) fn echelon(&self, arguments: &[&str]) -> Finished {
        finish(echelon().arg("--data-dir").arg(self.data()).args(arguments).current_dir(self.path()))
    }

    /// The same, and it must end well.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> Finished {
        let finished = self.echelon(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:#?}\n{}", self.log());
        finished
    }

    /// The same, and it must be refused; the answer is what it says about that.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let finished = self.echelon(arguments);
        assert_eq!(finished.code, Some(9), "{arguments:?}: {finished:#?}");
        assert_eq!(finished.stdout, "", "{arguments:?}");
        finished.stderr
    }

    /// Starts `echelon up` and does not wait for anything. What it logs is added to the file `daemon.log`.
    pub(crate) fn begin_up(&self, chart: &Path) -> Daemon {
        self.begin_up_under(&[], chart)
    }

    /// The same, started by another program: words before the daemon's own.
    pub(crate) fn begin_up_under(&self, starter: &[&str], chart: &Path) -> Daemon {
        let log = File::options().create(true).append(true).open(self.path().join("daemon.log"));
        let log = log.expect("the log can be opened");
        let child = echelon_under(starter)
            .arg("--data-dir")
            .arg(self.data())
            .args(["up", "--org"])
            .arg(chart)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Daemon { child, data: self.data() }
    }

    /// Starts `echelon up` and waits until it answers.
    pub(crate) fn up(&self, chart: &Path) -> Daemon {
        let mut daemon = self.begin_up(chart);
        daemon.wait_until_it_answers();
        let status = self.echelon(&["status", "--json"]);
        assert_eq!(status.code, Some(0), "{}", status.stderr);
        assert_eq!(status.json()["running"], true);
        daemon
    }

    /// The end of what daemons logged, for the message of a test that fails.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read_to_string(self.path().join("daemon.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A daemon that was killed leaves its workers behind, which are this test's to end.
        for pid in marked(&self.data()) {
            let _ = kill_process(pid, Signal::KILL);
        }
        // What a failed test leaves is what explains it.
        self.folder.disable_cleanup(thread::panicking());
    }
}

/// Processes that bear the mark of a data directory.
pub(crate) fn marked(data: &Path) -> Vec<Pid> {
    let data = std::fs::canonicalize(data).unwrap_or_else(|_| data.to_owned());
    let mark = format!("ECHELON_LEDGER={}", data.display());
    let is_marked = |process: &Path| {
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
    };
    let processes = std::fs::read_dir("/proc").expect("there is a /proc");
    processes
        .filter_map(|process| Some(process.ok()?.path()))
        .filter(|process| is_marked(process))
        .filter_map(|process| Pid::from_raw(process.file_name()?.to_str()?.parse().ok()?))
        .collect()
}

/// The program with no setting of whoever runs the tests.
pub(crate) fn echelon() -> Command {
    echelon_under(&[])
}

/// The same, started by another program that takes it as the rest of its words.
pub(crate) fn echelon_under(starter: &[&str]) -> Command {
    let program = env!("CARGO_BIN_EXE_echelon");
    let mut words = starter.iter().copied().chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ECHELON_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1");
    command
}

/// The answer in a document that `--json` printed.
pub(crate) fn answer(document: &str) -> serde_json::Value {
    let mut document: serde_json::Value =
        serde_json::from_str(document).unwrap_or_else(|error| panic!("{error} in {document}"));
    assert_eq!(document["version"], 1, "{document}");
    document["answer"].take()
}

/// The events of an exported journal, a line each, without the first line and the last, which say how many there are.
#[track_caller]
pub(crate) fn exported_events(export: &str) -> String {
    let lines: Vec<&str> = export.lines().collect();
    let [first, events @ .., last] = lines.as_slice() else { panic!("an export has two lines at least: {export}") };
    let (first, last): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(first).expect("JSON"), serde_json::from_str(last).expect("JSON"));
    assert_eq!(first["export"]["last"], events.len(), "{first}");
    assert_eq!(last["end"]["events"], events.len(), "{last}");
    assert_eq!(last["end"]["head"], first["export"]["head"]);
    events.join("\n")
}

/// Whether tests with large counts run all of it.
pub(crate) fn is_long() -> bool {
    std::env::var_os("ECHELON_LONG").is_some_and(|value| value == "1")
}

/// Says that a test leaves something out on this machine. The test passes, and whoever reads its output knows.
/// It goes past what collects the output of tests, which is shown of those that fail only.
pub(crate) fn skip(what: &str, why: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED {what}: {why}");
}

/// Whether there is such a program on the search path.
pub(crate) fn can_run(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// What it answered with `--json`.
    pub(crate) fn json(&self) -> serde_json::Value {
        answer(&self.stdout)
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Finished {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Asks whoever listens there for the status, and does not care what it is.
fn answers(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"{\"protocol\":1,\"ask\":{\"query\":\"status\"}}\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    if line.ends_with('\n') { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A daemon, killed at the latest when this goes out of scope.
pub(crate) struct Daemon {
    child: Child,
    data: PathBuf,
}

impl Daemon {
    /// Waits until it answers on its socket. That the socket takes connections is not enough: for as long as a program
    /// takes to start, what a killed daemon was just starting has the socket of that daemon. Commands are no way to find
    /// out: without a daemon they open the directory themselves, and one that is just starting would find it locked.
    pub(crate) fn wait_until_it_answers(&mut self) {
        let socket = self.data.join("socket");
        let up = eventually("the daemon answers", || {
            let ended = self.child.try_wait().expect("a child can be asked for its status");
            ended.map(Err).or_else(|| answers(&socket).ok().map(Ok))
        });
        up.unwrap_or_else(|status: ExitStatus| panic!("the daemon ended while it started: {status}"));
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal; one that has ended gets none.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.child.try_wait().expect("a child can be asked for its status").is_none() {
            kill_process(self.pid(), signal).expect("a child can be signalled");
        }
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("a child can be waited for");
    }

    /// Waits until it ends by itself, and gives its exit code.
    pub(crate) fn ends(&mut self) -> Option<i32> {
        eventually("the daemon ends", || self.child.try_wait().expect("a child can be asked for its status")).code()
    }

    /// Asks it to end, and gives its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ends()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something, and panics with `what` was waited for when it never comes.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(PAUSE);
    }
}
