//! Names of places and people, each kept once: equal names are the same address, so that comparing, cloning and finding the
//! place above costs nothing.
//!
//! What is kept stays for the life of the process. That is for places, people and workers, of which there are as many as the
//! organisation is large. What a plan may name, steps and skills among it, is a text of its own instead: plans come from
//! programs, too, and one that makes up names without end must not fill the memory.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::ptr;
use std::sync::{LazyLock, PoisonError, RwLock};

use rustc_hash::{FxBuildHasher, FxHashMap};

/// A name that is kept once.
#[derive(Clone, Copy)]
pub(super) struct Name(&'static Kept);

struct Kept {
    text: Box<str>,
    /// A number for the text.
    hash: u64,
    /// The place it is in: everything before the last `/`.
    above: Option<Name>,
}

/// All of them. Charts are written by whoever runs the organisation, so nobody aims at the hash.
static KEPT: LazyLock<RwLock<FxHashMap<&'static str, Name>>> = LazyLock::new(RwLock::default);

impl Name {
    /// The place it is in, `software/backend` of `software/backend/ben`; itself where it is in none.
    pub(super) fn above(self) -> Self {
        self.0.above.unwrap_or(self)
    }

    /// What sorts right below everything in this place; the name of nothing.
    pub(super) fn below(self) -> Self {
        Self::from(format!("{}/", self.0.text).as_str())
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        let found = KEPT.read().unwrap_or_else(PoisonError::into_inner).get(text).copied();
        found.unwrap_or_else(|| keep(text))
    }
}

fn keep(text: &str) -> Name {
    let above = text.rsplit_once('/').map(|(above, _)| Name::from(above));
    // Somebody else may have kept it in the meantime.
    let mut kept = KEPT.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.get(text) {
        return *found;
    }
    let hash = FxBuildHasher.hash_one(text);
    let name = Name(Box::leak(Box::new(Kept { text: text.into(), hash, above })));
    kept.insert(&name.0.text, name);
    name
}

/// Whether a text is kept.
#[cfg(test)]
pub(super) fn is_kept(text: &str) -> bool {
    KEPT.read().unwrap_or_else(PoisonError::into_inner).contains_key(text)
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.text
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    /// By their texts, so that the order is the same in every process.
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.0.text.cmp(&other.0.text) }
    }
}

impl Hash for Name {
    /// As the text says, like the order, but worked out once.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
