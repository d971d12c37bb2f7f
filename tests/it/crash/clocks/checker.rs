//! What must hold of clocks, escalations, questions and handoffs whatever was killed, checked from the exported journal and
//! from what clients wrote down. The table of states is a copy of its own, and so are the limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::DateTime;
use serde_json::Value;

use super::super::checker::{text, variant};
use super::stage::limits;

/// Faults that are worth reading; the others follow from them, most likely.
const FAULTS_SHOWN: usize = 20;

/// An hour of the organisation in its milliseconds.
const HOUR: i64 = 3_600_000;

const MARKS: [&str; 3] = ["target", "warning", "escalation"];
const LEVELS: [&str; 4] = ["domain_lead", "tech_lead", "engineering_manager", "person"];

/// Attempts that an IC of the stage may have at work at the same time.
const PARALLEL_LIMIT: usize = 3;

/// Events that leave the task in its state, with the states they may be found in; nothing for any that is not over.
const IN_PLACE: &[(&str, &[&str])] = &[
    ("heartbeat", &["IN_PROGRESS"]),
    ("attempt_failed", &["IN_PROGRESS"]),
    ("reviewer_assigned", &["UNDER_REVIEW", "DOMAIN_REVIEW"]),
    ("gate_passed", &["DOMAIN_REVIEW"]),
    ("gate_skipped", &["DOMAIN_REVIEW"]),
    ("rounds_spent", &["UNDER_REVIEW", "DOMAIN_REVIEW"]),
    ("handoff_accepted", &["READY_FOR_HANDOFF"]),
    ("items_verified", &["READY_FOR_HANDOFF"]),
    ("question_asked", &["IN_PROGRESS", "UNDER_REVIEW", "DOMAIN_REVIEW"]),
    ("waits_for_capacity", &["PENDING"]),
    ("forecast_passed", &["PENDING"]),
    ("stalled", &["IN_PROGRESS"]),
    ("delegation_acknowledged", &["PENDING", "IN_PLANNING", "ASSIGNED", "IN_PROGRESS"]),
    ("delegation_sent_again", &["PENDING", "IN_PLANNING", "ASSIGNED", "IN_PROGRESS"]),
    ("question_answered", &[]),
    ("question_climbed", &[]),
    ("question_reminded", &[]),
    ("time_granted", &[]),
    ("priority_changed", &[]),
    ("escalation_raised", &[]),
    ("escalation_climbed", &[]),
    ("escalation_told", &[]),
    ("escalation_reminded", &[]),
    ("escalation_acknowledged", &[]),
    ("escalation_decided", &[]),
    ("escalation_closed", &[]),
    ("clock_fired", &[]),
    ("reminded", &[]),
];

/// What became of something that was asked for, as far as whoever asked knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// It was acknowledged.
    Done,
    /// It was refused.
    Refused,
    /// There was no answer that says.
    Nothing,
}

impl Heard {
    /// Whether it may be in the journal so many times.
    fn allows(self, times: usize) -> bool {
        match self {
            Self::Done => times == 1,
            Self::Refused => times == 0,
            Self::Nothing => times <= 1,
        }
    }
}

/// What was asked for once, by the words it bears in the journal.
pub(super) type Sent = BTreeMap<String, Heard>;

/// How often each thing happened.
#[derive(Default, Debug)]
pub(super) struct Figures(pub(super) BTreeMap<String, usize>);

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(name, count)| format!("{count} {name}")).collect();
        f.write_str(&all.join(", "))
    }
}

#[derive(Default)]
struct Task {
    instruction: String,
    state: &'static str,
    entered: i64,
    /// Granted in this visit, and how long its instruction was paused meanwhile.
    granted: i64,
    paused: i64,
    /// How long its clock may have stood still in this visit, for whatever reason, and since when it may do so now.
    stood: i64,
    still: Option<i64>,
    needs: Vec<String>,
    assignee: String,
    awaits_capacity: bool,
    fired: usize,
    epoch: u64,
    running: bool,
    escalations: BTreeMap<String, Record>,
    /// Level of each open question.
    questions: BTreeMap<String, Option<usize>>,
    accepted: BTreeSet<String>,
}

struct Record {
    trouble: String,
    level: Option<usize>,
    decided: bool,
    told: bool,
}

/// A walk along a journal.
#[derive(Default)]
pub(super) struct Checker {
    faults: Vec<String>,
    figures: Figures,
    now: i64,
    sequence: u64,
    tasks: BTreeMap<String, Task>,
    /// Since when each paused instruction is.
    paused: BTreeMap<String, i64>,
    /// Instructions whose tasks may be assigned.
    executing: BTreeSet<String>,
    /// Ids that may be used once only: escalations, questions, broadcasts, instructions, tasks.
    ids: BTreeSet<String>,
    /// How often clients' words are found.
    words: BTreeMap<String, usize>,
    keys: BTreeMap<String, Vec<String>>,
}

/// Walks along an exported journal.
pub(super) fn walk(export: &str) -> Checker {
    let mut checker = Checker::default();
    for line in export.lines() {
        let record: Value = serde_json::from_str(line).expect("a line of the export is JSON");
        checker.take(&record);
    }
    checker
}

/// Milliseconds of a time in the journal.
pub(super) fn millis(time: &Value) -> i64 {
    DateTime::parse_from_rfc3339(text(time)).expect("times are RFC 3339").timestamp_millis()
}

fn place(level: &Value) -> Option<usize> {
    LEVELS.iter().position(|name| *name == text(level))
}

impl Checker {
    /// Holds it against what clients know.
    ///
    /// # Errors
    /// What does not hold, a line each.
    pub(super) fn compare(mut self, sent: &Sent, keys: &BTreeMap<String, BTreeSet<String>>) -> Result<Figures, String> {
        for (word, heard) in sent {
            let found = self.words.get(word).copied().unwrap_or_default();
            if !heard.allows(found) {
                self.faults.push(format!("`{word}` is there {found} times; who asked heard: {heard:?}"));
            }
        }
        for (key, ids) in keys {
            let there = self.keys.get(key).cloned().unwrap_or_default();
            if there.len() != 1 || ids.len() != 1 || !ids.contains(&there[0]) {
                self.faults.push(format!("{key} was acknowledged as {ids:?} and is there as {there:?}"));
            }
        }
        if self.faults.is_empty() {
            return Ok(self.figures);
        }
        let count = self.faults.len();
        self.faults.truncate(FAULTS_SHOWN);
        Err(format!("{count} faults\n{}", self.faults.join("\n")))
    }

    /// Clocks that ran out before `now` and have not fired, in every state that has one.
    pub(super) fn lost_clocks(&self, now: i64) -> Vec<String> {
        let mut lost = Vec::new();
        for (id, task) in &self.tasks {
            let Some(limit) = limits(task.state).and_then(|limits| limits.get(task.fired).copied()) else { continue };
            let due = task.entered + limit * HOUR + task.granted + task.stood;
            if task.still.is_none() && due < now {
                lost.push(format!("{id} in {}: {} overdue by {} ms", task.state, MARKS[task.fired], now - due));
            }
        }
        lost
    }

    /// Whether the clock of a task may stand still. Where it takes more than the journal to know, the answer is yes.
    fn may_stand_still(&self, task: &Task) -> bool {
        let is_completed = |need: &String| self.tasks.get(need).is_some_and(|need| need.state == "COMPLETED");
        let is_beside = |other: &&Task| other.state == "IN_PROGRESS" && other.assignee == task.assignee;
        self.paused.contains_key(&task.instruction)
            || match task.state {
                "PENDING" => task.awaits_capacity || !self.executing.contains(&task.instruction),
                "ASSIGNED" => {
                    !task.needs.iter().all(is_completed)
                        || self.tasks.values().filter(is_beside).count() >= PARALLEL_LIMIT
                }
                "IN_PROGRESS" => !task.questions.is_empty(),
                _steady => false,
            }
    }

    /// After an event: which clocks stand still from now on, and which go on.
    fn settle(&mut self) {
        let still: Vec<bool> = self.tasks.values().map(|task| self.may_stand_still(task)).collect();
        for (task, still) in self.tasks.values_mut().zip(still) {
            match (task.still, still) {
                (None, true) => task.still = Some(self.now),
                (Some(since), false) => {
                    task.stood += self.now - since;
                    task.still = None;
                }
                (None, false) | (Some(_), true) => {}
            }
        }
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.figures.0.get(name).copied().unwrap_or_default()
    }

    fn fault(&mut self, fault: impl fmt::Display) {
        self.faults.push(format!("event {}: {fault}", self.sequence));
    }

    fn once(&mut self, id: &str) {
        if !self.ids.insert(id.to_owned()) {
            self.fault(format!("{id} again"));
        }
    }

    fn word(&mut self, word: &Value) {
        // A decision bears the words of whoever made it behind what was decided.
        let word = text(word).rsplit(": ").next().unwrap_or_default();
        *self.words.entry(word.to_owned()).or_default() += 1;
    }

    fn take(&mut self, record: &Value) {
        self.sequence = record["sequence"].as_u64().unwrap_or_default();
        let now = millis(&record["org"]);
        if now < self.now {
            self.fault(format!("organisation time goes back by {} ms", self.now - now));
        }
        self.now = now;
        let (kind, body) = variant(&record["event"]);
        match kind {
            "received" => {
                self.once(text(&body["id"]));
                let ids = self.keys.entry(text(&body["request"]["key"]).to_owned()).or_default();
                ids.push(text(&body["id"]).to_owned());
            }
            "broadcast" => {
                self.once(text(&body["id"]));
                self.word(&body["notice"]["subject"]);
            }
            "absent" => self.word(&body["absence"]["reason"]),
            "instruction" => {
                self.instruction(text(&body[0]), &body[1]);
                self.settle();
            }
            "task" => {
                self.task(text(&body[0]), &body[1]);
                // These change nothing by which a clock stands still, and are most of what happens.
                if !matches!(variant(&body[1]).0, "heartbeat" | "clock_fired") {
                    self.settle();
                }
            }
            _others => {}
        }
        let name = if matches!(kind, "task" | "instruction") { variant(&body[1]).0 } else { kind };
        *self.figures.0.entry(name.to_owned()).or_default() += 1;
    }

    fn instruction(&mut self, id: &str, event: &Value) {
        let (name, body) = variant(event);
        match name {
            "planned" => self.plan(id, &body["plan"]["tasks"]),
            "executing" => drop(self.executing.insert(id.to_owned())),
            "paused" => {
                self.word(&body["reason"]);
                if self.paused.insert(id.to_owned(), self.now).is_some() {
                    self.fault(format!("{id} is paused already"));
                }
            }
            "resumed" => {
                let Some(since) = self.paused.remove(id) else { return self.fault(format!("{id} was not paused")) };
                let now = self.now;
                for task in self.tasks.values_mut().filter(|task| task.instruction == id) {
                    task.paused += now - since.max(task.entered);
                }
            }
            _others => {}
        }
    }

    fn plan(&mut self, instruction: &str, tasks: &Value) {
        for task in tasks.as_array().into_iter().flatten() {
            let id = text(&task["id"]);
            self.once(id);
            let instruction = instruction.to_owned();
            let needs = task["needs"].as_array().into_iter().flatten().map(|need| text(need).to_owned()).collect();
            let planned = Task { instruction, state: "PENDING", entered: self.now, needs, ..Task::default() };
            self.tasks.insert(id.to_owned(), planned);
        }
    }

    fn task(&mut self, id: &str, event: &Value) {
        let (name, body) = variant(event);
        for word in ["text", "reason", "decision"].map(|field| &body[field]) {
            if matches!(name, "question_answered" | "time_granted" | "escalation_decided") && word.is_string() {
                // What a person grants in an escalation bears the same words as the decision, which are counted there.
                if !(name == "time_granted" && text(word).contains(": ")) {
                    self.word(word);
                }
            }
        }
        let Some(mut task) = self.tasks.remove(id) else { return self.fault(format!("`{name}` of {id}, unplanned")) };
        let instruction = task.instruction.clone();
        match task.happens(name, body, self.now) {
            Ok(()) => {}
            Err(fault) => self.fault(format!("`{name}` of {id} in {}: {fault}; {body}", task.state)),
        }
        self.tasks.insert(id.to_owned(), task);
        match name {
            "escalation_raised" | "question_asked" => self.once(text(&body["id"])),
            "broken_down" | "changes_requested" | "handoff_rejected" => self.plan(&instruction, &body["children"]),
            _others => {}
        }
    }
}

impl Task {
    /// Makes an event part of it.
    fn happens(&mut self, name: &str, body: &Value, now: i64) -> Result<(), String> {
        if matches!(self.state, "COMPLETED" | "CANCELLED") {
            return Err("it is over".to_owned());
        }
        if let Some((_, states)) = IN_PLACE.iter().find(|(known, _)| *known == name) {
            if !states.is_empty() && !states.contains(&self.state) {
                return Err("not in this state".to_owned());
            }
            return self.stays(name, body, now);
        }
        if name == "attempt_started" {
            let epoch = body["epoch"].as_u64().unwrap_or_default();
            if self.running || epoch != self.epoch + 1 {
                return Err(format!("after epoch {}, which runs: {}", self.epoch, self.running));
            }
            (self.epoch, self.running) = (epoch, true);
            if self.state == "IN_PROGRESS" {
                return Ok(());
            }
        } else {
            self.running = false;
        }
        let next = self.moves(name, body).ok_or("no such move")?;
        let waits = next == "BLOCKED" || next == "ESCALATED";
        if !waits {
            self.questions.clear();
        }
        if !(next == "ESCALATED" && self.state == "ESCALATED") {
            self.escalations.clear();
        }
        self.accepted.clear();
        if let Some(assignee) = assignee(name, body) {
            self.assignee = assignee;
        }
        (self.state, self.entered, self.granted, self.paused, self.fired) = (next, now, 0, 0, 0);
        (self.stood, self.still, self.awaits_capacity) = (0, None, false);
        Ok(())
    }

    fn moves(&self, name: &str, body: &Value) -> Option<&'static str> {
        Some(match (self.state, name) {
            ("PENDING", "planning_begun") => "IN_PLANNING",
            ("PENDING", "assigned") | ("IN_PLANNING", "broken_down") => "ASSIGNED",
            ("ASSIGNED" | "IN_PROGRESS", "unassigned") => "PENDING",
            ("ASSIGNED" | "IN_PROGRESS", "reassigned") => "ASSIGNED",
            ("ASSIGNED", "attempt_started" | "children_started") => "IN_PROGRESS",
            ("IN_PROGRESS", "handed_in") if body["reviewer"].is_null() => "COMPLETED",
            ("IN_PROGRESS", "handed_in") => "UNDER_REVIEW",
            ("IN_PROGRESS", "review_begun") | ("UNDER_REVIEW", "peer_approved") => "DOMAIN_REVIEW",
            ("DOMAIN_REVIEW", "gate_entered") => "DOMAIN_REVIEW",
            ("UNDER_REVIEW" | "DOMAIN_REVIEW", "changes_requested") => "IN_PROGRESS",
            ("READY_FOR_HANDOFF", "handoff_rejected") => "IN_PROGRESS",
            ("DOMAIN_REVIEW", "handoff_opened") => "READY_FOR_HANDOFF",
            ("DOMAIN_REVIEW" | "READY_FOR_HANDOFF", "completed") => "COMPLETED",
            ("PENDING" | "ASSIGNED" | "IN_PROGRESS", "blocked") => "BLOCKED",
            ("BLOCKED" | "ESCALATED", "escalated") => "ESCALATED",
            ("BLOCKED" | "ESCALATED", "resolved") => match variant(&body["next"]).0 {
                "resume" => "IN_PROGRESS",
                "assign" => "ASSIGNED",
                _release => "PENDING",
            },
            (_, "cancelled") => "CANCELLED",
            _others => return None,
        })
    }

    fn stays(&mut self, name: &str, body: &Value, now: i64) -> Result<(), String> {
        let id = text(&body["id"]).to_owned();
        match name {
            "clock_fired" => return self.fires(text(&body["mark"]), now),
            "time_granted" => self.granted += body["span"].as_i64().unwrap_or_default(),
            "waits_for_capacity" => self.awaits_capacity = true,
            "forecast_passed" => self.awaits_capacity = false,
            "attempt_failed" => {
                self.running = false;
                self.questions.clear();
            }
            "handoff_accepted" if !self.accepted.insert(text(&body["receiver"]).to_owned()) => {
                return Err("they have accepted it already".to_owned());
            }
            "question_asked" => drop(self.questions.insert(id, place(&body["question"]["to"]))),
            "question_answered" => {
                self.questions.remove(&id).ok_or("it is not open")?;
            }
            "question_climbed" | "question_reminded" => {
                let level = self.questions.get_mut(&id).ok_or("it is not open")?;
                if name == "question_climbed" {
                    let before = level.replace(place(&body["to"]).ok_or("no such level")?);
                    return (before < *level).then_some(()).ok_or(format!("from {before:?}"));
                }
            }
            _others => return self.escalation(name, id, body),
        }
        Ok(())
    }

    fn fires(&mut self, mark: &str, now: i64) -> Result<(), String> {
        let limits = limits(self.state).ok_or("no clock runs")?;
        if MARKS.get(self.fired) != Some(&mark) {
            return Err(format!("{} have fired", self.fired));
        }
        // Other pauses are not known here: they make it later still.
        let earliest = self.entered + limits[self.fired] * HOUR + self.granted + self.paused;
        self.fired += 1;
        (now >= earliest).then_some(()).ok_or(format!("{} ms early", earliest - now))
    }

    fn escalation(&mut self, name: &str, id: String, body: &Value) -> Result<(), String> {
        let Some(what) = name.strip_prefix("escalation_") else { return Ok(()) };
        let level = place(&body["to"]["level"]);
        if what == "raised" {
            let trouble = text(&body["trouble"]).to_owned();
            if self.escalations.values().any(|open| open.trouble == trouble) {
                return Err(format!("one for {trouble} is open"));
            }
            self.escalations.insert(id, Record { trouble, level, decided: false, told: false });
            return Ok(());
        }
        if what == "closed" {
            return self.escalations.remove(&id).map(|_| ()).ok_or("it is not open".to_owned());
        }
        let record = self.escalations.get_mut(&id).ok_or("it is not open")?;
        match what {
            "climbed" => {
                let stays_with_people = level == record.level && level == Some(LEVELS.len() - 1);
                if level <= record.level && !stays_with_people {
                    return Err(format!("from level {:?}", record.level));
                }
                (record.level, record.decided, record.told) = (level, false, false);
            }
            "decided" if std::mem::replace(&mut record.decided, true) => return Err("decided already".to_owned()),
            "told" if std::mem::replace(&mut record.told, true) => return Err("told already".to_owned()),
            _others => {}
        }
        Ok(())
    }
}

/// Whom an event gives a task to.
fn assignee(name: &str, body: &Value) -> Option<String> {
    let to = match name {
        "assigned" | "reassigned" => &body["to"],
        "resolved" => variant(&body["next"]).1,
        _others => return None,
    };
    let (who, of_them) = variant(to);
    let who = if of_them.is_null() { who } else { text(of_them) };
    (who != "nothing").then(|| who.to_owned())
}
