//! Relationships: adding and removing lines between items.
//!
//! What a type demands — types at both ends, one line per key, no cycle — is checked here for every relationship alike.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::add::blank;
use super::check_outs::require_changeable;
use super::delete::{in_use, refuse_if_used};
use super::get::require_visible;
use super::item::{Item, not_found, parse_id};
use super::model::ItemType;
use super::values::{Values, normalise, require_whole, text_value, with_defaults};
use super::write::Write;
use super::{graph, hooks, period, references, release_policy, repo, unique};
use crate::domain::permission::Action;
use crate::error::{Error, Result};
use crate::plugins::Moment;

/// The most bytes of a key: no index of every engine takes more. A longer one is known by its digest.
const MAX_KEY: usize = 1800;

/// Adds a line from `source` to `related`. The caller must be allowed to change the source and to read the related item.
///
/// Fails with `Conflict` `RELATIONSHIP_EXISTS` for a second line of the same key, `CYCLE_DETECTED` (with the path) where
/// the type allows none, `STATE_LOCKED` when the source's state forbids changes.
pub async fn add_relationship(
    write: &Write<'_>,
    kind: &ItemType,
    source: Uuid,
    related: Uuid,
    given: Values,
) -> Result<Item> {
    add_with_id(write, kind, None, (source, related), given).await
}

/// The same with an id that was the line's before.
pub async fn add_relationship_again(
    write: &Write<'_>,
    kind: &ItemType,
    id: Uuid,
    (source, related): (Uuid, Uuid),
    given: Values,
) -> Result<Item> {
    add_with_id(write, kind, Some(id), (source, related), given).await
}

async fn add_with_id(
    write: &Write<'_>,
    kind: &ItemType,
    id: Option<Uuid>,
    (source, related): (Uuid, Uuid),
    given: Values,
) -> Result<Item> {
    write.require_structure(kind)?;
    // Locked until the end: a line cannot slip into a source that is being released or deleted at this moment.
    let source = changeable_source(write, kind, source).await?;
    let line = prepare_line(write, kind, id, (&source, related), given).await?;
    repo::items::insert(&write.tx, &line).await.map_err(|error| exists(error, kind, &line))?;
    period::record(write, kind, None, &line).await?;
    write.record("relationship.created", &line, None, line.snapshot()).await?;
    Ok(line)
}

/// A line as it is to be stored, here or with a version that is beside the current one: checked as every line is, but for
/// what the source's own state forbids. The source is locked, and the caller may change it.
pub async fn prepare_line(
    write: &Write<'_>,
    kind: &ItemType,
    id: Option<Uuid>,
    (source, related): (&Item, Uuid),
    given: Values,
) -> Result<Item> {
    write.require_structure(kind)?;
    // Kept from being deleted, too.
    let found = repo::stored::referred(&write.tx, &[related]).await?.pop();
    let related = found.ok_or_else(|| not_found(related))?;
    require_seen(write, &related).await?;
    write.model.require_create(kind)?;
    check_ends(kind, source, &related)?;
    release_policy::require_may_enter(write, kind, &related).await?;
    let mut line = blank(write, kind, id)?;
    line.properties = with_defaults(write.ctx, kind, normalise(kind, given)?)?;
    require_whole(kind, &line.properties)?;
    line.source_id = Some(source.id);
    line.related_id = Some(related.id);
    let line = hooks::before_write(write, kind, Moment::Add, None, line).await?;
    references::require(write, kind, None, &line.properties).await?;
    if kind.is_acyclic {
        refuse_cycle(write, kind, source.id, related.id).await?;
    }
    Ok(line)
}

/// The same, with the ends given among the values (`source_id`, `related_id`), as AML does.
pub(super) async fn add_from_values(
    write: &Write<'_>,
    kind: &ItemType,
    id: Option<Uuid>,
    source: Option<Uuid>,
    mut given: Values,
) -> Result<Item> {
    let source = match (source, end(&mut given, "source_id")?) {
        (Some(outer), Some(inner)) if outer != inner => {
            return Err(wrong_end("source_id", "It differs from the item that the relationship is nested in"));
        }
        (Some(outer), _) => outer,
        (None, Some(inner)) => inner,
        (None, None) => return Err(missing_end("source_id")),
    };
    let related = end(&mut given, "related_id")?.ok_or_else(|| missing_end("related_id"))?;
    add_with_id(write, kind, id, (source, related), given).await
}

fn end(given: &mut Values, name: &str) -> Result<Option<Uuid>> {
    match given.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => parse_id(&text).map(Some),
        Some(_) => Err(wrong_end(name, "Expected the id of an item")),
    }
}

fn missing_end(name: &str) -> Error {
    Error::invalid_field("missing", &["body", "properties", name], "Field required")
}

fn wrong_end(name: &str, message: impl Into<String>) -> Error {
    Error::invalid_field("value_error", &["body", "properties", name], message)
}

/// The source of a line, locked, and with the right and the state to be changed; where it hangs on another itself, so must
/// that be.
pub(super) async fn changeable_source(write: &Write<'_>, kind: &ItemType, source: Uuid) -> Result<Item> {
    let source_type = kind.source_type.as_deref().and_then(|kind| write.model.item_type(kind).ok());
    if source_type.is_some_and(|kind| !kind.is_relationship) {
        // As nearly everywhere: one query, since it hangs on nothing.
        let item = repo::items::find_locked(&write.tx, source).await?.ok_or_else(|| not_found(source))?;
        if item.source_id.is_none() {
            write.model.require(&item, Action::Update)?;
            require_changeable(write, &item).await?;
            return Ok(item);
        }
    }
    let from_top = repo::items::lock_with_sources(&write.tx, &[source]).await?;
    let mut found = None;
    for id in from_top.into_iter().rev() {
        let item = repo::items::find(&write.tx, id).await?.ok_or_else(|| not_found(id))?;
        require_seen(write, &item).await?;
        write.model.require(&item, Action::Update)?;
        require_changeable(write, &item).await?;
        found = found.or(Some(item));
    }
    found.ok_or_else(|| not_found(source))
}

/// A line's source may be changed, and stays so until the write ends.
pub(super) async fn require_source(write: &Write<'_>, line: &Item) -> Result<()> {
    match line.source_id {
        Some(source) => changeable_source(write, write.model.item_type(&line.item_type)?, source).await.map(|_| ()),
        None => Ok(()),
    }
}

pub(super) fn check_ends(kind: &ItemType, source: &Item, related: &Item) -> Result<()> {
    for (name, expected, item) in
        [("source_id", &kind.source_type, source), ("related_id", &kind.related_type, related)]
    {
        if let Some(expected) = expected
            && *expected != item.item_type
        {
            return Err(wrong_end(name, format!("{} takes a {expected} here, not a {}", kind.id, item.item_type)));
        }
    }
    Ok(())
}

/// What may occur once: source, related item and the type's key properties.
pub(super) fn unique_key(kind: &ItemType, line: &Item) -> Option<String> {
    let mut parts = vec![line.source_id?.to_string(), line.related_id?.to_string()];
    let value = |name: &String| line.properties.get(name).map(text_value).unwrap_or_default();
    // Where a value holds the sign between the parts, the parts still differ.
    let escaped = |name: &String| value(name).replace('\\', "\\\\").replace('|', "\\|");
    parts.extend(kind.key_properties.as_ref()?.iter().map(escaped));
    let key = parts.join("|");
    if key.len() <= MAX_KEY {
        return Some(key);
    }
    let digest: String = Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    parts.truncate(2);
    Some(format!("{}|{}", parts.join("|"), digest))
}

fn key_values(kind: &ItemType, line: &Item) -> Values {
    let names = kind.key_properties.iter().flatten();
    names.filter_map(|name| Some((name.clone(), line.properties.get(name)?.clone()))).collect()
}

/// A line that is there already, in words of the product.
pub fn exists(error: Error, kind: &ItemType, line: &Item) -> Error {
    if error.code_name() != Some("DUPLICATE") {
        return error;
    }
    let error = match unique::value_taken(error, kind, line) {
        Ok(taken) => return taken,
        Err(error) => error,
    };
    let ends = (line.source_id.unwrap_or_default(), line.related_id.unwrap_or_default());
    Error::conflict(format!("{} already exists: {} -> {}", kind.label, ends.0, ends.1))
        .code(
            "RELATIONSHIP_EXISTS",
            format!("This {} exists already. Change it instead of adding it again.", kind.label),
        )
        .details(json!({
            "source_id": ends.0, "related_id": ends.1, "resource": kind.id, "key": key_values(kind, line),
        }))
        .caused_by(error)
}

/// Refuses a line that would put an item below itself.
async fn refuse_cycle(write: &Write<'_>, kind: &ItemType, source: Uuid, related: Uuid) -> Result<()> {
    match graph::path_down(&write.tx, &kind.id, related, source).await? {
        None => Ok(()),
        Some(below) => Err(cycle(write, source, below).await?),
    }
}

/// The refusal of a line from `source` to the first of `below`, which lead back to it.
pub(super) async fn cycle(write: &Write<'_>, source: Uuid, below: Vec<Uuid>) -> Result<Error> {
    let related = below.first().copied();
    let path: Vec<Uuid> = std::iter::once(source).chain(below).collect();
    let shown = repo::query::visible_among(&write.tx, write.model, &path).await?;
    // What the caller may not get keeps its place on the path, without its id.
    let path: Vec<Option<String>> = path.iter().map(|id| shown.contains(id).then(|| id.to_string())).collect();
    let sentence: Vec<&str> = path.iter().map(|id| id.as_deref().unwrap_or("(hidden)")).collect();
    Ok(Error::conflict(format!("Cycle detected: {}", sentence.join(" -> ")))
        .code("CYCLE_DETECTED", "The line would put an item below itself. The path shows where.")
        .details(json!({ "parent_id": source, "child_id": related, "cycle_path": path })))
}

/// The lines of one type that hang on an item, in the order of creation; the caller must be allowed to change the item.
///
/// The item stays locked until the write ends: what is decided from its lines still holds when it is written.
pub async fn locked_lines(write: &Write<'_>, kind: &ItemType, source: Uuid) -> Result<Vec<Item>> {
    changeable_source(write, kind, source).await?;
    let lines = repo::items::lines_of(&write.tx, source).await?;
    Ok(lines.into_iter().filter(|line| line.item_type == kind.id).collect())
}

/// The line is there, and the caller may do this with it: see both its ends, change its source, and what the set of the
/// line says. Its source is locked until the write ends.
pub(super) async fn require_line(write: &Write<'_>, line: &Item, action: Action) -> Result<()> {
    require_seen(write, line).await?;
    require_source(write, line).await?;
    write.model.require(line, action)
}

/// The caller may read the item, and both ends of a relationship.
pub(super) async fn require_seen(write: &Write<'_>, item: &Item) -> Result<()> {
    let ends = repo::items::ends_of(&write.tx, std::slice::from_ref(item)).await?;
    require_visible(write.model, item, &ends)
}

/// Removes a line; its source must be allowed to change, and the line to go. Fails with `Conflict` `ITEM_IN_USE` while
/// others hang on it, lead to it or refer to it.
pub async fn remove_relationship(write: &Write<'_>, line: &Item) -> Result<()> {
    require_line(write, line, Action::Delete).await?;
    repo::items::lock_to_delete(&write.tx, line.id).await?;
    refuse_if_used(write, line, &[]).await?;
    if !repo::items::delete(&write.tx, line.id).await.map_err(in_use)? {
        return Err(not_found(line.id));
    }
    write.record("relationship.deleted", line, line.snapshot(), None).await
}

/// Lets a line lead to another item of the same type, as if it had been added so; what hangs on it stays.
///
/// Fails as [`add_relationship`] does; the lines of its source, which is locked then, tell whether one is there already.
pub async fn retarget_relationship(write: &Write<'_>, line: &Item, related: Uuid) -> Result<Item> {
    let kind = write.model.item_type(&line.item_type)?;
    write.require_structure(kind)?;
    require_line(write, line, Action::Update).await?;
    let found = repo::stored::referred(&write.tx, &[related]).await?.pop();
    let related = found.ok_or_else(|| not_found(related))?;
    require_seen(write, &related).await?;
    if kind.related_type.as_ref().is_some_and(|expected| *expected != related.item_type) {
        return Err(wrong_end("related_id", format!("{} takes no {} here", kind.id, related.item_type)));
    }
    release_policy::require_may_enter(write, kind, &related).await?;
    if let Some(source) = line.source_id.filter(|_| kind.is_acyclic) {
        refuse_cycle(write, kind, source, related.id).await?;
    }
    let after = Item {
        related_id: Some(related.id),
        modified_by_id: write.ctx.actor.user_id(),
        modified_on: Some(write.ctx.now()),
        ..line.clone()
    };
    let after = hooks::before_write(write, kind, Moment::Update, Some(line), after).await?;
    let after = repo::items::retarget(&write.tx, after.clone()).await.map_err(|error| exists(error, kind, &after))?;
    write.record("relationship.updated", &after, line.snapshot(), after.snapshot()).await?;
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(left: &str, right: &str) -> String {
        let kind = ItemType { key_properties: Some(vec!["a".into(), "b".into()]), ..ItemType::default() };
        let properties = json!({"a": left, "b": right}).as_object().cloned().unwrap();
        let line = Item {
            id: Uuid::nil(),
            item_type: String::new(),
            config_id: Uuid::nil(),
            generation: 1,
            is_current: true,
            state: String::new(),
            current_state: None,
            current_version_id: None,
            unique_key: None,
            source_id: Some(Uuid::nil()),
            related_id: Some(Uuid::max()),
            properties,
            permission_id: None,
            owner_id: None,
            created_by_id: None,
            created_on: chrono::DateTime::UNIX_EPOCH,
            modified_by_id: None,
            modified_on: None,
            change_count: 0,
        };
        unique_key(&kind, &line).unwrap()
    }

    #[test]
    fn lines_that_differ_have_keys_that_differ() {
        assert_eq!(key("EA", "1"), format!("{}|{}|EA|1", Uuid::nil(), Uuid::max()), "as they always were");
        assert_ne!(key("x|y", "z"), key("x", "y|z"));
        assert_ne!(key("x\\", "y"), key("x", "\\|y"));
        let long = "x".repeat(5000);
        assert_ne!(key(&long, "1"), key(&long, "2"));
        assert!(key(&long, "1").len() < 200, "an index takes it");
    }
}
