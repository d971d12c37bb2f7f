//! What follows from each kind of event: who gets which message, and what it says.

use std::sync::Arc;

use echelon::clock::{Clock, ManualClock};
use echelon::domain::command::{Action, Command, TaskAction};
use echelon::domain::decide::execute;
use echelon::domain::event::Entry;
use echelon::domain::id::{BroadcastId, TaskId};
use echelon::domain::org::Chart;
use echelon::domain::policy::{Ids, Move, moves};
use echelon::domain::protocol::{Authority, Channel, Message, Notice, NoticeKind, addressed};
use echelon::domain::role::{Level, Principal, Role};
use echelon::domain::state::State;
use echelon::domain::task::Trouble;
use echelon::domain::time::{Anchor, Millis, WallTime};
use echelon::domain::work::Submission;
use echelon::ids::IdSource;
use uuid::Uuid;

use super::{chart, ic, lead, manager, request, tech_lead};

/// An organisation in the core alone, and all that was said in it.
struct World {
    state: State,
    clock: Arc<ManualClock>,
    ids: IdSource,
    said: Vec<(Role, Message)>,
}

impl World {
    fn new(chart: Chart) -> Self {
        let clock = Arc::new(ManualClock::at(WallTime::from_millis(1_780_000_000_000)));
        let ids = IdSource::from_seed(clock.clone(), 7);
        let mut world = Self { state: State::default(), clock, ids, said: Vec::new() };
        let start = Action::Start { program: "0".to_owned(), anchor: Anchor::WITH_WALL };
        world.ask(Principal::system(), start);
        world.ask(Principal::system(), Action::ApplyChart(Arc::new(chart)));
        world
    }

    fn ask(&mut self, principal: Principal, action: Action) -> Vec<Entry> {
        let name = action.name();
        let command = Command { at: self.clock.now(), principal, action };
        match execute(&mut self.state, &command) {
            Ok(entries) => {
                for (roles, message) in entries.iter().flat_map(|entry| addressed(&self.state, entry, &|_| true)) {
                    self.said.extend(roles.into_iter().map(|role| (role, message.clone())));
                }
                entries
            }
            Err(rejection) => panic!("{name}: {rejection}"),
        }
    }

    fn act(&mut self, role: Role, task: TaskId, action: TaskAction) {
        self.ask(Principal::role(role), Action::Task(task, action));
    }

    /// One of these places makes its moves; attempts begin, and do not end.
    fn turn(&mut self, role: &Role) {
        for made in moves(&self.state, role, self.clock.now(), &mut self.ids) {
            match made {
                Move::Commit(action) => drop(self.ask(Principal::role(role.clone()), action)),
                Move::Start(task) => self.act(role.clone(), task, TaskAction::StartAttempt),
                Move::StartLater(..) | Move::Attend(..) | Move::Review(_) | Move::Plan(_) => {}
            }
        }
    }

    /// Hands an instruction in and brings it to where its tasks are with the leads.
    fn begin(&mut self, work_type: &str) {
        let id = self.ids.instruction();
        self.ask(Principal::client(0), Action::Submit { id, request: request(work_type) });
        for role in [manager(), tech_lead(), manager(), Role::Organisation] {
            self.turn(&role);
        }
    }

    /// Time passes, and every clock that is due by then fires.
    fn pass(&mut self, hours: i64) {
        self.clock.advance(Millis::from_hours(hours));
        let ids = (0..64).map(|_| self.ids.escalation()).collect();
        self.ask(Principal::system(), Action::FireClocks { ids });
    }

    fn task(&self, key: &str) -> TaskId {
        let found = self.state.tasks.values().find(|task| task.key.as_str() == key);
        found.expect("the plan has it").id
    }

    /// What was said since this was last asked, as `kind to whom`.
    fn heard(&mut self) -> Vec<String> {
        self.take().iter().map(|(role, message)| format!("{} to {role}", message.name())).collect()
    }

    fn take(&mut self) -> Vec<(Role, Message)> {
        std::mem::take(&mut self.said)
    }

    /// The only message that was said since this was last asked.
    #[track_caller]
    fn only(&mut self) -> (Role, Message) {
        let mut said = self.take();
        assert_eq!(said.len(), 1, "{said:?}");
        said.remove(0)
    }
}

#[test]
fn work_goes_down_the_line_with_all_that_belongs_to_it() {
    let mut world = World::new(chart());
    world.begin("full");
    let said = world.take();
    let to: Vec<&Role> = said.iter().map(|(role, _)| role).collect();
    assert_eq!(to, [&lead("main/build"), &lead("main/check")], "one message for each place");
    let Message::Delegation(given) = &said[0].1 else { panic!("{said:?}") };
    assert_eq!(given.from, tech_lead());
    assert_eq!(given.context.text, "make it so");
    assert_eq!(given.escalation_path, [tech_lead(), manager(), Role::Operator]);
    assert_eq!(given.acknowledge_by, world.clock.now().org.plus(Millis::from_hours(1)));
    assert!(!given.again);
    assert_eq!(said[0].1.to_string(), "delegation by main:tech-lead: build extra");
    let keys: Vec<&str> = given.tasks.iter().map(|task| task.key.as_str()).collect();
    assert_eq!(keys, ["build", "extra"]);
    let (build, extra) = (&given.tasks[0], &given.tasks[1]);
    assert_eq!((build.work.title.as_str(), build.work.description.as_str()), ("Build it", "make it so"));
    assert_eq!(build.authority, Authority::ReviewRequired);
    assert_eq!(build.work.criteria, ["it is built"]);
    assert!(build.constraints.is_empty());
    let deadline = build.deadline.expect("a clock runs while it is pending");
    assert_eq!(deadline.target, world.clock.now().org.plus(Millis::from_hours(2)));
    assert_eq!(deadline.escalation, world.clock.now().org.plus(Millis::from_hours(8)));
    let related: Vec<&str> = build.related.iter().map(|task| task.key.as_str()).collect();
    assert_eq!(related, ["extra", "check"]);
    let held_back_by: Vec<&str> = extra.constraints.iter().map(|task| task.key.as_str()).collect();
    assert_eq!(held_back_by, ["build"]);

    world.turn(&lead("main/build"));
    let said = world.take();
    assert_eq!(said[0].0, ic("main/build/ann"));
    let Message::Delegation(given) = &said[0].1 else { panic!("{said:?}") };
    assert_eq!(given.from, lead("main/build"));
    assert_eq!(given.escalation_path, [lead("main/build"), tech_lead(), manager(), Role::Operator]);
}

#[test]
fn authority_follows_from_the_tier_and_from_what_is_sensitive() {
    for (sensitive, expected) in [(false, Authority::Autonomous), (true, Authority::ConsultRequired)] {
        let mut chart = chart();
        for step in
            chart.workflows.values_mut().flat_map(|workflow| &mut workflow.variants).flat_map(|one| &mut one.steps)
        {
            step.work.security_sensitive = sensitive;
        }
        let mut world = World::new(chart);
        world.begin("single");
        let (to, message) = world.only();
        assert_eq!(to, lead("main/build"));
        let Message::Delegation(given) = message else { panic!("{message:?}") };
        assert_eq!(given.tasks[0].authority, expected);
    }
}

#[test]
fn what_nobody_acknowledges_is_sent_again_and_then_goes_up_the_line() {
    let mut world = World::new(chart());
    world.begin("single");
    world.turn(&lead("main/build"));
    world.take();
    world.pass(1);
    let (to, message) = world.only();
    assert_eq!(to, ic("main/build/ann"));
    assert!(matches!(&message, Message::Delegation(given) if given.again), "{message:?}");
    world.pass(3);
    let (to, message) = world.only();
    assert_eq!(to, lead("main/build"));
    let Message::Escalation(raised) = message else { panic!("{message:?}") };
    assert_eq!((raised.trouble, raised.level, raised.copy), (Trouble::Unacknowledged, Level::DomainLead, false));
    assert_eq!(raised.about.title, "Build it");
    world.pass(1);
    let (to, message) = world.only();
    assert_eq!(to, tech_lead(), "the next level is told");
    assert!(matches!(&message, Message::Escalation(told) if told.copy && told.holder == lead("main/build")));
    world.pass(3);
    let climbed = world.take();
    assert!(
        climbed.iter().any(|(to, message)| *to == tech_lead()
            && matches!(message, Message::Escalation(one) if !one.copy && one.turns.len() == 1)),
        "{climbed:?}"
    );
}

#[test]
fn whoever_gets_a_digest_is_not_told_of_each_escalation() {
    let mut chart = chart();
    chart.sla.digest_after = 0;
    let mut world = World::new(chart);
    world.begin("single");
    world.turn(&lead("main/build"));
    world.take();
    world.pass(1);
    world.take();
    world.pass(3);
    let said = world.take();
    let kinds: Vec<&str> = said.iter().map(|(_, message)| message.name()).collect();
    assert_eq!(kinds, ["digest"], "{said:?}");
    assert!(matches!(&said[0].1, Message::Digest(digest) if digest.open == 1), "{said:?}");
}

#[test]
fn a_question_goes_to_who_is_to_answer_and_its_answer_to_who_asked() {
    let mut world = World::new(chart());
    world.begin("single");
    world.turn(&lead("main/build"));
    world.turn(&ic("main/build/ann"));
    world.take();
    let (task, id) = (world.task("build"), world.ids.question());
    let epoch = world.state.tasks[&task].running_epoch();
    let text = "which colour?".to_owned();
    let asks = TaskAction::AskQuestion { id, epoch, to: Level::DomainLead, text, attempt_waits: true };
    world.act(ic("main/build/ann"), task, asks);
    let (to, message) = world.only();
    assert_eq!(to, lead("main/build"));
    let Message::Question(question) = message else { panic!("{message:?}") };
    assert_eq!((question.text.as_str(), &question.from), ("which colour?", &ic("main/build/ann")));
    assert_eq!(Message::Question(question).to_string(), "question by main/build/ann about build: which colour?");
    world.pass(4);
    let said = world.heard();
    assert!(said.contains(&format!("question to {}", tech_lead())), "it goes one level up: {said:?}");
    world.act(tech_lead(), task, TaskAction::Answer { question: id, text: "blue".to_owned() });
    let (to, message) = world.only();
    assert_eq!(to, ic("main/build/ann"));
    assert!(matches!(&message, Message::Answer(answer) if answer.text == "blue" && answer.id == id), "{message:?}");
}

#[test]
fn a_package_goes_to_each_receiving_lead() {
    let mut world = World::new(chart());
    world.begin("full");
    world.turn(&lead("main/build"));
    world.turn(&ic("main/build/ann"));
    world.take();
    let task = world.task("build");
    let epoch = world.state.tasks[&task].running_epoch().expect("it runs");
    let submission =
        Submission { summary: "it stands".to_owned(), artefacts: vec!["house".to_owned()], ..Submission::default() };
    world.act(ic("main/build/ann"), task, TaskAction::HandIn { epoch, submission });
    for role in [lead("main/build"), lead("main/build"), tech_lead(), lead("main/check"), lead("main/build")] {
        world.turn(&role);
    }
    let said = world.take();
    let packages: Vec<_> = said.iter().filter(|(_, message)| matches!(message, Message::Handoff(_))).collect();
    let [(to, Message::Handoff(handoff))] = packages[..] else { panic!("{said:?}") };
    let package = &handoff.package;
    assert_eq!(*to, lead("main/check"));
    assert_eq!(package.from.as_str(), "main/build");
    assert_eq!(package.summary, "it stands");
    assert_eq!(package.items[0].text, "it is built");
    assert_eq!((package.artefacts[0].path.as_str(), package.artefacts[0].passed), ("house", 0));
}

#[test]
fn broadcasts_go_to_everybody_in_the_channel_and_standups_to_the_managers() {
    let mut world = World::new(chart());
    let notice = |channel: Channel| Notice {
        channel,
        kind: NoticeKind::Milestone,
        subject: "half way".to_owned(),
        impact: String::new(),
        action_items: Vec::new(),
    };
    let team = Channel::Team("main/build".parse().expect("a domain's name"));
    let id = BroadcastId::new(Uuid::from_u128(1));
    let entries = world.ask(Principal::client(0), Action::Broadcast { id, notice: notice(team) });
    assert_eq!(world.heard(), ["broadcast to main/build:lead", "broadcast to main/build/ann"]);
    // What nobody hears is not put together, and what several hear is put together once.
    assert!(addressed(&world.state, &entries[0], &|_| false).is_empty());
    assert_eq!(addressed(&world.state, &entries[0], &|_| true).len(), 1);

    world.ask(Principal::client(0), Action::HoldStandup);
    let (to, message) = world.only();
    assert_eq!(to, manager());
    assert!(matches!(&message, Message::Standup(standup) if !standup.reports.is_empty()), "{message:?}");
}
