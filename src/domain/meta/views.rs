//! Forms and grids: how items of a type are laid out, for an identity and a kind of device. The layout is the client's
//! language; what is checked is that it is bounded and names only properties that there are.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::model::{ItemType, Model};
use super::repo;
use super::types::require_administrator;
use crate::context::Ctx;
use crate::domain::audit::{self, Change, new_id};
use crate::error::{Error, Problem, Result};
use crate::types::text::hidden_in_identity;

/// Everyone, among identities.
const WORLD: &str = "world";
/// What a device falls back to.
const DESKTOP: &str = "desktop";
const MAX_NAME: usize = 100;
const MAX_LABEL: usize = 200;
const MAX_LAYOUT_BYTES: usize = 256 * 1024;
const MAX_DEPTH: usize = 32;
/// A type has so many views of a kind: one for each role and device, and some for single users.
const MAX_VIEWS: usize = 500;
/// What every item has beside its properties, so that a grid can show it.
const OWN_FIELDS: [&str; 12] = [
    "id",
    "number",
    "state",
    "generation",
    "is_current",
    "owner_id",
    "created_on",
    "created_by_id",
    "modified_on",
    "modified_by_id",
    "source_id",
    "related_id",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewKind {
    Form,
    Grid,
}

impl ViewKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Grid => "grid",
        }
    }
}

/// One form or grid.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    pub id: Uuid,
    pub kind: ViewKind,
    pub item_type: String,
    /// A user id, a role, or `world`.
    pub identity: String,
    /// `desktop`, `mobile`, or whatever clients tell apart.
    pub device: String,
    pub label: Option<String>,
    pub layout: Value,
    pub created_on: DateTime<Utc>,
    pub modified_on: Option<DateTime<Utc>>,
}

/// Which view is wanted.
#[derive(Debug, Clone)]
pub struct ViewQuery {
    pub kind: ViewKind,
    pub item_type: String,
    pub identity: String,
    pub device: String,
    /// This one and no other.
    pub view_id: Option<String>,
}

impl ViewQuery {
    /// How the caller is known, the most particular first: for the world that is everybody, so also the caller.
    fn identities(&self, ctx: &Ctx) -> Vec<String> {
        let me = ctx.actor.user_id().map(|id| id.to_string());
        let mut names = Vec::new();
        if self.identity != WORLD {
            names.push(self.identity.clone());
        }
        if self.identity == WORLD || me.as_deref() == Some(&self.identity) {
            names.extend(me);
            names.extend(ctx.actor.roles().iter().cloned());
        }
        names.push(WORLD.to_owned());
        names
    }

    /// The view that fits best: by identity first, then by device.
    fn choose(&self, ctx: &Ctx, views: Vec<View>) -> Option<View> {
        if let Some(id) = &self.view_id {
            let id = Uuid::parse_str(id).ok();
            return views.into_iter().find(|view| Some(view.id) == id);
        }
        let devices = [self.device.as_str(), DESKTOP];
        let choices = self.identities(ctx);
        let wanted = choices.iter().flat_map(|identity| devices.map(|device| (identity.as_str(), device)));
        let at = wanted.into_iter().find_map(|(identity, device)| {
            views.iter().position(|view| view.identity == identity && view.device == device)
        });
        at.and_then(|at| views.into_iter().nth(at))
    }
}

fn none_defined(kind: ViewKind) -> Error {
    Error::not_found(format!("No {} defined for this type", kind.as_str()))
}

/// The form or grid of a type for the caller, with the type.
///
/// Without one for the identity and the device, the next more general: the caller's roles, the world; then desktop.
pub async fn find_view(ctx: &Ctx, query: &ViewQuery) -> Result<(View, ItemType)> {
    let model = Model::load(ctx).await?;
    let Ok(kind) = model.item_type(&query.item_type) else { return Err(none_defined(query.kind)) };
    let views = repo::views::of_type(&*ctx.db, &kind.id, query.kind).await?;
    let view = query.choose(ctx, views).ok_or_else(|| none_defined(query.kind))?;
    Ok((view, kind.clone()))
}

/// What a view shall be.
#[derive(Debug, Clone)]
pub struct NewView {
    pub label: Option<String>,
    pub layout: Value,
}

/// Makes the view of an identity and a device, or replaces it.
pub async fn put_view(ctx: &Ctx, query: &ViewQuery, given: NewView) -> Result<View> {
    require_administrator(ctx)?;
    let model = Model::load(ctx).await?;
    let kind = model.item_type(&query.item_type)?;
    check(kind, query, &given)?;
    let tx = ctx.begin().await?;
    crate::db::dialect::lock(&tx, &format!("views:{}", kind.id)).await?;
    let views = repo::views::of_type(&tx, &kind.id, query.kind).await?;
    let count = views.len();
    let before = views.into_iter().find(|view| view.identity == query.identity && view.device == query.device);
    let now = ctx.now();
    let after = View {
        id: before.as_ref().map_or_else(new_id, |view| view.id),
        kind: query.kind,
        item_type: kind.id.clone(),
        identity: query.identity.clone(),
        device: query.device.clone(),
        label: given.label,
        layout: given.layout,
        created_on: before.as_ref().map_or(now, |view| view.created_on),
        modified_on: before.as_ref().map(|_| now),
    };
    let action = if before.is_some() {
        repo::views::update(&tx, &after).await?;
        "model.view_updated"
    } else if count >= MAX_VIEWS {
        return Err(Error::conflict(format!("{} has {count} views of this kind already", kind.id))
            .code("TOO_MANY_VIEWS", "Delete those that nobody uses."));
    } else {
        repo::views::insert(&tx, &after).await?;
        "model.view_created"
    };
    audit::record(ctx, &tx, vec![change(action, &after, before.as_ref(), Some(&after))]).await?;
    tx.commit().await?;
    Ok(after)
}

/// Deletes the view of exactly this identity and device, or the one that is named.
pub async fn delete_view(ctx: &Ctx, query: &ViewQuery) -> Result<View> {
    require_administrator(ctx)?;
    let tx = ctx.begin().await?;
    let views = repo::views::of_type(&tx, &query.item_type, query.kind).await?;
    let id = query.view_id.as_deref().map(|id| Uuid::parse_str(id).ok());
    let is_meant = |view: &View| match id {
        Some(id) => Some(view.id) == id,
        None => view.identity == query.identity && view.device == query.device,
    };
    let view = views.into_iter().find(is_meant).ok_or_else(|| none_defined(query.kind))?;
    repo::views::delete(&tx, view.id).await?;
    audit::record(ctx, &tx, vec![change("model.view_deleted", &view, Some(&view), None)]).await?;
    tx.commit().await?;
    Ok(view)
}

fn change(action: &'static str, subject: &View, before: Option<&View>, after: Option<&View>) -> Change {
    let keep = |view: Option<&View>| view.and_then(|view| serde_json::to_value(view).ok());
    Change {
        action,
        subject_type: "View".to_owned(),
        subject_id: subject.id.to_string(),
        before: keep(before),
        after: keep(after),
    }
}

fn check(kind: &ItemType, query: &ViewQuery, given: &NewView) -> Result<()> {
    let mut problems = Vec::new();
    for (field, name) in [("identity_id", &query.identity), ("device_type", &query.device)] {
        if name.is_empty() || name.chars().count() > MAX_NAME || hidden_in_identity(name).is_some() {
            let message = format!("A name of 1 to {MAX_NAME} visible characters");
            problems.push(Problem::new("value_error", &["query", field], message));
        }
    }
    let label = given.label.as_deref().unwrap_or_default();
    if label.chars().count() > MAX_LABEL || hidden_in_identity(label).is_some() {
        let message = format!("At most {MAX_LABEL} visible characters");
        problems.push(Problem::new("value_error", &["body", "label"], message));
    }
    let layout = &given.layout;
    if !layout.is_object() || layout.to_string().len() > MAX_LAYOUT_BYTES {
        let message = format!("An object of at most {MAX_LAYOUT_BYTES} bytes");
        problems.push(Problem::new("value_error", &["body", "layout"], message));
    } else {
        check_layout(&mut problems, kind, layout, &mut vec!["body".to_owned(), "layout".to_owned()]);
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

/// Wherever a layout says `"property": "name"`, items have that.
fn check_layout(problems: &mut Vec<Problem>, kind: &ItemType, value: &Value, at: &mut Vec<String>) {
    if at.len() > MAX_DEPTH {
        problems.push(here("value_error", at, format!("A layout nests at most {MAX_DEPTH} levels")));
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                at.push(key.clone());
                if key.contains('\0') {
                    problems.push(here("value_error", at, "NUL characters are not allowed".to_owned()));
                }
                if key == "property"
                    && let Some(name) = inner.as_str()
                    && kind.property(name).is_none()
                    && !OWN_FIELDS.contains(&name)
                    && !kind.accepts_undeclared
                {
                    problems.push(here("reference", at, format!("{} has no property {name:?}", kind.id)));
                }
                check_layout(problems, kind, inner, at);
                at.pop();
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                at.push(index.to_string());
                check_layout(problems, kind, inner, at);
                at.pop();
            }
        }
        Value::String(text) if text.contains('\0') => {
            problems.push(here("value_error", at, "NUL characters are not allowed".to_owned()));
        }
        _ => {}
    }
}

fn here(rule: &str, at: &[String], message: String) -> Problem {
    Problem { rule: rule.to_owned(), loc: at.to_vec(), message }
}
