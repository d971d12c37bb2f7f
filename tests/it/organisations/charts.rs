//! Every file that ships is sound, and is used.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use echelon::config;
use echelon::domain::review::Gate;
use echelon::domain::work::Tier;

use super::{CHARTS, folder};
use crate::support::{echelon, finish};

/// Every file below a folder whose name ends like that.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(&path).expect("a folder can be read").map(|entry| entry.expect("an entry").path()),
            );
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The charts that ship, with the workflow files that each names.
fn charts() -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let charts = fs::read_dir(folder()).expect("there is an org folder").map(|entry| entry.expect("an entry").path());
    let charts = charts.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let named = |chart: &PathBuf| {
        let text = fs::read_to_string(chart).expect("a chart can be read");
        let chart: toml::Table = text.parse().expect("a chart is TOML");
        let workflows = chart["organisation"]["workflows"].as_array().expect("a list").clone();
        workflows.iter().map(|name| folder().join(name.as_str().expect("a text"))).collect()
    };
    charts.map(|chart| (chart.clone(), named(&chart))).collect()
}

#[test]
fn every_chart_and_every_workflow_that_ships_passes_its_check() {
    for (chart, workflows) in charts() {
        let checked = finish(echelon().args(["org", "check"]).arg(&chart));
        assert_eq!(checked.code, Some(0), "{}: {checked:#?}", chart.display());
        for workflow in workflows {
            let checked = finish(echelon().args(["workflow", "check"]).arg(&workflow).arg("--org").arg(&chart));
            assert_eq!(checked.code, Some(0), "{}: {checked:#?}", workflow.display());
        }
    }
}

#[test]
fn no_workflow_file_ships_that_no_chart_uses() {
    let used: BTreeSet<PathBuf> = charts().into_values().flatten().collect();
    let there: BTreeSet<PathBuf> = files(&folder().join("workflows"), ".toml").into_iter().collect();
    assert_eq!(there, used);
}

#[test]
fn the_software_organisation_has_six_domains_and_an_architect_who_holds_a_gate() {
    let chart = config::load(&folder().join("software.toml")).expect("it is sound");
    let domains: Vec<&str> = chart.domains.keys().map(|domain| domain.name()).collect();
    assert_eq!(domains, ["architecture", "backend", "data", "devops", "frontend", "qa", "security"]);
    assert!((15..=20).contains(&chart.ics.len()), "{}", chart.ics.len());
    let gates = &chart.departments.values().next().expect("one department").gates;
    let held: Vec<(Gate, &str)> = gates.iter().map(|(gate, domain)| (*gate, domain.name())).collect();
    assert_eq!(held, [(Gate::Security, "security"), (Gate::Architecture, "architecture"), (Gate::Qa, "qa")]);
    let feature = &chart.workflows[&"feature".parse().expect("a name")];
    assert_eq!(
        feature.tiers().collect::<Vec<_>>(),
        [Tier::Trivial, Tier::Simple, Tier::Moderate, Tier::Complex, Tier::Expert]
    );
}

#[test]
fn each_of_the_five_departments_has_its_positions_and_something_to_do() {
    let chart = config::load(&folder().join("company.toml")).expect("it is sound");
    let table: &[(&str, &[&str])] = &[
        ("dev", &["architect", "ba", "developer", "reviewer"]),
        ("exec", &["assistant", "chief_of_staff"]),
        ("governance", &["finance", "legal"]),
        ("knowledge", &["librarian", "researcher"]),
        ("sales_and_marketing", &["bdr", "content", "customer_success", "designer", "podcast", "sales"]),
    ];
    assert_eq!(chart.departments.len(), table.len());
    for (name, positions) in table {
        let of = |ic: &&echelon::domain::org::Ic| ic.id.department().as_str() == *name;
        let found: BTreeSet<&str> = chart
            .ics
            .values()
            .filter(of)
            .map(|ic| ic.position.as_ref().expect("everybody has a position").as_str())
            .collect();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), *positions, "{name}");
        assert!(chart.workflows.values().any(|workflow| workflow.department.as_str() == *name), "{name}");
    }
}

#[test]
fn whatever_is_simulated_says_so_from_the_start() {
    for chart in CHARTS {
        let chart = config::load(&folder().join(chart)).expect("it is sound");
        for worker in chart.workers.values() {
            assert!(matches!(worker.kind, echelon::domain::org::WorkerKind::Simulated { .. }), "{}", worker.id);
        }
    }
}
