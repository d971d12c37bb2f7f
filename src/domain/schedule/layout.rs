//! Laying work out: the longest ways to and from each piece, in one walk forward and one back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Schedule, Slot};
use crate::domain::id::TaskId;
use crate::domain::instruction::Instruction;
use crate::domain::state::State;
use crate::domain::task::Task;
use crate::domain::time::Millis;

/// A moment of the plan. A piece of work is one, and takes a while; a milestone that was broken down begins and ends, and
/// its pieces lie between.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Point {
    Begin(TaskId),
    Work(TaskId),
    End(TaskId),
}

/// What comes directly before and after a point.
#[derive(Default)]
struct Links {
    before: Vec<Point>,
    after: Vec<Point>,
    length: i64,
}

/// The longest way to a point.
#[derive(Clone, Copy, Default)]
struct Reached {
    start: i64,
    finish: i64,
    /// Pieces of work before it, one after the other.
    level: u32,
    /// The last piece of work of that way, with the point's own.
    last: Option<TaskId>,
}

/// Lays the open work of an instruction out, each piece as long as `length` says.
pub(super) fn lay_out<'a>(
    state: &'a State,
    found: &Instruction,
    mut length: impl FnMut(&'a Task) -> Millis,
) -> Schedule {
    let open: BTreeMap<TaskId, &Task> = found.open.iter().filter_map(|id| Some((*id, state.tasks.get(id)?))).collect();
    let mut points: BTreeMap<Point, Links> = BTreeMap::new();
    for task in open.values() {
        let (begin, end) = ends(task);
        if begin == end {
            points.entry(begin).or_default().length = length(task).0;
        } else {
            link(&mut points, begin, end);
        }
        for need in task.needs.iter().filter_map(|need| open.get(need)) {
            link(&mut points, ends(need).1, begin);
        }
        if let Some(parent) = task.parent.and_then(|parent| open.get(&parent)) {
            link(&mut points, ends(parent).0, begin);
            link(&mut points, end, ends(parent).1);
        }
    }
    let order = in_order(&points);
    let (reached, came_from) = forward(&points, &order);
    let total = reached.values().map(|one| one.finish).max().unwrap_or_default();
    let latest = backward(&points, &order, total);
    let mut laid = Schedule { length: Millis(total), ..Schedule::default() };
    for (point, one) in &reached {
        if let Point::Work(id) = point {
            let slack = latest.get(point).map_or(0, |start| start.saturating_sub(one.start));
            let (start, finish) = (Millis(one.start), Millis(one.finish));
            let slot = Slot { start, finish, slack: Millis(slack), critical: slack <= 0, level: one.level };
            laid.tasks.insert(*id, slot);
        }
    }
    let mut current = laid.tasks.iter().find(|(_, slot)| slot.finish.0 == total).map(|(id, _)| *id);
    while let Some(id) = current.filter(|_| laid.path.len() < laid.tasks.len()) {
        laid.path.push(id);
        current = came_from.get(&id).copied();
    }
    laid.path.reverse();
    laid
}

/// Where a task begins and ends.
const fn ends(task: &Task) -> (Point, Point) {
    if task.children.is_empty() {
        (Point::Work(task.id), Point::Work(task.id))
    } else {
        (Point::Begin(task.id), Point::End(task.id))
    }
}

fn link(points: &mut BTreeMap<Point, Links>, before: Point, after: Point) {
    points.entry(before).or_default().after.push(after);
    points.entry(after).or_default().before.push(before);
}

/// Every point after those before it. Plans have no circles; should a replaced dependency make one, it is cut at the first
/// of its points.
fn in_order(points: &BTreeMap<Point, Links>) -> Vec<Point> {
    let mut waits: BTreeMap<Point, usize> = points.iter().map(|(point, links)| (*point, links.before.len())).collect();
    let mut ready: BTreeSet<Point> =
        waits.iter().filter(|(_, before)| **before == 0).map(|(point, _)| *point).collect();
    let mut order = Vec::with_capacity(points.len());
    while let Some(next) = ready.pop_first().or_else(|| waits.keys().next().copied()) {
        waits.remove(&next);
        order.push(next);
        for after in points.get(&next).into_iter().flat_map(|links| &links.after) {
            if let Some(before) = waits.get_mut(after) {
                *before = before.saturating_sub(1);
                if *before == 0 {
                    ready.insert(*after);
                }
            }
        }
    }
    order
}

/// The longest way to each point, and for each piece of work the piece before it on that way.
fn forward(points: &BTreeMap<Point, Links>, order: &[Point]) -> (BTreeMap<Point, Reached>, BTreeMap<TaskId, TaskId>) {
    let mut reached: BTreeMap<Point, Reached> = BTreeMap::new();
    let mut came_from = BTreeMap::new();
    for point in order {
        let Some(links) = points.get(point) else {
            continue;
        };
        let before = || links.before.iter().filter_map(|one| Some((*one, *reached.get(one)?)));
        let longest = before().map(|(_, one)| one).max_by_key(|one| (one.finish, one.last.map(Reverse)));
        let longest = longest.unwrap_or_default();
        let deeper =
            |(point, one): (Point, Reached)| one.level.saturating_add(u32::from(matches!(point, Point::Work(_))));
        let level = before().map(deeper).max().unwrap_or_default();
        let last = match point {
            Point::Work(id) => {
                came_from.extend(longest.last.map(|before| (*id, before)));
                Some(*id)
            }
            Point::Begin(_) | Point::End(_) => longest.last,
        };
        let finish = longest.finish.saturating_add(links.length);
        reached.insert(*point, Reached { start: longest.finish, finish, level, last });
    }
    (reached, came_from)
}

/// When each point may begin at the latest, so that everything is done by `total`.
fn backward(points: &BTreeMap<Point, Links>, order: &[Point], total: i64) -> BTreeMap<Point, i64> {
    let mut latest: BTreeMap<Point, i64> = BTreeMap::new();
    for point in order.iter().rev() {
        let Some(links) = points.get(point) else {
            continue;
        };
        let finish = links.after.iter().filter_map(|after| latest.get(after)).min().copied().unwrap_or(total);
        latest.insert(*point, finish.saturating_sub(links.length));
    }
    latest
}
