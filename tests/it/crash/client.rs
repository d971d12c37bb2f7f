//! Clients of their own make: lines of JSON over the socket, the same key until there is an answer, and a record of what
//! was acknowledged. Nothing of the crate is used, so that nothing of it is believed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take before the connection counts as lost.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What clients know: the instructions they asked for, by key, and the ids that were given for them.
#[derive(Default)]
pub(crate) struct ClientRecord {
    /// Work type of each key that was ever sent.
    asked: BTreeMap<String, &'static str>,
    /// Ids that were acknowledged for each key: one, if all is well.
    acknowledged: BTreeMap<String, BTreeSet<String>>,
    /// How often something was sent again.
    pub(crate) repeated: usize,
}

impl ClientRecord {
    /// Something new to ask for.
    pub(crate) fn ask(&mut self, work_type: &'static str) -> String {
        let key = format!("key-{}", self.asked.len());
        self.asked.insert(key.clone(), work_type);
        key
    }

    pub(crate) fn asked(&self) -> impl Iterator<Item = &String> {
        self.asked.keys()
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.len()
    }

    pub(crate) fn work_type(&self, key: &str) -> Option<&'static str> {
        self.asked.get(key).copied()
    }

    pub(crate) fn acknowledged(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.acknowledged
    }

    /// Keys without an answer.
    pub(crate) fn open(&self) -> Vec<String> {
        self.asked.keys().filter(|key| !self.acknowledged.contains_key(*key)).cloned().collect()
    }

    pub(crate) fn note(&mut self, key: &str, id: String) {
        self.acknowledged.entry(key.to_owned()).or_default().insert(id);
    }
}

/// A client of the daemon on a data directory.
#[derive(Clone)]
pub(crate) struct Client {
    socket: PathBuf,
}

impl Client {
    pub(crate) fn new(data: &Path) -> Self {
        Self { socket: data.join("socket") }
    }

    /// Hands an instruction in, once. `None` when there was no answer.
    pub(crate) fn submit(&self, key: &str, work_type: &str) -> Option<String> {
        let submit = json!({
            "text": format!("what {key} asks for"), "department": null, "work_type": work_type, "priority": "normal",
            "tier": null, "repository": null, "key": key,
        });
        let answer = self.ask(&json!({ "submit": submit }))?;
        Some(answer["instruction"].as_str().expect("an acknowledgement names the instruction").to_owned())
    }

    /// Hands an instruction in until there is an answer, or `over` says that nobody waits for it any more.
    pub(crate) fn insist(&self, key: &str, work_type: &str, over: impl Fn() -> bool) -> Option<String> {
        loop {
            match self.submit(key, work_type) {
                Some(id) => return Some(id),
                None if over() => return None,
                None => thread::sleep(Duration::from_millis(3)),
            }
        }
    }

    pub(crate) fn status(&self) -> Option<Value> {
        self.ask(&json!({ "query": "status" }))
    }

    /// Asks once, and takes no refusal. `None` when the daemon is not there, went away, or is about to.
    fn ask(&self, ask: &Value) -> Option<Value> {
        match self.try_ask(ask)? {
            Ok(answer) => Some(answer),
            Err(refusal) => panic!("refused: {refusal}, on {ask}"),
        }
    }

    /// Asks once. `None` when the daemon is not there, went away, or is about to.
    pub(crate) fn try_ask(&self, ask: &Value) -> Option<Result<Value, Value>> {
        let mut stream = UnixStream::connect(&self.socket).ok()?;
        stream.set_read_timeout(Some(ANSWER_LIMIT)).ok()?;
        stream.write_all(format!("{}\n", json!({ "protocol": 1, "ask": ask })).as_bytes()).ok()?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).ok()?;
        if !line.ends_with('\n') {
            return None;
        }
        let mut answer: Value = serde_json::from_str(&line).expect("a whole line is JSON");
        if answer["error"]["code"] == "stopping" {
            return None;
        }
        if answer["error"].is_null() { Some(Ok(answer["ok"].take())) } else { Some(Err(answer["error"].take())) }
    }
}
