//! The same part listed twice: refused, or summed into one line.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::model::{Duplicates, SheetLine, SheetOptions};
use super::problems::Problems;
use crate::types::Quantity;

/// What makes two lines the same: the row they hang below, number, name and unit.
type Key = (Option<usize>, Option<String>, Option<String>, String);

/// The lines without duplicates. Each row that is dropped is summed into an earlier one or adds a problem.
pub(super) fn settle_duplicates(
    lines: Vec<SheetLine>,
    options: &SheetOptions,
    problems: &mut Problems,
) -> Vec<SheetLine> {
    let only_names = only_names(&lines);
    let key = |line: &SheetLine| -> Key {
        let known = || line.number.as_ref().and_then(|number| only_names.get(number).cloned().flatten());
        let uom = line.uom.clone().unwrap_or_else(|| options.default_uom.to_uppercase());
        (line.parent_row, line.number.clone(), line.name.clone().or_else(known), uom)
    };
    let mut first: HashMap<Key, usize> = HashMap::new();
    let mut kept: Vec<SheetLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let key = key(&line);
        let Some(earlier) = first.get(&key).and_then(|&at| kept.get_mut(at)) else {
            first.insert(key, kept.len());
            kept.push(line);
            continue;
        };
        let value = line.number.as_deref().or(line.name.as_deref()).unwrap_or_default();
        let settled = match options.duplicates {
            Duplicates::Refuse => {
                Err(format!("Lists {value:?} again, as row {} does; choose duplicates=sum to add them up", earlier.row))
            }
            Duplicates::Sum => add(earlier, &line),
        };
        if let Err(reason) = settled {
            problems.add(line.row, None, value, reason);
        }
    }
    kept
}

/// For each number the one name it is used with; `None` if there are several.
fn only_names(lines: &[SheetLine]) -> HashMap<String, Option<String>> {
    let mut names: HashMap<String, Option<String>> = HashMap::new();
    for (number, name) in lines.iter().filter_map(|line| line.number.as_ref().zip(line.name.as_ref())) {
        names
            .entry(number.clone())
            .and_modify(|known| {
                if known.as_ref() != Some(name) {
                    *known = None;
                }
            })
            .or_insert_with(|| Some(name.clone()));
    }
    names
}

/// Adds a line to an earlier one, unless they contradict each other.
fn add(earlier: &mut SheetLine, line: &SheetLine) -> Result<(), String> {
    let mut different: Vec<&str> = contradicting(&earlier.properties, &line.properties).collect();
    different.extend(contradicting(&earlier.line_properties, &line.line_properties));
    if earlier.find_num.as_ref().zip(line.find_num.as_ref()).is_some_and(|(one, other)| one != other) {
        different.push("find_num");
    }
    if !different.is_empty() {
        let different = different.join(", ");
        return Err(format!("Cannot be added to row {}, which has another {different}", earlier.row));
    }
    let sum = earlier.quantity.decimal().checked_add(line.quantity.decimal());
    let sum = sum.ok_or_else(|| format!("Cannot be added to row {}: the sum is too large", earlier.row))?;
    earlier.quantity = Quantity::positive(sum)?;
    earlier.summed_rows.push(line.row);
    earlier.name = earlier.name.take().or_else(|| line.name.clone());
    earlier.find_num = earlier.find_num.take().or_else(|| line.find_num.clone());
    earlier.refdes = match (earlier.refdes.take(), &line.refdes) {
        (Some(one), Some(other)) => Some(format!("{one}, {other}")),
        (one, other) => one.or_else(|| other.clone()),
    };
    for (name, value) in &line.properties {
        earlier.properties.entry(name.clone()).or_insert_with(|| value.clone());
    }
    for (name, value) in &line.line_properties {
        earlier.line_properties.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(())
}

/// The names that both give different values.
fn contradicting<'a>(
    earlier: &'a BTreeMap<String, Value>,
    later: &'a BTreeMap<String, Value>,
) -> impl Iterator<Item = &'a str> {
    let differs = |(name, value): &(&'a String, &'a Value)| earlier.get(*name).is_some_and(|known| known != *value);
    later.iter().filter(differs).map(|(name, _)| name.as_str())
}
