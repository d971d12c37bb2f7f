//! The timer: has the clocks fire that are due, and the attempts count as lost of which nothing is heard.
//!
//! ```text
//!   ledger ── when the next one is due ──▶ Timer ── fire clocks, expire leases ──▶ ledger
//! ```
//!
//! It decides nothing and keeps nothing that matters: what is due is in the ledger's state, and so is what has fired. A
//! timer that starts again goes on where the one before it stopped.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SpawnErr};
use tokio::sync::watch;

use super::office::{Office, Phase};
use crate::clock::{Clock, Until};
use crate::domain::command::Action;
use crate::domain::policy::Ids;
use crate::domain::role::{Principal, Role};
use crate::domain::state::Deadlines;
use crate::domain::time::{Millis, WallTime};
use crate::ledger::Stopped;

/// Clocks that fire in one commit, at most. What others ask for meanwhile waits for some milliseconds at most, and the sync
/// is shared by many when many are due.
const CHUNK: usize = 256;

/// Clocks that fire in the first commit of those that are due together. An id is made for each that may fire, and most of
/// the time few do; as long as there are more, each commit has twice as many as the one before.
const FIRST_CHUNK: usize = 8;

/// Leases that run out in one commit. Each may give its task to somebody else, which is more work than a clock that fires.
const LEASES: usize = 64;

/// How far wall time may be ahead of the time that has really passed. Time servers correct by less; a machine that was
/// suspended is further behind.
const JUMP: Millis = Millis::from_secs(2);

/// The wait when something is due and nothing comes of it, so that a fault elsewhere does not become a busy loop.
const REST: Duration = Duration::from_millis(100);

/// What the timer is told.
pub enum Msg {
    /// Wait for what is due next, and see to it.
    Watch,
}

/// What it begins with.
pub struct Args {
    /// What is shared.
    pub office: Arc<Office>,
}

/// What it keeps.
pub struct State {
    office: Arc<Office>,
    deadlines: watch::Receiver<Deadlines>,
    leases: Leases,
    /// Nothing came of what was due when it last looked.
    rests: bool,
    /// Clocks that fire next, at most.
    chunk: usize,
}

/// The actor.
pub struct Timer;

/// Starts the timer as a child.
///
/// # Errors
/// When it does not come to life.
pub async fn spawn(supervisor: ActorCell, args: Args) -> Result<ActorRef<Msg>, SpawnErr> {
    let (actor, _) = Actor::spawn_linked(None, Timer, args, supervisor).await?;
    Ok(actor)
}

impl Actor for Timer {
    type Msg = Msg;
    type State = State;
    type Arguments = Args;

    async fn pre_start(&self, myself: ActorRef<Msg>, Args { office }: Args) -> Result<State, ActorProcessingErr> {
        let deadlines = office.ledger.deadlines();
        let leases = Leases::spared_for(office.chart().policy.lease, office.ledger.clock().as_ref());
        myself.cast(Msg::Watch)?;
        Ok(State { office, deadlines, leases, rests: false, chunk: FIRST_CHUNK })
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        Msg::Watch: Msg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.wait().await?;
        state.on_watch().await?;
        myself.cast(Msg::Watch)?;
        Ok(())
    }
}

impl State {
    /// Waits until something may be due.
    async fn wait(&mut self) -> Result<(), Stopped> {
        if self.rests {
            tokio::time::sleep(REST).await;
        }
        let clock = self.office.ledger.clock();
        let next = *self.deadlines.borrow_and_update();
        let (wall, uptime) = match next.lease {
            Some(_) if self.leases.are_spared(clock.uptime()) => (None, Some(self.leases.spared_until)),
            lease => (lease, None),
        };
        let sleep = clock.sleep_until(Until { org: next.clock, wall, uptime });
        tokio::select! {
            biased;
            () = sleep => Ok(()),
            changed = self.deadlines.changed() => changed.map_err(|_| Stopped),
        }
    }

    /// Sees to what is due: one chunk of it, so that what others ask for comes in between.
    async fn on_watch(&mut self) -> Result<(), Stopped> {
        let clock = self.office.ledger.clock();
        let (now, uptime) = (clock.now(), clock.uptime());
        let mut actions = Vec::new();
        if self.leases.notice(now.wall, uptime, self.office.chart().policy.lease) {
            actions.push(Action::ExcuseSilence);
        }
        let next = *self.deadlines.borrow();
        if next.clock.is_some_and(|due| due <= now.org) {
            let mut ids = self.office.ids.clone();
            actions.push(Action::FireClocks { ids: (0..self.chunk).map(|_| ids.escalation()).collect() });
        }
        if next.lease.is_some_and(|due| due <= now.wall) && !self.leases.are_spared(uptime) {
            actions.push(Action::ExpireLeases { limit: LEASES });
        }
        self.rests = false;
        for action in actions {
            self.rests |= !self.commit(action).await?;
        }
        let are_left = self.deadlines.borrow().clock.is_some_and(|due| due <= now.org);
        self.chunk = if are_left { (self.chunk * 2).min(CHUNK) } else { FIRST_CHUNK };
        Ok(())
    }

    /// Asks the ledger for it; `false` when nothing came of it.
    async fn commit(&self, action: Action) -> Result<bool, Stopped> {
        let name = action.name();
        self.office.probe.observe(&Role::Organisation, Phase::Before, name);
        let results = self.office.ledger.commit(&Principal::system(), vec![action]).await?;
        self.office.probe.observe(&Role::Organisation, Phase::After, name);
        let mut happened = false;
        for result in results {
            match result {
                Ok(entries) => happened |= !entries.is_empty(),
                Err(rejection) => tracing::error!("the timer could not {name}: {rejection}"),
            }
        }
        if !happened {
            tracing::debug!("the timer wanted to {name}, and nothing was due any more");
        }
        Ok(happened)
    }
}

/// Whether leases may run out. They may not while those who hold them could not have given a sign of life: after a start,
/// when attempts of an earlier daemon are taken up again first, and after a suspended machine goes on.
struct Leases {
    /// The uptime of the clock until which none runs out.
    spared_until: Millis,
    /// Wall time and uptime at the last look.
    seen: (WallTime, Millis),
}

impl Leases {
    fn spared_for(span: Millis, clock: &dyn Clock) -> Self {
        let uptime = clock.uptime();
        let spared_until = Millis(uptime.0.saturating_add(span.0));
        Self { spared_until, seen: (clock.now().wall, uptime) }
    }

    /// Takes note of the time. Where more wall time went by than really passed, everybody gets one more lease, which is this
    /// long by now, and the answer is yes.
    fn notice(&mut self, wall: WallTime, uptime: Millis, lease: Millis) -> bool {
        let (wall_before, uptime_before) = std::mem::replace(&mut self.seen, (wall, uptime));
        let passed = uptime.0.saturating_sub(uptime_before.0);
        let jumped = Millis(wall.since(wall_before).0.saturating_sub(passed));
        if jumped > JUMP {
            tracing::info!("wall time jumped ahead by {} ms; no lease runs out for {} ms", jumped.0, lease.0);
            self.spared_until = Millis(uptime.0.saturating_add(lease.0));
        }
        jumped > JUMP
    }

    fn are_spared(&self, uptime: Millis) -> bool {
        uptime < self.spared_until
    }
}
