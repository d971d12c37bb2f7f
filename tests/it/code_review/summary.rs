//! The summary of what the reviewers delivered.

use std::fs;

use super::run;

#[test]
fn the_summary_names_what_is_missing_and_what_it_cannot_read() {
    let base = tempfile::tempdir().expect("a directory for the workspaces");
    let security = base.path().join("security");
    fs::create_dir(&security).expect("the deliverables of a reviewer");
    fs::write(
        security.join("findings.tsv"),
        b"low\tsecurity\tdocker-root\tDockerfile\t1\tContainer runs as root\n\
          critical\tsecurity\tprivate-key\tkey.txt\t4\tPrivate key | <b>bold</b>\n\
          severe\tsecurity\tx\ta\t1\tunknown severity\n\
          high\tsecurity\tx\tonly four\n\
          high\tsecurity\tx\ta\tone\tno number\n\
          high\tsecurity\tx\t\xff\t1\tpath is not UTF-8\n",
    )
    .expect("findings");
    let repository = base.path().join("irrelevant");
    let joined = run("summary", &repository, base.path());
    assert!(joined.status_ok);
    let summary = joined.text("SUMMARY.md");
    assert!(summary.contains("Not reviewed: functional, performance, tests and documentation"), "{summary}");
    assert!(summary.contains("4 rows of findings.tsv could not be read"), "{summary}");
    assert!(!summary.contains("<b>"), "text does not turn into markup: {summary}");
    let places: Vec<_> = joined.findings().into_iter().map(|f| f.path).collect();
    assert_eq!(places, ["key.txt", "Dockerfile"]);
    assert_eq!(
        joined.summary(),
        "2 findings: 1 critical, 1 low; not reviewed: functional, performance, tests and documentation; 4 malformed rows left out"
    );
}

#[test]
fn a_summary_of_nothing_says_that_nothing_was_reviewed() {
    let base = tempfile::tempdir().expect("a directory for the workspaces");
    let joined = run("summary", base.path(), base.path());
    let summary = joined.text("SUMMARY.md");
    assert!(summary.contains("**Nothing was reviewed**"), "{summary}");
    assert!(joined.summary().contains("not reviewed: functional"), "{}", joined.summary());
}
