//! The values that items have already, met by a property that wants others. What can be read without loss in the new type is
//! rewritten; anything else stands in the way and is named.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::item::Item;
use super::super::model::{DataType, ItemType, Property};
use super::super::typed::{of_type, parse_moment};
use super::super::values::{is_blank, same_value};
use super::super::{repo, schema};
use super::change::{ModelChange, snapshot};
use super::check::alone;
use crate::db::property_index;
use crate::error::{Error, Result};

/// So many items are named.
const MOST_NAMED: usize = 20;
/// So many items are rewritten by one change.
const MOST_REWRITTEN: usize = 10_000;

/// Whether values that satisfy `before` may fail `after`; a property that was not declared let everything pass.
fn may_fail(before: Option<&Property>, after: &Property) -> bool {
    let Some(before) = before else { return true };
    before.data_type != after.data_type
        || (after.is_required && !before.is_required)
        || before.length != after.length
        || before.pattern != after.pattern
        || before.choices != after.choices
        || before.minimum != after.minimum
        || before.maximum != after.maximum
        || before.target_type() != after.target_type()
}

enum Fit {
    Fits,
    Becomes(Value),
    Fails(String),
}

/// Checks the stored values of a property, and rewrites those that its new type keeps otherwise.
///
/// Fails with `Conflict` `VALUES_DO_NOT_FIT`, naming the first items.
pub(super) async fn refit(
    change: &mut ModelChange<'_>,
    kind: &ItemType,
    before: Option<&Property>,
    after: &Property,
) -> Result<usize> {
    // The state is the lifecycle's and is not stored among the values.
    if !may_fail(before, after) || after.name == "state" {
        return Ok(0);
    }
    let single = alone(after);
    let (mut failures, mut rewritten) = (Failures::default(), 0);
    let mut last = None;
    loop {
        let page = repo::stored::page(&change.tx, &kind.id, last).await?;
        let Some(end) = page.last().map(|item| item.id) else { break };
        last = Some(end);
        let targets = targets(change, after, &page).await?;
        for item in page {
            match fit(before, after, &single, &targets, item.properties.get(&after.name)) {
                Fit::Fits => {}
                Fit::Fails(reason) => failures.add(kind, &item, &after.name, reason),
                Fit::Becomes(value) => {
                    rewritten += 1;
                    if rewritten > MOST_REWRITTEN {
                        return Err(too_many(after));
                    }
                    let (named, read) = (item.clone(), value.clone());
                    if let Err(error) = rewrite(change, kind, item, &after.name, value).await {
                        if property_index::violated(&error) != Some(after.id) {
                            return Err(error);
                        }
                        // The database lets nothing follow in this transaction: this item is named and no other.
                        let reason = format!("It would become {read}, which another {} has then", kind.label);
                        failures.add(kind, &named, &after.name, reason);
                        return failures.into_result(&after.name).map(|()| rewritten);
                    }
                }
            }
        }
        if failures.is_full() {
            break;
        }
    }
    failures.into_result(&after.name).map(|()| rewritten)
}

fn too_many(property: &Property) -> Error {
    Error::conflict(format!("More than {MOST_REWRITTEN} values of {} would be rewritten", property.name)).code(
        "TOO_MANY_VALUES",
        "Add a property of the new type beside this one, fill it piece by piece, and delete this one.",
    )
}

/// The types of the items that a page refers to.
async fn targets(change: &ModelChange<'_>, property: &Property, page: &[Item]) -> Result<HashMap<Uuid, String>> {
    if property.data_type != DataType::Item {
        return Ok(HashMap::new());
    }
    let ids = page.iter().filter_map(|item| Uuid::parse_str(item.text(&property.name)?).ok());
    let ids: Vec<Uuid> = ids.collect();
    let found = repo::stored::referred(&change.tx, &ids).await?;
    Ok(found.into_iter().map(|item| (item.id, item.item_type)).collect())
}

fn fit(
    before: Option<&Property>,
    after: &Property,
    single: &ItemType,
    targets: &HashMap<Uuid, String>,
    stored: Option<&Value>,
) -> Fit {
    let value = match stored {
        _ if after.is_required && is_blank(stored) => return Fit::Fails("It has no value".to_owned()),
        None => return Fit::Fits,
        Some(value) => value,
    };
    let read = match of_type(after, value.clone()) {
        Ok(read) => read,
        Err((_, message)) => return Fit::Fails(message),
    };
    if !is_lossless(before, after, value, &read) {
        return Fit::Fails(format!("It would become {read}"));
    }
    if let Err(error) = schema::check(single, &[(after.name.clone(), read.clone())].into_iter().collect()) {
        return Fit::Fails(error.message().to_owned());
    }
    if after.data_type == DataType::Item {
        let id = read.as_str().and_then(|text| Uuid::parse_str(text).ok());
        let is_right = |kind: &String| after.target_type().is_none_or(|target| target == kind);
        if !id.and_then(|id| targets.get(&id)).is_some_and(is_right) {
            return Fit::Fails(format!("There is no {} with this id", after.target_type().unwrap_or("item")));
        }
    }
    if &read == value { Fit::Fits } else { Fit::Becomes(read) }
}

/// Nothing is lost where the old type would read the new value as the old one, or both are one moment.
fn is_lossless(before: Option<&Property>, after: &Property, value: &Value, read: &Value) -> bool {
    if same_value(value, read) {
        return true;
    }
    let moment = |value: &Value| value.as_str().and_then(parse_moment);
    if after.data_type == DataType::DateTime {
        return moment(value).is_some() && moment(value) == moment(read);
    }
    before.is_some_and(|before| of_type(before, read.clone()).is_ok_and(|back| same_value(&back, value)))
}

async fn rewrite(change: &mut ModelChange<'_>, kind: &ItemType, item: Item, name: &str, value: Value) -> Result<()> {
    let mut after = item.clone();
    after.properties.insert(name.to_owned(), value);
    after.modified_by_id = change.ctx.actor.user_id();
    after.modified_on = Some(change.ctx.now());
    repo::stored::rewrite(&change.tx, &after).await?;
    let action = if kind.is_relationship { "relationship.updated" } else { "item.updated" };
    change.record(action, (&kind.id, item.id.to_string()), snapshot(&item), snapshot(&after));
    Ok(())
}

/// Refuses to close a type whose items have values that it does not declare.
pub(super) async fn require_declared(change: &ModelChange<'_>, kind: &ItemType) -> Result<()> {
    let mut failures = Failures::default();
    let mut last = None;
    while !failures.is_full() {
        let page = repo::stored::page(&change.tx, &kind.id, last).await?;
        let Some(end) = page.last().map(|item| item.id) else { break };
        last = Some(end);
        for item in &page {
            if let Some(name) = item.properties.keys().find(|name| kind.property(name).is_none()) {
                failures.add(kind, item, name, "The type does not declare it".to_owned());
            }
        }
    }
    failures.into_result("accepts_undeclared")
}

/// Refuses to leave values without a property in a type that takes declared ones only.
pub(super) async fn require_no_values(change: &ModelChange<'_>, kind: &ItemType, name: &str) -> Result<()> {
    let mut failures = Failures::default();
    let mut last = None;
    while !failures.is_full() {
        let page = repo::stored::page(&change.tx, &kind.id, last).await?;
        let Some(end) = page.last().map(|item| item.id) else { break };
        last = Some(end);
        for item in page.iter().filter(|item| item.properties.contains_key(name)) {
            failures.add(kind, item, name, format!("{} takes declared properties only", kind.id));
        }
    }
    failures.into_result(name)
}

#[derive(Default)]
struct Failures {
    named: Vec<Value>,
    more: bool,
}

impl Failures {
    fn add(&mut self, kind: &ItemType, item: &Item, property: &str, reason: String) {
        if self.named.len() == MOST_NAMED {
            self.more = true;
            return;
        }
        self.named.push(json!({
            "id": item.id, "number": kind.number(item), "property": property,
            "value": item.properties.get(property), "reason": reason,
        }));
    }

    fn is_full(&self) -> bool {
        self.more
    }

    fn into_result(self, property: &str) -> Result<()> {
        if self.named.is_empty() {
            return Ok(());
        }
        let count = self.named.len();
        let many = if self.more { format!("More than {count}") } else { count.to_string() };
        Err(Error::conflict(format!("{many} items do not fit the change"))
            .code("VALUES_DO_NOT_FIT", "Correct the items that are named, or change the rule, and try again.")
            .details(json!({ "property": property, "items": self.named, "more": self.more })))
    }
}
