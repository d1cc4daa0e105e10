//! Items and relationships as documents.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::document::{Document, Kind};
use super::indexer::{Filters, Indexer};
use super::repo;
use crate::context::Ctx;
use crate::db::{Db, Sql, Tx};
use crate::domain::meta::{Item, Model, visible};
use crate::error::Result;

pub struct ItemIndexer;

#[async_trait]
impl Indexer for ItemIndexer {
    fn kind(&self) -> Kind {
        Kind::Item
    }

    fn topics(&self) -> &'static [&'static str] {
        &["item.", "relationship."]
    }

    async fn load(&self, _: &Ctx, tx: &Tx, ids: &[Uuid]) -> Result<Vec<Document>> {
        documents(tx, repo::items::by_ids(tx, ids).await?).await
    }

    async fn page(
        &self,
        _: &Ctx,
        tx: &Tx,
        scope: Option<&str>,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<Document>> {
        documents(tx, repo::items::page(tx, scope, after, most).await?).await
    }

    async fn count(&self, db: &Db, scope: Option<&str>) -> Result<u64> {
        repo::items::count(db, scope).await
    }

    fn require_scope(&self, model: &Model, scope: &str) -> Result<()> {
        model.item_type(scope).map(|_| ())
    }

    fn admits(&self, sql: &mut Sql, model: &Model, filters: &Filters) {
        match &filters.type_id {
            Some(kind) => {
                sql.push("d.type_id = ").bind(kind.as_str());
            }
            // Lines are found where they are asked for: among parts they would only be in the way.
            None => {
                let lines = model.item_types().filter(|kind| kind.is_relationship).map(|kind| kind.id.as_str());
                sql.push("d.type_id NOT IN ").bind_list(lines.chain([""]));
            }
        }
        // State and rights are the item's own: the index may be a moment behind.
        sql.push(" AND EXISTS (SELECT 1 FROM items i WHERE i.id = d.document_id AND ");
        visible(sql, model, "i");
        if let Some(state) = &filters.state {
            sql.push(" AND i.state = ").bind(state.as_str());
        }
        if filters.released_only {
            let released = model.lifecycles().states().filter(|state| state.is_released).map(|state| state.id);
            sql.push(" AND i.current_state IN ").bind_list(released);
        }
        sql.push(")");
    }

    fn is_gone(&self, sql: &mut Sql) {
        sql.push("NOT EXISTS (SELECT 1 FROM items i WHERE i.id = d.document_id)");
    }
}

/// The types are read in the transaction: the model of the request would need a second connection.
async fn documents(tx: &Tx, items: Vec<Item>) -> Result<Vec<Document>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = repo::items::number_properties(tx).await?;
    Ok(items.iter().map(|item| document(numbers.get(&item.item_type).map(String::as_str), item)).collect())
}

fn document(number_property: Option<&str>, item: &Item) -> Document {
    Document {
        id: item.id,
        type_id: Some(item.item_type.clone()),
        state: Some(item.state.clone()),
        stage: None,
        number: number_property.and_then(|property| item.text(property)).map(str::to_owned),
        name: item.name().map(str::to_owned),
        text: search_text(number_property, item),
        fields: None,
        created_at: item.created_on,
        updated_at: item.modified_on,
    }
}

/// All that an item is found by: number and name first, then its other values, then its state.
pub fn search_text(number_property: Option<&str>, item: &Item) -> String {
    let first: Vec<&str> = number_property.into_iter().chain(["name"]).collect();
    let mut words = Vec::new();
    for name in &first {
        item.properties.get(*name).into_iter().for_each(|value| collect(value, &mut words));
    }
    for (_, value) in item.properties.iter().filter(|(name, _)| !first.contains(&name.as_str())) {
        collect(value, &mut words);
    }
    words.push(item.state.clone());
    words.join(" ")
}

fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.is_empty() => words.push(text.clone()),
        Value::Number(number) => words.push(number.to_string()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
        Value::Object(values) => values.values().for_each(|value| collect(value, words)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
