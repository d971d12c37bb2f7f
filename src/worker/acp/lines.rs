//! The lines that go to an agent and come from it, within limits.
//!
//! What an agent prints that is no message at all (programs that start it greet, too) is kept with what it printed, and
//! goes no further. This module never looks into a message.

use std::io;
use std::sync::Arc;

use futures_util::{Sink, Stream, sink, stream};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::task::yield_now;

use super::super::output::Output;

/// Most that an agent may send in one attempt, its standard error included: four times what a program may print, since each
/// word of it comes wrapped in a message, and files that it reads or changes come along.
pub(super) const TRAFFIC_LIMIT: u64 = 64 * 1024 * 1024;

/// Largest message: a change of a large file has its text twice. As values it takes some ten times as much memory.
pub(super) const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// Most requests of an agent in one attempt. Each is answered, and one that does not read answers makes them pile up.
pub(super) const REQUESTS_LIMIT: u32 = 10_000;

/// What takes lines to the agent. One that does not read them any more will hang up, or be waited for in vain; that it does
/// not is no reason to stop listening.
pub(super) fn outgoing(stdin: ChildStdin) -> impl Sink<String, Error = io::Error> + Send + 'static {
    sink::unfold(Some(stdin), |stdin, mut line: String| async move {
        line.push('\n');
        let Some(mut stdin) = stdin else { return Ok(None) };
        let written = stdin.write_all(line.as_bytes()).await;
        Ok(written.is_ok().then_some(stdin))
    })
}

/// The messages of the agent, a line each, until it hangs up or has sent too much.
pub(super) fn incoming(
    stdout: ChildStdout,
    output: Arc<Output>,
) -> impl Stream<Item = io::Result<String>> + Send + 'static {
    let reader = Reader { pipe: BufReader::new(stdout), output, requests: 0 };
    stream::unfold(reader, |mut reader| async move {
        // Whoever is polled beside this takes what was read before more is read: nothing piles up.
        yield_now().await;
        let message = reader.next_message().await.transpose()?;
        Some((message, reader))
    })
}

struct Reader {
    pipe: BufReader<ChildStdout>,
    output: Arc<Output>,
    requests: u32,
}

/// What every message has.
#[derive(Deserialize)]
struct Envelope {
    id: Option<IgnoredAny>,
    method: Option<IgnoredAny>,
}

impl Reader {
    async fn next_message(&mut self) -> io::Result<Option<String>> {
        loop {
            let Some(line) = self.next_line().await? else { return Ok(None) };
            let Some((envelope, message)) = read(&line) else {
                self.output.stdout.push(&line);
                self.output.stdout.push(b"\n");
                continue;
            };
            if envelope.id.is_some() && envelope.method.is_some() {
                self.requests = self.requests.saturating_add(1);
                if self.requests > REQUESTS_LIMIT {
                    self.output.flood();
                    return Ok(None);
                }
            }
            return Ok(Some(message));
        }
    }

    /// The next line; none at the end, or once there was too much.
    async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let chunk = self.pipe.fill_buf().await?;
            let (length, is_whole) = match chunk.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (chunk.len(), false),
            };
            line.extend_from_slice(&chunk[..length]);
            self.pipe.consume(length);
            if length == 0 {
                return Ok((!line.is_empty()).then_some(line));
            }
            if !self.output.count(length) {
                return Ok(None);
            }
            if line.len() > MESSAGE_LIMIT {
                self.output.flood();
                return Ok(None);
            }
            if is_whole {
                line.pop();
                return Ok(Some(line));
            }
        }
    }
}

/// The message in a line, if it may be one.
fn read(line: &[u8]) -> Option<(Envelope, String)> {
    let text = std::str::from_utf8(line).ok()?;
    // Lists of messages are not for this version of the protocol, and would be read as an envelope.
    let object = text.trim_start().starts_with('{');
    let envelope = object.then(|| serde_json::from_str::<Envelope>(text).ok())??;
    Some((envelope, text.to_owned()))
}
