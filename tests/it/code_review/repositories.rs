//! Repositories of every kind, which are left exactly as they were.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{AREAS, Repository, Review, clean_files, path_variable, run};

/// Content, kind, mode and time of change of everything below a directory.
fn snapshot(directory: &Path) -> BTreeMap<PathBuf, (u64, u32, i64, i64)> {
    let mut seen = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = fs::symlink_metadata(&path).expect("what was listed exists");
        let mut hasher = DefaultHasher::new();
        if metadata.is_dir() {
            for entry in fs::read_dir(&path).expect("a directory can be read") {
                open.push(entry.expect("an entry can be read").path());
            }
        } else if metadata.is_symlink() {
            fs::read_link(&path).expect("a link can be read").hash(&mut hasher);
        } else {
            fs::read(&path).expect("a file can be read").hash(&mut hasher);
        }
        let state = (hasher.finish(), metadata.mode(), metadata.mtime(), metadata.mtime_nsec());
        seen.insert(path, state);
    }
    seen
}

#[test]
fn a_repository_without_commits_has_nothing_to_review() {
    let repository = Repository::new();
    repository.write("staged.py", "breakpoint()\n");
    repository.git(&["add", "staged.py"]);
    let review = Review::of(&repository.path);
    for reviewed in review.by_area.values() {
        assert!(reviewed.text("REPORT.md").contains("no commits yet"), "{}", reviewed.text("REPORT.md"));
        assert!(reviewed.summary().contains("nothing to review"), "{}", reviewed.outcome);
        assert_eq!(reviewed.findings(), []);
    }
    assert_eq!(review.joined.summary(), "no findings");
}

#[test]
fn a_directory_that_is_no_repository_is_refused() {
    let plain = tempfile::tempdir().expect("a directory");
    fs::write(plain.path().join("a.py"), "breakpoint()\n").expect("a file");
    let half = tempfile::tempdir().expect("a directory");
    fs::create_dir(half.path().join(".git")).expect("an empty .git");
    let missing = plain.path().join("missing");
    for directory in [plain.path(), half.path(), &missing] {
        let base = tempfile::tempdir().expect("a directory for the workspaces");
        for area in AREAS {
            let refused = run(area, directory, base.path());
            assert!(!refused.status_ok, "{area} says by its status that it gave up");
            assert_eq!(refused.outcome["failed"]["class"], "permanent", "{}", refused.outcome);
            let message = refused.outcome["failed"]["message"].as_str().expect("a failure has a message");
            assert!(message.contains("to review is not a"), "the message says what is wrong: {message}");
        }
    }
}

#[test]
fn a_bare_repository_is_reviewed_as_committed() {
    let repository = Repository::new();
    repository.write("src/app.py", "a = 1\nbreakpoint()\n");
    repository.write(OsStr::from_bytes(b"new\nline.py"), "breakpoint()\n");
    repository.write("broken.sh", "#!/bin/sh\nif\n");
    repository.commit();
    let bare = repository._home.path().join("bare.git");
    let target = bare.to_str().expect("a temporary path is UTF-8");
    repository.git(&["clone", "-q", "--bare", ".", target]);
    let before = snapshot(&bare);
    let review = Review::of(&bare);
    review.assert_found("medium", "debug-leftover", "src/app.py", "2");
    review.assert_found("medium", "debug-leftover", "\"new\\nline.py\"", "1");
    assert!(review.findings().iter().any(|f| f.rule == "shell-syntax" && f.path == "broken.sh"));
    assert_eq!(before, snapshot(&bare), "the bare repository is unchanged");
}

#[test]
fn what_is_missing_from_the_checkout_is_neither_read_nor_called_absent() {
    let repository = Repository::new();
    clean_files(&repository);
    repository.write("src/more.py", "\"\"\"More.\"\"\"\nx = 1\n".repeat(40));
    repository.commit();
    fs::remove_dir_all(repository.path.join("tests")).expect("it was written above");
    fs::remove_file(repository.path.join("README.md")).expect("it was written above");
    let review = Review::of(&repository.path);
    assert_eq!(review.findings(), [], "{}", review.all_text());
    let evidence = &review.by_area["tests"].outcome["done"]["evidence"][0];
    assert_eq!(evidence, "9 tracked files read");
}

#[test]
fn the_repository_is_left_exactly_as_it_was() {
    let repository = Repository::new();
    clean_files(&repository);
    repository.write("src/app.py", "breakpoint()\n");
    repository.commit();
    // Everything that makes git want to refresh its index: touched, changed, deleted and new files.
    repository.write("src/counter.py", "x = 1\n");
    repository.write("src/app.py", "breakpoint()\n");
    repository.write("untracked.py", "breakpoint()\n");
    fs::remove_file(repository.path.join("LICENSE")).expect("the file was written above");
    let before = snapshot(&repository.path);
    let review = Review::of(&repository.path);
    review.assert_found("medium", "debug-leftover", "src/app.py", "1");
    let after = snapshot(&repository.path);
    assert_eq!(before, after);
    assert!(review.findings().iter().all(|f| f.path != "untracked.py"), "only tracked files are reviewed");
}

#[test]
fn a_hostile_configuration_executes_nothing() {
    let repository = Repository::new();
    let outside = tempfile::tempdir().expect("a directory outside the repository");
    let marker = outside.path().join("executed");
    let trap = outside.path().join("trap.sh");
    fs::write(&trap, format!("#!/bin/sh\necho \"$0 $*\" >>'{}'\ncat\n", marker.display()))
        .expect("the trap can be written");
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).expect("the trap can be armed");
    fs::write(outside.path().join("secret.py"), "breakpoint()  # outside\n").expect("a file");

    repository.write("app.py", "breakpoint()\n");
    repository.write("secret.py", "x = 1\n");
    repository.write("sub/secret.py", "x = 1\n");
    repository.write("run.sh", "#!/bin/sh\necho \"$(touch \"$MARKER\")\"\n");
    repository.write("data.txt", "some text that will be missing\n");
    repository.commit();
    repository.write(".gitattributes", "* filter=evil diff=evil -text binary\n");
    repository.commit();

    let trap = trap.to_str().expect("a temporary path is UTF-8");
    let git_dir = repository.path.join(".git");
    for (key, value) in [
        ("core.pager", trap),
        ("core.sshCommand", trap),
        ("core.askPass", trap),
        ("core.editor", trap),
        ("core.alternateRefsCommand", trap),
        ("credential.helper", trap),
        ("gpg.program", trap),
        ("log.showSignature", "true"),
        ("diff.external", trap),
        ("diff.evil.command", trap),
        ("diff.evil.textconv", trap),
        ("filter.evil.clean", trap),
        ("filter.evil.smudge", trap),
        ("filter.evil.required", "true"),
        ("grep.column", "true"),
        ("grep.patternType", "perl"),
        ("color.ui", "always"),
        ("color.grep", "always"),
        ("core.quotePath", "false"),
        ("submodule.recurse", "true"),
        ("uploadpack.packObjectsHook", trap),
        ("protocol.allow", "always"),
        ("remote.origin.url", &format!("ext::{trap}")),
        ("remote.origin.promisor", "true"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
        ("core.hooksPath", &format!("{}/hooks", git_dir.display())),
    ] {
        repository.git(&["config", key, value]);
    }
    for hook in ["post-index-change", "pre-auto-gc", "post-checkout"] {
        let file = git_dir.join("hooks").join(hook);
        fs::create_dir_all(git_dir.join("hooks")).expect("the folder of the hooks");
        fs::copy(trap, &file).expect("the hook can be written");
    }
    fs::create_dir_all(git_dir.join("info")).expect("the folder of the attributes");
    fs::write(git_dir.join("info/attributes"), "*.py filter=evil\n*.txt filter=evil diff=evil\n").expect("attributes");
    // The content of one file is missing, so git would like to fetch it with the command above.
    let blob = repository.git(&["rev-parse", "HEAD:data.txt"]).stdout;
    let blob = String::from_utf8(blob).expect("an object name is ASCII");
    let (folder, rest) = blob.trim().split_at(2);
    fs::remove_file(git_dir.join("objects").join(folder).join(rest)).expect("the object is loose");
    // A tracked directory now leads out of the repository, and the work tree is said to be elsewhere.
    fs::remove_dir_all(repository.path.join("sub")).expect("it was written above");
    symlink(outside.path(), repository.path.join("sub")).expect("a link can be made");
    repository.git(&["config", "core.fsmonitor", trap]);
    repository.git(&["config", "core.worktree", outside.path().to_str().expect("a temporary path is UTF-8")]);
    repository.write("app.py", "breakpoint()\n");
    let _ = fs::remove_file(&marker);

    let before = snapshot(&repository.path);
    let review = Review::of(&repository.path);
    assert!(!marker.exists(), "something was executed: {}", fs::read_to_string(&marker).unwrap_or_default());
    assert_eq!(before, snapshot(&repository.path));
    // Attributes that call a file binary do not hide it either, or (git before 2.41) it is said.
    let report = review.by_area["functional"].text("REPORT.md");
    if !report.contains("binary; they were not searched") {
        review.assert_found("medium", "debug-leftover", "app.py", "1");
    }
    assert!(review.findings().iter().all(|f| !f.path.contains("secret.py")), "nothing outside the repository was read");
    // The trap is armed: git without protection falls into it.
    let _ = Command::new("git")
        .args(["status"])
        .current_dir(&repository.path)
        .env_clear()
        .env("PATH", path_variable())
        .env("HOME", outside.path())
        .stdin(Stdio::null())
        .output()
        .expect("git starts");
    assert!(marker.exists(), "the trap would have been noticed");
}
