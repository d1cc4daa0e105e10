//! What the database holds of a sheet's parts and of the parent's lines, read in a few queries whatever the sheet's length.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::model::{ParsedSheet, PlaceholderRule};
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
    /// Every line of the parent in the order of creation.
    pub lines: Vec<Item>,
    /// The numbers of the parent's children by name, in the order of their lines.
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
            stock.load_children(ctx, model, kind, parent).await?;
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
        stock.check_outs = meta::check_outs_of_others(ctx, stock.parts.values()).await?;
        Ok(stock)
    }

    /// Nobody else has the part checked out.
    pub fn require_free(&self, item: &Item) -> Result<()> {
        self.check_outs.get(&item.id).map_or(Ok(()), |check_out| Err(check_out.refusal()))
    }

    async fn load_children(&mut self, ctx: &Ctx, model: &Model, kind: &ItemType, parent: Uuid) -> Result<()> {
        let mut graph = meta::descend(ctx, PART_BOM, parent, 1).await?;
        self.lines = graph.lines.remove(&parent).unwrap_or_default();
        let mut children = Vec::new();
        for line in &self.lines {
            // A child with lines in several units is taken once.
            if let Some(child) = line.related_id.and_then(|id| graph.items.remove(&id))
                && model.allow(&child, Action::Get)
            {
                if let (Some(name), Some(number)) = (child.name(), kind.number(&child)) {
                    self.children.entry(name.to_owned()).or_default().push(number.to_owned());
                }
                children.push(child);
            }
        }
        self.keep(kind, children);
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
