//! Files that cannot be read, those that ship, and what slips of the hand make of them.

use echelon::config::{self, Fault};
use echelon::domain::work::Check;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

use super::{CHART, SCHEMA, WORKFLOW, changed, clocks, files, parse, people};

#[test]
fn all_faults_of_all_files_are_reported_at_once_in_order() {
    let changes = [
        ("lease = \"90s\"", "lease = 90"),
        ("\"senior\"", "\"seniour\""),
        ("domain = \"backend\"", "domain = \"bakend\""),
        ("parallel_limit = 3", "parallel_limit = 0"),
        ("[\"sh\", \"{org_dir}/{step}.sh\", \"\"]", "[]"),
        ("failure_rate = 0.25", "failure_rat = 0.25"),
    ];
    let chart = changes.iter().fold(CHART.to_owned(), |text, (from, to)| changed("all", &text, from, to));
    let workflow = changed("all", WORKFLOW, "effort = 0.5", "effort = \"soon\"");
    let faults = parse(&chart, &files(&workflow, "[")).expect_err("there are eight faults");
    let places: Vec<(&Path, Option<usize>)> =
        faults.as_slice().iter().map(|Fault { file, line, .. }| (file.as_path(), *line)).collect();
    let org = Path::new("/srv/org.toml");
    let mut expected: Vec<(&Path, Option<usize>)> = [8, 24, 27, 31, 42, 49].map(|line| (org, Some(line))).to_vec();
    expected.push((Path::new("/srv/workflows/schemas/app.json"), Some(1)));
    expected.push((Path::new("/srv/workflows/ship.toml"), Some(10)));
    assert_eq!(places, expected, "{faults}");
}

#[test]
fn a_file_that_cannot_be_read_or_is_no_text_is_one_fault_that_says_where() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("org.toml");
    let fault = |path: &Path| match config::load(path) {
        Ok(_) => panic!("{} was read", path.display()),
        Err(faults) => faults.to_string(),
    };
    assert!(fault(&path).starts_with(&format!("{}: cannot be read: No such file", path.display())), "{}", fault(&path));
    assert!(fault(folder.path()).contains("cannot be read: Is a directory"), "{}", fault(folder.path()));
    std::fs::write(&path, b"# one\n# two \xff\n").expect("the test's own folder can be written");
    assert_eq!(fault(&path), format!("{}:2: is not UTF-8 text; save the file as UTF-8", path.display()));
    assert!(fault(Path::new("/dev/zero")).contains("is larger than 1048576 bytes"));
}

#[test]
fn a_document_nested_too_deeply_is_a_fault_and_not_the_end_of_the_process() {
    let depth = 100_000;
    for text in [
        format!("a = {}", "[".repeat(depth)),
        format!("a = {}{}", "[".repeat(depth), "]".repeat(depth)),
        format!("a = {}1{}", "{a = ".repeat(depth), "}".repeat(depth)),
        format!("{}a = 1", "a.".repeat(depth)),
        format!("[{}a]", "a.".repeat(depth)),
    ] {
        let faults = parse(&text, &BTreeMap::new()).expect_err("no chart is nested");
        assert!(faults.as_slice().iter().all(|fault| fault.what.len() < 1_000), "a message says what matters");
    }
}

#[test]
fn the_chart_that_ships_has_no_fault() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("org");
    let chart = config::load(&folder.join("quickstart.toml")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(chart.name, "quickstart");
    assert_eq!(Path::new(&chart.folder), folder);
    assert_eq!((chart.departments.len(), chart.domains.len(), chart.ics.len()), (1, 3, 7));
    let file = folder.join("workflows/code_review.toml");
    let workflow = config::check_workflow(&file, &chart).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(chart.workflows.values().collect::<Vec<_>>(), [&workflow]);
    let steps: Vec<(&str, usize)> = workflow.steps().map(|step| (step.key.as_str(), step.needs.len())).collect();
    let reviews = ["functional", "security", "performance", "tests", "documentation"].map(|key| (key, 0));
    assert_eq!(steps, [&reviews[..], &[("summary", 5)]].concat());
}

#[test]
fn the_findings_that_the_shipped_workflow_accepts_have_six_fields_or_there_are_none() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("org");
    let chart = config::load(&folder.join("quickstart.toml")).unwrap_or_else(|faults| panic!("{faults}"));
    let table = [
        ("", true),
        ("high\tsecurity\tprivate-key\tid_rsa\t1\tA private key\n", true),
        ("info\ttests\tno-tests\t\t\tThere are no tests\nlow\ttests\tskipped\ta.py\t3\tSkipped\n", true),
        ("high\tsecurity\tprivate-key\tid_rsa\tA private key\n", false),
        ("urgent\tsecurity\tprivate-key\tid_rsa\t1\tA private key\n", false),
        ("nothing found\n", false),
    ];
    let deliverables = chart.workflows.values().flat_map(|it| it.steps()).flat_map(|step| &step.work.deliverables);
    let mut patterns = 0;
    for deliverable in deliverables.filter(|it| it.path == "findings.tsv") {
        let [Check::Matches(pattern)] = deliverable.checks.as_slice() else { panic!("{:?}", deliverable.checks) };
        let pattern = regex::Regex::new(pattern).expect("a chart's patterns compile");
        for (text, accepted) in table {
            assert_eq!(pattern.is_match(text), accepted, "{text:?}");
        }
        patterns += 1;
    }
    assert_eq!(patterns, 6);
}

/// What a few slips of the hand make of the chart above or of the one that ships.
fn slips() -> impl Strategy<Value = String> {
    let pieces =
        ["", "[", "]", "\"", "=", "\n", "{", "}", "-1", "nan", "[[ic]]\n", "a.b = 1\n", "'", "\u{0}", "é", "1e999"];
    let slip = (any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(pieces.to_vec()));
    let charts =
        prop::sample::select(vec![CHART, people::CHART, clocks::CHART, include_str!("../../../org/quickstart.toml")]);
    (charts, prop::collection::vec(slip, 1..4)).prop_map(|(chart, slips)| {
        let mut text: Vec<char> = chart.chars().collect();
        for (at, length, piece) in slips {
            let start = at.index(text.len());
            let end = start.saturating_add(length).min(text.len());
            text.splice(start..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_and_faults_are_never_none(text in prop_oneof![any::<String>(), slips()]) {
        for (chart, workflow) in [(text.as_str(), WORKFLOW), (CHART, text.as_str())] {
            if let Err(faults) = parse(chart, &files(workflow, SCHEMA)) {
                prop_assert!(!faults.as_slice().is_empty());
                prop_assert!(faults.as_slice().is_sorted());
                prop_assert_eq!(faults.to_string().lines().count(), faults.as_slice().len());
            }
        }
    }

    #[test]
    fn a_slip_in_a_workflow_is_read_or_reported(at in any::<prop::sample::Index>(), length in 0..30_usize) {
        let letters: Vec<char> = WORKFLOW.chars().collect();
        let start = at.index(letters.len());
        let kept = letters.iter().take(start).chain(letters.iter().skip(start.saturating_add(length)));
        let workflow: String = kept.collect();
        if let Err(faults) = parse(CHART, &files(&workflow, SCHEMA)) {
            prop_assert!(!faults.as_slice().is_empty());
        }
    }
}
