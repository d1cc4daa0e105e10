//! The right to get an item, as a condition in SQL: lists, searches, counts and exports never show what a get refuses.

use sea_orm::Value;

use super::super::model::Model;
use crate::db::Sql;
use crate::domain::permission::{Action, DEFAULT_SET};

/// Pushes a condition that holds for the rows of `items` `alias` that the caller may get: what
/// [`Model::allow`] says of the row, and for a relationship also of both its ends.
pub fn visible(sql: &mut Sql, model: &Model, alias: &str) {
    let Some(sets) = Partial::of(model) else {
        sql.push("TRUE");
        return;
    };
    sql.push("(");
    sets.push_allowed(sql, model, alias);
    for (end, inner) in [("source_id", "visible_source"), ("related_id", "visible_related")] {
        sql.push(&format!(
            " AND ({alias}.{end} IS NULL OR EXISTS (SELECT 1 FROM items {inner} WHERE {inner}.id = {alias}.{end} AND "
        ));
        sets.push_allowed(sql, model, inner);
        sql.push("))");
    }
    sql.push(")");
}

/// The sets that let the caller get some or all of their items, where that is not everything.
#[derive(Default)]
struct Partial<'a> {
    all: Vec<&'a str>,
    created: Vec<&'a str>,
    owned: Vec<&'a str>,
}

impl<'a> Partial<'a> {
    /// None when every set lets the caller get every item.
    fn of(model: &'a Model) -> Option<Self> {
        let mut sets = Self::default();
        let mut everything = true;
        for (set, reach) in model.rights().reaches(Action::Get) {
            everything &= reach.all;
            if reach.all {
                sets.all.push(set);
                continue;
            }
            if reach.created_by_actor {
                sets.created.push(set);
            }
            if reach.owned_by_actor {
                sets.owned.push(set);
            }
        }
        // A type or an item without a set falls under the default one, which may be gone.
        let has_default = sets.all.contains(&DEFAULT_SET);
        let unlimited = model.rights().actor().is_administrator() || (everything && has_default);
        (!unlimited).then_some(sets)
    }

    fn push_allowed(&self, sql: &mut Sql, model: &Model, alias: &str) {
        let me = model.rights().actor().user_id();
        let mut tests: Vec<(&[&str], Option<&str>)> = vec![(&self.all, None)];
        if me.is_some() {
            tests.push((&self.created, Some("created_by_id")));
            tests.push((&self.owned, Some("owner_id")));
        }
        tests.retain(|(sets, _)| !sets.is_empty());
        if tests.is_empty() {
            sql.push("FALSE");
            return;
        }
        sql.push("(");
        for (index, (sets, column)) in tests.into_iter().enumerate() {
            if index > 0 {
                sql.push(" OR ");
            }
            if let (Some(column), Some(me)) = (column, me) {
                sql.push(&format!("{alias}.{column} = ")).bind(me).push(" AND ");
            }
            push_governing(sql, model, alias);
            sql.push(" IN ").bind_list(sets.iter().copied());
        }
        sql.push(")");
    }
}

/// The set that governs a row, as [`Model::permission_set`] finds it.
fn push_governing(sql: &mut Sql, model: &Model, alias: &str) {
    let states = model.lifecycles().states();
    let states = states.filter_map(|state| Some((state.id.into(), state.permission_id.as_deref()?)));
    let types = model.item_types();
    let types = types.filter_map(|kind| Some((kind.id.as_str().into(), kind.permission_id.as_deref()?)));
    sql.push("COALESCE(");
    push_choice(sql, &format!("{alias}.current_state"), states);
    sql.push(&format!("{alias}.permission_id, "));
    push_choice(sql, &format!("{alias}.item_type_id"), types.filter(|(_, set)| *set != DEFAULT_SET));
    sql.bind(DEFAULT_SET).push(")");
}

/// `CASE column WHEN … THEN … END, `, or nothing where there is no choice.
fn push_choice<'a>(sql: &mut Sql, column: &str, choices: impl Iterator<Item = (Value, &'a str)>) {
    let mut any = false;
    for (given, set) in choices {
        if !any {
            sql.push("CASE ").push(column);
            any = true;
        }
        sql.push(" WHEN ").bind(given).push(" THEN ").bind(set);
    }
    if any {
        sql.push(" END, ");
    }
}
