//! What the program says about itself.

use super::super::support::{echelon, finish};

#[test]
fn the_help_names_the_commands_and_the_exit_codes() {
    let help = finish(echelon().arg("--help").env("COLUMNS", "100"));
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("help", help.stdout);
}

#[test]
fn the_help_of_run_tells_what_an_instruction_may_say() {
    let help = finish(echelon().args(["run", "--help"]).env("COLUMNS", "100"));
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("help_of_run", help.stdout);
}

#[test]
fn every_command_has_help_that_fits_a_terminal_and_ends_well() {
    let commands = [
        "up",
        "submit",
        "status",
        "watch",
        "tree",
        "task",
        "task list",
        "task show",
        "task cancel",
        "capacity",
        "why",
        "answer",
        "org",
        "org check",
        "org show",
        "workflow",
        "workflow list",
        "workflow show",
        "workflow check",
        "workflow schema",
        "audit",
        "audit verify",
        "audit export",
        "doctor",
        "store",
        "store check",
        "store export",
        "store import",
        "store backup",
        "store restore",
        "store prune",
        "store rebuild-snapshots",
        "store repair",
        "completions",
    ];
    for command in commands {
        let help = finish(echelon().args(command.split(' ')).arg("--help").env("COLUMNS", "80"));
        assert_eq!(help.code, Some(0), "{command}: {help:?}");
        assert!(help.stdout.contains(&format!("Usage: echelon {command}")), "{command}: {}", help.stdout);
        for line in help.stdout.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn completions_are_printed_without_a_home_folder() {
    for shell in ["bash", "zsh", "fish"] {
        let script = finish(echelon().args(["completions", shell]).env_clear());
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
        assert!(script.stdout.contains("echelon") && script.stdout.contains("submit"), "{shell}");
    }
}
