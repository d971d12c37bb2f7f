//! The rules of the house that a compiler does not know: who may use what, and what has no place in the core.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files of the crate as (path relative to `src`, text without its unit tests).
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources can be listed") {
            let path: PathBuf = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source is text");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                let name = path.strip_prefix(&root).expect("it was found there").display().to_string();
                files.push((name, text));
            }
        }
    }
    files.sort();
    assert!(files.len() > 50, "the sources were not found");
    files
}

/// The room a file is in: the first part of its path, without the extension.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// Lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(place, line)| (place + 1, line))
}

/// Whether `line` uses `name` as a crate or module: `name::` not preceded by a letter, `_` or `:`.
fn uses(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path).any(|(place, _)| {
        !line[..place].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
    })
}

#[test]
fn each_room_uses_only_the_rooms_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("domain", &["domain"][..]),
        ("clock", &["domain"]),
        ("store", &["store", "domain"]),
        ("worker", &["worker", "domain"]),
        ("config", &["config", "domain"]),
        ("ids", &["clock", "domain", "worker"]),
        ("telemetry", &["telemetry", "domain"]),
        ("ledger", &["ledger", "store", "domain", "clock", "telemetry"]),
        ("actors", &["actors", "clock", "ledger", "worker", "domain", "ids", "telemetry"]),
        ("api", &["api", "actors", "ledger", "domain", "store", "telemetry"]),
        ("app", &["actors", "api", "clock", "domain", "ids", "ledger", "store", "worker"]),
        (
            "sim",
            &["sim", "actors", "api", "clock", "config", "domain", "ids", "ledger", "store", "telemetry", "worker"],
        ),
        ("cli", &["cli", "actors", "api", "app", "clock", "config", "domain", "ledger", "sim", "store", "telemetry"]),
        ("main", &["cli"]),
        ("lib", &[]),
    ]);
    let rooms: Vec<&str> = allowed.keys().copied().collect();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let here = room(&file);
        let below = allowed.get(here).unwrap_or_else(|| panic!("say in this test what `{here}` may use"));
        for (line, code) in code(&text) {
            for there in rooms.iter().filter(|there| !below.contains(there)) {
                if code.contains(&format!("crate::{there}::")) || code.contains(&format!("use crate::{there};")) {
                    wrong.push(format!("src/{file}:{line}: `{here}` uses `{there}`: {}", code.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_library_is_named_only_where_it_belongs() {
    let rules: &[(&str, &[&str])] = &[
        ("sled", &["store/sled.rs", "store/sled/"]),
        ("ractor", &["actors/", "app.rs", "sim/"]),
        ("clap", &["cli.rs", "cli/"]),
        ("clap_complete", &["cli.rs", "cli/"]),
        ("console", &["cli/"]),
        ("comfy_table", &["cli/"]),
        ("indicatif", &["cli/"]),
        ("agent_client_protocol", &["worker/acp/protocol.rs"]),
        ("futures_util", &["worker/acp/lines.rs"]),
        ("minijinja", &["sim/page.rs", "sim/page/", "worker/acp/prompt.rs"]),
        ("plotters", &["sim/page/"]),
        ("statrs", &["sim/statistics.rs"]),
        ("toml", &["config.rs", "config/", "worker/deliverable.rs"]),
        ("rand", &["ids.rs", "sim/", "worker/deliverable.rs", "worker/simulated.rs"]),
        ("tracing_subscriber", &["telemetry.rs", "cli/output.rs"]),
        ("postcard", &["ledger/"]),
        ("csv", &["config/scenario/", "cli/audit/"]),
        ("rand_distr", &["sim/"]),
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (library, places) in rules {
            if places.iter().any(|place| file.starts_with(place)) {
                continue;
            }
            for (line, code) in code(&text).filter(|(_, code)| uses(code, library)) {
                wrong.push(format!("src/{file}:{line}: {library} is not for here: {}", code.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_does_no_input_or_output_and_never_panics_on_purpose() {
    let forbidden = [
        "std::fs",
        "std::io",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "std::time::SystemTime",
        "std::time::Instant",
        "tokio",
        "async fn",
        ".unwrap()",
        ".expect(",
        "panic!(",
        "unreachable!(",
        "println!",
        "Uuid::now_v7",
        "Uuid::new_v4",
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources().into_iter().filter(|(file, _)| room(file) == "domain") {
        for (line, code) in code(&text) {
            for word in forbidden.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("src/{file}:{line}: `{word}` in the core: {}", code.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_system_clock_is_read_in_one_place() {
    let mut wrong = Vec::new();
    for (file, text) in sources().into_iter().filter(|(file, _)| file != "clock/system.rs") {
        for (line, code) in code(&text) {
            if ["SystemTime::now", "Utc::now", "Local::now"].iter().any(|word| code.contains(word)) {
                wrong.push(format!("src/{file}:{line}: {}", code.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_opens_by_saying_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(file, _)| format!("src/{file} has no module documentation"))
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn uses_tells_crates_from_words_that_end_alike() {
    assert!(uses("use sled::Db;", "sled"));
    assert!(uses("let db = sled::open(path);", "sled"));
    assert!(!uses("use crate::store::sled::Db;", "sled"));
    assert!(!uses("cobsled::open()", "sled"));
}
