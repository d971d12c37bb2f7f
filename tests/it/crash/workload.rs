//! What the organisation is given to do: a chart, three workflows, and a worker that is a nuisance.
//!
//! The worker leaves processes behind, asks for another try, dies, and wants changes as a reviewer. Which of these it does
//! hangs on the task's id, so that it ends well after a known number of tries however often it is interrupted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Home;

/// Attempts an IC may run side by side.
pub(crate) const PARALLEL_LIMIT: usize = 2;

/// The work types, and how often each is asked for: the more tasks, the rarer.
pub(crate) const WORK_TYPES: [&str; 6] = ["diamond", "diamond", "single", "single", "errand", "errand"];

const CHART: &str = r#"
[organisation]
name = "crash"
workflows = ["diamond.toml", "single.toml", "errand.toml"]

[policy]
retry_backoff = "10ms"

[[department]]
id = "software"
title = "Software"
default_work_type = "diamond"

[department.gates]
qa = "qa"

[[domain]]
id = "backend"
title = "Backend"
lead = { worker = "script" }

[[domain]]
id = "frontend"
title = "Frontend"

[[domain]]
id = "qa"
title = "Quality assurance"
lead = { worker = "script" }

[[worker]]
id = "script"
kind = "command"
command = ["sh", "{org_dir}/worker.sh"]
timeout = "2m"
reviews = true
"#;

/// Crosses domains at every step, and passes a gate that nobody holds.
const DIAMOND: &str = r#"
work_type = "diamond"
description = "One step, two side by side, one that joins them."
tier = 2
"#;

const SINGLE: &str = r#"
work_type = "single"
description = "One reviewed step."
tier = 1
"#;

const ERRAND: &str = r#"
work_type = "errand"
description = "One step without a review."
tier = 0
"#;

/// Logs every process it starts under what it works on, and whoever worked on the same before and is still there.
const WORKER: &str = r#"
set -u
org=${0%/*}
about=$ECHELON_TASK
if [ "$ECHELON_JOB_KIND" = review ]; then
  folder=${ECHELON_WORKSPACE%/workspace}
  about=$ECHELON_TASK-${folder##*/}
fi
log=$org/starts/$about
if [ -e "$log" ]; then
  while read -r what epoch pid token; do
    # A process id is used again; the token in a process's environment is not.
    if grep -qszxF "ECHELON_TOKEN=$token" "/proc/$pid/environ"; then
      echo "$about: $what $pid of attempt $epoch is alive as attempt $ECHELON_EPOCH starts" >>"$org/violations"
    fi
  done <"$log"
fi
echo "start $ECHELON_EPOCH $$ $ECHELON_TOKEN" >>"$log"
if [ $(($$ % 2)) = 0 ]; then
  setsid sleep 300 </dev/null >/dev/null 2>&1 &
else
  sleep 300 </dev/null >/dev/null 2>&1 &
fi
echo "child $ECHELON_EPOCH $! $ECHELON_TOKEN" >>"$log"
if [ -e "$org/slow" ]; then sleep "$(cat "$org/slow")"; else sleep "0.0$(($$ % 7))"; fi

if [ "$ECHELON_JOB_KIND" = review ]; then
  verdict='{"approve":{"summary":"as it should be"}}'
  if grep -q '"round": 1,' "$ECHELON_JOB"; then
    case $ECHELON_TASK:$folder in
      *[4-7]:*-peer | *[89a]:*-domain-lead)
        verdict='{"changes":{"findings":[{"text":"say it twice","location":"out.txt:1"}]}}'
        ;;
    esac
  fi
  printf '%s' "$verdict" >"$ECHELON_OUTCOME"
  exit 0
fi
if [ "$ECHELON_EPOCH" = 1 ]; then
  case $ECHELON_TASK in
    *[0-2]) exit 75 ;;
    *3) kill -9 $$ ;;
  esac
fi
echo "attempt $ECHELON_EPOCH says it" >>out.txt
echo "$ECHELON_TASK $ECHELON_EPOCH" >>"$org/done"
"#;

/// The files of the workload in a home.
pub(crate) struct Workload {
    folder: PathBuf,
}

impl Workload {
    /// Writes them.
    pub(crate) fn new(home: &Home) -> Self {
        let mut chart = CHART.to_owned();
        for domain in ["backend", "frontend", "qa"] {
            for name in ["ann", "ben"] {
                chart.push_str(&format!(
                    "\n[[ic]]\ndomain = \"{domain}\"\nid = \"{name}\"\ntitle = \"Developer\"\nexperience = \"mid\"\n\
                     skills = {{ making = \"expert\" }}\nhours_per_day = 24\nparallel_limit = {PARALLEL_LIMIT}\n\
                     worker = \"script\"\n"
                ));
            }
        }
        let step = |key: &str, domain: &str, needs: &[&str]| {
            let sensitive = key == "server";
            format!(
                "\n[[step]]\nkey = \"{key}\"\ntitle = \"Make the {key}\"\ndomain = \"{domain}\"\nneeds = {needs:?}\n\
                 effort = \"6m\"\nskills = [\"making\"]\nsecurity_sensitive = {sensitive}\n\
                 criteria = [\"it is there\"]\n[[step.deliverable]]\npath = \"out.txt\"\nmin_bytes = 10\n\
                 contains = \"says it\"\n"
            )
        };
        let diamond = [
            step("design", "backend", &[]),
            step("server", "backend", &["design"]),
            step("page", "frontend", &["design"]),
            step("check", "qa", &["server", "page"]),
        ];
        home.write("org.toml", &chart);
        home.write("diamond.toml", &(DIAMOND.to_owned() + &diamond.concat()));
        home.write("single.toml", &(SINGLE.to_owned() + &step("single", "frontend", &[])));
        home.write("errand.toml", &(ERRAND.to_owned() + &step("errand", "backend", &[])));
        home.write("worker.sh", WORKER);
        fs::create_dir(home.path().join("starts")).expect("a folder for the worker's log can be made");
        Self { folder: home.path().to_owned() }
    }

    pub(crate) fn chart(&self) -> PathBuf {
        self.folder.join("org.toml")
    }

    /// Makes every run take that many seconds; `None` makes them quick again.
    pub(crate) fn slow(&self, seconds: Option<&str>) {
        let path = self.folder.join("slow");
        match seconds {
            Some(seconds) => fs::write(path, seconds).expect("the file can be written"),
            None => fs::remove_file(path).expect("the file was there"),
        }
    }

    /// What the worker itself wrote down.
    pub(crate) fn record(&self) -> WorkerRecord {
        let violations = fs::read_to_string(self.folder.join("violations")).unwrap_or_default();
        let done = fs::read_to_string(self.folder.join("done")).unwrap_or_default();
        let mut record = WorkerRecord {
            violations: violations.lines().map(str::to_owned).collect(),
            done: done.lines().filter_map(task_and_epoch).collect(),
            ..WorkerRecord::default()
        };
        let logs = fs::read_dir(self.folder.join("starts")).expect("the worker's log is there");
        for log in logs.map(|log| log.expect("the folder can be read").path()) {
            record.add(&log);
        }
        record
    }
}

/// What the worker wrote down, outside of the data directory.
#[derive(Default)]
pub(crate) struct WorkerRecord {
    /// Attempts at work that began, and how often.
    pub(crate) begun: BTreeMap<(String, u64), usize>,
    /// Attempts at work that came to their end.
    pub(crate) done: BTreeSet<(String, u64)>,
    /// Reviews that began.
    pub(crate) reviews: usize,
    /// Older processes that were alive when a newer attempt at the same began.
    pub(crate) violations: Vec<String>,
}

impl WorkerRecord {
    fn add(&mut self, log: &Path) {
        let about = log.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = fs::read_to_string(log).expect("the worker's log can be read");
        for epoch in text.lines().filter_map(|line| line.strip_prefix("start ")?.split(' ').next()?.parse().ok()) {
            if about.contains("-review-") {
                self.reviews += 1;
            } else {
                *self.begun.entry((about.clone(), epoch)).or_default() += 1;
            }
        }
    }
}

fn task_and_epoch(line: &str) -> Option<(String, u64)> {
    let (task, epoch) = line.split_once(' ')?;
    Some((task.to_owned(), epoch.parse().ok()?))
}
