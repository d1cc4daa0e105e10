//! What the database holds of a sheet's parts and of their lines, read in a few queries whatever the sheet's length.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::model::{ParsedSheet, PlaceholderRule, SheetLine};
use super::slug::slug;
use crate::context::Ctx;
use crate::domain::bom::PART_BOM;
use crate::domain::meta::{self, CheckOut, Item, ItemType, Model};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// Each placeholder costs a query. A sheet with more of them has its columns mixed up.
const MOST_PLACEHOLDERS: usize = 100;

/// Parts and lines as they are now; of the parts only what the caller may read.
#[derive(Debug, Default)]
pub(super) struct Stock {
    /// The lines that are there of every part of the sheet that others hang below, in the order of creation.
    pub lines: HashMap<Uuid, Vec<Item>>,
    /// The numbers of the children of the parent, and of what is below it, by name and in the order of their lines.
    pub children: HashMap<String, Vec<String>>,
    parts: HashMap<String, Item>,
    by_name: HashMap<String, Vec<String>>,
    /// Who else has one of the parts checked out.
    check_outs: HashMap<Uuid, CheckOut>,
}

impl Stock {
    pub async fn load(
        ctx: &Ctx,
        model: &Model,
        kind: &ItemType,
        parent: Option<Uuid>,
        sheet: &ParsedSheet,
        rule: PlaceholderRule,
    ) -> Result<Self> {
        let mut stock = Self::default();
        if let Some(parent) = parent {
            let levels = sheet.lines.iter().map(|line| line.level).max().unwrap_or(1);
            stock.load_children(ctx, model, kind, parent, levels).await?;
        }
        let numbers: BTreeSet<&String> = sheet.lines.iter().filter_map(|line| line.number.as_ref()).collect();
        let numbers: Vec<String> = numbers.into_iter().cloned().collect();
        let found = meta::find_by_numbers(ctx, model, kind, &numbers).await?;
        stock.keep(kind, found);
        if matches!(rule, PlaceholderRule::Suffix | PlaceholderRule::Name) {
            refuse_too_many(sheet.placeholders.len())?;
            for placeholder in &sheet.placeholders {
                let prefix = format!("{}-", placeholder.number);
                let found = meta::find_by_prefix(ctx, model, kind, &prefix).await?;
                stock.keep(kind, found);
            }
        }
        stock.load_lines(ctx, sheet).await?;
        stock.check_outs = meta::check_outs_of_others(ctx, stock.parts.values()).await?;
        Ok(stock)
    }

    /// Nobody else has the part checked out.
    pub fn require_free(&self, item: &Item) -> Result<()> {
        self.check_outs.get(&item.id).map_or(Ok(()), |check_out| Err(check_out.refusal()))
    }

    /// What is below the parent, as far down as the sheet goes.
    async fn load_children(
        &mut self,
        ctx: &Ctx,
        model: &Model,
        kind: &ItemType,
        parent: Uuid,
        levels: u32,
    ) -> Result<()> {
        let mut graph = meta::descend(ctx, PART_BOM, parent, levels).await?;
        let mut level = vec![parent];
        let mut seen = HashSet::from([parent]);
        let mut children = Vec::new();
        while !level.is_empty() {
            let mut next = Vec::new();
            for line in level.iter().filter_map(|source| graph.lines.get(source)).flatten() {
                // A child with several lines is taken once.
                let Some(id) = line.related_id.filter(|id| seen.insert(*id)) else { continue };
                let Some(child) = graph.items.remove(&id).filter(|child| model.allow(child, Action::Get)) else {
                    continue;
                };
                if let (Some(name), Some(number)) = (child.name(), kind.number(&child)) {
                    self.children.entry(name.to_owned()).or_default().push(number.to_owned());
                }
                children.push(child);
                next.push(id);
            }
            level = next;
        }
        self.lines = graph.lines;
        self.lines.entry(parent).or_default();
        self.keep(kind, children);
        Ok(())
    }

    /// The lines of those parts of the sheet that are elsewhere, and that others hang below.
    async fn load_lines(&mut self, ctx: &Ctx, sheet: &ParsedSheet) -> Result<()> {
        let parents: HashSet<usize> = sheet.lines.iter().filter_map(|line| line.parent_row).collect();
        let is_parent =
            |line: &&SheetLine| parents.contains(&line.row) || line.summed_rows.iter().any(|row| parents.contains(row));
        let numbers = sheet.lines.iter().filter(is_parent).filter_map(|line| line.number.as_deref());
        let known: BTreeSet<Uuid> = numbers.filter_map(|number| Some(self.parts.get(number)?.id)).collect();
        // Those at the lowest level of the parent's structure have been read without their lines.
        let open: Vec<Uuid> = known.into_iter().filter(|id| !self.lines.contains_key(id)).collect();
        for line in meta::lines_of_all(ctx, PART_BOM, &open).await? {
            if let Some(source) = line.source_id {
                self.lines.entry(source).or_default().push(line);
            }
        }
        Ok(())
    }

    fn keep(&mut self, kind: &ItemType, items: Vec<Item>) {
        for item in items {
            let Some(number) = item.unique_key.clone().or_else(|| kind.number(&item).map(str::to_owned)) else {
                continue;
            };
            if self.parts.contains_key(&number) {
                continue;
            }
            if let Some(name) = item.name() {
                self.by_name.entry(name.to_owned()).or_default().push(number.clone());
            }
            self.parts.insert(number, item);
        }
    }

    pub fn part(&self, number: &str) -> Option<&Item> {
        self.parts.get(number)
    }

    /// The numbers that an import made for a name out of a placeholder.
    pub fn made_from(&self, placeholder: &str, name: &str) -> Vec<String> {
        let numbers = self.by_name.get(name).into_iter().flatten();
        numbers.filter(|number| is_made_from(number, placeholder, name)).cloned().collect()
    }
}

fn refuse_too_many(placeholders: usize) -> Result<()> {
    if placeholders <= MOST_PLACEHOLDERS {
        return Ok(());
    }
    let message = format!(
        "{placeholders} numbers of the sheet stand for several names each; at most {MOST_PLACEHOLDERS} can. Check which column holds the number and which the name"
    );
    Err(Error::invalid_field("value_error", &["body", "placeholders"], message))
}

/// `OTS-001` or, out of the name, `OTS-HEX-NUT-M5`, `OTS-HEX-NU-2` for `OTS`; not what belongs to another placeholder
/// such as `OTS-A`.
fn is_made_from(number: &str, placeholder: &str, name: &str) -> bool {
    let Some(rest) = number.strip_prefix(placeholder).and_then(|rest| rest.strip_prefix('-')) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let slug = slug(name);
    let begins = |text: &str| !text.is_empty() && slug.starts_with(text);
    digits(rest) || begins(rest) || rest.rsplit_once('-').is_some_and(|(body, copy)| digits(copy) && begins(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_by_its_placeholder_and_name() {
        let cases = [
            ("OTS-001", true),
            ("OTS-1000", true),
            ("OTS-HEX-NUT-M5", true),
            ("OTS-HEX-NU", true),
            ("OTS-HEX-NU-2", true),
            ("OTS-A-001", false),
            ("OTS-", false),
            ("OTS", false),
            ("OTSX-001", false),
            ("OTS-BOLT", false),
        ];
        for (number, expected) in cases {
            assert_eq!(is_made_from(number, "OTS", "Hex nut, M5"), expected, "{number}");
        }
    }
}
