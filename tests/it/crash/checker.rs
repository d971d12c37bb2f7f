//! What must hold whatever was killed, checked from outside: from the exported journal, from what clients wrote down and
//! from what the worker wrote down.
//!
//! The table of legal moves is a copy of its own, made from the lifecycle's description, and knows only what this workload
//! may lead to: nobody has to be asked for anything, so a block, an escalation or a cancelled task is a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::client::ClientRecord;
use super::workload::{PARALLEL_LIMIT, WorkerRecord};

/// Faults that are worth reading; the others follow from them, most likely.
const FAULTS_SHOWN: usize = 20;

/// Checks an exported journal against both records, and counts what happened.
///
/// # Errors
/// What does not hold, a line each.
pub(super) fn check(export: &str, client: &ClientRecord, worker: &WorkerRecord) -> Result<Figures, String> {
    let mut checker = Checker::default();
    for line in export.lines() {
        match serde_json::from_str(line) {
            Ok(record) => checker.take(&record),
            Err(error) => checker.faults.push(format!("a line of the export is not JSON: {error}")),
        }
    }
    checker.compare_with_client(client);
    checker.compare_with_worker(worker);
    checker.end();
    if checker.faults.is_empty() {
        return Ok(checker.figures);
    }
    let count = checker.faults.len();
    checker.faults.truncate(FAULTS_SHOWN);
    Err(format!("{count} faults\n{}", checker.faults.join("\n")))
}

/// What a journal holds.
#[derive(Default, Debug)]
pub(crate) struct Figures {
    pub(crate) events: u64,
    pub(crate) starts_of_the_daemon: usize,
    pub(crate) instructions: usize,
    pub(crate) tasks: usize,
    pub(crate) attempts: usize,
    pub(crate) attempts_lost: usize,
    pub(crate) attempts_failed: usize,
    pub(crate) approvals: usize,
    pub(crate) changes_requested: usize,
    pub(crate) gates_skipped: usize,
    pub(crate) handoffs: usize,
}

#[derive(Default)]
struct Checker {
    faults: Vec<String>,
    figures: Figures,
    last_hash: Option<String>,
    instructions: BTreeMap<String, Instruction>,
    /// Ids received under each key.
    received: BTreeMap<String, Vec<String>>,
    tasks: BTreeMap<String, Task>,
    started: BTreeSet<(String, u64)>,
}

struct Instruction {
    state: &'static str,
    tasks: BTreeSet<String>,
}

struct Task {
    domain: String,
    needs: Vec<String>,
    state: State,
    assignee: String,
    /// The last epoch that was started.
    epoch: u64,
    handed_in: BTreeSet<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Assigned,
    Queued,
    Running,
    UnderReview { reviewer: String },
    AtGate { gate: String, holder: String },
    PastGate,
    ReadyForHandoff { accepted: BTreeSet<String> },
    Completed,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instructions, tasks, events, starts_of_the_daemon, .. } = self;
        write!(f, "{instructions} instructions, {tasks} tasks, {events} events, {starts_of_the_daemon} daemons; ")?;
        let Self { attempts, attempts_lost, attempts_failed, .. } = self;
        write!(f, "{attempts} attempts ({attempts_lost} lost in a crash, {attempts_failed} failed by the worker), ")?;
        let Self { approvals, changes_requested, gates_skipped, handoffs, .. } = self;
        write!(f, "{approvals} approvals, {changes_requested} returned for rework, {gates_skipped} gates skipped, ")?;
        write!(f, "{handoffs} handoffs")
    }
}

impl Checker {
    fn fault(&mut self, fault: impl fmt::Display) {
        self.faults.push(format!("event {}: {fault}", self.figures.events));
    }

    fn take(&mut self, record: &Value) {
        let sequence = record["sequence"].as_u64().unwrap_or_default();
        if sequence != self.figures.events + 1 {
            self.fault(format!("event {sequence} follows"));
        }
        self.figures.events = sequence;
        let previous = record["previous"].as_str().unwrap_or_default().to_owned();
        match self.last_hash.take() {
            Some(hash) if hash != previous => self.fault("the hash of the event before is another"),
            None if !previous.trim_matches('0').is_empty() => self.fault("the first event has a predecessor"),
            _linked => {}
        }
        self.last_hash = record["hash"].as_str().map(str::to_owned);
        let principal = record["principal"].as_str().unwrap_or_default();
        let (kind, body) = variant(&record["event"]);
        match (kind, body) {
            ("chart_applied", _) => {}
            ("started", _) => self.figures.starts_of_the_daemon += 1,
            ("received", body) => self.receive(body),
            ("instruction", body) => self.move_instruction(text(&body[0]), &body[1]),
            ("task", body) => self.move_task(text(&body[0]), &body[1], principal),
            (other, _) => self.fault(format!("an unknown event, `{other}`")),
        }
    }

    fn receive(&mut self, body: &Value) {
        let id = text(&body["id"]).to_owned();
        let key = text(&body["request"]["key"]).to_owned();
        self.received.entry(key).or_default().push(id.clone());
        self.figures.instructions += 1;
        let received = Instruction { state: "received", tasks: BTreeSet::new() };
        if self.instructions.insert(id.clone(), received).is_some() {
            self.fault(format!("{id} is received again"));
        }
    }

    fn move_instruction(&mut self, id: &str, event: &Value) {
        let (name, body) = variant(event);
        let Some(found) = self.instructions.get(id) else {
            return self.fault(format!("`{name}` of {id}, which was not received"));
        };
        let open = found.tasks.iter().filter(|task| self.tasks.get(*task).is_none_or(|task| !task.is_over())).count();
        let next = match (found.state, name) {
            ("received", "triaged") => "triaged",
            ("triaged", "planned") => "planned",
            ("planned", "queued") => "queued",
            ("queued", "executing") => "executing",
            ("executing", "go_no_go_reached") if open == 0 => "go_no_go",
            ("go_no_go", "completed") if open == 0 => "completed",
            (state, name) => return self.fault(format!("`{name}` of {id}, which is {state} with {open} open tasks")),
        };
        // What is added later stands by itself.
        let listed = if name == "planned" { &body["plan"]["tasks"] } else { &body["tasks"] };
        let planned: Vec<(String, Task)> = listed
            .as_array()
            .map(|tasks| tasks.iter().map(|task| (text(&task["id"]).to_owned(), Task::planned(task))).collect())
            .unwrap_or_default();
        if let Some(found) = self.instructions.get_mut(id) {
            found.state = next;
            found.tasks.extend(planned.iter().map(|(task, _)| task.clone()));
        }
        for (id, task) in planned {
            self.figures.tasks += 1;
            if self.tasks.insert(id.clone(), task).is_some() {
                self.fault(format!("{id} is planned again"));
            }
        }
    }

    fn move_task(&mut self, id: &str, event: &Value, principal: &str) {
        let (name, body) = variant(event);
        if !self.tasks.contains_key(id) {
            return self.fault(format!("`{name}` of {id}, which was not planned"));
        }
        if name == "attempt_started" {
            self.check_start(id);
        }
        let Some(task) = self.tasks.get_mut(id).filter(|found| found.is_legal(name, body, principal)) else {
            let task = self.tasks.get(id);
            let was = task.map(|task| format!("{:?} with epoch {} by {}", task.state, task.epoch, task.assignee));
            let was = was.unwrap_or_default();
            return self.fault(format!("`{name}` of {id} by {principal}, which is {was}: {body}"));
        };
        task.apply(name, body);
        match name {
            "attempt_started" => {
                self.figures.attempts += 1;
                self.started.insert((id.to_owned(), body["epoch"].as_u64().unwrap_or_default()));
            }
            "attempt_failed" if variant(&body["failure"]["class"]).0 == "lost" => self.figures.attempts_lost += 1,
            "attempt_failed" => self.figures.attempts_failed += 1,
            "peer_approved" | "gate_passed" => self.figures.approvals += 1,
            "gate_skipped" => self.figures.gates_skipped += 1,
            "changes_requested" => self.figures.changes_requested += 1,
            "handoff_accepted" => self.figures.handoffs += 1,
            _others => {}
        }
    }

    /// A task starts when what it needs is there, and when whoever does it has a hand free.
    fn check_start(&mut self, id: &str) {
        let Some(task) = self.tasks.get(id) else { return };
        let missing: Vec<String> = task
            .needs
            .iter()
            .filter(|need| !self.tasks.get(*need).is_some_and(|need| need.is_there_for(&task.domain)))
            .cloned()
            .collect();
        let at_work = |other: &&Task| other.state == State::Running && other.assignee == task.assignee;
        let running = self.tasks.values().filter(at_work).count();
        if !missing.is_empty() {
            self.fault(format!("{id} starts without {missing:?}"));
        }
        if running >= PARALLEL_LIMIT {
            self.fault(format!("{id} starts although {running} attempts of the same IC are at work"));
        }
    }

    /// Everything that was acknowledged is there once, under its key, and is done; nothing else is.
    fn compare_with_client(&mut self, client: &ClientRecord) {
        for (key, ids) in &self.received {
            if client.work_type(key).is_none() {
                self.faults.push(format!("{ids:?} came in under the key `{key}`, which no client sent"));
            }
            if ids.len() != 1 {
                self.faults.push(format!("`{key}` was received {} times: {ids:?}", ids.len()));
            }
        }
        for key in client.asked() {
            let Some(ids) = client.acknowledged().get(key) else {
                self.faults.push(format!("`{key}` was never acknowledged"));
                continue;
            };
            let received: BTreeSet<String> = self.received.get(key).into_iter().flatten().cloned().collect();
            if *ids != received {
                self.faults.push(format!("`{key}` was acknowledged as {ids:?} and is recorded as {received:?}"));
            }
        }
    }

    /// Nothing began before it was recorded, nothing twice, and nothing is recorded as done that the worker did not do.
    fn compare_with_worker(&mut self, worker: &WorkerRecord) {
        self.faults.extend(worker.violations.iter().cloned());
        for (attempt, times) in &worker.begun {
            if !self.started.contains(attempt) {
                self.faults.push(format!("attempt {attempt:?} ran and is not in the journal"));
            }
            if *times != 1 {
                self.faults.push(format!("attempt {attempt:?} ran {times} times"));
            }
        }
        for (id, task) in &self.tasks {
            for epoch in &task.handed_in {
                if !worker.done.contains(&(id.clone(), *epoch)) {
                    self.faults.push(format!("attempt {epoch} of {id} is handed in, and the worker never said so"));
                }
            }
        }
    }

    fn end(&mut self) {
        let open_tasks = self.tasks.iter().filter(|(_, task)| !task.is_over());
        let faults = open_tasks.map(|(id, task)| format!("{id} is {:?} at the end", task.state));
        self.faults.extend(faults);
        let open = self.instructions.iter().filter(|(_, found)| found.state != "completed");
        self.faults.extend(open.map(|(id, found)| format!("{id} is {} at the end", found.state)));
    }
}

impl Task {
    fn planned(task: &Value) -> Self {
        let needs = task["needs"].as_array().map(|needs| needs.iter().map(|need| text(need).to_owned()).collect());
        Self {
            domain: text(&task["domain"]).to_owned(),
            needs: needs.unwrap_or_default(),
            state: State::Pending,
            assignee: String::new(),
            epoch: 0,
            handed_in: BTreeSet::new(),
        }
    }

    fn is_over(&self) -> bool {
        self.state == State::Completed
    }

    /// Whether somebody in `domain` may build on it.
    fn is_there_for(&self, domain: &str) -> bool {
        match &self.state {
            State::Completed => true,
            State::ReadyForHandoff { accepted } => *domain == self.domain || accepted.contains(domain),
            _earlier => false,
        }
    }

    /// The table: which event may come in which state, and by whom.
    fn is_legal(&self, name: &str, body: &Value, principal: &str) -> bool {
        let epoch = body["epoch"].as_u64();
        let lead = format!("{}:lead", self.domain);
        let system = principal == "system";
        let own = principal == self.assignee;
        match (&self.state, name) {
            (State::Pending, "assigned") => principal == lead && text(&body["to"]["ic"]).starts_with(&self.domain),
            // Only ever one attempt at a time, each with the next epoch.
            (State::Assigned | State::Queued, "attempt_started") => {
                (own || system) && epoch == Some(self.epoch.saturating_add(1))
            }
            (State::Assigned, "delegation_acknowledged") => own,
            (State::Pending, "waits_for_capacity" | "delegation_acknowledged") => principal.ends_with(":lead"),
            (State::Running, "heartbeat") => own,
            (State::Running, "attempt_failed") => {
                (own || system) && epoch == Some(self.epoch) && !body["retry_not_before"].is_null()
            }
            (State::Running, "handed_in") => {
                own && epoch == Some(self.epoch)
                    && !self.handed_in.contains(&self.epoch)
                    && role(&body["reviewer"]) != self.assignee
            }
            // Nobody reviews their own work, and only whoever was named does.
            (State::UnderReview { reviewer }, "peer_approved" | "changes_requested") => principal == reviewer && !own,
            (State::AtGate { gate, holder }, "gate_passed") => {
                principal == holder && !own && text(&body["gate"]) == gate
            }
            (State::AtGate { holder, .. }, "changes_requested") => principal == holder && !own,
            (State::PastGate, "gate_entered" | "gate_skipped" | "handoff_opened" | "completed") => system,
            (State::ReadyForHandoff { accepted }, "handoff_accepted") => {
                let receiver = text(&body["receiver"]);
                principal == format!("{receiver}:lead") && receiver != self.domain && !accepted.contains(receiver)
            }
            (State::ReadyForHandoff { accepted }, "completed") => system && !accepted.is_empty(),
            _anything_else => false,
        }
    }

    fn apply(&mut self, name: &str, body: &Value) {
        let at_gate = || State::AtGate { gate: text(&body["gate"]).to_owned(), holder: role(&body["reviewer"]) };
        self.state = match name {
            "assigned" => {
                self.assignee = text(&body["to"]["ic"]).to_owned();
                State::Assigned
            }
            "attempt_started" => {
                self.epoch = body["epoch"].as_u64().unwrap_or_default();
                State::Running
            }
            "attempt_failed" | "changes_requested" => State::Queued,
            "handed_in" => {
                self.handed_in.insert(self.epoch);
                match role(&body["reviewer"]) {
                    nobody if nobody.is_empty() => State::Completed,
                    reviewer => State::UnderReview { reviewer },
                }
            }
            "peer_approved" | "gate_entered" => at_gate(),
            "gate_passed" | "gate_skipped" => State::PastGate,
            "handoff_opened" => State::ReadyForHandoff { accepted: BTreeSet::new() },
            "handoff_accepted" => match &self.state {
                State::ReadyForHandoff { accepted } => {
                    let mut accepted = accepted.clone();
                    accepted.insert(text(&body["receiver"]).to_owned());
                    State::ReadyForHandoff { accepted }
                }
                another => another.clone(),
            },
            "completed" => State::Completed,
            _heartbeat => return,
        };
    }
}

/// The name and the content of something that is one of several.
pub(super) fn variant(value: &Value) -> (&str, &Value) {
    match value {
        Value::String(name) => (name, &Value::Null),
        Value::Object(fields) => {
            fields.iter().next().map_or(("nothing", &Value::Null), |(name, body)| (name.as_str(), body))
        }
        _neither => ("nothing", &Value::Null),
    }
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A place in the organisation, as principals are written; empty for nobody.
fn role(value: &Value) -> String {
    match variant(value) {
        ("Ic", ic) => text(ic).to_owned(),
        ("DomainLead", domain) => format!("{}:lead", text(domain)),
        ("TechLead", department) => format!("{}:tech-lead", text(department)),
        _nobody => String::new(),
    }
}
