//! Item types: listing, making, changing and deleting them.

use uuid::Uuid;

use super::super::model::{DataType, ItemType, Model, Property};
use super::super::repo;
use super::super::schema::Rules;
use super::super::seed::SEEDED_TYPES;
use super::change::{ModelChange, require_administrator, snapshot};
use super::check::{MAX_PROPERTIES, check_property, check_type};
use super::given::{NewType, TypeChange};
use super::index_job;
use super::properties::{new_property, require_default_item};
use super::refit::require_declared;
use crate::context::Ctx;
use crate::domain::audit::new_id;
use crate::error::{Error, Problem, Result};

const SUBJECT: &str = "ItemType";
/// The length of the number that a type gets with its numbering.
const NUMBER_LENGTH: usize = 32;

/// Every type, by its id. Whoever is a member knows the model.
pub async fn list_item_types(ctx: &Ctx) -> Result<Vec<ItemType>> {
    Ok(Model::load(ctx).await?.item_types().cloned().collect())
}

/// Makes a type, with its properties where they are given; the property that numbers its items is made with it.
///
/// Fails with `Conflict` `ITEM_TYPE_EXISTS`; with `Invalid`, naming each field that makes no sense.
pub async fn create_item_type(ctx: &Ctx, given: NewType) -> Result<ItemType> {
    let mut change = ModelChange::begin(ctx).await?;
    if change.types().contains_key(&given.id) {
        return Err(exists(&given.id));
    }
    let mut problems = Vec::new();
    let kind = draft(given, &mut problems);
    problems.extend(check_type(&kind, change.types(), &change.model));
    let mut types = change.types().clone();
    types.insert(kind.id.clone(), kind.clone());
    for (index, property) in kind.properties.iter().enumerate() {
        problems.extend(check_property(&kind, property, &types).into_iter().map(|problem| within(index, problem)));
        if kind.properties.iter().take(index).any(|earlier| earlier.name == property.name) {
            problems.push(within(index, Problem::new("value_error", &["body", "name"], "It is there already")));
        }
    }
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    for (index, property) in kind.properties.iter().enumerate() {
        require_default_item(&change, property, &["properties", &index.to_string()]).await?;
    }
    repo::types::insert_type(&change.tx, &kind).await?;
    change.record("model.item_type_created", (SUBJECT, kind.id.clone()), None, snapshot(&kind));
    if kind.properties.iter().any(Property::wants_index) {
        index_job::ask(&change.tx, ctx).await?;
    }
    change.commit().await?;
    Ok(kind)
}

fn exists(id: &str) -> Error {
    Error::conflict(format!("ItemType {id} already exists"))
        .code("ITEM_TYPE_EXISTS", format!("There is a type {id} already. Choose another id, or change that one."))
        .details(serde_json::json!({ "item_type_id": id }))
}

/// A problem of one of the properties that come with a type.
fn within(index: usize, mut problem: Problem) -> Problem {
    problem.loc.splice(1..1, ["properties".to_owned(), index.to_string()]);
    problem
}

fn draft(given: NewType, problems: &mut Vec<Problem>) -> ItemType {
    let mut properties = Vec::new();
    if given.properties.len() > MAX_PROPERTIES {
        let message = format!("At most {MAX_PROPERTIES} properties");
        problems.push(Problem::new("too_long", &["body", "properties"], message));
    }
    for (position, new) in (0i32..).zip(given.properties.into_iter().take(MAX_PROPERTIES)) {
        let (mut property, unread) = new_property(new);
        property.position = position;
        problems.extend(unread.into_iter().map(|problem| within(properties.len(), problem)));
        properties.push(property);
    }
    if let Some(name) = given.number_property.as_deref().filter(|name| !name.is_empty())
        && !properties.iter().any(|property| property.name == name)
    {
        properties.insert(0, numbering(name));
    }
    ItemType {
        uuid: new_id(),
        label: given.label.unwrap_or_else(|| given.id.clone()),
        id: given.id,
        description: given.description,
        is_relationship: given.is_relationship,
        is_versionable: given.is_versionable,
        revision_scheme: given.revision_scheme,
        permission_id: given.permission_id.filter(|id| !id.is_empty()),
        lifecycle_map_id: lifecycle(given.lifecycle_map_id.filter(|id| !id.is_empty()), problems),
        source_type: given.source_type.filter(|id| !id.is_empty()),
        related_type: given.related_type.filter(|id| !id.is_empty()),
        number_property: given.number_property.filter(|name| !name.is_empty()),
        key_properties: given.key_properties,
        is_acyclic: given.is_acyclic,
        period_properties: None,
        accepts_undeclared: given.accepts_undeclared,
        properties,
        rules: Rules::default(),
    }
}

fn numbering(name: &str) -> Property {
    Property {
        id: new_id(),
        name: name.to_owned(),
        label: "Number".to_owned(),
        data_type: DataType::String,
        length: Some(NUMBER_LENGTH),
        is_required: true,
        ui_type: "text".to_owned(),
        // Before the others.
        position: -1,
        ..Property::default()
    }
}

fn lifecycle(given: Option<String>, problems: &mut Vec<Problem>) -> Option<Uuid> {
    let given = given?;
    let id = Uuid::parse_str(&given).ok();
    if id.is_none() {
        problems.push(Problem::new("uuid_type", &["body", "lifecycle_map_id"], "Expected the id of a lifecycle"));
    }
    id
}

/// Changes a type. Items that have begun a lifecycle finish it; a new one is for those that are added from now on.
///
/// Fails with `Conflict` `ITEMS_EXIST` for what may not change once there are items, `SEEDED_TYPE` for what the program
/// itself relies on, `VALUES_DO_NOT_FIT` where a type would be closed to values that are there.
pub async fn change_item_type(ctx: &Ctx, id: &str, given: TypeChange) -> Result<ItemType> {
    let mut change = ModelChange::begin(ctx).await?;
    let before = change.item_type(id)?.clone();
    let mut after = before.clone();
    let mut problems = Vec::new();
    let map = given.lifecycle_map_id.clone().map(|map| lifecycle(map.filter(|map| !map.is_empty()), &mut problems));
    given.apply(&mut after, map);
    problems.extend(check_type(&after, change.types(), &change.model));
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    if after == before {
        return Ok(before);
    }
    require_changeable(&change, &before, &after).await?;
    if before.accepts_undeclared && !after.accepts_undeclared {
        require_declared(&change, &after).await?;
    }
    repo::types::update_type(&change.tx, &after).await?;
    change.record("model.item_type_updated", (SUBJECT, id.to_owned()), snapshot(&before), snapshot(&after));
    change.commit().await?;
    // What follows from the type before its change does not follow from it now.
    Ok(ItemType { rules: Rules::default(), ..after })
}

/// Puts a type under another permission set.
pub async fn assign_permission(ctx: &Ctx, id: &str, permission_id: String) -> Result<ItemType> {
    if permission_id.is_empty() {
        require_administrator(ctx)?;
        return Err(Error::invalid_field("string_too_short", &["body", "permission_id"], "At least 1 character"));
    }
    change_item_type(ctx, id, TypeChange { permission_id: Some(Some(permission_id)), ..TypeChange::default() }).await
}

/// What the keys, numbers and ends of items rest on.
fn foundations(before: &ItemType, after: &ItemType) -> Vec<&'static str> {
    let changed = [
        ("is_relationship", before.is_relationship != after.is_relationship),
        ("source_item_type_id", before.source_type != after.source_type),
        ("related_item_type_id", before.related_type != after.related_type),
        ("number_property", before.number_property != after.number_property),
        ("key_properties", before.key_properties != after.key_properties),
        ("is_acyclic", before.is_acyclic != after.is_acyclic),
    ];
    changed.into_iter().filter_map(|(field, changed)| changed.then_some(field)).collect()
}

async fn require_changeable(change: &ModelChange<'_>, before: &ItemType, after: &ItemType) -> Result<()> {
    let changed = foundations(before, after);
    if changed.is_empty() {
        return Ok(());
    }
    let fields = changed.join(", ");
    if SEEDED_TYPES.contains(&before.id.as_str()) {
        return Err(Error::conflict(format!("{fields} of {} cannot change", before.id))
            .code("SEEDED_TYPE", format!("The program works with {}. Make a type of your own instead.", before.id))
            .details(serde_json::json!({ "item_type_id": before.id, "fields": changed })));
    }
    if changed != ["is_acyclic"] || after.is_acyclic {
        require_no_items(change, &before.id, &format!("{fields} of {} cannot change", before.id)).await?;
    }
    Ok(())
}

async fn require_no_items(change: &ModelChange<'_>, id: &str, message: &str) -> Result<()> {
    if !repo::stored::any(&change.tx, id).await? {
        return Ok(());
    }
    Err(Error::conflict(format!("{message}: there are items of this type"))
        .code(
            "ITEMS_EXIST",
            "It can only be done while there are no items of the type. Delete them first, or make another type.",
        )
        .details(serde_json::json!({ "item_type_id": id })))
}

/// Deletes a type without items, with its properties, views and numbering.
pub async fn delete_item_type(ctx: &Ctx, id: &str) -> Result<()> {
    let mut change = ModelChange::begin(ctx).await?;
    let kind = change.item_type(id)?.clone();
    if SEEDED_TYPES.contains(&id) {
        return Err(Error::conflict(format!("{id} cannot be deleted"))
            .code("SEEDED_TYPE", format!("The program works with {id}, which therefore stays.")));
    }
    let users: Vec<String> =
        change.types().values().filter(|other| other.id != id).filter_map(|other| uses(other, id)).collect();
    if !users.is_empty() {
        return Err(Error::conflict(format!("{id} is used by {}", users.join(", ")))
            .code("ITEM_TYPE_IN_USE", "Other types refer to it. Change or delete those first.")
            .details(serde_json::json!({ "used_by": users })));
    }
    require_no_items(&change, id, &format!("{id} cannot be deleted")).await?;
    repo::types::delete_type(&change.tx, id).await?;
    change.record("model.item_type_deleted", (SUBJECT, id.to_owned()), snapshot(&kind), None);
    if kind.properties.iter().any(Property::wants_index) {
        index_job::ask(&change.tx, ctx).await?;
    }
    change.commit().await
}

/// How one type refers to another: the type alone, or with its property.
fn uses(other: &ItemType, id: &str) -> Option<String> {
    if other.source_type.as_deref() == Some(id) || other.related_type.as_deref() == Some(id) {
        return Some(other.id.clone());
    }
    let property = other.properties.iter().find(|property| property.target_type() == Some(id))?;
    Some(format!("{}.{}", other.id, property.name))
}
