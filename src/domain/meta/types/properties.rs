//! Properties of item types: adding, changing and deleting them.

use uuid::Uuid;

use super::super::model::{DataType, IndexStatus, ItemType, Property};
use super::super::repo;
use super::super::seed::is_built_in;
use super::change::{ModelChange, snapshot};
use super::check::{MAX_PROPERTIES, check_property};
use super::given::{Drafted, NewProperty, PropertyChange};
use super::index_job;
use super::refit::{refit, require_no_values};
use crate::context::Ctx;
use crate::domain::audit::new_id;
use crate::error::{Error, Problem, Result};

const SUBJECT: &str = "Property";

fn problems_of(unread: Vec<(&'static str, String)>) -> Vec<Problem> {
    unread.into_iter().map(|(field, message)| Problem::new("enum", &["body", field], message)).collect()
}

/// A property as it is given, and what could not be read of it.
pub(super) fn new_property(new: NewProperty) -> (Property, Vec<Problem>) {
    let blank = Property {
        id: new_id(),
        label: new.name.clone(),
        name: new.name,
        ui_type: "text".to_owned(),
        ..Property::default()
    };
    let Drafted { mut property, unread } = new.change.apply(&blank);
    property.index_status = property.wants_index().then_some(IndexStatus::Building);
    (property, problems_of(unread))
}

/// Adds a property. Values that items have under its name already must fit it, and are its values from then on.
///
/// Fails with `Conflict` `PROPERTY_EXISTS`, and `VALUES_DO_NOT_FIT` naming the items.
pub async fn add_property(ctx: &Ctx, item_type: &str, new: NewProperty) -> Result<Property> {
    let mut change = ModelChange::begin(ctx).await?;
    let kind = change.item_type(item_type)?.clone();
    if kind.property(&new.name).is_some() {
        return Err(Error::conflict(format!("{} has a property {} already", kind.id, new.name))
            .code("PROPERTY_EXISTS", "Choose another name, or change the property that is there.")
            .details(serde_json::json!({ "item_type_id": kind.id, "name": new.name })));
    }
    let place = new.change.position;
    let (mut property, mut problems) = new_property(new);
    property.position = kind.properties.last().map_or(0, |last| last.position.saturating_add(1));
    problems.extend(check_property(&kind, &property, change.types()));
    if kind.properties.len() >= MAX_PROPERTIES {
        problems.push(Problem::new("too_long", &["body"], format!("A type has at most {MAX_PROPERTIES} properties")));
    }
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    require_default_item(&change, &property, &[]).await?;
    refit(&mut change, &kind, None, &property).await?;
    repo::types::insert_property(&change.tx, &kind.id, &property).await?;
    if let Some(place) = place {
        move_to(&change, &kind, &mut property, place).await?;
    }
    change.record("model.property_created", (SUBJECT, subject(&kind, &property)), None, snapshot(&property));
    if property.wants_index() {
        index_job::ask(&change.tx, ctx).await?;
    }
    change.commit().await?;
    Ok(property)
}

fn subject(kind: &ItemType, property: &Property) -> String {
    format!("{}/{}", kind.id, property.name)
}

/// A property of a type by its id.
fn find<'a>(kind: &'a ItemType, id: &str) -> Result<&'a Property> {
    let id = Uuid::parse_str(id).ok();
    let found = kind.properties.iter().find(|property| Some(property.id) == id);
    found.ok_or_else(|| Error::not_found("Property not found"))
}

/// Changes a property. Stored values that its new type reads without loss are rewritten.
///
/// Fails with `Conflict` `VALUES_DO_NOT_FIT`, naming the items, and `PROPERTY_IN_USE` where the type or the program relies on
/// what it is. Asking again for an index that failed tries again.
pub async fn change_property(ctx: &Ctx, item_type: &str, id: &str, given: PropertyChange) -> Result<Property> {
    let mut change = ModelChange::begin(ctx).await?;
    let kind = change.item_type(item_type)?.clone();
    let before = find(&kind, id)?.clone();
    let asks_for_index = given.is_unique == Some(true) || given.is_indexed == Some(true);
    let place = given.position;
    let Drafted { mut property, unread } = given.apply(&before);
    let mut problems = problems_of(unread);
    problems.extend(check_property(&kind, &property, change.types()));
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    if property.data_type != before.data_type {
        require_free(&change, &kind, &before).await?;
    }
    if !property.data_type.is_plain() {
        require_not_in_numbers(&change, &kind, &before)?;
    }
    require_default_item(&change, &property, &[]).await?;
    let reindex =
        wants_other_index(&before, &property) || (asks_for_index && before.index_status == Some(IndexStatus::Failed));
    if reindex {
        property.index_status = property.wants_index().then_some(IndexStatus::Building);
        property.index_problem = None;
    }
    if property == before && place.is_none() {
        return Ok(before);
    }
    refit(&mut change, &kind, Some(&before), &property).await?;
    repo::types::update_property(&change.tx, &kind.id, &property).await?;
    if let Some(place) = place {
        move_to(&change, &kind, &mut property, place).await?;
    }
    change.record(
        "model.property_updated",
        (SUBJECT, subject(&kind, &property)),
        snapshot(&before),
        snapshot(&property),
    );
    if reindex {
        index_job::ask(&change.tx, ctx).await?;
    }
    change.commit().await?;
    Ok(property)
}

fn wants_other_index(before: &Property, after: &Property) -> bool {
    before.is_unique != after.is_unique || before.wants_index() != after.wants_index()
}

/// Puts a property at a place in the order of its type; a place beyond the end is the end.
async fn move_to(change: &ModelChange<'_>, kind: &ItemType, property: &mut Property, place: i64) -> Result<()> {
    let mut order: Vec<Property> = kind.properties.iter().filter(|other| other.id != property.id).cloned().collect();
    let place = usize::try_from(place.max(0)).unwrap_or(usize::MAX).min(order.len());
    order.insert(place, property.clone());
    for (position, mut given) in (0i32..).zip(order) {
        if given.position != position {
            given.position = position;
            repo::types::update_property(&change.tx, &kind.id, &given).await?;
        }
        if given.id == property.id {
            property.position = position;
        }
    }
    Ok(())
}

/// The kind of a property's values may change: neither the program nor the keys of items rest on it.
async fn require_free(change: &ModelChange<'_>, kind: &ItemType, property: &Property) -> Result<()> {
    if is_built_in(&kind.id, &property.name) {
        return Err(in_use(kind, property, "is one that the program works with"));
    }
    match kind.use_of(&property.name) {
        Some(use_of) if repo::stored::any(&change.tx, &kind.id).await? => Err(in_use(kind, property, use_of)),
        _ => Ok(()),
    }
}

/// The prefix of the type's numbers is not made of it.
fn require_not_in_numbers(change: &ModelChange<'_>, kind: &ItemType, property: &Property) -> Result<()> {
    if change.model.sequence(&kind.id).names(&property.name) {
        return Err(in_use(kind, property, "is part of the prefix of its numbers"));
    }
    Ok(())
}

/// The item that new items refer to by default is there, and of the right type.
pub(super) async fn require_default_item(change: &ModelChange<'_>, property: &Property, loc: &[&str]) -> Result<()> {
    let default = property.default_value.as_deref().filter(|_| property.data_type == DataType::Item);
    let Some(id) = default.and_then(|text| Uuid::parse_str(text.trim()).ok()) else { return Ok(()) };
    let found = repo::stored::referred(&change.tx, &[id]).await?;
    let fits = |kind: &str| property.target_type().is_none_or(|target| target == kind);
    if found.iter().any(|item| fits(&item.item_type)) {
        return Ok(());
    }
    let loc: Vec<&str> = ["body"].into_iter().chain(loc.iter().copied()).chain(["default_value"]).collect();
    let message = format!("There is no {} with this id", property.target_type().unwrap_or("item"));
    Err(Error::invalid_field("reference", &loc, message))
}

fn in_use(kind: &ItemType, property: &Property, what_for: &str) -> Error {
    Error::conflict(format!("{} of {} {what_for}", property.name, kind.id))
        .code("PROPERTY_IN_USE", format!("The property {what_for}. Add another one for what you need."))
        .details(serde_json::json!({ "item_type_id": kind.id, "property": property.name }))
}

/// Deletes a property. The values that items have stay as they are, undeclared; a type that takes none of those keeps the
/// property for as long as there are values.
pub async fn delete_property(ctx: &Ctx, item_type: &str, id: &str) -> Result<()> {
    let mut change = ModelChange::begin(ctx).await?;
    let kind = change.item_type(item_type)?.clone();
    let property = find(&kind, id)?.clone();
    if is_built_in(&kind.id, &property.name) {
        return Err(in_use(&kind, &property, "is one that the program works with"));
    }
    if let Some(use_of) = kind.use_of(&property.name) {
        return Err(in_use(&kind, &property, use_of));
    }
    require_not_in_numbers(&change, &kind, &property)?;
    if !kind.accepts_undeclared {
        require_no_values(&change, &kind, &property.name).await?;
    }
    repo::types::delete_property(&change.tx, property.id).await?;
    change.record("model.property_deleted", (SUBJECT, subject(&kind, &property)), snapshot(&property), None);
    if property.wants_index() {
        index_job::ask(&change.tx, ctx).await?;
    }
    change.commit().await
}
