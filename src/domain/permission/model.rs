//! The decision: pure, over entries and facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::Actor;
use crate::types::UserId;

/// Everyone.
pub const WORLD: &str = "world";
/// Whoever made the item.
const CREATOR: &str = "Creator";
/// Whoever owns the item.
const OWNER: &str = "Owner";

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
mod tests {
    use super::*;
    use crate::types::TenantId;

    fn user(id: UserId, roles: &[&str]) -> Actor {
        Actor::User {
            tenant: TenantId::new("acme").unwrap(),
            id,
            name: "someone".into(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            superuser: false,
        }
    }

    fn entry(identity: &str, grants: &[Action]) -> Entry {
        Entry {
            permission_id: "Set".into(),
            identity_id: identity.into(),
            create: grants.contains(&Action::Create),
            get: grants.contains(&Action::Get),
            update: grants.contains(&Action::Update),
            delete: grants.contains(&Action::Delete),
            discover: grants.contains(&Action::Discover),
        }
    }

    #[test]
    fn an_entry_grants_to_whom_it_names_and_only_what_it_names() {
        use Action::{Delete, Get, Update};
        let subject = Subject { created_by: Some(7), owner: Some(8) };
        let entries = || {
            vec![
                entry("viewer", &[Get]),
                entry("engineer", &[Get, Update]),
                entry("42", &[Delete]),
                entry("Creator", &[Update]),
                entry("Owner", &[Delete]),
            ]
        };
        let table = [
            (user(1, &["viewer"]), Get, true),
            (user(1, &["viewer"]), Update, false),
            (user(1, &["engineer"]), Update, true),
            (user(1, &["engineer"]), Delete, false),
            (user(1, &[]), Get, false),
            (user(42, &[]), Delete, true),
            (user(42, &[]), Get, false),
            (user(7, &[]), Update, true),
            (user(8, &[]), Update, false),
            (user(8, &[]), Delete, true),
            (user(1, &["admin"]), Delete, true),
            (Actor::Anonymous { trusted: false }, Get, false),
            (Actor::Anonymous { trusted: true }, Delete, true),
            (Actor::System { name: "cli" }, Delete, true),
        ];
        for (actor, action, expected) in table {
            let rights = Rights::new(actor.clone(), Arc::new(Sets::new(Vec::new(), entries())));
            assert_eq!(rights.allow("Set", action, subject), expected, "{actor:?} {action:?}");
            assert_eq!(
                rights.allow("Other", action, subject),
                actor.is_administrator(),
                "an unknown set grants nothing"
            );
        }
    }

    #[test]
    fn the_world_includes_the_anonymous_and_a_creator_must_be_somebody() {
        let rights = Rights::new(
            Actor::Anonymous { trusted: false },
            Arc::new(Sets::new(
                Vec::new(),
                vec![entry("world", &[Action::Get, Action::Create]), entry("Creator", &[Action::Update])],
            )),
        );
        assert!(rights.allow("Set", Action::Get, Subject::default()));
        assert!(!rights.allow("Set", Action::Create, Subject::default()), "who is not logged in does not write");
        assert!(!rights.allow("Set", Action::Update, Subject::default()));
    }
}
