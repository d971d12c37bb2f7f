//! The daemon as its clients and its owner meet it: the socket, the lock, signals and logs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::super::support::{PATIENCE, eventually};
use super::Workshop;

const STATUS: &[u8] = b"{\"protocol\":1,\"ask\":{\"query\":\"status\"}}\n";

fn connect(workshop: &Workshop) -> UnixStream {
    let stream = UnixStream::connect(workshop.home.data().join("socket")).expect("the daemon listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit can be set");
    stream
}

/// Everything the daemon says to a request.
fn said(workshop: &Workshop, request: &[u8]) -> Value {
    let mut stream = connect(workshop);
    // The daemon need not read all of it.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("the daemon answers");
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
}

#[test]
fn a_request_that_makes_no_sense_is_refused_and_harms_nobody() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    let oversized = vec![b'x'; 8 * 1024 * 1024];
    let cases: [(&[u8], &str); 8] = [
        (b"garbage\n", "is not JSON"),
        (b"\xff\x00\xfe\n", "is not JSON"),
        (b"", "is not JSON"),
        (b"{}\n", "names no protocol version"),
        (b"{\"protocol\":2,\"ask\":{\"something\":\"new\"}}\n", "speaks version 1"),
        (b"{\"protocol\":1,\"ask\":\"nothing\"}\n", "is not understood"),
        (
            b"{\"protocol\":1,\"ask\":{\"submit\":{\"text\":\"x\",\"priority\":\"normal\",\"repository\":\"a/b\"}}}\n",
            "absolute",
        ),
        (&oversized, "4194304 bytes"),
    ];
    for (request, words) in cases {
        let refused = said(&workshop, request);
        let message = refused["error"]["message"].as_str().unwrap_or_else(|| panic!("refused: {refused}"));
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(said(&workshop, STATUS)["ok"]["running"], json!(true));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn many_clients_are_served_beside_some_that_say_nothing() {
    let workshop = Workshop::new();
    let _daemon = workshop.up();
    let silent: Vec<UnixStream> = (0..40).map(|_| connect(&workshop)).collect();
    let mut clients: Vec<UnixStream> = (0..200).map(|_| connect(&workshop)).collect();
    for client in &mut clients {
        client.write_all(STATUS).expect("the daemon takes it");
    }
    for client in &mut clients {
        let mut answer = String::new();
        client.read_to_string(&mut answer).expect("the daemon answers");
        assert!(answer.starts_with("{\"ok\":"), "{answer}");
    }
    drop(silent);
}

#[test]
fn the_socket_is_for_its_owner_and_one_that_a_killed_daemon_left_is_replaced() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    let socket = workshop.home.data().join("socket");
    let mode = fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    daemon.kill();
    assert!(socket.exists(), "nobody removed it");
    assert_eq!(workshop.done(&["status", "--json"]).json()["running"], false, "it can be read all the same");
    assert_eq!(workshop.echelon(&["submit", "x"]).code, Some(4));
    let mut daemon = workshop.up();
    assert_eq!(daemon.stop(), Some(0));
    assert!(!socket.exists(), "a daemon that ends removes it");
}

#[test]
fn a_request_to_terminate_lets_what_runs_end() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    workshop.done(&["submit", "wait for it"]);
    let begun = eventually("the work begins", || {
        let tasks = workshop.done(&["task", "list", "--state", "in_progress", "--json"]).json();
        tasks[0]["id"].as_str().map(str::to_owned)
    });
    daemon.signal(Signal::TERM);
    // A submission may still be taken before the signal is: it is another task than the one that is looked at.
    eventually("it drains", || (workshop.echelon(&["submit", "x"]).code == Some(4)).then_some(()));
    assert_eq!(workshop.done(&["status", "--json"]).json()["running"], true, "it can be looked at until the end");
    workshop.go();
    assert_eq!(daemon.ends(), Some(0), "{}", workshop.home.log());
    // What was left to do after the attempt may have been done, too, so that the task is no longer among the live ones.
    let task = workshop.done(&["task", "show", &begun, "--json"]).json()["task"].take();
    assert_eq!(task["attempts"], 1, "{task}");
    assert_ne!(task["state"], "IN_PROGRESS", "the attempt was not lost: {task}");
}

#[test]
fn run_uses_a_daemon_that_is_up() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    let run = workshop.run("make it");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.starts_with("`workshop` is up on "), "{}", run.stderr);
    assert_eq!(workshop.done(&["status", "--json"]).json()["running"], true, "and leaves it up");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_log_for_programs_is_json_line_by_line() {
    let workshop = Workshop::new();
    let mut up = workshop
        .command(&["up", "--org", workshop.chart(), "--log-format", "json"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut log = BufReader::new(up.stderr.take().expect("piped")).lines();
    let mut next = || -> Value {
        let line = log.next().expect("the log goes on").expect("it can be read");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
    };
    while !next()["message"].as_str().is_some_and(|text| text.contains("is up")) {}
    workshop.done(&["submit", "fail \"quoted\"\nand broken"]);
    while !next()["message"].as_str().is_some_and(|text| text.contains("ESCALATION goes up to operator")) {}
    let second = workshop.echelon(&["up", "--org", workshop.chart(), "--log-format", "json"]);
    let failure: Value = serde_json::from_str(second.stderr.trim_end()).expect("errors are JSON, too");
    assert_eq!((&failure["level"], &failure["exit"]), (&json!("ERROR"), &json!(5)));
    rustix::process::kill_process(rustix::process::Pid::from_child(&up), Signal::TERM).expect("it runs");
    let rest: Vec<Value> = log.map(|line| serde_json::from_str(&line.expect("readable")).expect("JSON")).collect();
    assert!(rest.iter().all(Value::is_object));
    assert_eq!(up.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_log_for_people_has_one_line_for_each_event() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    workshop.done(&["submit", "make\nit"]);
    eventually("it completes", || {
        (workshop.done(&["status", "--json"]).json()["recent"][0]["state"] == "COMPLETED").then_some(())
    });
    assert_eq!(daemon.stop(), Some(0));
    let log = workshop.home.log();
    for line in log.lines().filter(|line| !line.starts_with("`workshop` is up")) {
        let mut words = line.split_whitespace();
        let time = words.next().unwrap_or_default();
        assert!(time.len() == 12 && time.as_bytes()[8] == b'.', "{line}");
        assert!(matches!(words.next(), Some("INFO" | "WARN")), "{line}");
    }
    assert!(log.contains(" COMPLETED: "), "{log}");
}

/// A daemon that is killed while it starts a program leaves, for as long as that takes, a process that has its lock and its
/// socket and never answers.
#[test]
fn what_a_killed_daemon_was_just_starting_is_waited_for() {
    let workshop = Workshop::new();
    let data = workshop.home.data();
    fs::create_dir_all(&data).expect("a folder can be made");
    let lock = File::create(data.join("lock")).expect("a file can be made");
    lock.lock().expect("a file can be locked");
    let listener = UnixListener::bind(data.join("socket")).expect("a socket can be made");
    let mut daemon = workshop.home.begin_up(&workshop.chart);
    // It has seen both when it tries the socket; what it then does must not be to give up.
    listener.accept().expect("it tries the socket");
    std::thread::sleep(Duration::from_millis(50));
    drop((lock, listener));
    daemon.wait_until_it_answers();
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn clients_that_follow_and_go_away_give_their_places_back() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    // More than there are places; none of them is ever written to, so only their going away tells.
    for _ in 0..150 {
        let mut follower = connect(&workshop);
        follower.write_all(b"{\"protocol\":1,\"ask\":{\"watch\":{\"follow\":true}}}\n").expect("the daemon takes it");
    }
    assert_eq!(said(&workshop, STATUS)["ok"]["running"], json!(true));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn the_end_of_the_terminal_ends_the_daemon_in_order() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    daemon.signal(Signal::HUP);
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn following_one_instruction_ends_with_it() {
    let workshop = Workshop::new();
    let mut daemon = workshop.up();
    let submitted = workshop.done(&["submit", "make it"]);
    let watched = workshop.echelon(&["watch", submitted.stdout.trim(), "--from", "0"]);
    assert_eq!(watched.code, Some(0), "{}", watched.stderr);
    assert!(
        watched.stdout.trim_end().lines().last().is_some_and(|last| last.contains("COMPLETED")),
        "{}",
        watched.stdout
    );
    assert_eq!(daemon.stop(), Some(0));
}
