//! The methods, each a thin call of one function of the domain.

use futures::future::BoxFuture;
use poem_openapi::types::ToJSON;
use serde::Serialize;
use serde_json::{Value, json};

use super::RpcResponse;
use super::arguments::{Arguments, Parameter, Shape, defaulted, optional, required};
use crate::api::body::read_value;
use crate::api::shapes::Encoded;
use crate::api::v1::aml::{ApplyResponse, BulkRequest, BulkResponse, GenericItem, ItemTypeMetadata};
use crate::api::v1::aml_bom::{Exploded, WhereUsedResponse};
use crate::api::v1::aml_query::{QueryRequest, QueryResponse};
use crate::api::v1::item::{ItemResponse, MAX_TREE_BYTES, Tree, too_many_bytes};
use crate::context::Ctx;
use crate::domain::bom::{self, BomTree, TreeQuery};
use crate::domain::meta::{self, Expand};
use crate::error::{Error, Result};

pub type Answer = Encoded<RpcResponse>;
type Call = for<'a> fn(&'a Ctx, Arguments) -> BoxFuture<'a, Result<Answer>>;

pub struct Method {
    pub model: &'static str,
    pub method: &'static str,
    pub about: &'static str,
    pub parameters: &'static [Parameter],
    pub call: Call,
}

/// Fails with `NotFound`, as clients know it.
pub fn find(model: &str, method: &str) -> Result<&'static Method> {
    let found = METHODS.iter().find(|known| known.model == model && known.method == method);
    found.ok_or_else(|| Error::not_found(format!("RPC method '{model}.{method}' not found.")))
}

const TYPE: Parameter = required("type", Shape::Text);
const ID: Parameter = required("id", Shape::Text);
const ITEM_ID: Parameter = required("item_id", Shape::Text);
const PROPERTIES: Parameter = optional("properties", Shape::Object);
const RELATIONSHIPS: Parameter = optional("relationships", Shape::List);
const IF_MATCH: Parameter = optional("if_match", Shape::Text);
const GENERATION: Parameter = optional("generation", Shape::Integer);
const EXPAND: Parameter = optional("expand", Shape::List);
const DEPTH: Parameter = defaulted("depth", Shape::Integer, "1");
const MAX_LEVEL: Parameter = defaulted("max_level", Shape::Integer, "10");

pub const METHODS: &[Method] = &[
    Method {
        model: "BOM",
        method: "get_structure",
        about: "The tree below an item.",
        parameters: &[ITEM_ID, defaulted("levels", Shape::Integer, "10")],
        call: |ctx, given| Box::pin(get_structure(ctx, given)),
    },
    Method {
        model: "BOM",
        method: "explode",
        about: "Every occurrence of every part below an item, as a list and as a tree.",
        parameters: &[ITEM_ID, MAX_LEVEL, defaulted("include_properties", Shape::Flag, "false")],
        call: |ctx, given| Box::pin(explode(ctx, given)),
    },
    Method {
        model: "BOM",
        method: "where_used",
        about: "What an item is used in, level by level.",
        parameters: &[ITEM_ID, MAX_LEVEL],
        call: |ctx, given| Box::pin(where_used(ctx, given)),
    },
    Method {
        model: "Item",
        method: "get",
        about: "An item, with what is around it where that is asked for.",
        parameters: &[TYPE, ID, EXPAND, DEPTH],
        call: |ctx, given| Box::pin(get_item(ctx, given)),
    },
    Method {
        model: "Item",
        method: "query",
        about: "The items of a type that fulfil conditions.",
        parameters: &[
            TYPE,
            optional("where", Shape::Object),
            optional("select", Shape::List),
            EXPAND,
            DEPTH,
            optional("order_by", Shape::List),
            defaulted("page", Shape::Integer, "1"),
            defaulted("page_size", Shape::Integer, "50"),
        ],
        call: |ctx, given| Box::pin(query(ctx, given)),
    },
    Method {
        model: "Item",
        method: "create",
        about: "Adds an item with the relationships nested in it.",
        parameters: &[TYPE, PROPERTIES, RELATIONSHIPS],
        call: |ctx, given| Box::pin(apply(ctx, given.into_body(&[("action", "add")]))),
    },
    Method {
        model: "Item",
        method: "update",
        about: "Changes an item, and applies the relationships nested in it.",
        parameters: &[TYPE, ID, PROPERTIES, RELATIONSHIPS, IF_MATCH, GENERATION],
        call: |ctx, given| Box::pin(apply(ctx, given.into_body(&[("action", "update")]))),
    },
    Method {
        model: "Item",
        method: "delete",
        about: "Deletes an item.",
        parameters: &[TYPE, ID, IF_MATCH, GENERATION],
        call: |ctx, given| Box::pin(apply(ctx, given.into_body(&[("action", "delete")]))),
    },
    Method {
        model: "Item",
        method: "promote",
        about: "Takes an item to another state.",
        parameters: &[TYPE, ID, required("state", Shape::Text), IF_MATCH, GENERATION],
        call: |ctx, given| Box::pin(promote(ctx, given)),
    },
    Method {
        model: "Item",
        method: "apply",
        about: "Applies an item as /aml/apply does.",
        parameters: &[required("item", Shape::Object)],
        call: |ctx, given| Box::pin(apply_item(ctx, given)),
    },
    Method {
        model: "Item",
        method: "apply_bulk",
        about: "Applies many items as /aml/apply/bulk does.",
        parameters: &[required("items", Shape::List)],
        call: |ctx, given| Box::pin(apply_bulk(ctx, given)),
    },
    Method {
        model: "ItemType",
        method: "get",
        about: "An item type with its properties.",
        parameters: &[ID],
        call: |ctx, given| Box::pin(get_item_type(ctx, given)),
    },
    Method {
        model: "ItemType",
        method: "list",
        about: "Every item type with its properties.",
        parameters: &[],
        call: |ctx, _| Box::pin(list_item_types(ctx)),
    },
];

/// Writes [`RpcResponse`].
#[derive(Serialize)]
struct Written<T> {
    result: T,
}

fn answer(result: impl Serialize) -> Result<Answer> {
    Encoded::within(MAX_TREE_BYTES, &Written { result })?.ok_or_else(too_many_bytes)
}

fn shown(result: &impl ToJSON) -> Result<Answer> {
    answer(result.to_json())
}

async fn get_structure(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let levels = i32::try_from(given.integer("levels")).unwrap_or(i32::MAX);
    let query = TreeQuery { depth: levels, ..TreeQuery::default() };
    bom::tree(ctx, given.text("item_id"), query.all_dates()?, |tree| answer(Tree(tree))).await
}

async fn explode(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let (level, properties) = (given.integer("max_level"), given.flag("include_properties"));
    let write = move |tree: &BomTree| answer(Exploded::new(tree, level, properties)?);
    bom::explode(ctx, given.text("item_id"), level, write).await
}

async fn where_used(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let level = given.integer("max_level");
    shown(&WhereUsedResponse::new(bom::where_used(ctx, given.text("item_id"), level).await?, level))
}

async fn get_item(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let (kind, id) = (given.text("type").to_owned(), given.text("id").to_owned());
    let depth = given.integer("depth");
    let body = given.into_body(&[]);
    let names = body.get("expand").cloned().unwrap_or_else(|| json!([]));
    let expand = Expand { names: read_value(names, &["body", "expand"])?, depth };
    shown(&ItemResponse::from(meta::get_expanded(ctx, &kind, &id, &expand).await?))
}

async fn query(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let request: QueryRequest = read_value(given.into_body(&[]), &["body"])?;
    shown(&QueryResponse::from(meta::query(ctx, request.try_into()?).await?))
}

async fn promote(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let state = given.text("state").to_owned();
    let mut body = given.into_body(&[("action", "promote")]);
    body["properties"] = json!({ "state": state });
    apply(ctx, body).await
}

async fn apply_item(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let mut body = given.into_body(&[]);
    let applied = apply(ctx, body["item"].take()).await;
    applied.map_err(|error| error.under(&["item"]))
}

async fn apply(ctx: &Ctx, item: Value) -> Result<Answer> {
    let item: GenericItem = read_value(item, &["body"])?;
    shown(&ApplyResponse::from(meta::apply(ctx, item.try_into()?).await?))
}

async fn apply_bulk(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    let request: BulkRequest = read_value(given.into_body(&[]), &["body"])?;
    shown(&BulkResponse::from(meta::apply_all(ctx, request.try_into()?).await?))
}

async fn get_item_type(ctx: &Ctx, given: Arguments) -> Result<Answer> {
    shown(&ItemTypeMetadata::from(meta::get_item_type(ctx, given.text("id")).await?))
}

async fn list_item_types(ctx: &Ctx) -> Result<Answer> {
    let types: Vec<ItemTypeMetadata> = meta::get_item_types(ctx).await?.into_iter().map(Into::into).collect();
    shown(&types)
}
