//! Rows of imports, of what they wrote, and of mappings.

use std::collections::HashSet;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::LockType,
};
use serde_json::Value;
use uuid::Uuid;

use super::mappings::Mapping;
use super::record::{ImportRecord, Made};
use crate::context::Ctx;
use crate::db::{Sql, Tx};
use crate::domain::meta::{self, Item, Model, Values};
use crate::entity::tenant::{import, import_item, import_mapping, item};
use crate::error::{Error, Result};
use crate::types::page::{Page, PageRequest};

/// So many rows are written by one statement.
const ROWS_PER_STATEMENT: usize = 1000;

impl TryFrom<import::Model> for ImportRecord {
    type Error = Error;

    fn try_from(row: import::Model) -> Result<Self> {
        let counts = serde_json::from_value(row.counts);
        Ok(Self {
            id: row.id,
            file_name: row.file_name,
            parent_id: row.parent_id,
            parent_number: row.parent_number,
            counts: counts.map_err(|error| Error::internal("The counts of an import are broken").caused_by(error))?,
            created_by_id: row.created_by_id,
            created_at: row.created_at,
            undone_by_id: row.undone_by_id,
            undone_at: row.undone_at,
        })
    }
}

impl From<import_item::Model> for Made {
    fn from(row: import_item::Model) -> Self {
        let before = row.before.map(|before| match before {
            Value::Object(values) => values,
            _ => Values::new(),
        });
        Self { item_id: row.item_id, item_type: row.item_type_id, before, change_count: row.change_count }
    }
}

pub async fn insert_import(tx: &Tx, record: &ImportRecord) -> Result<()> {
    let counts = serde_json::to_value(&record.counts);
    let row = import::ActiveModel {
        id: Set(record.id),
        file_name: Set(record.file_name.clone()),
        parent_id: Set(record.parent_id),
        parent_number: Set(record.parent_number.clone()),
        counts: Set(counts.map_err(|error| Error::internal("Counts are no JSON").caused_by(error))?),
        created_by_id: Set(record.created_by_id),
        created_at: Set(record.created_at),
        undone_by_id: Set(record.undone_by_id),
        undone_at: Set(record.undone_at),
    };
    import::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn insert_made(tx: &Tx, import: Uuid, made: &[Made]) -> Result<()> {
    let mut position = 0;
    for some in made.chunks(ROWS_PER_STATEMENT) {
        let rows = some.iter().map(|made| {
            position += 1;
            import_item::ActiveModel {
                import_id: Set(import),
                position: Set(position),
                item_id: Set(made.item_id),
                item_type_id: Set(made.item_type.clone()),
                before: Set(made.before.clone().map(Value::Object)),
                change_count: Set(made.change_count),
            }
        });
        let rows: Vec<import_item::ActiveModel> = rows.collect();
        import_item::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

pub async fn find_import(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<ImportRecord>> {
    import::Entity::find_by_id(id).one(db).await?.map(ImportRecord::try_from).transpose()
}

/// The same, locked until the transaction ends.
pub async fn find_locked(tx: &Tx, id: Uuid) -> Result<Option<ImportRecord>> {
    let found = import::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await?;
    found.map(ImportRecord::try_from).transpose()
}

pub async fn mark_undone(tx: &Tx, record: &ImportRecord) -> Result<()> {
    let changed = import::ActiveModel {
        undone_by_id: Set(record.undone_by_id),
        undone_at: Set(record.undone_at),
        ..Default::default()
    };
    import::Entity::update_many().set(changed).filter(import::Column::Id.eq(record.id)).exec(tx).await?;
    Ok(())
}

/// The imports that the caller may know of, the newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    model: &Model,
    page: PageRequest,
) -> Result<Page<ImportRecord>> {
    let push_known = |sql: &mut Sql| {
        sql.push(" FROM imports m WHERE ");
        if ctx.actor.is_administrator() {
            sql.push("TRUE");
            return;
        }
        if let Some(caller) = ctx.actor.user_id() {
            sql.push("m.created_by_id = ").bind(caller).push(" OR ");
        }
        sql.push("EXISTS (SELECT 1 FROM items i WHERE i.id = m.parent_id AND ");
        meta::visible(sql, model, "i");
        sql.push(")");
    };
    let mut sql = Sql::new("SELECT COUNT(*) AS many");
    push_known(&mut sql);
    let total = match db.query_one_raw(sql.statement(db)).await? {
        Some(row) => row.try_get::<i64>("", "many")?.unsigned_abs(),
        None => 0,
    };
    let mut sql = Sql::new("SELECT m.*");
    push_known(&mut sql);
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    sql.push(" ORDER BY m.id DESC LIMIT ").bind(signed(page.limit)).push(" OFFSET ").bind(signed(page.offset));
    let mut items = Vec::new();
    for row in db.query_all_raw(sql.statement(db)).await? {
        items.push(import::Model::from_query_result(&row, "")?.try_into()?);
    }
    Ok(Page { items, total })
}

pub async fn count_made(db: &impl ConnectionTrait, import: Uuid) -> Result<u64> {
    Ok(import_item::Entity::find().filter(import_item::Column::ImportId.eq(import)).count(db).await?)
}

/// What an import wrote, in that order.
pub async fn made(tx: &Tx, import: Uuid) -> Result<Vec<Made>> {
    let rows = import_item::Entity::find().filter(import_item::Column::ImportId.eq(import));
    let rows = rows.order_by_asc(import_item::Column::Position).all(tx).await?;
    Ok(rows.into_iter().map(Made::from).collect())
}

/// The first of what an import wrote, with the items as they are now: what is there, and the caller may get.
pub async fn made_and_readable(
    db: &impl ConnectionTrait,
    model: &Model,
    import: Uuid,
    most: u64,
) -> Result<Vec<(Made, Item)>> {
    let mut sql = Sql::new(
        "SELECT i.*, m.import_id, m.position, m.item_id, m.before, m.change_count AS change_count_then \
         FROM import_items m CROSS JOIN items i WHERE i.id = m.item_id AND m.import_id = ",
    );
    sql.bind(import).push(" AND ");
    meta::visible(&mut sql, model, "i");
    sql.push(" ORDER BY m.position LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    let mut found = Vec::new();
    for row in db.query_all_raw(sql.statement(db)).await? {
        let made = import_item::Model {
            import_id: import,
            position: row.try_get("", "position")?,
            item_id: row.try_get("", "item_id")?,
            item_type_id: row.try_get("", "item_type_id")?,
            before: row.try_get("", "before")?,
            change_count: row.try_get("", "change_count_then")?,
        };
        found.push((made.into(), item::Model::from_query_result(&row, "")?.into()));
    }
    Ok(found)
}

/// Lines that hang on the items or lead to them.
pub async fn lines_at(tx: &Tx, items: &[Uuid]) -> Result<Vec<Item>> {
    let mut found = Vec::new();
    for some in items.chunks(ROWS_PER_STATEMENT) {
        for end in [item::Column::SourceId, item::Column::RelatedId] {
            let rows = item::Entity::find().filter(end.is_in(some.iter().copied())).all(tx).await?;
            found.extend(rows.into_iter().map(Item::from));
        }
    }
    Ok(found)
}

/// Those of the items that bear work of others: files, a check-out, a revision after the first, iterations, when versions are used.
pub async fn worked_on(tx: &Tx, items: &[Uuid]) -> Result<HashSet<Uuid>> {
    let mut found = HashSet::new();
    for some in items.chunks(ROWS_PER_STATEMENT) {
        for query in [
            "SELECT a.item_id FROM file_attachments a WHERE a.item_id IN ",
            "SELECT v.item_id FROM item_versions v WHERE (v.checked_out_at IS NOT NULL OR v.predecessor_id IS NOT NULL \
             OR EXISTS (SELECT 1 FROM version_files f WHERE f.version_id = v.id) \
             OR EXISTS (SELECT 1 FROM version_iterations i WHERE i.version_id = v.id AND i.iteration_number > 0) \
             OR EXISTS (SELECT 1 FROM effectivities e WHERE e.version_id = v.id)) AND v.item_id IN ",
        ] {
            let mut sql = Sql::new(query);
            sql.bind_list(some.iter().copied());
            for row in tx.query_all_raw(sql.statement(tx)).await? {
                found.insert(row.try_get("", "item_id")?);
            }
        }
    }
    Ok(found)
}

impl TryFrom<import_mapping::Model> for Mapping {
    type Error = Error;

    fn try_from(row: import_mapping::Model) -> Result<Self> {
        let options = serde_json::from_value(row.options);
        Ok(Self {
            id: row.id,
            name: row.name,
            columns: row.columns,
            options: options
                .map_err(|error| Error::internal("The options of a mapping are broken").caused_by(error))?,
            created_by_id: row.created_by_id,
            created_at: row.created_at,
            changed_by_id: row.changed_by_id,
            changed_at: row.changed_at,
        })
    }
}

fn mapping_row(mapping: &Mapping) -> Result<import_mapping::ActiveModel> {
    let options = serde_json::to_value(&mapping.options);
    Ok(import_mapping::ActiveModel {
        id: Set(mapping.id),
        name: Set(mapping.name.clone()),
        columns: Set(mapping.columns.clone()),
        options: Set(options.map_err(|error| Error::internal("Options are no JSON").caused_by(error))?),
        created_by_id: Set(mapping.created_by_id),
        created_at: Set(mapping.created_at),
        changed_by_id: Set(mapping.changed_by_id),
        changed_at: Set(mapping.changed_at),
    })
}

pub async fn mappings(db: &impl ConnectionTrait) -> Result<Vec<Mapping>> {
    let rows = import_mapping::Entity::find().order_by_asc(import_mapping::Column::Name).all(db).await?;
    rows.into_iter().map(Mapping::try_from).collect()
}

pub async fn count_mappings(tx: &Tx) -> Result<u64> {
    Ok(import_mapping::Entity::find().count(tx).await?)
}

pub async fn mapping(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Mapping>> {
    import_mapping::Entity::find_by_id(id).one(db).await?.map(Mapping::try_from).transpose()
}

pub async fn mapping_locked(tx: &Tx, id: Uuid) -> Result<Option<Mapping>> {
    let found = import_mapping::Entity::find_by_id(id).lock(LockType::Update).one(tx).await?;
    found.map(Mapping::try_from).transpose()
}

pub async fn mapping_named(db: &impl ConnectionTrait, name: &str) -> Result<Option<Mapping>> {
    let found = import_mapping::Entity::find().filter(import_mapping::Column::Name.eq(name)).one(db).await?;
    found.map(Mapping::try_from).transpose()
}

pub async fn insert_mapping(tx: &Tx, mapping: &Mapping) -> Result<()> {
    import_mapping::Entity::insert(mapping_row(mapping)?).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn update_mapping(tx: &Tx, mapping: &Mapping) -> Result<()> {
    import_mapping::Entity::update(mapping_row(mapping)?).exec(tx).await?;
    Ok(())
}

pub async fn delete_mapping(tx: &Tx, id: Uuid) -> Result<()> {
    import_mapping::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
