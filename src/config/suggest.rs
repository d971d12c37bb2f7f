//! What somebody who mistyped a name may have meant.

use super::fault::quoted;

/// The candidate nearest to `text`, if one is near enough to be meant: at most a third of the letters differ.
pub(super) fn nearest<'c>(text: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let letters: Vec<char> = text.chars().collect();
    let limit = (letters.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(letters.len()) <= limit)
        .map(|candidate| (distance(&letters, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean …?", or else everything that is allowed, or else that nothing is.
pub(super) fn help(text: &str, candidates: &[&str], kind: &str) -> String {
    match nearest(text, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean {}?", quoted(candidate)),
        None if candidates.is_empty() => format!("there is no {kind} to choose from"),
        None => format!("choose from {}", list(candidates.iter().copied())),
    }
}

/// How many names a list in a message shows; a chart may have a thousand.
const LIST_LIMIT: usize = 12;

/// Names for a message: in backticks, with commas.
pub(super) fn list<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    let mut names = names.into_iter();
    let mut shown: Vec<String> = names.by_ref().take(LIST_LIMIT).map(quoted).collect();
    let more = names.count();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

/// Letters to insert, drop, replace or swap with their neighbour to get from one text to the other (optimal string
/// alignment).
fn distance(from: &[char], to: &str) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=from.len()).collect();
    let mut previous = None;
    for (row, target) in to.chars().enumerate() {
        let mut current = vec![row.saturating_add(1)];
        for (column, letter) in from.iter().enumerate() {
            let cost = |cells: &[usize], at: usize| cells.get(at).copied().unwrap_or(usize::MAX);
            let replaced = cost(&above, column).saturating_add(usize::from(*letter != target));
            let dropped = cost(&above, column.saturating_add(1)).saturating_add(1);
            let inserted = cost(&current, column).saturating_add(1);
            let mut best = replaced.min(dropped).min(inserted);
            let left = column.checked_sub(1);
            if let Some(left) = left
                && previous == Some(*letter)
                && from.get(left) == Some(&target)
            {
                best = best.min(cost(&before, left).saturating_add(1));
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
        previous = Some(target);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_what_was_meant_and_another_word_finds_nothing() {
        let names = ["backend", "frontend", "qa", "security"];
        for (text, meant) in [
            ("backnd", Some("backend")),
            ("bakcend", Some("backend")),
            ("frontends", Some("frontend")),
            ("qq", Some("qa")),
            ("security", Some("security")),
            ("data", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, names), meant, "{text}");
        }
    }

    #[test]
    fn two_letters_swapped_are_one_mistake() {
        for (from, to, expected) in [("ab", "ba", 1), ("abc", "abc", 0), ("", "abc", 3), ("kitten", "sitting", 3)] {
            let letters: Vec<char> = from.chars().collect();
            assert_eq!(distance(&letters, to), expected, "{from} to {to}");
        }
    }
}
