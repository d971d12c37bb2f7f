//! Places: for whom things wait, and in which queues of their domain tasks stand.

use super::people::People;
use super::spans::{Gauge, HOUR, share};
use super::tasks::Lookup;
use crate::domain::reaction::{Accountability, Duty};
use crate::domain::role::Role;
use crate::domain::task::Task;
use crate::sim::report::{Bottleneck, DomainQueues, PlaceKind, PlaceWait, Queue, StageWait, Utilisation};

/// What is to be done, in words, by its number: the place in this list.
const STAGES: [&str; 9] = [
    "planning and breaking down",
    "assigning",
    "somebody with the time",
    "beginning or going on",
    "review",
    "receiving a handoff",
    "clearing a blocker or answering",
    "deciding an escalation",
    "deciding about instructions",
];
const PLAN: u8 = 0;
const ASSIGN: u8 = 1;
const CAPACITY: u8 = 2;
const START: u8 = 3;
const REVIEW: u8 = 4;
const HANDOFF: u8 = 5;
const CLEAR: u8 = 6;
const DECIDE: u8 = 7;
/// The stage of what is owed for instructions.
pub(super) const INSTRUCTION: u8 = 8;

/// The queues of a domain, by number.
const UNASSIGNED: u8 = 0;
const DESKS: u8 = 1;
pub(super) const AT_WORK: u8 = 2;
const IN_REVIEW: u8 = 3;
const STUCK: u8 = 4;
const HELD_BACK: u8 = 5;
const QUEUES: usize = 6;

/// What a task stands for: the queue it is in, and whom it waits for to do what, if it is not at work.
pub(super) struct Standing<'a> {
    pub(super) queue: u8,
    pub(super) waits: Option<(&'a Role, u8)>,
    /// Whether what it waits for is somebody of the domain with the time, whoever that will be.
    pub(super) team: bool,
}

/// Where a task stands.
pub(super) fn standing<'a>(task: &Task, found: &'a Accountability) -> Standing<'a> {
    let Some((role, duty)) = found.owes.first() else {
        return Standing { queue: HELD_BACK, waits: None, team: false };
    };
    let (queue, stage) = match duty {
        Duty::Attend(_) => return Standing { queue: AT_WORK, waits: None, team: false },
        Duty::BeginPlanning(_) | Duty::GoAhead(_) | Duty::BreakDown(_) | Duty::ReviewBreakdown(_) => (UNASSIGNED, PLAN),
        Duty::Assign(_) if task.clock.forecast.is_some() => (UNASSIGNED, CAPACITY),
        Duty::Assign(_) => (UNASSIGNED, ASSIGN),
        Duty::Start(_) | Duty::Acknowledge(_) => (DESKS, START),
        Duty::Review(_) | Duty::NameReviewer(_) | Duty::DecideGate(_) => (IN_REVIEW, REVIEW),
        Duty::ReceiveHandoff(_) => (IN_REVIEW, HANDOFF),
        Duty::ClearBlocker(_) | Duty::DecideCancelled(_) | Duty::Answer(..) => (STUCK, CLEAR),
        Duty::HoldEscalation(..) => (STUCK, DECIDE),
        Duty::Triage(_)
        | Duty::Plan(_)
        | Duty::ApprovePlan(_)
        | Duty::FillBrief(_)
        | Duty::Consult(..)
        | Duty::Release(_)
        | Duty::Arbitrate(_)
        | Duty::Replan(_)
        | Duty::DecideGoNoGo(_)
        | Duty::ResolveNoGo(_)
        | Duty::Read(_) => (STUCK, INSTRUCTION),
    };
    Standing { queue, waits: Some((role, stage)), team: stage == CAPACITY }
}

/// A place, and what waited for it.
struct Place {
    name: String,
    kind: PlaceKind,
    gauge: Gauge,
    /// Milliseconds and times, by stage.
    stages: [(i64, u64); STAGES.len()],
}

/// For whom things wait.
#[derive(Default)]
pub(super) struct Places {
    numbers: Lookup<Role, u32>,
    teams: Vec<Option<u32>>,
    places: Vec<Place>,
    queues: Vec<[Gauge; QUEUES]>,
    /// Tasks that wait for anybody, tasks and instructions that wait for a person, and tasks at work.
    pub(super) waiting_tasks: Gauge,
    pub(super) for_people: Gauge,
    pub(super) at_work: Gauge,
}

impl Places {
    /// The number of the place that a role stands for: its domain's ICs are one.
    pub(super) fn number(&mut self, role: &Role, people: &mut People) -> u32 {
        if let Some(number) = self.numbers.get(role) {
            return *number;
        }
        let number = match role {
            Role::Ic(ic) => {
                let domain = people.domain(&ic.domain());
                self.team(domain, people)
            }
            Role::Person(_) | Role::Operator => self.add(role.to_string(), PlaceKind::Person),
            Role::DomainLead(_) | Role::Organisation | Role::EngineeringManager(_) | Role::TechLead(_) => {
                self.add(role.to_string(), PlaceKind::Manager)
            }
        };
        self.numbers.insert(role.clone(), number);
        number
    }

    /// The number of the ICs of a domain.
    pub(super) fn team(&mut self, domain: u16, people: &People) -> u32 {
        let place = usize::from(domain);
        if self.teams.len() <= place {
            self.teams.resize(place + 1, None);
        }
        if let Some(Some(number)) = self.teams.get(place) {
            return *number;
        }
        let name = people.domains.get(place).map_or_else(String::new, ToString::to_string);
        let number = self.add(name, PlaceKind::Team);
        if let Some(slot) = self.teams.get_mut(place) {
            *slot = Some(number);
        }
        number
    }

    fn add(&mut self, name: String, kind: PlaceKind) -> u32 {
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(Place { name, kind, gauge: Gauge::default(), stages: [(0, 0); STAGES.len()] });
        number
    }

    /// A task begins to wait for a place.
    pub(super) fn wait_task(&mut self, place: u32, at: i64) {
        self.waiting_tasks.rise(at);
        self.wait(place, at);
    }

    /// A task has waited for a place since then.
    pub(super) fn waited_task(&mut self, waits: (u32, u8, i64), at: i64) {
        self.waiting_tasks.fall(at);
        self.waited(waits, at);
    }

    /// Something begins to wait for a place.
    pub(super) fn wait(&mut self, place: u32, at: i64) {
        if let Some(place) = self.places.get_mut(place as usize) {
            place.gauge.rise(at);
            if place.kind == PlaceKind::Person {
                self.for_people.rise(at);
            }
        }
    }

    /// Something has waited for a place since then.
    pub(super) fn waited(&mut self, waits: (u32, u8, i64), at: i64) {
        if let Some(place) = self.places.get_mut(waits.0 as usize) {
            place.gauge.fall(at);
            if place.kind == PlaceKind::Person {
                self.for_people.fall(at);
            }
        }
        self.waits_still(waits, at);
    }

    /// Something waits for a place since then, and goes on to.
    pub(super) fn waits_still(&mut self, (place, stage, since): (u32, u8, i64), at: i64) {
        let stages = self.places.get_mut(place as usize).map(|place| &mut place.stages);
        if let Some((millis, times)) = stages.and_then(|stages| stages.get_mut(usize::from(stage))) {
            *millis += at.saturating_sub(since);
            *times += 1;
        }
    }

    /// A task of a domain goes from one queue to another.
    pub(super) fn queue(&mut self, domain: u16, from: Option<u8>, to: Option<u8>, at: i64) {
        if from == Some(AT_WORK) {
            self.at_work.fall(at);
        }
        if to == Some(AT_WORK) {
            self.at_work.rise(at);
        }
        let place = usize::from(domain);
        if self.queues.len() <= place {
            self.queues.resize(place + 1, [Gauge::default(); QUEUES]);
        }
        let Some(queues) = self.queues.get_mut(place) else {
            return;
        };
        if let Some(gauge) = from.and_then(|from| queues.get_mut(usize::from(from))) {
            gauge.fall(at);
        }
        if let Some(gauge) = to.and_then(|to| queues.get_mut(usize::from(to))) {
            gauge.rise(at);
        }
    }

    /// The queues of every domain, by name. `end` is when it ended, `span` how long it was.
    pub(super) fn queues(&mut self, people: &People, end: i64, span: i64) -> Vec<DomainQueues> {
        let mut found: Vec<DomainQueues> = Vec::new();
        self.queues.resize(people.domains.len(), [Gauge::default(); QUEUES]);
        for (domain, queues) in people.domains.iter().zip(&mut self.queues) {
            let [unassigned, desks, at_work, review, stuck, held_back] = queues.each_mut().map(|gauge| {
                gauge.pass(end);
                Queue { mean: gauge.mean(span), max: gauge.most(), end: gauge.now() }
            });
            let domain = domain.to_string();
            found.push(DomainQueues { domain, unassigned, desks, at_work, review, stuck, held_back });
        }
        found.sort_by(|one, other| one.domain.cmp(&other.domain));
        found
    }

    /// For which places things waited, the longest first.
    pub(super) fn waits(&mut self, used: &Utilisation, end: i64, span: i64) -> Vec<PlaceWait> {
        let total = |place: &Place| place.stages.iter().map(|(millis, _)| *millis).sum::<i64>();
        let all: i64 = self.places.iter().map(total).sum();
        let mut waits = Vec::new();
        for place in &mut self.places {
            place.gauge.pass(end);
            let millis = total(place);
            let is_team = place.kind == PlaceKind::Team;
            let busy = used.domains.iter().find(|domain| is_team && domain.domain == place.name);
            let mut stages: Vec<StageWait> = STAGES
                .iter()
                .zip(place.stages)
                .filter(|(_, (_, times))| *times > 0)
                .map(|(stage, (millis, times))| StageWait {
                    stage: (*stage).to_owned(),
                    hours: millis as f64 / HOUR,
                    times,
                })
                .collect();
            stages.sort_by(|one, other| other.hours.total_cmp(&one.hours));
            waits.push(PlaceWait {
                place: place.name.clone(),
                kind: place.kind,
                hours: millis as f64 / HOUR,
                share: share(millis as f64, all as f64),
                mean_waiting: place.gauge.mean(span),
                max_waiting: place.gauge.most(),
                utilisation: busy.map(|domain| domain.share),
                stages,
            });
        }
        waits.retain(|wait| wait.hours > 0.0);
        waits.sort_by(|one, other| other.hours.total_cmp(&one.hours).then_with(|| one.place.cmp(&other.place)));
        waits
    }
}

/// The place that held up the most.
pub(super) fn bottleneck(waits: &[PlaceWait]) -> Option<Bottleneck> {
    let first = waits.first()?;
    let stage = first.stages.first()?;
    let who = match first.kind {
        PlaceKind::Team => format!("the ICs of {}", first.place),
        PlaceKind::Manager | PlaceKind::Person => first.place.clone(),
    };
    let busy = first.utilisation.map_or_else(String::new, |busy| format!(", at {:.0} % of their slots", busy * 100.0));
    let statement = format!(
        "{who} held up the most{busy}: {:.0} hours of waiting, {:.0} % of all of it, mostly for {}",
        first.hours,
        first.share * 100.0,
        stage.stage
    );
    Some(Bottleneck {
        place: first.place.clone(),
        kind: first.kind,
        stage: stage.stage.clone(),
        hours: first.hours,
        share: first.share,
        utilisation: first.utilisation,
        statement,
    })
}
