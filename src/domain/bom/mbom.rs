//! Manufacturing structures: made from an engineering one, and then a life of their own.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::tree::{BomTree, Held, TreeRequest, built_of, held};
use super::{MANUFACTURING_BOM, MANUFACTURING_PART, PART, PART_BOM, too_large};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, Turns, Values, Write, parse_id};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// Every level of a structure.
const ALL_LEVELS: i32 = 100;
/// The most lines that are converted at once.
const MOST_LINES: usize = 20_000;
/// What comes before the number of the engineering part.
const PREFIX: &str = "MBOM-";
/// What a manufacturing part has of its engineering part.
const COPIED: [&str; 4] = ["name", "description", "cost", "weight"];

/// What a conversion came to.
#[derive(Debug, Clone)]
pub struct Converted {
    pub source: Uuid,
    pub root: Item,
    /// False where the root had been converted before: it is answered with as it is.
    pub created: bool,
    pub parts_created: usize,
    pub lines_created: usize,
}

/// Makes a manufacturing structure of an engineering one, in one transaction: each part once, whatever it is used in. What
/// was converted before is used as it is, its own lines included; of a root that was, nothing is made at all.
///
/// Fails with `NotFound`, `BadRequest` for what is no part, `Conflict` `DUPLICATE_NUMBER` where a number `MBOM-…` is another
/// part's.
pub async fn convert_to_mbom(ctx: &Ctx, root: &str) -> Result<Converted> {
    let mut model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(root)?).await?;
    if item.item_type != PART {
        return Err(Error::bad_request(format!("Only a {PART} has an engineering BOM")));
    }
    require_whole(ctx, &model, item.id).await?;
    let request = TreeRequest { depth: ALL_LEVELS, ..TreeRequest::default() };
    let source = held(ctx, model.clone(), PART_BOM, item, request, |held| Source::of(&held)).await?;
    let turns = |model: &Model| Ok(Turns::default().structure(model.item_type(MANUFACTURING_BOM)?));
    let write = Write::begin_fresh(ctx, &mut model, turns).await?;
    let converted = Converting::begin(&write, &source).await?.run(&source).await?;
    write.commit().await?;
    Ok(converted)
}

/// A part of a structure must not pass for all of it: others would never learn what is missing.
async fn require_whole(ctx: &Ctx, model: &Model, root: Uuid) -> Result<()> {
    let all = meta::descend(ctx, PART_BOM, root, u32::try_from(ALL_LEVELS).unwrap_or(u32::MAX)).await?;
    let hidden = |item: &Item| !model.allow(item, Action::Get);
    let count = all.items.values().filter(|item| hidden(item)).count()
        + all.lines.values().flatten().filter(|line| hidden(line)).count();
    if count == 0 {
        return Ok(());
    }
    Err(Error::conflict("Parts of the structure are hidden from the caller")
        .code("HIDDEN_RELATIONSHIPS", "It holds what you may not see. Ask somebody who may to convert it.")
        .details(serde_json::json!({ "count": count })))
}

/// An engineering structure, each part once.
struct Source {
    root: Uuid,
    /// The root first, and each part before those that are first met below it.
    parts: Vec<Arc<Item>>,
    numbers: HashMap<Uuid, String>,
    /// Parent, line and child.
    lines: Vec<(Uuid, Arc<Item>, Uuid)>,
}

impl Source {
    fn of(held: &Held) -> Result<Self> {
        let (mut parts, mut numbers, mut lines) = (Vec::new(), HashMap::new(), Vec::new());
        let mut meet = |item: &Arc<Item>| -> Result<()> {
            if numbers.contains_key(&item.id) {
                return Ok(());
            }
            let missing = || Error::bad_request(format!("Item {} has no number", item.id));
            numbers.insert(item.id, format!("{PREFIX}{}", held.number_of(item).ok_or_else(missing)?));
            parts.push(item.clone());
            Ok(())
        };
        meet(&held.root.1)?;
        for (_, parent, line, (_, child)) in held.lines_by_level() {
            meet(child)?;
            lines.push((parent.id, line.clone(), child.id));
        }
        if lines.len() > MOST_LINES {
            return Err(too_large(format!("The structure has more than {MOST_LINES} lines")));
        }
        Ok(Self { root: held.root.1.id, parts, numbers, lines })
    }
}

struct Converting<'a> {
    write: &'a Write<'a>,
    /// What there is already, by the engineering part.
    known: HashMap<Uuid, Item>,
}

impl<'a> Converting<'a> {
    /// Two who convert at once are one after the other: they have the turn of the structure.
    async fn begin(write: &'a Write<'a>, source: &Source) -> Result<Self> {
        let kind = write.model.item_type(MANUFACTURING_PART)?;
        let numbers: Vec<String> = source.numbers.values().cloned().collect();
        let found = meta::with_numbers(write, kind, &numbers).await?;
        let of = |item: Item| Some((Uuid::parse_str(item.text("source_ebom_id")?).ok()?, item));
        let mut known: HashMap<Uuid, Item> = found.into_iter().filter_map(of).collect();
        known.retain(|source_id, item| source.numbers.get(source_id).map(String::as_str) == kind.number(item));
        // One that may not be read is not built upon.
        for item in known.values() {
            write.model.require_readable(item)?;
        }
        Ok(Self { write, known })
    }

    async fn run(self, source: &Source) -> Result<Converted> {
        if let Some(root) = self.known.get(&source.root) {
            let root = root.clone();
            return Ok(Converted { source: source.root, root, created: false, parts_created: 0, lines_created: 0 });
        }
        let kind = self.write.model.item_type(MANUFACTURING_PART)?;
        let mut made: HashMap<Uuid, Item> = HashMap::new();
        for part in source.parts.iter().filter(|part| !self.known.contains_key(&part.id)) {
            let values = part_values(part, source.numbers.get(&part.id), self.write);
            made.insert(part.id, meta::add_item(self.write, kind, values).await?);
        }
        let kind = self.write.model.item_type(MANUFACTURING_BOM)?;
        let mut lines_created = 0;
        for (parent, line, child) in &source.lines {
            let Some(parent) = made.get(parent) else { continue };
            let Some(child) = made.get(child).or_else(|| self.known.get(child)) else { continue };
            meta::add_relationship(self.write, kind, parent.id, child.id, line_values(line)).await?;
            lines_created += 1;
        }
        let parts_created = made.len();
        let root = made.remove(&source.root).ok_or_else(|| Error::internal("The root was not converted"))?;
        Ok(Converted { source: source.root, root, created: true, parts_created, lines_created })
    }
}

fn part_values(part: &Item, number: Option<&String>, write: &Write<'_>) -> Values {
    let copied = COPIED.into_iter().filter_map(|name| Some((name.to_owned(), part.properties.get(name)?.clone())));
    let mut values: Values = copied.collect();
    values.extend(number.map(|number| ("item_number".to_owned(), Value::from(number.clone()))));
    values.insert("source_ebom_id".to_owned(), part.id.to_string().into());
    values.insert("converted_at".to_owned(), write.ctx.now().to_rfc3339().into());
    values
}

/// Everything that the line says, and which it was.
fn line_values(line: &Item) -> Values {
    let mut values = line.properties.clone();
    values.insert("source_rel_id".to_owned(), line.id.to_string().into());
    values
}

/// The tree below a manufacturing part; as [`super::tree`] otherwise.
pub async fn mbom_tree<T: Send + 'static>(
    ctx: &Ctx,
    root: &str,
    request: TreeRequest,
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<T> {
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(root)?).await?;
    if item.item_type != MANUFACTURING_PART {
        return Err(Error::not_found(format!("Item {root} not found")));
    }
    built_of(ctx, model, MANUFACTURING_BOM, item, request, render).await
}
