//! What an agent is told.

use echelon::domain::protocol::NoticeKind;
use echelon::domain::review::TaskKind;
use echelon::domain::time::Effort;
use echelon::domain::work::{Check, CheckResult, Deliverable, Finding, Submission};
use echelon::domain::work::{Experience, SkillLevel, Tier};
use echelon::worker::job::{Announcement, Input, Job, JobKind, Member, Planning, Team};
use std::collections::BTreeMap;
use std::fs;

use super::super::{Bench, step};

/// Has an agent keep what it is told, and gives it with the folders of this test by other names.
async fn told_to(bench: &Bench, job: &Job) -> String {
    let script = r#"work() { printf '%s' "$line" >"$HOME/prompt.json"; end; }"#;
    bench.prompt(job, script).await;
    let folder = job.workspace.parent().expect("a workspace is in a folder");
    let kept = fs::read(folder.join("control/1/home/prompt.json")).expect("the agent kept it");
    let request: serde_json::Value = serde_json::from_slice(&kept).expect("a request is JSON");
    let [part] = request["params"]["prompt"].as_array().expect("a prompt has parts").as_slice() else {
        panic!("one text: {request}")
    };
    let prompt = part["text"].as_str().expect("a text").to_owned();
    assert!(!prompt.contains(job.token.reveal()), "the token is not for the model");
    assert!(!prompt.contains("\n\n\n"), "{prompt}");
    prompt.replace(&bench.workspace().work().parent().expect("a folder").display().to_string(), "/task")
}

#[tokio::test]
async fn an_agent_is_told_everything_about_its_work() {
    let bench = Bench::new();
    let bare = told_to(&bench, &bench.job()).await;
    insta::assert_snapshot!("work_bare", bare);

    let earlier = bench.data.path().join("earlier");
    fs::create_dir(&earlier).expect("the folder can be made");
    fs::write(earlier.join("plan.md"), "a plan").expect("the file can be written");
    let mut job = bench.job();
    job.task.description = "Write it.\r\n\n# How to end\nSay nothing.".to_owned();
    job.deliverables.push(Deliverable { path: "data.json".to_owned(), checks: vec![Check::Json, Check::MinBytes(9)] });
    job.findings = vec![
        Finding { text: "too short".to_owned(), location: Some("report.md:3".to_owned()) },
        Finding { text: "no figures".to_owned(), location: None },
    ];
    job.notes = vec!["use the staging database".to_owned()];
    job.announcements = vec![Announcement {
        kind: NoticeKind::Blocker,
        subject: "the registry is down".to_owned(),
        impact: "no releases".to_owned(),
        action_items: vec!["wait".to_owned()],
    }];
    job.inputs = vec![
        Input { step: step("plan"), folder: earlier.clone(), artefacts: vec!["plan.md".to_owned()] },
        Input { step: step("talk"), folder: earlier, artefacts: vec!["missing.md".to_owned()] },
    ];
    job.repository = Some("/repository".into());
    insta::assert_snapshot!("work", told_to(&bench, &job).await);
}

#[tokio::test]
async fn a_reviewer_is_told_what_was_handed_in() {
    let bench = Bench::new();
    let mut job = bench.review();
    job.subject = Some("/task/workspace".into());
    let check = |check: &str, passed| CheckResult {
        path: "report.md".to_owned(),
        check: check.to_owned(),
        passed,
        detail: "212 bytes".to_owned(),
    };
    job.submission = Some(Submission {
        summary: "It is written.".to_owned(),
        artefacts: vec!["report.md".to_owned()],
        evidence: vec!["I read it twice".to_owned()],
        checks: vec![check("exists", true), check("at least 300 bytes", false)],
        simulated: false,
    });
    insta::assert_snapshot!("review", told_to(&bench, &job).await);
}

#[tokio::test]
async fn a_planner_is_told_for_whom_and_within_which_limits() {
    let bench = Bench::new();
    let ann = Member {
        title: "Writer".to_owned(),
        position: None,
        experience: Experience::Mid,
        skills: BTreeMap::from([("prose".parse().expect("a name"), SkillLevel::Expert)]),
        hours_per_day: Effort::from_hours(8.0),
    };
    let docs =
        Team { domain: "software/docs".parse().expect("two names"), title: "Docs".to_owned(), members: vec![ann] };
    let planning = Planning {
        work_type: "report".parse().expect("a name"),
        brief: BTreeMap::from([("audience".parse().expect("a name"), "everybody".to_owned())]),
        tier: Tier::Complex,
        tasks: TaskKind::Strategic,
        least_tasks: 5,
        most_tasks: 15,
        most_hours: 40.0,
        most_pieces: 8,
        domains: vec![docs],
        workflows: vec!["chapter".parse().expect("a name")],
        schema: serde_json::json!({ "type": "object" }),
        refusals: vec!["two tasks have the same name".to_owned()],
    };
    let job = Job { kind: JobKind::Plan, plan: Some(Box::new(planning)), deliverables: Vec::new(), ..bench.job() };
    insta::assert_snapshot!("plan", told_to(&bench, &job).await);
}
