//! A sample product to try things on: a weather buoy with its BOM and documents. Repeatable, and made by the same functions
//! that serve a user.

mod product;

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::context::Ctx;
use crate::domain::bom::{PART, PART_BOM, add_line_within};
use crate::domain::meta::{self, Model, Turns, Values, Write};
use crate::error::{Error, Result};
use product::{DOCUMENTS, LINES, PARTS, ROOT, SampleLine, SamplePart};

const DOCUMENT: &str = "Document";

/// What was missing and has been made, and where the product begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleReport {
    pub root_id: Uuid,
    pub root_number: String,
    pub parts_created: usize,
    pub lines_created: usize,
    pub documents_created: usize,
}

/// Makes what is missing of the sample product, all of it or nothing; what is there stays as it is.
pub async fn seed_sample(ctx: &Ctx) -> Result<SampleReport> {
    let mut model = Model::load(ctx).await?;
    let mut parts = present(ctx, &model, PART, PARTS.iter().map(|part| part.number)).await?;
    let mut documents = present(ctx, &model, DOCUMENT, DOCUMENTS.iter().map(|(number, _)| *number)).await?;
    let lines = present_lines(ctx, &parts).await?;

    let structure = |model: &Model| Ok(Turns::default().structure(model.item_type(PART_BOM)?));
    let write = Write::begin_fresh(ctx, &mut model, structure).await?;
    let new_parts = PARTS.iter().map(|part| (part.number, part_values(part)));
    let parts_created = add_missing(&write, PART, new_parts, &mut parts).await?;
    let new_documents = DOCUMENTS.iter().map(|(number, name)| (*number, values(json!({ "name": name }))));
    let documents_created = add_missing(&write, DOCUMENT, new_documents, &mut documents).await?;
    let lines_created = add_missing_lines(&write, &parts, &lines).await?;
    write.commit().await?;
    let (root_id, root_number) = (id_of(&parts, ROOT)?, ROOT.to_owned());
    Ok(SampleReport { root_id, root_number, parts_created, lines_created, documents_created })
}

type Ids = HashMap<String, Uuid>;

async fn present(ctx: &Ctx, model: &Model, kind: &str, numbers: impl Iterator<Item = &str>) -> Result<Ids> {
    let kind = model.item_type(kind)?;
    let numbers: Vec<String> = numbers.map(str::to_owned).collect();
    let found = meta::find_by_numbers(ctx, model, kind, &numbers).await?;
    Ok(found.into_iter().filter_map(|item| Some((kind.number(&item)?.to_owned(), item.id))).collect())
}

/// Parent and child of each line below the assemblies that are there.
async fn present_lines(ctx: &Ctx, parts: &Ids) -> Result<HashSet<(Uuid, Uuid)>> {
    let mut found = HashSet::new();
    for id in LINES.iter().filter_map(|(parent, _)| parts.get(*parent)) {
        let lines = meta::descend(ctx, PART_BOM, *id, 1).await?.lines;
        found.extend(lines.into_values().flatten().filter_map(|line| line.source_id.zip(line.related_id)));
    }
    Ok(found)
}

async fn add_missing(
    write: &Write<'_>,
    kind: &str,
    wanted: impl Iterator<Item = (&'static str, Values)>,
    ids: &mut Ids,
) -> Result<usize> {
    let kind = write.model.item_type(kind)?;
    let property = kind.number_property.as_deref();
    let property = property.ok_or_else(|| Error::conflict(format!("{} has no numbers", kind.label)))?;
    let mut created = 0;
    for (number, mut values) in wanted {
        if !ids.contains_key(number) {
            values.insert(property.to_owned(), number.into());
            ids.insert(number.to_owned(), meta::add_item(write, kind, values).await?.id);
            created += 1;
        }
    }
    Ok(created)
}

async fn add_missing_lines(write: &Write<'_>, parts: &Ids, present: &HashSet<(Uuid, Uuid)>) -> Result<usize> {
    let mut created = 0;
    for (parent, lines) in LINES {
        let parent = id_of(parts, parent)?;
        for (place, line) in (1u32..).zip(*lines) {
            let child = id_of(parts, line.child)?;
            if !present.contains(&(parent, child)) {
                add_line_within(write, parent, child, line_values(place * 10, line)).await?;
                created += 1;
            }
        }
    }
    Ok(created)
}

fn id_of(parts: &Ids, number: &str) -> Result<Uuid> {
    parts.get(number).copied().ok_or_else(|| Error::internal(format!("The sample has no part {number}")))
}

fn part_values(part: &SamplePart) -> Values {
    values(json!({ "name": part.name, "cost": part.cost, "weight": part.weight }))
}

fn line_values(find_num: u32, line: &SampleLine) -> Values {
    let condition = line.option.map(|(option, value)| json!({ "option": option, "value": value }));
    values(json!({
        "quantity": line.quantity, "uom": line.uom, "find_num": find_num.to_string(), "refdes": line.refdes,
        "effectivity_from": line.from, "effectivity_to": line.to, "config_condition": condition,
    }))
}

/// Without what is not given.
fn values(given: Value) -> Values {
    let Value::Object(mut values) = given else { return Values::new() };
    values.retain(|_, value| !value.is_null());
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bom::{BomNode, Selections, TreeRequest, When, tree};
    use crate::domain::meta::parse_moment;
    use crate::domain::testing::TestOrg;

    #[test]
    fn every_part_is_used_and_the_tables_agree() {
        let numbers: HashSet<&str> = PARTS.iter().map(|part| part.number).collect();
        assert_eq!(numbers.len(), PARTS.len(), "no number twice");
        let used: HashSet<&str> =
            LINES.iter().flat_map(|(_, lines)| lines.iter().map(|line| line.child)).chain([ROOT]).collect();
        assert_eq!(used, numbers);
        let assemblies: HashSet<&str> = LINES.iter().map(|(parent, _)| *parent).collect();
        let unpriced: HashSet<&str> = PARTS.iter().filter(|part| part.cost.is_none()).map(|part| part.number).collect();
        assert_eq!(assemblies, unpriced, "what has lines has no cost of its own");
    }

    #[tokio::test]
    async fn a_second_seeding_makes_nothing_and_a_lost_line_comes_back() {
        let org = TestOrg::new().await;
        let first = seed_sample(&org.ctx).await.unwrap();
        let lines: usize = LINES.iter().map(|(_, lines)| lines.len()).sum();
        assert_eq!((first.parts_created, first.lines_created, first.documents_created), (PARTS.len(), lines, 3));
        let again = seed_sample(&org.ctx).await.unwrap();
        assert_eq!((again.parts_created, again.lines_created, again.documents_created), (0, 0, 0));
        assert_eq!((again.root_id, again.root_number.as_str()), (first.root_id, ROOT));

        let hull = meta::descend(&org.ctx, PART_BOM, first.root_id, 1).await.unwrap().lines[&first.root_id][0].clone();
        let model = Model::load(&org.ctx).await.unwrap();
        let write = Write::begin(&org.ctx, &model, Turns::default()).await.unwrap();
        meta::remove_relationship(&write, &hull).await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(seed_sample(&org.ctx).await.unwrap().lines_created, 1);
    }
    async fn numbers_on(ctx: &Ctx, root: Uuid, day: &str, wind_sensor: &str) -> Vec<(usize, String)> {
        let selections: Selections = values(json!({ "Wind sensor": wind_sensor }));
        let when = When { at: parse_moment(day), ..When::default() };
        let request = TreeRequest { depth: 10, when, selections: Some(selections), basis: None };
        let root = root.to_string();
        let found = tree(ctx, &root, request, |tree| {
            let mut found = Vec::new();
            walk(&tree.root, 0, &mut found);
            Ok(found)
        });
        found.await.unwrap()
    }

    fn walk(node: &BomNode, level: usize, found: &mut Vec<(usize, String)>) {
        found.push((level, node.item.text("item_number").unwrap().to_owned()));
        node.children.iter().for_each(|line| walk(&line.child, level + 1, found));
    }

    #[tokio::test]
    async fn the_tree_has_three_levels_and_follows_date_and_configuration() {
        let org = TestOrg::new().await;
        let root = seed_sample(&org.ctx).await.unwrap().root_id;
        let before = numbers_on(&org.ctx, root, "2026-03-01", "Ultrasonic").await;
        let after = numbers_on(&org.ctx, root, "2026-05-01", "Cup and vane").await;
        assert_eq!(before.iter().map(|(level, _)| *level).max(), Some(3));
        let has = |tree: &[(usize, String)], number: &str| tree.iter().any(|(_, found)| found == number);
        for (number, early, late) in
            [("EL-0302", true, false), ("EL-0303", false, true), ("EL-0201", true, false), ("EL-0202", false, true)]
        {
            assert_eq!((has(&before, number), has(&after, number)), (early, late), "{number}");
        }
    }
}
