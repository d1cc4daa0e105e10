//! Which files the caller may read and what they know of them, as conditions in SQL.
//!
//! A content is one file, however many bring it. Who has no other right to it than to have brought the same bytes knows it by
//! the names that they gave it themselves: those of others would tell what these work on.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::db::Sql;
use crate::domain::file::model::File;
use crate::domain::meta::{Model, visible};
use crate::error::Result;
use crate::types::UserId;

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
    push_on_items(sql, model, alias);
    sql.push(")");
}

/// The same for files that are looked for by words. Where the caller only shares a content with others, all words must stand in
/// what they said of it themselves.
pub fn findable(sql: &mut Sql, model: &Model, words: &[String], alias: &str) {
    readable(sql, model, alias);
    let Some(me) = sharing(model).filter(|_| !words.is_empty()) else { return };
    sql.push(" AND (NOT EXISTS (SELECT 1 FROM file_uploads fo WHERE fo.file_id = ");
    sql.push(&format!("{alias}.id AND (fo.uploaded_by_id IS NULL OR fo.uploaded_by_id <> ")).bind(me).push(")) OR ");
    push_on_items(sql, model, alias);
    sql.push(&format!(
        " OR EXISTS (SELECT 1 FROM file_uploads fm WHERE fm.file_id = {alias}.id AND fm.uploaded_by_id = "
    ));
    sql.bind(me);
    for word in words {
        sql.push(" AND lower(fm.filename");
        sql.push(&format!(" || CASE WHEN {alias}.created_by_id = ")).bind(me).push(" THEN ");
        for column in ["author", "source_system", "source_version", "document_version", "document_type", "cad_format"] {
            sql.push(&format!("' ' || COALESCE({alias}.{column}, '') || "));
        }
        sql.push("'' ELSE '' END) LIKE ").bind(like(word)).push(" ESCAPE '\\'");
    }
    sql.push("))");
}

/// A text somewhere within another.
fn like(word: &str) -> String {
    let mut pattern = String::from("%");
    for letter in word.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

/// Whose knowledge of a file may end with what they said of it.
fn sharing(model: &Model) -> Option<UserId> {
    let actor = model.actor();
    if actor.is_administrator() { None } else { actor.user_id() }
}

/// Pushes a condition that holds for files that hang on an item that the caller may get.
fn push_on_items(sql: &mut Sql, model: &Model, alias: &str) {
    sql.push(&format!(
        "EXISTS (SELECT 1 FROM file_attachments fa JOIN items fi ON fi.id = fa.item_id WHERE fa.file_id = {alias}.id AND "
    ));
    visible(sql, model, "fi");
    sql.push(&format!(
        ") OR EXISTS (SELECT 1 FROM version_files vf JOIN item_versions iv ON iv.id = vf.version_id \
         JOIN items vi ON vi.id = iv.item_id WHERE vf.file_id = {alias}.id AND "
    ));
    visible(sql, model, "vi");
    sql.push(")");
}

/// The caller's own names, the latest of each, of those among these files that they know by nothing else: others had brought
/// them before.
pub async fn own_names(
    db: &impl ConnectionTrait,
    model: &Model,
    files: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>> {
    let Some(me) = sharing(model) else { return Ok(HashMap::new()) };
    let mut sql =
        Sql::new("SELECT u.file_id, u.filename FROM file_uploads u JOIN files f ON f.id = u.file_id WHERE f.id IN ");
    sql.bind_list(files).push(" AND u.uploaded_by_id = ").bind(me);
    sql.push(" AND (f.created_by_id IS NULL OR f.created_by_id <> ").bind(me).push(") AND NOT (");
    push_on_items(&mut sql, model, "f");
    sql.push(") ORDER BY u.created_at, u.id");
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "file_id")?, row.try_get("", "filename")?))).collect()
}

/// Leaves of a file what the caller may know of it.
pub async fn as_known(db: &impl ConnectionTrait, model: &Model, file: &mut File) -> Result<()> {
    let Some(me) = sharing(model) else { return Ok(()) };
    if file.created_by_id == Some(me) {
        return Ok(());
    }
    if let Some(name) = own_names(db, model, [file.id]).await?.remove(&file.id) {
        file.filename = name;
        (file.author, file.source_system, file.source_version, file.document_version) = (None, None, None, None);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_looked_for_as_it_is() {
        assert_eq!(like("A_1%\\"), "%a\\_1\\%\\\\%");
    }
}
