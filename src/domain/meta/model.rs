//! The model of one database — types, rights, lifecycles — as one request sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::item::{Item, not_found};
pub use super::item_type::{DataType, IndexStatus, ItemType, Property};
use super::numbering::Sequence;
use super::release_policy::ReleasePolicy;
use super::repo;
use super::revision::{Scheme, Schemes};
use crate::context::Ctx;
use crate::db::Db;
use crate::domain::lifecycle::{self, Lifecycles, State};
use crate::domain::permission::{self, Action, DEFAULT_SET, Reach, Rights, Sets, Subject};
use crate::domain::revision;
use crate::error::{Error, Result};

/// Types, sets and lifecycles of one database; remembered while it is open, until its revision is raised.
#[derive(Debug)]
struct Facts {
    revision: i64,
    types: BTreeMap<String, ItemType>,
    sets: Arc<Sets>,
    lifecycles: Lifecycles,
    /// By type.
    sequences: BTreeMap<String, Sequence>,
    release_policy: ReleasePolicy,
    revision_schemes: Schemes,
}

impl Facts {
    async fn of(db: &Db) -> Result<Arc<Self>> {
        // Read first: what changes meanwhile is newer than this revision says, and is read again.
        let revision = revision::current(db).await?;
        if let Some(facts) = db.recall::<Self>().filter(|facts| facts.revision == revision) {
            return Ok(facts);
        }
        let types = repo::types::all(db).await?;
        let facts = Arc::new(Self {
            revision,
            types: types.into_iter().map(|kind| (kind.id.clone(), kind)).collect(),
            sets: Arc::new(permission::sets(db).await?),
            lifecycles: lifecycle::lifecycles(db).await?,
            sequences: repo::numbering::all(db).await?,
            release_policy: ReleasePolicy::of(db).await?,
            revision_schemes: Schemes::of(db).await?,
        });
        db.remember(facts.clone());
        Ok(facts)
    }
}

/// Types, rights and lifecycles of one database, as the caller of one request meets them.
#[derive(Debug, Clone)]
pub struct Model {
    facts: Arc<Facts>,
    rights: Rights,
}

impl Model {
    pub async fn load(ctx: &Ctx) -> Result<Self> {
        let facts = Facts::of(&ctx.db).await?;
        let rights = Rights::new(ctx.actor.clone(), facts.sets.clone());
        Ok(Self { facts, rights })
    }

    /// The model as it was when it was last read, which may have changed since.
    pub(super) fn remembered(ctx: &Ctx) -> Option<Self> {
        let facts = ctx.db.recall::<Facts>()?;
        let rights = Rights::new(ctx.actor.clone(), facts.sets.clone());
        Some(Self { facts, rights })
    }

    /// The revision of the model that this is.
    pub fn revision(&self) -> i64 {
        self.facts.revision
    }

    /// Forgets what is remembered of an open database; says how many types that were.
    pub(super) fn forget(ctx: &Ctx) -> usize {
        ctx.db.forget::<Facts>().map_or(0, |facts| facts.types.len())
    }

    pub(super) fn has_set(&self, id: &str) -> bool {
        self.rights.reaches(Action::Get).any(|(set, _)| set == id)
    }

    /// Every type, by its id.
    pub fn item_types(&self) -> impl Iterator<Item = &ItemType> {
        self.facts.types.values()
    }

    /// Who reads and writes by it.
    pub fn actor(&self) -> &crate::context::Actor {
        self.rights.actor()
    }

    /// Whether the actor may do something to items of some type, or in some state. Sets of single items do not count.
    pub fn allows_some(&self, action: Action) -> bool {
        let types = self.item_types().map(|kind| kind.permission_id.as_deref().unwrap_or(DEFAULT_SET));
        let states = self.lifecycles().states().filter_map(|state| state.permission_id.as_deref());
        let governing: BTreeSet<&str> = types.chain(states).collect();
        let reaches = |reach: Reach| reach.all || reach.created_by_actor || reach.owned_by_actor;
        self.rights.reaches(action).any(|(set, reach)| governing.contains(set) && reaches(reach))
    }

    pub(super) fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Fails with `NotFound` ("ItemType not found").
    pub fn item_type(&self, id: &str) -> Result<&ItemType> {
        self.facts.types.get(id).ok_or_else(|| Error::not_found("ItemType not found"))
    }

    pub fn lifecycles(&self) -> &Lifecycles {
        &self.facts.lifecycles
    }

    /// How the items of a type are numbered.
    pub(super) fn sequence(&self, item_type: &str) -> Sequence {
        self.facts.sequences.get(item_type).cloned().unwrap_or_else(|| Sequence::usual(item_type))
    }

    pub fn state(&self, item: &Item) -> Option<&State> {
        item.current_state.and_then(|id| self.facts.lifecycles.state(id))
    }

    /// The set that governs an item: its state's, else its own, else its type's, else the default.
    pub fn permission_set<'a>(&'a self, item: &'a Item) -> &'a str {
        let state = self.state(item).and_then(|state| state.permission_id.as_deref());
        let kind = self.facts.types.get(&item.item_type).and_then(|kind| kind.permission_id.as_deref());
        permission::governing(state, item.permission_id.as_deref(), kind)
    }

    /// The item with the set that governs it in the place of its own.
    #[must_use]
    pub fn governed(&self, item: Item) -> Item {
        let set = self.permission_set(&item).to_owned();
        Item { permission_id: Some(set), ..item }
    }

    pub fn allow(&self, item: &Item, action: Action) -> bool {
        self.rights.allow(self.permission_set(item), action, item.subject())
    }

    /// The caller may read it. What may not even be discovered is "not found".
    pub fn require_readable(&self, item: &Item) -> Result<()> {
        if self.allow(item, Action::Get) {
            return Ok(());
        }
        let seen = self.allow(item, Action::Discover);
        Err(if seen { permission::denied(Action::Get, &item.item_type) } else { not_found(item.id) })
    }

    /// The caller may read it and may do this with it: every write answers with the item.
    pub fn require(&self, item: &Item, action: Action) -> Result<()> {
        self.require_readable(item)?;
        if self.allow(item, action) { Ok(()) } else { Err(permission::denied(action, &item.item_type)) }
    }

    /// The caller may do this to items of a type that have no rights of their own.
    pub fn allows_kind(&self, kind: &ItemType, action: Action) -> bool {
        let set = permission::governing(None, None, kind.permission_id.as_deref());
        self.rights.allow(set, action, Subject::default())
    }

    pub fn require_create(&self, kind: &ItemType) -> Result<()> {
        if self.allows_kind(kind, Action::Create) {
            return Ok(());
        }
        Err(permission::denied(Action::Create, &kind.id))
    }

    /// What the organisation demands of structures.
    pub fn release_policy(&self) -> ReleasePolicy {
        self.facts.release_policy
    }

    /// How revisions of items of a type are called.
    pub fn revision_scheme(&self, kind: &ItemType) -> Scheme {
        self.facts.revision_schemes.scheme(kind)
    }

    /// The item's state lets it change.
    pub fn require_unlocked(&self, item: &Item) -> Result<()> {
        match self.state(item) {
            Some(state) if state.is_locked => Err(lifecycle::locked(&state.name, &item.item_type)),
            _ => Ok(()),
        }
    }
}
