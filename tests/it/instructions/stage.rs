//! Instructions with plans of any size, and what the policies make of them.

use std::sync::Arc;

use echelon::domain::command::{Action, InstructionAction};
use echelon::domain::event::{Entry, Event, InstructionEvent};
use echelon::domain::id::InstructionId;
use echelon::domain::instruction::{HoldKind, Instruction, Request, State as InstructionState, StateName};
use echelon::domain::org::Chart;
use echelon::domain::plan::{Plan, Source, size_limits};
use echelon::domain::review::TaskKind;
use echelon::domain::role::Role;
use echelon::domain::task::PlannedTask;
use echelon::domain::time::Effort;
use echelon::domain::work::Tier;

use crate::lifecycle::world::{World, manager, person, tech_lead};
use crate::support::inside;

/// Name, domain, needs and hours of a piece of work.
pub(crate) type Step<'a> = (&'a str, &'a str, &'a [&'a str], f64);

pub(crate) fn request() -> Request {
    inside::request("make it so")
}

impl World {
    /// The manager and the organisation do what policy says, until nothing changes.
    #[track_caller]
    pub(crate) fn managers_decide(&mut self) -> Vec<Entry> {
        self.run_policies_of(|role| matches!(role, Role::EngineeringManager(_) | Role::Organisation))
    }

    /// The organisation does what policy says.
    pub(crate) fn organisation_decides(&mut self) -> Vec<Entry> {
        self.turn(&Role::Organisation)
    }

    /// Hands in and triages.
    #[track_caller]
    pub(crate) fn triaged(&mut self, tier: Tier, request: Request) -> InstructionId {
        let id = InstructionId::new(self.new_id());
        self.must(person(), Action::Submit { id, request: Request { tier: Some(tier), ..request } });
        let work_type = "feature".parse().expect("a name");
        self.do_(manager(), id, InstructionAction::Triage { tier, work_type, reasons: vec!["given".to_owned()] });
        id
    }

    /// Gives a command about an instruction that must be accepted.
    #[track_caller]
    pub(crate) fn do_(
        &mut self,
        by: echelon::domain::role::Principal,
        id: InstructionId,
        action: InstructionAction,
    ) -> Vec<Entry> {
        self.must(by, Action::Instruction(id, action))
    }

    /// The tasks of a plan. Keys are unique in a world: those of `steps` with the `mark` before them.
    pub(crate) fn tasks(&mut self, tier: Tier, mark: &str, steps: &[Step<'_>]) -> Vec<PlannedTask> {
        let kind = if tier >= Tier::Complex { TaskKind::Strategic } else { TaskKind::Tactical };
        let mut tasks = Vec::new();
        for (key, place, needs, hours) in steps {
            let needs: Vec<String> = needs.iter().map(|need| format!("{mark}{need}")).collect();
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            let mut task = self.planned(&format!("{mark}{key}"), kind, place, &needs);
            task.work.effort = Effort::from_hours(*hours);
            tasks.push(task);
        }
        // What a plan of the tier has besides takes no time.
        let place = steps.first().map_or("backend", |step| step.1);
        while tier >= Tier::Complex && tasks.len() < size_limits(tier).0 {
            let mut task = self.planned(&format!("{mark}rest{}", tasks.len()), kind, place, &[]);
            task.work.effort = Effort::default();
            tasks.push(task);
        }
        tasks
    }

    /// An instruction with this plan that nobody has approved.
    #[track_caller]
    pub(crate) fn planned_as(&mut self, tier: Tier, request: Request, mark: &str, steps: &[Step<'_>]) -> InstructionId {
        self.planned_with(tier, request, mark, steps, |_| {})
    }

    /// The same, with more in the plan.
    #[track_caller]
    pub(crate) fn planned_with(
        &mut self,
        tier: Tier,
        request: Request,
        mark: &str,
        steps: &[Step<'_>],
        change: impl FnOnce(&mut Plan),
    ) -> InstructionId {
        let id = self.triaged(tier, request);
        let mut plan = Plan::of_tasks(Source::File, self.tasks(tier, mark, steps));
        change(&mut plan);
        self.do_(tech_lead(), id, InstructionAction::Plan { plan: Box::new(plan) });
        id
    }

    /// An instruction with this plan that is approved.
    #[track_caller]
    pub(crate) fn queued_as(&mut self, tier: Tier, request: Request, mark: &str, steps: &[Step<'_>]) -> InstructionId {
        let id = self.planned_as(tier, request, mark, steps);
        self.do_(person(), id, InstructionAction::ApprovePlan { review: Vec::new() });
        id
    }

    #[track_caller]
    pub(crate) fn found(&self, id: InstructionId) -> &Instruction {
        self.state.instruction(id).expect("it is not over")
    }

    /// The name of the state of an instruction, also of one that is over.
    #[track_caller]
    pub(crate) fn where_is(&self, id: InstructionId) -> StateName {
        self.state.ended(id).unwrap_or_else(|| self.found(id).state.name())
    }

    /// `runs`, `paused`, or what it waits for.
    #[track_caller]
    pub(crate) fn course(&self, id: InstructionId) -> String {
        let found = self.found(id);
        match (&found.state, &found.held) {
            (InstructionState::Executing, _) if found.paused.is_some() => "paused".to_owned(),
            (InstructionState::Executing, _) => "runs".to_owned(),
            (InstructionState::Queued, Some(hold)) => format!("{:?}", hold.kind),
            (other, _) => other.name().to_string(),
        }
    }

    #[track_caller]
    pub(crate) fn hold(&self, id: InstructionId) -> (HoldKind, &str, &[InstructionId]) {
        let hold = self.found(id).held.as_ref().expect("it is held");
        (hold.kind, &hold.reason, &hold.behind)
    }

    pub(crate) fn cancel(&mut self, id: InstructionId) -> Vec<Entry> {
        self.do_(person(), id, InstructionAction::Cancel { reason: "not needed".to_owned() })
    }

    /// Runs by another chart from now on.
    pub(crate) fn apply(&mut self, change: impl FnOnce(&mut Chart)) {
        let mut chart = self.state.chart.as_ref().clone();
        change(&mut chart);
        self.must(person(), Action::ApplyChart(Arc::new(chart)));
    }
}

/// What happened to an instruction, in order.
pub(crate) fn events_of(entries: &[Entry], id: InstructionId) -> Vec<InstructionEvent> {
    let of = |entry: &Entry| match &entry.event {
        Event::Instruction(found, event) if *found == id => Some(event.clone()),
        _other => None,
    };
    entries.iter().filter_map(of).collect()
}
