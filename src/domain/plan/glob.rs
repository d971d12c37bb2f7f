//! Globs: patterns for the paths of files below a folder.
//!
//! A pattern is a path with `/` between its parts. In a part, `*` stands for any letters and `?` for one; a part `**` stands
//! for any number of folders, none included. Nothing else is special. `*` and `**` do not match names that begin with a
//! dot, so what tools keep for themselves is not a target unless the pattern names it.

/// Parts that a pattern has, at most: no repository is deeper.
pub const DEPTH_LIMIT: usize = 32;

/// Letters that a pattern has, at most.
const LENGTH_LIMIT: usize = 256;

/// Whether `pattern` is a glob of paths that stay below their folder.
///
/// # Errors
/// What is wrong with it, to be said after its name.
pub fn check(pattern: &str) -> Result<(), &'static str> {
    if pattern.starts_with('/') {
        return Err("is absolute, and targets are files of the repository");
    }
    if pattern.len() > LENGTH_LIMIT || pattern.split('/').count() > DEPTH_LIMIT {
        return Err("is longer than any path");
    }
    for part in pattern.split('/') {
        match part {
            "" | "." => return Err("has an empty part or a `.`"),
            ".." => return Err("leads out of the repository"),
            "**" => {}
            other if other.contains("**") => return Err("has `**` within a part, where it stands for nothing"),
            _plain => {}
        }
    }
    Ok(())
}

/// Whether a path, with `/` between its parts, matches a pattern.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    parts_match(&pattern, &path)
}

/// Whether something below the folder `path` may match: so long as it does not, nothing in it has to be looked at.
#[must_use]
pub fn may_match_below(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // Something may follow from any position but the one past the end.
    reached_by(&pattern, &path).iter().take(pattern.len()).any(|reached| *reached)
}

/// Positions that are reached by all that was read so far are kept side by side, so that no pattern takes longer than its
/// length times that of the path.
fn parts_match(pattern: &[&str], path: &[&str]) -> bool {
    reached_by(pattern, path).last().copied().unwrap_or_default()
}

/// The positions in a pattern that are reached by reading a path.
fn reached_by(pattern: &[&str], path: &[&str]) -> Vec<bool> {
    let mut reached = vec![false; pattern.len().saturating_add(1)];
    reach(&mut reached, 0, pattern);
    for part in path {
        let mut next = vec![false; reached.len()];
        for (at, own) in pattern.iter().enumerate() {
            if !reached.get(at).copied().unwrap_or_default() {
                continue;
            }
            if *own == "**" {
                if !part.starts_with('.') {
                    reach(&mut next, at, pattern);
                    reach(&mut next, at.saturating_add(1), pattern);
                }
            } else if part_matches(own, part) {
                reach(&mut next, at.saturating_add(1), pattern);
            }
        }
        reached = next;
    }
    reached
}

/// Marks a position, and those after it that take nothing to reach.
fn reach(reached: &mut [bool], at: usize, pattern: &[&str]) {
    let mut at = at;
    loop {
        if let Some(mark) = reached.get_mut(at) {
            *mark = true;
        }
        // A `**` at the end stands for files too, so it takes at least one part.
        let is_last = at.saturating_add(1) == pattern.len();
        if is_last || pattern.get(at).is_none_or(|own| *own != "**") {
            return;
        }
        at = at.saturating_add(1);
    }
}

fn part_matches(pattern: &str, part: &str) -> bool {
    if part.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let letters: Vec<char> = pattern.chars().collect();
    let mut reached = vec![false; letters.len().saturating_add(1)];
    star(&mut reached, 0, &letters);
    for letter in part.chars() {
        let mut next = vec![false; reached.len()];
        for (at, own) in letters.iter().enumerate() {
            if !reached.get(at).copied().unwrap_or_default() {
                continue;
            }
            match own {
                '*' => star(&mut next, at, &letters),
                '?' => star(&mut next, at.saturating_add(1), &letters),
                own if *own == letter => star(&mut next, at.saturating_add(1), &letters),
                _other => {}
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// Marks a position in a part, and those after it that take nothing to reach.
fn star(reached: &mut [bool], at: usize, letters: &[char]) {
    let mut at = at;
    loop {
        if let Some(mark) = reached.get_mut(at) {
            *mark = true;
        }
        if letters.get(at) != Some(&'*') {
            return;
        }
        at = at.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_as_its_parts_do() {
        for (pattern, path, expected) in [
            ("docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/a/b.md", false),
            ("docs/*.md", "docs/.a.md", false),
            ("docs/.*.md", "docs/.a.md", true),
            ("**/*.rs", "a.rs", true),
            ("**/*.rs", "src/a/b.rs", true),
            ("**/*.rs", ".git/a.rs", false),
            ("src/**", "src/a/b", true),
            ("src/**", "src", false),
            ("src/**/mod.rs", "src/mod.rs", true),
            ("src/**/mod.rs", "src/a/b/mod.rs", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a]", "[a]", true),
            ("*a*a*a*a*b", &"a".repeat(200), false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} and {path}");
        }
    }

    #[test]
    fn a_folder_is_looked_into_only_where_something_in_it_may_match() {
        for (pattern, folder, expected) in [
            ("docs/*.md", "docs", true),
            ("docs/*.md", "src", false),
            ("docs/*.md", "docs/a", false),
            ("**/*.md", "any/where", true),
            ("**/*.md", ".git", false),
            ("docs/**/x.md", "docs/a/b", true),
        ] {
            assert_eq!(may_match_below(pattern, folder), expected, "{pattern} and {folder}");
        }
    }

    #[test]
    fn what_leads_out_of_the_repository_is_no_glob() {
        for pattern in ["/etc/*", "../*", "a/../../b", "", "a//b", "./a", "a/b**"] {
            assert!(check(pattern).is_err(), "{pattern}");
        }
        for pattern in ["*.md", "docs/**/a?.md", "a b/c"] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }
}
