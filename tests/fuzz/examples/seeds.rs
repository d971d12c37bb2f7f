//! Makes the seeds that are not text, and those that are made from files of this repository: `cargo run --example seeds`.

use std::fs;
use std::path::Path;

use echelon::config;
use echelon::domain::id::Sequence;
use echelon::store::{Reader, SledStore};

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let put = |target: &str, name: &str, bytes: &[u8]| {
        let folder = here.join("corpus").join(target);
        fs::create_dir_all(&folder).expect("a folder can be made");
        fs::write(folder.join(name), bytes).expect("a file can be written");
    };
    let org = here.join("../../org");
    for entry in fs::read_dir(&org).expect("charts ship in `org`") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "toml") && config::load(&path).is_ok() {
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            put("chart", &name, &fs::read(&path).expect("readable"));
        }
    }
    for (name, text) in [
        ("done", r#"{"done":{"summary":"x","artefacts":["a/b"],"evidence":["e"],"usage":{"tokens":1}}}"#),
        ("blocked", r#"{"blocked":{"kind":"k","description":"d","needs":"n"}}"#),
        ("failed", r#"{"failed":{"class":"quota","message":"m","retry_after_seconds":9}}"#),
        ("question", r#"{"question":{"to":"ada","text":"?"}}"#),
        ("approve", r#"{"approve":{"summary":"s"}}"#),
        ("changes", r#"{"changes":{"findings":[{"text":"t","location":"a:1"}]}}"#),
        ("plan", r#"{"plan":{"tasks":[{"key":"a","title":"t","domain":"d","effort":4,"criteria":["c"]}]}}"#),
    ] {
        put("outcome", name, text.as_bytes());
    }
    for (name, ask) in [
        ("status", r#"{"query":"status"}"#),
        ("export", r#""export""#),
        ("cancel", r#"{"cancel":{"id":"a","reason":"b"}}"#),
        ("watch", r#"{"watch":{"from":1,"instruction":null,"follow":true}}"#),
        (
            "submit",
            r#"{"submit":{"text":"t","department":null,"work_type":null,"priority":"normal","tier":null,"repository":null,"key":"k"}}"#,
        ),
    ] {
        put("request", name, format!(r#"{{"protocol":1,"ask":{ask}}}"#).as_bytes());
    }
    // A data directory that somebody names: its events, one by one and together.
    let Some(data) = std::env::args_os().nth(1) else { return };
    let store = SledStore::open(&Path::new(&data).join("ledger")).expect("a data directory that no daemon uses");
    let mut journal = Vec::new();
    for record in store.records(Sequence(1)) {
        let record = record.expect("an intact journal");
        let number = u8::try_from(record.sequence.0 % 256).unwrap_or_default();
        put("record", &format!("event-{}", record.sequence), &[&[number][..], &record.encode()].concat());
        put("record", &format!("body-{}", record.sequence), &[&[record.version as u8][..], &record.body].concat());
        if let Ok(length) = u16::try_from(record.body.len()) {
            let [high, low] = length.to_be_bytes();
            journal.extend([high, low, record.version as u8]);
            journal.extend(&record.body);
        }
    }
    put("recovery", "journal", &journal);
}
