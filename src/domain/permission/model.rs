//! The decision: pure, over entries and facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::Actor;
use crate::types::UserId;

/// Everyone.
pub(super) const WORLD: &str = "world";
/// Whoever made the item.
pub(super) const CREATOR: &str = "Creator";
/// Whoever owns the item.
pub(super) const OWNER: &str = "Owner";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Create,
    Get,
    Update,
    Delete,
    Discover,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Discover => "discover",
        }
    }
}

/// What one identity may do under a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub permission_id: String,
    /// A role, a user id, `world`, `Creator` or `Owner`.
    pub identity_id: String,
    pub create: bool,
    pub get: bool,
    pub update: bool,
    pub delete: bool,
    pub discover: bool,
}

impl Entry {
    pub fn full(permission_id: &str, identity_id: &str) -> Self {
        Self {
            permission_id: permission_id.to_owned(),
            identity_id: identity_id.to_owned(),
            create: true,
            get: true,
            update: true,
            delete: true,
            discover: true,
        }
    }

    fn grants(&self, action: Action) -> bool {
        match action {
            Action::Create => self.create,
            Action::Get => self.get,
            Action::Update => self.update,
            Action::Delete => self.delete,
            Action::Discover => self.discover,
        }
    }
}

/// The permission set of items and types that name none.
pub const DEFAULT_SET: &str = "Default";

/// The set that governs an item: its state's, else its own, else its type's, else the default.
pub fn governing<'a>(state: Option<&'a str>, own: Option<&'a str>, kind: Option<&'a str>) -> &'a str {
    state.or(own).or(kind).unwrap_or(DEFAULT_SET)
}

/// Whose item it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subject {
    pub created_by: Option<UserId>,
    pub owner: Option<UserId>,
}

/// The permission sets of a database with their entries; a set may have none.
#[derive(Debug, Clone, Default)]
pub struct Sets(BTreeMap<String, Vec<Entry>>);

impl Sets {
    pub fn new(ids: Vec<String>, entries: Vec<Entry>) -> Self {
        let mut sets: BTreeMap<String, Vec<Entry>> = ids.into_iter().map(|id| (id, Vec::new())).collect();
        for entry in entries {
            sets.entry(entry.permission_id.clone()).or_default().push(entry);
        }
        Self(sets)
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// With which items that a set governs an actor may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    pub all: bool,
    pub created_by_actor: bool,
    pub owned_by_actor: bool,
}

/// What one actor may do under every set of a database.
#[derive(Debug, Clone)]
pub struct Rights {
    actor: Actor,
    sets: Arc<Sets>,
}

impl Rights {
    pub fn new(actor: Actor, sets: Arc<Sets>) -> Self {
        Self { actor, sets }
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Every set with what it lets the actor do: [`Rights::allow`] for whole sets, so that a database can decide.
    pub fn reaches(&self, action: Action) -> impl Iterator<Item = (&str, Reach)> {
        let me = self.actor.user_id();
        self.sets.ids().map(move |set| {
            let allow = |created_by, owner| self.allow(set, action, Subject { created_by, owner });
            let reach =
                Reach { all: allow(None, None), created_by_actor: allow(me, None), owned_by_actor: allow(None, me) };
            (set, reach)
        })
    }

    /// Whether the actor may. Administrators always; others when an entry that fits them grants it. No set, no right.
    pub fn allow(&self, set: &str, action: Action, subject: Subject) -> bool {
        // Whoever has not shown who they are may at most read, whatever the world may.
        if matches!(self.actor, Actor::Anonymous { trusted: false })
            && !matches!(action, Action::Get | Action::Discover)
        {
            return false;
        }
        self.actor.is_administrator()
            || self
                .sets
                .0
                .get(set)
                .is_some_and(|entries| entries.iter().any(|entry| entry.grants(action) && self.fits(entry, subject)))
    }

    fn fits(&self, entry: &Entry, subject: Subject) -> bool {
        let user = self.actor.user_id();
        match entry.identity_id.as_str() {
            WORLD => true,
            CREATOR => user.is_some() && user == subject.created_by,
            OWNER => user.is_some() && user == subject.owner,
            identity => {
                self.actor.roles().iter().any(|role| role == identity)
                    || user.is_some_and(|user| user.to_string() == identity)
            }
        }
    }
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
