//! Which files the caller may read, as a condition in SQL.

use crate::db::Sql;
use crate::domain::meta::{Model, visible};

/// Pushes a condition that holds for the rows of `files` `alias` that the caller may read: what they have brought
/// themselves, and what is attached to an item that they may get or bound to a version of one. Administrators read all.
pub fn readable(sql: &mut Sql, model: &Model, alias: &str) {
    let actor = model.actor();
    if actor.is_administrator() {
        sql.push("TRUE");
        return;
    }
    sql.push("(");
    if let Some(me) = actor.user_id() {
        sql.push(&format!(
            "EXISTS (SELECT 1 FROM file_uploads fu WHERE fu.file_id = {alias}.id AND fu.uploaded_by_id = "
        ));
        sql.bind(me).push(") OR ");
    }
    sql.push(&format!(
        "EXISTS (SELECT 1 FROM file_attachments fa JOIN items fi ON fi.id = fa.item_id WHERE fa.file_id = {alias}.id AND "
    ));
    visible(sql, model, "fi");
    sql.push(&format!(
        ") OR EXISTS (SELECT 1 FROM version_files vf JOIN item_versions iv ON iv.id = vf.version_id \
         JOIN items vi ON vi.id = iv.item_id WHERE vf.file_id = {alias}.id AND "
    ));
    visible(sql, model, "vi");
    sql.push("))");
}
