//! How a conversation may end, and what that means.

use echelon::worker::{Outcome, RunContext, Sign, Usage};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;

use super::super::{Bench, eventually, told};

#[tokio::test]
async fn an_agent_works_in_its_workspace_and_its_last_message_is_the_summary() {
    let bench = Bench::new();
    let report = bench
        .prompt(
            &bench.job(),
            r#"work() {
                say 'I will look '; say 'around.'; tool 'look around'
                pwd >report.md; echo "$COLOUR $HOME $ECHELON_STEP" >>report.md
                say 'The report '; update '{"sessionUpdate":"usage_update","used":5,"size":9}'; say 'is there.'
                id=$turn; reply '{"stopReason":"end_turn","usage":{"totalTokens":1234,"inputTokens":1000,"outputTokens":234}}'
            }"#,
        )
        .await;
    assert_eq!(told(&report), r#"done: The report is there. ["report.md"]"#);
    let Ok(Outcome::Done { usage, .. }) = &report.outcome else { panic!("{report:?}") };
    assert_eq!(*usage, Some(Usage { tokens: Some(1234), money_micros: None }));
    assert_eq!(report.log.stdout, "I will look around.\n[look around]\nThe report is there.");
    let job = bench.job();
    let folder = job.workspace.parent().expect("a workspace is in a folder").display().to_string();
    let written = fs::read_to_string(job.workspace.join("report.md")).expect("the agent wrote it");
    assert_eq!(written, format!("{folder}/workspace\nblue {folder}/control/1/home report\n"));
    assert!(bench.running().is_empty());
}

/// What an agent does in its turn, and how the attempt ends.
const WORK: &[(&str, &str)] = &[
    ("work() { end; }", "done: ended its turn and said nothing []"),
    (r#"work() { echo '{"done":{"summary":"x"}}' >"$ECHELON_OUTCOME"; say no; end; }"#, "done: x []"),
    (
        r#"work() { echo '{"done":{}}' >"$ECHELON_OUTCOME"; end; }"#,
        "transient: the outcome is not what was agreed: missing field `summary` at line 1 column 10",
    ),
    (
        r#"work() { say '{\"blocked\":{\"kind\":\"access\",\"description\":\"d\",\"needs\":\"n\"}}'; end; }"#,
        r#"blocked: Blocked { kind: "access", description: "d", needs: "n" }"#,
    ),
    (r#"work() { say '```json\n{\"done\":{\"summary\":\"fenced\"}}\n```'; end; }"#, "done: fenced []"),
    (r#"work() { say '{\"approve\":{\"summary\":\"x\"}}'; end; }"#, "transient: `approve` does not answer a work job"),
    ("work() { end max_tokens; }", "transient: stopped at its limit of tokens"),
    (
        r#"work() { echo '{"done":{"summary":"x"}}' >"$ECHELON_OUTCOME"; end max_tokens; }"#,
        "transient: stopped at its limit of tokens after saying done",
    ),
    ("work() { end max_turn_requests; }", "transient: stopped at its limit of requests to its model"),
    ("work() { say 'That is not right.'; end refusal; }", "permanent: refused: That is not right."),
    ("work() { end cancelled; }", "transient: says that it was cancelled, which nobody asked for"),
    (
        "work() { error -32603 'API error 429: slow down'; }",
        "quota: `sh` may not do more for now: API error 429: slow down",
    ),
    (
        "session() { error -32000 'Authentication required'; }",
        "permanent: `sh` wants to be signed in: give it its key in `environment` of worker `agent`, as its HOME is new \
         each time (Authentication required)",
    ),
    (
        r#"work() { id=$turn; printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"Error","data":{"details":"quota used up"}}}\n' "$id"; }"#,
        "quota: `sh` may not do more for now: Error: quota used up",
    ),
    (
        "work() { echo why >&2; error -32603 'Internal error'; }",
        "transient: `sh` answered `session/prompt` with an error: Internal error: why",
    ),
    (
        r#"hello() { reply '{"protocolVersion":2}'; }"#,
        "permanent: `sh` does not speak version 1 of the protocol, install a release of it that does: ",
    ),
    ("echo no node >&2; exit 3", "transient: `sh` exited with 3 before it answered `initialize`: no node"),
    ("exec /no/such/agent", "permanent: `sh` exited with 127, a command that is not there: "),
    ("work() { kill -9 $$; }", "transient: `sh` was killed by signal 9 before it answered `session/prompt`"),
    ("work() { exec >&-; sleep 300; }", "transient: `sh` hung up before it answered `session/prompt`"),
    // Greetings are no messages, and what is no answer to anything is nobody's.
    (
        r#"echo 'Welcome!'; printf '{"jsonrpc":"2.0","id":9,"result":1}\n[]\n{}\n\377\n'; work() { say hi; end; }"#,
        "done: hi []",
    ),
    ("work() { end; end refusal; }", "done: ended its turn and said nothing []"),
    // What it is not offered is refused, and it can go on.
    (
        r#"work() {
            printf '{"jsonrpc":"2.0","id":"f","method":"fs/read_text_file","params":{"sessionId":"s","path":"/etc/passwd"}}\n'
            read -r line; case $line in *'"error"'*) say refused ;; esac; end
        }"#,
        "done: refused []",
    ),
];

#[tokio::test]
async fn every_end_of_a_turn_has_a_meaning() {
    for (script, expected) in WORK {
        let bench = Bench::new();
        let said = told(&bench.prompt(&bench.job(), script).await);
        assert!(said == *expected || expected.ends_with(": ") && said.starts_with(expected), "{script}\n{said}");
        assert!(bench.running().is_empty(), "{script}");
    }
    let bench = Bench::new();
    let missing = bench.acp(&["no-such-agent"], Duration::from_secs(1)).run(&bench.job(), RunContext::detached()).await;
    assert!(
        told(&missing).starts_with("permanent: `no-such-agent` is not there: name a program on PATH"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_review_is_the_outcome_file_or_the_last_message_and_nothing_else() {
    let table = [
        (r#"say '{\"approve\":{\"summary\":\"fine\"}}'"#, r#"approve: Approve { summary: "fine" }"#),
        (
            r#"say thinking; tool read; say '{\"changes\":{\"findings\":[{\"text\":\"t\",\"location\":null}]}}'"#,
            r#"changes: Changes { findings: [Finding { text: "t", location: None }] }"#,
        ),
        (r#"echo '{"approve":{"summary":"file"}}' >"$ECHELON_OUTCOME""#, r#"approve: Approve { summary: "file" }"#),
        ("say 'Looks good to me!'", "transient: ended its turn without an outcome: a review says approve or changes"),
        (r#"say '{\"done\":{\"summary\":\"x\"}}'"#, "transient: `done` does not answer a review job"),
        (r#"say '{\"approve\":'"#, "transient: ended its turn without an outcome: a review says approve or changes"),
    ];
    for (script, expected) in table {
        let bench = Bench::new();
        let report = bench.prompt(&bench.review(), &format!("work() {{ {script}; end; }}")).await;
        assert_eq!(told(&report), expected, "{script}");
    }
}

#[tokio::test]
async fn permission_is_given_once_and_not_for_changes_elsewhere() {
    let bench = Bench::new();
    let script = r#"work() {
        for request in "execute /bin/sh" "read /etc/passwd" "edit $PWD/report.md" "edit report.md" "edit /etc/passwd" \
            "delete $PWD/../away" "edit $ECHELON_OUTCOME"; do
            ask $request
            case $line in *'"optionId":"yes"'*) said=yes ;; *'"optionId":"no"'*) said=no ;; *) said=$line ;; esac
            echo "$request: $said" >>answers
        done
        end
    }"#;
    bench.prompt(&bench.job(), script).await;
    let job = bench.job();
    let (work, control) =
        (job.workspace.display().to_string(), bench.workspace().control(job.epoch).display().to_string());
    let answers = fs::read_to_string(job.workspace.join("answers")).expect("the agent wrote it");
    let expected = format!(
        "execute /bin/sh: yes\nread /etc/passwd: yes\nedit {work}/report.md: yes\nedit report.md: yes\nedit /etc/passwd: no\n\
         delete {work}/../away: no\nedit {control}/outcome.json: yes\n"
    );
    assert_eq!(answers, expected);
}

/// Runs the agent, asks it to stop once it made a file called `started`, and says how it ended and how long that took.
async fn stopped_once_started(bench: &Bench, script: &str) -> (String, Duration) {
    let (ask, stop) = watch::channel(false);
    let (worker, job) = (bench.agent(script), bench.job());
    let started = job.workspace.join("started");
    let context = RunContext { stop, ..RunContext::detached() };
    let run = tokio::spawn(async move { worker.run(&job, context).await });
    eventually("the agent started", || started.exists()).await;
    let asked = Instant::now();
    ask.send(true).expect("the run listens");
    (told(&run.await.expect("a run does not panic")), asked.elapsed())
}

#[tokio::test]
async fn an_agent_that_is_to_stop_is_cancelled_first() {
    let bench = Bench::new();
    let polite = "work() { touch started; }; cancel() { touch cancelled; end cancelled; }";
    let (said, took) = stopped_once_started(&bench, polite).await;
    assert_eq!(said, "stopped");
    assert!(bench.job().workspace.join("cancelled").exists(), "it was told");
    assert!(took < Duration::from_secs(3), "{took:?}");

    let bench = Bench::new();
    let finishes =
        r#"work() { touch started; }; cancel() { echo '{"done":{"summary":"half"}}' >"$ECHELON_OUTCOME"; end; }"#;
    assert_eq!(stopped_once_started(&bench, finishes).await.0, "done: half []");

    let bench = Bench::new();
    let deaf = "trap '' TERM; work() { touch started; setsid sleep 300 & while :; do sleep 0.1; done; }";
    assert_eq!(stopped_once_started(&bench, deaf).await.0, "stopped");
    assert_eq!(bench.running(), Vec::<u32>::new());
}

#[tokio::test]
async fn an_agent_that_takes_too_long_is_cancelled_and_ended() {
    let bench = Bench::new();
    let worker =
        bench.agent_for("work() { :; }; cancel() { touch cancelled; end cancelled; }", Duration::from_millis(400));
    assert_eq!(told(&worker.run(&bench.job(), RunContext::detached()).await), "transient: ran longer than 400ms");
    assert!(bench.job().workspace.join("cancelled").exists());
    assert!(worker.describe().starts_with("coding agent `sh "), "{}", worker.describe());
    assert!(bench.running().is_empty());
}

#[tokio::test]
async fn what_an_agent_tells_is_a_sign_of_life_and_too_much_of_it_ends_the_run() {
    let bench = Bench::new();
    let signs = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&signs);
    let context = RunContext {
        alive: Arc::new(move |sign| heard.lock().expect("nobody panics").push(sign)),
        alive_every: Arc::new(|| Duration::from_millis(20)),
        ..RunContext::detached()
    };
    let script = "work() { for i in 1 2 3 4 5; do say .; sleep 0.05; done; end; }";
    assert_eq!(told(&bench.agent(script).run(&bench.job(), context).await), "done: ..... []");
    let signs = signs.lock().expect("nobody panics").clone();
    assert!(signs.contains(&Sign::Output) && signs.contains(&Sign::Running), "{signs:?}");

    for flood in [
        "head -c 5000000 /dev/zero | tr '\\0' x",
        "yes '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}'",
        "cat /dev/zero >&2",
    ] {
        let bench = Bench::new();
        let report = bench.prompt(&bench.job(), &format!("work() {{ {flood}; end; }}")).await;
        assert_eq!(
            told(&report),
            "permanent: sent more than 64 MiB, 4 MiB in one message, or 10000 requests",
            "{flood}"
        );
    }
}
