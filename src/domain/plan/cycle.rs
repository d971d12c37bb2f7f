//! Finds things that wait for each other.

use std::collections::{BTreeMap, BTreeSet};

/// Circles in `needs`, each as the names along it, beginning with the least. Needs that are not keys of `needs` count
/// as met. Every name is in one circle at most: with that one broken, what else it is part of shows on the next run.
pub fn circles<'a>(needs: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let mut waiting: BTreeSet<&str> = needs.keys().copied().collect();
    let unmet = |name: &str, waiting: &BTreeSet<&'a str>| {
        needs.get(name).and_then(|needs| needs.iter().copied().find(|need| waiting.contains(need)))
    };
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let mut followers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, before) in needs {
        let known = before.iter().filter(|need| needs.contains_key(*need));
        left.insert(name, known.clone().count());
        known.for_each(|need| followers.entry(need).or_default().push(name));
    }
    let mut done: Vec<&str> = left.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    let mut circles = Vec::new();
    loop {
        // Whatever waits for nothing that waits is done, and so on, until only circles and what hangs on them are left.
        while let Some(name) = done.pop() {
            if !waiting.remove(name) {
                continue;
            }
            for follower in followers.get(name).into_iter().flatten() {
                if let Some(count) = left.get_mut(follower) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        done.push(follower);
                    }
                }
            }
        }
        let Some(start) = waiting.first().copied() else { return circles };
        let mut path = vec![start];
        let mut places = BTreeMap::from([(start, 0)]);
        let mut at = start;
        while let Some(next) = unmet(at, &waiting) {
            if let Some(entry) = places.get(next) {
                path.drain(..*entry);
                break;
            }
            places.insert(next, path.len());
            path.push(next);
            at = next;
        }
        let least = path.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(index, _)| index);
        path.rotate_left(least);
        // With the circle named, what hangs on it waits for nothing that has not been told.
        done.extend(&path);
        circles.push(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who needs whom, and the circles in it.
    type Case = (&'static [(&'static str, &'static [&'static str])], &'static [&'static [&'static str]]);

    #[test]
    fn every_circle_is_found_and_what_only_hangs_on_one_is_not() {
        let table: &[Case] = &[
            (&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])], &[]),
            (&[("a", &["a"])], &[&["a"]]),
            (&[("a", &["b"]), ("b", &["c"]), ("c", &["a"]), ("d", &["c"])], &[&["a", "b", "c"]]),
            (&[("a", &["d"]), ("b", &["c"]), ("c", &["b"]), ("d", &["b"]), ("e", &["e"])], &[&["b", "c"], &["e"]]),
            (&[("a", &["unknown"])], &[]),
        ];
        for (needs, expected) in table {
            let needs = needs.iter().map(|(name, needs)| (*name, needs.iter().copied().collect())).collect();
            assert_eq!(&circles(&needs), expected, "{needs:?}");
        }
    }
}
