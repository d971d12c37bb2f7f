//! Finds things that wait for each other.

use std::collections::{BTreeMap, BTreeSet};

/// Circles in `needs`, each as the names along it, beginning with the least. Needs that are not keys of `needs` count
/// as met. Every name is in one circle at most: with that one broken, what else it is part of shows on the next run.
pub(super) fn circles<'a>(needs: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let mut waiting: BTreeSet<&str> = needs.keys().copied().collect();
    let mut circles = Vec::new();
    loop {
        // Whatever waits for nothing that waits is done, and so on, until only circles and what hangs on them are left.
        let unmet = |name: &str, waiting: &BTreeSet<&'a str>| {
            needs.get(name).and_then(|needs| needs.iter().copied().find(|need| waiting.contains(need)))
        };
        loop {
            let before = waiting.len();
            let still: BTreeSet<&str> =
                waiting.iter().copied().filter(|name| unmet(name, &waiting).is_some()).collect();
            waiting = still;
            if waiting.len() == before {
                break;
            }
        }
        let Some(start) = waiting.first().copied() else { return circles };
        let mut path = vec![start];
        let mut at = start;
        while let Some(next) = unmet(at, &waiting) {
            if let Some(entry) = path.iter().position(|name| *name == next) {
                path.drain(..entry);
                break;
            }
            path.push(next);
            at = next;
        }
        let least = path.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(index, _)| index);
        path.rotate_left(least);
        for name in &path {
            waiting.remove(name);
        }
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
