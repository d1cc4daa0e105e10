//! The revision schemes of an organisation: for items of one type, or for all that have none of their own.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::model::{ItemType, Model};
use super::super::repo;
use super::super::types::ModelChange;
use super::name::SchemeType;
use super::scheme::Scheme;
use crate::context::Ctx;
use crate::db::Db;
use crate::domain::audit::new_id;
use crate::error::{Error, Problem, Result};
use crate::types::UserId;

const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 2000;
/// Schemes of one organisation: they are listed as a whole, and every model has them in memory.
const MOST: usize = 1000;

/// A scheme as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionScheme {
    pub id: Uuid,
    pub name: String,
    pub scheme: Scheme,
    /// None for items of all types.
    pub item_type_id: Option<String>,
    pub is_default: bool,
    pub description: Option<String>,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl RevisionScheme {
    fn snapshot(&self) -> Option<Value> {
        Some(json!({
            "id": self.id, "name": self.name, "scheme_type": self.scheme.kind.as_str(),
            "initial_revision": self.scheme.initial, "skip": self.scheme.skip, "item_type_id": self.item_type_id,
            "is_default": self.is_default, "description": self.description,
        }))
    }
}

/// A scheme to be.
#[derive(Debug, Clone, Default)]
pub struct NewScheme {
    pub name: String,
    pub kind: SchemeType,
    /// Without one the first of the kind.
    pub initial_revision: Option<String>,
    pub item_type_id: Option<String>,
    /// Takes the place of the default there was: of the type, or of all.
    pub is_default: bool,
    pub description: Option<String>,
    pub skip: Vec<String>,
}

/// The schemes of one database, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct Schemes(Vec<RevisionScheme>);

impl Schemes {
    pub async fn of(db: &Db) -> Result<Self> {
        Ok(Self(repo::revision_schemes::all(db).await?))
    }

    /// That of a type: its own default, else the newest of its own, else the default of all.
    fn of_type(&self, id: &str) -> Option<&RevisionScheme> {
        let own = || self.0.iter().filter(|scheme| scheme.item_type_id.as_deref() == Some(id)).rev();
        own()
            .find(|scheme| scheme.is_default)
            .or_else(|| own().next())
            .or_else(|| self.0.iter().rev().find(|scheme| scheme.is_default && scheme.item_type_id.is_none()))
    }

    /// How revisions of items of a type are called.
    pub fn scheme(&self, kind: &ItemType) -> Scheme {
        let found = self.of_type(&kind.id).map(|found| found.scheme.clone());
        found.unwrap_or_else(|| Scheme::of_type(&kind.revision_scheme))
    }
}

/// The schemes of the organisation, the oldest first; for every member.
pub async fn list_schemes(ctx: &Ctx) -> Result<Vec<RevisionScheme>> {
    repo::revision_schemes::all(&*ctx.db).await
}

/// The scheme that revisions of items of a type go by, and the one of those kept that says so; none where only the type
/// does.
pub async fn scheme_for_type(ctx: &Ctx, item_type: &str) -> Result<(Scheme, Option<RevisionScheme>)> {
    let model = Model::load(ctx).await?;
    let kind = model.item_type(item_type)?;
    let schemes = Schemes(list_schemes(ctx).await?);
    Ok((schemes.scheme(kind), schemes.of_type(&kind.id).cloned()))
}

/// Adds a scheme; for administrators. Revisions from now on go by it.
pub async fn add_scheme(ctx: &Ctx, given: NewScheme) -> Result<RevisionScheme> {
    let item_type_id = given.item_type_id.clone().filter(|id| !id.is_empty());
    let (name, scheme, description) = checked(given.clone())?;
    let mut change = ModelChange::begin(ctx).await?;
    if let Some(kind) = &item_type_id {
        change.item_type(kind)?;
    }
    let known = repo::revision_schemes::all(&change.tx).await?;
    if known.len() >= MOST {
        return Err(Error::conflict(format!("There are {MOST} schemes already"))
            .code("TOO_MANY_SCHEMES", format!("An organisation has at most {MOST} revision schemes.")));
    }
    let new = RevisionScheme {
        id: new_id(),
        name,
        scheme,
        item_type_id,
        is_default: given.is_default,
        description,
        created_by_id: ctx.actor.user_id(),
        created_at: ctx.now(),
    };
    let displaced = |old: &&RevisionScheme| new.is_default && old.is_default && old.item_type_id == new.item_type_id;
    for old in known.iter().filter(displaced) {
        repo::revision_schemes::clear_default(&change.tx, old.id).await?;
        let after = RevisionScheme { is_default: false, ..old.clone() };
        let subject = ("RevisionScheme", old.id.to_string());
        change.record("model.revision_scheme_updated", subject, old.snapshot(), after.snapshot());
    }
    repo::revision_schemes::insert(&change.tx, &new).await?;
    change.record("model.revision_scheme_created", ("RevisionScheme", new.id.to_string()), None, new.snapshot());
    change.commit().await?;
    Ok(new)
}

fn checked(given: NewScheme) -> Result<(String, Scheme, Option<String>)> {
    let mut problems = Vec::new();
    let mut refuse =
        |field: &str, message: String| problems.push(Problem::new("value_error", &["body", field], message));
    let name = given.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        refuse("name", format!("1 to {MAX_NAME} characters"));
    }
    let description = given.description.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let text = description.as_deref().unwrap_or_default();
    if text.chars().count() > MAX_DESCRIPTION || text.contains('\0') {
        refuse("description", format!("At most {MAX_DESCRIPTION} characters"));
    }
    let mut skip: Vec<char> = Vec::new();
    for letter in &given.skip {
        match letter.trim().to_uppercase().chars().collect::<Vec<_>>()[..] {
            [letter] if letter.is_ascii_uppercase() => skip.push(letter),
            _ => refuse("skip", "Expected letters from A to Z".to_owned()),
        }
    }
    skip.sort_unstable();
    skip.dedup();
    if given.kind == SchemeType::Number && !skip.is_empty() {
        refuse("skip", "Numbers have no letters".to_owned());
    }
    if skip.len() >= 26 {
        refuse("skip", "Some letter must be left".to_owned());
    }
    let mut scheme = Scheme { skip: skip.into_iter().collect(), ..Scheme::usual(given.kind) };
    if let Some(initial) = given.initial_revision.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        scheme.initial = initial;
    } else if !scheme.has(&scheme.initial) {
        scheme.initial = scheme.next(&scheme.initial).unwrap_or(scheme.initial);
    }
    if !scheme.has(&scheme.initial) {
        let example = Scheme::usual(given.kind).initial;
        refuse("initial_revision", format!("No name of the scheme, such as {example}"));
    }
    if problems.is_empty() { Ok((name, scheme, description)) } else { Err(Error::invalid(problems)) }
}

/// The name after another in a kind of names.
///
/// Fails with `Invalid`, naming `current`, for a name of another kind.
pub fn next_revision(current: &str, kind: SchemeType) -> Result<String> {
    let (scheme, current) = (Scheme::usual(kind), current.trim());
    if !scheme.has(current) {
        let message = format!("Expected a revision of the scheme {}, such as {}", kind.as_str(), scheme.initial);
        return Err(Error::invalid_field("value_error", &["query", "current"], message));
    }
    scheme.next(current)
}
